// The media that a Peer receives: it is authenticated, decrypted, numbered and becomes ReceivedRtp.

#include <algorithm>
#include <cstring>

#include "core/rtx/rtx.h"
#include "peer/peer.h"
#include "wire/red.h"

namespace duet {

std::optional<ReceivedRtp> Peer::OnRtp(Time now, PacketRef packet) {
  if (!srtp_in_) {
    drops_.Add(Drop::kNotReady);
    return std::nullopt;
  }
  const auto header = ParseRtpHeader(packet->bytes());
  if (!header) {
    drops_.Add(Drop::kMalformed);
    return std::nullopt;
  }
  const auto unprotected =
      srtp_in_->UnprotectRtp(packet->mutable_bytes(), header->header_size, header->ssrc, header->sequence_number);
  if (!unprotected.ok()) {
    drops_.Add(unprotected.error());
    return std::nullopt;
  }
  if (!dtls_.released()) ReleaseDtls();
  packet->set_size(unprotected->size);
  const auto view = ParseRtp(packet->bytes());
  if (!view) {
    drops_.Add(Drop::kMalformed);
    return std::nullopt;
  }
  ++received_;
  // Before anything is dropped: a packet that probes the path counts whatever it carries.
  if (view->has_extensions()) NoteArrival(now, *view);
  const Route route = FindRoute(*view);
  if (route.track == nullptr) {
    drops_.Add(Drop::kUnknownSsrc);
    return std::nullopt;
  }
  if (route.is_rtx) return OnRepair(now, route, std::move(packet));
  const CodecConfig& codec = route.track->config().codec;
  if (codec.red_payload_type == view->payload_type)
    return OnRed(now, route, std::move(packet), static_cast<int64_t>(unprotected->index));
  if (view->payload_type != codec.payload_type) {
    drops_.Add(Drop::kUnknownPayload);
    return std::nullopt;
  }
  return OnMedia(now, route, std::move(packet), static_cast<int64_t>(unprotected->index), false);
}

// For what the remote is told of its path: by transport-wide numbers, or from the times at which it sent, which show a
// queue beside these.
void Peer::NoteArrival(Time now, const RtpPacketView& view) {
  if (transport_cc_id_ != 0) {
    const Bytes number = view.Extension(transport_cc_id_);
    if (number.size() != 2) return;
    if (!twcc_) twcc_ = std::make_unique<TwccRecorder>();
    twcc_->OnPacket(now, LoadU16(number.data()));
    twcc_media_ssrc_ = view.ssrc;
  }
  if (abs_send_time_id_ == 0) return;
  const auto sent = AbsSendTime::Parse(view.Extension(abs_send_time_id_));
  if (!sent) return;
  if (transport_cc_id_ != 0) {
    if (!uplink_queue_) uplink_queue_ = std::make_unique<UplinkQueue>();
    uplink_queue_->OnPacket(now, *sent, view.packet.size());
  } else {
    if (!remb_) remb_ = std::make_unique<ReceiveBandwidthEstimator>();
    remb_->OnPacket(now, *sent, view.packet.size());
  }
}

std::optional<ReceivedRtp> Peer::OnMedia(Time now, const Route& route, PacketRef packet, int64_t seq, bool repaired) {
  const auto view = ParseRtp(packet->bytes());
  if (!view) {
    drops_.Add(Drop::kMalformed);
    return std::nullopt;
  }
  Uptrack& track = *route.track;
  const Uptrack::Arrival arrival = track.OnPacket(now, route.layer_index, seq, *view, repaired);
  if (arrival.duplicate) {
    drops_.Add(Drop::kDuplicate);
    return std::nullopt;
  }
  return ReceivedRtp{.packet = std::move(packet),
                     .view = *view,
                     .seq = seq,
                     .uptrack = track.id(),
                     .layer = static_cast<int>(route.layer_index),
                     .codec = &track.config().codec,
                     .extensions = &track.config().extensions,
                     .red = track.red(),
                     .frame = arrival.frame,
                     .starts_keyframe = arrival.starts_keyframe};
}

// Redundant audio (RFC 2198): the packet becomes the one that its primary would have been alone, and what it repeats
// becomes packets of their own where they were lost. A block i places before the primary belongs to the packet i before
// this one: that is how every sender of redundant Opus makes them.
std::optional<ReceivedRtp> Peer::OnRed(Time now, const Route& route, PacketRef packet, int64_t seq) {
  const auto view = ParseRtp(packet->bytes());
  const auto blocks = view ? ParseRed(view->timestamp, view->payload()) : std::nullopt;
  const PayloadType opus = route.track->config().codec.payload_type;
  if (!blocks || blocks->back().payload_type != opus) {
    drops_.Add(Drop::kMalformed);
    return std::nullopt;
  }
  const size_t redundant = blocks->size() - 1;
  for (size_t i = 0; i < redundant; ++i) {
    const RedBlock& block = (*blocks)[i];
    const int64_t its_seq = seq - static_cast<int64_t>(redundant - i);
    if (block.data.empty() || block.payload_type != opus || its_seq < 0 || recovered_.full()) continue;
    if (!route.layer().started() || route.layer().Has(its_seq)) continue;
    PacketRef lost = packet->pool().Acquire();
    if (!lost) break;
    RtpHeaderWriter writer(lost->buffer());
    writer.Begin({.payload_type = opus,
                  .sequence_number = static_cast<uint16_t>(its_seq),
                  .timestamp = block.timestamp,
                  .ssrc = view->ssrc});
    const size_t header = writer.Finish();
    std::copy(block.data.begin(), block.data.end(), lost->buffer().begin() + static_cast<std::ptrdiff_t>(header));
    lost->set_size(header + block.data.size());
    if (auto recovered = OnMedia(now, route, std::move(lost), its_seq, true))
      recovered_.push_back(std::move(*recovered));
  }
  const Bytes primary = blocks->back().data;
  const MutableBytes bytes = packet->mutable_bytes();
  const std::byte marker = bytes[1] & std::byte{0x80};
  bytes[0] &= ~std::byte{0x20};  // the padding goes
  bytes[1] = marker | static_cast<std::byte>(opus.value());
  std::memmove(bytes.data() + view->header_size, primary.data(), primary.size());
  packet->set_size(view->header_size + primary.size());
  return OnMedia(now, route, std::move(packet), seq, false);
}

std::optional<ReceivedRtp> Peer::OnRepair(Time now, const Route& route, PacketRef packet) {
  UptrackLayer& layer = route.layer();
  const auto view = ParseRtp(packet->bytes());
  // A repair of a track that has not begun, or a packet of padding that probes the path.
  if (!view || !layer.started() || view->payload_size < 2) {
    drops_.Add(Drop::kDuplicate);
    return std::nullopt;
  }
  if (!RestoreRtx(*packet, *view, layer.config().ssrc, route.track->config().codec.payload_type)) {
    drops_.Add(Drop::kMalformed);
    return std::nullopt;
  }
  const auto restored = ParseRtp(packet->bytes());
  if (!restored) {
    drops_.Add(Drop::kMalformed);
    return std::nullopt;
  }
  const int64_t seq = layer.Extend(restored->sequence_number);
  if (seq < 0) {
    drops_.Add(Drop::kDuplicate);
    return std::nullopt;
  }
  return OnMedia(now, route, std::move(packet), seq, true);
}

Peer::Route Peer::FindRoute(const RtpPacketView& view) {
  if (const Route* route = routes_.Find(view.ssrc)) return *route;
  // An SSRC that the offer did not name: RFC 8843 section 9.2 finds its section by the MID extension, else by a payload
  // type that only one section has; RFC 8852 its encoding by the RID. The table is bounded, so that a sender that
  // invents SSRCs finds no room.
  constexpr size_t kMaxRoutes = 128;
  if (routes_.size() >= kMaxRoutes) return {};
  Route route;
  for (const auto& track : uptracks_) {
    const UptrackConfig& config = track->config();
    const Bytes mid = config.extensions.mid != 0 ? view.Extension(config.extensions.mid) : Bytes();
    if (!mid.empty() && AsText(mid) != config.mid) continue;
    const bool is_rtx = config.codec.rtx_payload_type == view.payload_type;
    if (!is_rtx && config.codec.payload_type != view.payload_type) continue;
    const std::optional<size_t> layer = LayerOf(*track, view, is_rtx);
    if (!layer) continue;
    // Without a MID only a track that still misses its SSRC can be meant.
    const LayerConfig& known = track->layers()[*layer].config();
    if (mid.empty() && (is_rtx ? known.rtx_ssrc : known.ssrc).value() != 0) continue;
    if (route.track != nullptr) return {};  // two could be meant
    route = {track.get(), *layer, is_rtx};
  }
  if (route.track == nullptr) return {};
  if (route.is_rtx) {
    route.layer().LearnRtxSsrc(view.ssrc);
  } else {
    route.layer().LearnSsrc(view.ssrc);
  }
  routes_.Insert(view.ssrc, route);
  return route;
}

std::optional<size_t> Peer::LayerOf(const Uptrack& track, const RtpPacketView& view, bool is_rtx) {
  if (track.layers().size() == 1) return 0;
  const HeaderExtensionIds& ids = track.config().extensions;
  const uint8_t id = is_rtx ? ids.repaired_rid : ids.rid;
  const Bytes rid = id != 0 ? view.Extension(id) : Bytes();
  for (size_t i = 0; !rid.empty() && i < track.layers().size(); ++i) {
    if (AsText(rid) == track.layers()[i].config().rid) return i;
  }
  return std::nullopt;
}

}  // namespace duet
