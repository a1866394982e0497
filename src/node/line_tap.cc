#include "node/line_tap.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace duet {
namespace {

// Of the fixed part of an RTP header (RFC 3550 section 5.1).
constexpr size_t kSeqAt = 2;
constexpr size_t kTimestampAt = 4;
// Of every picture's codec (RFC 6184 section 8.2.1 and its like); no sound has it.
constexpr uint32_t kVideoClockRate = 90'000;

bool IsVideo(const ReceivedRtp& packet) { return packet.codec->clock_rate == kVideoClockRate; }

}  // namespace

std::unique_ptr<LineTap> LineTap::Make(AddTap command, Fresh& fresh) {
  if (command.what == AddTap::What::kRelay) return std::make_unique<RelayTap>(std::move(command), fresh);
  return std::make_unique<BridgeTap>(std::move(command), fresh);
}

LineItem* LineTap::Begin(const ReceivedRtp& packet) {
  const Bytes bytes = packet.packet->bytes();
  if (bytes.size() > Packet::kPacketBytes) return nullptr;
  LineItem* item = line_->BeginPush();
  if (item == nullptr) return nullptr;
  item->kind = LineItem::Kind::kPacket;
  item->video = IsVideo(packet);
  item->layer = static_cast<uint8_t>(packet.layer);
  item->starts_keyframe = packet.starts_keyframe;
  item->size = static_cast<uint16_t>(bytes.size());
  item->uptrack = packet.uptrack;
  item->seq = packet.seq;
  std::memcpy(item->bytes, bytes.data(), bytes.size());
  return item;
}

void LineTap::Push() {
  line_->EndPush();
  if (fresh_now_) return;
  fresh_now_ = true;
  fresh_.push_back(this);
}

void LineTap::PushReference(UptrackId uptrack, bool video, size_t layer, const CaptureReference& reference) {
  LineItem* item = line_->BeginPush();
  if (item == nullptr) return;  // the next one comes soon
  item->kind = LineItem::Kind::kReference;
  item->video = video;
  item->layer = static_cast<uint8_t>(layer);
  item->size = 0;
  item->uptrack = uptrack;
  item->captured = reference.time;
  item->rtp_timestamp = reference.rtp_timestamp;
  Push();
}

std::optional<Drop> RelayTap::OnPacket(Time, const ReceivedRtp& packet) {
  if (Begin(packet) == nullptr) return Drop::kQueueFull;
  Push();
  return std::nullopt;
}

int BridgeTap::Target(Time now) const {
  for (size_t layer = kMaxLayers; layer-- > 0;) {
    if (Comes(now, layer)) return static_cast<int>(layer);
  }
  return current_;
}

uint8_t BridgeTap::WantedLayers(Time now) const {
  constexpr uint8_t kAll = (1u << kMaxLayers) - 1;
  if (current_ < 0 || !Comes(now, static_cast<size_t>(current_))) return kAll;
  // From the current one up: whatever comes of what is larger is better.
  return static_cast<uint8_t>(kAll & ~((1u << current_) - 1));
}

uint32_t BridgeTap::Elapsed(Time now, const ReceivedRtp& packet) const {
  const int64_t rate = packet.codec->clock_rate;
  const auto& from = layers_[static_cast<size_t>(current_)].reference;
  const auto& to = layers_[static_cast<size_t>(packet.layer)].reference;
  if (from && to) {
    // Their sender reports say when each was captured, which the time of arrival blurs.
    const int64_t since_report = static_cast<int32_t>(packet.view.timestamp - to->rtp_timestamp);
    const int64_t between = (to->time - from->time).us() * rate / 1'000'000;
    const uint32_t place = from->rtp_timestamp + timestamp_offset_ + static_cast<uint32_t>(since_report + between);
    const auto elapsed = static_cast<int32_t>(place - last_timestamp_);
    constexpr int64_t kPlausibleSeconds = 3;
    if (elapsed > 0 && elapsed < kPlausibleSeconds * rate) return static_cast<uint32_t>(elapsed);
  }
  return static_cast<uint32_t>(std::max<int64_t>((now - last_at_).us() * rate / 1'000'000, 1));
}

void BridgeTap::Start(Time now, const ReceivedRtp& packet) {
  if (current_ >= 0) {
    timestamp_offset_ = last_timestamp_ + Elapsed(now, packet) - packet.view.timestamp;
    numbers_.Start(packet.seq, last_seq_ + 1);
  } else {
    numbers_.Start(packet.seq, packet.seq);
    last_seq_ = packet.seq - 1;
    last_timestamp_ = packet.view.timestamp;
  }
  current_ = packet.layer;
  video_ = IsVideo(packet);
  const auto& reference = layers_[static_cast<size_t>(current_)].reference;
  if (reference) PushReference(packet.uptrack, video_, static_cast<size_t>(current_), Shifted(*reference));
}

std::optional<Drop> BridgeTap::OnPacket(Time now, const ReceivedRtp& packet) {
  const CodecKind codec = packet.codec->kind;
  if (codec != CodecKind::kH264 && codec != CodecKind::kOpus) return Drop::kUnsupportedCodec;
  const bool padding = packet.view.payload_size == 0;
  // Probes may fill a layer that has no picture.
  if (!padding) layers_[static_cast<size_t>(packet.layer)].came_at = now;
  if (packet.layer != current_) {
    if (padding || packet.layer != Target(now)) return Drop::kLayerFiltered;
    if (!packet.starts_keyframe) return Drop::kNoKeyframe;
    Start(now, packet);
  }
  if (padding) {
    numbers_.Drop(packet.seq);
    return Drop::kLayerFiltered;
  }
  const auto seq = numbers_.Pass(packet.seq);
  if (!seq) return Drop::kLayerFiltered;
  const uint32_t timestamp = packet.view.timestamp + timestamp_offset_;
  if (*seq > last_seq_) {
    last_seq_ = *seq;
    last_timestamp_ = timestamp;
    last_at_ = now;
  }
  LineItem* item = Begin(packet);
  if (item == nullptr) return Drop::kQueueFull;
  item->seq = *seq;
  StoreU16(item->bytes + kSeqAt, static_cast<uint16_t>(*seq));
  StoreU32(item->bytes + kTimestampAt, timestamp);
  Push();
  return std::nullopt;
}

void BridgeTap::OnReference(UptrackId uptrack, size_t layer, const CaptureReference& reference) {
  layers_[layer].reference = reference;
  if (static_cast<int>(layer) != current_) return;
  PushReference(uptrack, video_, layer, Shifted(reference));
}

}  // namespace duet
