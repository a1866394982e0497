// Vp8Rewriter: the picture ids, TL0PICIDX and KEYIDX (RFC 7741 section 4.2) that one receiver sees, whichever source or
// layer is passed on to it and whichever of its temporal layers.
//
//   at a switch   the first picture gets the number after the last one, in all three
//   in a source   TL0PICIDX and KEYIDX go on by an offset; the base layer is never dropped
//                 picture id = in + offset - pictures dropped before it
//
// Why the gaps of dropped pictures are closed: a picture that is no layer sync may refer to any earlier one of its own
// and the lower layers, and a receiver cannot see to which. When a picture id is missing between it and the last
// picture of one of these layers, libwebrtc's reference finder holds the picture back until the missing one has come.
// With the top layer of three dropped, the pictures of the middle one would wait for ever. (TL0PICIDX alone tells only
// that no picture of the base layer is missing.) Section 4.2 asks for ids that grow by one, too.
//
// A picture of which nothing has come keeps its number: it may still be recovered. Packets may come in any order; those
// of the newest kWindow pictures find the number that their picture has.
//
// Thread rule: owned by one Downtrack. Invariants: all packets of a picture get the same numbers; two pictures never
// get the same extended picture id. 96 bytes, no allocation.
#pragma once

#include <cstdint>
#include <optional>

#include "core/layers/gap_closer.h"
#include "core/layers/picture_numbers.h"
#include "wire/vp8.h"

namespace duet {

class Vp8Rewriter {
 public:
  // Two seconds at 60 pictures/s, four at 30.
  static constexpr int64_t kWindow = 128;

  // What comes next belongs to another source, another layer of it, or the same after a pause; it begins with a
  // keyframe.
  void StartSource();

  // What the descriptor of a packet that is passed on must say, for RewriteVp8Descriptor; fields that the descriptor
  // lacks mean nothing. REQUIRES info.valid; `seq` is the extended RTP sequence number within the source.
  // Nothing when the packet has no number: its picture was dropped, or lies before the source's start or the window.
  std::optional<Vp8Numbers> Rewrite(const Vp8PayloadInfo& info, int64_t seq);

  // A packet of a picture that is not passed on (TemporalFilter says so for all packets of a picture or for none).
  void Drop(const Vp8PayloadInfo& info, int64_t seq);

 private:
  std::optional<int64_t> RewritePictureId(const Vp8PayloadInfo& info, int64_t seq);
  void StartAt(const Vp8PayloadInfo& info);

  PictureNumbers numbers_;
  bool started_ = false;    // the source has begun
  bool ever_sent_ = false;  // a source before it, too
  bool counts_ = false;     // picture ids of this source
  bool ever_counted_ = false;
  GapCloser<kWindow> ids_;
  int64_t last_id_ = 0;  // the highest that was given out; of what has not come by a switch nothing comes any more
  int64_t newest_seq_ = 0;
  uint8_t tl0_offset_ = 0;
  uint8_t key_offset_ = 0;
  uint8_t last_tl0_ = 0;  // as sent
  uint8_t last_key_ = 0;
};

}  // namespace duet
