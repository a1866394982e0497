#include "node/line_source.h"

#include <algorithm>
#include <utility>

namespace duet {

LineSource::LineSource(AddSource command) : id_(command.peer), room_(command.room), line_(std::move(command.line)) {
  for (UptrackConfig& config : command.uptracks) {
    config.codec.nack = false;
    for (size_t i = 0; i < config.layers.size(); ++i) {
      // A layer whose SSRC is not known asks for nothing; here nobody sees which it is.
      if (config.layers[i].ssrc.value() == 0) config.layers[i].ssrc = Ssrc(static_cast<uint32_t>(i + 1));
    }
    uptracks_.push_back(std::make_unique<Uptrack>(std::move(config)));
  }
}

Uptrack* LineSource::FindUptrack(UptrackId id) {
  for (const auto& uptrack : uptracks_) {
    if (uptrack->id() == id) return uptrack.get();
  }
  return nullptr;
}

Time LineSource::NextTimer() const {
  Time next = Time::Never();
  for (const auto& uptrack : uptracks_) next = std::min(next, uptrack->NextTimer());
  return next;
}

LineSource::Taken LineSource::Take(Time now, PacketPool& pool, DropCounters& drops) {
  Taken taken;
  const LineItem& item = *line_->Front();
  Uptrack* uptrack = FindUptrack(item.uptrack);
  if (uptrack == nullptr || item.layer >= uptrack->layers().size()) {
    drops.Add(Drop::kUnknownSsrc);
  } else if (item.kind == LineItem::Kind::kReference) {
    uptrack->layers()[item.layer].set_reference({item.captured, item.rtp_timestamp});
    taken.referenced = uptrack->id();
  } else {
    taken.packet = Receive(now, item, *uptrack, pool, drops);
  }
  line_->Pop();
  return taken;
}

std::optional<ReceivedRtp> LineSource::Receive(Time now, const LineItem& item, Uptrack& uptrack, PacketPool& pool,
                                               DropCounters& drops) {
  PacketRef packet = pool.Copy(item.packet());
  if (!packet) {
    drops.Add(Drop::kPoolEmpty);
    return std::nullopt;
  }
  const auto view = ParseRtp(packet->bytes());
  if (!view || item.seq < 0) {
    drops.Add(Drop::kMalformed);
    return std::nullopt;
  }
  const Uptrack::Arrival arrival = uptrack.OnPacket(now, item.layer, item.seq, *view, false);
  if (arrival.duplicate) {
    drops.Add(Drop::kDuplicate);
    return std::nullopt;
  }
  return ReceivedRtp{.packet = std::move(packet),
                     .view = *view,
                     .seq = item.seq,
                     .uptrack = uptrack.id(),
                     .layer = item.layer,
                     .codec = &uptrack.config().codec,
                     .extensions = &uptrack.config().extensions,
                     .red = uptrack.red(),
                     .frame = arrival.frame,
                     .starts_keyframe = arrival.starts_keyframe};
}

}  // namespace duet
