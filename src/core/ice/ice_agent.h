// IceAgent: the lite side of ICE for one remote (RFC 8445 sections 2.5, 6.1.1 and 7.3; RFC 8839; RFC 7675).
//
// A lite agent never checks. It answers the checks of the remote, which is always the controlling one, learns from
// them where the remote is, and obeys its nominations:
//
//   nothing valid --check--> first valid address, used until something is nominated --USE-CANDIDATE--> nominated
//                                                     the newest nomination wins       <--------------'
//
// - An address is valid once a check from it has the right integrity. Addresses come from checks only, so each is peer
//   reflexive (section 7.3.1.3) until it is known, and remote candidates of the SDP need not be looked at.
// - A NAT that rebinds shows as a check from a new address. With USE-CANDIDATE it is selected at once. A remote that
//   does not repeat the nomination (RFC 7675 has consent checks without it) is followed once the selected address has
//   been silent for kSilence.
// - Checks are seconds apart, media is not: an authentic packet of media that was not seen before, from a new address,
//   is followed at once (Follow). It renews no consent, so that who only copies packets of others gains seconds at
//   most: the next check with a nomination takes the path back.
// - Over TCP an address can end. Where the selected one did, the next address that is heard of is followed at once;
// that
//   the remote comes back before its consent runs out is up to it.
// - Role conflict: a remote that says ICE-CONTROLLED takes us for a full agent. A lite agent cannot become controlling
//   (section 6.1.1), so its tiebreaker counts as lower than any and the answer is 487 (section 7.3.1.1), on which the
//   remote becomes controlling (section 7.2.5.1).
// - Consent: a lite agent only answers consent checks (RFC 7675); that the remote still sends them, from the address
//   that we send to, is its consent. When it is not renewed for consent_timeout nothing may be sent any more and these
//   credentials are used up: only Restart helps.
// - Restart: media goes on to the selected address. The former credentials are answered until the remote has nominated
//   with the new ones.
//
// Invariants: a message without the right integrity changes nothing; selected() is a known address, and an authentic
// check came from it, or from the one that it followed, less than consent_timeout before the last OnTimer; at most
// kMaxAddresses addresses are known.
//
// Thread rule: owned by one Peer. OnStun allocates nothing itself (OpenSSL's HMAC does, and frees it again).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/endpoint.h"
#include "base/fixed_vector.h"
#include "base/outbox.h"
#include "base/time.h"
#include "wire/stun.h"

namespace duet {

// RFC 8839 section 5.4: ufrag 4..256, password 22..256 ice-chars.
struct IceCredentials {
  std::string ufrag;
  std::string password;

  bool operator==(const IceCredentials&) const = default;
};

struct IceOptions {
  Duration consent_timeout = Duration::Seconds(30);  // RFC 7675 section 5.1
};

class IceAgent {
 public:
  // A client with Wi-Fi and cellular, IPv4 and IPv6, and a few relays has about a dozen.
  static constexpr size_t kMaxAddresses = 16;
  // Longer than the longest interval between two consent checks: 5 s + 20 % (RFC 7675 section 5.1).
  static constexpr Duration kSilence = Duration::Seconds(7);

  // Why a message was not a check of the remote.
  enum class Refusal : uint8_t {
    kNone,
    kNotARequest,       // a response or an indication: a lite agent awaits neither. Not answered
    kBadFingerprint,    // RFC 8489 section 6.3: not answered
    kBadRequest,        // USERNAME or integrity is missing: 400
    kUnauthenticated,   // not our ufrag, or the integrity does not fit: 401
    kUnknownAttribute,  // one that must be understood: 420
    kRoleConflict,      // ICE-CONTROLLED: 487
    kConsentLost,       // the credentials are used up: not answered
  };

  struct Outcome {
    bool authentic = false;  // a check of the remote, answered with success: `from` is an address of it
    bool first_check = false;
    bool selected_changed = false;
    Refusal refusal = Refusal::kNone;
    std::optional<Endpoint> forgotten;  // an address that is no longer known, because there were too many
  };

  IceAgent(IceCredentials local, IceCredentials remote, IceOptions options = {});

  // A STUN message that names our ufrag or comes from a known address. The answer goes to the outbox.
  Outcome OnStun(Time now, const Endpoint& from, const StunMessage& message, Outbox& out);

  // Media that only the remote can have sent came from an address that no check came from: it is selected, with what is
  // left of the consent of the one before. Not authentic when there is none.
  Outcome Follow(Time now, const Endpoint& from);

  // Nothing that is sent to this address arrives any more.
  void OnConnectionEnded(const Endpoint& address);

  // Where to send to; nothing before the first check and after consent was lost.
  const std::optional<Endpoint>& selected() const { return selected_; }
  // Whether the remote has nominated the selected address, or we only had it first.
  bool nominated() const { return nominated_; }
  bool IsKnown(const Endpoint& address) const { return Find(address) != nullptr; }

  // True from the moment at which nothing may be sent any more, until Restart.
  bool ConsentExpired(Time now) const;
  void OnTimer(Time now);
  Time NextTimer() const;

  // `local` must have another ufrag than before.
  void Restart(IceCredentials local, IceCredentials remote);

  const IceCredentials& local() const { return local_; }
  const IceCredentials& remote() const { return remote_; }

 private:
  struct Address {
    Endpoint endpoint;
    Time heard;  // the last authentic check
  };

  const IceCredentials* FindLocal(std::string_view ufrag) const;
  // kNone when the message may be answered with success; else it was answered with an error where one is due.
  Refusal Authenticate(const Endpoint& from, const StunMessage& message, Outbox& out) const;
  std::optional<Endpoint> Learn(Time now, const Endpoint& from);
  bool Select(Time now, const Endpoint& from, bool use_candidate);
  const Address* Find(const Endpoint& endpoint) const;

  IceCredentials local_;
  IceCredentials remote_;
  std::optional<IceCredentials> former_local_;  // while a restart is not finished
  IceOptions options_;
  FixedVector<Address, kMaxAddresses> addresses_;
  std::optional<Endpoint> selected_;
  bool nominated_ = false;
  bool selected_ended_ = false;
  bool heard_any_ = false;
  bool current_used_ = false;  // a check came with local_
  bool consent_lost_ = false;
};

const char* ToString(IceAgent::Refusal refusal);

}  // namespace duet
