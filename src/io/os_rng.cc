#include "io/os_rng.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstring>

#include "base/check.h"

namespace duet {
namespace {

void Draw(MutableBytes out) {
  // Fails only when the operating system has no entropy; a server without randomness must not go on.
  DUET_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) == 1);
}

}  // namespace

OsRng::~OsRng() { OPENSSL_cleanse(block_.data(), block_.size()); }

void OsRng::Fill(MutableBytes out) {
  constexpr size_t kLargest = 256;  // more is drawn directly
  if (out.empty()) return;
  if (out.size() > kLargest) return Draw(out);
  if (block_.size() - used_ < out.size()) {
    Draw(block_);
    used_ = 0;
  }
  std::memcpy(out.data(), block_.data() + used_, out.size());
  OPENSSL_cleanse(block_.data() + used_, out.size());
  used_ += out.size();
}

}  // namespace duet
