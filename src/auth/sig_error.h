// Why a UserSig or a privateMapKey is refused: one value for each cause, named as in docs/protocol.md ("Errors").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace duet {

enum class SigError : uint8_t {
  kAppUnknown,
  kSigMalformed,
  kSigWrongApp,
  kSigWrongUser,
  kSigExpired,
  kSigFromFuture,
  kSigBadSignature,
  kSigOtherEnvironment,
  kMapKeyMalformed,
  kMapKeyWrongApp,
  kMapKeyWrongUser,
  kMapKeyExpired,  // also one whose time has not come yet
  kMapKeyBadSignature,
  kMapKeyWrongRoom,
  kMapKeyPrivilege,
  kMapKeyRequired,
};

// "sig_expired": the `data.name` of the protocol.
std::string_view NameOf(SigError error);

struct SigFailure {
  SigError error{};
  std::string message;  // a sentence that says what to do, without secrets
  bool operator==(const SigFailure&) const = default;
};

}  // namespace duet
