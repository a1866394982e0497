// The session against the RTMP of FFmpeg and of librtmp (rtmpdump), over TCP on loopback: one process publishes, others
// play what it sends. The server is one poll loop in the test; nothing waits but poll.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>

#include "core/rtmp/rtmp_session.h"
#include "wire/rtmp_url.h"

namespace duet {
namespace {

using testing::HasSubstr;

Time Now() {
  return Time::FromMicros(
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

// A program with its output in a file.
class Program {
 public:
  Program(const std::string& log, std::vector<std::string> arguments) : log_(log) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    if (posix_spawnp(&pid_, argv[0], &files, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&files);
  }
  ~Program() {
    if (pid_ > 0 && !done()) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  bool done() {
    int status = 0;
    if (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      pid_ = 0;
    }
    return pid_ <= 0;
  }
  int exit_code() const { return exit_; }
  std::string output() const {
    std::ifstream file(log_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string log_;
  pid_t pid_ = -1;
  int exit_ = -1;
};

// Every connection may publish or play; what is published goes to all who play.
class Server {
 public:
  Server() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    const bool bound = bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 8) == 0;
    EXPECT_TRUE(bound && getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~Server() {
    for (const auto& connection : connections_) close(connection->fd);
    close(listener_);
  }

  std::string Url(const std::string& path) const { return "rtmp://127.0.0.1:" + std::to_string(port_) + path; }

  // Serves until `finished`, at most 30 s.
  template <typename F>
  bool RunUntil(F&& finished) {
    const Time end = Now() + Duration::Seconds(30);
    while (!finished()) {
      if (Now() > end) return false;
      Step();
    }
    return true;
  }

  struct Connection {
    int fd = -1;
    std::unique_ptr<RtmpSession> session;
    std::vector<std::byte> input;
    uint32_t playing = 0;
    bool over = false;
  };

  std::vector<RtmpRequest> requests;
  std::vector<Error> endings;
  std::optional<RtmpRefusal> refusal;
  std::optional<StreamMetadata> metadata;
  uint64_t video_frames = 0;
  uint64_t audio_frames = 0;
  uint64_t streams_ended = 0;
  std::optional<RtmpHandshakeKind> handshake;

 private:
  void Step() {
    std::vector<pollfd> waits = {{listener_, POLLIN, 0}};
    for (const auto& c : connections_) {
      const bool output = !c->session->PrepareOutput(Now()).empty();
      waits.push_back({c->fd, static_cast<short>(POLLIN | (output ? POLLOUT : 0)), 0});
    }
    poll(waits.data(), waits.size(), 50);
    if ((waits[0].revents & POLLIN) != 0) {
      auto connection = std::make_unique<Connection>();
      connection->fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      connection->session = std::make_unique<RtmpSession>(Now(), rng_);
      connections_.push_back(std::move(connection));
    }
    for (size_t i = 0; i + 1 < waits.size(); ++i) {
      if (waits[i + 1].revents != 0) Receive(*connections_[i]);
    }
    for (const auto& c : connections_) Flush(*c);
    std::erase_if(connections_, [&](const auto& c) {
      if (c->over) close(c->fd);
      return c->over;
    });
  }

  void Receive(Connection& c) {
    std::byte buffer[65536];
    const ssize_t n = recv(c.fd, buffer, sizeof(buffer), 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
      c.over = true;
      return;
    }
    if (n > 0) c.input.insert(c.input.end(), buffer, buffer + n);
    while (true) {
      Bytes input = c.input;
      auto event = c.session->Read(Now(), input);
      c.input.erase(c.input.begin(), c.input.end() - static_cast<ptrdiff_t>(input.size()));
      if (!event) break;
      OnEvent(c, *event);
    }
  }

  void OnEvent(Connection& c, const RtmpEvent& event) {
    if (const auto* request = std::get_if<RtmpRequest>(&event)) {
      requests.push_back(*request);
      handshake = c.session->handshake();
      if (refusal) return c.session->Refuse(Now(), request->stream_id, *refusal, "the UserSig has expired");
      c.session->Accept(Now(), request->stream_id);
      if (request->what == RtmpRequest::What::kPlay) {
        c.playing = request->stream_id;
        for (const FlvFrameRef& config : configs_) c.session->Push(c.playing, config);
      }
    } else if (const auto* media = std::get_if<RtmpMedia>(&event)) {
      OnMedia(*media);
    } else if (const auto* said = std::get_if<RtmpMetadata>(&event)) {
      metadata = said->metadata;
    } else if (std::holds_alternative<RtmpStreamEnded>(event)) {
      ++streams_ended;
      for (const auto& viewer : connections_)
        if (viewer->playing != 0) viewer->session->EndStream(Now(), viewer->playing, "the publisher has left");
    }
  }

  void OnMedia(const RtmpMedia& media) {
    FlvFrame frame = {.timestamp_ms = media.timestamp_ms, .data = {media.data.begin(), media.data.end()}};
    if (media.video) {
      const auto tag = ParseFlvVideo(media.data);
      ASSERT_TRUE(tag && tag->codec == FlvVideoCodec::kAvc);
      if (tag->packet == FlvPacket::kSequenceEnd) return;
      const bool config = tag->packet == FlvPacket::kSequenceHeader;
      frame.kind = config ? FlvFrame::Kind::kVideoConfig : FlvFrame::Kind::kVideo;
      frame.keyframe = tag->keyframe && !config;
      video_frames += config ? 0 : 1;
    } else {
      const auto tag = ParseFlvAudio(media.data);
      ASSERT_TRUE(tag && tag->codec == FlvAudioCodec::kAac);
      const bool config = tag->packet == FlvPacket::kSequenceHeader;
      frame.kind = config ? FlvFrame::Kind::kAudioConfig : FlvFrame::Kind::kAudio;
      audio_frames += config ? 0 : 1;
    }
    const auto shared = std::make_shared<const FlvFrame>(std::move(frame));
    if (shared->is_config()) configs_.push_back(shared);
    for (const auto& c : connections_)
      if (c->playing != 0) c->session->Push(c->playing, shared);
  }

  void Flush(Connection& c) {
    c.session->OnTimer(Now());
    while (true) {
      const Bytes out = c.session->PrepareOutput(Now());
      if (out.empty()) break;
      const ssize_t n = send(c.fd, out.data(), out.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0) {
        c.over = true;
        return;
      }
      c.session->Sent(Now(), static_cast<size_t>(n));
    }
    if (c.session->closed() && !c.over) {
      endings.push_back(*c.session->closed());
      c.over = true;
    }
  }

  int listener_ = -1;
  uint16_t port_ = 0;
  SeededRng rng_{7};
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<FlvFrameRef> configs_;
};

class RtmpInterop : public testing::Test {
 protected:
  RtmpInterop() : directory_(std::filesystem::temp_directory_path() / ("duet-rtmp-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(directory_);
  }
  ~RtmpInterop() override { std::filesystem::remove_all(directory_); }
  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  std::unique_ptr<Program> Push(const std::string& url, const std::string& seconds, const std::string& rate = "44100") {
    return std::make_unique<Program>(Path("push.log"),
                                     std::vector<std::string>{"ffmpeg",
                                                              "-hide_banner",
                                                              "-re",
                                                              "-f",
                                                              "lavfi",
                                                              "-i",
                                                              "testsrc=size=320x180:rate=25",
                                                              "-f",
                                                              "lavfi",
                                                              "-i",
                                                              "sine=frequency=1000:sample_rate=" + rate,
                                                              "-t",
                                                              seconds,
                                                              "-c:v",
                                                              "libx264",
                                                              "-preset",
                                                              "ultrafast",
                                                              "-tune",
                                                              "zerolatency",
                                                              "-g",
                                                              "25",
                                                              "-c:a",
                                                              "aac",
                                                              "-f",
                                                              "flv",
                                                              url});
  }

  std::filesystem::path directory_;
  Server server_;
};

constexpr const char* kPushPath = "/push/room1?sdkappid=1400000001&userid=phone&usersig=eJw-abc";

TEST_F(RtmpInterop, FfmpegPublishesAndIsPlayedByFfmpegAndLibrtmp) {
  const auto push = Push(server_.Url(kPushPath), "6");
  ASSERT_TRUE(server_.RunUntil([&] { return server_.video_frames > 10 || push->done(); }));
  ASSERT_FALSE(push->done()) << push->output();
  const std::string play = server_.Url("/live/1400000001_room1_phone_main?userid=web&usersig=x");
  Program ffmpeg(Path("play.log"),
                 {"ffmpeg", "-hide_banner", "-rw_timeout", "10000000", "-i", play, "-t", "2", "-f", "null", "-"});
  Program rtmpdump(Path("dump.log"), {"rtmpdump", "--live", "-r", server_.Url("/live"), "--app", "live", "--playpath",
                                      "1400000001_room1_phone_main?userid=web&usersig=x", "-o", Path("dump.flv")});
  EXPECT_TRUE(server_.RunUntil([&] { return ffmpeg.done() && rtmpdump.done() && push->done(); }));

  EXPECT_EQ(push->exit_code(), 0) << push->output();
  EXPECT_EQ(server_.handshake, RtmpHandshakeKind::kDigest);
  ASSERT_EQ(server_.requests.size(), 3u);
  const auto target = ParseRtmpTarget(server_.requests[0].app, server_.requests[0].tc_url, server_.requests[0].name);
  ASSERT_TRUE(target.ok()) << target.error().message;
  EXPECT_EQ(std::get<RtmpPush>(*target).user_id, "phone");
  EXPECT_EQ(std::get<RtmpPush>(*target).user_sig, "eJw-abc");
  EXPECT_EQ(server_.video_frames, 150u);
  EXPECT_NEAR(static_cast<double>(server_.audio_frames), 6 * 44100 / 1024.0, 4);
  ASSERT_TRUE(server_.metadata);
  EXPECT_EQ(server_.metadata->width, 320u);
  EXPECT_GE(server_.streams_ended, 1u);

  const std::string played = ffmpeg.output();
  EXPECT_EQ(ffmpeg.exit_code(), 0) << played;
  EXPECT_THAT(played, HasSubstr("Video: h264"));
  EXPECT_THAT(played, HasSubstr("Audio: aac"));
  EXPECT_THAT(played, testing::Not(HasSubstr("error while decoding"))) << played;
  // What librtmp wrote is a whole FLV file that decodes without a complaint.
  Program decode(Path("decode.log"),
                 {"ffmpeg", "-hide_banner", "-v", "warning", "-i", Path("dump.flv"), "-f", "null", "-"});
  ASSERT_TRUE(server_.RunUntil([&] { return decode.done(); }));
  EXPECT_EQ(decode.exit_code(), 0) << decode.output();
  EXPECT_EQ(decode.output(), "");
}

TEST_F(RtmpInterop, RefusedPublisherIsToldWhy) {
  server_.refusal = RtmpRefusal::kDenied;
  const auto push = Push(server_.Url(kPushPath), "5");
  ASSERT_TRUE(server_.RunUntil([&] { return push->done(); }));
  EXPECT_NE(push->exit_code(), 0);
  EXPECT_THAT(push->output(), HasSubstr("the UserSig has expired"));
  ASSERT_EQ(server_.endings.size(), 1u);
  EXPECT_EQ(server_.endings[0].code, ErrorCode::kRefused);
}

}  // namespace
}  // namespace duet
