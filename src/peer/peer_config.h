// What one remote's transport was negotiated to be. Made by Answerer out of an SDP offer (control thread), obeyed by
// Peer (media worker). Plain data: it crosses threads by value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/ids.h"
#include "core/dtls/dtls_transport.h"
#include "core/ice/ice_agent.h"
#include "wire/signal.h"

namespace duet {

enum class CodecKind : uint8_t { kOpus, kH264, kVp8, kVp9, kAv1 };

const char* ToString(CodecKind kind);

// One codec of one section, with the payload types that this remote uses for it.
struct CodecConfig {
  CodecKind kind = CodecKind::kOpus;
  PayloadType payload_type;
  std::optional<PayloadType> rtx_payload_type;  // RFC 4588, when negotiated
  std::optional<PayloadType> red_payload_type;  // of Opus: RFC 2198, when negotiated
  uint32_t clock_rate = 0;                      // Hz
  bool nack = false;
  bool transport_cc = false;
  // H.264 only (RFC 6184 section 8.1): what may be sent under this payload type.
  uint32_t profile_level_id = 0;
  uint8_t packetization_mode = 0;
};

// Identifiers of the RTP header extensions (RFC 8285) that Duet reads or passes on; 0 = not negotiated.
struct HeaderExtensionIds {
  uint8_t mid = 0;
  uint8_t audio_level = 0;
  uint8_t abs_send_time = 0;
  uint8_t transport_cc = 0;
  uint8_t video_orientation = 0;
  uint8_t playout_delay = 0;
  uint8_t rid = 0;           // RFC 8852, and
  uint8_t repaired_rid = 0;  // of RTX
  uint8_t dependency_descriptor = 0;

  bool operator==(const HeaderExtensionIds&) const = default;
};

// Encodings of one picture, or spatial layers of one stream, at most.
inline constexpr size_t kMaxLayers = 3;

// One RTP stream of a section: all there is without simulcast, else one of several encodings of the same picture
// (RFC 8853).
struct LayerConfig {
  std::string rid;  // empty = not named
  Ssrc ssrc;        // 0 = not said in the offer: learned from the MID and RID extensions or the payload type
  Ssrc rtx_ssrc;    // 0 = none or not said
};

// A section on which the remote sends.
struct UptrackConfig {
  UptrackId id;
  signal::MediaKind kind{};
  std::string mid;
  CodecConfig codec;
  HeaderExtensionIds extensions;
  std::vector<LayerConfig> layers = std::vector<LayerConfig>(1);  // 1 to kMaxLayers, the smallest picture first
};

// A section on which we send: a slot.
struct DowntrackConfig {
  DowntrackId id;
  signal::MediaKind kind{};
  std::string mid;
  std::vector<CodecConfig> codecs;  // what the remote can receive, its preference first
  HeaderExtensionIds extensions;
  Ssrc ssrc;
  Ssrc rtx_ssrc;
  std::string rid;  // written into each packet where not empty: a client's encoding of several
};

// Who checks whom: the server is lite and answers, a client is controlling and checks.
enum class IceRole : uint8_t { kLite, kControlling };

struct PeerConfig {
  PeerId id;
  IceRole ice_role = IceRole::kLite;
  std::vector<Endpoint> remote_candidates;  // only of a controlling one: where the server is, best first
  IceCredentials local_ice;
  IceCredentials remote_ice;
  DtlsRole dtls_role = DtlsRole::kServer;
  DtlsFingerprint remote_fingerprint;
  std::string cname;  // of what we send, RFC 7022
  std::vector<UptrackConfig> uptracks;
  std::vector<DowntrackConfig> downtracks;
};

}  // namespace duet
