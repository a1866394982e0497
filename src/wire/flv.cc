#include "wire/flv.h"

#include "base/check.h"

namespace duet {
namespace {

constexpr uint32_t FourCc(const char (&text)[5]) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(text[i]);
  return value;
}

constexpr uint32_t kAvc1 = FourCc("avc1");
constexpr uint32_t kMp4a = FourCc("mp4a");
constexpr uint8_t kAvcId = 7;
constexpr uint8_t kAacFormat = 10;
constexpr uint8_t kEnhancedFormat = 9;
constexpr uint8_t kCommandFrame = 5;  // seek commands of a server, no picture
constexpr uint8_t kKeyFrame = 1;

struct CodecName {
  uint32_t id;
  const char* name;
};
constexpr CodecName kVideoIds[] = {{2, "Sorenson H.263"}, {3, "Screen video"}, {4, "VP6"},   {5, "VP6 with alpha"},
                                   {6, "Screen video 2"}, {7, "H.264"},        {8, "H.263"}, {9, "MPEG-4"},
                                   {12, "HEVC"},          {13, "AV1"},         {14, "VP8"},  {15, "VP9"}};
constexpr CodecName kAudioIds[] = {{0, "PCM"},          {1, "ADPCM"},      {2, "MP3"},        {3, "PCM"},
                                   {4, "Nellymoser"},   {5, "Nellymoser"}, {6, "Nellymoser"}, {7, "G.711 A-law"},
                                   {8, "G.711 mu-law"}, {10, "AAC"},       {11, "Speex"},     {13, "Opus"},
                                   {14, "MP3"}};
constexpr CodecName kFourCcs[] = {{FourCc("avc1"), "H.264"}, {FourCc("hvc1"), "HEVC"}, {FourCc("vvc1"), "VVC"},
                                  {FourCc("av01"), "AV1"},   {FourCc("vp08"), "VP8"},  {FourCc("vp09"), "VP9"},
                                  {FourCc("mp4a"), "AAC"},   {FourCc("Opus"), "Opus"}, {FourCc("fLaC"), "FLAC"},
                                  {FourCc(".mp3"), "MP3"},   {FourCc("ac-3"), "AC-3"}, {FourCc("ec-3"), "E-AC-3"}};

template <size_t N>
std::string NameIn(const CodecName (&table)[N], uint32_t id, const char* otherwise) {
  for (const CodecName& row : table)
    if (row.id == id) return row.name;
  return otherwise;
}

int32_t Signed24(uint32_t value) { return static_cast<int32_t>(value << 8) >> 8; }

FlvPacket PacketOf(uint8_t type) {
  switch (type) {
    case 0: return FlvPacket::kSequenceHeader;
    case 1: return FlvPacket::kFrame;
    case 2: return FlvPacket::kSequenceEnd;
    default: return FlvPacket::kOther;
  }
}

std::optional<FlvVideoTag> ParseEnhancedVideo(uint8_t first, ByteReader& reader) {
  constexpr uint8_t kCodedFramesX = 3;  // without composition time
  FlvVideoTag tag;
  const uint8_t type = first & 0x0f;
  tag.keyframe = ((first >> 4) & 7) == kKeyFrame;
  tag.fourcc = reader.U32();
  tag.codec = tag.fourcc == kAvc1 ? FlvVideoCodec::kAvc : FlvVideoCodec::kOther;
  tag.packet = type == kCodedFramesX ? FlvPacket::kFrame : PacketOf(type);
  if (tag.codec == FlvVideoCodec::kAvc && type == 1) tag.composition_ms = Signed24(reader.U24());
  if (!reader.ok()) return std::nullopt;
  tag.data = reader.rest();
  return tag;
}

}  // namespace

std::array<std::byte, kFlvFileHeaderBytes> FlvFileHeader(bool audio, bool video) {
  std::array<std::byte, kFlvFileHeaderBytes> bytes{};
  ByteWriter writer(bytes);
  writer.Write(AsBytes("FLV\x01"));
  writer.U8(static_cast<uint8_t>((audio ? 4 : 0) | (video ? 1 : 0)));
  writer.U32(9);
  writer.U32(0);
  return bytes;
}

std::array<std::byte, kFlvTagHeaderBytes> WriteFlvTagHeader(const FlvTagHeader& header) {
  DUET_CHECK(header.data_size < (1u << 24));
  std::array<std::byte, kFlvTagHeaderBytes> bytes{};
  ByteWriter writer(bytes);
  writer.U8(header.type);
  writer.U24(header.data_size);
  writer.U24(header.timestamp_ms & 0xFFFFFF);
  writer.U8(static_cast<uint8_t>(header.timestamp_ms >> 24));
  writer.U24(0);
  return bytes;
}

std::optional<FlvTagHeader> ParseFlvTagHeader(Bytes bytes) {
  constexpr uint8_t kReserved = 0xC0;
  constexpr uint8_t kFilter = 0x20;
  ByteReader reader(bytes);
  FlvTagHeader header;
  header.type = static_cast<uint8_t>(reader.U8() & ~kReserved);
  header.data_size = reader.U24();
  header.timestamp_ms = reader.U24();
  header.timestamp_ms |= static_cast<uint32_t>(reader.U8()) << 24;
  reader.Skip(3);
  if (!reader.ok() || (header.type & kFilter) != 0) return std::nullopt;
  return header;
}

std::optional<FlvVideoTag> ParseFlvVideo(Bytes data) {
  ByteReader reader(data);
  const uint8_t first = reader.U8();
  if (!reader.ok()) return std::nullopt;
  if ((first & 0x80) != 0) return ParseEnhancedVideo(first, reader);
  if (first >> 4 == kCommandFrame) return std::nullopt;
  FlvVideoTag tag{.codec = FlvVideoCodec::kOther, .packet = FlvPacket::kOther};
  tag.keyframe = first >> 4 == kKeyFrame;
  tag.codec_id = first & 0x0f;
  if (tag.codec_id == kAvcId) {
    tag.codec = FlvVideoCodec::kAvc;
    tag.packet = PacketOf(reader.U8());
    tag.composition_ms = Signed24(reader.U24());
  }
  if (!reader.ok()) return std::nullopt;
  tag.data = reader.rest();
  return tag;
}

std::optional<FlvAudioTag> ParseFlvAudio(Bytes data) {
  ByteReader reader(data);
  const uint8_t first = reader.U8();
  FlvAudioTag tag{.codec = FlvAudioCodec::kOther, .packet = FlvPacket::kOther};
  tag.format = first >> 4;
  if (tag.format == kAacFormat) {
    tag.codec = FlvAudioCodec::kAac;
    // There is no end of a sequence in the old form.
    tag.packet = reader.U8() == 0 ? FlvPacket::kSequenceHeader : FlvPacket::kFrame;
  } else if (tag.format == kEnhancedFormat) {
    tag.packet = PacketOf(first & 0x0f);
    tag.fourcc = reader.U32();
    if (tag.fourcc == kMp4a) tag.codec = FlvAudioCodec::kAac;
  }
  if (!reader.ok()) return std::nullopt;
  tag.data = reader.rest();
  return tag;
}

std::string FlvVideoCodecName(const FlvVideoTag& tag) {
  if (tag.fourcc != 0) return NameIn(kFourCcs, tag.fourcc, "an unknown codec");
  return NameIn(kVideoIds, tag.codec_id, "an unknown codec");
}

std::string FlvAudioCodecName(const FlvAudioTag& tag) {
  if (tag.fourcc != 0) return NameIn(kFourCcs, tag.fourcc, "an unknown codec");
  return NameIn(kAudioIds, tag.format, "an unknown codec");
}

std::array<std::byte, kFlvAvcHeadBytes> FlvAvcHead(FlvPacket packet, bool keyframe, int32_t composition_ms) {
  DUET_DCHECK(packet != FlvPacket::kOther && composition_ms >= -(1 << 23) && composition_ms < 1 << 23);
  std::array<std::byte, kFlvAvcHeadBytes> bytes{};
  ByteWriter writer(bytes);
  writer.U8(static_cast<uint8_t>((keyframe ? 0x10 : 0x20) | kAvcId));
  writer.U8(static_cast<uint8_t>(packet));
  writer.U24(static_cast<uint32_t>(composition_ms) & 0xFFFFFF);
  return bytes;
}

std::array<std::byte, kFlvAacHeadBytes> FlvAacHead(FlvPacket packet) {
  // AAC is always written as 44 kHz, 16 bits, stereo; what it is stands in its AudioSpecificConfig (section E.4.2.1).
  return {std::byte{0xAF}, packet == FlvPacket::kSequenceHeader ? std::byte{0} : std::byte{1}};
}

}  // namespace duet
