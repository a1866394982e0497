// OsRng: the randomness of the server, good for keys and credentials. OpenSSL's generator, drawn in blocks so that an
// ICE transaction id does not cost a lock. One per thread.
#pragma once

#include <array>
#include <cstddef>

#include "base/rng.h"

namespace duet {

class OsRng : public Rng {
 public:
  ~OsRng() override;
  void Fill(MutableBytes out) override;

 private:
  std::array<std::byte, 4096> block_;
  size_t used_ = sizeof(block_);  // bytes of block_ that were handed out, and wiped
};

}  // namespace duet
