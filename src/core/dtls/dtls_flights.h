// DtlsFlights: the datagrams between OpenSSL and a DtlsTransport, and the schedule of repeated flights.
//
// OpenSSL sees a BIO that is this object: a read takes the one datagram that was put in, a write is a datagram to send.
// Its retransmission timer (DTLS_set_timer_cb) always is due at once, so on its next read OpenSSL repeats the flight
// that it just wrote. The timer callback tells us that a repetition follows; it is kept instead of sent. After kRepeats
// of them the callback returns more than a handshake lasts, and OpenSSL goes on to read.
//
//   callback(0) ─> flight, sent ─> callback(1 us) ─> repetition 1, kept ─> ... ─> repetition kRepeats, kept ─> read
//
// The records of a repetition are put together into datagrams of up to kMtu bytes, as those of the flight are.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/outbox.h"
#include "base/time.h"

namespace duet {

class DtlsFlights {
 public:
  // Bytes of UDP payload: passes every path that WebRTC is used on, tunnels included.
  static constexpr size_t kMtu = 1200;
  // 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 9.5, 12.7, 15.9, 19.1 s after the flight. OpenSSL gives up after twelve.
  static constexpr int kRepeats = 10;
  static constexpr Duration kFirstInterval = Duration::Millis(100);
  static constexpr Duration kMaxInterval = Duration::Millis(3200);

  DtlsFlights() = default;
  DtlsFlights(const DtlsFlights&) = delete;
  DtlsFlights& operator=(const DtlsFlights&) = delete;

  // Makes this object the BIO and the timer of the connection. False when out of memory. It outlives `ssl`.
  bool Attach(SSL* ssl);

  // The datagram that the next read takes; empty = none. The bytes stay the caller's.
  void SetInput(Bytes datagram) { input_ = datagram; }
  // Sends what was written since the last call; starts the schedule when that was a new flight.
  void Flush(Time now, const Endpoint& to, Outbox& out);
  // What Flush is about to send, as one datagram. REQUIRES: no more than kMtu bytes were written.
  std::vector<std::byte> Unsent() const;
  // Sends a repetition when it is due. False when the last one was sent and its interval has passed too.
  bool OnTimer(Time now, const Endpoint& to, Outbox& out);
  // When OnTimer wants to be called; Never when nothing waits for an answer.
  Time deadline() const { return deadline_; }
  // The handshake is over: forgets the repetitions and gives their memory back.
  void Stop();

 private:
  struct Datagram {
    int repeat = 0;  // 0 = to be sent now, else the number of the repetition
    std::vector<std::byte> bytes;
  };
  static const BIO_METHOD* Method();
  static DtlsFlights& Of(BIO* bio);
  static unsigned OnTimerArmed(SSL* ssl, unsigned previous_us);
  static int Write(BIO* bio, const char* data, int size);
  static int Read(BIO* bio, char* data, int size);
  static long Control(BIO* bio, int command, long number, void* pointer);

  void StartFlight();
  void Add(Bytes records);
  void Send(int repeat, const Endpoint& to, Outbox& out);

  Bytes input_;
  std::vector<Datagram> written_;
  int rendering_ = 0;        // the repetition that writes belong to now; 0 = the flight itself
  bool new_flight_ = false;  // began since the last Flush
  bool stopped_ = false;
  int repeats_sent_ = 0;
  Duration interval_;
  Time deadline_ = Time::Never();
};

}  // namespace duet
