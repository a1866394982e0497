#include "gateway/submit.h"

#include <chrono>
#include <utility>

namespace duet {

asio::awaitable<bool> SubmitToControl(SignalHub& hub, ControlInput input) {
  constexpr std::chrono::milliseconds kRetry{5};
  while (!hub.backend().Submit(std::move(input))) {
    if (hub.given_up()) co_return false;
    asio::steady_timer timer(co_await asio::this_coro::executor, kRetry);
    co_await timer.async_wait(kAwait);
  }
  co_return true;
}

}  // namespace duet
