// Downtrack: one slot on which we send to a remote, whoever is heard or seen on it.
//
// The remote sees one stream: one SSRC, sequence numbers and timestamps that go on without a jump when the source
// changes. Towards the source it keeps two offsets,
//
//   sequence_out  = sequence_in  + seq_offset          (64 bits; the low 16 go out, all 48 are the SRTP index)
//   timestamp_out = timestamp_in + timestamp_offset    (mod 2^32)
//
// that are set anew by the first packet of a source: the number after the last one sent, and the last timestamp plus
// the time that passed. A gap in the source stays a gap, so that a packet that is recovered late still has its place. A
// video source starts at a keyframe.
//
// Rewrite is the pure part of the hot path; it allocates nothing. What was sent is kept (by reference) for NACKs and
// re-encrypted on demand: as RTX (RFC 4588) when negotiated, else as the identical packet.
//
// Thread rule: owned by one Peer. Invariant: no sequence number goes out with two different contents (GCM forbids it).
#pragma once

#include <cstdint>
#include <optional>

#include "base/drop.h"
#include "base/result.h"
#include "base/ring.h"
#include "base/rng.h"
#include "base/seq.h"
#include "base/time.h"
#include "peer/capture_reference.h"
#include "peer/received_rtp.h"

namespace duet {

class Downtrack {
 public:
  // Packets kept for retransmission; a second of video at 500 packets/s, ten of audio.
  static constexpr size_t kVideoHistory = 512;
  static constexpr size_t kAudioHistory = 128;
  static constexpr size_t kMaxHeader =
      12 + 4 + 40;  // fixed header, extension header, the extensions that are passed on

  Downtrack(DowntrackConfig config, Rng& rng);

  const DowntrackConfig& config() const { return config_; }
  // 0 = the slot is empty.
  UptrackId source() const { return source_; }
  // True from SetSource until a keyframe of the new source was passed on.
  bool waits_for_keyframe() const {
    return source_.value() != 0 && !started_ && config_.kind == signal::MediaKind::kVideo;
  }

  // Takes what `codec` describes from now on; UptrackId 0 empties the slot. False when the remote cannot decode it: the
  // slot stays empty.
  bool SetSource(UptrackId source, const CodecConfig* codec, const HeaderExtensionIds* extensions);

  struct Rewritten {
    size_t header_size = 0;
    Bytes payload;
    uint64_t index = 0;  // for SRTP
  };
  // Writes the header of the outgoing packet to `out` (at least kMaxHeader bytes) and remembers the packet.
  Result<Rewritten, Drop> Rewrite(Time now, const ReceivedRtp& in, MutableBytes out);

  struct Resend {
    Ssrc ssrc;
    size_t header_size = 0;
    uint64_t index = 0;
    Bytes payload;
  };
  // Prepares the packet with this sequence number once more: header to `out`, payload by reference or, for RTX, copied
  // to `scratch`. kNotReady when it was sent again less than `rtt` ago, kUnknownSsrc when it is not (or no longer)
  // known.
  Result<Resend, Drop> Retransmit(Time now, Duration rtt, uint16_t seq, MutableBytes out, MutableBytes scratch);

  // For sender reports (RFC 3550 section 6.4.1).
  struct Sent {
    uint32_t packets = 0;
    uint32_t octets = 0;
  };
  const Sent& sent() const { return sent_; }
  // Where the source's clock stands; nothing before its first sender report.
  void set_reference(const std::optional<CaptureReference>& reference) { reference_ = reference; }
  // The RTP timestamp, as this receiver sees it, of what is captured `now`; nothing while that is not known or nothing
  // is sent.
  std::optional<uint32_t> TimestampAt(Time now) const;

 private:
  struct Record {
    PacketRef packet;
    uint32_t timestamp = 0;
    uint8_t payload_type = 0;
    uint8_t resends = 0;
    int64_t in_seq = 0;
    Time resent_at = Time::LongAgo();
  };
  void Start(Time now, const ReceivedRtp& in);
  size_t WriteHeader(const RtpPacketView& view, PayloadType payload_type, uint16_t seq, uint32_t timestamp, Ssrc ssrc,
                     MutableBytes out) const;

  DowntrackConfig config_;
  UptrackId source_;
  HeaderExtensionIds source_extensions_;
  const CodecConfig* codec_ = nullptr;  // the remote's payload types for the current source; points into config_
  bool started_ = false;
  bool ever_sent_ = false;
  int64_t seq_offset_ = 0;
  uint32_t timestamp_offset_ = 0;
  int64_t first_in_seq_ = 0;
  int64_t last_seq_ = 0;  // highest sent
  uint32_t last_timestamp_ = 0;
  Time last_sent_at_;
  int64_t rtx_seq_ = 0;
  Sent sent_;
  std::optional<CaptureReference> reference_;
  SeqRing<Record> history_;
};

}  // namespace duet
