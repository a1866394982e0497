// What a handshake costs, in time and in memory.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "core/dtls/dtls_transport.h"

namespace duet {
namespace {

size_t in_use = 0;  // bytes that OpenSSL has allocated

void* CountedMalloc(size_t size, const char* /*file*/, int /*line*/) {
  void* block = std::malloc(size);
  in_use += malloc_usable_size(block);
  return block;
}
void CountedFree(void* block, const char* /*file*/, int /*line*/) {
  in_use -= malloc_usable_size(block);
  std::free(block);
}
void* CountedRealloc(void* block, size_t size, const char* /*file*/, int /*line*/) {
  in_use -= malloc_usable_size(block);
  block = std::realloc(block, size);
  in_use += malloc_usable_size(block);
  return block;
}

const bool kCounted = CRYPTO_set_mem_functions(&CountedMalloc, &CountedRealloc, &CountedFree) == 1;

struct Pair {
  Pair(DtlsContext& context, const DtlsFingerprint& fingerprint)
      : server(context, DtlsRole::kServer, fingerprint), client(context, DtlsRole::kClient, fingerprint) {}

  // Hands over what lies in the outbox to that side.
  void Deliver(DtlsTransport& to, Outbox& out) {
    const std::vector<Transmit> datagrams(out.queued().begin(), out.queued().end());
    out.Clear();
    for (const Transmit& transmit : datagrams) to.OnDatagram(Time(), transmit.packet->bytes(), {}, out);
  }
  bool Handshake(Outbox& out) {
    client.Start(Time(), {}, out);
    for (int i = 0; i < 2; ++i) {
      Deliver(server, out);
      Deliver(client, out);
    }
    return server.state() == DtlsTransport::State::kConnected && client.state() == DtlsTransport::State::kConnected;
  }

  DtlsTransport server;
  DtlsTransport client;
};

struct Setup {
  DtlsCertificate certificate = DtlsCertificate::Generate().value();
  DtlsContext context = DtlsContext::Create(certificate).value();
  DtlsFingerprint fingerprint = certificate.fingerprint();
  PacketPool pool{64};
  Outbox out{pool};
};

void BM_HandshakeOfBothSides(benchmark::State& state) {
  Setup setup;
  for (auto _ : state) {
    Pair pair(setup.context, setup.fingerprint);
    if (!pair.Handshake(setup.out)) state.SkipWithError("not connected");
  }
}
BENCHMARK(BM_HandshakeOfBothSides)->Unit(benchmark::kMicrosecond);

void BM_HandshakeOfTheServer(benchmark::State& state) {
  Setup setup;
  for (auto _ : state) {
    state.PauseTiming();
    auto pair = std::make_unique<Pair>(setup.context, setup.fingerprint);
    pair->client.Start(Time(), {}, setup.out);
    state.ResumeTiming();
    pair->Deliver(pair->server, setup.out);
    state.PauseTiming();
    pair->Deliver(pair->client, setup.out);
    state.ResumeTiming();
    pair->Deliver(pair->server, setup.out);
    state.PauseTiming();
    setup.out.Clear();
    if (pair->server.state() != DtlsTransport::State::kConnected) state.SkipWithError("not connected");
    pair.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(BM_HandshakeOfTheServer)->Unit(benchmark::kMicrosecond);

// Bytes that OpenSSL holds for one server: made, in the middle of the handshake, connected, released.
void BM_MemoryOfTheServer(benchmark::State& state) {
  if (!kCounted) state.SkipWithError("OpenSSL was used before");
  Setup setup;
  Pair(setup.context, setup.fingerprint).Handshake(setup.out);  // what OpenSSL makes once
  size_t made = 0;
  size_t handshaking = 0;
  size_t connected = 0;
  size_t released = 0;
  for (auto _ : state) {
    size_t before = in_use;
    DtlsTransport server(setup.context, DtlsRole::kServer, setup.fingerprint);
    made = in_use - before;
    DtlsTransport client(setup.context, DtlsRole::kClient, setup.fingerprint);
    client.Start(Time(), {}, setup.out);
    const auto deliver = [&](DtlsTransport& to) {
      const std::vector<Transmit> datagrams(setup.out.queued().begin(), setup.out.queued().end());
      setup.out.Clear();
      before = in_use;
      for (const Transmit& transmit : datagrams) to.OnDatagram(Time(), transmit.packet->bytes(), {}, setup.out);
      return in_use - before;
    };
    handshaking = made + deliver(server);
    deliver(client);
    connected = handshaking + deliver(server);
    setup.out.Clear();
    if (server.state() != DtlsTransport::State::kConnected) state.SkipWithError("not connected");
    before = in_use;
    server.Release();
    released = connected - (before - in_use);
  }
  state.counters["made"] = static_cast<double>(made);
  state.counters["handshaking"] = static_cast<double>(handshaking);
  state.counters["connected"] = static_cast<double>(connected);
  state.counters["released"] = static_cast<double>(released);
}
BENCHMARK(BM_MemoryOfTheServer)->Iterations(10);

}  // namespace
}  // namespace duet
