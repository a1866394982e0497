#include "auth/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <zlib.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "auth/usersig.h"
#include "base/check.h"
#include "wire/json_text.h"

namespace duet {
namespace {

namespace json = boost::json;

constexpr size_t kSignatureBytes = 32;  // SHA-256
constexpr int64_t kMaxSafeInteger = int64_t{1} << 53;

Error Malformed(std::string message) { return {ErrorCode::kMalformed, std::move(message)}; }

bool IsStandard(char c) { return c == '+' || c == '/' || c == '='; }
bool IsEscaped(char c) { return c == '*' || c == '-' || c == '_'; }
bool IsCommon(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

char Escape(char c) { return c == '+' ? '*' : c == '/' ? '-' : c == '=' ? '_' : c; }
char Unescape(char c) { return c == '*' ? '+' : c == '-' ? '/' : c == '_' ? '=' : c; }

// From either alphabet to standard base64, with a sentence that names what cannot be.
Result<std::string> ToStandardBase64(std::string_view text) {
  bool standard = false, escaped = false;
  for (size_t i = 0; i < text.size(); ++i) {
    standard |= IsStandard(text[i]);
    escaped |= IsEscaped(text[i]);
    if (!IsCommon(text[i]) && !IsStandard(text[i]) && !IsEscaped(text[i])) {
      const bool space = text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t';
      return Malformed("its character " + std::to_string(i + 1) +
                       (space ? " is white space (was it broken into lines when it was copied?)"
                              : " does not belong into a token (was it changed by URL encoding?)"));
    }
  }
  if (standard && escaped) return Malformed("it mixes + / = with * - _, which are two ways to write the same");
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Unescape);
  return out;
}

Result<std::string> Text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return Malformed("its member " + std::string(name) + " is missing");
  if (!value->is_string()) return Malformed("its member " + std::string(name) + " is not a string");
  return std::string(value->get_string());
}

// A JSON integer, or a string that holds one in the only way to write it: the text of the number is what is signed.
Result<int64_t> Integer(const json::object& object, std::string_view name, int64_t max) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return Malformed("its member " + std::string(name) + " is missing");
  int64_t number = -1;
  if (value->is_string()) {
    const std::string_view text = value->get_string();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || std::to_string(number) != text) number = -1;
  } else if (value->is_int64()) {
    number = value->get_int64();
  }
  if (number < 0 || number > max)
    return Malformed("its member " + std::string(name) + " is not a number from 0 to " + std::to_string(max));
  return number;
}

// One member after the other; the first that is wrong ends it.
class MemberReader {
 public:
  explicit MemberReader(const json::object& object) : object_(object) {}
  std::string Text(std::string_view name) { return Take(duet::Text(object_, name)); }
  int64_t Integer(std::string_view name, int64_t max) { return Take(duet::Integer(object_, name, max)); }
  std::vector<std::byte> Base64(std::string_view name, std::string_view text) {
    auto bytes = DecodeBase64(text);
    if (!bytes) Fail(Malformed("its member " + std::string(name) + " is not base64"));
    return bytes ? std::move(*bytes) : std::vector<std::byte>();
  }
  void Fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  template <typename T>
  T Take(Result<T> result) {
    if (result.ok()) return std::move(result).value();
    Fail(result.error());
    return T();
  }
  const json::object& object_;
  std::optional<Error> error_;
};

Result<Token> TokenFromJson(const json::object& object) {
  MemberReader reader(object);
  const std::string version = reader.Text("TLS.ver");
  if (!reader.error() && version != "2.0")
    return Error{ErrorCode::kUnsupported, "it has version \"" + Excerpt(version, 16) + "\"; Duet reads version 2.0"};
  Token token;
  token.user_id = reader.Text("TLS.identifier");
  token.sdk_app_id = static_cast<uint32_t>(reader.Integer("TLS.sdkappid", UINT32_MAX));
  token.time_unix_s = reader.Integer("TLS.time", kMaxSafeInteger);
  token.expire_s = reader.Integer("TLS.expire", kMaxSafeInteger);
  token.signature = reader.Base64("TLS.sig", reader.Text("TLS.sig"));
  if (object.contains("TLS.userbuf")) {
    token.userbuf = reader.Text("TLS.userbuf");
    token.userbuf_bytes = reader.Base64("TLS.userbuf", *token.userbuf);
  }
  if (reader.error()) return *reader.error();
  if (!IsValidUserId(token.user_id)) return Malformed("its user ID is not 1 to 128 bytes of UTF-8 without line breaks");
  if (token.signature.size() != kSignatureBytes) {
    return Malformed("its signature has " + std::to_string(token.signature.size()) +
                     " bytes instead of the 32 of HMAC-SHA256");
  }
  return token;
}

}  // namespace

Result<std::string> InflateBounded(Bytes compressed, size_t max_bytes) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return Error{ErrorCode::kInternal, "zlib has no memory"};
  // One byte more than allowed: a stream that fills it is too long, and no more of it is ever made.
  std::string out(max_bytes + 1, '\0');
  // zlib's interface predates const; it does not write to its input.
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  const size_t made = out.size() - stream.avail_out;
  const size_t left = stream.avail_in;
  inflateEnd(&stream);
  if (made > max_bytes)
    return Error{ErrorCode::kLimit, "it is more than " + std::to_string(max_bytes) + " bytes when unpacked"};
  if (result == Z_BUF_ERROR) return Error{ErrorCode::kTruncated, "it ends too early (was it cut when it was copied?)"};
  if (result != Z_STREAM_END) return Malformed("what is in the base64 is not zlib data");
  if (left != 0) return Malformed("there are " + std::to_string(left) + " bytes after its end");
  out.resize(made);
  return out;
}

Result<Token> DecodeToken(std::string_view text) {
  if (text.empty()) return Malformed("it is empty");
  if (text.size() > kMaxTokenBytes)
    return Error{ErrorCode::kLimit, "it is longer than " + std::to_string(kMaxTokenBytes) + " characters"};
  const auto base64 = ToStandardBase64(text);
  if (!base64.ok()) return base64.error();
  const auto compressed = DecodeBase64(*base64);
  if (!compressed) return Malformed("its base64 has a wrong length or ending (was it cut when it was copied?)");
  const auto plain = InflateBounded(*compressed, kMaxInflatedTokenBytes);
  if (!plain.ok()) return plain.error();

  json::parse_options options;
  options.max_depth = 4;
  boost::system::error_code error;
  const json::value value = json::parse(*plain, error, {}, options);
  if (error) return Malformed("what is unpacked from it is not JSON");
  if (!value.is_object()) return Malformed("what is unpacked from it is JSON, but not an object");
  return TokenFromJson(value.get_object());
}

std::string EncodeToken(const Token& token) {
  json::object object{{"TLS.ver", "2.0"},
                      {"TLS.identifier", token.user_id},
                      {"TLS.sdkappid", token.sdk_app_id},
                      {"TLS.expire", token.expire_s},
                      {"TLS.time", token.time_unix_s},
                      {"TLS.sig", EncodeBase64(token.signature)}};
  if (token.userbuf) object["TLS.userbuf"] = *token.userbuf;
  const std::string plain = json::serialize(object);
  uLongf size = compressBound(plain.size());
  std::vector<std::byte> packed(size);
  DUET_CHECK(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(plain.data()),
                      plain.size()) == Z_OK);
  std::string text = EncodeBase64(Bytes(packed).first(size));
  std::transform(text.begin(), text.end(), text.begin(), Escape);
  return text;
}

std::string SignedContent(const Token& token) {
  std::string content = "TLS.identifier:" + token.user_id + "\n";
  content += "TLS.sdkappid:" + std::to_string(token.sdk_app_id) + "\n";
  content += "TLS.time:" + std::to_string(token.time_unix_s) + "\n";
  content += "TLS.expire:" + std::to_string(token.expire_s) + "\n";
  if (token.userbuf) content += "TLS.userbuf:" + *token.userbuf + "\n";
  return content;
}

std::vector<std::byte> Sign(std::string_view key, std::string_view content) {
  std::vector<std::byte> out(kSignatureBytes);
  unsigned int size = 0;
  const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(content.data()), content.size(),
                          reinterpret_cast<unsigned char*>(out.data()), &size);
  DUET_CHECK(made != nullptr && size == kSignatureBytes);
  return out;
}

bool SignatureFits(const Token& token, std::string_view key) {
  const auto right = Sign(key, SignedContent(token));
  return token.signature.size() == right.size() &&
         CRYPTO_memcmp(token.signature.data(), right.data(), right.size()) == 0;
}

}  // namespace duet
