#include "core/red/red_decoder.h"

namespace duet {

int64_t RedDecoder::Extend(uint32_t timestamp) {
  if (unwrapper_.started() && unwrapper_.Peek(timestamp) < unwrapper_.highest() - kRestart) *this = RedDecoder();
  return unwrapper_.Unwrap(timestamp);
}

bool RedDecoder::Take(int64_t timestamp) {
  if (timestamp <= unwrapper_.highest() - kWindow * kStep || timestamp < 0) return false;
  int64_t& slot = had_[static_cast<size_t>(timestamp / kStep % kWindow)];
  // Something newer in its place: it was there, or is as good as too old.
  if (slot >= timestamp) return false;
  slot = timestamp;
  return true;
}

std::optional<RedDecoder::Frames> RedDecoder::OnRed(uint32_t timestamp, Bytes payload) {
  const auto blocks = ParseRed(timestamp, payload);
  if (!blocks) return std::nullopt;
  const int64_t newest = Extend(timestamp);
  Frames frames;
  for (size_t i = 0; i < blocks->size(); ++i) {
    const RedBlock& block = (*blocks)[i];
    const int64_t extended = newest - static_cast<int64_t>(timestamp - block.timestamp);
    if (block.data.empty() || !Take(extended)) continue;
    frames.push_back({.timestamp = extended,
                      .payload_type = block.payload_type,
                      .data = block.data,
                      .redundant = i + 1 < blocks->size()});
  }
  return frames;
}

}  // namespace duet
