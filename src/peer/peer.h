// Peer: everything about one remote's transport - ICE, DTLS, SRTP, the tracks it sends and the slots it receives on.
//
// Sans-IO: datagrams and time in, datagrams out through the Outbox. It knows nothing of rooms: what it received is
// handed back, what others sent is handed to it (SendRtp). The server and, later, the native client share it.
//
//   OnStun ─> OnDtls ─> connected ─> OnRtp ──> ReceivedRtp, const from there on
//                                    OnRtcp ─> NACKs answered here, keyframe requests handed back
//                                    SendRtp: header rewritten into the send slot, payload encrypted out of place
//
// Thread rule: owned by one Worker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/drop.h"
#include "base/fixed_vector.h"
#include "base/flat_map.h"
#include "base/outbox.h"
#include "base/rng.h"
#include "core/bwe/receive_bandwidth_estimator.h"
#include "core/bwe/uplink_queue.h"
#include "core/dtls/dtls_transport.h"
#include "core/report/ntp_mapper.h"
#include "core/report/rtt_estimator.h"
#include "core/srtp/srtp_receiver.h"
#include "core/srtp/srtp_sender.h"
#include "core/twcc/twcc_recorder.h"
#include "peer/downtrack.h"
#include "peer/ice_transport.h"
#include "peer/peer_config.h"
#include "peer/received_rtp.h"
#include "peer/send_path.h"
#include "peer/uptrack.h"
#include "wire/rtcp.h"
#include "wire/stun.h"

namespace duet {

struct PeerOptions {
  Duration consent_timeout = Duration::Seconds(30);
  Duration connect_timeout = Duration::Seconds(30);
};

class Peer {
 public:
  enum class State { kConnecting, kConnected, kFailed };
  enum class Failure { kNone, kConsentExpired, kDtlsFailed, kDtlsClosed, kNeverConnected };

  // `dtls` and `rng` outlive it.
  Peer(PeerConfig config, PeerOptions options, DtlsContext& dtls, Rng& rng, Time now);

  PeerId id() const { return config_.id; }
  const PeerConfig& config() const { return config_; }
  State state() const { return state_; }
  Failure failure() const { return failure_; }
  const std::string& failure_message() const { return failure_message_; }
  SrtpProfile profile() const { return profile_; }
  const std::optional<Endpoint>& remote() const { return ice_.selected(); }

  // After `negotiate`: tracks that stay keep their state, others come and go; changed ICE credentials restart ICE. The
  // caller has dropped every pointer to tracks of this peer before.
  void Update(PeerConfig config);

  Uptrack* FindUptrack(UptrackId id);
  Downtrack* FindDowntrack(DowntrackId id);
  const std::vector<std::unique_ptr<Uptrack>>& uptracks() const { return uptracks_; }
  const std::vector<std::unique_ptr<Downtrack>>& downtracks() const { return downtracks_; }

  // ---- what arrives

  // When the outcome is authentic, `from` is an address of this remote from now on, and `forgotten` no longer is.
  IceAgent::Outcome OnStun(Time now, const Endpoint& from, const StunMessage& message, Outbox& out);
  // Media of this SSRC is its, and may have taken to an address that it was never seen at.
  bool MaySendFrom(const Endpoint& address, Ssrc ssrc) const {
    return state_ == State::kConnected && routes_.Contains(ssrc) && !ice_.IsKnown(address);
  }
  // Packets that were authentic, since TakeQuality.
  uint64_t received() const { return received_; }
  // Such a packet came from an address that is not known: see IceAgent::Follow.
  IceAgent::Outcome Follow(Time now, const Endpoint& from) { return ice_.Follow(now, from); }
  // The TCP connection to an address of this remote has ended.
  void OnConnectionEnded(const Endpoint& address) { ice_.OnConnectionEnded(address); }
  void OnDtls(Time now, Bytes datagram, Outbox& out);
  // A packet to pass on; nothing when it was a repeat, a probe or not for us, which is counted.
  std::optional<ReceivedRtp> OnRtp(Time now, PacketRef packet);
  // Packets before it that were lost and that it repeated; they go first. Empties the list.
  static constexpr size_t kMaxRecovered = 8;
  FixedVector<ReceivedRtp, kMaxRecovered> TakeRecovered() { return std::exchange(recovered_, {}); }
  bool recovered() const { return !recovered_.empty(); }

  struct Feedback {
    // Slots whose receiver wants a keyframe.
    FixedVector<DowntrackId, 64> keyframe_requests;
    // Uptracks whose capture reference is new.
    FixedVector<UptrackId, 64> references;
  };
  Feedback OnRtcp(Time now, PacketRef packet, Outbox& out);

  void OnTimer(Time now, Outbox& out);
  Time NextTimer() const;

  // ---- what is sent

  // Puts a packet of somebody else on the slot: it leaves now or when the pacer lets it. Returns the reason when it was
  // not accepted.
  std::optional<Drop> SendRtp(Time now, Downtrack& downtrack, const ReceivedRtp& in, Outbox& out);
  // Before SendRtp, in two steps, each while others are served: brings in the state, then what it points to.
  void PrefetchState() const;
  void PrefetchNext(const Downtrack& downtrack, int64_t in_seq) const;
  // The same before OnRtcp; before OnTimer and DividePath.
  void PrefetchForFeedback() const;
  void PrefetchForTimer() const;
  // Divides what the path carries among the slots (Downtrack::share_bps). Called every kDivideInterval.
  void DividePath(Time now);
  // What of the path is left for pictures after sound and repetitions, in bit/s; as divided last.
  int64_t pictures_bps() const { return pictures_bps_; }
  // Slots that were held back and may show a picture again, or are to show another layer, which needs a keyframe.
  // Empties the list.
  FixedVector<DowntrackId, 64> TakeKeyframesWanted() { return std::exchange(keyframes_wanted_, {}); }
  // Packets wait for the pacer: NextTimer is close.
  bool sends_later() const { return path_ && path_->waits(); }
  // Only when connected.
  const SendPath& path() const { return *path_; }
  // Ends the DTLS session politely.
  void Close(Time now, Outbox& out);

  // ---- what is known

  // Since the last call; for the quality report.
  struct Quality {
    double uplink_loss = -1;
    double downlink_loss = -1;
    int64_t rtt_us = -1;
    uint64_t received_packets = 0;
    PathQuality path;
  };
  Quality TakeQuality();
  const DropCounters& drops() const { return drops_; }

 private:
  struct Route {
    Uptrack* track = nullptr;
    size_t layer_index = 0;
    bool is_rtx = false;
    UptrackLayer& layer() const { return track->layers()[layer_index]; }
  };

  void AddTracks();
  void IndexSsrcs();
  void Fail(Failure failure, std::string message);
  void OnDtlsChanged(Time now);
  // The remote has the keys: its handshake is over as well.
  void ReleaseDtls();
  Route FindRoute(const RtpPacketView& view);
  void NoteArrival(Time now, const RtpPacketView& view);
  static std::optional<size_t> LayerOf(const Uptrack& track, const RtpPacketView& view, bool is_rtx);
  std::optional<ReceivedRtp> OnMedia(Time now, const Route& route, PacketRef packet, int64_t seq, bool repaired);
  std::optional<ReceivedRtp> OnRed(Time now, const Route& route, PacketRef packet, int64_t seq);
  std::optional<ReceivedRtp> OnRepair(Time now, const Route& route, PacketRef packet);

  void OnReports(Time now, const SenderReport& report, Feedback& feedback);
  void OnReportBlock(Time now, const ReportBlock& block);
  bool AsksForAnOutage(Time now, const Nack& nack, Downtrack& downtrack) const;
  void OnNack(Time now, const Nack& nack, Feedback& feedback, Outbox& out);
  std::optional<Drop> SendPlaced(Time now, Downtrack& downtrack, int64_t seq, bool again, Outbox& out,
                                 const RtpPacketView* view = nullptr);
  std::optional<Drop> Protect(Time now, const Downtrack::Rendered& rendered, bool counts, PacketRef packet,
                              Outbox& out);
  void SendWaiting(Time now, Outbox& out);
  void SendPadding(Time now, Outbox& out);
  double LossToRemote() const;
  static int64_t SmallestBps(Time now, Downtrack& picture);
  static int64_t LeastBps(Time now, Downtrack& picture);
  static int64_t WantedBps(Time now, Downtrack& picture);
  void HoldBack(Time now, std::span<Downtrack*> pictures, int64_t rest);
  void ChooseLayers(Time now, std::span<Downtrack*> pictures, int64_t whole);
  static void ChooseTemporal(Time now, std::span<Downtrack*> pictures, int64_t whole, bool tolerated);
  size_t PlaceOf(const Downtrack& downtrack) const;
  Downtrack* DowntrackOf(Ssrc ssrc);
  const Route* MediaRoute(Ssrc ssrc);
  // RTCP reports; RFC 8108 and RFC 4585 allow it at these rates.
  static constexpr Duration kReportInterval = Duration::Millis(500);
  void SendReports(Time now, Outbox& out);
  void SendRequests(Time now, Outbox& out);
  void SendFeedback(Time now, Outbox& out);
  void SendRemb(Time now, Outbox& out);
  // The remote takes each of the copies but the first to arrive for a replay.
  void SendRtcp(const RtcpWriter& writer, PacketRef packet, Outbox& out, int copies = 1);
  Ssrc rtcp_ssrc() const;

  PeerConfig config_;
  PeerOptions options_;
  Rng& rng_;
  IceTransport ice_;
  DtlsTransport dtls_;
  State state_ = State::kConnecting;
  Failure failure_ = Failure::kNone;
  std::string failure_message_;
  SrtpProfile profile_{};
  Time connect_deadline_;
  std::optional<SrtpSender> srtp_out_;
  std::optional<SrtpReceiver> srtp_in_;

  std::vector<std::unique_ptr<Uptrack>> uptracks_;
  std::vector<std::unique_ptr<Downtrack>> downtracks_;
  FlatMap<Ssrc, Route> routes_;  // SSRCs of uptracks, primary and RTX
  Ssrc own_ssrc_;                // for RTCP of a peer that only sends to us

  std::optional<SendPath> path_;  // from the moment of connection
  FixedVector<DowntrackId, 64> keyframes_wanted_;
  int64_t pictures_bps_ = 0;
  Time resume_not_before_ = Time::LongAgo();
  Time raise_not_before_ = Time::LongAgo();
  Time fits_at_ = Time::LongAgo();  // when the chosen layers fitted the path last

  RttEstimator rtt_;
  NtpMapper clock_;                     // the remote's NTP clock to ours
  std::unique_ptr<TwccRecorder> twcc_;  // 8 kB, from the first numbered packet on: most of an audience sends none
  Ssrc twcc_media_ssrc_;
  // Of a remote without transport-wide numbers, in place of the recorder.
  std::unique_ptr<ReceiveBandwidthEstimator> remb_;
  std::unique_ptr<UplinkQueue> uplink_queue_;
  uint8_t abs_send_time_id_ = 0;
  uint8_t transport_cc_id_ = 0;  // the same for all sections of a BUNDLE (RFC 8843 section 9.2)
  Time next_report_ = Time::Never();
  Duration repeat_after_rtt() const;

  double downlink_loss_ = -1;
  bool loses_much() const { return path_ && LossToRemote() > 0.3; }
  uint64_t received_ = 0;
  FixedVector<ReceivedRtp, kMaxRecovered> recovered_;
  DropCounters drops_;
};

}  // namespace duet
