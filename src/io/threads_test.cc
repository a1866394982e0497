// The Control thread and a media worker's thread, with the real Control and Worker on them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <iterator>
#include <optional>

#include "auth/usersig.h"
#include "core/dtls/dtls_certificate.h"
#include "core/dtls/dtls_context.h"
#include "io/control_loop.h"
#include "io/worker_thread.h"

namespace duet {
namespace {

constexpr std::chrono::seconds kPatience{10};

// What one thread leaves for the test.
template <typename T>
class Inbox {
 public:
  void Put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  std::optional<T> Next() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return !values_.empty(); })) return std::nullopt;
    std::optional<T> value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

class ControlLoopTest : public testing::Test {
 protected:
  ControlLoopTest() : loop_(Config(), apps_, clock_, {&commands_}, Log()) {}
  static ControlConfig Config() {
    ControlConfig config;
    config.workers.push_back({{Endpoint{IpAddress::V4(127, 0, 0, 1), 40000}}});
    config.local_fingerprint = {"sha-256", std::vector<uint8_t>(32, 1)};
    return config;
  }
  void Start() {
    loop_.Start([this](std::vector<ControlOutput> outputs) {
      for (ControlOutput& output : outputs) outputs_.Put(std::move(output));
    });
  }
  void Push(decltype(ControlInput::what) what) { EXPECT_TRUE(loop_.Push(ControlInput{SessionId(1), std::move(what)})); }

  AppRegistry apps_;
  OsClock clock_;
  Mailbox<WorkerCommand> commands_{1};
  Inbox<ControlOutput> outputs_;
  ControlLoop loop_;
};

TEST_F(ControlLoopTest, AnswersRequests) {
  Start();
  Push(SessionOpened{});
  Push(signal::Request{signal::RequestId(int64_t{9}), signal::Ping{}});
  const auto output = outputs_.Next();
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->session, SessionId(1));
  const auto* response = std::get_if<signal::Response>(&output->what);
  ASSERT_NE(response, nullptr);
  EXPECT_EQ(response->id, signal::RequestId(int64_t{9}));
  const auto* pong = std::get_if<signal::PingResult>(&response->body);
  ASSERT_NE(pong, nullptr);
  EXPECT_NEAR(static_cast<double>(pong->unix_ms / 1000), static_cast<double>(OsClock::UnixSeconds()), 5);
}

TEST_F(ControlLoopTest, PublishesItsCounts) {
  Start();
  Push(SessionOpened{});
  WorkerCounts media;
  media.peers = 3;
  EXPECT_TRUE(loop_.Push(WorkerMail{0, media}));
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (loop_.counts().workers.peers != 3 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(loop_.counts().workers.peers, 3u);
  EXPECT_EQ(loop_.counts().sessions, 1u);
}

TEST_F(ControlLoopTest, DrainsOnce) {
  Push(SessionOpened{});
  Start();
  // The session is known before the drain, or told when it opens: the same two words either way.
  loop_.Drain();
  const auto first = outputs_.Next();
  const auto second = outputs_.Next();
  ASSERT_TRUE(first && second);
  const auto* notification = std::get_if<signal::Notification>(&first->what);
  ASSERT_NE(notification, nullptr);
  EXPECT_TRUE(std::holds_alternative<signal::Draining>(*notification));
  const auto* close = std::get_if<CloseSession>(&second->what);
  ASSERT_NE(close, nullptr);
  EXPECT_EQ(close->code, CloseCode::kDraining);
}

TEST_F(ControlLoopTest, CommandsForAFullWorkerWaitAndKeepTheirOrder) {
  const App app{1400000001, std::string(64, 'a')};
  ASSERT_TRUE(apps_.Add(app).ok());
  std::ifstream file(std::string(DUET_SOURCE_DIR) + "/tests/golden/sdp/chromium-sdk-1v1-offer.sdp");
  signal::Enter enter;
  enter.sdk_app_id = app.sdk_app_id;
  enter.user_id = "alice";
  enter.user_sig = CreateUserSig(app, "alice", OsClock::UnixSeconds(), 60);
  enter.room.value = uint32_t{1234};
  enter.offer.assign(std::istreambuf_iterator<char>(file), {});
  enter.tracks = {{"0", signal::MediaKind::kAudio, signal::StreamType::kMain, true},
                  {"1", signal::MediaKind::kVideo, signal::StreamType::kMain, true}};
  Push(SessionOpened{});
  Push(signal::Request{signal::RequestId(int64_t{1}), std::move(enter)});
  Push(signal::Request{signal::RequestId(int64_t{2}), signal::Exit{}});
  Start();
  // The mailbox holds one command at a time; the peer is made first and removed last.
  std::vector<WorkerCommand> all;
  std::vector<WorkerCommand> some;
  while (all.empty() || !std::holds_alternative<RemovePeer>(all.back())) {
    pollfd entry{commands_.fd(), POLLIN, 0};
    ASSERT_EQ(poll(&entry, 1, 10'000), 1) << "a command was lost";
    commands_.Take(some);
    ASSERT_LE(some.size(), 1u);
    for (WorkerCommand& command : some) all.push_back(std::move(command));
  }
  EXPECT_TRUE(std::holds_alternative<AddPeer>(all.front()));
  EXPECT_GT(all.size(), 2u);
}

TEST_F(ControlLoopTest, ServesItsMailboxBeforeItStops) {
  Push(SessionOpened{});
  Push(signal::Request{signal::RequestId(int64_t{1}), signal::Ping{}});
  Start();
  loop_.Stop();
  EXPECT_TRUE(outputs_.Next().has_value());
  loop_.Stop();  // does nothing
}

class WorkerThreadTest : public testing::Test {
 protected:
  void SetUp() override {
    auto certificate = DtlsCertificate::Generate();
    ASSERT_TRUE(certificate.ok());
    auto dtls = DtlsContext::Create(*certificate);
    ASSERT_TRUE(dtls.ok());
    dtls_ = std::make_unique<DtlsContext>(std::move(*dtls));
    WorkerThreadOptions options;
    options.worker.dtls = dtls_.get();
    options.socket.bind = {IpAddress::V4(127, 0, 0, 1), 0};
    options.packets = 256;
    auto opened = WorkerThread::Open(options, clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    worker_ = std::move(*opened);
  }
  static AddPeer Peer(uint64_t id) {
    AddPeer add{RoomKey(1), {}};
    add.config.id = PeerId(id);
    add.config.local_ice = {"local" + std::to_string(id), "local-password-of-24-char"};
    add.config.remote_ice = {"remote", "remote-password-of-24-chr"};
    add.config.remote_fingerprint = {"sha-256", std::vector<uint8_t>(32, 1)};
    add.config.cname = "cname";
    return add;
  }
  void Push(WorkerCommand command) { EXPECT_TRUE(worker_->commands().Push(std::move(command))); }
  // Until the worker says that it holds so many peers.
  bool WaitForPeers(uint64_t wanted) {
    while (const auto event = events_.Next()) {
      const auto* counts = std::get_if<WorkerCounts>(&*event);
      if (counts != nullptr && counts->peers == wanted) return true;
    }
    return false;
  }

  OsClock clock_;
  std::unique_ptr<DtlsContext> dtls_;
  Inbox<WorkerEvent> events_;
  std::unique_ptr<WorkerThread> worker_;
};

TEST_F(WorkerThreadTest, ObeysCommandsAndReports) {
  worker_->Start([this](WorkerEvent&& event) {
    events_.Put(std::move(event));
    return true;
  });
  Push(Peer(1));
  Push(Peer(2));
  EXPECT_TRUE(WaitForPeers(2));
  Push(RemovePeer{PeerId(1)});
  EXPECT_TRUE(WaitForPeers(1));
}

TEST_F(WorkerThreadTest, OffersEventsAgainWhenControlHasNoRoom) {
  int offers = 0;  // the worker's thread only
  worker_->Start([this, &offers](WorkerEvent&& event) {
    if (++offers <= 3) return false;
    events_.Put(std::move(event));
    return true;
  });
  Push(Peer(1));
  EXPECT_TRUE(WaitForPeers(1));
  worker_->Stop();
  EXPECT_GT(offers, 3);
}

TEST_F(WorkerThreadTest, ServesItsCommandsBeforeItStops) {
  Push(Peer(1));
  Push(RemovePeer{PeerId(1)});
  worker_->Start([](WorkerEvent&&) { return true; });
  worker_->Stop();
  std::vector<WorkerCommand> left;
  worker_->commands().Take(left);
  EXPECT_TRUE(left.empty());
  worker_->Stop();  // does nothing; the pool's CHECK sees that no packet was kept
}

}  // namespace
}  // namespace duet
