// The WebSocket of a signalling session (RFC 6455): text frames of at most 64 KiB, no compression, pings of our own, an
// idle limit, and a bounded queue of what is still to be written.
#pragma once

#include <cstddef>

#include "base/log.h"
#include "gateway/beast.h"
#include "gateway/connection_guard.h"
#include "gateway/signal_hub.h"
#include "gateway/signal_session.h"

namespace duet {

// A client that does not read its messages is cut off at the first of these.
inline constexpr size_t kMaxQueuedMessages = 256;
inline constexpr size_t kMaxQueuedBytes = 1 << 20;

// Answers the upgrade `request` and serves the session until it is over. `place` is told how to end it. When nothing
// arrived for `idle`, answers to pings included, it is over; a ping is sent after half of that.
template <typename Stream>
asio::awaitable<void> ServeSignal(Stream stream, http::request<http::string_body> request, ClientAddress client,
                                  SignalHub& hub, ConnectionGuard::Place& place, Log log, Duration idle);

extern template asio::awaitable<void> ServeSignal(PlainStream, http::request<http::string_body>, ClientAddress,
                                                  SignalHub&, ConnectionGuard::Place&, Log, Duration);
extern template asio::awaitable<void> ServeSignal(TlsStream, http::request<http::string_body>, ClientAddress,
                                                  SignalHub&, ConnectionGuard::Place&, Log, Duration);

}  // namespace duet
