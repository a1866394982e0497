// Any target: an error with words, or parts within their limits.
#include <cstdlib>

#include "wire/whip_url.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const auto parsed = duet::ParseWhipTarget(target);
  if (!parsed.ok()) {
    if (parsed.error().message.empty()) std::abort();
    return 0;
  }
  if (!duet::IsWhipPath(target)) std::abort();
  if (const auto* session = std::get_if<duet::WhipSessionUrl>(&*parsed)) {
    if (session->id.empty() || session->id.size() > duet::kMaxWhipSessionBytes) std::abort();
    return 0;
  }
  const auto& endpoint = std::get<duet::WhipEndpoint>(*parsed);
  if (endpoint.user_id.empty() || endpoint.user_id.size() > duet::signal::kMaxUserIdBytes) std::abort();
  if (endpoint.viewer.size() > duet::signal::kMaxUserIdBytes) std::abort();
  const bool room = endpoint.room.is_string() ? !endpoint.room.text().empty() &&
                                                    endpoint.room.text().size() <= duet::signal::kMaxRoomNameBytes
                                              : endpoint.room.number() != 0;
  if (!room) std::abort();
  return 0;
}
