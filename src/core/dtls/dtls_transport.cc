#include "core/dtls/dtls_transport.h"

#include <openssl/err.h>
#include <openssl/srtp.h>

#include <utility>

#include "base/check.h"
#include "core/dtls/dtls_record.h"

namespace duet {
namespace {

// A pending alert of the remote is an error with this offset in OpenSSL's numbering.
constexpr int kAlertOffset = SSL_AD_REASON_OFFSET;

// The reason of the oldest error in OpenSSL's queue, which is emptied.
int TakeReason() {
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  return error == 0 ? 0 : ERR_GET_REASON(error);
}

const char* ReasonText(int reason) {
  const char* text = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));
  return text != nullptr ? text : "unknown reason";
}

// OpenSSL's record buffers are 33 kB, of which it gives back nothing by itself (SSL_MODE_RELEASE_BUFFERS is for TLS). A
// transport has them only while OpenSSL works on it. Without them OpenSSL 3.0 crashes when it writes an alert, so every
// call that may write one stands in the scope of this.
class RecordBuffers {
 public:
  explicit RecordBuffers(SSL* ssl) : ssl_(ssl) { DUET_CHECK(SSL_alloc_buffers(ssl) == 1); }
  ~RecordBuffers() { SSL_free_buffers(ssl_); }
  RecordBuffers(const RecordBuffers&) = delete;
  RecordBuffers& operator=(const RecordBuffers&) = delete;

 private:
  SSL* ssl_;
};

}  // namespace

DtlsTransport::DtlsTransport(DtlsContext& context, DtlsRole role, DtlsFingerprint expected)
    : role_(role), expected_(std::move(expected)), ssl_(SSL_new(context.get())) {
  // Out of memory or our own mistake; nothing that the remote sends has to do with it.
  DUET_CHECK(ssl_ != nullptr && flights_.Attach(ssl_.get()));
  SSL_set_app_data(ssl_.get(), const_cast<DtlsFingerprint*>(&expected_));  // read by DtlsContext
  if (role_ == DtlsRole::kServer) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

DtlsTransport::~DtlsTransport() { ERR_clear_error(); }

void DtlsTransport::Start(Time now, const Endpoint& to, Outbox& out) {
  if (state_ != State::kNew) return;
  state_ = State::kHandshaking;
  if (role_ == DtlsRole::kServer) return;
  {
    const RecordBuffers buffers(ssl_.get());
    Handshake();
  }
  flights_.Flush(now, to, out);
}

void DtlsTransport::OnDatagram(Time now, Bytes datagram, const Endpoint& to, Outbox& out) {
  if (!LooksLikeDtls(datagram)) return;
  if (state_ == State::kNew && role_ == DtlsRole::kServer) state_ = State::kHandshaking;
  if (state_ != State::kHandshaking && state_ != State::kConnected) return;
  if (epilogue_) {
    const DtlsEpilogue::Heard heard = epilogue_->Read(datagram);
    if (heard == DtlsEpilogue::Heard::kGoodbye) state_ = State::kClosed;
    // The same bytes: whoever got them drops them as a replay.
    if (heard == DtlsEpilogue::Heard::kFinished && !last_flight_.empty()) out.SendCopy(to, last_flight_);
    return;
  }
  flights_.SetInput(datagram);
  {
    const RecordBuffers buffers(ssl_.get());
    if (state_ == State::kHandshaking) Handshake();
    // Behind the last handshake message there may be more in the same datagram; repeated ones are answered in here.
    if (state_ == State::kConnected) ReadRecords();
  }
  flights_.SetInput(Bytes());
  flights_.Flush(now, to, out);
}

void DtlsTransport::OnTimer(Time now, const Endpoint& to, Outbox& out) {
  if (state_ != State::kHandshaking) return;
  if (!flights_.OnTimer(now, to, out))
    Fail(ErrorCode::kUnavailable, "The remote stopped answering the DTLS handshake.");
}

void DtlsTransport::Release() {
  DUET_CHECK(state_ == State::kConnected);
  if (epilogue_) return;
  epilogue_ = DtlsEpilogue::From(ssl_.get(), role_ == DtlsRole::kServer);
  if (!epilogue_) return;
  {
    const RecordBuffers buffers(ssl_.get());
    SSL_shutdown(ssl_.get());
  }
  ERR_clear_error();
  ssl_.reset();
}

void DtlsTransport::Close(Time now, const Endpoint& to, Outbox& out) {
  if (state_ == State::kConnected) {
    if (ssl_) {
      const RecordBuffers buffers(ssl_.get());
      SSL_shutdown(ssl_.get());
    }
    ERR_clear_error();
    flights_.Flush(now, to, out);
  }
  flights_.Stop();
  if (state_ != State::kFailed) state_ = State::kClosed;
}

const DtlsTransport::Keys& DtlsTransport::keys() const {
  DUET_CHECK(state_ == State::kConnected);
  return keys_;
}

void DtlsTransport::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return OnHandshakeDone();
  const int error = SSL_get_error(ssl_.get(), result);
  const int reason = TakeReason();
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
  if (SSL_get_verify_result(ssl_.get()) == X509_V_ERR_CERT_REJECTED) {
    return Fail(ErrorCode::kRefused, "The remote's certificate does not have the " + expected_.algorithm +
                                         " fingerprint that its session description promised.");
  }
  if (error == SSL_ERROR_ZERO_RETURN) return Fail(ErrorCode::kRefused, "The remote ended the DTLS handshake.");
  if (reason >= kAlertOffset) {
    return Fail(ErrorCode::kRefused, std::string("The remote refused the DTLS handshake with the alert \"") +
                                         SSL_alert_desc_string_long(reason - kAlertOffset) + "\".");
  }
  Fail(ErrorCode::kMalformed, std::string("The DTLS handshake failed: ") + ReasonText(reason) + ".");
}

void DtlsTransport::OnHandshakeDone() {
  flights_.Stop();
  if (!ExportKeys()) {
    SSL_shutdown(ssl_.get());
    return Fail(ErrorCode::kUnsupported,
                "The remote offers none of the SRTP profiles AEAD_AES_128_GCM, AEAD_AES_256_GCM and "
                "AES128_CM_HMAC_SHA1_80.");
  }
  state_ = State::kConnected;
  // The client's flight came before.
  if (role_ == DtlsRole::kServer) last_flight_ = flights_.Unsent();
}

// RFC 5764 section 4.2: client key, server key, client salt, server salt.
bool DtlsTransport::ExportKeys() {
  const SRTP_PROTECTION_PROFILE* selected = SSL_get_selected_srtp_profile(ssl_.get());
  if (selected == nullptr) return false;
  const auto profile = static_cast<SrtpProfile>(selected->id);
  const size_t key = SrtpKeySize(profile);
  const size_t salt = SrtpSaltSize(profile);
  constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";
  std::array<std::byte, 2 * (32 + 14)> material;
  DUET_CHECK(SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(material.data()), 2 * (key + salt),
                                        kLabel.data(), kLabel.size(), nullptr, 0, 0) == 1);
  const Bytes all(material);
  const SrtpMasterKey client = MakeSrtpMasterKey(profile, all.first(key), all.subspan(2 * key, salt));
  const SrtpMasterKey server = MakeSrtpMasterKey(profile, all.subspan(key, key), all.subspan(2 * key + salt, salt));
  keys_ = role_ == DtlsRole::kClient ? Keys{client, server} : Keys{server, client};
  OPENSSL_cleanse(material.data(), material.size());
  return true;
}

void DtlsTransport::ReadRecords() {
  // The largest record: application data is dropped, whatever its size.
  std::array<std::byte, 2048> dropped;
  int result = 1;
  ERR_clear_error();
  while (result > 0) result = SSL_read(ssl_.get(), dropped.data(), static_cast<int>(dropped.size()));
  const int error = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
  // close_notify or a fatal alert: either ends the association.
  state_ = State::kClosed;
}

void DtlsTransport::Fail(ErrorCode code, std::string message) {
  ERR_clear_error();
  state_ = State::kFailed;
  failure_ = {code, std::move(message)};
  flights_.Stop();
}

}  // namespace duet
