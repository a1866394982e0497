#include "core/ice/ice_client.h"

#include <algorithm>

namespace duet {
namespace {

// RFC 8445 section 5.1.2.1: what our candidate would have if the remote learned it as a peer-reflexive one (type
// preference 110, local preference 65535, component 1).
constexpr uint32_t kPriority = (110u << 24) + (65535u << 8) + 255u;
// RFC 7675 section 5.2: the remote revokes its consent.
constexpr int kForbidden = 403;

}  // namespace

IceClient::IceClient(IceCredentials local, IceCredentials remote, std::span<const Endpoint> candidates,
                     IceOptions options, Rng& rng)
    : options_(options), rng_(rng), tiebreaker_(rng.U64()) {
  Restart(std::move(local), std::move(remote), candidates);
}

void IceClient::Restart(IceCredentials local, IceCredentials remote, std::span<const Endpoint> candidates) {
  local_ = std::move(local);
  remote_ = std::move(remote);
  username_ = remote_.ufrag + ":" + local_.ufrag;
  state_ = State::kChecking;
  last_error_ = 0;
  next_start_ = Time::LongAgo();
  next_consent_ = Time::Never();
  consents_ = {};
  unanswered_ = 0;
  checks_.clear();
  checks_.reserve(kMaxCandidates);
  for (const Endpoint& candidate : candidates.first(std::min(candidates.size(), kMaxCandidates))) {
    checks_.push_back({.to = candidate, .transaction = NewTransaction(), .next = Time::LongAgo()});
  }
}

StunTransactionId IceClient::NewTransaction() {
  StunTransactionId id;
  rng_.Fill(id);
  return id;
}

void IceClient::SendCheck(const Check& check, Outbox& out) const {
  PacketRef packet = out.pool().Acquire();
  if (!packet) return;
  StunWriter writer(packet->buffer(), StunClass::kRequest, kStunBinding, check.transaction);
  writer.AddUsername(username_);
  writer.AddPriority(kPriority);
  writer.AddIceControlling(tiebreaker_);
  writer.AddUseCandidate();
  writer.AddMessageIntegrity(remote_.password);
  writer.AddFingerprint();
  if (!writer.ok()) return;
  packet->set_size(writer.size());
  out.Send(check.to, std::move(packet));
}

// ---- time ----------------------------------------------------------------------------------------------------------

void IceClient::OnTimer(Time now, Outbox& out) {
  if (state_ == State::kFailed) return;
  if (ConsentExpired(now)) return Fail();
  if (state_ == State::kChecking) {
    RunChecks(now, out);
  } else if (now >= next_consent_) {
    Check& consent = consents_[static_cast<size_t>(unanswered_) % consents_.size()];
    consent = Check{.to = *selected_, .transaction = NewTransaction()};
    SendCheck(consent, out);
    const Duration patience = kUnansweredInterval * (1 << std::min(unanswered_, 1));
    ++unanswered_;
    next_consent_ = now + std::min(patience, kConsentInterval);
  }
}

void IceClient::RunChecks(Time now, Outbox& out) {
  for (Check& check : checks_) {
    const bool first = check.tries == 0;
    if (now < check.next || (first && now < next_start_)) continue;
    if (check.tries == kMaxTries) {
      check.next = Time::Never();
      continue;
    }
    SendCheck(check, out);
    ++check.tries;
    check.next =
        now + (check.tries == kMaxTries ? kInitialRto * kLastWaitRtos : kInitialRto * (1 << (check.tries - 1)));
    if (first) next_start_ = now + kPacing;
  }
  FailWithoutHope();
}

void IceClient::FailWithoutHope() {
  if (std::all_of(checks_.begin(), checks_.end(), [](const Check& check) { return check.next.is_never(); })) Fail();
}

void IceClient::Fail() {
  state_ = State::kFailed;
  selected_.reset();
}

Time IceClient::NextTimer() const {
  if (state_ == State::kFailed) return Time::Never();
  Time next = selected_ ? consented_ + options_.consent_timeout : Time::Never();
  if (state_ == State::kConnected) return std::min(next, next_consent_);
  for (const Check& check : checks_) {
    next = std::min(next, check.tries == 0 ? std::max(check.next, next_start_) : check.next);
  }
  // Without a candidate there is nothing to wait for.
  return checks_.empty() ? Time::LongAgo() : next;
}

bool IceClient::ConsentExpired(Time now) const {
  return selected_.has_value() && now >= consented_ + options_.consent_timeout;
}

// RFC 7675 section 5.1: random, so that many clients that were started together do not stay in step.
Duration IceClient::ConsentPause() {
  constexpr uint64_t kSpreadUs = kConsentInterval.us() * 2 / 5;
  return kConsentInterval * 4 / 5 + Duration::Micros(static_cast<int64_t>(rng_.Below(kSpreadUs + 1)));
}

// ---- answers -------------------------------------------------------------------------------------------------------

bool IceClient::OnStun(Time now, const Endpoint& from, const StunMessage& message) {
  const StunClass kind = message.message_class();
  if (state_ == State::kFailed || message.method() != kStunBinding) return false;
  if (kind != StunClass::kSuccess && kind != StunClass::kError) return false;
  Check* check = FindCheck(from, message.transaction_id());
  if (check == nullptr) return false;
  if (message.Find(StunAttribute::kFingerprint) && !message.CheckFingerprint()) return false;
  if (kind == StunClass::kError) {
    OnError(*check, message);
    return false;
  }
  if (!message.CheckIntegrity(remote_.password)) return false;
  mapped_ = message.XorMappedAddress();
  consented_ = now;
  unanswered_ = 0;
  next_consent_ = now + ConsentPause();
  if (state_ == State::kChecking) {
    selected_ = from;
    state_ = State::kConnected;
    checks_.clear();
  }
  return true;
}

// A response must come from where its request was sent to (RFC 8445 section 7.2.5.2.1).
IceClient::Check* IceClient::FindCheck(const Endpoint& from, const StunTransactionId& transaction) {
  if (state_ == State::kConnected) {
    for (Check& consent : consents_) {
      if (consent.to == from && consent.transaction == transaction) return &consent;
    }
    return nullptr;
  }
  for (Check& check : checks_) {
    if (check.to == from && check.transaction == transaction) return &check;
  }
  return nullptr;
}

void IceClient::OnError(Check& check, const StunMessage& message) {
  const auto error = message.ErrorResponse();
  if (!error) return;
  // Those who could not authenticate the request cannot prove themselves either (RFC 8489 section 9.1.3).
  const bool unprovable = error->code == kStunBadRequest || error->code == kStunUnauthenticated;
  if (!unprovable && !message.CheckIntegrity(remote_.password)) return;
  last_error_ = error->code;
  if (state_ == State::kConnected) {
    if (error->code == kForbidden) Fail();
    return;
  }
  check.next = Time::Never();
  FailWithoutHope();
}

}  // namespace duet
