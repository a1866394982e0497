#include "core/nack/nack_generator.h"

#include <algorithm>

namespace duet {

NackGenerator::NackGenerator() { missing_.reserve(kMaxMissing); }

bool NackGenerator::Received(int64_t seq) const {
  const uint64_t bit = static_cast<uint64_t>(seq) % kWindow;
  return (received_[bit / 64] >> (bit % 64)) & 1;
}

void NackGenerator::Mark(int64_t seq, bool received) {
  const uint64_t bit = static_cast<uint64_t>(seq) % kWindow;
  const uint64_t mask = uint64_t{1} << (bit % 64);
  if (received) {
    received_[bit / 64] |= mask;
  } else {
    received_[bit / 64] &= ~mask;
  }
}

NackGenerator::Arrival NackGenerator::OnPacket(Time now, int64_t seq) {
  if (started_ && seq <= highest_) return OnOlder(seq);
  if (!started_) highest_ = seq - 1;
  started_ = true;
  Advance(now, seq);
  return Arrival::kNew;
}

// Makes `seq` the highest: what lies between is missing from now on.
void NackGenerator::Advance(Time now, int64_t seq) {
  const int64_t first_gap = highest_ + 1;
  for (int64_t gap = std::max(first_gap, seq - kWindow + 1); gap < seq; ++gap) Mark(gap, false);
  Mark(seq, true);
  highest_ = seq;
  ++newer_seen_;

  const int64_t lost = seq - first_gap;
  const bool outage = lost >= kOutagePackets && now - highest_at_ >= kOutage;
  highest_at_ = now;
  if (outage || lost > kMaxGap || missing_.size() + static_cast<size_t>(lost) > kMaxMissing) {
    Forget(now);
    return;
  }
  const Time patience_ends = now + kReorderTime;
  for (int64_t gap = first_gap; gap < seq; ++gap) {
    missing_.push_back(
        {.seq = gap, .since = now, .next_try = patience_ends, .seen_after = newer_seen_ + kReorderPackets - 1});
  }
  if (lost > 0) next_timer_ = std::min(next_timer_, patience_ends);
  // Those that wait for reordering stand at the end; the older of them are ripe first.
  for (auto m = missing_.rbegin(); m != missing_.rend() && m->tries == 0 && m->next_try > now; ++m) {
    if (newer_seen_ < m->seen_after) continue;
    m->next_try = now;
    next_timer_ = std::min(next_timer_, now);
  }
}

NackGenerator::Arrival NackGenerator::OnOlder(int64_t seq) {
  if (seq <= highest_ - kWindow || Received(seq)) return Arrival::kDuplicate;
  Mark(seq, true);
  const auto found =
      std::lower_bound(missing_.begin(), missing_.end(), seq, [](const Missing& m, int64_t s) { return m.seq < s; });
  if (found == missing_.end() || found->seq != seq) return Arrival::kLate;
  const bool asked = found->tries > 0;
  missing_.erase(found);
  if (missing_.empty()) next_timer_ = Time::Never();
  return asked ? Arrival::kRecovered : Arrival::kLate;
}

void NackGenerator::OnKeyframe(int64_t seq) {
  std::erase_if(missing_, [&](const Missing& m) { return m.seq < seq; });
  if (missing_.empty()) next_timer_ = Time::Never();
}

void NackGenerator::Forget(Time now) {
  missing_.clear();
  given_up_ = true;
  next_timer_ = now;
}

size_t NackGenerator::Due(Time now, Duration rtt, std::span<uint16_t> out) {
  if (now < next_timer_) return 0;
  const Duration retry = std::clamp(rtt + rtt / 4, kMinRetry, kMaxRetry);
  const Duration eager = std::clamp(rtt * 5 / 8, kMinRetry, kMaxRetry);
  size_t count = 0;
  next_timer_ = Time::Never();
  const auto hopeless = [&](Missing& m) {
    const bool ripe = now >= m.next_try;
    if (now - m.since >= kMaxAge || (ripe && m.tries >= kMaxTries)) return true;
    if (ripe && count < out.size()) {
      out[count++] = static_cast<uint16_t>(m.seq);
      ++m.tries;
      m.next_try = now + (m.tries > kPatientTries ? eager : retry);
    }
    next_timer_ = std::min({next_timer_, m.next_try, m.since + kMaxAge});
    return false;
  };
  // One pass in order, by hand: std::erase_if promises neither the order nor that it asks only once.
  auto kept = missing_.begin();
  for (Missing& m : missing_) {
    if (!hopeless(m)) *kept++ = m;
  }
  if (kept != missing_.end()) given_up_ = true;
  missing_.erase(kept, missing_.end());
  return count;
}

bool NackGenerator::TakeGivenUp() {
  const bool given_up = given_up_;
  given_up_ = false;
  return given_up;
}

}  // namespace duet
