#include "core/ice/ice_agent.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace duet {
namespace {

struct ErrorAnswer {
  int code;
  std::string_view reason;
  std::string_view password;  // empty: without integrity
  std::span<const uint16_t> unknown_attributes;
};

void SendError(const Endpoint& to, const StunMessage& request, const ErrorAnswer& answer, Outbox& out) {
  PacketRef packet = out.pool().Acquire();
  if (!packet) return;
  StunWriter writer(packet->buffer(), StunClass::kError, kStunBinding, request.transaction_id());
  writer.AddErrorCode(answer.code, answer.reason);
  if (!answer.unknown_attributes.empty()) writer.AddUnknownAttributes(answer.unknown_attributes);
  if (!answer.password.empty()) writer.AddMessageIntegrity(answer.password);
  writer.AddFingerprint();
  if (!writer.ok()) return;
  packet->set_size(writer.size());
  out.Send(to, std::move(packet));
}

void SendSuccess(const Endpoint& to, const StunMessage& request, std::string_view password, Outbox& out) {
  PacketRef packet = out.pool().Acquire();
  if (!packet) return;
  StunWriter writer(packet->buffer(), StunClass::kSuccess, kStunBinding, request.transaction_id());
  writer.AddXorMappedAddress(to);
  writer.AddMessageIntegrity(password);
  writer.AddFingerprint();
  if (!writer.ok()) return;
  packet->set_size(writer.size());
  out.Send(to, std::move(packet));
}

}  // namespace

IceAgent::IceAgent(IceCredentials local, IceCredentials remote, IceOptions options)
    : local_(std::move(local)), remote_(std::move(remote)), options_(options) {}

IceAgent::Outcome IceAgent::OnStun(Time now, const Endpoint& from, const StunMessage& message, Outbox& out) {
  Outcome outcome;
  if (ConsentExpired(now)) {
    outcome.refusal = Refusal::kConsentLost;
    return outcome;
  }
  outcome.refusal = Authenticate(from, message, out);
  if (outcome.refusal != Refusal::kNone) return outcome;

  const bool current = message.LocalUfrag() == local_.ufrag;
  SendSuccess(from, message, FindLocal(message.LocalUfrag())->password, out);
  outcome.authentic = true;
  outcome.first_check = !std::exchange(heard_any_, true);
  current_used_ = current_used_ || current;
  outcome.forgotten = Learn(now, from);
  outcome.selected_changed = Select(now, from, message.UseCandidate());
  // The remote has settled on the new credentials: the restart is over.
  if (current && message.UseCandidate()) former_local_.reset();
  return outcome;
}

// In the order of RFC 8489 sections 6.3 and 9.1.3, then RFC 8445 section 7.3.1.1. Answers to what is authentic have
// integrity themselves, others must not (RFC 8489 section 9.1.3).
IceAgent::Refusal IceAgent::Authenticate(const Endpoint& from, const StunMessage& message, Outbox& out) const {
  if (!message.is_binding_request()) return Refusal::kNotARequest;
  if (message.Find(StunAttribute::kFingerprint) && !message.CheckFingerprint()) return Refusal::kBadFingerprint;
  if (!message.has_integrity() || !message.Find(StunAttribute::kUsername)) {
    SendError(from, message, {.code = kStunBadRequest, .reason = "Bad Request"}, out);
    return Refusal::kBadRequest;
  }
  const IceCredentials* local = FindLocal(message.LocalUfrag());
  if (local == nullptr || !message.CheckIntegrity(local->password)) {
    SendError(from, message, {.code = kStunUnauthenticated, .reason = "Unauthenticated"}, out);
    return Refusal::kUnauthenticated;
  }
  if (const auto unknown = message.UnknownRequired(); !unknown.empty()) {
    SendError(from, message,
              {.code = kStunUnknownAttribute,
               .reason = "Unknown Attribute",
               .password = local->password,
               .unknown_attributes = unknown},
              out);
    return Refusal::kUnknownAttribute;
  }
  if (message.IceControlled()) {
    SendError(from, message, {.code = kStunRoleConflict, .reason = "Role Conflict", .password = local->password}, out);
    return Refusal::kRoleConflict;
  }
  return Refusal::kNone;
}

const IceCredentials* IceAgent::FindLocal(std::string_view ufrag) const {
  if (ufrag.empty()) return nullptr;
  if (ufrag == local_.ufrag) return &local_;
  if (former_local_ && ufrag == former_local_->ufrag) return &*former_local_;
  return nullptr;
}

// Notes that `from` was heard. When there are too many addresses, the one that was silent for longest makes room.
std::optional<Endpoint> IceAgent::Learn(Time now, const Endpoint& from) {
  Address* oldest = nullptr;
  for (Address& address : addresses_) {
    if (address.endpoint == from) {
      address.heard = std::max(address.heard, now);
      return std::nullopt;
    }
    if (address.endpoint == selected_) continue;
    if (oldest == nullptr || address.heard < oldest->heard) oldest = &address;
  }
  if (addresses_.push_back({from, now})) return std::nullopt;
  return std::exchange(*oldest, Address{from, now}).endpoint;
}

// True when the selected address is another one than before.
bool IceAgent::Select(Time now, const Endpoint& from, bool use_candidate) {
  if (selected_ == from) {
    selected_ended_ = false;
    nominated_ = nominated_ || use_candidate;
    return false;
  }
  const bool good = selected_ && !selected_ended_ && now - Find(*selected_)->heard <= kSilence;
  if (good && !use_candidate) return false;
  selected_ = from;
  selected_ended_ = false;
  nominated_ = use_candidate;
  return true;
}

IceAgent::Outcome IceAgent::Follow(Time now, const Endpoint& from) {
  Outcome outcome;
  if (!selected_ || ConsentExpired(now) || IsKnown(from)) return outcome;
  outcome.authentic = true;
  outcome.selected_changed = true;
  outcome.forgotten = Learn(Find(*selected_)->heard, from);
  selected_ = from;
  selected_ended_ = false;
  nominated_ = false;
  return outcome;
}

void IceAgent::OnConnectionEnded(const Endpoint& address) {
  if (selected_ == address) selected_ended_ = true;
}

const IceAgent::Address* IceAgent::Find(const Endpoint& endpoint) const {
  const auto found = std::find_if(addresses_.begin(), addresses_.end(),
                                  [&](const Address& address) { return address.endpoint == endpoint; });
  return found == addresses_.end() ? nullptr : found;
}

Time IceAgent::NextTimer() const {
  if (!selected_) return Time::Never();
  return Find(*selected_)->heard + options_.consent_timeout;
}

bool IceAgent::ConsentExpired(Time now) const { return consent_lost_ || now >= NextTimer(); }

void IceAgent::OnTimer(Time now) {
  if (!ConsentExpired(now)) return;
  consent_lost_ = true;
  nominated_ = false;
  selected_ended_ = false;
  selected_.reset();
  addresses_.clear();
}

void IceAgent::Restart(IceCredentials local, IceCredentials remote) {
  DUET_DCHECK(local.ufrag != local_.ufrag);
  // Credentials that the remote never used were not the ones that media goes on with.
  if (current_used_) former_local_ = std::move(local_);
  if (consent_lost_) former_local_.reset();
  local_ = std::move(local);
  remote_ = std::move(remote);
  current_used_ = false;
  consent_lost_ = false;
}

const char* ToString(IceAgent::Refusal refusal) {
  switch (refusal) {
    case IceAgent::Refusal::kNone: return "none";
    case IceAgent::Refusal::kNotARequest: return "not_a_request";
    case IceAgent::Refusal::kBadFingerprint: return "bad_fingerprint";
    case IceAgent::Refusal::kBadRequest: return "bad_request";
    case IceAgent::Refusal::kUnauthenticated: return "unauthenticated";
    case IceAgent::Refusal::kUnknownAttribute: return "unknown_attribute";
    case IceAgent::Refusal::kRoleConflict: return "role_conflict";
    case IceAgent::Refusal::kConsentLost: return "consent_lost";
  }
  return "unknown";
}

}  // namespace duet
