// The transport of a Peer: ICE, DTLS, tracks coming and going, time.
#include "peer/peer.h"

#include <algorithm>

namespace duet {
namespace {

// Another codec on a section is another track (answerer.cc), but its streams go on under their SSRCs, which a sender
// does not name again once it knows that we have learned them (RFC 8852 section 3).
UptrackConfig WithKnownSsrcs(UptrackConfig track, const std::vector<std::unique_ptr<Uptrack>>& former) {
  for (const auto& old : former) {
    if (!old || old->config().mid != track.mid || old->layers().size() != track.layers.size()) continue;
    for (size_t i = 0; i < track.layers.size(); ++i) {
      const LayerConfig& known = old->layers()[i].config();
      LayerConfig& layer = track.layers[i];
      if (layer.rid != known.rid) continue;
      if (layer.ssrc.value() == 0) layer.ssrc = known.ssrc;
      if (layer.rtx_ssrc.value() == 0) layer.rtx_ssrc = known.rtx_ssrc;
    }
  }
  return track;
}

IceTransport MakeIce(const PeerConfig& config, IceOptions options, Rng& rng) {
  if (config.ice_role == IceRole::kLite) return {config.local_ice, config.remote_ice, options};
  return {config.local_ice, config.remote_ice, config.remote_candidates, options, rng};
}

}  // namespace

Peer::Peer(PeerConfig config, PeerOptions options, DtlsContext& dtls, Rng& rng, Time now)
    : config_(std::move(config)),
      options_(options),
      rng_(rng),
      ice_(MakeIce(config_, IceOptions{.consent_timeout = options.consent_timeout}, rng)),
      dtls_(dtls, config_.dtls_role, config_.remote_fingerprint),
      connect_deadline_(now + options.connect_timeout),
      own_ssrc_(rng.U32() | 1) {
  AddTracks();
}

void Peer::AddTracks() {
  std::vector<std::unique_ptr<Uptrack>> uptracks;
  for (const UptrackConfig& track : config_.uptracks) {
    const auto old =
        std::find_if(uptracks_.begin(), uptracks_.end(), [&](const auto& t) { return t && t->id() == track.id; });
    uptracks.push_back(old != uptracks_.end() ? std::move(*old)
                                              : std::make_unique<Uptrack>(WithKnownSsrcs(track, uptracks_)));
  }
  std::vector<std::unique_ptr<Downtrack>> downtracks;
  for (const DowntrackConfig& track : config_.downtracks) {
    const auto old = std::find_if(downtracks_.begin(), downtracks_.end(),
                                  [&](const auto& t) { return t && t->config().id == track.id; });
    downtracks.push_back(old != downtracks_.end() ? std::move(*old) : std::make_unique<Downtrack>(track, rng_));
  }
  uptracks_ = std::move(uptracks);
  downtracks_ = std::move(downtracks);
  if (path_) path_->ForgetWaiting();
  routes_.Clear();
  routes_.Reserve(2 * kMaxLayers * uptracks_.size() + 2);
  const uint8_t former_transport_cc_id = transport_cc_id_;
  transport_cc_id_ = abs_send_time_id_ = 0;
  for (const auto& track : uptracks_) {
    if (track->config().extensions.transport_cc != 0) transport_cc_id_ = track->config().extensions.transport_cc;
    if (track->config().extensions.abs_send_time != 0) abs_send_time_id_ = track->config().extensions.abs_send_time;
    for (size_t i = 0; i < track->layers().size(); ++i) {
      const LayerConfig& layer = track->layers()[i].config();
      if (layer.ssrc.value() != 0) routes_.Insert(layer.ssrc, Route{track.get(), i, false});
      if (layer.rtx_ssrc.value() != 0) routes_.Insert(layer.rtx_ssrc, Route{track.get(), i, true});
    }
  }
  // The one that no longer fits goes. The rate that it told last would hold for good.
  if (uptracks_.empty()) transport_cc_id_ = former_transport_cc_id;
  if ((former_transport_cc_id != 0) != (transport_cc_id_ != 0)) {
    uplink_queue_ = remb_ ? UplinkQueue::AfterRemb() : nullptr;
    remb_.reset();
  }
}

void Peer::Update(PeerConfig config) {
  const bool restart = config.local_ice.ufrag != config_.local_ice.ufrag;
  config_ = std::move(config);
  if (restart) ice_.Restart(config_.local_ice, config_.remote_ice, config_.remote_candidates);
  AddTracks();
}

Uptrack* Peer::FindUptrack(UptrackId id) {
  for (const auto& track : uptracks_) {
    if (track->id() == id) return track.get();
  }
  return nullptr;
}

Downtrack* Peer::FindDowntrack(DowntrackId id) {
  for (const auto& track : downtracks_) {
    if (track->config().id == id) return track.get();
  }
  return nullptr;
}

// ---- ICE and DTLS
// -------------------------------------------------------------------------------------------------------------------------

IceAgent::Outcome Peer::OnStun(Time now, const Endpoint& from, const StunMessage& message, Outbox& out) {
  if (state_ == State::kFailed) return {};
  IceAgent::Outcome outcome = ice_.OnStun(now, from, message, out);
  if (!outcome.authentic) return outcome;
  // A client that hears no answers for some seconds gives the path up, which is all it has: where answers are lost,
  // they are sent three times.
  if (loses_much()) {
    for (int again = 0; again < 2; ++again) ice_.OnStun(now, from, message, out);
  }
  // As the DTLS client we speak first, as soon as there is an address to speak to.
  if (config_.dtls_role == DtlsRole::kClient && dtls_.state() == DtlsTransport::State::kNew && ice_.selected()) {
    dtls_.Start(now, *ice_.selected(), out);
  }
  return outcome;
}

void Peer::OnDtls(Time now, Bytes datagram, Outbox& out) {
  if (state_ == State::kFailed || !ice_.selected()) {
    drops_.Add(Drop::kNotReady);
    return;
  }
  dtls_.OnDatagram(now, datagram, *ice_.selected(), out);
  OnDtlsChanged(now);
}

void Peer::OnDtlsChanged(Time now) {
  switch (dtls_.state()) {
    case DtlsTransport::State::kConnected: {
      if (state_ != State::kConnecting) return;
      const DtlsTransport::Keys keys = dtls_.keys();
      srtp_out_.emplace(keys.local);
      srtp_in_.emplace(keys.remote);
      profile_ = keys.local.profile;
      state_ = State::kConnected;
      path_.emplace(std::any_of(downtracks_.begin(), downtracks_.end(),
                                [](const auto& t) { return t->config().extensions.transport_cc != 0; }));
      next_report_ = now + kReportInterval;
      return;
    }
    case DtlsTransport::State::kFailed: return Fail(Failure::kDtlsFailed, dtls_.failure().message);
    case DtlsTransport::State::kClosed: return Fail(Failure::kDtlsClosed, "the remote closed the DTLS session");
    default: return;
  }
}

void Peer::ReleaseDtls() {
  if (dtls_.state() == DtlsTransport::State::kConnected) dtls_.Release();
}

void Peer::Fail(Failure failure, std::string message) {
  if (state_ == State::kFailed) return;
  state_ = State::kFailed;
  failure_ = failure;
  failure_message_ = std::move(message);
}

void Peer::Close(Time now, Outbox& out) {
  if (ice_.selected()) dtls_.Close(now, *ice_.selected(), out);
}

// ---- time
// ---------------------------------------------------------------------------------------------------------------------------------

void Peer::OnTimer(Time now, Outbox& out) {
  if (state_ == State::kFailed) return;
  ice_.OnTimer(now, out);
  if (ice_.Lost(now)) {
    if (!ice_.selected() && state_ == State::kConnecting && config_.ice_role == IceRole::kControlling)
      return Fail(Failure::kNeverConnected,
                  "no ICE check was answered: is the server's media port reachable over UDP?");
    return Fail(Failure::kConsentExpired,
                "nothing was heard from the remote for " + std::to_string(options_.consent_timeout.ms() / 1000) + " s");
  }
  if (state_ == State::kConnecting) {
    if (now >= connect_deadline_) {
      return Fail(Failure::kNeverConnected,
                  ice_.selected() ? "the DTLS handshake did not finish in time"
                                  : "no ICE check arrived: is the media port reachable, over UDP or TCP?");
    }
    if (ice_.selected()) {
      dtls_.OnTimer(now, *ice_.selected(), out);
      OnDtlsChanged(now);
    }
    return;
  }
  path_->OnTimer(now);
  SendWaiting(now, out);
  SendRequests(now, out);
  SendFeedback(now, out);
  SendRemb(now, out);
  if (now >= next_report_) {
    SendReports(now, out);
    next_report_ = now + kReportInterval;
  }
}

Time Peer::NextTimer() const {
  if (state_ == State::kFailed) return Time::Never();
  Time next = ice_.NextTimer();
  if (state_ == State::kConnecting) return std::min({next, connect_deadline_, dtls_.NextTimer()});
  next = std::min({next, next_report_, path_->NextTimer()});
  if (twcc_) next = std::min(next, twcc_->NextTimer());
  if (remb_) next = std::min(next, remb_->NextTimer());
  if (uplink_queue_) next = std::min(next, uplink_queue_->NextTimer());
  for (const auto& track : uptracks_) next = std::min(next, track->NextTimer());
  return next;
}

Peer::Quality Peer::TakeQuality() {
  Quality quality{
      .downlink_loss = downlink_loss_, .rtt_us = rtt_.valid() ? rtt_.rtt().us() : -1, .received_packets = received_};
  if (path_) quality.path = path_->quality();
  received_ = 0;
  uint64_t expected = 0;
  uint64_t lost = 0;
  for (const auto& track : uptracks_) {
    for (UptrackLayer& layer : track->layers()) {
      const ReceptionStats::Interval interval = layer.stats().TakeInterval();
      expected += interval.expected;
      lost += interval.lost;
    }
  }
  if (expected > 0) quality.uplink_loss = static_cast<double>(lost) / static_cast<double>(expected);
  return quality;
}

}  // namespace duet
