// IceClient: the controlling side of ICE towards a lite agent, for the native client, the load generator and tests
// (RFC 8445 sections 6.1.4, 7.2 and 8.1; RFC 7675).
//
// One local socket, the remote's candidates from the SDP. Checks start one after the other, Ta apart, are repeated as
// RFC 8489 section 6.2.1 says (500 ms, doubled each time, seven in all), and all carry USE-CANDIDATE, so the first one
// that succeeds is selected by both sides and media starts after one round trip. From then on a consent check goes out
// every 5 s +- 20 %, each a new transaction, also with USE-CANDIDATE: the lite side follows when our address changes.
//
//   kChecking --first success--> kConnected --no success for consent_timeout--> kFailed
//       '-----every candidate failed-------------------------------------------> kFailed
//
// Invariant: nothing is selected without a success response that has the right integrity, comes from the address that
// was asked, and answers a transaction of ours. Requests are not answered: a lite agent makes none.
//
// Thread rule: owned by one peer. Nothing allocates after construction and Restart.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/outbox.h"
#include "base/rng.h"
#include "base/time.h"
#include "core/ice/ice_agent.h"
#include "wire/stun.h"

namespace duet {

class IceClient {
 public:
  static constexpr Duration kPacing = Duration::Millis(50);       // Ta, RFC 8445 section 14.2
  static constexpr Duration kInitialRto = Duration::Millis(500);  // RFC 8489 section 6.2.1
  static constexpr int kMaxTries = 7;                             // Rc
  static constexpr int kLastWaitRtos = 16;                        // Rm
  // RFC 7675 section 5.1 has 5 s for consent alone. A check is also how the remote learns of an address that a NAT has
  // changed, so they come sooner, and much sooner when the last one was not answered.
  static constexpr Duration kConsentInterval = Duration::Millis(2500);
  static constexpr Duration kUnansweredInterval = Duration::Millis(500);
  static constexpr size_t kMaxCandidates = 32;

  enum class State : uint8_t { kChecking, kConnected, kFailed };

  // `candidates`: addresses of the remote, best first; those beyond kMaxCandidates are left out. The first check is due
  // at once. `rng` outlives this.
  IceClient(IceCredentials local, IceCredentials remote, std::span<const Endpoint> candidates, IceOptions options,
            Rng& rng);

  State state() const { return state_; }
  const std::optional<Endpoint>& selected() const { return selected_; }
  // Our own address as the remote sees it; nothing before the first success.
  const std::optional<Endpoint>& mapped() const { return mapped_; }
  // The error code that the last failed check was answered with; 0 when none was.
  int last_error() const { return last_error_; }

  // True when the message is an authentic answer to a check of ours.
  bool OnStun(Time now, const Endpoint& from, const StunMessage& message);
  void OnTimer(Time now, Outbox& out);
  Time NextTimer() const;
  bool ConsentExpired(Time now) const;

  // New credentials of both sides and the remote's candidates. The selected address stays until a check succeeds.
  void Restart(IceCredentials local, IceCredentials remote, std::span<const Endpoint> candidates);

 private:
  struct Check {
    Endpoint to;
    StunTransactionId transaction{};
    int tries = 0;
    Time next;  // when it is sent again, or fails when the tries are used up; Time::Never() once it failed
  };

  StunTransactionId NewTransaction();
  void SendCheck(const Check& check, Outbox& out) const;
  void RunChecks(Time now, Outbox& out);
  void FailWithoutHope();
  void Fail();
  Duration ConsentPause();
  Check* FindCheck(const Endpoint& from, const StunTransactionId& transaction);
  void OnError(Check& check, const StunMessage& message);

  IceCredentials local_;
  IceCredentials remote_;
  IceOptions options_;
  Rng& rng_;
  uint64_t tiebreaker_;
  std::string username_;
  std::vector<Check> checks_;
  Time next_start_ = Time::LongAgo();  // pacing
  State state_ = State::kChecking;
  std::optional<Endpoint> selected_;
  std::optional<Endpoint> mapped_;
  int last_error_ = 0;
  std::array<Check, 4> consents_;  // the newest consent checks
  int unanswered_ = 0;             // of them
  Time consented_;                 // when the newest check that succeeded was sent
  Time next_consent_ = Time::Never();
};

}  // namespace duet
