#include "auth/sig_error.h"

namespace duet {

std::string_view NameOf(SigError error) {
  switch (error) {
    case SigError::kAppUnknown: return "app_unknown";
    case SigError::kSigMalformed: return "sig_malformed";
    case SigError::kSigWrongApp: return "sig_wrong_app";
    case SigError::kSigWrongUser: return "sig_wrong_user";
    case SigError::kSigExpired: return "sig_expired";
    case SigError::kSigFromFuture: return "sig_from_future";
    case SigError::kSigBadSignature: return "sig_bad_signature";
    case SigError::kSigOtherEnvironment: return "sig_other_environment";
    case SigError::kMapKeyMalformed: return "map_key_malformed";
    case SigError::kMapKeyWrongApp: return "map_key_wrong_app";
    case SigError::kMapKeyWrongUser: return "map_key_wrong_user";
    case SigError::kMapKeyExpired: return "map_key_expired";
    case SigError::kMapKeyBadSignature: return "map_key_bad_signature";
    case SigError::kMapKeyWrongRoom: return "map_key_wrong_room";
    case SigError::kMapKeyPrivilege: return "map_key_privilege";
    case SigError::kMapKeyRequired: return "map_key_required";
  }
  return "internal_error";
}

}  // namespace duet
