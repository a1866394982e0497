// H264Depacketizer: RTP payloads (RFC 6184, packetization-mode 1) into access units for RTMP and FLV (AVCC).
//
//   waiting for a keyframe --its first packet--> running --packet missing for kMaxWait--> waiting for a keyframe
//
// Packets may come late or in another order; each picture is put together once all its packets are there, and given out
// in order. A picture with a hole, and all that stand on it, are never given out: TakeKeyframeRequest says to ask the
// publisher. Parameter sets are taken out of the stream and handed over when they change.
//
// Limits: kPackets packets of kMaxBytes; kMaxWait for a missing one, in which retransmission has two or three tries.
// Thread rule: owned by one subscription. Nothing allocates once buffers have grown.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "wire/h264.h"

namespace duet {

class H264Depacketizer {
 public:
  static constexpr size_t kPackets = 1024;  // a keyframe of 1.2 MB; a power of two
  static constexpr size_t kMaxBytes = 1600;
  static constexpr Duration kMaxWait = Duration::Millis(250);

  struct Unit {
    uint32_t rtp_timestamp = 0;
    bool keyframe = false;
    bool new_sets = false;  // sps() and pps() are not those of the unit before
    Bytes data;             // NAL units behind lengths of 4 bytes, without parameter sets
  };

  H264Depacketizer();

  // `seq` is extended (base/seq.h). A payload that is empty (padding) only fills its place.
  void Push(Time now, int64_t seq, uint32_t timestamp, bool marker, Bytes payload);
  // The next access unit; its data are valid until the next call.
  std::optional<Unit> Pop(Time now);
  // When Pop may have something to give up; Time::Never() when nothing is missing.
  Time NextTimer() const;
  // True once when the publisher should be asked for a keyframe.
  bool TakeKeyframeRequest();

  Bytes sps() const { return sps_; }
  Bytes pps() const { return pps_; }
  uint64_t lost_pictures() const { return lost_; }

 private:
  struct Slot {
    int64_t seq = -1;
    uint32_t timestamp = 0;
    bool marker = false;
    bool starts_keyframe = false;
    bool has_sps = false;
    Time arrived;
    std::vector<std::byte> payload;
  };
  // Exclusive end of the picture that begins at next_; nothing while a packet of it is missing.
  std::optional<int64_t> FindEnd() const;
  const Slot* Find(int64_t seq) const;
  bool StartAtKeyframe();
  bool BeginsPicture(const Slot& slot) const;
  void SkipPadding();
  void GiveUp(Time now);
  bool Assemble(int64_t end, Unit& unit);
  bool AddPayload(Bytes payload, Unit& unit);
  bool AddFragment(Bytes payload, Unit& unit);
  void AddNal(Bytes nal, Unit& unit);

  std::vector<Slot> slots_;
  bool running_ = false;
  bool keyframe_wanted_ = true;
  int64_t next_ = -1;     // the first packet of the next picture
  int64_t highest_ = -1;  // of all that came
  Time gap_since_ = Time::Never();
  std::vector<std::byte> unit_;
  std::optional<size_t> fragment_at_;  // where the length of the NAL unit stands that FU-As are putting together
  std::vector<std::byte> sps_;
  std::vector<std::byte> pps_;
  bool new_sets_ = false;
  uint64_t lost_ = 0;
};

}  // namespace duet
