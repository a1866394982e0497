// A media packet on its way through a room: authenticated, decrypted, parsed, and const from here on.
#pragma once

#include <cstdint>

#include "base/packet_pool.h"
#include "core/red/red_encoder.h"
#include "peer/frame_layers.h"
#include "peer/peer_config.h"
#include "wire/rtp.h"

namespace duet {

struct ReceivedRtp {
  PacketRef packet;    // holds the bytes that `view` points into
  RtpPacketView view;  // restored from RTX where it came as one
  int64_t seq = 0;     // extended sequence number of the layer
  UptrackId uptrack;
  int layer = 0;                                   // of the track, 0 = the smallest picture
  const CodecConfig* codec = nullptr;              // as the publisher negotiated it
  const HeaderExtensionIds* extensions = nullptr;  // of the publisher
  const RedEncoder* red = nullptr;                 // of audio: what came before it
  FrameLayers frame;                               // where it stands among the layers of its stream
  bool starts_keyframe = false;                    // a decoder can start here; always true for audio
};

}  // namespace duet
