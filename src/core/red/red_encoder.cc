#include "core/red/red_encoder.h"

#include <algorithm>
#include <cstring>

#include "wire/red.h"

namespace duet {
namespace {

constexpr int64_t kClockRate = 48'000;

}  // namespace

void RedEncoder::Measure(int64_t seq, uint32_t timestamp, size_t bytes) {
  const auto smooth = [](uint32_t& mean, uint32_t sample) {
    mean = mean == 0 ? sample * 16 : mean - mean / 16 + sample;
  };
  const auto ticks = static_cast<int32_t>(timestamp - newest_timestamp_);
  constexpr int32_t kMaxTicks = 5760;  // 120 ms, the longest packet of Opus; more is a pause in the sending
  if (newest_seq_ >= 0 && seq == newest_seq_ + 1 && ticks > 0 && ticks <= kMaxTicks) {
    smooth(mean_ticks_, static_cast<uint32_t>(ticks));
  }
  smooth(mean_bytes_, static_cast<uint32_t>(bytes));
}

void RedEncoder::OnPacket(int64_t seq, uint32_t timestamp, Bytes payload) {
  if (seq < 0 || seq <= newest_seq_ - kSlots) return;
  if (seq > newest_seq_) {
    Measure(seq, timestamp, payload.size());
    newest_seq_ = seq;
    newest_timestamp_ = timestamp;
  }
  if (payload.empty() || payload.size() > kMaxPacketBytes) return;
  Slot& slot = slots_[static_cast<size_t>(seq % kSlots)];
  slot.seq = seq;
  slot.timestamp = timestamp;
  slot.size = static_cast<uint16_t>(payload.size());
  std::memcpy(slot.bytes.data(), payload.data(), payload.size());
}

const RedEncoder::Slot* RedEncoder::Find(int64_t seq) const {
  if (seq < 0) return nullptr;
  const Slot& slot = slots_[static_cast<size_t>(seq % kSlots)];
  return slot.seq == seq ? &slot : nullptr;
}

size_t RedEncoder::Write(const Request& request, MutableBytes out) const {
  const size_t primary_bytes = kRedPrimaryHeaderBytes + request.primary.size();
  if (primary_bytes > out.size()) return 0;
  size_t room = out.size() - primary_bytes;
  const int64_t depth = std::clamp(request.depth, 0, kMaxDepth);
  FixedVector<RedBlock, kMaxDepth> blocks;  // newest first
  for (int64_t seq = request.seq - 1; seq >= std::max(request.first_seq, request.seq - depth); --seq) {
    const Slot* slot = Find(seq);
    if (slot == nullptr) continue;
    const uint32_t offset = request.timestamp - slot->timestamp;
    if (offset == 0 || offset > kMaxRedTimestampOffset || kRedHeaderBytes + slot->size > room) break;
    room -= kRedHeaderBytes + slot->size;
    blocks.push_back({request.payload_type, slot->timestamp, slot->data()});
  }
  std::reverse(blocks.begin(), blocks.end());
  return WriteRed(blocks, {request.payload_type, request.timestamp, request.primary}, out);
}

int RedEncoder::MaxDepth(int64_t budget_bps, size_t max_payload_bytes) const {
  if (mean_ticks_ == 0 || mean_bytes_ == 0) return 0;
  const int64_t block_bytes = mean_bytes_ / 16 + static_cast<int64_t>(kRedHeaderBytes);
  const int64_t ticks = std::max<int64_t>(mean_ticks_ / 16, 1);
  const int64_t by_rate = budget_bps / std::max<int64_t>(block_bytes * 8 * kClockRate / ticks, 1);
  const int64_t primary_bytes = mean_bytes_ / 16 + static_cast<int64_t>(kRedPrimaryHeaderBytes);
  const int64_t by_size = (static_cast<int64_t>(max_payload_bytes) - primary_bytes) / block_bytes;
  const int64_t by_time = kMaxRedTimestampOffset / ticks;
  return static_cast<int>(std::clamp<int64_t>(std::min({by_rate, by_size, by_time}), 0, kMaxDepth));
}

}  // namespace duet
