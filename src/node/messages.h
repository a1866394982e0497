// What Control and the Workers say to each other, and what the doors say to Control. Typed values over bounded
// mailboxes; a Worker never parses JSON or SDP, Control never touches RTP.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/drop.h"
#include "base/ids.h"
#include "base/log.h"
#include "node/media_line.h"
#include "peer/peer_config.h"
#include "peer/send_path.h"
#include "room/media_room.h"
#include "room/room_effects.h"
#include "wire/rtmp_url.h"
#include "wire/sdp_fragment.h"
#include "wire/signal.h"

namespace duet {

// ---- Control -> Worker
// ----------------------------------------------------------------------------------------------------------------

// A new remote in a room. The first peer of a RoomKey makes its MediaRoom, the last one to go ends it.
struct AddPeer {
  RoomKey room;
  PeerConfig config;
};
// The same remote after `negotiate`: tracks that are new are added, tracks that are missing removed; changed ICE
// credentials restart ICE.
struct UpdatePeer {
  PeerConfig config;
};
struct RemovePeer {
  PeerId peer;
};
// ConnectSlot and SetPublished stand in room/room_effects.h.

// A publisher without a transport: an RTMP publisher, or one whose transport is another worker's. Its packets come over
// `line`, whose taker this worker is, with the payload types and extensions of `uptracks`. Like a peer it makes a room
// and is counted in it; SetPublished, ConnectSlot and AddTap take its tracks like others.
struct AddSource {
  RoomKey room;
  PeerId peer;  // names it; no transport has this id
  std::vector<UptrackConfig> uptracks;
  MediaLineRef line;
};
struct RemoveSource {
  PeerId peer;
};
// What the track receives goes into `line` as well, in clear. Ends with RemoveTap or with the track.
struct AddTap {
  TapId tap;
  RoomKey room;
  UptrackId source;
  MediaLineRef line;
  // A bridge: H.264 only, one layer at a time (the largest that comes, changed at keyframes), numbered without a jump.
  // A relay: every packet of every layer as it is.
  enum class What : uint8_t { kBridge, kRelay } what = What::kBridge;
};
struct RemoveTap {
  TapId tap;
};
// What the reader of a relay wants of the publisher: layers (bit 0 is the smallest) and no more than `max_bps` of the
// picture (0 = no limit). Without it, all.
struct SetTapWants {
  TapId tap;
  uint8_t layers = 0;
  int64_t max_bps = 0;
};
// Somebody who is no slot needs a picture to begin with. Throttled like every other request.
struct RequestKeyframe {
  UptrackId uptrack;  // that a tap reads
  uint8_t layer = 0;  // a tap of a bridge has but one
};
using WorkerCommand = std::variant<AddPeer, UpdatePeer, RemovePeer, ConnectSlot, SetPublished, AddSource, RemoveSource,
                                   AddTap, RemoveTap, SetTapWants, RequestKeyframe>;

// ---- Worker -> Control
// ----------------------------------------------------------------------------------------------------------------

struct PeerConnected {
  PeerId peer;
  SrtpProfile profile{};
};
enum class PeerLossReason { kConsentExpired, kDtlsFailed, kDtlsClosed, kNeverConnected };
// The transport is dead; Control decides what becomes of the member.
struct PeerLost {
  PeerId peer;
  PeerLossReason reason{};
  std::string message;
};
// Every 2 s for each connected peer. Losses are fractions 0..1, -1 = unknown.
struct PeerQuality {
  PeerId peer;
  double uplink_loss = -1;
  double downlink_loss = -1;
  int64_t rtt_us = -1;
  uint64_t received_packets = 0;  // in the last interval
  PathQuality path;               // to the remote
  Endpoint address;               // of the remote
};
// What the receivers of a picture can take has changed; the publisher is to send no more. 0 = no limit.
struct UptrackLimit {
  PeerId peer;
  UptrackId uptrack;
  int64_t max_bps = 0;
};
// The layers of a picture that somebody gets have changed; bit 0 is the smallest.
struct UptrackLayersWanted {
  PeerId peer;
  UptrackId uptrack;
  uint8_t mask = 0;
};
// Who is heard in a room, the loudest first; every 500 ms while anybody is, and once when nobody is any more.
struct RoomSpeakers {
  RoomKey room;
  MediaRoom::SpeakingList speaking;
};
// The publisher behind a source's line is to make a keyframe. Throttled.
struct SourceKeyframeWanted {
  PeerId peer;
  UptrackId uptrack;
  uint8_t layer = 0;
};
// What the worker holds. Sent when it changed, at most every 100 ms.
struct WorkerCounts {
  uint64_t rooms = 0;
  uint64_t peers = 0;
  uint64_t uptracks = 0;
  uint64_t downtracks = 0;
  uint64_t sources = 0;         // publishers that come over a line
  uint64_t taps = 0;            // readers of a track over a line
  uint64_t addresses = 0;       // entries of the address table
  uint64_t packets_in_use = 0;  // slots of the packet pool
  uint64_t tcp_connections = 0;
  uint64_t packets_received = 0;
  uint64_t packets_forwarded = 0;  // RTP packets sent to subscribers
  DropCounters drops;
};
using WorkerEvent = std::variant<PeerConnected, PeerLost, PeerQuality, UptrackLimit, UptrackLayersWanted, RoomSpeakers,
                                 SourceKeyframeWanted, WorkerCounts>;

// ---- doors <-> Control
// ------------------------------------------------------------------------------------------------------------------

struct SessionOpened {
  std::string remote;  // address of the client, for the log
  Log log;             // carries the session's id
  // Nobody reads notifications (WHIP, WHEP): it gets none, and it lives as long as its media. No seat is kept for it.
  bool silent = false;
  // How the client reached us: the host of its request ("calls.example.com", no port) and whether over TLS. What
  // addresses of other doors are made of.
  std::string host;
  bool secure = false;
};
// The remote restarts ICE and changes nothing else (RFC 8840). Answered with IceRestarted.
struct RestartIce {
  IceCredentials remote;
};
struct SessionClosed {};  // the socket is gone, whoever closed it

// The doors of RTMP and FLV (docs/protocol.md section 4). Each push and each play is a silent session of its own
// (SessionOpened), ended with SessionClosed. Control may end it with CloseSession, whose reason is a sentence for the
// client; SessionClosed then follows as ever.

// Somebody wants to publish. Answered with PushOpened or a BridgeRefused.
struct OpenPush {
  RtmpPush target;
  // The caller is on loopback and the door gives signatures away (--dev): the development app lets it in without one.
  bool trusted = false;
  Waker* taker = nullptr;  // unused for a push; the worker takes
};
// What comes with the push: said when the first frame of a kind has come (and again with both). Until then the others
// see the stream as not published.
struct PushCarries {
  bool audio = false;
  bool video = false;
};
// Somebody wants to see a stream. Answered with PlayOpened or a BridgeRefused. Several viewers of one stream share one
// line, so the door has two kinds of sessions:
//   tap = false: one per viewer, as long as it watches. Whether it may, and what of it; closed when its right ends
//                (the member of its ticket has left or was kicked) or when the publisher leaves.
//   tap = true:  one per stream, as long as anybody watches; opened in the name of the first viewer, but nobody's. Its
//                line brings sound and picture whatever that viewer may have; closed when the publisher leaves.
struct OpenPlay {
  RtmpPlay target;
  bool trusted = false;  // as in OpenPush
  bool tap = true;
  Waker* taker = nullptr;  // wakes the door's thread; outlives the session and what it was given
};
// The viewers of a play need a keyframe.
struct WantKeyframe {};

struct ControlInput {
  SessionId session;
  std::variant<SessionOpened, signal::Request, RestartIce, OpenPush, PushCarries, OpenPlay, WantKeyframe, SessionClosed>
      what;
};

// Codes of the WebSocket close frame that a client may meet (docs/protocol.md).
enum class CloseCode : uint16_t { kKicked = 4001, kDismissed = 4002, kDraining = 4003 };
struct CloseSession {
  CloseCode code{};
  std::string reason;
};
// Our new credentials and the candidates; nothing when there is no media any more.
struct IceRestarted {
  std::optional<SdpFragment> fragment;
  std::string mid;  // of the section that carries the transport
};
// The push is let in: its RTP packets (version 2, no extensions, any SSRC) go into `line`.
struct PushOpened {
  MediaLineRef line;
  UptrackId audio;
  UptrackId video;
  PayloadType audio_payload_type;  // Opus, 48 kHz
  PayloadType video_payload_type;  // H.264, 90 kHz
};
// The play is let in. What the line brings can change its UptrackId at any time: the publisher came back on another
// transport, and numbers and timestamps begin anew.
struct PlayOpened {
  MediaLineRef line;  // null when only the right was asked for
  // What the asking viewer may have; the door keeps the rest from it.
  bool audio = true;
  bool video = true;
};
// The publisher of a push is to make a keyframe.
struct PushKeyframeWanted {};
struct BridgeRefused {
  signal::SignalError error;
};

struct ControlOutput {
  SessionId session;
  std::variant<signal::Response, signal::Notification, CloseSession, IceRestarted, PushOpened, PlayOpened,
               PushKeyframeWanted, BridgeRefused>
      what;
};

// For /v1/debug/counts.
struct ControlCounts {
  uint64_t sessions = 0;
  uint64_t rooms = 0;
  uint64_t members = 0;
  uint64_t paused_members = 0;
  WorkerCounts workers;  // summed
};

}  // namespace duet
