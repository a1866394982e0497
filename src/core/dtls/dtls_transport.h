// DtlsTransport: the DTLS handshake with one remote (RFC 6347) and the SRTP keys that come out of it (RFC 5764).
//
//   kNew ──Start──> kHandshaking ──fingerprint and SRTP profile right──> kConnected ──close_notify──> kClosed
//                        └──alert, wrong certificate, no common profile, no answer──> kFailed
//
// A passive side goes to kHandshaking with Start as well and waits for the ClientHello. kFailed and kClosed are final.
// No application data is exchanged; what comes is dropped.
//
// Time. OpenSSL decides by the clock of the operating system when a flight is repeated, and offers no way to tell it
// otherwise. So it never gets to wait: its timer always is due at once, and it renders the repetitions of a flight
// (each with record sequence numbers of its own, as section 4.2.4 wants) right after the flight itself. They are kept
// here and sent one by one when `now` says so: after 100 ms, then at doubled intervals up to 3.2 s. RFC 6347 proposes 1
// s for the first, which a caller would feel; most round trips are below 100 ms, and a needless repetition costs 1 kB.
// So the datagrams are a function of what comes in, and of `now`. dtls_flights.h has the details.
//
// Cost (dtls_bench.cc, OpenSSL 3.0, one core of an EPYC server): a server's handshake takes 0.45 ms of CPU, of which
// the repetitions are 1 %. A connected transport holds 39 kB in OpenSSL, 22 of them its buffer for handshake messages,
// which it keeps in case the remote repeats its last flight. Release gives all of it back, once the remote has shown
// that it has the keys; what may still come then is answered by what little is kept (dtls_epilogue.h): our last flight
// and our goodbye, as bytes that are ready to be sent.
//
// Thread rule: owned by one Peer. Pinned in memory: OpenSSL points to it.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/outbox.h"
#include "base/result.h"
#include "base/time.h"
#include "core/dtls/dtls_certificate.h"
#include "core/dtls/dtls_context.h"
#include "core/dtls/dtls_epilogue.h"
#include "core/dtls/dtls_flights.h"
#include "core/srtp/srtp_key.h"

namespace duet {

// RFC 8842: who sends the ClientHello.
enum class DtlsRole : uint8_t {
  kServer,  // a=setup:passive
  kClient,  // a=setup:active
};

class DtlsTransport {
 public:
  enum class State : uint8_t { kNew, kHandshaking, kConnected, kFailed, kClosed };

  // `context` outlives it. `expected` is what signalling says of the remote's certificate.
  DtlsTransport(DtlsContext& context, DtlsRole role, DtlsFingerprint expected);
  ~DtlsTransport();
  DtlsTransport(const DtlsTransport&) = delete;
  DtlsTransport& operator=(const DtlsTransport&) = delete;

  // A client sends its first flight. Does nothing when started before.
  void Start(Time now, const Endpoint& to, Outbox& out);
  // One datagram from the address of the remote; what is not DTLS is dropped. A server that was not started starts.
  void OnDatagram(Time now, Bytes datagram, const Endpoint& to, Outbox& out);
  // Repeats the last flight when it is due. Safe when called early.
  void OnTimer(Time now, const Endpoint& to, Outbox& out);
  Time NextTimer() const { return state_ == State::kHandshaking ? flights_.deadline() : Time::Never(); }
  // The remote has finished its handshake, too: something came that is protected with its SRTP keys. From here on it is
  // heard when it ends the association or repeats its last flight, and nothing else. Only in kConnected (CHECKed); does
  // nothing when called again.
  void Release();
  bool released() const { return epilogue_.has_value(); }
  // Says goodbye (close_notify) when connected. The state is kClosed afterwards, unless it was kFailed.
  void Close(Time now, const Endpoint& to, Outbox& out);

  State state() const { return state_; }
  DtlsRole role() const { return role_; }
  // Why; only in kFailed.
  const Error& failure() const { return failure_; }

  struct Keys {
    SrtpMasterKey local;   // we protect with it
    SrtpMasterKey remote;  // the remote protects with it
  };
  // Only in kConnected (CHECKed).
  const Keys& keys() const;

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  void Handshake();
  void OnHandshakeDone();
  void ReadRecords();
  // False when no SRTP profile was agreed upon.
  bool ExportKeys();
  void Fail(ErrorCode code, std::string message);

  const DtlsRole role_;
  const DtlsFingerprint expected_;
  State state_ = State::kNew;
  DtlsFlights flights_;
  std::unique_ptr<SSL, SslDeleter> ssl_;  // null once released
  std::optional<DtlsEpilogue> epilogue_;  // from then on; our goodbye waits in flights_
  std::vector<std::byte> last_flight_;    // a server's; one datagram of 75 bytes
  Keys keys_;
  Error failure_;
};

}  // namespace duet
