#include "core/rtmp/rtmp_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/rtmp/rtmp_client.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Time kStart = Time::FromMillis(1'000'000);

FlvFrameRef Frame(FlvFrame::Kind kind, int64_t time_ms, std::string_view hex, bool keyframe = false) {
  FlvFrame frame = {.kind = kind, .keyframe = keyframe, .timestamp_ms = time_ms, .data = Hex(hex)};
  return std::make_shared<const FlvFrame>(std::move(frame));
}

// A client and a session with a wire between them, which passes bytes on in pieces of a size.
class RtmpSessionTest : public testing::Test {
 protected:
  void Connect(RtmpClientConfig config, RtmpSessionConfig session_config = {}) {
    session_ = std::make_unique<RtmpSession>(now_, server_rng_, std::move(session_config));
    client_ = std::make_unique<RtmpClient>(client_rng_, std::move(config));
    Run();
  }

  // Until nothing is on the way any more.
  void Run(size_t piece = 1000) {
    for (bool moved = true; moved;) {
      moved = Deliver(piece);
      Bytes to_client = session_->PrepareOutput(now_);
      if (!to_client.empty()) {
        const size_t n = std::min(piece, to_client.size());
        Bytes input = to_client.first(n);
        while (const auto message = client_->Read(input)) received_.push_back(Text(*message));
        session_->Sent(now_, n);
        moved = true;
      }
    }
  }

  bool Deliver(size_t piece) {
    if (client_->output().empty() || session_->waiting() || session_->closed()) return false;
    Bytes input = client_->output().bytes().first(std::min(piece, client_->output().size()));
    const size_t offered = input.size();
    while (auto event = session_->Read(now_, input)) OnEvent(std::move(*event));
    client_->output().Take(offered - input.size());
    return offered != input.size();
  }

  void OnEvent(RtmpEvent event) {
    if (auto* request = std::get_if<RtmpRequest>(&event)) {
      requests_.push_back(*request);
    } else if (auto* media = std::get_if<RtmpMedia>(&event)) {
      media_.push_back(std::string(media->video ? "v" : "a") + std::to_string(media->timestamp_ms) + ":" +
                       ToHex(media->data));
    } else if (auto* metadata = std::get_if<RtmpMetadata>(&event)) {
      metadata_ = metadata->metadata;
    } else if (auto* paused = std::get_if<RtmpPaused>(&event)) {
      media_.push_back(paused->paused ? "paused" : "goes on");
    } else {
      media_.push_back("ended");
    }
  }

  static std::string Text(const RtmpMessage& message) {
    const char* kind = message.type == RtmpType::kVideo ? "v" : message.type == RtmpType::kAudio ? "a" : "d";
    return kind + std::to_string(message.timestamp) + ":" + ToHex(message.payload);
  }

  Time now_ = kStart;
  SeededRng server_rng_{1};
  SeededRng client_rng_{2};
  std::unique_ptr<RtmpSession> session_;
  std::unique_ptr<RtmpClient> client_;
  std::vector<RtmpRequest> requests_;
  std::vector<std::string> media_;     // events of the session
  std::vector<std::string> received_;  // messages that the client got
  std::optional<StreamMetadata> metadata_;
};

const RtmpClientConfig kPush = {
    .publish = true, .app = "push", .tc_url = "rtmp://h/push", .name = "7?sdkappid=1&userid=u&usersig=s"};
const RtmpClientConfig kPlay = {.publish = false, .app = "live", .tc_url = "rtmp://h/live", .name = "1_7_u_main?x=y"};

TEST_F(RtmpSessionTest, PublishesWithEitherHandshakeAndHoweverTheBytesAreCut) {
  for (const bool digest : {true, false}) {
    for (const size_t piece : {1u, 7u, 5000u}) {
      requests_.clear();
      media_.clear();
      RtmpClientConfig config = kPush;
      config.digest = digest;
      session_ = std::make_unique<RtmpSession>(now_, server_rng_);
      client_ = std::make_unique<RtmpClient>(client_rng_, config);
      Run(piece);
      ASSERT_EQ(requests_.size(), 1u);
      EXPECT_EQ(session_->handshake(), digest ? RtmpHandshakeKind::kDigest : RtmpHandshakeKind::kSimple);
      EXPECT_EQ(requests_[0].what, RtmpRequest::What::kPublish);
      EXPECT_EQ(requests_[0].app, "push");
      EXPECT_EQ(requests_[0].tc_url, "rtmp://h/push");
      EXPECT_EQ(requests_[0].name, kPush.name);
      EXPECT_FALSE(client_->started());
      session_->Accept(now_, requests_[0].stream_id);
      Run(piece);
      ASSERT_TRUE(client_->started());
      client_->Send(RtmpType::kVideo, 40, Hex("1700000000aa"));
      client_->Send(RtmpType::kAudio, 45, Hex("af0011"));
      client_->Send(RtmpType::kVideo, 80, Hex("2701000000bb"));
      client_->Stop();
      Run(piece);
      EXPECT_THAT(media_, ElementsAre("v0:1700000000aa", "a5:af0011", "v40:2701000000bb", "ended"));
      EXPECT_FALSE(session_->closed());
      EXPECT_EQ(client_->status(), "NetStream.Unpublish.Success");
    }
  }
}

TEST_F(RtmpSessionTest, NothingIsReadWhileSomebodyWaitsForTheAnswer) {
  Connect(kPush);
  ASSERT_TRUE(session_->waiting());
  client_->Send(RtmpType::kAudio, 0, Hex("af0011"));
  const size_t left = client_->output().size();
  Run();
  EXPECT_EQ(client_->output().size(), left);
  session_->Accept(now_, requests_.at(0).stream_id);
  Run();
  EXPECT_THAT(media_, ElementsAre("a0:af0011"));
}

TEST_F(RtmpSessionTest, RefusalsHaveTheirCodeAndWords) {
  const struct {
    bool publish;
    RtmpRefusal refusal;
    const char* code;
  } cases[] = {
      {true, RtmpRefusal::kDenied, "NetStream.Publish.Denied"},
      {true, RtmpRefusal::kTaken, "NetStream.Publish.BadName"},
      {false, RtmpRefusal::kDenied, "NetStream.Play.Failed"},
      {false, RtmpRefusal::kNotFound, "NetStream.Play.StreamNotFound"},
  };
  for (const auto& c : cases) {
    requests_.clear();
    Connect(c.publish ? kPush : kPlay);
    session_->Refuse(now_, requests_.at(0).stream_id, c.refusal, "the UserSig has expired");
    Run();
    EXPECT_TRUE(client_->failed()) << c.code;
    EXPECT_EQ(client_->status(), c.code);
    EXPECT_EQ(client_->words(), "the UserSig has expired");
    ASSERT_TRUE(session_->closed());
    EXPECT_EQ(session_->closed()->code, ErrorCode::kRefused);
  }
  RtmpClientConfig other = kPush;
  other.app = "vod";
  Connect(other);
  EXPECT_EQ(client_->status(), "NetConnection.Connect.InvalidApp");
  EXPECT_TRUE(session_->closed());
}

TEST_F(RtmpSessionTest, ReadsMetadata) {
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  Run();
  std::byte buffer[64];
  AmfWriter set(buffer);
  set.String("@setDataFrame");
  std::vector<std::byte> payload(set.written().begin(), set.written().end());
  const auto body = WriteMetadata(
      {.width = 360, .height = 640, .frame_rate = 15, .audio_sample_rate = 48000, .stereo = true, .encoder = "test"},
      true, true);
  payload.insert(payload.end(), body.begin(), body.end());
  client_->Send(RtmpType::kDataAmf0, 0, payload);
  Run();
  ASSERT_TRUE(metadata_);
  EXPECT_EQ(metadata_->width, 360u);
  EXPECT_EQ(metadata_->height, 640u);
  EXPECT_EQ(metadata_->frame_rate, 15);
  EXPECT_EQ(metadata_->audio_sample_rate, 48000u);
  EXPECT_TRUE(metadata_->stereo);
  EXPECT_EQ(metadata_->encoder, "test");
}

TEST_F(RtmpSessionTest, TimestampsWrapAndNeverGoBack) {
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  Run();
  const auto send = [&](uint32_t time) { client_->Send(RtmpType::kAudio, time, Hex("af01")); };
  send(0xFFFFFFF0);
  send(0x00000010);  // wrapped: +32
  send(0x00000008);  // a step back of a little: held
  send(0x00000030);
  Run();
  EXPECT_THAT(media_, ElementsAre("a0:af01", "a32:af01", "a32:af01", "a64:af01"));
  media_.clear();
  send(0x00010000);
  send(5);  // the encoder began anew
  send(25);
  Run();
  EXPECT_THAT(media_, ElementsAre("a65552:af01", "a65552:af01", "a65572:af01"));
}

TEST_F(RtmpSessionTest, AggregatesComeAsTheirParts) {
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  Run();
  client_->Send(RtmpType::kAggregate, 1000,
                Hex("08 000002 000000 00 000000 af01 0000000d 09 000006 000014 00 000000 2701000000cc 00000011"));
  client_->Send(RtmpType::kAudio, 1040, Hex("af02"));
  Run(11);
  EXPECT_THAT(media_, ElementsAre("a0:af01", "v20:2701000000cc", "a40:af02"));
}

TEST_F(RtmpSessionTest, PlaysFromAKeyframeWithItsConfiguration) {
  Connect(kPlay);
  session_->Accept(now_, requests_.at(0).stream_id);
  const uint32_t id = requests_[0].stream_id;
  session_->Push(id, Frame(FlvFrame::Kind::kMetadata, 0, "02"));
  session_->Push(id, Frame(FlvFrame::Kind::kVideoConfig, 0, "1700"));
  session_->Push(id, Frame(FlvFrame::Kind::kAudioConfig, 0, "af00"));
  session_->Push(id, Frame(FlvFrame::Kind::kVideo, 100, "2701"));
  session_->Push(id, Frame(FlvFrame::Kind::kAudio, 110, "af01"));
  Run();
  EXPECT_TRUE(client_->started());
  EXPECT_TRUE(received_.empty());
  EXPECT_TRUE(session_->TakeKeyframeRequest(id));
  EXPECT_FALSE(session_->TakeKeyframeRequest(id));
  session_->Push(id, Frame(FlvFrame::Kind::kVideo, 140, "1701", true));
  session_->Push(id, Frame(FlvFrame::Kind::kAudio, 130, "af02"));
  session_->Push(id, Frame(FlvFrame::Kind::kVideo, 180, "2702"));
  Run();
  EXPECT_THAT(received_, ElementsAre("d0:02", "v0:1700", "a0:af00", "v0:1701", "a0:af02", "v40:2702"));

  // Pausing stops it, and it begins anew at a keyframe.
  received_.clear();
  client_->Pause(true);
  Run();
  EXPECT_EQ(client_->status(), "NetStream.Pause.Notify");
  session_->Push(id, Frame(FlvFrame::Kind::kVideo, 220, "1702", true));
  client_->Pause(false);
  Run();
  session_->Push(id, Frame(FlvFrame::Kind::kVideo, 260, "2703"));
  session_->Push(id, Frame(FlvFrame::Kind::kVideo, 300, "1703", true));
  Run();
  EXPECT_THAT(received_, ElementsAre("v160:1703"));
  EXPECT_THAT(media_, ElementsAre("paused", "goes on"));

  session_->EndStream(now_, id, "the publisher has left");
  Run();
  EXPECT_EQ(client_->status(), "NetStream.Play.Stop");
  EXPECT_EQ(client_->words(), "the publisher has left");
  EXPECT_FALSE(session_->closed());
}

TEST_F(RtmpSessionTest, TheServerMayEndAPublisher) {
  Connect(kPush);
  const uint32_t id = requests_.at(0).stream_id;
  session_->Accept(now_, id);
  Run();
  session_->EndStream(now_, id + 1, "another one");
  EXPECT_FALSE(session_->closed());
  session_->EndStream(now_, id, "removed from the room");
  Run();
  EXPECT_EQ(client_->status(), "NetStream.Unpublish.Success");
  ASSERT_TRUE(session_->closed());
  EXPECT_EQ(session_->closed()->message, "removed from the room");

  // One that the client has ended already: its connection goes on.
  requests_.clear();
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  std::vector<std::byte> close;
  std::byte buffer[64];
  AmfWriter writer(buffer);
  writer.String("closeStream");
  writer.Number(0);
  writer.Null();
  Run();
  AppendRtmpMessage({.chunk_stream = 3,
                     .type = RtmpType::kCommandAmf0,
                     .stream_id = requests_[0].stream_id,
                     .payload = writer.written()},
                    4096, close);
  client_->output().Append(close);
  Run();
  EXPECT_THAT(media_, ElementsAre("ended"));
  session_->EndStream(now_, requests_[0].stream_id, "too late");
  EXPECT_FALSE(session_->closed());
}

TEST_F(RtmpSessionTest, CommandsOutOfPlaceAreRefused) {
  const auto send = [&](std::string_view name, uint32_t stream_id) {
    std::byte buffer[128];
    AmfWriter writer(buffer);
    writer.String(name);
    writer.Number(9);
    writer.Null();
    writer.String("x");
    std::vector<std::byte> bytes;
    AppendRtmpMessage(
        {.chunk_stream = 3, .type = RtmpType::kCommandAmf0, .stream_id = stream_id, .payload = writer.written()}, 4096,
        bytes);
    client_->output().Append(bytes);
    Run();
  };
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  Run();
  for (int i = 0; i < 3; ++i) send("createStream", 0);
  EXPECT_FALSE(client_->failed());
  send("createStream", 0);
  EXPECT_TRUE(client_->failed()) << "the fifth";
  EXPECT_EQ(client_->status(), "NetConnection.Call.Failed");

  requests_.clear();
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  Run();
  send("publish", 3);
  EXPECT_EQ(client_->status(), "NetStream.Publish.BadName");
  EXPECT_TRUE(session_->closed());

  requests_.clear();
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  Run();
  send("getStreamLength", 0);
  EXPECT_FALSE(client_->failed());
  send("unknownCommand", 0);
  EXPECT_EQ(client_->words(), "no such command");
  EXPECT_FALSE(session_->closed());
}

TEST_F(RtmpSessionTest, DeadlinesEndIt) {
  Connect(kPush);
  EXPECT_LE(session_->NextTimer(), kStart + Duration::Seconds(10));
  session_->OnTimer(kStart + Duration::Millis(9'999));
  EXPECT_FALSE(session_->closed());
  session_->OnTimer(kStart + Duration::Seconds(10));
  ASSERT_TRUE(session_->closed());
  EXPECT_THAT(session_->closed()->message, HasSubstr("in time"));

  requests_.clear();
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  Run();
  for (int i = 0; i < 3; ++i) {
    now_ = session_->NextTimer();
    session_->OnTimer(now_);
    Run();
  }
  EXPECT_FALSE(session_->closed()) << "the answers to its pings keep it";
  EXPECT_EQ(client_->pings(), 3u);
  // The client is silent now: pings pile up, and then it is over.
  while (!session_->closed() && now_ < kStart + Duration::Seconds(60)) {
    now_ = session_->NextTimer();
    session_->OnTimer(now_);
    session_->Sent(now_, session_->PrepareOutput(now_).size());
  }
  ASSERT_TRUE(session_->closed());
  EXPECT_EQ((now_ - kStart).ms(), 35'000);
  EXPECT_TRUE(session_->NextTimer().is_never());
}

TEST_F(RtmpSessionTest, AcknowledgesEachWindow) {
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  Run();
  EXPECT_FALSE(client_->acknowledged());
  const std::vector<std::byte> frame(100'000, std::byte{0xaf});
  for (int i = 0; i < 26; ++i) client_->Send(RtmpType::kAudio, 0, frame);
  Run(65536);
  ASSERT_TRUE(client_->acknowledged());
  EXPECT_GE(*client_->acknowledged(), RtmpSession::kWindowBytes);
}

TEST_F(RtmpSessionTest, WhoNeverReadsIsNotAnsweredForEver) {
  Connect(kPush);
  session_->Accept(now_, requests_.at(0).stream_id);
  std::vector<std::byte> pings;
  for (int i = 0; i < 5000; ++i) {
    AppendRtmpMessage({.chunk_stream = 2, .type = RtmpType::kUserControl, .payload = Hex("000600000001")}, 4096, pings);
  }
  Bytes input = pings;
  while (session_->Read(now_, input)) continue;
  ASSERT_TRUE(session_->closed());
  EXPECT_EQ(session_->closed()->code, ErrorCode::kLimit);
  EXPECT_LT(session_->PrepareOutput(now_).size(), 2 * RtmpSession::kMaxAnswers);
}

TEST_F(RtmpSessionTest, WhatIsNoRtmpIsToldSo) {
  const struct {
    std::string_view hex, words;
  } cases[] = {{"16030100", "TLS"}, {"06", "RTMPE"}, {"47455420", "no RTMP"}};
  for (const auto& c : cases) {
    RtmpSession session(now_, server_rng_);
    const auto bytes = Hex(c.hex);
    Bytes input = bytes;
    EXPECT_FALSE(session.Read(now_, input));
    ASSERT_TRUE(session.closed());
    EXPECT_THAT(session.closed()->message, HasSubstr(c.words));
    EXPECT_TRUE(session.PrepareOutput(now_).empty());
  }
}

}  // namespace
}  // namespace duet
