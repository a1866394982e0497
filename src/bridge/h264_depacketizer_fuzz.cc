// Packets of any content in any order: what comes out is whole NAL units of slices, and never more than went in.
#include <cstdint>

#include "base/check.h"
#include "bridge/h264_depacketizer.h"
#include "bridge/h264_packetizer.h"

using namespace duet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader reader(std::as_bytes(std::span(data, size)));
  H264Depacketizer depacketizer;
  H264Packetizer packetizer;
  Time now = Time::FromMillis(1000);
  int64_t seq = 100;
  uint32_t timestamp = 0;
  size_t in = 0;
  while (reader.remaining() > 0) {
    const uint8_t step = reader.U8();
    // Mostly the next packet; sometimes one before, one after a hole, a later picture, or time.
    if ((step & 0x07) == 7) seq += (step >> 3) - 12;
    if ((step & 0x30) == 0x10) timestamp += 3000;
    if ((step & 0xc0) == 0xc0) now = now + Duration::Millis(step & 0x3f);
    const Bytes payload = reader.Read(std::min<size_t>(reader.U8(), reader.remaining()));
    in += payload.size();
    depacketizer.Push(now, seq++, timestamp, (step & 8) != 0, payload);
    while (const auto unit = depacketizer.Pop(now)) {
      bool idr = false;
      size_t nals = 0;
      DUET_CHECK(!unit->data.empty() && !depacketizer.sps().empty() && !depacketizer.pps().empty());
      DUET_CHECK(ForEachAvccNal(unit->data, 4, [&](Bytes nal) {
        const H264Nal type = H264NalType(nal[0]);
        DUET_CHECK(type != H264Nal::kSps && type != H264Nal::kPps && static_cast<uint8_t>(type) < 24);
        idr |= type == H264Nal::kIdrSlice;
        ++nals;
      }));
      DUET_CHECK(nals > 0 && idr == unit->keyframe);
      // A NAL unit of one byte grows by its length's four and loses two of a STAP-A's.
      DUET_CHECK(unit->data.size() <= in * 4);
      std::vector<std::byte> record;
      if (depacketizer.sps().size() >= 4) AppendAvcConfig(depacketizer.sps(), depacketizer.pps(), record);
      // And it can go out again.
      if (packetizer.SetConfig(record).ok()) {
        const auto picture = packetizer.Packetize(unit->data);
        DUET_CHECK(picture.ok());
        for (const RtpPayload& out : picture->payloads) DUET_CHECK(out.data.size() <= H264Packetizer::kMaxPayload);
      }
    }
    DUET_CHECK(depacketizer.NextTimer().is_never() || depacketizer.NextTimer() > now - Duration::Seconds(60));
  }
  return 0;
}
