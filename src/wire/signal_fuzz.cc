// Any bytes: a request that is the same after writing and reading, or a failure that can be answered.
#include <cstdlib>

#include "wire/signal.h"

namespace {

using namespace duet::signal;

void Check(bool condition) {
  if (!condition) std::abort();
}

void CheckAsRequest(std::string_view text) {
  const auto request = ParseRequest(text);
  if (!request.ok()) {
    const SignalFailure& failure = request.error();
    Check(!failure.error.message.empty() && FindErrorByName(failure.error.name) != nullptr);
    // The answer that the server would send is read by the client.
    const PendingRequest pending[] = {{failure.id, Method::kEnter}};
    Check(ParseServerMessage(Encode(Response{failure.id, failure.error}), pending).ok());
    return;
  }
  const std::string written = Encode(*request);
  if (written.size() > kMaxMessageBytes) return;  // escapes and defaults may lengthen it
  const auto again = ParseRequest(written);
  Check(again.ok());
  if (std::holds_alternative<Stats>(request->body)) {
    // Numbers with a fraction may lose their last digit on the way.
    Check(again->id == request->id && std::holds_alternative<Stats>(again->body));
  } else {
    Check(*again == *request);
  }
}

void CheckAsServerMessage(std::string_view text) {
  for (size_t method = 0; method < EnumWords<Method>().size(); ++method) {
    const PendingRequest pending[] = {{1, static_cast<Method>(method)}};
    const auto message = ParseServerMessage(text, pending);
    if (!message.ok()) continue;
    const std::string written = std::visit([](const auto& m) { return Encode(m); }, *message);
    if (written.size() > kMaxServerMessageBytes) continue;
    const auto again = ParseServerMessage(written, pending);
    Check(again.ok() && *again == *message);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckAsRequest(text);
  CheckAsServerMessage(text);
  return 0;
}
