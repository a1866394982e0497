#include "core/dtls/dtls_library.h"

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include <array>
#include <string_view>
#include <vector>

namespace duet {
namespace {

using Algorithms = std::vector<OSSL_ALGORITHM>;  // the last is empty

OSSL_PROVIDER* DefaultProvider() {
  static OSSL_PROVIDER* const kProvider = OSSL_PROVIDER_load(nullptr, "default");
  return kProvider;
}

bool ReadsCertificates(const OSSL_ALGORITHM& decoder) {
  const std::string_view kind = decoder.algorithm_names;
  return (kind == "EC" || kind == "RSA" || kind == "RSA-PSS") &&
         std::string_view(decoder.property_definition).find("structure=SubjectPublicKeyInfo") != std::string_view::npos;
}

Algorithms Decoders() {
  int no_cache = 0;
  Algorithms out;
  const OSSL_ALGORITHM* all = OSSL_PROVIDER_query_operation(DefaultProvider(), OSSL_OP_DECODER, &no_cache);
  for (; all != nullptr && all->algorithm_names != nullptr; ++all) {
    if (ReadsCertificates(*all)) out.push_back(*all);
  }
  out.push_back({});
  return out;
}

// ---- the functions of our provider: OSSL_FUNC_provider_... ----------------------------------------------------------

const OSSL_ALGORITHM* Query(void* /*context*/, int operation, int* no_cache) {
  if (operation == OSSL_OP_ENCODER || operation == OSSL_OP_STORE) return nullptr;
  if (operation != OSSL_OP_DECODER) return OSSL_PROVIDER_query_operation(DefaultProvider(), operation, no_cache);
  static const Algorithms kDecoders = Decoders();
  *no_cache = 0;
  return kDecoders.data();
}

int GetCapabilities(void* /*context*/, const char* capability, OSSL_CALLBACK* callback, void* argument) {
  return OSSL_PROVIDER_get_capabilities(DefaultProvider(), capability, callback, argument);
}

int Init(const OSSL_CORE_HANDLE* /*handle*/, const OSSL_DISPATCH* /*in*/, const OSSL_DISPATCH** out, void** context) {
  using Function = void (*)();
  static const std::array<OSSL_DISPATCH, 3> kFunctions = {
      {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<Function>(&Query)},
       {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, reinterpret_cast<Function>(&GetCapabilities)},
       {0, nullptr}}};
  *out = kFunctions.data();
  *context = OSSL_PROVIDER_get0_provider_ctx(DefaultProvider());
  return 1;
}

OSSL_LIB_CTX* Make() {
  constexpr char kName[] = "duet-dtls";
  if (DefaultProvider() == nullptr) return nullptr;
  OSSL_LIB_CTX* library = OSSL_LIB_CTX_new();
  if (library != nullptr &&
      (OSSL_PROVIDER_add_builtin(library, kName, &Init) != 1 || OSSL_PROVIDER_load(library, kName) == nullptr)) {
    OSSL_LIB_CTX_free(library);
    library = nullptr;
  }
  ERR_clear_error();
  return library;
}

}  // namespace

OSSL_LIB_CTX* DtlsLibrary() {
  static OSSL_LIB_CTX* const kLibrary = Make();
  return kLibrary;
}

}  // namespace duet
