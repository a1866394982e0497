// PictureNumbers: picture ids of 7 or 15 bits made into 64-bit numbers.
//
// VP8 (RFC 7741 section 4.2) and VP9 (RFC 9628 section 4.2) number the pictures of a stream with few bits, and a sender
// may leave some out. The id alone tells the direction of a jump up to half a circle; the RTP sequence number, already
// extended, tells it always: pictures are sent in their order, so a packet behind the newest one belongs to the same or
// an older picture, and a packet after it to the same or a newer one.
#pragma once

#include <cstdint>

namespace duet {

class PictureNumbers {
 public:
  // The number of the picture to which the packet `seq` belongs. Starts at the first id; a number is negative when the
  // picture lies before that.
  int64_t Unwrap(uint16_t picture_id, bool long_picture_id, int64_t seq) {
    if (!started_) {
      started_ = true;
      newest_ = picture_id;
      newest_seq_ = seq;
      return newest_;
    }
    const int64_t circle = long_picture_id ? 0x8000 : 0x80;
    int64_t distance = (picture_id - newest_) % circle;
    if (distance < 0) distance += circle;
    if (seq <= newest_seq_) return distance == 0 ? newest_ : newest_ + distance - circle;
    newest_ += distance;
    newest_seq_ = seq;
    return newest_;
  }

 private:
  bool started_ = false;
  int64_t newest_ = 0;
  int64_t newest_seq_ = 0;
};

}  // namespace duet
