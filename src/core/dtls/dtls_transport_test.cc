#include "core/dtls/dtls_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "core/dtls/dtls_test_util.h"

namespace duet {
namespace {

using testing::ClientIdentity;
using testing::Datagram;
using testing::DtlsNetwork;
using ::testing::HasSubstr;
using testing::ServerIdentity;
using Fate = DtlsNetwork::Fate;
using Side = DtlsNetwork::Side;
using State = DtlsTransport::State;

void ExpectSameKeys(const DtlsNetwork& net) {
  EXPECT_EQ(net.server.keys().local, net.client.keys().remote);
  EXPECT_EQ(net.server.keys().remote, net.client.keys().local);
  EXPECT_NE(net.server.keys().local, net.server.keys().remote);
}

TEST(DtlsTransportTest, Connects) {
  DtlsNetwork net;
  EXPECT_EQ(net.server.state(), State::kNew);
  net.Start();
  EXPECT_EQ(net.server.state(), State::kHandshaking);
  EXPECT_TRUE(net.server.NextTimer().is_never());  // nothing to repeat before the ClientHello
  EXPECT_EQ(net.client.NextTimer(), net.now + DtlsFlights::kFirstInterval);
  ASSERT_TRUE(net.Run());
  ASSERT_TRUE(net.connected());
  ExpectSameKeys(net);
  EXPECT_EQ(net.server.keys().local.profile, SrtpProfile::kAeadAes128Gcm);
  EXPECT_EQ(net.server.keys().local.key_size, 16);
  EXPECT_EQ(net.server.keys().local.salt_size, 12);
  // Two flights each, each in one datagram, and no timer in between.
  EXPECT_EQ(net.sent[DtlsNetwork::kClient].size(), 2u);
  EXPECT_EQ(net.sent[DtlsNetwork::kServer].size(), 2u);
  EXPECT_EQ(net.elapsed(), Duration::Millis(40));
}

TEST(DtlsTransportTest, ServerStartsWithTheFirstDatagram) {
  DtlsNetwork net;
  PacketPool pool(8);
  Outbox out(pool);
  net.client.Start(net.now, {}, out);
  ASSERT_EQ(out.size(), 1u);
  net.server.OnDatagram(net.now, out.queued()[0].packet->bytes(), {}, out);
  EXPECT_EQ(net.server.state(), State::kHandshaking);
  EXPECT_EQ(out.size(), 2u);
}

TEST(DtlsTransportTest, SendsToTheGivenEndpoint) {
  DtlsNetwork net;
  PacketPool pool(8);
  Outbox out(pool);
  const Endpoint to{IpAddress::V4(192, 0, 2, 1), 4567};
  net.client.Start(net.now, to, out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out.queued()[0].to, to);
}

// ---- loss

TEST(DtlsTransportTest, AnySingleDatagramMayBeLost) {
  for (const Side from : {DtlsNetwork::kClient, DtlsNetwork::kServer}) {
    for (int lost = 0; lost < 4; ++lost) {
      SCOPED_TRACE(::testing::Message() << (from == DtlsNetwork::kClient ? "client's " : "server's ") << lost);
      DtlsNetwork net([&](Side side, int number) { return Fate{.lost = side == from && number == lost}; });
      net.Start();
      ASSERT_TRUE(net.Run());
      ASSERT_TRUE(net.connected());
      ExpectSameKeys(net);
      // A datagram of the two flights costs one interval; there are no others.
      EXPECT_LE(net.elapsed(), Duration::Millis(lost < 2 ? 150 : 40));
      EXPECT_GE(net.elapsed(), Duration::Millis(lost < 2 ? 100 : 40));
    }
  }
}

// Everything is lost for a while, from the nth datagram of a side on.
TEST(DtlsTransportTest, OutagesOfAnyLengthAtAnyPoint) {
  for (int first = 0; first < 4; ++first) {
    for (const int64_t outage_ms : {50, 150, 500, 1200, 5000, 12000}) {
      SCOPED_TRACE(::testing::Message() << "from datagram " << first << " for " << outage_ms << " ms");
      DtlsNetwork* network = nullptr;
      int count = 0;
      Time until = Time::Never();
      DtlsNetwork net([&](Side, int) {
        if (count++ == first) until = network->now + Duration::Millis(outage_ms);
        return Fate{.lost = count > first && network->now < until};
      });
      network = &net;
      net.Start();
      ASSERT_TRUE(net.Run());
      ASSERT_TRUE(net.connected());
      // After the end of an outage at most one interval passes, then what is left of the handshake.
      EXPECT_LE(net.elapsed(), Duration::Millis(60 + outage_ms) + DtlsFlights::kMaxInterval);
    }
  }
}

TEST(DtlsTransportTest, RandomLossDelayAndDuplicates) {
  int connected = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    SeededRng rng(seed);
    DtlsNetwork net([&](Side, int) {
      return Fate{.lost = rng.Below(100) < 30,
                  .copies = rng.Below(4) == 0 ? 2 : 1,
                  .delay = Duration::Millis(1 + static_cast<int64_t>(rng.Below(150)))};
    });
    net.Start();
    net.Run();
    ASSERT_NE(net.server.state(), State::kFailed) << net.server.failure().message;
    ASSERT_NE(net.client.state(), State::kFailed) << net.client.failure().message;
    connected += net.connected() ? 1 : 0;
    if (net.connected()) ExpectSameKeys(net);
  }
  EXPECT_EQ(connected, 60);
}

TEST(DtlsTransportTest, SameLossSameDatagrams) {
  std::vector<size_t> sizes[2];
  Duration elapsed[2];
  for (int run = 0; run < 2; ++run) {
    DtlsNetwork net([](Side, int number) { return Fate{.lost = number < 2}; });
    net.Start();
    net.Run();
    ASSERT_TRUE(net.connected());
    for (const auto& sent : net.sent) {
      for (const Datagram& datagram : sent) sizes[run].push_back(datagram.size() / 16);  // signatures vary by 3 bytes
    }
    elapsed[run] = net.elapsed();
  }
  EXPECT_EQ(sizes[0].size(), sizes[1].size());
  EXPECT_EQ(elapsed[0], elapsed[1]);
}

TEST(DtlsTransportTest, GivesUpInTheEnd) {
  DtlsNetwork net([](Side, int) { return Fate{.lost = true}; });
  net.Start();
  std::vector<int64_t> sent_at_ms = {0};
  while (net.Step()) {
    if (net.sent[DtlsNetwork::kClient].size() > sent_at_ms.size()) sent_at_ms.push_back(net.elapsed().ms());
  }
  EXPECT_EQ(sent_at_ms, (std::vector<int64_t>{0, 100, 300, 700, 1500, 3100, 6300, 9500, 12700, 15900, 19100}));
  EXPECT_EQ(net.client.state(), State::kFailed);
  EXPECT_EQ(net.client.failure().code, ErrorCode::kUnavailable);
  EXPECT_THAT(net.client.failure().message, HasSubstr("stopped answering"));
  EXPECT_EQ(net.elapsed(), Duration::Millis(22300));
  EXPECT_TRUE(net.client.NextTimer().is_never());
}

// RFC 6347 section 4.2.4: a repetition carries new record sequence numbers, else the remote takes it for a replay.
TEST(DtlsTransportTest, RepetitionsHaveRecordNumbersOfTheirOwn) {
  DtlsNetwork net([](Side, int) { return Fate{.lost = true}; });
  net.Start();
  while (net.Step()) {}
  std::vector<uint64_t> numbers;
  for (const Datagram& datagram : net.sent[DtlsNetwork::kClient]) {
    ASSERT_GE(datagram.size(), 13u);
    ASSERT_LE(datagram.size(), DtlsFlights::kMtu);
    numbers.push_back(LoadU64(&datagram[3]));  // epoch and sequence number
  }
  for (size_t i = 1; i < numbers.size(); ++i) EXPECT_GT(numbers[i], numbers[i - 1]);
}

TEST(DtlsTransportTest, EarlyTimersDoNothing) {
  DtlsNetwork net;
  PacketPool pool(8);
  Outbox out(pool);
  net.server.OnTimer(net.now, {}, out);
  net.client.OnTimer(net.now, {}, out);
  net.client.Start(net.now, {}, out);
  out.Clear();
  net.client.OnTimer(net.client.NextTimer() - Duration::Micros(1), {}, out);
  EXPECT_TRUE(out.empty());
  net.client.OnTimer(net.client.NextTimer(), {}, out);
  EXPECT_EQ(out.size(), 1u);
}

TEST(DtlsTransportTest, EmptyPoolIsALostDatagram) {
  DtlsNetwork net;
  PacketPool none(0);
  Outbox out(none);
  net.client.Start(net.now, {}, out);
  EXPECT_EQ(out.dropped(), 1u);
  net.Start();  // started already: sends nothing by itself
  EXPECT_TRUE(net.sent[DtlsNetwork::kClient].empty());
  ASSERT_TRUE(net.Run());
  EXPECT_TRUE(net.connected());
}

// ---- what is not from the remote, or not what it should be

TEST(DtlsTransportTest, GarbageBetweenChangesNothing) {
  SeededRng rng(3);
  DtlsNetwork* network = nullptr;
  DtlsNetwork net([&](Side from, int) {
    for (int i = 0; i < 5; ++i) {
      Datagram garbage(1 + rng.Below(300));
      rng.Fill(garbage);
      // A type of record that DTLS does not have; forging records that it does have is the fuzz target's trade.
      garbage[0] = static_cast<std::byte>(30 + rng.Below(30));
      network->Inject(from == DtlsNetwork::kServer ? DtlsNetwork::kClient : DtlsNetwork::kServer, std::move(garbage),
                      Duration::Millis(static_cast<int64_t>(rng.Below(20))));
    }
    return Fate{};
  });
  network = &net;
  net.Start();
  ASSERT_TRUE(net.Run());
  ASSERT_TRUE(net.connected());
  EXPECT_LE(net.elapsed(), Duration::Millis(60));  // 40, and the last garbage
}

TEST(DtlsTransportTest, WrongFingerprintIsRefusedWithWords) {
  DtlsFingerprint wrong = ClientIdentity().fingerprint;
  wrong.bytes[31] ^= 1;
  DtlsNetwork net({}, wrong);
  net.Start();
  ASSERT_TRUE(net.Run());
  ASSERT_EQ(net.server.state(), State::kFailed);
  EXPECT_EQ(net.server.failure().code, ErrorCode::kRefused);
  EXPECT_THAT(net.server.failure().message, HasSubstr("sha-256 fingerprint"));
  // The other side is told.
  ASSERT_EQ(net.client.state(), State::kFailed);
  EXPECT_THAT(net.client.failure().message, HasSubstr("alert"));
}

TEST(DtlsTransportTest, ClientChecksTheFingerprintToo) {
  DtlsNetwork net({}, ClientIdentity().fingerprint, ClientIdentity().fingerprint);
  net.Start();
  ASSERT_TRUE(net.Run());
  EXPECT_EQ(net.client.state(), State::kFailed);
  EXPECT_EQ(net.server.state(), State::kFailed);
}

TEST(DtlsTransportTest, FingerprintOfTheWrongLengthOrKind) {
  DtlsFingerprint empty{"sha-256", {}};
  DtlsFingerprint prefix = ClientIdentity().fingerprint;
  prefix.bytes.pop_back();
  DtlsFingerprint unknown = ClientIdentity().fingerprint;
  unknown.algorithm = "md5";
  for (const DtlsFingerprint& expected : {empty, prefix, unknown}) {
    DtlsNetwork net({}, expected);
    net.Start();
    net.Run();
    EXPECT_EQ(net.server.state(), State::kFailed);
  }
}

TEST(DtlsTransportTest, OtherHashesOfTheCertificate) {
  const std::pair<const char*, const EVP_MD*> hashes[] = {
      {"sha-1", EVP_sha1()}, {"sha-224", EVP_sha224()}, {"sha-384", EVP_sha384()}, {"sha-512", EVP_sha512()}};
  for (const auto& [name, digest] : hashes) {
    SCOPED_TRACE(name);
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ASSERT_EQ(X509_digest(ClientIdentity().certificate.certificate(), digest, hash, &size), 1);
    DtlsNetwork net({}, DtlsFingerprint{name, {hash, hash + size}});
    net.Start();
    ASSERT_TRUE(net.Run());
    EXPECT_TRUE(net.connected());
  }
}

// ---- the end

TEST(DtlsTransportTest, CloseTellsTheRemote) {
  for (const Side side : {DtlsNetwork::kServer, DtlsNetwork::kClient}) {
    DtlsNetwork net;
    net.Start();
    net.Run();
    ASSERT_TRUE(net.connected());
    net.Close(side);
    EXPECT_EQ(net.at(side).state(), State::kClosed);
    ASSERT_TRUE(net.Run());
    EXPECT_EQ(net.server.state(), State::kClosed);
    EXPECT_EQ(net.client.state(), State::kClosed);
    const size_t sent = net.sent[side].size();
    net.Close(side);
    EXPECT_EQ(net.sent[side].size(), sent);
  }
}

TEST(DtlsTransportTest, ReleasedTheGoodbyesOfBothSidesAreHeard) {
  for (const Side side : {DtlsNetwork::kServer, DtlsNetwork::kClient}) {
    const Side other = side == DtlsNetwork::kServer ? DtlsNetwork::kClient : DtlsNetwork::kServer;
    for (const bool both : {false, true}) {
      DtlsNetwork net;
      net.Start();
      ASSERT_TRUE(net.Run());
      ASSERT_TRUE(net.connected());
      net.at(side).Release();
      net.at(side).Release();
      if (both) net.at(other).Release();
      EXPECT_TRUE(net.at(side).released());
      ExpectSameKeys(net);
      net.Close(both ? side : other);
      while (net.Step()) {}
      EXPECT_EQ(net.server.state(), State::kClosed);
      EXPECT_EQ(net.client.state(), State::kClosed);
    }
  }
}

// The server is released although its last flight was lost; OpenSSL on the other side does not mind identical bytes.
TEST(DtlsTransportTest, ReleasedTheLastFlightIsSentAgainToWhoRepeatsTheirs) {
  for (const int lost : {1, 3}) {
    const DtlsNetwork* network = nullptr;
    int last_flights = 0;
    DtlsNetwork net([&](Side from, int) {
      const bool last = from == DtlsNetwork::kServer && network->server.state() == State::kConnected;
      return DtlsNetwork::Fate{.lost = last && ++last_flights <= lost};
    });
    network = &net;
    net.Start();
    while (net.server.state() != State::kConnected) ASSERT_TRUE(net.Step());
    net.server.Release();
    ASSERT_TRUE(net.Run());
    ASSERT_TRUE(net.connected());
    EXPECT_EQ(last_flights, lost + 1);
    ExpectSameKeys(net);
    net.Close(DtlsNetwork::kServer);
    while (net.Step()) {}
    EXPECT_EQ(net.client.state(), State::kClosed);
  }
}

TEST(DtlsTransportTest, ReleasedNothingElseIsHeard) {
  DtlsNetwork net;
  net.Start();
  ASSERT_TRUE(net.Run());
  ASSERT_TRUE(net.connected());
  net.server.Release();
  net.Close(DtlsNetwork::kClient);
  PacketPool pool(8);
  Outbox out(pool);
  const std::vector<Datagram>& sent = net.sent[DtlsNetwork::kClient];
  std::vector<Datagram> answers;
  for (const Datagram& datagram : sent) {
    for (size_t i = 0; i < datagram.size(); ++i) {
      Datagram forged = datagram;
      forged[i] ^= std::byte{1};
      net.server.OnDatagram(net.now, forged, {}, out);
      ASSERT_EQ(net.server.state(), State::kConnected) << "byte " << i;
      out.Clear();  // its Finished may be genuine, behind the forged record
    }
    if (&datagram == &sent.back()) break;  // the goodbye itself
    net.server.OnDatagram(net.now, datagram, {}, out);
    for (const Transmit& transmit : out.queued())
      answers.emplace_back(transmit.packet->bytes().begin(), transmit.packet->bytes().end());
    out.Clear();
  }
  EXPECT_EQ(answers, std::vector<Datagram>{net.sent[DtlsNetwork::kServer].back()});
  while (net.Step()) {}
  EXPECT_EQ(net.server.state(), State::kClosed);
}

TEST(DtlsTransportTest, CloseBeforeTheEndOfTheHandshake) {
  DtlsNetwork net;
  net.Start();
  net.Step();
  net.Close(DtlsNetwork::kServer);
  EXPECT_EQ(net.server.state(), State::kClosed);
  EXPECT_TRUE(net.server.NextTimer().is_never());
  net.Close(DtlsNetwork::kClient);
  net.Run();
  EXPECT_EQ(net.server.state(), State::kClosed);
  EXPECT_EQ(net.client.state(), State::kClosed);
}

TEST(DtlsTransportTest, FailedStaysFailed) {
  DtlsNetwork net({}, DtlsFingerprint{"sha-256", std::vector<uint8_t>(32)});
  net.Start();
  net.Run();
  ASSERT_EQ(net.server.state(), State::kFailed);
  const size_t sent = net.sent[DtlsNetwork::kServer].size();
  net.Inject(DtlsNetwork::kServer, net.sent[DtlsNetwork::kClient][0]);
  net.Run();
  net.Close(DtlsNetwork::kServer);
  EXPECT_EQ(net.server.state(), State::kFailed);
  EXPECT_EQ(net.sent[DtlsNetwork::kServer].size(), sent);
}

TEST(DtlsTransportTest, LeavesOpenSslsErrorQueueEmpty) {
  DtlsNetwork net({}, DtlsFingerprint{"sha-256", std::vector<uint8_t>(32)});
  net.Start();
  while (net.Step()) EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace duet
