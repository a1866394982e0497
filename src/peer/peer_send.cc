// The media that a Peer sends: packets of others on its slots, repetitions, and how the path is divided among them.
#include <algorithm>
#include <array>

#include "base/prefetch.h"
#include "core/nack/nack_generator.h"
#include "peer/peer.h"

namespace duet {
namespace {

// RTP header with our extensions, and the tag: what a packet grows by on its way out. An estimate for the pacer.
constexpr size_t kOverhead = 12 + 4 + 12 + 16;

}  // namespace

std::optional<Drop> Peer::SendRtp(Time now, Downtrack& downtrack, const ReceivedRtp& in, Outbox& out) {
  if (state_ != State::kConnected || !ice_.selected()) return Drop::kNotReady;
  const auto seq = downtrack.Accept(now, in);
  if (!seq.ok()) return seq.error();
  const bool audio = downtrack.config().kind == signal::MediaKind::kAudio;
  const PacketClass kind = audio ? PacketClass::kAudio : PacketClass::kVideo;
  const size_t size = in.view.payload_size * static_cast<size_t>(1 + downtrack.red_depth()) + kOverhead;
  if (path_->TrySend(now, kind, size)) {
    // What is remembered is this packet, unless it was made redundant: it need not be parsed again.
    return SendPlaced(now, downtrack, *seq, false, out, downtrack.red_depth() > 0 ? nullptr : &in.view);
  }
  if (!path_->Enqueue(now, kind, in.packet, size, {PlaceOf(downtrack), *seq, false})) return Drop::kQueueFull;
  return std::nullopt;
}

void Peer::PrefetchState() const {
  PrefetchAll(state_);
  PrefetchAll(ice_.selected());
  PrefetchAll(srtp_out_);
  if (path_) path_->PrefetchForSending();
}

void Peer::PrefetchNext(const Downtrack& downtrack, int64_t in_seq) const {
  downtrack.PrefetchPlace(in_seq);
  if (path_) path_->PrefetchNext();
  if (srtp_out_) srtp_out_->Prefetch();
}

void Peer::PrefetchForFeedback() const {
  PrefetchAll(state_);
  PrefetchAll(srtp_in_);
  PrefetchAll(next_report_);
  if (path_) path_->PrefetchForFeedback();
}

void Peer::PrefetchForTimer() const {
  PrefetchAll(state_);
  PrefetchAll(next_report_);
  if (path_) path_->PrefetchForFeedback();
  for (const auto& track : downtracks_) PrefetchAll(*track);
}

// Renders a packet that the track remembers, and sends it.
std::optional<Drop> Peer::SendPlaced(Time now, Downtrack& downtrack, int64_t seq, bool again, Outbox& out,
                                     const RtpPacketView* view) {
  PacketRef packet = out.pool().Acquire();
  if (!packet) return Drop::kPoolEmpty;
  const uint16_t number = path_->next_transport_seq();
  std::array<std::byte, Packet::kPacketBytes> scratch;
  const auto rendered = again ? downtrack.RenderAgain(seq, number, packet->buffer(), scratch)
                              : downtrack.Render(seq, number, packet->buffer(), view);
  if (!rendered) return Drop::kMalformed;
  // An identical repetition is no packet more to the estimator, and when its number arrives says nothing any more.
  if (rendered->repeats) path_->Forget(*rendered->repeats);
  return Protect(now, *rendered, !rendered->repeats, std::move(packet), out);
}

std::optional<Drop> Peer::Protect(Time now, const Downtrack::Rendered& rendered, bool counts, PacketRef packet,
                                  Outbox& out) {
  const size_t size =
      srtp_out_->ProtectRtp(rendered.ssrc, rendered.index, rendered.header_size, rendered.payload, packet->buffer());
  if (size == 0) return Drop::kMalformed;
  packet->set_size(size);
  if (counts) path_->OnSent(now, size);
  if (!out.Send(*ice_.selected(), std::move(packet))) return Drop::kQueueFull;
  return std::nullopt;
}

void Peer::SendWaiting(Time now, Outbox& out) {
  if (state_ != State::kConnected || !ice_.selected()) return;
  while (const auto waiting = path_->TakeDue(now)) {
    if (waiting->track >= downtracks_.size()) continue;
    if (const auto drop = SendPlaced(now, *downtracks_[waiting->track], waiting->seq, waiting->again, out))
      drops_.Add(*drop);
  }
  SendPadding(now, out);
}

// A probe that media does not fill is filled with repetitions of the newest picture, which receivers drop as
// duplicates, or with padding. What it is charged with is what leaves: a probe that only looks full measures nothing.
void Peer::SendPadding(Time now, Outbox& out) {
  constexpr int kMostAtOnce = 32;
  for (int i = 0; i < kMostAtOnce; ++i) {
    const size_t wanted = path_->PaddingDue(now);
    if (wanted == 0) return;
    Downtrack* track = nullptr;
    Downtrack::Filling filling;
    for (const auto& candidate : downtracks_) {
      if (!candidate->can_pad()) continue;
      const Downtrack::Filling offered = candidate->NewestForPadding();
      if (track != nullptr && offered.size <= filling.size) continue;
      track = candidate.get();
      filling = offered;
    }
    if (track == nullptr) return path_->NoPadding();
    if (filling.size > Downtrack::kMaxPadding) {
      if (!path_->TrySend(now, PacketClass::kPadding, filling.size + kOverhead)) return;
      if (SendPlaced(now, *track, filling.seq, true, out)) return path_->NoPadding();
      continue;
    }
    const size_t bytes = std::min(wanted, Downtrack::kMaxPadding);
    if (!path_->TrySend(now, PacketClass::kPadding, bytes + kOverhead)) return;
    PacketRef packet = out.pool().Acquire();
    if (!packet) return;
    std::array<std::byte, 256> scratch;
    const auto rendered = track->RenderPadding(bytes, path_->next_transport_seq(), packet->buffer(), scratch);
    if (Protect(now, rendered, true, std::move(packet), out)) return path_->NoPadding();
  }
}

// The remote was out of reach for a while, and asks for all of it. To repeat that takes longer than a keyframe does,
// and some of it is past at both ends.
bool Peer::AsksForAnOutage(Time now, const Nack& nack, Downtrack& downtrack) const {
  if (downtrack.config().kind != signal::MediaKind::kVideo) return false;
  const Duration rtt = rtt_.valid() ? rtt_.rtt() : Duration::Zero();
  int64_t old = 0;
  nack.ForEachSequence([&](uint16_t number) {
    const auto age = downtrack.AgeOfSentOnce(now, number);
    if (age && *age >= NackGenerator::kOutage + rtt) ++old;
  });
  return old >= NackGenerator::kOutagePackets;
}

void Peer::OnNack(Time now, const Nack& nack, Feedback& feedback, Outbox& out) {
  Downtrack* downtrack = DowntrackOf(nack.media_ssrc);
  if (downtrack == nullptr || state_ != State::kConnected || !ice_.selected()) return;
  if (AsksForAnOutage(now, nack, *downtrack)) {
    downtrack->GiveUpSent();
    feedback.keyframe_requests.push_back(downtrack->config().id);
    return;
  }
  // An answer to a NACK may be larger than the NACK by three orders of magnitude; the bound keeps one datagram from
  // costing a flood.
  constexpr size_t kMaxResent = 128;
  constexpr double kHeavyLoss = 0.2;
  size_t resent = 0;
  nack.ForEachSequence([&](uint16_t number) {
    if (resent == kMaxResent) return;
    if (path_->retransmissions_exhausted(now)) return drops_.Add(Drop::kQueueFull);
    const auto lost = downtrack->Resend(now, repeat_after_rtt(), number);
    if (!lost) return;
    const size_t size = lost->size + kOverhead;
    ++resent;
    if (path_->TrySend(now, PacketClass::kRetransmission, size)) {
      // Where so much is lost the answer would be, too, and another request costs a round trip.
      const int copies = path_->quality().inherent_loss > kHeavyLoss && downtrack->has_rtx() ? 2 : 1;
      for (int i = 0; i < copies; ++i) {
        if (const auto drop = SendPlaced(now, *downtrack, lost->seq, true, out)) drops_.Add(*drop);
        path_->OnRetransmission(now, size);
      }
    } else if (!path_->Enqueue(now, PacketClass::kRetransmission, PacketRef(), size,
                               {PlaceOf(*downtrack), lost->seq, true})) {
      drops_.Add(Drop::kQueueFull);
    } else {
      path_->OnRetransmission(now, size);
    }
  });
}

size_t Peer::PlaceOf(const Downtrack& downtrack) const {
  const auto found =
      std::find_if(downtracks_.begin(), downtracks_.end(), [&](const auto& t) { return t.get() == &downtrack; });
  return static_cast<size_t>(found - downtracks_.begin());
}

// A second NACK for the same packet that comes within half a round trip was sent before our answer could arrive.
Duration Peer::repeat_after_rtt() const { return rtt_.valid() ? rtt_.rtt() / 2 : Duration::Millis(20); }

}  // namespace duet
