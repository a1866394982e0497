// SignalSession: one signalling connection, without its socket. Texts in, what is to be done out.
//
// Origin policy: a WebSocket of any origin is taken. What lets a client in is the UserSig of its `enter`, which a
// foreign page does not have; there are no cookies that a browser would add by itself.
//
// Nothing that a client says goes to the log but its room and user id: UserSigs, keys and tokens never.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/log.h"
#include "base/time.h"
#include "base/token_bucket.h"
#include "node/messages.h"

namespace duet {

// How a client came to us.
struct ClientAddress {
  std::string remote;   // its address, for the log
  std::string host;     // of its request, without the port; empty when it said none
  bool secure = false;  // over TLS
};

class SignalSession {
 public:
  static constexpr double kRequestsPerSecond = 50;
  static constexpr double kRequestBurst = 100;
  // A client that goes on although it is refused this often does not listen, and its socket is closed.
  static constexpr double kRefusalsPerSecond = 50;
  static constexpr double kRefusalBurst = 500;

  // What comes of a text: exactly one of the first two, or too_many.
  struct Incoming {
    std::optional<ControlInput> input;  // for Control
    std::string reply;                  // for the client, when not empty
    bool too_many = false;              // close the socket
  };

  // `log` carries what is known of the connection; the session's id is added here.
  SignalSession(SessionId id, ClientAddress client, const Log& log);

  SessionId id() const { return id_; }
  ControlInput Opened() const {
    return {id_, SessionOpened{
                     .remote = client_.remote, .log = connection_log_, .host = client_.host, .secure = client_.secure}};
  }
  ControlInput Closed() const { return {id_, SessionClosed{}}; }

  Incoming OnText(Time now, std::string_view text);
  // The text of what Control says.
  std::string OnResponse(const signal::Response& response);
  std::string OnNotification(const signal::Notification& notification) const { return signal::Encode(notification); }

  // Carries the session and, once entered, room and user.
  const Log& log() const { return log_; }

 private:
  const SessionId id_;
  const ClientAddress client_;
  const Log connection_log_;
  Log log_;
  TokenBucket requests_{kRequestsPerSecond, kRequestBurst};
  TokenBucket refusals_{kRefusalsPerSecond, kRefusalBurst};
  // The last `enter` (its room and user) and `exit` that were passed on: their answers change the log's context.
  struct Entering {
    signal::RequestId request;
    std::string room;
    std::string user;
  };
  std::optional<Entering> entering_;
  std::optional<signal::RequestId> exiting_;
};

}  // namespace duet
