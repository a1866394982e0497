// Apps: the tenants of a server. An app is an id, a key that its back end signs with, and the name of the environment
// (PRO, DEV, ...) that it stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace duet {

struct App {
  uint32_t sdk_app_id = 0;               // 1..4294967295
  std::string secret_key;                // used as it is written; 64 hexadecimal digits when made by Duet
  std::string environment = "PRO";       // 1..32 of A-Z a-z 0-9 _ -
  bool require_private_map_key = false;  // `enter` needs a privateMapKey besides the UserSig
  bool development = false;              // generated for trying things out; the server itself signs for it
  bool operator==(const App&) const = default;
};

// Whether the parts of an app are within their limits; the error names the part.
Status CheckApp(const App& app);

// The apps of a server, in the order of the file that they came from. Filled at start, then only read: any thread may
// read it.
class AppRegistry {
 public:
  // A signature that does not fit is tried against the keys of all apps, so the number is bounded.
  static constexpr size_t kMaxApps = 256;
  static constexpr size_t kMaxKeyBytes = 256;
  static constexpr size_t kMaxEnvironmentBytes = 32;

  // Refused: an app outside its limits (CheckApp), an id that is taken, a second development app, one app too many.
  Status Add(App app);

  // Null when there is none. Valid until the next Add.
  const App* Find(uint32_t sdk_app_id) const;
  // The first app of this environment; upper and lower case are the same.
  const App* FindByEnvironment(std::string_view environment) const;
  const App* FindDevelopment() const;

  std::span<const App> apps() const { return apps_; }
  bool empty() const { return apps_.empty(); }

 private:
  std::vector<App> apps_;
};

}  // namespace duet
