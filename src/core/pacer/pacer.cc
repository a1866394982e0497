#include "core/pacer/pacer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace duet {
namespace {

// Small enough for RTP padding alone (RFC 3550 section 5.1: 255 bytes) with its headers when a cluster is small, and
// not larger than a media packet.
constexpr size_t kMinPadding = 200;
constexpr size_t kMaxPadding = 1200;

Duration TimeFor(double bits, double bps) {
  return Duration::Micros(static_cast<int64_t>(std::ceil(bits / bps * 1e6)));
}

}  // namespace

Pacer::Pacer(PacerConfig config)
    : config_(config), target_rate_bps_(static_cast<double>(config.min_pacing_bps)), rate_bps_(target_rate_bps_) {
  DUET_CHECK(config.min_pacing_bps > 0 && config.max_packets > 0 && config.max_packets < kNone);
}

void Pacer::SetTarget(int64_t target_bps) {
  target_rate_bps_ =
      std::max(config_.pacing_factor * static_cast<double>(target_bps), static_cast<double>(config_.min_pacing_bps));
  UpdateRate();
}

void Pacer::StartProbe(Time now, const ProbeCluster& cluster) {
  DUET_CHECK(!probing() && cluster.id != 0 && cluster.rate_bps > 0);
  probe_ = Probe{.plan = cluster, .asked = now};
}

void Pacer::NoPadding() {
  if (probe_) probe_->without_padding = true;
}

// ---- packets -------------------------------------------------------------------------------------------------------

bool Pacer::TrySend(Time now, PacketClass kind, size_t size) {
  Drain(now);
  if (kind != PacketClass::kAudio) {
    for (size_t i = 0; i <= QueueOf(kind); ++i) {
      if (queues_[i].first != kNone) return false;
    }
    if (now < NextSlot()) return false;
  }
  Charge(now, size);
  return true;
}

bool Pacer::Enqueue(Time now, PacketClass kind, PacketRef packet, size_t size, uint64_t cookie) {
  DUET_CHECK(kind != PacketClass::kAudio);
  Drain(now);
  if (free_ == kNone && !Grow()) return false;
  const uint32_t index = free_;
  Node& node = nodes_[index];
  free_ = node.next;
  node = Node{.packet = std::move(packet), .cookie = cookie, .size = static_cast<uint32_t>(size)};
  Queue& queue = queues_[QueueOf(kind)];
  (queue.first == kNone ? queue.first : nodes_[queue.last].next) = index;
  queue.last = index;
  ++queued_packets_;
  queued_bytes_ += size;
  UpdateRate();
  return true;
}

std::optional<Pacer::Due> Pacer::TakeDue(Time now) {
  Drain(now);
  if (queued_packets_ == 0 || now < NextSlot()) return std::nullopt;
  const auto queue = std::find_if(queues_.begin(), queues_.end(), [](const Queue& q) { return q.first != kNone; });
  const uint32_t index = queue->first;
  Node& node = nodes_[index];
  Due due{.packet = std::move(node.packet),
          .size = node.size,
          .kind = static_cast<PacketClass>(queue - queues_.begin() + 1),
          .cookie = node.cookie};
  queue->first = std::exchange(node.next, free_);
  if (queue->first == kNone) queue->last = kNone;
  free_ = index;
  --queued_packets_;
  queued_bytes_ -= due.size;
  Charge(now, due.size);
  if (queued_packets_ == 0) {
    raised_bps_ = 0;
    UpdateRate();
  }
  return due;
}

size_t Pacer::PaddingDue(Time now) const {
  if (!WantsPadding() || now < NextSlot() || now - probe_->asked > config_.max_probe_time) return 0;
  const ProbeCluster& plan = probe_->plan;
  const auto even = static_cast<size_t>(plan.min_bytes / std::max(plan.min_packets, 1));
  return std::clamp(even, kMinPadding, kMaxPadding);
}

void Pacer::Clear() {
  while (queued_packets_ > 0) {
    for (Queue& queue : queues_) {
      if (queue.first == kNone) continue;
      Node& node = nodes_[queue.first];
      node.packet.reset();
      const uint32_t index = queue.first;
      queue.first = std::exchange(node.next, free_);
      free_ = index;
      --queued_packets_;
    }
  }
  queues_ = {};
  queued_bytes_ = 0;
  probe_.reset();
  raised_bps_ = 0;
  UpdateRate();
}

// Twice as many nodes, within the limit.
bool Pacer::Grow() {
  const size_t before = nodes_.size();
  const size_t after = std::min(std::max(before * 2, kFirstCapacity), config_.max_packets);
  if (after == before) return false;
  nodes_.resize(after);
  for (size_t i = after; i-- > before;) nodes_[i].next = std::exchange(free_, static_cast<uint32_t>(i));
  return true;
}

// ---- the bucket ----------------------------------------------------------------------------------------------------

void Pacer::Drain(Time now) {
  if (probe_ && now - probe_->asked > config_.max_probe_time) probe_.reset();
  if (now <= drained_at_) return;
  debt_bits_ = std::max(0.0, debt_bits_ - rate_bps_ * (now - drained_at_).seconds());
  drained_at_ = now;
}

Time Pacer::NextSlot() const {
  if (probe_) {
    if (probe_->packets == 0) return probe_->asked;
    return probe_->start +
           TimeFor(8.0 * static_cast<double>(probe_->bytes), static_cast<double>(probe_->plan.rate_bps));
  }
  const double burst_bits = rate_bps_ * config_.burst.seconds();
  return drained_at_ + TimeFor(std::max(0.0, debt_bits_ - burst_bits), rate_bps_);
}

void Pacer::Charge(Time now, size_t size) {
  last_probe_ = 0;
  if (!probe_) {
    // Audio above the rate must not stop the rest for good.
    const double most_bits = rate_bps_ * config_.max_queue_time.seconds();
    const double bits = 8.0 * static_cast<double>(size);
    debt_bits_ = std::min(debt_bits_ + bits, std::max(most_bits, bits));
    return;
  }
  Probe& probe = *probe_;
  if (probe.packets == 0) probe.start = now;
  ++probe.packets;
  probe.bytes += static_cast<int64_t>(size);
  last_probe_ = probe.plan.id;
  if (probe.packets >= probe.plan.min_packets && probe.bytes >= probe.plan.min_bytes) probe_.reset();
}

void Pacer::UpdateRate() {
  const double queued_bits = 8.0 * static_cast<double>(queued_bytes_);
  const double needed_bps = queued_bits / config_.max_queue_time.seconds();
  if (needed_bps > target_rate_bps_) raised_bps_ = std::max(raised_bps_, needed_bps);
  rate_bps_ = std::max(target_rate_bps_, raised_bps_);
}

Time Pacer::NextTimer() const { return queued_packets_ > 0 || WantsPadding() ? NextSlot() : Time::Never(); }

Duration Pacer::queue_time() const { return TimeFor(8.0 * static_cast<double>(queued_bytes_), rate_bps_); }

}  // namespace duet
