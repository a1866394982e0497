#include "auth/explain_token.h"

#include "auth/token_check.h"

namespace duet {
namespace {

class Explainer {
 public:
  Explainer(int64_t now_unix_s, const TokenExpectation& expected) : now_unix_s_(now_unix_s), expected_(expected) {}

  TokenExplanation Explain(std::string_view text) {
    auto token = DecodeToken(text);
    if (!token.ok()) {
      Add(MalformedFailure(kind(), token.error()));
      return std::move(out_);
    }
    out_.token = std::move(token).value();
    out_.expires_unix_s = out_.token->expires_unix_s();
    ExplainMapKey();
    if (expected_.sdk_app_id) {
      Add(CheckAppId(kind(), out_.token->sdk_app_id, *expected_.sdk_app_id, apps()));
    }
    ExplainSignature();
    if (expected_.user_id) Add(CheckUser(kind(), out_.token->user_id, *expected_.user_id));
    Add(CheckTime(kind(), out_.token->time_unix_s, out_.expires_unix_s, now_unix_s_));
    if (out_.map_key) {
      Add(CheckMapKeyOwner(*out_.map_key, *out_.token));
      if (expected_.room) Add(CheckRoom(*out_.map_key, *expected_.room));
      Add(CheckMayEnter(*out_.map_key));
    }
    return std::move(out_);
  }

 private:
  const TokenKind& kind() const { return out_.map_key || expected_.room ? kMapKeyKind : kUserSigKind; }
  const AppRegistry& apps() const { return expected_.apps != nullptr ? *expected_.apps : none_; }
  void Add(Fault fault) {
    if (fault) out_.faults.push_back(std::move(*fault));
  }

  void ExplainMapKey() {
    const Token& token = *out_.token;
    if (!token.userbuf) {
      if (expected_.room) {
        Add(MalformedFailure(kMapKeyKind, {ErrorCode::kMalformed, "it has no userbuf, so it is a plain UserSig"}));
      }
      return;
    }
    auto key = DecodeMapKey(token.userbuf_bytes);
    if (key.ok()) {
      out_.map_key = std::move(key).value();
      out_.expires_unix_s = ExpiryOf(token, *out_.map_key);
    } else {
      Add(MalformedFailure(kMapKeyKind, key.error()));
    }
  }

  void ExplainSignature() {
    const Token& token = *out_.token;
    const App* app = apps().Find(token.sdk_app_id);
    if (expected_.secret_key) {
      const App given{.sdk_app_id = token.sdk_app_id, .secret_key = std::string(*expected_.secret_key)};
      Judge(CheckSignature(kind(), token, given, apps()), app);
    } else if (app != nullptr) {
      Judge(CheckSignature(kind(), token, *app, apps()), app);
    } else {
      out_.signature = SignatureState::kUnchecked;
      if (expected_.apps != nullptr) Add(AppUnknownFailure(token.sdk_app_id));
    }
  }

  void Judge(Fault fault, const App* app) {
    out_.signature = fault ? SignatureState::kInvalid : SignatureState::kValid;
    if (!fault && app != nullptr) out_.environment = app->environment;
    Add(std::move(fault));
  }

  const int64_t now_unix_s_;
  const TokenExpectation& expected_;
  const AppRegistry none_;
  TokenExplanation out_;
};

}  // namespace

TokenExplanation ExplainToken(std::string_view token, int64_t now_unix_s, const TokenExpectation& expected) {
  return Explainer(now_unix_s, expected).Explain(token);
}

}  // namespace duet
