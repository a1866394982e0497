// The RTP header extensions that Duet knows, by the URI that SDP names them with (RFC 8285 section 5).
#pragma once

#include <array>
#include <string_view>

#include "peer/peer_config.h"

namespace duet {

struct KnownExtension {
  std::string_view uri;
  uint8_t HeaderExtensionIds::*id;
  bool read;    // worth asking a sender for
  bool passed;  // written to receivers
};
inline constexpr std::string_view kTransportWideUri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
inline constexpr std::array<KnownExtension, 9> kKnownExtensions = {{
    {"urn:ietf:params:rtp-hdrext:sdes:mid", &HeaderExtensionIds::mid, true, false},
    {"urn:ietf:params:rtp-hdrext:ssrc-audio-level", &HeaderExtensionIds::audio_level, true, true},
    {"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", &HeaderExtensionIds::abs_send_time, true, false},
    {kTransportWideUri, &HeaderExtensionIds::transport_cc, true, true},
    {"urn:3gpp:video-orientation", &HeaderExtensionIds::video_orientation, true, true},
    {"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay", &HeaderExtensionIds::playout_delay, true, true},
    {"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", &HeaderExtensionIds::rid, true, false},
    {"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", &HeaderExtensionIds::repaired_rid, true, false},
    {"https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
     &HeaderExtensionIds::dependency_descriptor, true, true},
}};

}  // namespace duet
