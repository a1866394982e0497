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
#include "peer/peer_config.h"
#include "peer/send_path.h"
#include "room/media_room.h"
#include "room/room_effects.h"
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
using WorkerCommand = std::variant<AddPeer, UpdatePeer, RemovePeer, ConnectSlot, SetPublished>;

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
// What the worker holds. Sent when it changed, at most every 100 ms.
struct WorkerCounts {
  uint64_t rooms = 0;
  uint64_t peers = 0;
  uint64_t uptracks = 0;
  uint64_t downtracks = 0;
  uint64_t addresses = 0;       // entries of the address table
  uint64_t packets_in_use = 0;  // slots of the packet pool
  uint64_t tcp_connections = 0;
  uint64_t packets_received = 0;
  uint64_t packets_forwarded = 0;  // RTP packets sent to subscribers
  DropCounters drops;
};
using WorkerEvent =
    std::variant<PeerConnected, PeerLost, PeerQuality, UptrackLimit, UptrackLayersWanted, RoomSpeakers, WorkerCounts>;

// ---- doors <-> Control
// ------------------------------------------------------------------------------------------------------------------

struct SessionOpened {
  std::string remote;  // address of the client, for the log
  Log log;             // carries the session's id
  // Nobody reads notifications (WHIP, WHEP): it gets none, and it lives as long as its media. No seat is kept for it.
  bool silent = false;
};
// The remote restarts ICE and changes nothing else (RFC 8840). Answered with IceRestarted.
struct RestartIce {
  IceCredentials remote;
};
struct SessionClosed {};  // the socket is gone, whoever closed it
struct ControlInput {
  SessionId session;
  std::variant<SessionOpened, signal::Request, RestartIce, SessionClosed> what;
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
struct ControlOutput {
  SessionId session;
  std::variant<signal::Response, signal::Notification, CloseSession, IceRestarted> what;
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
