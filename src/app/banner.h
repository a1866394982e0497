// What `duet serve` says when it serves: where to point the browser, and what to do next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "gateway/server.h"

namespace duet {

struct BannerOptions {
  std::filesystem::path data;
  std::optional<uint32_t> development_app;
  enum class Qr { kNone, kPlain, kAnsi } qr = Qr::kNone;
};

std::string Banner(const ServerInfo& info, const BannerOptions& options);

// One JSON object for scripts and tests: actual ports, addresses and the process id.
std::string ReadyJson(const ServerInfo& info, const BannerOptions& options, int64_t pid);

}  // namespace duet
