// What checking a UserSig costs: base64, zlib, JSON, HMAC.
#include "auth/usersig.h"

#include <benchmark/benchmark.h>

#include <string>

namespace duet {
namespace {

void BM_VerifyUserSig(benchmark::State& state) {
  constexpr int64_t kNow = 1'800'000'000;
  AppRegistry apps;
  App app;
  app.sdk_app_id = 1'400'000'001;
  app.secret_key = std::string(64, 'k');
  if (!apps.Add(app).ok()) return state.SkipWithError("no app");
  const std::string token = CreateUserSig(apps.apps()[0], "alice", kNow, 3600);
  for (auto _ : state) {
    if (!VerifyUserSig(apps, 1'400'000'001, "alice", token, kNow + 1).ok()) state.SkipWithError("refused");
  }
}
BENCHMARK(BM_VerifyUserSig)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace duet
