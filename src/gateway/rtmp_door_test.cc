// RTMP and FLV over real connections on loopback, with Control and the media worker played by the test.
#include "gateway/rtmp_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "bridge/flv_frames.h"
#include "core/rtmp/rtmp_client.h"
#include "gateway/test_doors.h"
#include "wire/avc.h"
#include "wire/rtp.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

using testing::HasSubstr;
using testing::Not;

// 320x240 constrained baseline, and a PPS; a picture to begin with, and one that follows it.
constexpr std::string_view kSps = "6742c01ed90141fb0110000003001000000303c0f162e480";
constexpr std::string_view kPps = "68cb8cb2";
constexpr std::string_view kIdr = "65b80011";
constexpr std::string_view kDelta = "41e00022";
constexpr const char* kPush = "7?sdkappid=1400000001&userid=alice&usersig=SECRET&use_number_room_id=1";
constexpr const char* kName = "1400000001_7_alice_main";
constexpr const char* kQuery = "?userid=bob&usersig=SECRET";

// An encoder or a player.
class RtmpProgram {
 public:
  RtmpProgram(uint16_t port, bool publish, const std::string& name)
      : tcp_(port),
        client_(rng_, {.publish = publish,
                       .app = publish ? "push" : "live",
                       .tc_url = "rtmp://127.0.0.1/" + std::string(publish ? "push" : "live"),
                       .name = name}) {}

  // Talks to the server until `done`; false when the connection ends before that.
  template <typename F>
  bool Until(F&& done) {
    while (!done()) {
      Flush();
      Bytes left = input_;
      const auto message = client_.Read(left);
      if (message) messages.push_back({message->type, message->timestamp, ToHex(message->payload)});
      input_.erase(input_.begin(), input_.end() - static_cast<ptrdiff_t>(left.size()));
      if (message || done()) continue;
      Flush();
      std::array<std::byte, 4096> bytes;
      size_t got = 0;
      const auto error = tcp_.Wait([&](auto handler) {
        tcp_.socket().async_read_some(asio::buffer(bytes), [&got, handler](const auto& result, size_t n) mutable {
          got = n;
          handler(result);
        });
      });
      if (error) return false;
      input_.insert(input_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(got));
    }
    return true;
  }
  bool Start() {
    return Until([this] { return client_.started() || client_.failed(); }) && client_.started();
  }
  // The server ends the connection.
  bool WaitForEnd() {
    return !Until([] { return false; });
  }
  void Send(RtmpType type, uint32_t timestamp_ms, const std::vector<std::byte>& payload) {
    client_.Send(type, timestamp_ms, payload);
    Flush();
  }
  void Flush() {
    const Bytes out = client_.output().bytes();
    tcp_.Write({reinterpret_cast<const char*>(out.data()), out.size()});
    client_.output().Take(out.size());
  }
  RtmpClient& client() { return client_; }
  TestClient& tcp() { return tcp_; }

  struct Message {
    RtmpType type{};
    uint32_t timestamp = 0;
    std::string hex;
  };
  std::vector<Message> messages;

 private:
  SeededRng rng_{3};
  TestClient tcp_;
  RtmpClient client_;
  std::vector<std::byte> input_;
};

class RtmpDoorTest : public testing::Test {
 protected:
  RtmpDoorTest() : doors_(std::make_unique<TestDoors>(Pages(), AppRegistry())) {}

  // What came to Control of one question of a door, which opens a session first.
  template <typename Question>
  std::pair<SessionId, Question> NextQuestion() {
    ControlInput opened = doors_->backend.Next();
    // A stream that runs asks for keyframes when it likes.
    while (std::holds_alternative<WantKeyframe>(opened.what)) opened = doors_->backend.Next();
    if (!std::holds_alternative<SessionOpened>(opened.what)) {
      ADD_FAILURE() << "is alternative " << opened.what.index();
      return {};
    }
    EXPECT_TRUE(std::get<SessionOpened>(opened.what).silent);
    EXPECT_EQ(std::get<SessionOpened>(opened.what).remote, "127.0.0.1");
    ControlInput input = doors_->backend.NextOf<Question>();
    EXPECT_EQ(input.session, opened.session);
    return {input.session, std::get<Question>(input.what)};
  }
  // A publisher that is let in.
  SessionId LetPushIn() {
    auto [session, push] = NextQuestion<OpenPush>();
    doors_->Deliver({session, PushOpened{.line = line_,
                                         .audio = UptrackId(21),
                                         .video = UptrackId(22),
                                         .audio_payload_type = PayloadType(111),
                                         .video_payload_type = PayloadType(102)}});
    return session;
  }
  // The first viewer of a stream: its right, then the tap. Gives the session of the viewer.
  SessionId LetViewerIn(bool first = true, bool audio = true, bool video = true) {
    auto [session, right] = NextQuestion<OpenPlay>();
    EXPECT_FALSE(right.tap);
    doors_->Deliver({session, PlayOpened{.audio = audio, .video = video}});
    if (!first) return session;
    auto [tap, open] = NextQuestion<OpenPlay>();
    EXPECT_TRUE(open.tap);
    EXPECT_EQ(open.target.user_id, right.target.user_id);
    tap_ = tap;
    line_ = std::make_shared<MediaLine>(open.taker);
    doors_->Deliver({tap, PlayOpened{.line = line_}});
    return session;
  }
  // What the room sends of alice's picture, on the worker's thread.
  void SendPicture(bool key, uint32_t rtp_timestamp, UptrackId uptrack = UptrackId(22)) {
    const auto payload =
        key ? Hex("780018" + std::string(kSps) + "0004" + std::string(kPps) + "0004" + std::string(kIdr)) : Hex(kDelta);
    LineItem* item = line_->BeginPush();
    ASSERT_NE(item, nullptr);
    RtpHeaderWriter header(item->bytes);
    header.Begin({.marker = true, .payload_type = PayloadType(102), .timestamp = rtp_timestamp});
    const size_t head = header.Finish();
    std::copy(payload.begin(), payload.end(), item->bytes + head);
    item->kind = LineItem::Kind::kPacket;
    item->video = true;
    item->starts_keyframe = key;
    item->size = static_cast<uint16_t>(head + payload.size());
    item->uptrack = uptrack;
    item->seq = next_seq_++;
    line_->EndPush();
    line_->Notify();
  }
  // The next packet of a push, on the worker's thread.
  LineItem NextItem() {
    const auto end = std::chrono::steady_clock::now() + kTestPatience;
    while (line_->Front() == nullptr && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    if (line_->Front() == nullptr) {
      ADD_FAILURE() << "nothing came";
      return {};
    }
    LineItem item = *line_->Front();
    line_->Pop();
    return item;
  }
  LineItem NextPacket() {
    LineItem item = NextItem();
    while (item.kind == LineItem::Kind::kReference) item = NextItem();
    return item;
  }
  static std::vector<std::byte> VideoConfig() { return MakeVideoConfigFrame(Hex(kSps), Hex(kPps))->data; }
  static std::vector<std::byte> Video(std::string_view nal, bool key) {
    std::vector<std::byte> unit;
    AppendAvccNal(Hex(nal), unit);
    return MakeVideoFrame(unit, key, 0)->data;
  }
  static std::string HexOf(std::string_view nal, bool key) { return ToHex(Video(nal, key)); }
  void Refuse(SessionId session, signal::SignalErrorKind kind, std::string message) {
    doors_->Deliver({session, BridgeRefused{signal::MakeError(kind, std::move(message))}});
  }

  std::unique_ptr<TestDoors> doors_;
  MediaLineRef line_ = std::make_shared<MediaLine>(nullptr);
  SessionId tap_;
  int64_t next_seq_ = 100;
};

TEST_F(RtmpDoorTest, WhatIsPushedGoesIntoTheRoom) {
  RtmpProgram encoder(doors_->rtmp_port, true, kPush);
  std::thread control([this] {
    auto [session, push] = NextQuestion<OpenPush>();
    EXPECT_EQ(push.target.sdk_app_id, 1400000001u);
    EXPECT_EQ(push.target.room, signal::RoomName{7u});
    EXPECT_EQ(push.target.user_id, "alice");
    EXPECT_EQ(push.target.user_sig, "SECRET");
    EXPECT_TRUE(push.trusted);
    doors_->Deliver({session, PushOpened{.line = line_,
                                         .audio = UptrackId(21),
                                         .video = UptrackId(22),
                                         .audio_payload_type = PayloadType(111),
                                         .video_payload_type = PayloadType(102)}});
  });
  EXPECT_TRUE(encoder.Start());
  control.join();
  EXPECT_EQ(encoder.client().status(), "NetStream.Publish.Start");
  encoder.Send(RtmpType::kVideo, 0, VideoConfig());
  encoder.Send(RtmpType::kVideo, 0, Video(kIdr, true));
  encoder.Send(RtmpType::kVideo, 40, Video(kDelta, false));

  const LineItem reference = NextItem();
  EXPECT_EQ(reference.kind, LineItem::Kind::kReference);
  EXPECT_TRUE(reference.video);
  const LineItem first = NextPacket();
  const auto key = ParseRtp(first.packet());
  ASSERT_TRUE(key);
  EXPECT_EQ(first.uptrack, UptrackId(22));
  EXPECT_TRUE(first.starts_keyframe);
  EXPECT_EQ(key->payload_type, PayloadType(102));
  EXPECT_EQ(key->sequence_number, static_cast<uint16_t>(first.seq));
  EXPECT_EQ(key->timestamp, reference.rtp_timestamp);
  EXPECT_TRUE(key->marker);
  EXPECT_THAT(ToHex(key->payload()), HasSubstr(std::string(kIdr)));
  const LineItem second = NextPacket();
  EXPECT_FALSE(second.starts_keyframe);
  EXPECT_EQ(second.seq, first.seq + 1);
  EXPECT_EQ(ParseRtp(second.packet())->timestamp, key->timestamp + 3600);

  const auto carries = doors_->backend.NextOf<PushCarries>();
  EXPECT_TRUE(std::get<PushCarries>(carries.what).video);
  EXPECT_FALSE(std::get<PushCarries>(carries.what).audio);
  encoder.client().Stop();
  encoder.Flush();
  doors_->backend.NextOf<SessionClosed>();
  EXPECT_THAT(doors_->log.text(), HasSubstr("picture of 320x240"));
  EXPECT_THAT(doors_->log.text(), HasSubstr("RTMP push ends: the publisher stopped"));
  EXPECT_THAT(doors_->log.text(), Not(HasSubstr("SECRET")));
}

TEST_F(RtmpDoorTest, ARefusedPushHearsWhy) {
  RtmpProgram encoder(doors_->rtmp_port, true, kPush);
  std::thread control([this] {
    Refuse(NextQuestion<OpenPush>().first, signal::SignalErrorKind::kSigExpired, "The UserSig has expired.");
    doors_->backend.NextOf<SessionClosed>();
  });
  EXPECT_FALSE(encoder.Start());
  control.join();
  EXPECT_EQ(encoder.client().status(), "NetStream.Publish.Denied");
  EXPECT_EQ(encoder.client().words(), "The UserSig has expired.");
  EXPECT_TRUE(encoder.WaitForEnd());
}

TEST_F(RtmpDoorTest, WrongAddressesAreSaidInWords) {
  RtmpProgram nowhere(doors_->rtmp_port, true, "7?sdkappid=x&userid=alice&usersig=SECRET");
  EXPECT_FALSE(nowhere.Start());
  EXPECT_EQ(nowhere.client().words(), "The address is wrong: sdkappid is missing or no number.");
  RtmpProgram player(doors_->rtmp_port, false, "nothing?userid=bob&usersig=SECRET");
  EXPECT_FALSE(player.Start());
  EXPECT_EQ(player.client().status(), "NetStream.Play.Failed");
  EXPECT_TRUE(doors_->backend.idle());
}

TEST_F(RtmpDoorTest, APushThatControlEndsHearsWhy) {
  RtmpProgram encoder(doors_->rtmp_port, true, kPush);
  SessionId session;
  std::thread control([&] { session = LetPushIn(); });
  EXPECT_TRUE(encoder.Start());
  control.join();
  doors_->Deliver({session, CloseSession{CloseCode::kKicked, "Another push of this user took its place."}});
  EXPECT_TRUE(encoder.WaitForEnd());
  EXPECT_EQ(encoder.client().status(), "NetStream.Unpublish.Success");
  EXPECT_EQ(encoder.client().words(), "Another push of this user took its place.");
  doors_->backend.NextOf<SessionClosed>();
}

TEST_F(RtmpDoorTest, APlayerBeginsAtAKeyframe) {
  RtmpProgram player(doors_->rtmp_port, false, kName + std::string(kQuery));
  std::thread control([this] {
    LetViewerIn();
    EXPECT_EQ(doors_->backend.NextOf<WantKeyframe>().session, tap_);
  });
  EXPECT_TRUE(player.Start());
  control.join();
  SendPicture(true, 9000);
  SendPicture(false, 12600);
  EXPECT_TRUE(player.Until([&] { return player.messages.size() >= 4; }));
  ASSERT_EQ(player.messages.size(), 4u);
  EXPECT_EQ(player.messages[0].type, RtmpType::kDataAmf0);
  EXPECT_EQ(player.messages[1].hex, ToHex(VideoConfig()));
  EXPECT_EQ(player.messages[2].hex, HexOf(kIdr, true));
  EXPECT_EQ(player.messages[2].timestamp, 0u);
  EXPECT_EQ(player.messages[3].hex, HexOf(kDelta, false));
  EXPECT_EQ(player.messages[3].timestamp, 40u);
}

TEST_F(RtmpDoorTest, AStreamIsTakenOutOfTheRoomOnce) {
  RtmpProgram first(doors_->rtmp_port, false, kName + std::string(kQuery));
  SessionId bob;
  std::thread control([&] {
    bob = LetViewerIn();
    doors_->backend.NextOf<WantKeyframe>();
  });
  EXPECT_TRUE(first.Start());
  control.join();
  SendPicture(true, 9000);
  EXPECT_TRUE(first.Until([&] { return first.messages.size() >= 3; }));

  RtmpProgram second(doors_->rtmp_port, false, kName + std::string("?userid=carol&usersig=SECRET"));
  SessionId carol;
  std::thread again([&] { carol = LetViewerIn(false); });
  EXPECT_TRUE(second.Start());
  again.join();
  SendPicture(false, 12600);
  SendPicture(true, 16200);
  EXPECT_TRUE(second.Until([&] { return second.messages.size() >= 3; }));
  EXPECT_EQ(second.messages[2].hex, HexOf(kIdr, true)) << "not the picture that stands on one it never got";
  EXPECT_TRUE(first.Until([&] { return first.messages.size() >= 5; }));

  // One viewer's right ends, the other goes on.
  doors_->Deliver({bob, CloseSession{CloseCode::kKicked, "You were removed from the room."}});
  EXPECT_TRUE(first.Until([&] { return first.client().status() == "NetStream.Play.Stop"; }));
  EXPECT_EQ(first.client().words(), "You were removed from the room.");
  SendPicture(false, 19800);
  EXPECT_TRUE(second.Until([&] { return second.messages.size() >= 4; }));
  // The publisher leaves.
  doors_->Deliver({carol, CloseSession{CloseCode::kKicked, "The publisher has left."}});
  EXPECT_TRUE(second.Until([&] { return second.client().status() == "NetStream.Play.Stop"; }));
}

TEST_F(RtmpDoorTest, APublisherThatComesBackGoesOnInTheSameStream) {
  RtmpProgram player(doors_->rtmp_port, false, kName + std::string(kQuery));
  std::thread control([this] { LetViewerIn(); });
  EXPECT_TRUE(player.Start());
  control.join();
  SendPicture(true, 4'000'000'000);
  EXPECT_TRUE(player.Until([&] { return player.messages.size() >= 3; }));
  next_seq_ = 7;
  SendPicture(false, 5, UptrackId(32));  // stands on nothing
  SendPicture(true, 9, UptrackId(32));
  SendPicture(false, 3609, UptrackId(32));
  EXPECT_TRUE(player.Until([&] { return player.messages.size() >= 5; }));
  EXPECT_EQ(player.messages[3].hex, HexOf(kIdr, true));
  EXPECT_EQ(player.messages[4].hex, HexOf(kDelta, false));
  EXPECT_LT(player.messages[3].timestamp, 60'000u);
  EXPECT_GE(player.messages[4].timestamp, player.messages[3].timestamp);
}

TEST_F(RtmpDoorTest, AStreamThatNobodyPublishesIsNotFound) {
  RtmpProgram player(doors_->rtmp_port, false, kName + std::string(kQuery));
  std::thread control([this] {
    Refuse(NextQuestion<OpenPlay>().first, signal::SignalErrorKind::kStreamNotFound, "alice is not in the room.");
  });
  EXPECT_FALSE(player.Start());
  control.join();
  EXPECT_EQ(player.client().status(), "NetStream.Play.StreamNotFound");
}

// ---- FLV

constexpr std::string_view kFlvSignature = "464c5601";

TEST_F(RtmpDoorTest, FlvOverHttpIsChunked) {
  TestClient client(doors_->http_port);
  client.Write("GET /live/" + std::string(kName) + ".flv" + kQuery + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  LetViewerIn();
  SendPicture(true, 9000);
  for (uint32_t i = 1; i < 24; ++i) SendPicture(false, 9000 + i * 3600);
  http::response_parser<http::buffer_body> parser;
  beast::flat_buffer buffer;
  EXPECT_FALSE(client.Wait([&](auto done) { http::async_read_header(client.socket(), buffer, parser, done); }));
  EXPECT_EQ(parser.get().result_int(), 200u);
  EXPECT_TRUE(parser.chunked());
  EXPECT_EQ(parser.get()[http::field::content_type], "video/x-flv");
  EXPECT_EQ(parser.get()[http::field::access_control_allow_origin], "*");
  std::vector<std::byte> flv;
  const std::string wanted = HexOf(kDelta, false);
  while (ToHex(flv).find(wanted) == std::string::npos) {
    std::array<std::byte, 1024> bytes;
    parser.get().body().data = bytes.data();
    parser.get().body().size = bytes.size();
    const auto error = client.Wait([&](auto done) { http::async_read_some(client.socket(), buffer, parser, done); });
    if (error && error != http::error::need_buffer) break;
    flv.insert(flv.end(), bytes.begin(), bytes.end() - static_cast<ptrdiff_t>(parser.get().body().size));
  }
  EXPECT_THAT(ToHex(flv), testing::StartsWith(std::string(kFlvSignature) + "01")) << "video only";
  EXPECT_THAT(ToHex(flv), HasSubstr(HexOf(kIdr, true)));
  EXPECT_THAT(ToHex(flv), HasSubstr(wanted));
  // The viewer goes without a word.
  client.socket().close();
  while (!std::holds_alternative<SessionClosed>(doors_->backend.Next().what)) continue;
}

TEST_F(RtmpDoorTest, FlvOverAWebSocketIsInBinaryMessages) {
  std::thread control([this] { LetViewerIn(); });
  TestWebSocket socket(doors_->http_port, "/live/" + std::string(kName) + ".flv" + kQuery);
  control.join();
  ASSERT_TRUE(socket.connected());
  SendPicture(true, 9000);
  for (uint32_t i = 1; i < 24; ++i) SendPicture(false, 9000 + i * 3600);
  std::string bytes;
  const auto wanted = Video(kDelta, false);
  const std::string_view delta(reinterpret_cast<const char*>(wanted.data()), wanted.size());
  while (bytes.find(delta) == std::string::npos) {
    const std::string more = socket.Read();
    if (more.empty()) break;
    bytes += more;
  }
  EXPECT_THAT(bytes, testing::StartsWith("FLV\x01"));
  EXPECT_THAT(bytes, HasSubstr(std::string(delta)));
  doors_->Deliver({tap_, CloseSession{CloseCode::kKicked, "The publisher has left."}});
  // It is tried once more with this viewer's right.
  std::thread refuse([this] {
    for (;;) {
      const ControlInput input = doors_->backend.Next();
      if (!std::holds_alternative<OpenPlay>(input.what)) continue;
      return Refuse(input.session, signal::SignalErrorKind::kStreamNotFound, "gone");
    }
  });
  EXPECT_EQ(socket.CloseCode(), 1000);
  EXPECT_EQ(socket.CloseReason(), "The publisher has left.");
  refuse.join();
}

TEST_F(RtmpDoorTest, FlvIsRefusedWithAProblem) {
  TestClient client(doors_->http_port);
  client.Write("GET /live/" + std::string(kName) + ".flv" + kQuery + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Refuse(NextQuestion<OpenPlay>().first, signal::SignalErrorKind::kStreamNotFound, "alice is not in the room.");
  auto answer = client.Read();
  EXPECT_EQ(answer.result_int(), 404u);
  EXPECT_EQ(answer[http::field::content_type], "application/problem+json");
  EXPECT_EQ(answer[http::field::access_control_allow_origin], "*");
  EXPECT_EQ(boost::json::parse(answer.body()).at("name"), "stream_not_found");
  answer = client.Get("/live/nothing.flv");
  EXPECT_EQ(answer.result_int(), 400u);
  EXPECT_THAT(answer.body(), HasSubstr("the stream's name must be"));
  client.Write("OPTIONS /live/x.flv HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.example\r\n\r\n");
  answer = client.Read(true);
  EXPECT_EQ(answer.result_int(), 204u);
  EXPECT_EQ(answer[http::field::access_control_allow_origin], "*");
  EXPECT_EQ(answer[http::field::access_control_allow_methods], "GET, HEAD, OPTIONS");
  client.Write("HEAD /live/x.flv HTTP/1.1\r\nHost: localhost\r\n\r\n");
  answer = client.Read(true);
  EXPECT_EQ(answer.result_int(), 200u);
  EXPECT_EQ(answer[http::field::content_type], "video/x-flv");
  client.Write("POST /live/x.flv HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.Read().result_int(), 405u);
}

TEST_F(RtmpDoorTest, WhoMayNotSeeGetsTheSound) {
  RtmpProgram player(doors_->rtmp_port, false, kName + std::string(kQuery));
  std::thread control([this] { LetViewerIn(true, true, false); });
  EXPECT_TRUE(player.Start());
  control.join();
  SendPicture(true, 9000);
  RtmpProgram other(doors_->rtmp_port, false, kName + std::string("?userid=carol&usersig=SECRET"));
  std::thread again([&] {
    while (!std::holds_alternative<SessionOpened>(doors_->backend.Next().what)) continue;
    const ControlInput input = doors_->backend.NextOf<OpenPlay>();
    doors_->Deliver({input.session, PlayOpened{}});
  });
  EXPECT_TRUE(other.Start());
  again.join();
  SendPicture(true, 12600);
  EXPECT_TRUE(other.Until([&] { return other.messages.size() >= 3; }));
  player.client().Pause(true);
  EXPECT_TRUE(player.Until([&] { return player.client().status() == "NetStream.Pause.Notify"; }));
  EXPECT_TRUE(player.messages.empty());
}

TEST_F(RtmpDoorTest, StopsWithOpenConnections) {
  RtmpProgram encoder(doors_->rtmp_port, true, kPush);
  std::thread control([this] { LetPushIn(); });
  EXPECT_TRUE(encoder.Start());
  control.join();
  TestClient silent(doors_->rtmp_port);
  TestClient tls(doors_->rtmps_port);
  RtmpProgram waiting(doors_->rtmp_port, false, kName + std::string(kQuery));
  std::thread asking([&] { EXPECT_FALSE(waiting.Start()); });
  doors_->backend.NextOf<SessionOpened>();
  doors_->backend.NextOf<OpenPlay>();
  doors_->Stop();  // joins; would hang if a connection stayed
  asking.join();
  EXPECT_EQ(doors_->guard.size(), 0u);
}

}  // namespace
}  // namespace duet
