#include "auth/app_registry.h"

#include <algorithm>

namespace duet {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return Lower(x) == Lower(y); });
}

bool IsNameCharacter(char c) {
  return (Lower(c) >= 'a' && Lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

Status CheckApp(const App& app) {
  if (app.sdk_app_id == 0) return Error{ErrorCode::kMalformed, "An sdkAppID is a number from 1 to 4294967295."};
  const auto& key = app.secret_key;
  // Printable ASCII: a key is copied by people into other programs.
  if (key.empty() || key.size() > AppRegistry::kMaxKeyBytes ||
      !std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return Error{ErrorCode::kMalformed, "A secret key is 1 to 256 printable characters without spaces."};
  }
  const auto& name = app.environment;
  if (name.empty() || name.size() > AppRegistry::kMaxEnvironmentBytes ||
      !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return Error{ErrorCode::kMalformed,
                 "The name of an environment is 1 to 32 letters, digits, _ and -, for instance PRO."};
  }
  return Ok{};
}

Status AppRegistry::Add(App app) {
  if (const Status status = CheckApp(app); !status.ok()) return status;
  const std::string id = std::to_string(app.sdk_app_id);
  if (apps_.size() >= kMaxApps) {
    return Error{ErrorCode::kLimit, "A server has at most " + std::to_string(kMaxApps) + " apps."};
  }
  if (Find(app.sdk_app_id) != nullptr) return Error{ErrorCode::kRefused, "The sdkAppID " + id + " is taken."};
  if (app.development && FindDevelopment() != nullptr) {
    return Error{ErrorCode::kRefused, "There can be only one development app, and app " + id + " is the second."};
  }
  apps_.push_back(std::move(app));
  return Ok{};
}

const App* AppRegistry::Find(uint32_t sdk_app_id) const {
  const auto it = std::find_if(apps_.begin(), apps_.end(), [&](const App& a) { return a.sdk_app_id == sdk_app_id; });
  return it == apps_.end() ? nullptr : &*it;
}

const App* AppRegistry::FindByEnvironment(std::string_view environment) const {
  const auto it =
      std::find_if(apps_.begin(), apps_.end(), [&](const App& a) { return SameName(a.environment, environment); });
  return it == apps_.end() ? nullptr : &*it;
}

const App* AppRegistry::FindDevelopment() const {
  const auto it = std::find_if(apps_.begin(), apps_.end(), [](const App& a) { return a.development; });
  return it == apps_.end() ? nullptr : &*it;
}

}  // namespace duet
