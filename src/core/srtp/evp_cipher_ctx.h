// An OpenSSL cipher context that is freed by itself.
#pragma once

#include <openssl/evp.h>

#include <memory>

namespace duet {

struct EvpCipherCtxDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using EvpCipherCtx = std::unique_ptr<EVP_CIPHER_CTX, EvpCipherCtxDeleter>;

}  // namespace duet
