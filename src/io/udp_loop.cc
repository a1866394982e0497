#include "io/udp_loop.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "base/check.h"

namespace duet {
namespace {

// Batches read in one round before timers and commands get their turn.
constexpr int kMaxBatches = 8;

// Datagrams that are handled while the state for another comes in.
constexpr size_t kExpected = 2;

void Watch(int epoll_fd, int operation, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  DUET_CHECK(epoll_ctl(epoll_fd, operation, fd, &event) == 0);
}

// Milliseconds for epoll_wait, rounded up: a timer that wakes too early would spin.
int TimeoutMs(Time now, Time deadline) {
  if (deadline.is_never()) return -1;
  if (deadline <= now) return 0;
  const int64_t ms = ((deadline - now).us() + 999) / 1000;
  return static_cast<int>(std::min<int64_t>(ms, INT_MAX));
}

}  // namespace

UdpLoop::UdpLoop(UdpSocket socket, std::unique_ptr<TcpStreams> streams, PacketPool& pool, const OsClock& clock,
                 int wake_fd)
    : socket_(std::move(socket)),
      streams_(std::move(streams)),
      clock_(clock),
      wake_fd_(wake_fd),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      receiver_(socket_, pool),
      sender_(socket_),
      outbox_(pool, this) {
  DUET_CHECK(epoll_fd_ >= 0);
  Watch(epoll_fd_, EPOLL_CTL_ADD, socket_.fd(), EPOLLIN);
  Watch(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, EPOLLIN);
  Watch(epoll_fd_, EPOLL_CTL_ADD, stop_event_.fd(), EPOLLIN);
  if (streams_) Watch(epoll_fd_, EPOLL_CTL_ADD, streams_->fd(), EPOLLIN);
}

UdpLoop::~UdpLoop() { close(epoll_fd_); }

void UdpLoop::Stop() {
  stopped_.store(true, std::memory_order_release);
  stop_event_.Notify();
}

int UdpLoop::WaitForEvents(std::span<epoll_event> events, Time deadline) const {
  const auto wait = [&](int timeout_ms) {
    return epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), timeout_ms);
  };
  const Time begin = clock_.Now();
  for (Time now = begin; now - begin < busy_poll_ && now < deadline; now = clock_.Now()) {
    if (const int n = wait(0); n != 0) return n;
  }
  return wait(TimeoutMs(clock_.Now(), deadline));
}

UdpLoop::Ready UdpLoop::Wait(Time deadline) {
  if (sender_.blocked() != waits_for_writable_) {
    waits_for_writable_ = sender_.blocked();
    Watch(epoll_fd_, EPOLL_CTL_MOD, socket_.fd(), waits_for_writable_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
  std::array<epoll_event, 4> events;
  const int n = WaitForEvents(events, deadline);
  Ready ready;
  for (int i = 0; i < n; ++i) {
    if (events[i].data.fd == wake_fd_) ready.woken = true;
    if (streams_ && events[i].data.fd == streams_->fd()) ready.streams = true;
    if (events[i].data.fd != socket_.fd()) continue;
    ready.writable = (events[i].events & EPOLLOUT) != 0;
    ready.readable = (events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0;
  }
  return ready;
}

void UdpLoop::Flush() {
  if (outbox_.empty()) return;
  sender_.Send(outbox_.queued());
  if (streams_ && !outbox_.queued_for_tcp().empty()) streams_->Send(outbox_.queued_for_tcp());
  outbox_.Clear();
}

void UdpLoop::ReceiveAll(DatagramHandler& handler) {
  for (int batch = 0; batch < kMaxBatches; ++batch) {
    const size_t n = receiver_.Receive();
    const Time now = clock_.Now();
    for (size_t i = 0; i < n; ++i) {
      if (const size_t ahead = i + kExpected; ahead < n && receiver_.Peek(ahead))
        handler.Expect(receiver_.from(ahead), receiver_.Peek(ahead)->bytes());
      PacketRef packet = receiver_.Take(i);
      if (!packet) continue;
      handler.OnDatagram(now, receiver_.from(i), std::move(packet), outbox_);
      outbox_.DrainWhenFull();
    }
    handler.OnBatchEnd(now, outbox_);
    Flush();
    if (n < UdpReceiver::kBatch) return;
  }
}

void UdpLoop::ReceiveStreams(DatagramHandler& handler) {
  const Time now = clock_.Now();
  streams_->Poll(now);
  for (;;) {
    TcpStreams::Received received = streams_->Receive();
    if (!received.packet) break;
    handler.OnDatagram(now, received.from, std::move(received.packet), outbox_);
    if (received.from_stranger && handler.Knows(received.from)) streams_->Trust(received.from);
    outbox_.DrainWhenFull();
  }
  handler.OnBatchEnd(now, outbox_);
  Flush();
}

void UdpLoop::TendStreams(Time now, DatagramHandler& handler) {
  streams_->OnTimer(now, handler);
  while (const std::optional<Endpoint> ended = streams_->TakeEnded()) handler.OnConnectionEnded(now, *ended);
}

void UdpLoop::Run(DatagramHandler& handler) {
  bool last_round = false;
  while (!last_round) {
    // Read before the wait and the work, so that the round after Stop serves what was asked for before it.
    last_round = stopped_.load(std::memory_order_acquire);
    const Time timer = streams_ ? std::min(handler.NextTimer(), streams_->NextTimer()) : handler.NextTimer();
    const Ready ready = Wait(last_round ? Time::LongAgo() : timer);
    if (ready.writable) sender_.OnWritable();
    if (ready.woken) handler.OnWake(clock_.Now(), outbox_);
    if (ready.readable) ReceiveAll(handler);
    if (ready.streams) ReceiveStreams(handler);
    const Time now = clock_.Now();
    if (handler.NextTimer() <= now) handler.OnTimer(now, outbox_);
    Flush();
    if (streams_) TendStreams(now, handler);
    handler.OnRoundEnd(now);
  }
}

}  // namespace duet
