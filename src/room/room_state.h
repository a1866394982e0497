// RoomState: who is in a room, what they publish, and who hears and sees whom. The control half of a room; MediaRoom is
// the data half.
//
// A member publishes on sections of its transport (Publication) and receives on slots (Slot), both named by the mid of
// its SDP. Which source stands on which slot follows from four things: what is published, what the member asked for
// (Subscribe, Unsubscribe), what it takes without asking (recvMode), and what its rights allow. Every change is worked
// out anew by AssignSlots, which keeps what is right where it is.
//
// Invariants: a user stands in a room once; a source stands on at most one slot of a member; a slot never carries its
// own member's source. Thread rule: owned by Control.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "auth/usersig.h"
#include "base/ids.h"
#include "base/time.h"
#include "room/room_effects.h"
#include "wire/signal.h"

namespace duet {

// What a member may do in the room: the Privilege bits of its privateMapKey, everything without one.
struct Rights {
  uint32_t bits = kAllPrivileges;

  bool MaySend(signal::MediaKind kind, signal::StreamType stream) const;
  bool MayReceive(signal::MediaKind kind, signal::StreamType stream) const;
  bool operator==(const Rights&) const = default;
};

// One sendable section of a member.
struct Publication {
  std::string mid;
  signal::MediaKind kind{};
  signal::StreamType stream{};
  UptrackId uptrack;  // 0: nothing is sent at the moment, as between two pushes
  bool on = false;    // its member, role and rights want it published
  // Whether there is anything to publish. A negotiated section is taken at its word; a push says what it carries.
  bool carried = true;
  std::vector<std::string> rids;  // of its encodings, the smallest first; empty without simulcast

  bool published() const { return on && carried; }
};

// What a member can subscribe to: one kind of one stream of one user, whether or not it exists yet.
struct SourceName {
  std::string user_id;
  signal::StreamType stream{};
  signal::MediaKind kind{};
  auto operator<=>(const SourceName&) const = default;
};

struct Slot {
  std::string mid;
  signal::MediaKind kind{};
  DowntrackId downtrack;
  std::optional<SourceName> source;
  UptrackId uptrack;  // of the source, as connected last
  signal::Quality quality = signal::Quality::kAuto;
};

// What a member said of a source.
struct Wish {
  bool subscribed = false;
  signal::Quality quality = signal::Quality::kAuto;
};

// A member's media connection as negotiated.
struct MemberTransport {
  PeerId peer;
  std::vector<Publication> publications;
  std::vector<Slot> slots;
};

struct Member {
  static constexpr size_t kMaxSubscriptions = 1024;  // remembered wishes, granted or not

  std::string user_id;
  signal::Role role{};
  Rights rights;
  int recv_mode = 1;    // 1 all, 2 audio, 3 video, 4 nothing without being asked
  SessionId session;    // 0 while its socket is lost
  bool silent = false;  // hears no notifications
  // It plays what it gets by address (RTMP, FLV), each stream for itself: nothing to assign, and no limit.
  bool virtual_slots = false;
  std::string resume_token;
  size_t worker = 0;  // index of the worker that holds its media
  MemberTransport transport;
  std::map<SourceName, Wish> wishes;
  std::vector<signal::PlayedStream> played;  // with virtual slots: what it gets, as told last
  Time seat_until = Time::Never();           // set while paused
  int uplink_quality = 0;                    // 0 unknown, 1 best ... 5 very bad, 6 down
  int downlink_quality = 0;

  bool paused() const { return !seat_until.is_never(); }
  bool MayPublish(signal::MediaKind kind, signal::StreamType stream) const {
    return role == signal::Role::kAnchor && rights.MaySend(kind, stream);
  }
  std::vector<signal::StreamState> streams() const;
  std::vector<signal::SlotInfo> slot_table() const;
};

class RoomState {
 public:
  struct Options {
    RoomKey key;
    uint32_t sdk_app_id = 0;
    signal::RoomName name;
    signal::Template room_template{};
    size_t capacity = 300;
    int64_t created_unix_ms = 0;
    size_t worker = 0;  // index of the worker where its first members are
  };
  explicit RoomState(Options options) : options_(std::move(options)) {}

  const Options& options() const { return options_; }
  size_t size() const { return members_.size(); }
  bool empty() const { return members_.empty(); }
  Member* Find(std::string_view user_id);
  const Member* Find(std::string_view user_id) const { return const_cast<RoomState*>(this)->Find(user_id); }
  // In order of entering.
  const std::vector<std::unique_ptr<Member>>& members() const { return members_; }

  // Whether `user_id` may come in: there is room, or it is in already.
  bool HasRoomFor(std::string_view user_id) const;

  // A new member. The user must not be in. The others get memberJoined, its streams and their new slots; the member's
  // own table is filled but not notified (it stands in the answer to `enter`).
  Member& Enter(Member member, RoomEffects& fx);
  // The member is back on a new session and transport: as it was, with what the new transport publishes on top, as far
  // as its role and rights, which may be new, allow.
  void Resume(Member& member, SessionId session, std::string resume_token, MemberTransport transport, RoomEffects& fx);
  // The socket (then `session` is 0 already) or the transport is lost, the seat is kept. Again while paused: a new
  // time.
  void Pause(Member& member, Time seat_until, RoomEffects& fx);
  void Leave(std::string_view user_id, signal::LeaveReason reason, RoomEffects& fx);

  // After `negotiate`. The member's own table is not notified.
  void SetTransport(Member& member, MemberTransport transport, RoomEffects& fx);
  // False when the rights or the role do not allow what is to be switched on; nothing changes then.
  bool Publish(Member& member, signal::StreamType stream, std::optional<bool> audio, std::optional<bool> video,
               RoomEffects& fx);
  bool SwitchRole(Member& member, signal::Role role, RoomEffects& fx);
  // What the main stream's push carries now.
  void SetCarried(Member& member, bool audio, bool video, RoomEffects& fx);

  struct SubscribeOutcome {
    enum Kind { kOnSlot, kRemembered, kNoSlot, kNotAllowed, kTooMany } kind = kRemembered;
    std::string mid;  // with kOnSlot
  };
  SubscribeOutcome Subscribe(Member& member, const SourceName& source, signal::Quality quality, RoomEffects& fx);
  void Unsubscribe(Member& member, const SourceName& source, RoomEffects& fx);

  // The number of the next message of this room.
  uint64_t NextMessageSeq() { return ++message_seq_; }

 private:
  struct Source {
    SourceName name;
    UptrackId uptrack;
    bool on = false;
  };
  bool Wants(const Member& member, const SourceName& source) const;
  const Publication* FindPublication(const SourceName& source) const;
  std::vector<Source> WantedSources(const Member& member) const;
  // Brings the member's slots in line with what it wants; true when its table changed.
  bool AssignSlots(Member& member, RoomEffects& fx) const;
  bool AssignVirtualSlots(Member& member) const;
  // Switches publications by `change`, which changes one, and tells whom it concerns when anything came of it.
  template <typename F>
  void ChangePublications(Member& member, signal::StreamType stream, RoomEffects& fx, F&& change);
  void AssignOthers(const Member& except, RoomEffects& fx);
  static void TellSlots(const Member& member, RoomEffects& fx);
  void NotifyOthers(const Member& except, const signal::Notification& notification, RoomEffects& fx) const;
  void AnnouncePublished(const Member& member, RoomEffects& fx) const;

  Options options_;
  std::vector<std::unique_ptr<Member>> members_;
  uint64_t message_seq_ = 0;
};

}  // namespace duet
