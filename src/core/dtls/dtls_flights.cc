#include "core/dtls/dtls_flights.h"

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/check.h"

namespace duet {
namespace {

// Longer than a handshake may take, in microseconds: OpenSSL never finds its timer due again.
constexpr unsigned kNotDue = 3'600'000'000;
// Not 0: that is what the callback is called with for a new flight.
constexpr unsigned kDueAtOnce = 1;

}  // namespace

const BIO_METHOD* DtlsFlights::Method() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams of a DTLS transport");
    DUET_CHECK(method != nullptr && BIO_meth_set_write(method, &DtlsFlights::Write) == 1 &&
               BIO_meth_set_read(method, &DtlsFlights::Read) == 1 &&
               BIO_meth_set_ctrl(method, &DtlsFlights::Control) == 1);
    return method;
  }();
  return kMethod;
}

bool DtlsFlights::Attach(SSL* ssl) {
  BIO* bio = BIO_new(Method());
  if (bio == nullptr) return false;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  DTLS_set_timer_cb(ssl, &DtlsFlights::OnTimerArmed);
  return SSL_set_mtu(ssl, kMtu) != 0;
}

DtlsFlights& DtlsFlights::Of(BIO* bio) { return *static_cast<DtlsFlights*>(BIO_get_data(bio)); }

unsigned DtlsFlights::OnTimerArmed(SSL* ssl, unsigned previous_us) {
  DtlsFlights& self = Of(SSL_get_rbio(ssl));
  if (self.stopped_) return kNotDue;
  if (previous_us == 0) {
    self.StartFlight();
    return kDueAtOnce;
  }
  return ++self.rendering_ < kRepeats ? kDueAtOnce : kNotDue;
}

// The remote answered the flight before: its repetitions are of no use any more.
void DtlsFlights::StartFlight() {
  std::erase_if(written_, [](const Datagram& d) { return d.repeat != 0; });
  rendering_ = 0;
  new_flight_ = true;
}

void DtlsFlights::Add(Bytes records) {
  if (!written_.empty()) {
    Datagram& last = written_.back();
    if (last.repeat == rendering_ && last.bytes.size() + records.size() <= kMtu) {
      last.bytes.insert(last.bytes.end(), records.begin(), records.end());
      return;
    }
  }
  written_.push_back({rendering_, {records.begin(), records.end()}});
}

int DtlsFlights::Write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  if (size > 0) Of(bio).Add(std::as_bytes(std::span(data, static_cast<size_t>(size))));
  return size;
}

int DtlsFlights::Read(BIO* bio, char* data, int size) {
  DtlsFlights& self = Of(bio);
  BIO_clear_retry_flags(bio);
  self.rendering_ = 0;
  const Bytes datagram = std::exchange(self.input_, Bytes());
  if (datagram.empty() || size <= 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  // OpenSSL's buffer holds the largest record; what is longer is not DTLS, and cut off it does not authenticate.
  const size_t n = std::min(datagram.size(), static_cast<size_t>(size));
  std::memcpy(data, datagram.data(), n);
  return static_cast<int>(n);
}

long DtlsFlights::Control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

void DtlsFlights::Send(int repeat, const Endpoint& to, Outbox& out) {
  for (const Datagram& datagram : written_) {
    if (datagram.repeat == repeat) out.SendCopy(to, datagram.bytes);
  }
  std::erase_if(written_, [repeat](const Datagram& d) { return d.repeat == repeat; });
}

void DtlsFlights::Flush(Time now, const Endpoint& to, Outbox& out) {
  Send(0, to, out);
  if (!new_flight_ || stopped_) return;
  new_flight_ = false;
  repeats_sent_ = 0;
  interval_ = kFirstInterval;
  deadline_ = now + interval_;
}

std::vector<std::byte> DtlsFlights::Unsent() const {
  std::vector<std::byte> out;
  for (const Datagram& datagram : written_) {
    if (datagram.repeat == 0) out.insert(out.end(), datagram.bytes.begin(), datagram.bytes.end());
  }
  return out;
}

bool DtlsFlights::OnTimer(Time now, const Endpoint& to, Outbox& out) {
  if (now < deadline_) return true;
  if (repeats_sent_ == kRepeats) {
    Stop();
    return false;
  }
  Send(++repeats_sent_, to, out);
  interval_ = std::min(interval_ * 2, kMaxInterval);
  deadline_ = now + interval_;
  return true;
}

void DtlsFlights::Stop() {
  stopped_ = true;
  deadline_ = Time::Never();
  std::erase_if(written_, [](const Datagram& d) { return d.repeat != 0; });
  written_.shrink_to_fit();
}

}  // namespace duet
