// A server that hears anything, at any time. In its handshake: it never connects, never crashes, and sends no more than
// its schedule and the input allow. After a genuine handshake: whoever has no key changes nothing, and the remote's
// close_notify still is understood. OpenSSL's parsers are behind it, so records are also made well-formed around the
// input.
//
//   input = odd: after a handshake, then 2: released, 1 B | { kind, 1 B | size, 2 B | bytes }*
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

// Reads one item. The datagram that it stands for; empty for a timer or a close.
Datagram Next(const Shared& shared, ByteReader& reader, uint8_t& kind, uint64_t number) {
  kind = reader.U8() % 7;
  const Bytes bytes = reader.Read(std::min<size_t>(reader.U16(), reader.remaining()));
  switch (kind) {
    case 0: return Datagram(bytes.begin(), bytes.end());
    case 1: return Record(22, number, bytes);
    case 2: return Fragment(bytes, number);
    case 4: {
      Datagram hello = shared.hello;
      for (size_t i = 0; i < bytes.size() && i < hello.size(); ++i) hello[i] ^= bytes[i];
      return hello;
    }
    case 5: return Record(21, number, bytes);
    default: return {};
  }
}

void RunHandshake(Shared& shared, ByteReader reader) {
  Outbox out(shared.pool);
  Time now;
  // Nobody has the certificate with this fingerprint.
  DtlsTransport server(shared.context, DtlsRole::kServer, DtlsFingerprint{"sha-256", std::vector<uint8_t>(32, 7)});
  for (uint64_t number = 0; reader.remaining() > 0; ++number) {
    uint8_t kind = 0;
    const Datagram datagram = Next(shared, reader, kind, number);
    if (kind == 3) {
      if (!server.NextTimer().is_never()) now = std::max(now, server.NextTimer());
      server.OnTimer(now, {}, out);
    }
    if (kind == 6) server.Close(now, {}, out);
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

void Deliver(Outbox& out, DtlsTransport& to) {
  const std::vector<Transmit> datagrams(out.queued().begin(), out.queued().end());
  out.Clear();
  for (const Transmit& transmit : datagrams) to.OnDatagram(Time(), transmit.packet->bytes(), {}, out);
}

void RunConnected(Shared& shared, bool released, ByteReader reader) {
  Outbox out(shared.pool);
  const DtlsFingerprint fingerprint = shared.certificate.fingerprint();
  DtlsTransport server(shared.context, DtlsRole::kServer, fingerprint);
  DtlsTransport client(shared.context, DtlsRole::kClient, fingerprint);
  client.Start(Time(), {}, out);
  for (int i = 0; i < 2; ++i) {
    Deliver(out, server);
    Deliver(out, client);
  }
  DUET_CHECK(client.state() == DtlsTransport::State::kConnected);
  if (released) server.Release();
  for (uint64_t number = 100; reader.remaining() > 0; ++number) {
    uint8_t kind = 0;
    server.OnDatagram(Time(), Next(shared, reader, kind, number), {}, out);
    DUET_CHECK(server.state() == DtlsTransport::State::kConnected && out.empty());
  }
  client.Close(Time(), {}, out);
  Deliver(out, server);
  DUET_CHECK(server.state() == DtlsTransport::State::kClosed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Shared shared;
  ByteReader reader(std::as_bytes(std::span(data, size)));
  if (const uint8_t mode = reader.U8(); (mode & 1) != 0) {
    RunConnected(shared, (mode & 2) != 0, reader);
  } else {
    RunHandshake(shared, reader);
  }
  return 0;
}
