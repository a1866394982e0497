// Against OpenSSL connections with other settings than ours: hellos in pieces, other SRTP profiles, other certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "core/dtls/dtls_test_util.h"
#include "core/dtls/dtls_transport.h"

namespace duet {
namespace {

using testing::ClientIdentity;
using testing::Datagram;
using ::testing::HasSubstr;
using testing::RawPeer;
using testing::ServerIdentity;
using State = DtlsTransport::State;

constexpr char kChromiumProfiles[] = "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM";

DtlsTransport MakeServer() {
  return DtlsTransport(ServerIdentity().context, DtlsRole::kServer, ClientIdentity().fingerprint);
}
DtlsTransport MakeClient(DtlsFingerprint expected = ClientIdentity().fingerprint) {
  return DtlsTransport(ServerIdentity().context, DtlsRole::kClient, std::move(expected));
}

// ---- ClientHello in pieces

// A hello of about 1.4 kB, as Chromium's is with a post-quantum key share.
void MakeHelloLarge(RawPeer& peer) {
  std::string protocols;
  for (int i = 0; i < 10; ++i) protocols += '\x70' + std::string(0x70, static_cast<char>('a' + i));
  ASSERT_EQ(SSL_set_alpn_protos(peer.ssl(), reinterpret_cast<const unsigned char*>(protocols.data()),
                                static_cast<unsigned>(protocols.size())),
            0);
}

// Sends the hello's pieces in this order (numbers may be missing, or there twice), then talks on.
void ExpectConnectsWithPieces(long mtu, size_t pieces, const std::vector<size_t>& order) {
  RawPeer client(DtlsRole::kClient, kChromiumProfiles);
  MakeHelloLarge(client);
  SSL_set_mtu(client.ssl(), mtu);
  // One repetition right behind the hello, for what gets lost of it.
  DTLS_set_timer_cb(client.ssl(), [](SSL*, unsigned previous) { return previous == 0 ? 1u : 3'600'000'000u; });
  client.Feed();
  const std::vector<Datagram> hello = client.TakeSent();
  ASSERT_EQ(hello.size(), 2 * pieces);

  DtlsTransport server = MakeServer();
  PacketPool pool(64);
  Outbox out(pool);
  for (const size_t i : order) server.OnDatagram(Time(), hello[i], {}, out);
  ASSERT_FALSE(out.empty()) << "no answer to the hello";
  const std::vector<Transmit> answer(out.queued().begin(), out.queued().end());
  for (const Transmit& transmit : answer) client.Feed(transmit.packet->bytes());
  client.Talk(server);
  EXPECT_EQ(server.state(), State::kConnected) << server.failure().message;
  EXPECT_TRUE(client.connected());
}

TEST(DtlsInteropTest, HelloInTwoDatagrams) {
  for (const std::vector<size_t>& order : std::vector<std::vector<size_t>>{
           {0, 1},        // as sent
           {1, 0},        // the other way round
           {0, 0, 1, 1},  // each twice
           {0, 3},        // the second one lost, and there in the repetition
           {1, 2},        // the first one lost
           {2, 3},        // both lost
           {3, 0},
           {1, 3, 2, 0},
       }) {
    SCOPED_TRACE(::testing::PrintToString(order));
    ExpectConnectsWithPieces(1200, 2, order);
  }
}

TEST(DtlsInteropTest, HelloInManyDatagrams) {
  std::vector<size_t> order(6);
  std::iota(order.begin(), order.end(), 0);
  for (int rotation = 0; rotation < 6; ++rotation) {
    ExpectConnectsWithPieces(290, 6, order);
    ExpectConnectsWithPieces(290, 6, {order.rbegin(), order.rend()});
    std::rotate(order.begin(), order.begin() + 1, order.end());
  }
  // Piece i of the first and the others of the repetition.
  for (size_t i = 0; i < 6; ++i) {
    std::vector<size_t> mixed;
    for (size_t j = 0; j < 6; ++j) mixed.push_back(j == i ? j : j + 6);
    ExpectConnectsWithPieces(290, 6, mixed);
  }
}

TEST(DtlsInteropTest, IncompleteHelloIsNotAnswered) {
  RawPeer client(DtlsRole::kClient, kChromiumProfiles);
  MakeHelloLarge(client);
  client.Feed();
  const std::vector<Datagram> hello = client.TakeSent();
  ASSERT_EQ(hello.size(), 2u);
  DtlsTransport server = MakeServer();
  PacketPool pool(8);
  Outbox out(pool);
  for (int i = 0; i < 3; ++i) server.OnDatagram(Time(), hello[1], {}, out);
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(server.NextTimer().is_never());
}

// ---- SRTP profiles and keys

struct ProfileCase {
  const char* offered;
  SrtpProfile chosen;
};

// What the other side exports, in the order of RFC 5764 section 4.2.
Datagram ExportKeys(RawPeer& peer, SrtpProfile profile) {
  Datagram out(2 * (SrtpKeySize(profile) + SrtpSaltSize(profile)));
  EXPECT_EQ(SSL_export_keying_material(peer.ssl(), reinterpret_cast<unsigned char*>(out.data()), out.size(),
                                       "EXTRACTOR-dtls_srtp", 19, nullptr, 0, 0),
            1);
  return out;
}

Datagram Join(const SrtpMasterKey& client, const SrtpMasterKey& server) {
  Datagram out;
  for (const SrtpMasterKey* key : {&client, &server}) {
    out.insert(out.end(), key->key.begin(), key->key.begin() + key->key_size);
  }
  for (const SrtpMasterKey* key : {&client, &server}) {
    out.insert(out.end(), key->salt.begin(), key->salt.begin() + key->salt_size);
  }
  return out;
}

TEST(DtlsInteropTest, ServerChoosesTheProfileByItsOwnOrder) {
  const ProfileCase cases[] = {
      {kChromiumProfiles, SrtpProfile::kAeadAes128Gcm},
      {"SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_32:SRTP_AEAD_AES_128_GCM", SrtpProfile::kAeadAes128Gcm},
      {"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM", SrtpProfile::kAeadAes256Gcm},
      {"SRTP_AES128_CM_SHA1_32:SRTP_AES128_CM_SHA1_80", SrtpProfile::kAes128CmSha1_80},
  };
  for (const ProfileCase& c : cases) {
    SCOPED_TRACE(c.offered);
    RawPeer client(DtlsRole::kClient, c.offered);
    DtlsTransport server = MakeServer();
    client.Feed();
    client.Talk(server);
    ASSERT_EQ(server.state(), State::kConnected) << server.failure().message;
    EXPECT_EQ(server.keys().local.profile, c.chosen);
    EXPECT_EQ(SSL_get_selected_srtp_profile(client.ssl())->id, static_cast<unsigned long>(c.chosen));
    EXPECT_EQ(ExportKeys(client, c.chosen), Join(server.keys().remote, server.keys().local));
  }
}

TEST(DtlsInteropTest, ClientTakesWhatTheServerChooses) {
  for (const ProfileCase& c :
       {ProfileCase{"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", SrtpProfile::kAes128CmSha1_80},
        ProfileCase{"SRTP_AEAD_AES_256_GCM", SrtpProfile::kAeadAes256Gcm}}) {
    SCOPED_TRACE(c.offered);
    RawPeer server(DtlsRole::kServer, c.offered);
    DtlsTransport client = MakeClient();
    PacketPool pool(8);
    Outbox out(pool);
    client.Start(Time(), {}, out);
    server.Feed(out.queued()[0].packet->bytes());
    server.Talk(client);
    ASSERT_EQ(client.state(), State::kConnected) << client.failure().message;
    EXPECT_EQ(client.keys().local.profile, c.chosen);
    EXPECT_EQ(ExportKeys(server, c.chosen), Join(client.keys().local, client.keys().remote));
  }
}

TEST(DtlsInteropTest, NoCommonProfile) {
  for (const char* offered : {static_cast<const char*>(nullptr), "SRTP_AES128_CM_SHA1_32"}) {
    RawPeer client(DtlsRole::kClient, offered);
    DtlsTransport server = MakeServer();
    client.Feed();
    client.Talk(server);
    ASSERT_EQ(server.state(), State::kFailed);
    EXPECT_EQ(server.failure().code, ErrorCode::kUnsupported);
    EXPECT_THAT(server.failure().message, HasSubstr("SRTP profiles"));
    EXPECT_NE(SSL_get_shutdown(client.ssl()) & SSL_RECEIVED_SHUTDOWN, 0);  // it was told
  }
}

// ---- versions and certificates

TEST(DtlsInteropTest, Dtls10IsRefused) {
  RawPeer client(DtlsRole::kClient, kChromiumProfiles);
  SSL_set_security_level(client.ssl(), 0);
  SSL_set_min_proto_version(client.ssl(), DTLS1_VERSION);
  SSL_set_max_proto_version(client.ssl(), DTLS1_VERSION);
  DtlsTransport server = MakeServer();
  client.Feed();
  client.Talk(server);
  EXPECT_EQ(server.state(), State::kFailed);
  EXPECT_EQ(server.failure().code, ErrorCode::kMalformed);
  EXPECT_THAT(server.failure().message, HasSubstr("DTLS handshake failed: "));
}

TEST(DtlsInteropTest, RemoteWithoutCertificateIsRefused) {
  RawPeer client(DtlsRole::kClient, kChromiumProfiles, nullptr, nullptr);
  DtlsTransport server = MakeServer();
  client.Feed();
  client.Talk(server);
  ASSERT_EQ(server.state(), State::kFailed);
  EXPECT_THAT(server.failure().message, HasSubstr("certificate"));
}

// GStreamer draws RSA keys. As server such a remote needs an ECDHE-RSA cipher.
TEST(DtlsInteropTest, RemotesWithRsaCertificates) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 1);
  X509_set_pubkey(certificate.get(), key.get());
  ASSERT_NE(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  DtlsFingerprint fingerprint{"sha-256", std::vector<uint8_t>(32)};
  X509_digest(certificate.get(), EVP_sha256(), fingerprint.bytes.data(), nullptr);

  RawPeer server(DtlsRole::kServer, kChromiumProfiles, certificate.get(), key.get());
  DtlsTransport our_client = MakeClient(fingerprint);
  PacketPool pool(8);
  Outbox out(pool);
  our_client.Start(Time(), {}, out);
  server.Feed(out.queued()[0].packet->bytes());
  server.Talk(our_client);
  EXPECT_EQ(our_client.state(), State::kConnected) << our_client.failure().message;

  RawPeer client(DtlsRole::kClient, kChromiumProfiles, certificate.get(), key.get());
  DtlsTransport our_server(ServerIdentity().context, DtlsRole::kServer, fingerprint);
  client.Feed();
  client.Talk(our_server);
  EXPECT_EQ(our_server.state(), State::kConnected) << our_server.failure().message;
}

// ---- after the handshake

TEST(DtlsInteropTest, ApplicationDataIsDropped) {
  RawPeer client(DtlsRole::kClient, kChromiumProfiles);
  DtlsTransport server = MakeServer();
  client.Feed();
  client.Talk(server);
  ASSERT_EQ(server.state(), State::kConnected);
  for (int i = 0; i < 3; ++i) SSL_write(client.ssl(), std::string(1000, 'x').data(), 1000);
  client.Talk(server);
  EXPECT_EQ(server.state(), State::kConnected);
  SSL_shutdown(client.ssl());
  client.Talk(server);
  EXPECT_EQ(server.state(), State::kClosed);
}

TEST(DtlsInteropTest, RenegotiationIsNotStarted) {
  RawPeer client(DtlsRole::kClient, kChromiumProfiles);
  DtlsTransport server = MakeServer();
  client.Feed();
  client.Talk(server);
  ASSERT_EQ(server.state(), State::kConnected);
  SSL_renegotiate(client.ssl());
  SSL_do_handshake(client.ssl());
  ERR_clear_error();
  const std::vector<Datagram> hello = client.TakeSent();
  ASSERT_EQ(hello.size(), 1u);
  PacketPool pool(8);
  Outbox out(pool);
  server.OnDatagram(Time(), hello[0], {}, out);
  // The answer is an alert (no_renegotiation), not a ServerHello.
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out.queued()[0].packet->bytes()[0], std::byte{21});
  EXPECT_EQ(server.state(), State::kConnected);
  EXPECT_TRUE(server.NextTimer().is_never());
}

// Each in clear or without a valid tag, so not from the remote. OpenSSL alone would end the association over the last.
TEST(DtlsInteropTest, ForgedRecordsAfterTheHandshakeAreIgnored) {
  RawPeer client(DtlsRole::kClient, kChromiumProfiles);
  DtlsTransport server = MakeServer();
  client.Feed();
  client.Talk(server);
  ASSERT_EQ(server.state(), State::kConnected);
  struct Forged {
    uint8_t type;
    uint16_t epoch;
    uint16_t length;
  };
  PacketPool pool(8);
  Outbox out(pool);
  for (const Forged& f : {Forged{21, 0, 2}, Forged{22, 0, 100}, Forged{20, 0, 1}, Forged{23, 0, 50}, Forged{21, 1, 26},
                          Forged{22, 1, 100}, Forged{21, 2, 26}, Forged{22, 1, 15}}) {
    Datagram forged(13 + f.length, std::byte{2});
    StoreU8(&forged[0], f.type);
    StoreU16(&forged[1], 0xfefd);
    StoreU16(&forged[3], f.epoch);
    StoreU64(&forged[5], 0);
    StoreU16(&forged[9], 77);
    StoreU16(&forged[11], f.length);
    server.OnDatagram(Time(), forged, {}, out);
    EXPECT_EQ(server.state(), State::kConnected) << int{f.type} << " " << f.epoch << " " << f.length;
    EXPECT_TRUE(out.empty());
  }
  SSL_shutdown(client.ssl());
  client.Talk(server);
  EXPECT_EQ(server.state(), State::kClosed);
}

TEST(DtlsCertificateTest, EachHasAKeyOfItsOwn) {
  EXPECT_NE(ServerIdentity().fingerprint, ClientIdentity().fingerprint);
  EXPECT_TRUE(Matches(ServerIdentity().certificate.certificate(), ServerIdentity().fingerprint));
  EXPECT_FALSE(Matches(ServerIdentity().certificate.certificate(), ClientIdentity().fingerprint));
  EXPECT_FALSE(Matches(nullptr, ClientIdentity().fingerprint));
  X509* certificate = ServerIdentity().certificate.certificate();
  EXPECT_EQ(X509_verify(certificate, ServerIdentity().certificate.key()), 1);
  EXPECT_EQ(X509_cmp_current_time(X509_get0_notAfter(certificate)), 1);
  EXPECT_EQ(X509_cmp_current_time(X509_get0_notBefore(certificate)), -1);
}

}  // namespace
}  // namespace duet
