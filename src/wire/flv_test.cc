#include "wire/flv.h"

#include <gtest/gtest.h>

#include <deque>

#include "wire/aac.h"
#include "wire/avc.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

// Bytes that live until the test ends: what is parsed of them are views.
class Flv : public testing::Test {
 protected:
  Bytes Keep(std::string_view hex) { return kept_.emplace_back(Hex(hex)); }
  std::optional<FlvVideoTag> Video(std::string_view hex) { return ParseFlvVideo(Keep(hex)); }
  std::optional<FlvAudioTag> Audio(std::string_view hex) { return ParseFlvAudio(Keep(hex)); }

 private:
  std::deque<std::vector<std::byte>> kept_;
};

TEST_F(Flv, FileAndTagHeaders) {
  EXPECT_EQ(ToHex(FlvFileHeader(true, true)), "464c5601050000000900000000");
  EXPECT_EQ(ToHex(FlvFileHeader(false, true)).substr(8, 2), "01");
  const auto header = WriteFlvTagHeader({.type = 9, .data_size = 0x010203, .timestamp_ms = 0x12345678});
  EXPECT_EQ(ToHex(header), "0901020334567812000000");
  const auto parsed = ParseFlvTagHeader(header);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->timestamp_ms, 0x12345678u);
  EXPECT_FALSE(ParseFlvTagHeader(Bytes(header).first(10)));
  EXPECT_FALSE(ParseFlvTagHeader(Hex("2901020334567812000000"))) << "encrypted";
}

TEST_F(Flv, AvcVideo) {
  const auto config = Video("17 00 000000 0142c01e");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->codec, FlvVideoCodec::kAvc);
  EXPECT_EQ(config->packet, FlvPacket::kSequenceHeader);
  EXPECT_TRUE(config->keyframe);
  EXPECT_EQ(ToHex(config->data), "0142c01e");
  const auto frame = Video("27 01 fffff6 00000001 41");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->packet, FlvPacket::kFrame);
  EXPECT_FALSE(frame->keyframe);
  EXPECT_EQ(frame->composition_ms, -10);
  EXPECT_EQ(ToHex(FlvAvcHead(FlvPacket::kFrame, false, -10)), "2701fffff6");
  EXPECT_FALSE(Video("17 00 0000")) << "cut short";
  EXPECT_FALSE(Video("57 00")) << "a command frame";
}

TEST_F(Flv, EnhancedFormNamesItsCodec) {
  const auto avc = Video("91 61766331 000028 00000001 65");
  ASSERT_TRUE(avc);
  EXPECT_EQ(avc->codec, FlvVideoCodec::kAvc);
  EXPECT_EQ(avc->packet, FlvPacket::kFrame);
  EXPECT_TRUE(avc->keyframe);
  EXPECT_EQ(avc->composition_ms, 40);
  EXPECT_EQ(ToHex(avc->data), "0000000165");
  const auto without_composition = Video("a3 61766331 00000001 41");
  ASSERT_TRUE(without_composition);
  EXPECT_EQ(without_composition->packet, FlvPacket::kFrame);
  EXPECT_EQ(ToHex(without_composition->data), "0000000141");
  EXPECT_EQ(FlvVideoCodecName(*Video("90 68766331 01")), "HEVC");
  EXPECT_EQ(FlvVideoCodecName(*Video("90 61763031 01")), "AV1");
  EXPECT_EQ(FlvVideoCodecName(*Video("1c 01")), "HEVC") << "the number some encoders took before";
  EXPECT_EQ(FlvVideoCodecName(*Video("22 01")), "Sorenson H.263");
  EXPECT_EQ(Video("90 68766331 01")->codec, FlvVideoCodec::kOther);
}

TEST_F(Flv, Audio) {
  const auto config = Audio("af 00 1190");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->codec, FlvAudioCodec::kAac);
  EXPECT_EQ(config->packet, FlvPacket::kSequenceHeader);
  EXPECT_EQ(ToHex(config->data), "1190");
  EXPECT_EQ(Audio("af 01 21")->packet, FlvPacket::kFrame);
  EXPECT_EQ(Audio("90 6d703461 1190")->codec, FlvAudioCodec::kAac);
  EXPECT_EQ(FlvAudioCodecName(*Audio("91 4f707573 fc")), "Opus");
  EXPECT_EQ(FlvAudioCodecName(*Audio("2f fffb")), "MP3");
  EXPECT_EQ(FlvAudioCodecName(*Audio("b2 00")), "Speex");
  EXPECT_FALSE(Audio("af"));
  EXPECT_FALSE(ParseFlvAudio({}));
}

TEST(AvcConfig, ReadsAndWrites) {
  const auto sps = Hex("6742c01e d900b4");
  const auto pps = Hex("68ce3c80");
  std::vector<std::byte> record;
  AppendAvcConfig(sps, pps, record);
  EXPECT_EQ(ToHex(record), "0142c01effe100076742c01ed900b401000468ce3c80");
  const auto config = ParseAvcConfig(record);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->length_bytes, 4);
  ASSERT_EQ(config->sps.size(), 1u);
  EXPECT_EQ(ToHex(config->sps[0]), ToHex(sps));
  EXPECT_EQ(ToHex(config->pps[0]), ToHex(pps));
  for (size_t n = 0; n < record.size(); ++n) EXPECT_FALSE(ParseAvcConfig(Bytes(record).first(n))) << n;

  std::vector<std::byte> high;
  AppendAvcConfig(Hex("6764001e"), pps, high);
  EXPECT_EQ(ToHex(high).substr(high.size() * 2 - 8), "fdf8f800");
  EXPECT_TRUE(ParseAvcConfig(high));
  EXPECT_EQ(ParseAvcConfig(Hex("0142c01efe e0 00")).error().code, ErrorCode::kMalformed) << "3-byte lengths";
  EXPECT_EQ(ParseAvcConfig(Hex("0242c01eff e0 00")).error().code, ErrorCode::kMalformed) << "version";
  EXPECT_EQ(ParseAvcConfig(Hex("0142c01eff e1 0001 68 00")).error().code, ErrorCode::kMalformed) << "a PPS as SPS";
  EXPECT_TRUE(ParseAvcConfig(Hex("0142c01eff e0 00"))) << "no sets";
}

TEST_F(Flv, NalUnitsEndWhereALengthIsWrong) {
  const auto unit = Hex("00000002 6588 00000000 00000001 06 00000005 41");
  std::vector<std::string> nals;
  EXPECT_FALSE(ForEachAvccNal(unit, 4, [&](Bytes nal) { nals.push_back(ToHex(nal)); }));
  EXPECT_EQ(nals, (std::vector<std::string>{"6588", "06"}));
  nals.clear();
  EXPECT_TRUE(ForEachAvccNal(Keep("0002 6588 0001 41"), 2, [&](Bytes nal) { nals.push_back(ToHex(nal)); }));
  EXPECT_EQ(nals, (std::vector<std::string>{"6588", "41"}));
}

TEST(H264SliceType, OfEachKind) {
  // first_mb 0 = "1"; slice_type: P 0 "1", B 1 "010", I 2 "011", all I 7 "0001000", all B 6 "00111".
  EXPECT_EQ(ParseH264SliceType(Hex("41 c0")), H264Slice::kP);
  EXPECT_EQ(ParseH264SliceType(Hex("01 a0")), H264Slice::kB);
  EXPECT_EQ(ParseH264SliceType(Hex("01 9c")), H264Slice::kB);
  EXPECT_EQ(ParseH264SliceType(Hex("65 b0")), H264Slice::kI);
  EXPECT_EQ(ParseH264SliceType(Hex("65 8840")), H264Slice::kI);
  EXPECT_FALSE(ParseH264SliceType(Hex("06 05")));
  EXPECT_FALSE(ParseH264SliceType(Hex("41")));
  EXPECT_TRUE(IsH264Reference(Hex("41")));
  EXPECT_FALSE(IsH264Reference(Hex("01")));
}

TEST(AacConfig, ReadsAndWrites) {
  const struct {
    const char* what;
    std::string_view hex;
    AacConfig config;
  } cases[] = {
      {"LC 48 kHz stereo", "1190", {.sample_rate = 48000, .channels = 2, .output_rate = 48000}},
      {"LC 44.1 kHz stereo", "1210", {.sample_rate = 44100, .channels = 2, .output_rate = 44100}},
      {"LC 16 kHz mono", "1408", {.sample_rate = 16000, .channels = 1, .output_rate = 16000}},
      {"HE, core 22.05 of 44.1", "2b920800", {.sample_rate = 22050, .channels = 2, .sbr = true, .output_rate = 44100}},
      {"HE v2", "eb8a0800", {.sample_rate = 22050, .channels = 1, .sbr = true, .ps = true, .output_rate = 44100}},
      {"HE said behind the end",
       "139056e5a0",
       {.sample_rate = 22050, .channels = 2, .sbr = true, .output_rate = 44100}},
  };
  for (const auto& c : cases) {
    const auto config = ParseAacConfig(Hex(c.hex));
    ASSERT_TRUE(config) << c.what << ": " << config.error().message;
    EXPECT_EQ(*config, c.config) << c.what;
  }
  EXPECT_EQ(ToHex(WriteAacConfig(48000, 2)), "1190");
  EXPECT_EQ(ToHex(WriteAacConfig(16000, 1)), "1408");
  EXPECT_EQ(ParseAacConfig(WriteAacConfig(47999, 8))->sample_rate, 47999u);
  EXPECT_EQ(ParseAacConfig(Hex("11")).error().code, ErrorCode::kTruncated);
  EXPECT_EQ(ParseAacConfig(Hex("1690")).error().code, ErrorCode::kMalformed) << "frequency index 13";
  EXPECT_EQ(ParseAacConfig(Hex("fc0000")).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(ParseAacConfig(Hex("1180")).error().code, ErrorCode::kUnsupported) << "no channels";
}

}  // namespace
}  // namespace duet
