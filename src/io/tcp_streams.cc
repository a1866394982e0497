#include "io/tcp_streams.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "wire/demux.h"

namespace duet {
namespace {

constexpr Duration kSweepInterval = Duration::Seconds(1);
constexpr int kListenBacklog = 128;

}  // namespace

Result<BoundSocket> TcpStreams::Listen(Endpoint bind) {
  bind.transport = Transport::kTcp;
  Result<BoundSocket> listener = OpenBoundSocket(bind);
  // Two sockets may have the same port until one of them listens.
  if (listener.ok() && listen(listener->fd.get(), kListenBacklog) != 0)
    return Error{ErrorCode::kUnavailable, "TCP " + Endpoint{bind.ip, bind.port}.ToString() + " is already in use"};
  return listener;
}

TcpStreams::TcpStreams(BoundSocket listener, const TcpStreamsOptions& options, PacketPool& pool)
    : listener_(std::move(listener)), options_(options), pool_(pool), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  DUET_CHECK(epoll_);
  readable_.reserve(kMaxEvents);
  Watch(EPOLL_CTL_ADD, listener_.fd.get(), EPOLLIN, nullptr);
}

TcpStreams::~TcpStreams() = default;

void TcpStreams::Watch(int operation, int fd, uint32_t events, Entry* entry) const {
  epoll_event event{};
  event.events = events;
  event.data.ptr = entry;
  DUET_CHECK(epoll_ctl(epoll_.get(), operation, fd, &event) == 0);
}

// ---- connections that come

void TcpStreams::AcceptAll(Time now) {
  for (size_t i = 0; i < kMaxEvents; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    OwnedFd fd(
        accept4(listener_.fd.get(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      // Out of descriptors or memory: the listener stays readable, and asking again at once would take all the time.
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) PauseListening(now);
      if (errno == ECONNABORTED || errno == EINTR) continue;
      return;
    }
    Endpoint remote = FromSockaddr(address);
    remote.transport = Transport::kTcp;
    Admit(now, std::move(fd), remote);
  }
}

void TcpStreams::Admit(Time now, OwnedFd fd, const Endpoint& remote) {
  const auto same_address = per_address_.find(remote.ip);
  const bool many = same_address != per_address_.end() && same_address->second >= options_.max_connections_per_address;
  // A remote can connect from one port to two addresses of ours. One is enough, and tells us where it is.
  if (many || entries_.size() >= options_.max_connections || entries_.Contains(remote)) {
    ++counters_.refused;
    return;
  }
  auto entry = std::unique_ptr<Entry>(new Entry{{std::move(fd), remote, options_.silence}, now, now});
  Watch(EPOLL_CTL_ADD, entry->connection.fd(), EPOLLIN, entry.get());
  entries_.Insert(remote, std::move(entry));
  ++per_address_[remote.ip];
  ++counters_.accepted;
  counters_.connections = entries_.size();
  to_write_.reserve(entries_.size());
  ended_.reserve(entries_.size());
  if (next_sweep_.is_never()) next_sweep_ = now + kSweepInterval;
}

void TcpStreams::PauseListening(Time now) {
  Watch(EPOLL_CTL_DEL, listener_.fd.get(), 0, nullptr);
  listening_ = false;
  next_sweep_ = std::min(next_sweep_, now + kSweepInterval);
}

// ---- what arrives

void TcpStreams::Poll(Time now) {
  now_ = now;
  std::array<epoll_event, kMaxEvents> events;
  const int n = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < n; ++i) {
    auto* entry = static_cast<Entry*>(events[i].data.ptr);
    if (entry == nullptr) {
      AcceptAll(now);
      continue;
    }
    if ((events[i].events & EPOLLOUT) != 0) Write(*entry);
    if ((events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) readable_.push_back(entry);
  }
}

void TcpStreams::StartReading() {
  reading_ = readable_.back();
  readable_.pop_back();
  const size_t queued = reading_->connection.queued();
  unread_ = reading_->connection.Read(read_buffer_);
  Settle(*reading_, queued);
  if (!unread_.empty()) reading_->heard = now_;
  counters_.bytes_received += unread_.size();
}

TcpStreams::Received TcpStreams::Receive() {
  for (;; reading_ = nullptr) {
    if (reading_ == nullptr) {
      if (readable_.empty()) return {};
      StartReading();
    }
    TcpConnection& connection = reading_->connection;
    while (!connection.ended()) {
      const std::optional<Bytes> frame = connection.frames().Next(unread_);
      const bool nonsense =
          frame ? !reading_->trusted && Classify(*frame) != DatagramKind::kStun : connection.frames().broken();
      if (nonsense) {
        counters_.drops.Add(Drop::kMalformed);
        End(*reading_);
      }
      if (nonsense || !frame) break;
      PacketRef packet = pool_.Copy(*frame);
      if (!packet) {
        counters_.drops.Add(Drop::kPoolEmpty);
        continue;
      }
      ++counters_.packets_received;
      return {std::move(packet), connection.remote(), !reading_->trusted};
    }
  }
}

void TcpStreams::Trust(const Endpoint& remote) {
  std::unique_ptr<Entry>* entry = entries_.Find(remote);
  if (entry != nullptr) (*entry)->trusted = true;
}

// ---- what leaves

void TcpStreams::Send(std::span<const Transmit> batch) {
  Entry* entry = nullptr;
  for (const Transmit& transmit : batch) {
    if (entry == nullptr || entry->connection.remote() != transmit.to) {
      std::unique_ptr<Entry>* found = entries_.Find(transmit.to);
      entry = found != nullptr ? found->get() : nullptr;
    }
    if (entry == nullptr || entry->connection.ended()) {
      counters_.drops.Add(Drop::kNoConnection);
      continue;
    }
    TcpConnection& connection = entry->connection;
    bool queued = !(connection.blocked() && queued_ >= kMaxQueuedInAll) && connection.Enqueue(transmit.packet);
    if (!queued && !connection.blocked()) {  // a large batch: only what the kernel does not take has to wait
      Write(*entry);
      queued = !connection.ended() && connection.Enqueue(transmit.packet);
    }
    if (!queued) {
      counters_.drops.Add(Drop::kQueueFull);
      continue;
    }
    ++queued_;
    if (!std::exchange(entry->to_write, true)) to_write_.push_back(entry);
  }
  for (Entry* waiting : to_write_) {
    waiting->to_write = false;
    if (!waiting->connection.blocked()) Write(*waiting);
  }
  to_write_.clear();
}

void TcpStreams::Write(Entry& entry) {
  TcpConnection& connection = entry.connection;
  if (connection.ended()) return;
  const size_t queued = connection.queued();
  counters_.packets_sent += connection.Write();
  Settle(entry, queued);
  if (connection.ended() || connection.blocked() == entry.watched_for_writing) return;
  entry.watched_for_writing = connection.blocked();
  Watch(EPOLL_CTL_MOD, connection.fd(), entry.watched_for_writing ? EPOLLIN | EPOLLOUT : EPOLLIN, &entry);
}

// ---- connections that go

void TcpStreams::End(Entry& entry) {
  const size_t queued = entry.connection.queued();
  entry.connection.End();
  Settle(entry, queued);
}

void TcpStreams::Settle(Entry& entry, size_t queued_before) {
  queued_ -= queued_before - entry.connection.queued();
  if (entry.connection.ended() && !std::exchange(entry.noted, true)) ended_.push_back(entry.connection.remote());
}

void TcpStreams::OnTimer(Time now, const DatagramHandler& handler) {
  if (now < next_sweep_) return;
  if (!listening_) Watch(EPOLL_CTL_ADD, listener_.fd.get(), EPOLLIN, nullptr);
  listening_ = true;
  entries_.ForEach([&](const Endpoint& remote, const std::unique_ptr<Entry>& entry) {
    entry->trusted = handler.Knows(remote);
    if (entry->trusted) entry->known = now;
    if (now - entry->known >= kProofTime || now - entry->heard >= options_.silence) End(*entry);
  });
  next_sweep_ = entries_.empty() ? Time::Never() : now + kSweepInterval;
}

std::optional<Endpoint> TcpStreams::TakeEnded() {
  DUET_DCHECK(reading_ == nullptr && readable_.empty() && to_write_.empty());
  if (ended_.empty()) return std::nullopt;
  const Endpoint remote = ended_.back();
  ended_.pop_back();
  entries_.Erase(remote);
  const auto same_address = per_address_.find(remote.ip);
  if (--same_address->second == 0) per_address_.erase(same_address);
  counters_.connections = entries_.size();
  return remote;
}

}  // namespace duet
