#include "bridge/h264_depacketizer.h"

#include <algorithm>
#include <utility>

#include "wire/avc.h"

namespace duet {

H264Depacketizer::H264Depacketizer() : slots_(kPackets) {}

const H264Depacketizer::Slot* H264Depacketizer::Find(int64_t seq) const {
  const Slot& slot = slots_[static_cast<size_t>(seq) & (kPackets - 1)];
  return slot.seq == seq ? &slot : nullptr;
}

void H264Depacketizer::Push(Time now, int64_t seq, uint32_t timestamp, bool marker, Bytes payload) {
  if (seq < 0 || payload.size() > kMaxBytes) return;
  if (running_ && seq < next_) return;  // its picture is gone
  if (highest_ >= 0 && seq <= highest_ - static_cast<int64_t>(kPackets)) return;
  if (Find(seq) != nullptr) return;
  Slot& slot = slots_[static_cast<size_t>(seq) & (kPackets - 1)];
  slot.seq = seq;
  slot.timestamp = timestamp;
  slot.marker = marker;
  const H264PayloadInfo info = ParseH264Payload(payload);
  slot.starts_keyframe = info.starts_keyframe;
  slot.has_sps = info.has(H264Nal::kSps);
  slot.arrived = now;
  slot.payload.assign(payload.begin(), payload.end());
  highest_ = std::max(highest_, seq);
  // So many that what is needed next has been overwritten.
  if (running_ && highest_ - next_ >= static_cast<int64_t>(kPackets)) GiveUp(now);
}

bool H264Depacketizer::TakeKeyframeRequest() { return std::exchange(keyframe_wanted_, false); }

// Finds the oldest keyframe that has not been tried yet. What came before it is of no use.
bool H264Depacketizer::StartAtKeyframe() {
  const int64_t oldest = std::max<int64_t>({next_, highest_ - static_cast<int64_t>(kPackets) + 1, 0});
  for (int64_t seq = oldest; seq <= highest_; ++seq) {
    const Slot* slot = Find(seq);
    if (slot == nullptr || !slot->starts_keyframe || !BeginsPicture(*slot)) continue;
    next_ = seq;
    running_ = true;
    return true;
  }
  return false;
}

// Whether nothing that belongs to a keyframe can stand in front of this packet. Parameter sets that are still on the
// way must not be missed.
bool H264Depacketizer::BeginsPicture(const Slot& slot) const {
  if (slot.has_sps) return true;
  const Slot* before = Find(slot.seq - 1);
  return before != nullptr && (before->payload.empty() || before->timestamp != slot.timestamp);
}

// Packets without payload between two pictures belong to neither.
void H264Depacketizer::SkipPadding() {
  for (const Slot* slot = Find(next_); slot != nullptr && slot->payload.empty(); slot = Find(next_)) ++next_;
}

std::optional<int64_t> H264Depacketizer::FindEnd() const {
  const Slot* first = Find(next_);
  if (first == nullptr) return std::nullopt;
  for (int64_t seq = next_; seq <= highest_; ++seq) {
    const Slot* slot = Find(seq);
    if (slot == nullptr) return std::nullopt;
    // A marker that never came: the next picture shows the end as well.
    if (!slot->payload.empty() && slot->timestamp != first->timestamp) return seq;
    if (slot->marker) return seq + 1;
  }
  return std::nullopt;
}

void H264Depacketizer::GiveUp(Time) {
  ++lost_;
  running_ = false;
  keyframe_wanted_ = true;
  gap_since_ = Time::Never();
  // Not the keyframe that has just failed, in case it was one.
  ++next_;
}

std::optional<H264Depacketizer::Unit> H264Depacketizer::Pop(Time now) {
  while (running_ || StartAtKeyframe()) {
    SkipPadding();
    const auto end = FindEnd();
    if (!end) {
      // Missing is what something newer has come behind; what is only not here yet is not.
      bool missing = false;
      Time since = Time::Never();
      for (int64_t seq = next_; seq <= highest_; ++seq) {
        const Slot* slot = Find(seq);
        if (slot == nullptr) {
          missing = true;
        } else if (missing) {
          since = std::min(since, slot->arrived);
        }
      }
      gap_since_ = since;
      if (since.is_never() || now - since < kMaxWait) return std::nullopt;
      GiveUp(now);
      continue;
    }
    gap_since_ = Time::Never();
    Unit unit;
    unit.rtp_timestamp = Find(next_)->timestamp;
    const bool whole = Assemble(*end, unit);
    if (!whole) {
      GiveUp(now);
      next_ = *end;
      continue;
    }
    next_ = *end;
    if (unit_.empty()) continue;  // parameter sets alone
    if (sps_.empty() || pps_.empty()) {
      GiveUp(now);
      next_ = *end;
      continue;
    }
    unit.new_sets = std::exchange(new_sets_, false);
    unit.data = unit_;
    return unit;
  }
  return std::nullopt;
}

Time H264Depacketizer::NextTimer() const { return gap_since_ + kMaxWait; }

bool H264Depacketizer::Assemble(int64_t end, Unit& unit) {
  unit_.clear();
  fragment_at_.reset();
  for (int64_t seq = next_; seq < end; ++seq) {
    const Bytes payload = Find(seq)->payload;
    if (!payload.empty() && !AddPayload(payload, unit)) return false;
  }
  return !fragment_at_;
}

bool H264Depacketizer::AddPayload(Bytes payload, Unit& unit) {
  if (!ParseH264Payload(payload).valid) return false;
  if (H264NalType(payload[0]) == H264Nal::kFuA) return AddFragment(payload, unit);
  if (fragment_at_) return false;
  return ForEachH264Nal(payload, [&](Bytes nal) { AddNal(nal, unit); });
}

bool H264Depacketizer::AddFragment(Bytes payload, Unit& unit) {
  const uint8_t indicator = LoadU8(&payload[0]);
  const uint8_t header = LoadU8(&payload[1]);
  const bool starts = (header & 0x80) != 0;
  if (starts == fragment_at_.has_value()) return false;
  if (starts) {
    fragment_at_ = unit_.size();
    const std::byte nal_header = static_cast<std::byte>((indicator & 0xe0) | (header & 0x1f));
    AppendAvccNal(Bytes(&nal_header, 1), unit_);
    if (H264NalType(nal_header) == H264Nal::kIdrSlice) unit.keyframe = true;
  }
  unit_.insert(unit_.end(), payload.begin() + 2, payload.end());
  if ((header & 0x40) != 0) {
    StoreU32(&unit_[*fragment_at_], static_cast<uint32_t>(unit_.size() - *fragment_at_ - 4));
    fragment_at_.reset();
  }
  return true;
}

void H264Depacketizer::AddNal(Bytes nal, Unit& unit) {
  const auto remember = [&](std::vector<std::byte>& set) {
    if (nal.size() < 4 || std::equal(nal.begin(), nal.end(), set.begin(), set.end())) return;
    set.assign(nal.begin(), nal.end());
    new_sets_ = true;
  };
  switch (H264NalType(nal[0])) {
    case H264Nal::kSps: return remember(sps_);
    case H264Nal::kPps: return remember(pps_);
    case H264Nal::kAccessUnitDelimiter: return;
    case H264Nal::kIdrSlice: unit.keyframe = true; break;
    default: break;
  }
  AppendAvccNal(nal, unit_);
}

}  // namespace duet
