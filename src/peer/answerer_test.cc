#include "peer/answerer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "wire/sdp.h"

namespace duet {
namespace {

using signal::MediaKind;
using signal::SignalErrorKind;
using signal::StreamType;
using signal::TrackInfo;
using testing::HasSubstr;
using testing::SizeIs;

std::string Golden(const std::string& name) {
  std::ifstream file(std::string(DUET_SOURCE_DIR) + "/tests/golden/sdp/" + name);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class AnswererTest : public testing::Test {
 protected:
  Result<Answer, signal::SignalError> Make(std::string_view offer, std::vector<TrackInfo> tracks = {},
                                           const PeerConfig* previous = nullptr) {
    const LocalTransport local{{"sha-256", std::vector<uint8_t>(32, 0xab)}, candidates_};
    return MakeAnswer(PeerId(7), offer, tracks, previous, local, rng_, ids_);
  }
  SeededRng rng_{1};
  TrackIdSource ids_;
  std::vector<Endpoint> candidates_ = {{IpAddress::V4(192, 168, 1, 5), 40000},
                                       {*IpAddress::Parse("2001:db8::5"), 40000},
                                       {IpAddress::V4(192, 168, 1, 5), 40001, Transport::kTcp},
                                       {*IpAddress::Parse("2001:db8::5"), 40001, Transport::kTcp}};
};

const std::vector<TrackInfo> kSdkTracks = {{"0", MediaKind::kAudio, StreamType::kMain, true},
                                           {"1", MediaKind::kVideo, StreamType::kMain, true}};

TEST_F(AnswererTest, TheSdksOfferGetsTwoTracksAndItsSlots) {
  const auto answer = Make(Golden("chromium-sdk-1v1-offer.sdp"), kSdkTracks);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const PeerConfig& config = answer->config;
  ASSERT_THAT(config.uptracks, SizeIs(2));
  EXPECT_EQ(config.uptracks[0].codec.kind, CodecKind::kOpus);
  EXPECT_EQ(config.uptracks[1].codec.kind, CodecKind::kH264);
  EXPECT_EQ(config.uptracks[1].codec.packetization_mode, 1);
  EXPECT_EQ(config.uptracks[1].codec.profile_level_id >> 8, 0x42E0u);
  EXPECT_TRUE(config.uptracks[1].codec.rtx_payload_type.has_value());
  EXPECT_TRUE(config.uptracks[1].codec.nack);
  ASSERT_THAT(config.uptracks[1].layers, SizeIs(1));
  EXPECT_NE(config.uptracks[1].layers[0].ssrc, Ssrc());
  EXPECT_NE(config.uptracks[1].layers[0].rtx_ssrc, Ssrc());
  EXPECT_NE(config.uptracks[1].extensions.transport_cc, 0);
  ASSERT_THAT(config.downtracks, SizeIs(3));
  EXPECT_EQ(config.dtls_role, DtlsRole::kServer);
}

TEST_F(AnswererTest, TheAnswerReadsBackAndSaysWhatTheConfigSays) {
  const auto answer = Make(Golden("chromium-sdk-1v1-offer.sdp"), kSdkTracks);
  ASSERT_TRUE(answer.ok());
  const auto sdp = ParseSdp(answer->sdp);
  ASSERT_TRUE(sdp.ok()) << sdp.error().message;
  EXPECT_TRUE(sdp->ice_lite);
  EXPECT_THAT(sdp->sections, SizeIs(5));
  EXPECT_THAT(sdp->bundle_mids, SizeIs(5));
  EXPECT_EQ(sdp->sections[0].direction, SdpDirection::kRecvOnly);
  EXPECT_EQ(sdp->sections[2].direction, SdpDirection::kSendOnly);
  EXPECT_EQ(sdp->sections[0].setup, SdpSetup::kPassive);
  EXPECT_EQ(sdp->sections[0].ice->ufrag, answer->config.local_ice.ufrag);
  EXPECT_THAT(sdp->sections[0].candidates, SizeIs(4));
  for (size_t i = 1; i < 4; ++i)
    EXPECT_GT(sdp->sections[0].candidates[i - 1].priority, sdp->sections[0].candidates[i].priority);
  EXPECT_THAT(answer->sdp, testing::HasSubstr("1 udp 2130706431 192.168.1.5 40000 typ host\r\n"));
  // (90 << 24) + (((4 << 13) + 8191 - 2) << 8) + 255
  EXPECT_THAT(answer->sdp, testing::HasSubstr("1 tcp 1520434687 192.168.1.5 40001 typ host tcptype passive\r\n"));
  for (const DowntrackConfig& track : answer->config.downtracks) {
    const MediaSection* section = sdp->FindSection(track.mid);
    ASSERT_NE(section, nullptr);
    EXPECT_EQ(section->ssrcs.front().ssrc, track.ssrc);
    EXPECT_EQ(section->ssrcs.front().cname, answer->config.cname) << "one cname for all, so that lips match sound";
    EXPECT_EQ(section->FindRtxSsrc(track.ssrc).value_or(Ssrc()), track.rtx_ssrc);
  }
}

TEST_F(AnswererTest, EverySectionOfAnyClientIsAnswered) {
  for (const char* name :
       {"chromium-sdk-1v1-offer.sdp", "chromium-camera-mic-offer.sdp", "chromium-recvonly-offer.sdp",
        "chromium-simulcast-offer.sdp", "firefox-camera-mic-offer.sdp", "safari-camera-mic-offer.sdp",
        "gstreamer-webrtcbin-offer.sdp", "libdatachannel-media-offer.sdp"}) {
    const auto offer = ParseSdp(Golden(name));
    ASSERT_TRUE(offer.ok()) << name;
    const auto answer = Make(Golden(name));
    ASSERT_TRUE(answer.ok()) << name << ": " << answer.error().message;
    EXPECT_EQ(ParseSdp(answer->sdp)->sections.size(), offer->sections.size()) << name;
  }
}

TEST_F(AnswererTest, SimulcastIsAnsweredWithTheSameNames) {
  const auto answer = Make(Golden("chromium-simulcast-offer.sdp"));
  ASSERT_TRUE(answer.ok());
  const auto track = std::find_if(answer->config.uptracks.begin(), answer->config.uptracks.end(),
                                  [](const UptrackConfig& t) { return t.layers.size() > 1; });
  ASSERT_NE(track, answer->config.uptracks.end());
  std::vector<std::string> rids;
  for (const LayerConfig& layer : track->layers) rids.push_back(layer.rid);
  EXPECT_THAT(rids, testing::ElementsAre("q", "h", "f")) << "the smallest first";
  EXPECT_NE(track->extensions.rid, 0);
  EXPECT_NE(track->extensions.repaired_rid, 0);
  const auto sdp = ParseSdp(answer->sdp);
  const MediaSection* section = sdp->FindSection(track->mid);
  ASSERT_TRUE(section->simulcast);
  EXPECT_THAT(section->simulcast->recv, SizeIs(3));
  EXPECT_THAT(section->simulcast->send, SizeIs(0));
  ASSERT_THAT(section->rids, SizeIs(3));
  EXPECT_EQ(section->rids[0].direction, SdpRidDirection::kRecv);
}

TEST_F(AnswererTest, SimulcastBySsrcGroupIsRead) {
  std::string offer = Golden("chromium-camera-mic-offer.sdp");
  const auto plain = Make(offer);
  ASSERT_TRUE(plain.ok());
  const size_t at = offer.find("a=ssrc-group:FID");
  ASSERT_NE(at, std::string::npos);
  offer.insert(at,
               "a=ssrc-group:SIM 11 12\r\na=ssrc-group:FID 11 21\r\na=ssrc-group:FID 12 22\r\n"
               "a=ssrc:11 cname:x\r\na=ssrc:21 cname:x\r\na=ssrc:12 cname:x\r\na=ssrc:22 cname:x\r\n");
  const auto answer = Make(offer);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const UptrackConfig& video = answer->config.uptracks.back();
  ASSERT_THAT(video.layers, SizeIs(2));
  EXPECT_EQ(video.layers[0].ssrc, Ssrc(11));
  EXPECT_EQ(video.layers[1].rtx_ssrc, Ssrc(22));
  EXPECT_EQ(video.layers[1].rid, "h");
}

TEST_F(AnswererTest, NegotiatingAgainKeepsIdsSsrcsAndCredentials) {
  const std::string offer = Golden("chromium-sdk-1v1-offer.sdp");
  const auto first = Make(offer, kSdkTracks);
  ASSERT_TRUE(first.ok());
  const auto second = Make(offer, kSdkTracks, &first->config);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->config.local_ice.ufrag, first->config.local_ice.ufrag);
  for (size_t i = 0; i < first->config.uptracks.size(); ++i)
    EXPECT_EQ(second->config.uptracks[i].id, first->config.uptracks[i].id);
  for (size_t i = 0; i < first->config.downtracks.size(); ++i) {
    EXPECT_EQ(second->config.downtracks[i].id, first->config.downtracks[i].id);
    EXPECT_EQ(second->config.downtracks[i].ssrc, first->config.downtracks[i].ssrc);
  }
}

TEST_F(AnswererTest, AnotherCodecOnASectionIsAnotherTrack) {
  const std::string offer = Golden("chromium-sdk-1v1-offer.sdp");
  const auto first = Make(offer, kSdkTracks);
  ASSERT_TRUE(first.ok());
  PeerConfig vp8 = first->config;
  vp8.uptracks[1].codec.kind = CodecKind::kVp8;
  const auto second = Make(offer, kSdkTracks, &vp8);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->config.uptracks[0].id, first->config.uptracks[0].id);
  EXPECT_NE(second->config.uptracks[1].id, first->config.uptracks[1].id);
}

TEST_F(AnswererTest, NewCredentialsInTheOfferRestartIce) {
  std::string offer = Golden("chromium-sdk-1v1-offer.sdp");
  const auto first = Make(offer, kSdkTracks);
  ASSERT_TRUE(first.ok());
  const std::string old = "a=ice-ufrag:" + first->config.remote_ice.ufrag;
  for (size_t at = offer.find(old); at != std::string::npos; at = offer.find(old, at + 5))
    offer.replace(at, old.size(), "a=ice-ufrag:newu");
  const auto second = Make(offer, kSdkTracks, &first->config);
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->config.local_ice.ufrag, first->config.local_ice.ufrag);
  EXPECT_EQ(second->config.dtls_role, first->config.dtls_role);
}

std::string Minimal(const std::string& session, const std::string& media) {
  return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" + session + media;
}
constexpr const char* kTransport = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n";
const std::string kFingerprint = "a=fingerprint:sha-256 " + [] {
  std::string hex = "AB";
  for (int i = 1; i < 32; ++i) hex += ":AB";
  return hex + "\r\na=setup:actpass\r\n";
}();
const std::string kAudio =
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 "
    "opus/48000/2\r\n";

TEST_F(AnswererTest, ScalableCodecsAreTakenFromWhoOffersNothingElse) {
  const std::string video =
      "m=video 9 UDP/TLS/RTP/SAVPF 98 100 45 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=DIRECTION\r\na=rtcp-mux\r\n"
      "a=extmap:11 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n"
      "a=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\na=rtpmap:100 VP9/90000\r\na=fmtp:100 profile-id=2\r\n"
      "a=rtpmap:45 AV1/90000\r\na=fmtp:45 level-idx=5;profile=0;tier=0\r\na=rtpmap:96 OTHER/90000\r\n";
  const auto offer = [&](const std::string& direction, const std::string& last) {
    std::string text = Minimal(std::string(kTransport) + kFingerprint, video);
    text.replace(text.find("DIRECTION"), 9, direction);
    text.replace(text.find("OTHER"), 5, last);
    return text;
  };
  const auto scalable = Make(offer("sendonly", "H265"));
  ASSERT_TRUE(scalable.ok()) << scalable.error().message;
  EXPECT_EQ(scalable->config.uptracks.at(0).codec.kind, CodecKind::kVp9);
  EXPECT_EQ(scalable->config.uptracks.at(0).codec.payload_type, PayloadType(98));
  EXPECT_EQ(scalable->config.uptracks.at(0).extensions.dependency_descriptor, 11);
  EXPECT_THAT(scalable->sdp, HasSubstr("profile-id=0"));
  const auto common = Make(offer("sendonly", "VP8"));
  ASSERT_TRUE(common.ok());
  EXPECT_EQ(common->config.uptracks.at(0).codec.kind, CodecKind::kVp8) << "not everybody can show VP9";
  const auto slot = Make(offer("recvonly", "VP8"));
  ASSERT_TRUE(slot.ok());
  EXPECT_THAT(slot->config.downtracks.at(0).codecs, SizeIs(3)) << "VP9 of profile 0, AV1, VP8";
  EXPECT_EQ(slot->config.downtracks.at(0).extensions.dependency_descriptor, 11);
}

TEST_F(AnswererTest, WhatIsWrongWithAnOfferIsSaid) {
  struct Row {
    std::string offer;
    std::vector<TrackInfo> tracks;
    SignalErrorKind kind;
    const char* words;
  };
  std::string no_mux = kAudio;
  no_mux.erase(no_mux.find("a=rtcp-mux"), 12);
  std::string g711 = kAudio;
  g711.replace(g711.find("opus/48000/2"), 12, "PCMU/8000");
  const std::string good = kTransport + kFingerprint;
  const Row rows[] = {
      {"nonsense", {}, SignalErrorKind::kSdpInvalid, "cannot be read"},
      {Minimal(good, ""), {}, SignalErrorKind::kSdpInvalid, "no media sections"},
      {Minimal(kFingerprint, kAudio), {}, SignalErrorKind::kSdpInvalid, "ICE"},
      {Minimal(kTransport, kAudio), {}, SignalErrorKind::kSdpInvalid, "fingerprint"},
      {Minimal(good, no_mux), {}, SignalErrorKind::kSdpInvalid, "rtcp-mux"},
      {Minimal(good, g711), {}, SignalErrorKind::kNoCommonCodec, "Opus"},
      {Minimal(good, kAudio),
       {{"9", MediaKind::kAudio, StreamType::kMain, true}},
       SignalErrorKind::kSdpInvalid,
       "\"9\""},
      {Minimal(good, kAudio),
       {{"0", MediaKind::kVideo, StreamType::kMain, true}},
       SignalErrorKind::kSdpInvalid,
       "another kind"},
  };
  for (const Row& row : rows) {
    const auto answer = Make(row.offer, row.tracks);
    ASSERT_FALSE(answer.ok()) << row.words;
    EXPECT_TRUE(answer.error().Is(row.kind)) << answer.error().name;
    EXPECT_THAT(answer.error().message, HasSubstr(row.words));
  }
  EXPECT_TRUE(Make(Minimal(good, kAudio)).ok());
}

TEST_F(AnswererTest, APassiveOfferMakesUsTheDtlsClient) {
  std::string passive = kFingerprint;
  passive.replace(passive.find("actpass"), 7, "passive");
  const auto answer = Make(Minimal(kTransport + passive, kAudio));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->config.dtls_role, DtlsRole::kClient);
  EXPECT_THAT(answer->sdp, HasSubstr("a=setup:active"));
}

TEST_F(AnswererTest, ADataChannelIsRejectedAndTheRestGoesOn) {
  const std::string data =
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=sctp-port:5000\r\n";
  const auto answer = Make(Minimal("a=group:BUNDLE 0 1\r\n" + (kTransport + kFingerprint), kAudio + data));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const auto sdp = ParseSdp(answer->sdp);
  ASSERT_TRUE(sdp.ok());
  EXPECT_TRUE(sdp->sections[1].rejected());
  EXPECT_THAT(sdp->bundle_mids, testing::ElementsAre("0"));
}

}  // namespace
}  // namespace duet
