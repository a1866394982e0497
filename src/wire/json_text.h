// What JSON strings need beside the JSON library: base64 for bytes in them, and UTF-8 that is really UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace duet {

// RFC 4648 section 4: the alphabet with + and /, padded.
std::string EncodeBase64(Bytes bytes);

// Strict: only what EncodeBase64 writes is read. Wrong characters or padding, white space, and bits set that belong to
// no byte are refused.
std::optional<std::vector<std::byte>> DecodeBase64(std::string_view text);

// Length in bytes of the UTF-8 character (RFC 3629) that `text` starts with; 0 when it starts with none.
size_t Utf8Length(std::string_view text);

// `text` with U+FFFD in the place of each byte that is part of no UTF-8 character.
std::string RepairUtf8(std::string text);

// For error messages: at most `max_bytes` of `text`, cut between characters and followed by "…" when it was longer,
// control characters replaced by '?'.
std::string Excerpt(std::string_view text, size_t max_bytes = 40);

}  // namespace duet
