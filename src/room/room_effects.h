// What a change of a RoomState asks of others: words to members, switches in the media path. Append-only; Control
// drains it.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "wire/signal.h"

namespace duet {

// Puts what `source` receives on the slot `downtrack`, in the size that `quality` says; UptrackId 0 empties the slot.
struct ConnectSlot {
  PeerId subscriber;
  DowntrackId downtrack;
  UptrackId source;
  signal::Quality quality = signal::Quality::kAuto;
  bool operator==(const ConnectSlot&) const = default;
};

// Whether anything of the track may be passed on. Tracks start switched off.
struct SetPublished {
  PeerId peer;
  UptrackId uptrack;
  bool published = false;
  bool operator==(const SetPublished&) const = default;
};

struct RoomEffects {
  std::vector<std::pair<SessionId, signal::Notification>> notifications;
  std::vector<std::variant<ConnectSlot, SetPublished>> switches;
  // Members with virtual slots (Member::played) whose table has changed.
  std::vector<std::string> played;
};

}  // namespace duet
