// SimClient: a member's phone or browser. Signalling session, Peer in the controlling role, encoders and receivers -
// what a real client does, on virtual time.
//
//   out ─Enter─> connecting ─socket─> entering ─answer─> in ─lost─> (backoff) ─> connecting, with resume
//
// Suspended, it does nothing at all: neither reads, nor sends, nor notices time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/outbox.h"
#include "base/rng.h"
#include "core/dtls/dtls_context.h"
#include "peer/offerer.h"
#include "peer/peer.h"
#include "sim/synthetic_media.h"

namespace duet::sim {

// For people.
std::string DescribePath(const PathQuality& path);

struct SimClientConfig {
  uint32_t number = 0;  // from 1; the user is "u1", "u2" ...
  uint32_t room = 1;
  uint32_t sdk_app_id = 0;
  std::string user_sig;
  CodecKind codec = CodecKind::kH264;
  bool sends_audio = true;
  bool sends_video = true;
  size_t slots = 5;             // of each kind
  int64_t video_bps = 800'000;  // of the largest layer
  size_t layers = 1;            // 2 or 3 = simulcast
  StreamLayers stream_layers;   // in each stream, where the codec has them
  bool obeys_layers = true;     // switches off what nobody gets
  bool fixed_rate = false;      // an encoder that knows no limits, on a path that carries it
  signal::Template room_template = signal::Template::kGrid;
};

class SimClient {
 public:
  enum class State { kOut, kBackoff, kConnecting, kEntering, kIn };

  SimClient(SimClientConfig config, DtlsContext& dtls, DtlsFingerprint fingerprint, PacketPool& pool, Rng& rng);

  const SimClientConfig& config() const { return config_; }
  State state() const { return state_; }
  const std::string& user() const { return user_; }
  bool suspended() const { return suspended_; }

  // ---- what its person does
  void Enter(Time now);
  void Exit(Time now);
  void SetPublished(bool audio, bool video);
  void Suspend() { suspended_ = true; }
  void Resume(Time now);
  // The program dies and is started again: everything but the resume token's absence is as new.
  void Restart(Time now);

  // ---- the world's side
  // True once after each wish for a new socket.
  bool TakeSocketWish() { return std::exchange(wants_socket_, false); }
  bool TakeSocketClose() { return std::exchange(closes_socket_, false); }
  void OnSocketOpen(Time now);
  void OnSocketClosed(Time now);
  void OnSignal(Time now, std::string_view text);
  void OnDatagram(Time now, const Endpoint& from, PacketRef packet);
  void OnTimer(Time now);
  Time NextTimer() const;
  std::vector<std::string> TakeSignals() { return std::exchange(signals_, {}); }
  Outbox& outbox() { return out_; }
  // What must never happen and did.
  std::vector<std::string> TakeViolations() { return std::exchange(violations_, {}); }

  // ---- what it knows
  bool media_connected() const { return peer_ && peer_->state() == Peer::State::kConnected; }
  const std::map<std::string, bool>& members() const { return members_; }  // user -> paused
  // The picture of `user`, null when it has no slot.
  const FrameReceiver* PictureOf(std::string_view user) const;
  int64_t AudioPacketsFrom(std::string_view user) const;
  bool publishes_video() const { return config_.sends_video && video_on_; }
  bool publishes_audio() const { return config_.sends_audio && audio_on_; }
  void ResetFreezes(Time now);
  // For people: state, members, slots.
  std::string Describe(Time now) const;
  Peer* peer() { return peer_.get(); }
  uint64_t entered() const { return entered_; }
  int64_t frames_sent() const { return encoders_.back().frames(); }
  // Asks for another size of somebody's picture.
  void Subscribe(std::string_view user, signal::Quality quality);

 private:
  struct Slot {
    std::string user;  // "" = nobody
    signal::MediaKind kind{};
    FrameReceiver picture;
    AudioReceiver sound;
  };
  void Connect(Time now);
  void Lose(Time now, std::string_view why);
  void Send(signal::RequestBody body);
  void OnEntered(Time now, const signal::EnterResult& result);
  void OnNotification(Time now, const signal::Notification& notification);
  void OnSlots(const std::vector<signal::SlotInfo>& slots);
  void OnMedia(Time now, const ReceivedRtp& rtp);
  void SendMedia(Time now);
  void SendPicture(Time now);
  int64_t VideoBitrate() const;
  void TellWanted();
  int64_t FullBitrate(size_t layer) const;
  int64_t LayerBitrate(size_t layer, int64_t total) const;
  void RequestKeyframes();
  void SendPacket(Time now, Downtrack& track, const MediaPacket& packet, uint32_t timestamp);
  void Pump(Time now);

  SimClientConfig config_;
  std::string user_;
  DtlsContext& dtls_;
  DtlsFingerprint fingerprint_;
  PacketPool& pool_;
  Rng& rng_;
  Outbox out_;

  State state_ = State::kOut;
  bool wants_in_ = false;
  bool suspended_ = false;
  bool wants_socket_ = false;
  bool closes_socket_ = false;
  bool audio_on_ = true;
  bool video_on_ = true;
  bool told_audio_ = true;  // as the server was told when entering
  bool told_video_ = true;
  Time retry_at_ = Time::Never();
  Time answer_by_ = Time::Never();
  int tries_ = 0;
  std::string resume_;
  std::string lost_because_;  // the last time
  int64_t next_request_ = 1;
  std::vector<signal::PendingRequest> pending_;
  std::vector<std::string> signals_;
  std::vector<std::string> violations_;
  uint64_t entered_ = 0;

  std::optional<Offerer> offerer_;
  std::unique_ptr<Peer> peer_;
  std::map<std::string, bool> members_;
  std::map<UptrackId, Slot> slots_;

  std::vector<VideoEncoder> encoders_;  // one for each layer, the smallest first
  std::vector<bool> layer_on_;
  std::vector<int64_t> layer_seq_;
  int64_t limit_bps_ = 0;  // the server's word; 0 = none
  Time next_divide_ = Time::Never();
  Time next_frame_ = Time::Never();
  Time next_sound_ = Time::Never();
  uint32_t sound_count_ = 0;
  uint16_t packet_seq_ = 0;
  int64_t audio_seq_ = 0;
};

}  // namespace duet::sim
