// The RTCP of a Peer: reports both ways, requests for keyframes and lost packets, transport-wide feedback.
#include <algorithm>
#include <array>

#include "peer/peer.h"

namespace duet {
namespace {

constexpr size_t kMaxRtcpBytes = 1200;

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>  // clang 14 does not guess it
Overloaded(F...)->Overloaded<F...>;

}  // namespace

Peer::Feedback Peer::OnRtcp(Time now, PacketRef packet, Outbox& out) {
  Feedback feedback;
  if (!srtp_in_) {
    drops_.Add(Drop::kNotReady);
    return feedback;
  }
  const auto size = srtp_in_->UnprotectRtcp(packet->mutable_bytes());
  if (!size.ok()) {
    drops_.Add(size.error());
    return feedback;
  }
  if (!dtls_.released()) ReleaseDtls();
  packet->set_size(*size);
  const auto wants_keyframe = [&](Ssrc ssrc) {
    if (const Downtrack* track = DowntrackOf(ssrc)) feedback.keyframe_requests.push_back(track->config().id);
  };
  const bool valid = VisitRtcp(
      packet->bytes(),
      Overloaded{
          [&](const SenderReport& report) { OnReports(now, report, feedback); },
          [&](const ReceiverReport& report) {
            report.ForEachBlock([&](const ReportBlock& block) { OnReportBlock(now, block); });
          },
          [&](const Nack& nack) { OnNack(now, nack, feedback, out); },
          [&](const Pli& pli) { wants_keyframe(pli.media_ssrc); },
          [&](const TransportFeedback& message) {
            if (path_) path_->OnFeedback(now, message);
          },
          [&](const Remb& remb) {
            if (path_) path_->OnRemb(now, static_cast<int64_t>(std::min<uint64_t>(remb.bitrate_bps, INT64_MAX)));
          },
          [&](const Fir& fir) { fir.ForEachEntry([&](const FirEntry& entry) { wants_keyframe(entry.ssrc); }); },
          [](const auto&) {},
      });
  if (!valid) drops_.Add(Drop::kMalformed);
  return feedback;
}

void Peer::OnReports(Time now, const SenderReport& report, Feedback& feedback) {
  if (const Route* route = MediaRoute(report.sender_ssrc)) {
    route->layer().stats().OnSenderReport(now, report.ntp);
    const Time captured = clock_.OnSenderReport(now, report.ntp);
    route->layer().set_reference({captured, report.rtp_timestamp});
    feedback.references.push_back(route->track->id());
  }
  report.ForEachBlock([&](const ReportBlock& block) { OnReportBlock(now, block); });
}

void Peer::OnReportBlock(Time now, const ReportBlock& block) {
  if (DowntrackOf(block.ssrc) == nullptr) return;
  rtt_.OnReportBlock(now, block.last_sr, block.delay_since_last_sr);
  const double loss = block.fraction_lost / 256.0;
  constexpr double kWeight = 0.3;
  if (path_) path_->OnReceiverReport(now, loss, rtt_.valid() ? rtt_.rtt() : Duration::Millis(-1));
  downlink_loss_ = downlink_loss_ < 0 ? loss : downlink_loss_ + kWeight * (loss - downlink_loss_);
}

Downtrack* Peer::DowntrackOf(Ssrc ssrc) {
  for (const auto& track : downtracks_) {
    if (track->config().ssrc == ssrc) return track.get();
  }
  return nullptr;
}

const Peer::Route* Peer::MediaRoute(Ssrc ssrc) {
  const Route* route = routes_.Find(ssrc);
  return route != nullptr && !route->is_rtx ? route : nullptr;
}

Ssrc Peer::rtcp_ssrc() const { return downtracks_.empty() ? own_ssrc_ : downtracks_.front()->config().ssrc; }

// ---- what we send
// -------------------------------------------------------------------------------------------------------------------------

void Peer::SendRtcp(const RtcpWriter& writer, PacketRef packet, Outbox& out, int copies) {
  if (!writer.ok() || writer.size() == 0 || !ice_.selected()) return;
  const size_t size = srtp_out_->ProtectRtcp(packet->buffer(), writer.size());
  if (size == 0) return;
  packet->set_size(size);
  while (copies-- > 0) out.Send(*ice_.selected(), packet);
}

// One compound packet: a receiver report about what the remote sends, then a sender report for each slot that is in use
// (RFC 3550 section 6).
void Peer::SendReports(Time now, Outbox& out) {
  constexpr size_t kMaxBlocks = 31;
  FixedVector<ReportBlock, kMaxBlocks> blocks;
  for (const auto& track : uptracks_) {
    for (UptrackLayer& layer : track->layers()) {
      if (layer.started() && !blocks.full()) blocks.push_back(layer.stats().MakeReportBlock(now, layer.config().ssrc));
    }
  }
  PacketRef packet = out.pool().Acquire();
  if (!packet) return;
  RtcpWriter writer(packet->buffer().first(kMaxRtcpBytes));
  writer.AddReceiverReport(rtcp_ssrc(), blocks);
  writer.AddSdesCname(rtcp_ssrc(), config_.cname);
  for (const auto& track : downtracks_) {
    const std::optional<uint32_t> timestamp = track->TimestampAt(now);
    if (!timestamp) continue;
    constexpr size_t kSenderReportBytes = 28;
    if (writer.remaining() < kSenderReportBytes) break;
    writer.AddSenderReport(track->stats().MakeReport(now, track->config().ssrc, *timestamp));
  }
  SendRtcp(writer, std::move(packet), out);
}

// NACKs and PLIs that are due, in one reduced-size packet (RFC 5506); twice where much is lost on the way to the
// remote.
void Peer::SendRequests(Time now, Outbox& out) {
  PacketRef packet;
  std::optional<RtcpWriter> writer;
  const auto begin = [&]() -> bool {
    if (writer) return true;
    packet = out.pool().Acquire();
    if (!packet) return false;
    writer.emplace(packet->buffer().first(kMaxRtcpBytes));
    return true;
  };
  const Duration rtt = rtt_.valid() ? rtt_.rtt() : Duration::Millis(50);
  constexpr size_t kMaxNacks = 128;  // per layer and round; the rest is due again at once
  for (const auto& track : uptracks_) {
    for (size_t layer = 0; layer < track->layers().size(); ++layer) {
      const Ssrc ssrc = track->layers()[layer].config().ssrc;
      std::array<uint16_t, kMaxNacks> lost;
      if (const size_t count = track->TakeNacks(now, layer, rtt, lost); count > 0 && begin()) {
        writer->AddNack(rtcp_ssrc(), ssrc, std::span<const uint16_t>(lost).first(count));
      }
      if (track->TakeKeyframeRequest(now, layer, rtt) && begin()) writer->AddPli(rtcp_ssrc(), ssrc);
    }
  }
  if (writer) SendRtcp(*writer, std::move(packet), out, loses_much() ? 2 : 1);
}

void Peer::SendFeedback(Time now, Outbox& out) {
  // A long gap in arrivals may need more than one message; a bound keeps a hostile sender from making many.
  for (int i = 0; i < 4 && twcc_ && now >= twcc_->NextTimer(); ++i) {
    PacketRef packet = out.pool().Acquire();
    if (!packet) return;
    const size_t size = twcc_->WriteFeedback(now, rtcp_ssrc(), twcc_media_ssrc_, packet->buffer().first(kMaxRtcpBytes));
    if (size == 0) return;
    const size_t protected_size = srtp_out_->ProtectRtcp(packet->buffer(), size);
    if (protected_size == 0) return;
    packet->set_size(protected_size);
    out.Send(*ice_.selected(), std::move(packet));
  }
}

// Of all its streams together.
void Peer::SendRemb(Time now, Outbox& out) {
  std::optional<int64_t> remb;
  if (remb_) remb = remb_->TakeRemb(now);
  if (uplink_queue_) remb = uplink_queue_->TakeRemb(now);
  if (!remb) return;
  constexpr size_t kMaxSsrcs = 64;
  FixedVector<Ssrc, kMaxSsrcs> ssrcs;
  for (const auto& track : uptracks_) {
    for (const UptrackLayer& layer : track->layers()) {
      if (layer.started()) ssrcs.push_back(layer.config().ssrc);
    }
  }
  PacketRef packet = out.pool().Acquire();
  if (!packet) return;
  RtcpWriter writer(packet->buffer().first(kMaxRtcpBytes));
  writer.AddRemb(rtcp_ssrc(), static_cast<uint64_t>(*remb), {ssrcs.begin(), ssrcs.size()});
  SendRtcp(writer, std::move(packet), out);
}

}  // namespace duet
