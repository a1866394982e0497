// H264Packetizer: access units as RTMP brings them (AVCC, wire/avc.h) into RTP payloads (RFC 6184, packetization-mode
// 1).
//
// - Small NAL units share a STAP-A, large ones are cut into FU-As of even size; no payload has more than kMaxPayload.
// - Parameter sets stand in front of every IDR picture, and wherever they have changed: RTMP sends them once, a browser
//   that comes later needs them. Delimiters, fillers and ends of sequence are left away.
// - B pictures are dropped: a browser shows pictures in the order in which they arrive. Pictures that nothing refers to
//   leave no gap; where B pictures are referred to ("pyramid"), those behind them are damaged, which the flag tells.
//
// Thread rule: owned by one publisher's track. Buffers grow to the largest picture and stay.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/avc.h"

namespace duet {

struct RtpPayload {
  Bytes data;
  bool marker = false;  // the last one of its picture
};

class H264Packetizer {
 public:
  static constexpr size_t kMaxPayload = 1200;

  struct Picture {
    std::span<const RtpPayload> payloads;  // valid until the next call; empty when nothing is to be sent
    bool keyframe = false;
    bool dropped_b = false;
    bool dropped_reference = false;     // other pictures needed it
    std::optional<H264Sps> new_format;  // the size or profile is not the one before
  };

  // The AVCDecoderConfigurationRecord of a sequence header. It may come again at any time.
  Status SetConfig(Bytes record);
  // kMalformed: a length that does not fit. kUnavailable: a picture before the first parameter sets.
  Result<Picture> Packetize(Bytes access_unit);

 private:
  struct Part {
    size_t offset = 0;
    size_t size = 0;
  };
  // Sorts the NAL units of the access unit into nals_; false when a length does not fit.
  bool Collect(Bytes access_unit, Picture& picture);
  void Remember(Bytes nal, std::vector<std::byte>& set);
  void WriteAll();
  void WriteAggregate(std::span<const Bytes> nals);
  void WriteFragments(Bytes nal);

  uint8_t length_bytes_ = 4;
  std::vector<std::byte> sps_;
  std::vector<std::byte> pps_;
  bool sets_changed_ = false;
  std::optional<H264Sps> format_;
  std::vector<Bytes> nals_;
  std::vector<std::byte> buffer_;
  std::vector<Part> parts_;
  std::vector<RtpPayload> payloads_;
};

}  // namespace duet
