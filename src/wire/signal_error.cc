#include "wire/signal_error.h"

#include <utility>

namespace duet::signal {

SignalError MakeError(SignalErrorKind kind, std::string message) {
  const ErrorInfo& info = InfoOf(kind);
  return {info.code, info.name, std::move(message), info.detail != 0 ? std::optional(info.detail) : std::nullopt};
}

const ErrorInfo* FindErrorByName(std::string_view name) {
  for (const auto& info : kErrorTable)
    if (info.name == name) return &info;
  return nullptr;
}

}  // namespace duet::signal
