// What the remotes of fuzz targets have negotiated: sound, a picture in three sizes, another in one, and slots for
// each.
#pragma once

#include <string>

#include "peer/peer_config.h"

namespace duet {

inline constexpr uint8_t kFuzzTransportCcId = 4;

// With the next payload type for repetitions: RTX, and RED of Opus.
inline CodecConfig FuzzCodec(CodecKind kind, uint8_t payload_type, bool repeats) {
  CodecConfig codec{.kind = kind, .payload_type = PayloadType(payload_type), .nack = true, .transport_cc = true};
  codec.clock_rate = kind == CodecKind::kOpus ? 48000 : 90000;
  codec.packetization_mode = 1;
  codec.profile_level_id = 0x42E01F;
  if (repeats) {
    auto& repeat = kind == CodecKind::kOpus ? codec.red_payload_type : codec.rtx_payload_type;
    repeat = PayloadType(static_cast<uint8_t>(payload_type + 1));
  }
  return codec;
}

// Flags: 1 RTX and RED, 2 transport-wide numbers, 4 no simulcast, 8 no second picture, 16 and 32 no first and second
// slot for pictures. Ids and SSRCs start at 100 and 10000 times `id`.
inline PeerConfig FuzzConfig(uint64_t id, uint8_t flags, int restarts, const DtlsFingerprint& remote) {
  using signal::MediaKind;
  const bool rtx = (flags & 1) != 0;
  const HeaderExtensionIds extensions{.mid = 1,
                                      .audio_level = 2,
                                      .abs_send_time = 3,
                                      .transport_cc = static_cast<uint8_t>((flags & 2) != 0 ? kFuzzTransportCcId : 0),
                                      .video_orientation = 5,
                                      .playout_delay = 6,
                                      .rid = 7,
                                      .repaired_rid = 8};
  const std::string name = std::to_string(id) + "x" + std::to_string(restarts);
  const auto ssrc = [id](uint64_t n) { return Ssrc(static_cast<uint32_t>(10'000 * id + n)); };
  PeerConfig config{.id = PeerId(id),
                    .local_ice = {"server" + name, "serverpasswordserver" + name},
                    .remote_ice = {"client", "clientpasswordclient"},
                    .remote_fingerprint = remote,
                    .cname = "cname"};
  config.uptracks.push_back({.id = UptrackId(100 * id + 1),
                             .kind = MediaKind::kAudio,
                             .mid = "0",
                             .codec = FuzzCodec(CodecKind::kOpus, 111, rtx),
                             .extensions = extensions,
                             .layers = {{.ssrc = ssrc(1001)}}});
  if ((flags & 4) == 0) {
    config.uptracks.push_back({.id = UptrackId(100 * id + 2),
                               .kind = MediaKind::kVideo,
                               .mid = "1",
                               .codec = FuzzCodec(CodecKind::kVp8, 96, rtx),
                               .extensions = extensions,
                               .layers = {{.rid = "q", .ssrc = ssrc(2001), .rtx_ssrc = ssrc(2002)},
                                          {.rid = "h", .ssrc = ssrc(2003), .rtx_ssrc = ssrc(2004)},
                                          {.rid = "f"}}});
  }
  if ((flags & 8) == 0) {
    config.uptracks.push_back({.id = UptrackId(100 * id + 3),
                               .kind = MediaKind::kVideo,
                               .mid = "2",
                               .codec = FuzzCodec(CodecKind::kH264, 102, rtx),
                               .extensions = extensions,
                               .layers = {{.ssrc = ssrc(3001), .rtx_ssrc = ssrc(3002)}}});
  }
  config.downtracks.push_back({.id = DowntrackId(100 * id + 11),
                               .kind = MediaKind::kAudio,
                               .mid = "3",
                               .codecs = {FuzzCodec(CodecKind::kOpus, 109, rtx)},
                               .extensions = extensions,
                               .ssrc = ssrc(5001)});
  for (uint32_t i = 0; i < 2; ++i) {
    if ((flags & (16 << i)) != 0) continue;
    config.downtracks.push_back({.id = DowntrackId(100 * id + 12 + i),
                                 .kind = MediaKind::kVideo,
                                 .mid = std::to_string(4 + i),
                                 .codecs = {FuzzCodec(CodecKind::kVp8, 45, rtx), FuzzCodec(CodecKind::kH264, 39, rtx)},
                                 .extensions = extensions,
                                 .ssrc = ssrc(6001 + 10 * i),
                                 .rtx_ssrc = rtx ? ssrc(6002 + 10 * i) : Ssrc()});
  }
  return config;
}

}  // namespace duet
