// Offers as clients really make them: each is read, its meaning checked, and written and read again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "wire/sdp.h"

namespace duet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kMidUri = "urn:ietf:params:rtp-hdrext:sdes:mid";
constexpr std::string_view kTransportCcUri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

std::string ReadGolden(const std::string& name) {
  std::ifstream file(DUET_SOURCE_DIR "/tests/golden/sdp/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

SessionDescription ParseGolden(const std::string& name) {
  auto parsed = ParseSdp(ReadGolden(name));
  EXPECT_TRUE(parsed.ok()) << name << ": " << (parsed.ok() ? "" : parsed.error().message);
  return parsed.ok() ? *std::move(parsed) : SessionDescription();
}

std::vector<int> PayloadTypes(const MediaSection& section) {
  std::vector<int> payload_types;
  for (const SdpCodec& codec : section.codecs) payload_types.push_back(codec.payload_type.value());
  return payload_types;
}

const SdpCodec& CodecOf(const MediaSection& section, uint8_t payload_type) {
  const SdpCodec* codec = section.FindCodec(PayloadType(payload_type));
  EXPECT_NE(codec, nullptr) << int{payload_type};
  static const SdpCodec kNone;
  return codec != nullptr ? *codec : kNone;
}

class GoldenOffer : public testing::TestWithParam<const char*> {};

TEST_P(GoldenOffer, IsTheSameAfterWritingAndReading) {
  const SessionDescription offer = ParseGolden(GetParam());
  const std::string written = WriteSdp(offer);
  const auto again = ParseSdp(written);
  ASSERT_TRUE(again.ok()) << again.error().message << "\n" << written;
  EXPECT_EQ(*again, offer);
  EXPECT_EQ(WriteSdp(*again), written);
}

TEST_P(GoldenOffer, LineEndsDoNotMatter) {
  std::string text = ReadGolden(GetParam());
  ASSERT_NE(text.find("\r\n"), std::string::npos);
  std::erase(text, '\r');
  const auto with_lf = ParseSdp(text);
  ASSERT_TRUE(with_lf.ok()) << with_lf.error().message;
  EXPECT_EQ(*with_lf, ParseGolden(GetParam()));
}

// What Duet's answerer needs of every section that is not refused.
TEST_P(GoldenOffer, EverySectionHasATransport) {
  for (const MediaSection& section : ParseGolden(GetParam()).sections) {
    SCOPED_TRACE(section.mid);
    ASSERT_TRUE(section.ice.has_value());
    EXPECT_GE(section.ice->ufrag.size(), 4u);
    EXPECT_GE(section.ice->pwd.size(), 22u);
    ASSERT_NE(section.PreferredFingerprint(), nullptr);
    EXPECT_EQ(section.PreferredFingerprint()->algorithm, "sha-256");
    EXPECT_EQ(section.PreferredFingerprint()->bytes.size(), 32u);
    EXPECT_EQ(section.setup, SdpSetup::kActPass);
    EXPECT_FALSE(section.mid.empty());
    EXPECT_EQ(section.rtcp_mux, section.is_rtp());
  }
}

INSTANTIATE_TEST_SUITE_P(Clients, GoldenOffer,
                         testing::Values("chromium-sdk-1v1-offer.sdp", "chromium-camera-mic-offer.sdp",
                                         "chromium-simulcast-offer.sdp", "chromium-recvonly-offer.sdp",
                                         "chromium-datachannel-offer.sdp", "chromium-stopped-offer.sdp",
                                         "firefox-camera-mic-offer.sdp", "safari-camera-mic-offer.sdp",
                                         "gstreamer-webrtcbin-offer.sdp", "libdatachannel-media-offer.sdp",
                                         "libdatachannel-datachannel-offer.sdp"));

TEST(SdpChromium, OneToOneOfferOfTheSdk) {
  const SessionDescription offer = ParseGolden("chromium-sdk-1v1-offer.sdp");
  EXPECT_THAT(offer.bundle_mids, ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_TRUE(offer.extmap_allow_mixed);
  EXPECT_FALSE(offer.ice_lite);
  ASSERT_EQ(offer.sections.size(), 5u);
  using enum SdpDirection;
  using enum SectionKind;
  const std::array<std::pair<SectionKind, SdpDirection>, 5> expected = {
      {{kAudio, kSendOnly}, {kVideo, kSendOnly}, {kAudio, kRecvOnly}, {kVideo, kRecvOnly}, {kVideo, kRecvOnly}}};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(offer.sections[i].kind, expected[i].first);
    EXPECT_EQ(offer.sections[i].direction, expected[i].second);
    EXPECT_EQ(offer.sections[i].ice, offer.sections[0].ice);
  }

  const MediaSection& video = offer.sections[1];
  EXPECT_EQ(video.codecs.front().name, "H264") << "the SDK prefers H.264";
  EXPECT_EQ(video.codecs.front().parameter("packetization-mode"), "1");
  ASSERT_EQ(video.ssrc_groups.size(), 1u);
  EXPECT_EQ(video.FindRtxSsrc(video.ssrcs[0].ssrc), video.ssrcs[1].ssrc);
  EXPECT_EQ(video.FindRtxSsrc(video.ssrcs[1].ssrc), std::nullopt);
  EXPECT_THAT(offer.sections[2].ssrcs, IsEmpty());
}

TEST(SdpChromium, CameraAndMicrophone) {
  const SessionDescription offer = ParseGolden("chromium-camera-mic-offer.sdp");
  ASSERT_EQ(offer.sections.size(), 2u);
  const MediaSection& audio = offer.sections[0];
  EXPECT_EQ(audio.protocol, "UDP/TLS/RTP/SAVPF");
  EXPECT_THAT(PayloadTypes(audio), ElementsAre(111, 63, 9, 0, 8, 13, 110, 126));
  const SdpCodec& opus = CodecOf(audio, 111);
  EXPECT_TRUE(opus.Is("OPUS"));
  EXPECT_EQ(opus.clock_rate, 48000u);
  EXPECT_EQ(opus.channels, 2);
  EXPECT_EQ(opus.parameter("useinbandfec"), "1");
  EXPECT_EQ(opus.parameter("stereo"), std::nullopt);
  EXPECT_THAT(opus.rtcp_feedback, ElementsAre("transport-cc"));
  ASSERT_NE(audio.FindExtension(kMidUri), nullptr);
  EXPECT_EQ(audio.FindExtension(kMidUri)->id, 4);
  EXPECT_EQ(audio.FindExtension(kTransportCcUri)->id, 3);
  EXPECT_EQ(audio.FindExtension("urn:example:none"), nullptr);
  EXPECT_THAT(audio.ice_options, ElementsAre("trickle"));

  const MediaSection& video = offer.sections[1];
  const SdpCodec& vp8 = CodecOf(video, 96);
  EXPECT_EQ(vp8.name, "VP8");
  EXPECT_THAT(vp8.rtcp_feedback, ElementsAre("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"));
  ASSERT_NE(video.FindRtx(PayloadType(96)), nullptr);
  EXPECT_EQ(video.FindRtx(PayloadType(96))->payload_type, PayloadType(97));
  EXPECT_EQ(video.FindRtx(PayloadType(120)), nullptr) << "ulpfec is not repaired";
  EXPECT_TRUE(video.rtcp_rsize);

  ASSERT_EQ(audio.candidates.size(), 4u);
  EXPECT_EQ(audio.candidates[0].transport, SdpTransport::kUdp);
  EXPECT_EQ(audio.candidates[0].address, "192.0.2.2");
  EXPECT_EQ(audio.candidates[0].type, SdpCandidateType::kHost);
  EXPECT_EQ(audio.candidates[1].address, "fd00::2");
  EXPECT_EQ(audio.candidates[2].transport, SdpTransport::kTcp);
  EXPECT_EQ(audio.candidates[2].tcp_type, "active");
}

TEST(SdpChromium, SimulcastHasRidsAndNoSsrcs) {
  const SessionDescription offer = ParseGolden("chromium-simulcast-offer.sdp");
  const MediaSection& video = offer.sections.at(1);
  EXPECT_THAT(video.ssrcs, IsEmpty());
  ASSERT_EQ(video.rids.size(), 3u);
  EXPECT_EQ(video.rids[0], (SdpRid{"q", SdpRidDirection::kSend, ""}));
  ASSERT_TRUE(video.simulcast.has_value());
  EXPECT_THAT(video.simulcast->recv, IsEmpty());
  ASSERT_EQ(video.simulcast->send.size(), 3u);
  EXPECT_EQ(video.simulcast->send[1], (SdpSimulcast::Stream{{"h", true}})) << "switched off with active:false";
  EXPECT_EQ(video.simulcast->send[2], (SdpSimulcast::Stream{{"f", false}}));
}

TEST(SdpChromium, DataChannel) {
  const SessionDescription offer = ParseGolden("chromium-datachannel-offer.sdp");
  ASSERT_EQ(offer.sections.size(), 1u);
  const MediaSection& section = offer.sections[0];
  EXPECT_EQ(section.kind, SectionKind::kApplication);
  EXPECT_FALSE(section.is_rtp());
  EXPECT_THAT(section.formats, ElementsAre("webrtc-datachannel"));
  EXPECT_THAT(section.codecs, IsEmpty());
  EXPECT_EQ(section.sctp_port, 5000);
  EXPECT_EQ(section.max_message_size, 262144u);
}

TEST(SdpChromium, StoppedSectionIsRejectedAndOutOfTheBundle) {
  const SessionDescription offer = ParseGolden("chromium-stopped-offer.sdp");
  EXPECT_THAT(offer.bundle_mids, ElementsAre("0"));
  EXPECT_EQ(offer.origin.session_version, 3u);
  ASSERT_EQ(offer.sections.size(), 2u);
  EXPECT_FALSE(offer.sections[0].rejected());
  EXPECT_TRUE(offer.sections[1].rejected());
  EXPECT_EQ(offer.sections[1].direction, SdpDirection::kInactive);
}

TEST(SdpFirefox, FingerprintOfTheSessionIsEverySections) {
  const SessionDescription offer = ParseGolden("firefox-camera-mic-offer.sdp");
  EXPECT_EQ(offer.origin.username, "mozilla...THIS_IS_SDPARTA-128.0");
  EXPECT_EQ(offer.msid_semantic, "WMS *");
  ASSERT_EQ(offer.sections.size(), 3u);
  for (const MediaSection& section : offer.sections) {
    ASSERT_EQ(section.fingerprints.size(), 1u);
    EXPECT_EQ(section.fingerprints[0].bytes[0], 0x5B);
    EXPECT_THAT(section.ice_options, ElementsAre("trickle"));
  }
  const MediaSection& audio = offer.sections[0];
  EXPECT_EQ(CodecOf(audio, 9).channels, 1) << "G722/8000/1";
  EXPECT_EQ(CodecOf(audio, 101).fmtp, "0-15");
  EXPECT_EQ(audio.FindExtension("urn:ietf:params:rtp-hdrext:csrc-audio-level")->direction, SdpDirection::kRecvOnly);
  EXPECT_TRUE(audio.end_of_candidates);
  ASSERT_EQ(audio.candidates.size(), 4u);
  EXPECT_TRUE(audio.candidates[0].address.ends_with(".local"));
  EXPECT_EQ(audio.candidates[3].type, SdpCandidateType::kRelay);
  EXPECT_EQ(audio.candidates[3].related_port, 52264);

  const MediaSection& video = offer.sections[1];
  EXPECT_EQ(CodecOf(video, 126).parameter("profile-level-id"), "42e01f");
  EXPECT_EQ(CodecOf(video, 97).parameter("packetization-mode"), std::nullopt);
  EXPECT_EQ(video.FindRtx(PayloadType(126))->payload_type, PayloadType(127));
  EXPECT_EQ(video.FindRtxSsrc(Ssrc(1077349512)), Ssrc(3390258824));
  EXPECT_EQ(offer.sections[2].port, 0);
  EXPECT_FALSE(offer.sections[2].rejected()) << "bundle-only";
}

TEST(SdpSafari, HighProfileFirstAndH265WithoutParameters) {
  const SessionDescription offer = ParseGolden("safari-camera-mic-offer.sdp");
  const MediaSection& video = offer.sections.at(1);
  EXPECT_EQ(video.ice->ufrag, "//pY");
  EXPECT_EQ(video.codecs[0].parameter("profile-level-id"), "640c1f");
  EXPECT_EQ(CodecOf(video, 104).name, "H265");
  EXPECT_EQ(CodecOf(video, 104).fmtp, "");
  EXPECT_EQ(video.msids.at(0).stream, "1f0c77ab-58a4-4d0e-9c1b-36d2e4a87f50");
}

TEST(SdpGStreamer, CapitalOpusAndBundleOnlyAudio) {
  const SessionDescription offer = ParseGolden("gstreamer-webrtcbin-offer.sdp");
  EXPECT_THAT(offer.bundle_mids, ElementsAre("video0", "audio1"));
  const MediaSection& video = offer.sections.at(0);
  EXPECT_EQ(video.FindRtx(PayloadType(96))->payload_type, PayloadType(97));
  EXPECT_EQ(CodecOf(video, 96).parameter("sprop-parameter-sets"), "Z0LAH9kAUAW7ARAAAAMAEAAAAwPI8YMkgA==,aMuDyyA=");
  const MediaSection& audio = offer.sections.at(1);
  EXPECT_TRUE(audio.bundle_only);
  EXPECT_FALSE(audio.rejected());
  EXPECT_EQ(CodecOf(audio, 98).name, "OPUS");
  EXPECT_TRUE(CodecOf(audio, 98).Is("opus"));
}

TEST(SdpLibdatachannel, CommasInIceOptionsAndASecondKindOfGroup) {
  const SessionDescription offer = ParseGolden("libdatachannel-media-offer.sdp");
  EXPECT_THAT(offer.bundle_mids, ElementsAre("video", "audio"));
  const MediaSection& video = offer.sections.at(0);
  EXPECT_THAT(video.ice_options, ElementsAre("ice2", "trickle"));
  EXPECT_EQ(video.ssrcs.at(0), (SdpSsrc{Ssrc(42), "video-send", SdpMsid{"stream1", "video-send"}}));
  EXPECT_THAT(video.extensions, IsEmpty());
}

TEST(SdpLibdatachannel, TransportOfTheSession) {
  const SessionDescription offer = ParseGolden("libdatachannel-datachannel-offer.sdp");
  const MediaSection& section = offer.sections.at(0);
  EXPECT_EQ(section.ice, (SdpIce{"Zk5W", "bXo7R/2uTqEj9dNc4+LhVs"}));
  EXPECT_EQ(section.setup, SdpSetup::kActPass);
}

}  // namespace
}  // namespace duet
