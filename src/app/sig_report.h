// The answers of `duet sig`, as text for people and as JSON for programs.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "auth/explain_token.h"
#include "auth/usersig.h"

namespace duet {

// "255: create the room, enter, send audio, ..."
std::string PrivilegesText(uint32_t privileges);

std::string ExplanationText(const TokenExplanation& explanation, int64_t now_unix_s);
boost::json::object ExplanationJson(const TokenExplanation& explanation);

}  // namespace duet
