// ByteQueue: bytes on their way into a stream socket. Written at the end, taken from the front; the space of what was
// taken is used again once it is half of all.
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace duet {

class ByteQueue {
 public:
  Bytes bytes() const { return Bytes(data_).subspan(taken_); }
  size_t size() const { return data_.size() - taken_; }
  bool empty() const { return size() == 0; }

  void Append(Bytes bytes) { data_.insert(data_.end(), bytes.begin(), bytes.end()); }
  // For writers that append to a vector.
  std::vector<std::byte>& tail() { return data_; }

  void Take(size_t n) {
    DUET_CHECK(n <= size());
    taken_ += n;
    if (taken_ == data_.size()) {
      data_.clear();
      taken_ = 0;
    } else if (taken_ > data_.size() / 2) {
      data_.erase(data_.begin(), data_.begin() + static_cast<ptrdiff_t>(taken_));
      taken_ = 0;
    }
  }

 private:
  std::vector<std::byte> data_;
  size_t taken_ = 0;
};

}  // namespace duet
