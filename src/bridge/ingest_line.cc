#include "bridge/ingest_line.h"

#include <cstring>
#include <utility>

#include "wire/rtp.h"

namespace duet {

IngestLine::IngestLine(Rng& rng, Options options) : ingest_(rng), line_(std::move(options.line)) {
  tracks_[0] = {.id = options.video, .payload_type = options.video_payload_type};
  tracks_[1] = {.id = options.audio, .payload_type = options.audio_payload_type};
  // Random (RFC 3550 section 5.1), and below 2^15, so that the first wrap is far.
  for (Track& track : tracks_) track.next_seq = rng.U32() & 0x7fff;
}

void IngestLine::Run(Time now) {
  while (const auto packet = ingest_.Pop(now)) {
    Track& track = tracks_[packet->video ? 0 : 1];
    const bool begins = std::exchange(track.begins, !packet->video || packet->marker);
    if (packet->keyframe && begins) track.needs_keyframe = false;
    if (!track.needs_keyframe) {
      SendReference(now, track, *packet);
      if (Send(track, *packet, begins)) continue;
      track.needs_keyframe = packet->video;
    }
    ++dropped_packets_;
  }
  line_->Notify();
}

bool IngestLine::Send(Track& track, const IngestPacket& packet, bool begins) {
  const int64_t seq = track.next_seq++;
  LineItem* item = line_->BeginPush();
  if (item == nullptr) return false;
  RtpHeaderWriter header(item->bytes);
  header.Begin({.marker = packet.marker,
                .payload_type = track.payload_type,
                .sequence_number = static_cast<uint16_t>(seq),
                .timestamp = packet.rtp_timestamp,
                .ssrc = Ssrc(static_cast<uint32_t>(track.id.value()))});
  const size_t header_bytes = header.Finish();
  if (header_bytes + packet.payload.size() > sizeof(item->bytes)) return false;
  std::memcpy(item->bytes + header_bytes, packet.payload.data(), packet.payload.size());
  item->kind = LineItem::Kind::kPacket;
  item->video = packet.video;
  item->layer = 0;
  item->starts_keyframe = !packet.video || (packet.keyframe && begins);
  item->size = static_cast<uint16_t>(header_bytes + packet.payload.size());
  item->uptrack = track.id;
  item->seq = seq;
  line_->EndPush();
  return true;
}

void IngestLine::SendReference(Time now, Track& track, const IngestPacket& packet) {
  if (now < track.reference_due) return;
  LineItem* item = line_->BeginPush();
  if (item == nullptr) return;  // with the next packet
  track.reference_due = now + kReferenceEvery;
  item->kind = LineItem::Kind::kReference;
  item->video = packet.video;
  item->layer = 0;
  item->size = 0;
  item->uptrack = track.id;
  item->rtp_timestamp = packet.rtp_timestamp;
  item->captured = packet.captured;
  line_->EndPush();
}

}  // namespace duet
