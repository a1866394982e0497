// DtlsFlights: the datagrams between OpenSSL and a DtlsTransport, and the schedule of repeated flights.
//
// OpenSSL sees a BIO pair made of this object: a read takes the one datagram that was put in, a write is a datagram to
// send. Its retransmission timer is armed with zero (DTLS_set_timer_cb), so that OpenSSL finds it due on its next read
// and repeats the flight; the timer callback tells that what follows is a repetition, which is kept instead of sent,
// and arms the timer with zero again until kRepeats of them are there. Then it arms it for longer than a transport
// lives.
//
//   write flight ─> arm (callback 0) ─> read: due (callback n) ─> write repetition 1 ─> ... kRepeats ─> read a datagram
//
// The records of a repetition are put together into datagrams of up to kMtu bytes again.
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
  static unsigned OnTimerArmed(SSL* ssl, unsigned previous_us);
  static int Write(BIO* bio, const char* data, int size);
  static int Read(BIO* bio, char* data, int size);
  static long Control(BIO* bio, int command, long number, void* pointer);
  static const BIO_METHOD* Method();

  Bytes input_;
  std::vector<Datagram> written_;
  int rendering_ = 0;  // the repetition that writes belong to now; 0 = none
  bool armed_ = false;
  int repeats_sent_ = 0;
  Duration interval_;
  Time deadline_ = Time::Never();
};

}  // namespace duet
