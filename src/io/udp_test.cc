// Sockets, receiver, sender and loop over the real loopback interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <string>
#include <thread>

#include "core/srtp/counting_allocator.h"
#include "io/tcp_test_client.h"
#include "io/udp_loop.h"

namespace duet {
namespace {

const IpAddress kLoopback = IpAddress::V4(127, 0, 0, 1);

UdpSocket Open(Endpoint bind = {IpAddress{}, 0}) {
  auto socket = UdpSocket::Open({bind});
  DUET_CHECK(socket.ok());
  return std::move(*socket);
}
Endpoint AtLoopback(const UdpSocket& socket) { return {kLoopback, socket.local().port}; }

bool Readable(const UdpSocket& socket) {
  pollfd entry{socket.fd(), POLLIN, 0};
  return poll(&entry, 1, 10'000) == 1;
}

// The texts of the next `count` datagrams.
std::vector<std::string> Read(const UdpSocket& socket, size_t count) {
  std::vector<std::string> texts;
  while (texts.size() < count && Readable(socket)) {
    char text[2048];
    const ssize_t n = recv(socket.fd(), text, sizeof(text), MSG_DONTWAIT);
    if (n >= 0) texts.emplace_back(text, static_cast<size_t>(n));
  }
  return texts;
}

TEST(UdpSocket, DualStackShowsIpv4AsMapped) {
  const UdpSocket a = Open();
  const UdpSocket b = Open({kLoopback, 0});
  EXPECT_FALSE(b.is_v6());
  EXPECT_GT(a.local().port, 0);
  EXPECT_GT(a.receive_buffer_bytes(), 0);
  sockaddr_storage to{};
  socklen_t length = 0;
  ASSERT_TRUE(ToSockaddr(AtLoopback(a), b.is_v6(), to, length));
  ASSERT_EQ(sendto(b.fd(), "x", 1, 0, reinterpret_cast<sockaddr*>(&to), length), 1);
  PacketPool pool(64);
  UdpReceiver receiver(a, pool);
  ASSERT_TRUE(Readable(a));
  ASSERT_EQ(receiver.Receive(), 1u);
  EXPECT_EQ(receiver.from(0), AtLoopback(b));
  EXPECT_EQ(AsText(receiver.Take(0)->bytes()), "x");
}

TEST(UdpSocket, BusyPortIsSaidInWords) {
  const UdpSocket first = Open({kLoopback, 0});
  const auto second = UdpSocket::Open({first.local()});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(second.error().message, "UDP " + first.local().ToString() + " is already in use");
}

TEST(UdpSocket, ForeignAddressIsSaidInWords) {
  const auto socket = UdpSocket::Open({{IpAddress::V4(198, 51, 100, 77), 0}});
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().code, ErrorCode::kNotFound);
}

TEST(UdpSocket, SockaddrsGoBothWays) {
  for (const Endpoint& endpoint : {Endpoint{kLoopback, 7}, Endpoint{*IpAddress::Parse("2001:db8::1"), 65535}}) {
    sockaddr_storage address{};
    socklen_t length = 0;
    ASSERT_TRUE(ToSockaddr(endpoint, true, address, length));
    EXPECT_EQ(FromSockaddr(address), endpoint);
    ASSERT_EQ(ToSockaddr(endpoint, false, address, length), endpoint.ip.is_v4());
    if (endpoint.ip.is_v4()) {
      EXPECT_EQ(FromSockaddr(address), endpoint);
    }
  }
}

class UdpSenderTest : public testing::Test {
 protected:
  void Queue(const UdpSocket& to, const std::string& text) { QueueTo(AtLoopback(to), text); }
  void QueueTo(const Endpoint& to, const std::string& text) { ASSERT_TRUE(out_.SendCopy(to, AsBytes(text))); }
  void Send(UdpSender& sender) {
    sender.Send(out_.queued());
    out_.Clear();
  }

  PacketPool pool_{5000};
  Outbox out_{pool_};
  UdpSocket from_ = Open();
  UdpSocket a_ = Open({kLoopback, 0});
  UdpSocket b_ = Open({kLoopback, 0});
};

TEST_F(UdpSenderTest, KeepsTheOrderOfEachDestination) {
  UdpSender sender(from_);
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) {
    const std::string text = std::to_string(i) + std::string(static_cast<size_t>(i % 7), '.');
    Queue(a_, text);
    Queue(b_, text);
    expected.push_back(text);
  }
  Send(sender);
  EXPECT_EQ(Read(a_, 100), expected);
  EXPECT_EQ(Read(b_, 100), expected);
  EXPECT_EQ(sender.counters().packets, 200u);
  EXPECT_EQ(sender.counters().calls, 1u);
  EXPECT_EQ(pool_.in_use(), 0u);
}

TEST_F(UdpSenderTest, EqualSizesLeaveAsOneMessagePerDestination) {
  if (!from_.has_segmentation()) GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
  UdpSender sender(from_);
  // Interleaved as a fan-out makes them: 20 packets of 1000 bytes and a short last one, to both.
  std::vector<std::string> expected;
  for (int i = 0; i <= 20; ++i) {
    expected.push_back(std::string(i < 20 ? 1000 : 17, static_cast<char>('a' + i)));
    Queue(a_, expected.back());
    Queue(b_, expected.back());
  }
  Send(sender);
  EXPECT_EQ(sender.counters().calls, 1u);
  EXPECT_EQ(sender.counters().segmented_packets, 42u);
  EXPECT_EQ(sender.counters().bytes, 2u * (20 * 1000 + 17));
  EXPECT_EQ(Read(a_, 21), expected);
  EXPECT_EQ(Read(b_, 21), expected);
}

TEST_F(UdpSenderTest, RunsEndAtTheKernelsLimits) {
  if (!from_.has_segmentation()) GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
  UdpSender sender(from_);
  std::vector<std::string> expected;
  for (int i = 0; i < 130; ++i) expected.push_back(std::to_string(1000 + i));                      // > 64 segments
  for (int i = 0; i < 60; ++i) expected.push_back(std::string(1500, static_cast<char>('0' + i)));  // > 64 KB
  expected.push_back("");  // cannot be a segment
  expected.push_back("end");
  for (const auto& text : expected) Queue(a_, text);
  Send(sender);
  EXPECT_EQ(Read(a_, expected.size()), expected);
  EXPECT_EQ(sender.counters().dropped_error, 0u);
}

TEST_F(UdpSenderTest, GoesOnWithoutSegmentsWhenTheKernelRefusesThem) {
  if (!from_.has_segmentation()) GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
  const int yes = 1;  // a socket without checksums cannot segment: EIO
  ASSERT_EQ(setsockopt(from_.fd(), SOL_SOCKET, SO_NO_CHECK, &yes, sizeof(yes)), 0);
  UdpSender sender(from_);
  std::vector<std::string> expected;
  for (int i = 0; i < 10; ++i) {
    expected.push_back("packet " + std::to_string(i));
    Queue(a_, expected.back());
  }
  Send(sender);
  EXPECT_EQ(Read(a_, 10), expected);
  EXPECT_EQ(sender.max_segment_bytes(), 0u);
  EXPECT_EQ(sender.counters().segmented_packets, 0u);
  EXPECT_EQ(sender.counters().dropped_error, 0u);
}

// A stand-in for sendmmsg with a script: each entry is what the next call does.
struct Script {
  static constexpr int kPass = -1;            // to the kernel
  static inline std::vector<int> steps;       // kPass, or the errno to fail with
  static inline int pass_messages = INT_MAX;  // how many messages a call takes at most
  static int Call(int fd, mmsghdr* messages, unsigned count, int flags) {
    int step = kPass;
    if (!steps.empty()) {
      step = steps.front();
      steps.erase(steps.begin());
    }
    if (step == kPass)
      return sendmmsg(fd, messages, std::min<unsigned>(count, static_cast<unsigned>(pass_messages)), flags);
    errno = step;
    return -1;
  }
  static void Set(std::vector<int> script, int messages = INT_MAX) {
    steps = std::move(script);
    pass_messages = messages;
  }
};

TEST_F(UdpSenderTest, TooLargeSegmentsAreTriedSmallerLater) {
  if (!from_.has_segmentation()) GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
  Script::Set({EINVAL});
  UdpSender sender(from_, &Script::Call);
  for (int i = 0; i < 4; ++i) Queue(a_, std::string(1400, 'x'));
  Send(sender);
  EXPECT_EQ(Read(a_, 4).size(), 4u);
  EXPECT_EQ(sender.max_segment_bytes(), 1399u);
  EXPECT_EQ(sender.counters().segmented_packets, 0u);
  for (int i = 0; i < 4; ++i) Queue(a_, std::string(1200, 'x'));
  Send(sender);
  EXPECT_EQ(Read(a_, 4).size(), 4u);
  EXPECT_EQ(sender.counters().segmented_packets, 4u);
}

TEST_F(UdpSenderTest, FullSocketMakesThemWaitInOrder) {
  Script::Set({Script::kPass, EAGAIN}, 1);  // one message goes, then the socket is full
  UdpSender sender(from_, &Script::Call);
  Queue(a_, "1");
  Queue(b_, "1");
  Queue(a_, "twenty-two");
  Send(sender);
  EXPECT_TRUE(sender.blocked());
  Queue(a_, "3");  // must not overtake
  Send(sender);
  Script::Set({});
  sender.OnWritable();
  EXPECT_FALSE(sender.blocked());
  EXPECT_EQ(Read(a_, 3), (std::vector<std::string>{"1", "twenty-two", "3"}));
  EXPECT_EQ(Read(b_, 1), (std::vector<std::string>{"1"}));
  EXPECT_EQ(sender.counters().blocked, 1u);
  EXPECT_EQ(pool_.in_use(), 0u);
}

TEST_F(UdpSenderTest, BacklogIsBoundedAndDropsAreCounted) {
  Script::Set({EAGAIN});
  UdpSender sender(from_, &Script::Call);
  for (size_t i = 0; i < UdpSender::kMaxBacklog + 10; ++i) Queue(a_, "x");
  Send(sender);
  EXPECT_EQ(sender.counters().dropped_backlog, UdpSender::kRoomMade);
  const size_t waiting = UdpSender::kMaxBacklog + 10 - UdpSender::kRoomMade;
  EXPECT_EQ(pool_.in_use(), waiting);
  Script::Set({});
  sender.OnWritable();
  EXPECT_EQ(sender.counters().packets, waiting);
  EXPECT_EQ(pool_.in_use(), 0u);
}

TEST_F(UdpSenderTest, OldPicturesMakeRoomForSoundAndForNewPictures) {
  Script::Set({EAGAIN});
  UdpSender sender(from_, &Script::Call);
  const std::string picture(1000, 'p');
  Queue(a_, "sound");
  for (size_t i = 1; i < UdpSender::kMaxBacklog; ++i) Queue(b_, picture);
  Queue(a_, "more sound");
  Queue(a_, "newest");
  Send(sender);
  EXPECT_EQ(sender.counters().dropped_backlog, UdpSender::kRoomMade);
  Script::Set({});
  sender.OnWritable();
  EXPECT_EQ(Read(a_, 3), (std::vector<std::string>{"sound", "more sound", "newest"}));
  EXPECT_EQ(sender.counters().packets, UdpSender::kMaxBacklog + 2 - UdpSender::kRoomMade);
}

TEST_F(UdpSenderTest, OneBadDestinationHarmsNobodyElse) {
  Script::Set({ECONNREFUSED, EINTR});
  UdpSender sender(from_, &Script::Call);
  QueueTo({kLoopback, 9}, "refused");
  QueueTo({kLoopback, 0}, "port zero");
  Queue(a_, "good");
  Send(sender);
  EXPECT_EQ(Read(a_, 1), (std::vector<std::string>{"good"}));
  EXPECT_EQ(sender.counters().dropped_error, 2u);
  EXPECT_EQ(sender.counters().packets, 1u);
}

TEST_F(UdpSenderTest, Ipv6DestinationOnAnIpv4SocketIsADrop) {
  UdpSender sender(b_);
  QueueTo({*IpAddress::Parse("::1"), 5000}, "x");
  Queue(a_, "good");
  Send(sender);
  EXPECT_EQ(Read(a_, 1), (std::vector<std::string>{"good"}));
  EXPECT_EQ(sender.counters().dropped_error, 1u);
}

TEST(UdpReceiver, ThrowsAwayWithoutAFreeSlot) {
  PacketPool pool(1);
  const UdpSocket socket = Open({kLoopback, 0});
  const UdpSocket from = Open({kLoopback, 0});
  sockaddr_storage to{};
  socklen_t length = 0;
  ToSockaddr(socket.local(), false, to, length);
  const auto send = [&](size_t size) {
    const std::string text(size, 'x');
    ASSERT_EQ(sendto(from.fd(), text.data(), size, 0, reinterpret_cast<sockaddr*>(&to), length),
              static_cast<ssize_t>(size));
    ASSERT_TRUE(Readable(socket));
  };
  UdpReceiver receiver(socket, pool);
  send(10);
  ASSERT_EQ(receiver.Receive(), 1u);
  PacketRef held = receiver.Take(0);
  send(10);
  EXPECT_EQ(receiver.Receive(), 1u);
  EXPECT_FALSE(receiver.Take(0));
  EXPECT_EQ(receiver.counters().dropped_pool_empty, 1u);
  held.reset();
  send(3000);
  EXPECT_EQ(receiver.Receive(), 1u);
  EXPECT_FALSE(receiver.Take(0));
  EXPECT_EQ(receiver.counters().dropped_truncated, 1u);
  send(10);
  EXPECT_EQ(receiver.Receive(), 1u);
  EXPECT_TRUE(receiver.Take(0));
}

// Sends every datagram back, ten times when it starts with '*'.
class Echo : public DatagramHandler {
 public:
  explicit Echo(Mailbox<Transmit>& box) : box_(box) {}
  void OnDatagram(Time now, const Endpoint& from, PacketRef packet, Outbox& out) override {
    EXPECT_GE(now, last_);
    last_ = now;
    const int times = AsText(packet->bytes()).starts_with('*') ? 10 : 1;
    for (int i = 0; i < times; ++i) out.Send(from, packet);
    if (++datagrams_ == warm_up_) at_warm_up_ = counting::allocations;
    allocated_ = counting::allocations - at_warm_up_;
  }
  bool Knows(const Endpoint&) const override { return true; }
  void OnConnectionEnded(Time, const Endpoint&) override {
    connection_ended = true;
    connection_ended.notify_all();
  }
  void OnWake(Time, Outbox& out) override {
    box_.Take(taken_);
    for (const Transmit& word : taken_) out.SendCopy(word.to, AsBytes("woken"));
  }
  void OnTimer(Time now, Outbox& out) override {
    EXPECT_LE(timer_, now);
    timer_ = Time::Never();
    out.SendCopy(timer_to_, AsBytes("timer"));
  }
  Time NextTimer() const override { return timer_; }
  void OnRoundEnd(Time) override {}

  void SetTimer(Time at, Endpoint to) {
    timer_ = at;
    timer_to_ = to;
  }
  size_t allocated_after_warm_up() const { return allocated_; }
  void set_warm_up(size_t datagrams) { warm_up_ = datagrams; }
  std::atomic<bool> connection_ended = false;

 private:
  Mailbox<Transmit>& box_;
  std::vector<Transmit> taken_;
  Time last_ = Time::LongAgo();
  Time timer_ = Time::Never();
  Endpoint timer_to_;
  size_t datagrams_ = 0;
  size_t warm_up_ = 0;
  size_t at_warm_up_ = 0;
  size_t allocated_ = 0;
};

class UdpLoopTest : public testing::Test {
 protected:
  void Start() {
    thread_ = std::thread([this] { loop_.Run(echo_); });
  }
  void Stop() {
    loop_.Stop();
    if (thread_.joinable()) thread_.join();
  }
  void TearDown() override { Stop(); }
  void SendToLoop(const std::string& text) {
    sockaddr_storage to{};
    socklen_t length = 0;
    ToSockaddr(AtLoopback(loop_.socket()), false, to, length);
    ASSERT_EQ(sendto(client_.fd(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&to), length),
              static_cast<ssize_t>(text.size()));
  }
  // Runs the loop until a timer has fired after 100 ms. Microseconds of CPU that it took.
  int64_t CpuUntilATimer() {
    echo_.SetTimer(clock_.Now() + Duration::Millis(100), client_.local());
    std::thread stopper([this] {
      Read(client_, 1);
      loop_.Stop();
    });
    const auto cpu_us = [] {
      timespec at{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
      return at.tv_sec * 1'000'000 + at.tv_nsec / 1000;
    };
    const int64_t before = cpu_us();
    loop_.Run(echo_);
    const int64_t taken = cpu_us() - before;
    stopper.join();
    return taken;
  }

  OsClock clock_;
  PacketPool pool_{2000};
  Mailbox<Transmit> box_{16};
  Echo echo_{box_};
  UdpSocket client_ = Open({kLoopback, 0});
  UdpLoop loop_{Open(), nullptr, pool_, clock_, box_.fd()};
  std::thread thread_;
};

TEST_F(UdpLoopTest, HandsOverAndSends) {
  Start();
  SendToLoop("one");
  EXPECT_EQ(Read(client_, 1), (std::vector<std::string>{"one"}));
  SendToLoop("*ten");
  EXPECT_EQ(Read(client_, 10), std::vector<std::string>(10, "*ten"));
  Stop();
  EXPECT_EQ(loop_.received().packets, 2u);
  EXPECT_EQ(loop_.sent().packets, 11u);
}

TEST_F(UdpLoopTest, FiresTimersAndServesWakes) {
  echo_.SetTimer(clock_.Now() + Duration::Millis(3), client_.local());
  Start();
  EXPECT_EQ(Read(client_, 1), (std::vector<std::string>{"timer"}));
  box_.Push({client_.local(), PacketRef()});
  EXPECT_EQ(Read(client_, 1), (std::vector<std::string>{"woken"}));
}

TEST_F(UdpLoopTest, SleepsUntilSomethingIsDue) { EXPECT_LT(CpuUntilATimer(), 10'000); }

TEST_F(UdpLoopTest, LooksForMoreInsteadOfSleepingWhereItIsToldTo) {
  loop_.SetBusyPoll(Duration::Millis(200));
  EXPECT_GT(CpuUntilATimer(), 10'000);
}

TEST_F(UdpLoopTest, ServesAllWhileItLooksForMoreInsteadOfSleeping) {
  loop_.SetBusyPoll(Duration::Millis(2));
  echo_.SetTimer(clock_.Now() + Duration::Millis(5), client_.local());  // after the first sleep
  Start();
  EXPECT_EQ(Read(client_, 1), (std::vector<std::string>{"timer"}));
  SendToLoop("one");
  EXPECT_EQ(Read(client_, 1), (std::vector<std::string>{"one"}));
  box_.Push({client_.local(), PacketRef()});
  EXPECT_EQ(Read(client_, 1), (std::vector<std::string>{"woken"}));
}

TEST_F(UdpLoopTest, ServesWhatWasAskedBeforeStop) {
  box_.Push({client_.local(), PacketRef()});
  loop_.Stop();
  loop_.Run(echo_);
  EXPECT_EQ(Read(client_, 1), (std::vector<std::string>{"woken"}));
}

TEST_F(UdpLoopTest, AllocatesNothingPerPacket) {
  constexpr size_t kWarmUp = 200;
  echo_.set_warm_up(kWarmUp);
  Start();
  for (size_t i = 0; i < 10 * kWarmUp; ++i) {
    SendToLoop("*" + std::string(i % 1000, 'x'));
    ASSERT_EQ(Read(client_, 10).size(), 10u);
  }
  Stop();
  EXPECT_EQ(loop_.received().packets, 10 * kWarmUp);
  EXPECT_EQ(echo_.allocated_after_warm_up(), 0u);
}

TEST_F(UdpLoopTest, ServesTcpBesideAndAllocatesNothingPerPacket) {
  constexpr size_t kWarmUp = 100;
  echo_.set_warm_up(kWarmUp);
  auto listener = TcpStreams::Listen({kLoopback, 0});
  ASSERT_TRUE(listener.ok());
  const Endpoint server = listener->local;
  UdpLoop loop(Open(), std::make_unique<TcpStreams>(std::move(*listener), TcpStreamsOptions{}, pool_), pool_, clock_,
               box_.fd());
  std::thread thread([&] { loop.Run(echo_); });
  {
    tcp_test::Client client(server);
    const std::string hello = tcp_test::Stun("hello");
    client.Write(tcp_test::Frame(hello));
    EXPECT_EQ(client.Read(1), std::vector{hello});
    for (size_t i = 0; i < 10 * kWarmUp; ++i) {
      const std::string text = tcp_test::Media(13 + i % 1500);
      client.Write(tcp_test::Frame(text));
      ASSERT_EQ(client.Read(1), std::vector{text});
    }
    box_.Push({client_.local(), PacketRef()});
    EXPECT_EQ(Read(client_, 1), (std::vector<std::string>{"woken"}));
  }
  echo_.connection_ended.wait(false);
  loop.Stop();
  thread.join();
  EXPECT_EQ(echo_.allocated_after_warm_up(), 0u);
  EXPECT_EQ(loop.streams()->counters().packets_received, 10 * kWarmUp + 1);
  EXPECT_EQ(loop.streams()->counters().connections, 0u);
}

}  // namespace
}  // namespace duet
