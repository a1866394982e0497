#include "auth/usersig.h"
#include "node/control_state.h"

namespace duet {
namespace {

signal::SignalError FromSigFailure(const SigFailure& failure) {
  // Both tables are written off docs/protocol.md; a test holds them together.
  const signal::ErrorInfo* info = signal::FindErrorByName(NameOf(failure.error));
  DUET_CHECK(info != nullptr);
  return signal::MakeError(info->kind, failure.message);
}

}  // namespace

Result<Rights, signal::SignalError> Authenticate(const AppRegistry& apps, const signal::Enter& enter,
                                                 int64_t unix_now_s, bool trusted) {
  if (trusted && enter.user_sig.empty()) {
    const App* app = apps.Find(enter.sdk_app_id);
    if (app != nullptr && app->development) return Rights{};
  }
  const auto verified = VerifyUserSig(apps, enter.sdk_app_id, enter.user_id, enter.user_sig, unix_now_s);
  if (!verified.ok()) return FromSigFailure(verified.error());
  if (!enter.private_map_key) {
    if (!verified->app->require_private_map_key) return Rights{};
    return FromSigFailure({SigError::kMapKeyRequired,
                           "This app demands a privateMapKey. Let your back end make one for this user and room."});
  }
  const RoomRef room = enter.room.is_string() ? RoomRef(enter.room.text()) : RoomRef(enter.room.number());
  const auto key = VerifyPrivateMapKey(apps, enter.sdk_app_id, enter.user_id, *enter.private_map_key, unix_now_s, room);
  if (!key.ok()) return FromSigFailure(key.error());
  return Rights{key->privileges};
}

}  // namespace duet
