// A server that hears anything, at any time: it never connects, never crashes, and sends no more than its schedule and
// the input allow. OpenSSL's handshake parsers are behind it, so records are also made well-formed around the input.
//
//   input = { kind, 1 B | size, 2 B | bytes }*
//   kind    0 the bytes are a datagram    1 a handshake record around them    2 a fragment of a ClientHello around them
//           3 a timer passes              4 a genuine ClientHello, altered    5 an alert around them    6 close
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "core/dtls/dtls_transport.h"

namespace {

using namespace duet;  // NOLINT
using Datagram = std::vector<std::byte>;

struct Shared {
  DtlsCertificate certificate = DtlsCertificate::Generate().value();
  DtlsContext context = DtlsContext::Create(certificate).value();
  PacketPool pool{64};
  Datagram hello;

  Shared() {
    Outbox out(pool);
    DtlsTransport client(context, DtlsRole::kClient, certificate.fingerprint());
    client.Start(Time(), {}, out);
    const Bytes bytes = out.queued()[0].packet->bytes();
    hello.assign(bytes.begin(), bytes.end());
  }
};

Datagram Record(uint8_t type, uint64_t number, Bytes content) {
  Datagram out(13);
  StoreU8(&out[0], type);
  StoreU16(&out[1], 0xfefd);
  StoreU64(&out[3], number);
  StoreU16(&out[11], static_cast<uint16_t>(content.size()));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Datagram Fragment(Bytes body, uint64_t number) {
  Datagram message(12);
  StoreU8(&message[0], 1);
  StoreU16(&message[2], static_cast<uint16_t>(body.size() * (1 + number % 3)));
  StoreU16(&message[7], static_cast<uint16_t>(number % 7));
  StoreU16(&message[10], static_cast<uint16_t>(body.size()));
  message.insert(message.end(), body.begin(), body.end());
  return Record(22, number, message);
}

void Run(Shared& shared, Bytes input) {
  ByteReader reader(input);
  Outbox out(shared.pool);
  Time now;
  // Nobody has the certificate with this fingerprint.
  DtlsTransport server(shared.context, DtlsRole::kServer, DtlsFingerprint{"sha-256", std::vector<uint8_t>(32, 7)});
  uint64_t number = 0;
  while (reader.remaining() > 0) {
    const uint8_t kind = reader.U8();
    const Bytes bytes = reader.Read(std::min<size_t>(reader.U16(), reader.remaining()));
    Datagram datagram(bytes.begin(), bytes.end());
    switch (kind % 7) {
      case 0: break;
      case 1: datagram = Record(22, number++, bytes); break;
      case 2: datagram = Fragment(bytes, number++); break;
      case 3:
        datagram.clear();
        if (!server.NextTimer().is_never()) now = std::max(now, server.NextTimer());
        server.OnTimer(now, {}, out);
        break;
      case 4:
        datagram = shared.hello;
        for (size_t i = 0; i < bytes.size() && i < datagram.size(); ++i) datagram[i] ^= bytes[i];
        break;
      case 5: datagram = Record(21, number++, bytes); break;
      default: datagram.clear(); server.Close(now, {}, out);
    }
    server.OnDatagram(now, datagram, {}, out);
    DUET_CHECK(server.state() != DtlsTransport::State::kConnected);
    DUET_CHECK(out.size() <= 8);
    for (const Transmit& transmit : out.queued()) DUET_CHECK(transmit.packet->size() <= DtlsFlights::kMtu);
    out.Clear();
    const bool final =
        server.state() == DtlsTransport::State::kFailed || server.state() == DtlsTransport::State::kClosed;
    DUET_CHECK(!final || server.NextTimer().is_never());
    DUET_CHECK(server.NextTimer() > now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Shared shared;
  Run(shared, std::as_bytes(std::span(data, size)));
  return 0;
}
