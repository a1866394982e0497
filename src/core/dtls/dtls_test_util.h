// What the tests, the benchmark and the fuzz target of this folder share: a little network in virtual time, and an
// OpenSSL connection with settings of its own in place of a browser.
#pragma once

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/dtls/dtls_transport.h"

namespace duet::testing {

using Datagram = std::vector<std::byte>;

// Key generation is slow under sanitizers; all tests share two identities.
struct DtlsIdentity {
  DtlsCertificate certificate = DtlsCertificate::Generate().value();
  DtlsContext context = DtlsContext::Create(certificate).value();
  DtlsFingerprint fingerprint = certificate.fingerprint();
};
inline DtlsIdentity& ServerIdentity() {
  static DtlsIdentity identity;
  return identity;
}
inline DtlsIdentity& ClientIdentity() {
  static DtlsIdentity identity;
  return identity;
}

// Two transports, 10 ms apart. What happens to a datagram is decided by the test, per direction and number.
class DtlsNetwork {
 public:
  enum Side { kServer = 0, kClient = 1 };
  struct Fate {
    bool lost = false;
    int copies = 1;
    Duration delay = Duration::Millis(10);
  };
  using Decide = std::function<Fate(Side from, int number)>;  // NOLINT: tests only
  using State = DtlsTransport::State;

  explicit DtlsNetwork(Decide decide = {}, DtlsFingerprint server_expects = ClientIdentity().fingerprint,
                       DtlsFingerprint client_expects = ServerIdentity().fingerprint)
      : decide_(std::move(decide)),
        server(ServerIdentity().context, DtlsRole::kServer, std::move(server_expects)),
        client(ClientIdentity().context, DtlsRole::kClient, std::move(client_expects)) {}

  DtlsTransport& at(Side side) { return side == kServer ? server : client; }

  void Start() {
    for (const Side side : {kServer, kClient}) {
      at(side).Start(now, {}, out_);
      Collect(side);
    }
  }
  void Close(Side side) {
    at(side).Close(now, {}, out_);
    Collect(side);
  }
  // A datagram out of nowhere.
  void Inject(Side to, Datagram bytes, Duration delay = Duration::Zero()) {
    flying_.push_back({now + delay, to, std::move(bytes)});
  }

  // The earliest event; false when nothing is left to do or `limit` comes first.
  bool Step(Time limit = Time::Never()) {
    const auto next =
        std::min_element(flying_.begin(), flying_.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    const Time timer = std::min(server.NextTimer(), client.NextTimer());
    const Time arrival = next == flying_.end() ? Time::Never() : next->at;
    if (std::min(timer, arrival).is_never() || std::min(timer, arrival) > limit) return false;
    now = std::max(now, std::min(timer, arrival));
    if (arrival <= timer) {
      const Flying packet = std::move(*next);
      flying_.erase(next);
      at(packet.to).OnDatagram(now, packet.bytes, {}, out_);
      Collect(packet.to);
      return true;
    }
    for (const Side side : {kServer, kClient}) {
      if (at(side).NextTimer() > now) continue;
      at(side).OnTimer(now, {}, out_);
      Collect(side);
    }
    return true;
  }
  // Until nothing flies and no timer runs. False when `limit` comes first.
  bool Run(Duration limit = Duration::Seconds(60)) {
    while (Step(start + limit)) {}
    return flying_.empty() && server.NextTimer().is_never() && client.NextTimer().is_never();
  }
  bool connected() const { return server.state() == State::kConnected && client.state() == State::kConnected; }
  Duration elapsed() const { return now - start; }

  const Time start = Time::FromMillis(1'000'000);
  Time now = start;
  std::vector<Datagram> sent[2];  // all of them, also those that were lost

 private:
  struct Flying {
    Time at;
    Side to;
    Datagram bytes;
  };
  void Collect(Side from) {
    for (const Transmit& transmit : out_.queued()) {
      const Bytes bytes = transmit.packet->bytes();
      sent[from].emplace_back(bytes.begin(), bytes.end());
      const Fate fate = decide_ ? decide_(from, static_cast<int>(sent[from].size()) - 1) : Fate{};
      for (int i = 0; !fate.lost && i < fate.copies; ++i) {
        flying_.push_back({now + fate.delay, from == kServer ? kClient : kServer, sent[from].back()});
      }
    }
    out_.Clear();
  }

  Decide decide_;
  PacketPool pool_{64};
  Outbox out_{pool_};
  std::vector<Flying> flying_;

 public:
  DtlsTransport server;
  DtlsTransport client;
};

// An OpenSSL connection over memory. Its datagrams lie in `sent`; timeouts happen when asked for.
class RawPeer {
 public:
  RawPeer(DtlsRole role, const char* srtp_profiles, const DtlsCertificate& certificate = ClientIdentity().certificate)
      : RawPeer(role, srtp_profiles, certificate.certificate(), certificate.key()) {}
  RawPeer(DtlsRole role, const char* srtp_profiles, X509* certificate, EVP_PKEY* key)
      : context_(SSL_CTX_new(DTLS_method()), &SSL_CTX_free) {
    SSL_CTX_use_certificate(context_.get(), certificate);
    SSL_CTX_use_PrivateKey(context_.get(), key);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(
        context_.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    if (srtp_profiles != nullptr) SSL_CTX_set_tlsext_use_srtp(context_.get(), srtp_profiles);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_options(ssl_.get(), SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(ssl_.get(), 1200);
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "test datagrams");
      BIO_meth_set_write(made, &RawPeer::Write);
      BIO_meth_set_read(made, &RawPeer::Read);
      BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1L : 0L; });
      return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    if (role == DtlsRole::kServer) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
    }
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  SSL* ssl() { return ssl_.get(); }
  bool connected() { return SSL_is_init_finished(ssl_.get()) != 0; }
  // Takes a datagram, or begins.
  void Feed(Bytes datagram = {}) {
    input_.assign(datagram.begin(), datagram.end());
    ERR_clear_error();
    char buffer[2048];
    if (connected() || SSL_do_handshake(ssl_.get()) == 1) SSL_read(ssl_.get(), buffer, sizeof(buffer));
    input_.clear();
    ERR_clear_error();
  }
  std::vector<Datagram> TakeSent() { return std::exchange(sent_, {}); }
  // Exchanges datagrams with the transport until both are silent.
  void Talk(DtlsTransport& transport, Time now = Time()) {
    PacketPool pool(64);
    Outbox out(pool);
    for (int i = 0; i < 20; ++i) {
      for (const Datagram& datagram : TakeSent()) transport.OnDatagram(now, datagram, {}, out);
      if (out.empty()) return;
      for (const Transmit& transmit : out.queued()) Feed(transmit.packet->bytes());
      out.Clear();
    }
  }

 private:
  static RawPeer& Of(BIO* bio) { return *static_cast<RawPeer*>(BIO_get_data(bio)); }
  static int Write(BIO* bio, const char* data, int size) {
    const auto bytes = std::as_bytes(std::span(data, static_cast<size_t>(size)));
    Of(bio).sent_.emplace_back(bytes.begin(), bytes.end());
    return size;
  }
  static int Read(BIO* bio, char* data, int size) {
    const Datagram input = std::exchange(Of(bio).input_, {});
    BIO_clear_retry_flags(bio);
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const size_t n = std::min(input.size(), static_cast<size_t>(size));
    std::memcpy(data, input.data(), n);
    return static_cast<int>(n);
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Datagram input_;
  std::vector<Datagram> sent_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

}  // namespace duet::testing
