// FixedVector: a vector with room for N elements inside it. push_back on a full one is refused, never a reallocation.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "base/check.h"

namespace duet {

template <typename T, size_t N>
class FixedVector {
 public:
  using value_type = T;
  static constexpr size_t capacity() { return N; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == N; }

  // False when full.
  bool push_back(T value) {
    if (full()) return false;
    items_[size_++] = std::move(value);
    return true;
  }
  void pop_back() {
    DUET_DCHECK(size_ > 0);
    items_[--size_] = T();
  }
  void clear() {
    while (size_ > 0) pop_back();
  }
  // Removes by moving the last element into the place.
  void erase_unordered(size_t index) {
    DUET_DCHECK(index < size_);
    items_[index] = std::move(items_[size_ - 1]);
    pop_back();
  }

  T& operator[](size_t i) {
    DUET_DCHECK(i < size_);
    return items_[i];
  }
  const T& operator[](size_t i) const {
    DUET_DCHECK(i < size_);
    return items_[i];
  }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }
  operator std::span<const T>() const { return {items_.data(), size_}; }  // NOLINT

 private:
  std::array<T, N> items_{};
  size_t size_ = 0;
};

}  // namespace duet
