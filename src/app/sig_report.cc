#include "app/sig_report.h"

#include <boost/json.hpp>

#include "auth/time_text.h"

namespace duet {
namespace {

namespace json = boost::json;

constexpr std::pair<uint32_t, std::string_view> kPrivilegeNames[] = {
    {kMayCreateRoom, "create the room"}, {kMayEnter, "enter"},
    {kMaySendAudio, "send audio"},       {kMayReceiveAudio, "receive audio"},
    {kMaySendVideo, "send video"},       {kMayReceiveVideo, "receive video"},
    {kMaySendAux, "send aux"},           {kMayReceiveAux, "receive aux"},
};

std::string Row(std::string_view name, const std::string& value) {
  std::string row = "  " + std::string(name);
  constexpr size_t kColumn = 14;
  row.resize(kColumn, ' ');
  return row + value + "\n";
}

std::string Relative(int64_t unix_s, int64_t now_unix_s) {
  if (unix_s > now_unix_s) return " (in " + SecondsText(unix_s - now_unix_s) + ")";
  return " (" + SecondsText(now_unix_s - unix_s) + " ago)";
}

std::string SignatureText(const TokenExplanation& e) {
  switch (e.signature) {
    case SignatureState::kUnread: return "could not be read";
    case SignatureState::kUnchecked:
      return "not checked: give the secret key with --key, --key-file or DUET_SECRET_KEY";
    case SignatureState::kValid: return "fits the key";
    case SignatureState::kInvalid: return "does NOT fit the key";
  }
  return "";
}

const char* SignatureWord(SignatureState state) {
  switch (state) {
    case SignatureState::kUnread: return "unread";
    case SignatureState::kUnchecked: return "unchecked";
    case SignatureState::kValid: return "valid";
    case SignatureState::kInvalid: return "invalid";
  }
  return "";
}

}  // namespace

std::string PrivilegesText(uint32_t privileges) {
  std::string out = std::to_string(privileges) + ":";
  for (const auto& [bit, name] : kPrivilegeNames)
    if ((privileges & bit) != 0) out += (out.ends_with(":") ? " " : ", ") + std::string(name);
  if (out.ends_with(":")) out += " nothing";
  return out;
}

std::string ExplanationText(const TokenExplanation& e, int64_t now_unix_s) {
  std::string out;
  if (e.token) {
    const Token& token = *e.token;
    out += e.map_key ? "A privateMapKey\n" : "A UserSig\n";
    out += Row("user", token.user_id);
    out +=
        Row("sdkAppID", std::to_string(token.sdk_app_id) + (e.environment.empty() ? "" : " (" + e.environment + ")"));
    out += Row("made", UnixTimeText(token.time_unix_s) + Relative(token.time_unix_s, now_unix_s));
    out += Row("valid for", SecondsText(token.expire_s));
    out += Row("expires", UnixTimeText(e.expires_unix_s) + Relative(e.expires_unix_s, now_unix_s));
    out += Row("signature", SignatureText(e));
    if (e.map_key) {
      out += Row("room", RoomText(e.map_key->room));
      out += Row("rights", PrivilegesText(e.map_key->privileges));
    }
    out += "\n";
  }
  if (e.faults.empty()) {
    out += e.signature == SignatureState::kValid ? "Nothing is wrong with it.\n"
                                                 : "Nothing is wrong with it, as far as can be said without the key.\n";
    return out;
  }
  for (const SigFailure& fault : e.faults) out += std::string(NameOf(fault.error)) + ": " + fault.message + "\n";
  return out;
}

json::object ExplanationJson(const TokenExplanation& e) {
  json::object out{{"kind", !e.token ? "unreadable" : e.map_key ? "privateMapKey" : "userSig"}};
  if (e.token) {
    out["userId"] = e.token->user_id;
    out["sdkAppId"] = e.token->sdk_app_id;
    if (!e.environment.empty()) out["environment"] = e.environment;
    out["time"] = e.token->time_unix_s;
    out["expire"] = e.token->expire_s;
    out["expiresAt"] = e.expires_unix_s;
  }
  if (e.map_key) {
    if (const auto* name = std::get_if<std::string>(&e.map_key->room)) {
      out["room"] = *name;
    } else {
      out["room"] = *std::get_if<uint32_t>(&e.map_key->room);
    }
    out["rights"] = e.map_key->privileges;
  }
  out["signature"] = SignatureWord(e.signature);
  json::array faults;
  for (const SigFailure& fault : e.faults)
    faults.push_back(json::object{{"error", json::string(NameOf(fault.error))}, {"message", fault.message}});
  out["faults"] = std::move(faults);
  return out;
}

}  // namespace duet
