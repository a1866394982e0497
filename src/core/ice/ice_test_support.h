// What the tests of ICE share: datagrams made by hand.
#pragma once

#include <string>
#include <vector>

#include "base/outbox.h"
#include "core/ice/ice_agent.h"
#include "wire/stun.h"

namespace duet {

inline const IceCredentials kServer{"serv", "server-password-of-22-x"};
inline const IceCredentials kClient{"clie", "client-password-of-22-x"};

struct CheckSpec {
  StunClass message_class = StunClass::kRequest;
  uint16_t method = kStunBinding;
  std::string username = "serv:clie";       // empty: none
  std::string password = kServer.password;  // empty: no integrity
  bool use_candidate = false;
  bool fingerprint = true;
  bool controlled = false;  // instead of controlling
  uint16_t extra_attribute = 0;
};

inline StunTransactionId TransactionOf(uint8_t n) {
  StunTransactionId id{};
  id.fill(std::byte{n});
  return id;
}

inline std::vector<std::byte> MakeCheck(const CheckSpec& spec, uint8_t transaction = 1) {
  std::vector<std::byte> bytes(512);
  StunWriter writer(bytes, spec.message_class, spec.method, TransactionOf(transaction));
  if (!spec.username.empty()) writer.AddUsername(spec.username);
  if (spec.extra_attribute != 0) writer.AddAttribute(static_cast<StunAttribute>(spec.extra_attribute), {});
  writer.AddPriority(1);
  if (spec.controlled) {
    writer.AddIceControlled(7);
  } else {
    writer.AddIceControlling(7);
  }
  if (spec.use_candidate) writer.AddUseCandidate();
  if (!spec.password.empty()) writer.AddMessageIntegrity(spec.password);
  if (spec.fingerprint) writer.AddFingerprint();
  DUET_CHECK(writer.ok());
  bytes.resize(writer.size());
  return bytes;
}

}  // namespace duet
