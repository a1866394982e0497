#include "wire/sdp_attributes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "wire/json_text.h"
#include "wire/sdp.h"
#include "wire/sdp_text.h"

namespace duet {
namespace {

using sdp_text::IsAlphanumeric;
using sdp_text::ParseNumber;
using sdp_text::TakeUntil;
using sdp_text::TakeWord;
using sdp_text::ToLower;

Error Malformed(std::string message) { return Error{ErrorCode::kMalformed, std::move(message)}; }
Error TooMany(std::string_view what, size_t limit) {
  return Error{ErrorCode::kLimit, "more than " + std::to_string(limit) + " " + std::string(what)};
}
std::string Quoted(std::string_view text) { return "\"" + Excerpt(text) + "\""; }

constexpr uint8_t kMaxPayloadType = 127;

Status ParseFormats(std::string_view formats, MediaSection& section) {
  while (!formats.empty()) {
    const std::string_view word = TakeWord(formats);
    if (!section.is_rtp()) {
      if (section.formats.size() == kMaxSdpFormats) return TooMany("formats", kMaxSdpFormats);
      section.formats.emplace_back(word);
      continue;
    }
    const auto payload_type = ParseNumber<uint8_t>(word, kMaxPayloadType);
    if (!payload_type) return Malformed("the payload type " + Quoted(word) + " is not a number from 0 to 127");
    if (section.FindCodec(PayloadType(*payload_type)) != nullptr)
      return Malformed("the payload type " + std::string(word) + " is listed twice");
    if (section.codecs.size() == kMaxSdpCodecs) return TooMany("payload types", kMaxSdpCodecs);
    section.codecs.push_back({.payload_type = PayloadType(*payload_type)});
  }
  return Ok{};
}

struct HashAlgorithm {
  std::string_view name;
  size_t bytes;
};
constexpr std::array<HashAlgorithm, 5> kHashAlgorithms = {
    {{"sha-1", 20}, {"sha-224", 28}, {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}}};
constexpr size_t kMaxFingerprintBytes = 64;

std::optional<uint8_t> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  c = ToLower(c);
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

bool IsRid(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_'; });
}

Result<std::vector<SdpSimulcast::Stream>> ParseSimulcastStreams(std::string_view list) {
  std::vector<SdpSimulcast::Stream> streams;
  while (!list.empty()) {
    if (streams.size() == kMaxSdpRids) return TooMany("simulcast streams", kMaxSdpRids);
    SdpSimulcast::Stream stream;
    for (std::string_view rest = TakeUntil(list, ';'); !rest.empty();) {
      std::string_view rid = TakeUntil(rest, ',');
      const bool paused = rid.starts_with('~');
      if (paused) rid.remove_prefix(1);
      if (!IsRid(rid)) return Malformed(Quoted(rid) + " is not a rid");
      if (stream.size() == kMaxSdpRids) return TooMany("alternatives", kMaxSdpRids);
      stream.push_back({std::string(rid), paused});
    }
    if (stream.empty()) return Malformed("a stream has no rid");
    streams.push_back(std::move(stream));
  }
  return streams;
}

std::optional<SdpTransport> ParseTransport(std::string_view word) {
  for (const auto transport : {SdpTransport::kUdp, SdpTransport::kTcp})
    if (sdp_text::EqualIgnoringCase(word, ToString(transport))) return transport;
  return std::nullopt;
}

std::optional<SdpCandidateType> ParseCandidateType(std::string_view word) {
  using enum SdpCandidateType;
  for (const auto type : {kHost, kSrflx, kPrflx, kRelay})
    if (word == ToString(type)) return type;
  return std::nullopt;
}

// The name-value pairs behind the type. Those that are not known (generation, network-id ...) are left out.
Status ParseCandidateTail(std::string_view rest, SdpCandidate& candidate) {
  while (!rest.empty()) {
    const std::string_view name = TakeWord(rest);
    const std::string_view value = TakeWord(rest);
    if (value.empty()) return Malformed(Quoted(name) + " has no value");
    if (name == "raddr") {
      candidate.related_address = value;
    } else if (name == "rport") {
      const auto port = ParseNumber<uint16_t>(value);
      if (!port) return Malformed("the related port " + Quoted(value) + " is not a number from 0 to 65535");
      candidate.related_port = *port;
    } else if (name == "tcptype") {
      candidate.tcp_type = value;
    }
  }
  return Ok{};
}

}  // namespace

Result<MediaSection> ParseSdpMedia(std::string_view value) {
  const std::string_view media = TakeWord(value);
  const std::string_view port_word = TakeWord(value);
  const std::string_view protocol = TakeWord(value);
  if (value.empty()) return Malformed("needs a media type, a port, a protocol and a format");

  MediaSection section;
  section.kind = SectionKind::kOther;
  for (const auto kind : {SectionKind::kAudio, SectionKind::kVideo, SectionKind::kApplication})
    if (media == ToString(kind)) section.kind = kind;
  section.media = media;
  const auto port = ParseNumber<uint16_t>(port_word);
  if (!port) return Malformed("the port " + Quoted(port_word) + " is not a number from 0 to 65535");
  section.port = *port;
  section.protocol = protocol;
  if (auto status = ParseFormats(value, section); !status.ok()) return status.error();
  return section;
}

Result<SdpOrigin> ParseSdpOrigin(std::string_view value) {
  SdpOrigin origin;
  origin.username = TakeWord(value);
  origin.session_id = TakeWord(value);
  const auto version = ParseNumber<uint64_t>(TakeWord(value));
  TakeWord(value);  // network type, always IN
  TakeWord(value);  // address type, told by the address
  origin.address = TakeWord(value);
  if (!version || origin.address.empty() || !value.empty())
    return Malformed("must be a user name, a session id, a version number and an address");
  origin.session_version = *version;
  return origin;
}

Status ParseSdpEncoding(std::string_view value, SdpCodec& codec) {
  const std::string_view name = TakeUntil(value, '/');
  const auto clock_rate = ParseNumber<uint32_t>(TakeUntil(value, '/'));
  const auto channels = value.empty() ? std::optional<uint8_t>(1) : ParseNumber<uint8_t>(value);
  if (name.empty() || !clock_rate || *clock_rate == 0 || !channels || *channels == 0)
    return Malformed("the encoding must be a name, a clock rate and perhaps a number of channels");
  codec.name = name;
  codec.clock_rate = *clock_rate;
  codec.channels = *channels;
  return Ok{};
}

Result<SdpFingerprint> ParseSdpFingerprint(std::string_view value) {
  SdpFingerprint fingerprint;
  fingerprint.algorithm = ToLower(TakeWord(value));
  // Pairs of digits with colons between them: three characters a byte but for the last.
  if (value.size() % 3 != 2) return Malformed("must be an algorithm and bytes in hexadecimal with colons");
  for (size_t i = 0; i < value.size(); i += 3) {
    const auto high = HexDigit(value[i]);
    const auto low = HexDigit(value[i + 1]);
    const bool colon = i + 2 == value.size() || value[i + 2] == ':';
    if (!high || !low || !colon) return Malformed("must be an algorithm and bytes in hexadecimal with colons");
    fingerprint.bytes.push_back(static_cast<uint8_t>(*high << 4 | *low));
  }
  const auto known = std::find_if(kHashAlgorithms.begin(), kHashAlgorithms.end(),
                                  [&](const HashAlgorithm& a) { return a.name == fingerprint.algorithm; });
  if (known != kHashAlgorithms.end() && known->bytes != fingerprint.bytes.size())
    return Malformed(std::string(known->name) + " has " + std::to_string(known->bytes) + " bytes, not " +
                     std::to_string(fingerprint.bytes.size()));
  if (fingerprint.bytes.size() > kMaxFingerprintBytes) return TooMany("bytes", kMaxFingerprintBytes);
  return fingerprint;
}

Result<SdpSetup> ParseSdpSetup(std::string_view value) {
  using enum SdpSetup;
  for (const auto setup : {kActPass, kActive, kPassive, kHoldConn})
    if (value == ToString(setup)) return setup;
  return Malformed("must be actpass, active, passive or holdconn, not " + Quoted(value));
}

Result<std::optional<SdpHeaderExtension>> ParseSdpExtension(std::string_view value) {
  std::string_view direction = TakeWord(value);
  const std::string_view id_word = TakeUntil(direction, '/');
  const auto id = ParseNumber<uint16_t>(id_word);
  if (!id || *id == 0) return Malformed("the identifier " + Quoted(id_word) + " is not a number from 1 up");

  SdpHeaderExtension extension;
  if (!direction.empty()) {
    const auto known = ParseSdpDirection(direction);
    if (!known) return Malformed(Quoted(direction) + " is not a direction");
    extension.direction = *known;
  }
  extension.uri = TakeWord(value);
  extension.attributes = value;
  if (extension.uri.empty()) return Malformed("the URI is missing");
  constexpr uint16_t kReservedId = 15;
  if (*id == kReservedId || *id > 255) return std::optional<SdpHeaderExtension>();
  extension.id = static_cast<uint8_t>(*id);
  return std::optional(std::move(extension));
}

Result<SdpMsid> ParseSdpMsid(std::string_view value) {
  SdpMsid msid;
  msid.stream = TakeWord(value);
  msid.track = TakeWord(value);
  if (msid.stream.empty()) return Malformed("the stream is missing");
  return msid;
}

Result<SdpSsrcGroup> ParseSdpSsrcGroup(std::string_view value) {
  SdpSsrcGroup group;
  group.semantics = TakeWord(value);
  while (!value.empty()) {
    const std::string_view word = TakeWord(value);
    const auto ssrc = ParseNumber<uint32_t>(word);
    if (!ssrc) return Malformed("the SSRC " + Quoted(word) + " is not a number of 32 bits");
    if (group.ssrcs.size() == kMaxSdpSsrcs) return TooMany("SSRCs", kMaxSdpSsrcs);
    group.ssrcs.push_back(Ssrc(*ssrc));
  }
  if (group.ssrcs.empty()) return Malformed("must be a word and SSRCs");
  return group;
}

Result<std::optional<SdpCandidate>> ParseSdpCandidate(std::string_view value) {
  SdpCandidate candidate;
  candidate.foundation = TakeWord(value);
  const auto component = ParseNumber<uint16_t>(TakeWord(value), 256);
  const std::string_view transport_word = TakeWord(value);
  const auto priority = ParseNumber<uint32_t>(TakeWord(value));
  candidate.address = TakeWord(value);
  const auto port = ParseNumber<uint16_t>(TakeWord(value));
  const bool typed = TakeWord(value) == "typ";
  const std::string_view type_word = TakeWord(value);
  if (!component || *component == 0 || !priority || !port || !typed || type_word.empty())
    return Malformed(
        "must be a foundation, a component from 1 to 256, a transport, a priority, an address, a port and a type");
  candidate.component = *component;
  candidate.priority = *priority;
  candidate.port = *port;
  if (auto status = ParseCandidateTail(value, candidate); !status.ok()) return status.error();

  const auto transport = ParseTransport(transport_word);
  const auto type = ParseCandidateType(type_word);
  if (!transport || !type) return std::optional<SdpCandidate>();
  candidate.transport = *transport;
  candidate.type = *type;
  if (*transport == SdpTransport::kUdp) candidate.tcp_type.clear();
  return std::optional(std::move(candidate));
}

Result<SdpRid> ParseSdpRid(std::string_view value) {
  SdpRid rid;
  rid.id = TakeWord(value);
  if (!IsRid(rid.id)) return Malformed(Quoted(rid.id) + " is not a rid");
  const std::string_view direction = TakeWord(value);
  if (direction != "send" && direction != "recv") return Malformed("the direction must be send or recv");
  rid.direction = direction == "send" ? SdpRidDirection::kSend : SdpRidDirection::kRecv;
  rid.restrictions = value;
  return rid;
}

Result<SdpSimulcast> ParseSdpSimulcast(std::string_view value) {
  SdpSimulcast simulcast;
  if (value.empty()) return Malformed("must be send or recv and rids");
  while (!value.empty()) {
    const std::string_view direction = TakeWord(value);
    auto streams = ParseSimulcastStreams(TakeWord(value));
    if (!streams.ok()) return streams.error();
    if (direction != "send" && direction != "recv") return Malformed("must be send or recv and rids");
    auto& target = direction == "send" ? simulcast.send : simulcast.recv;
    if (streams->empty() || !target.empty()) return Malformed("each direction stands once, with rids");
    target = std::move(*streams);
  }
  return simulcast;
}

std::optional<SdpDirection> ParseSdpDirection(std::string_view word) {
  using enum SdpDirection;
  for (const auto direction : {kSendRecv, kSendOnly, kRecvOnly, kInactive})
    if (word == ToString(direction)) return direction;
  return std::nullopt;
}

bool IsIceString(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return IsAlphanumeric(c) || c == '+' || c == '/'; });
}

}  // namespace duet
