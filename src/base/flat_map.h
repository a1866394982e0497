// FlatMap: open addressing with linear probing and backward-shift deletion (no tombstones). For the lookups of the
// packet path: one hash, usually one cache line. It allocates only when it grows (at 1/2 load), so a table that was
// reserved never does.
//
// Invariants: capacity is a power of two or zero; every entry is reachable from its home slot without crossing an empty
// one. Pointers and iterators are invalidated by Insert and Erase.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "base/check.h"

namespace duet {

template <typename K, typename V, typename Hash = std::hash<K>>
class FlatMap {
 public:
  FlatMap() = default;
  explicit FlatMap(size_t expected) { Reserve(expected); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void Reserve(size_t expected) {
    size_t capacity = 8;
    while (capacity < expected * 2) capacity *= 2;
    if (capacity > slots_.size()) Rehash(capacity);
  }

  V* Find(const K& key) {
    const size_t i = IndexOf(key);
    return i == kNone ? nullptr : &slots_[i].value;
  }
  const V* Find(const K& key) const { return const_cast<FlatMap*>(this)->Find(key); }
  bool Contains(const K& key) const { return Find(key) != nullptr; }

  // Inserts or overwrites; returns the value's place.
  V& Insert(const K& key, V value) {
    if (V* found = Find(key)) {
      *found = std::move(value);
      return *found;
    }
    if ((size_ + 1) * 2 > slots_.size()) Rehash(slots_.empty() ? 8 : slots_.size() * 2);
    ++size_;
    return Place(key, std::move(value));
  }

  // False when it was not there.
  bool Erase(const K& key) {
    size_t hole = IndexOf(key);
    if (hole == kNone) return false;
    const size_t mask = slots_.size() - 1;
    for (size_t i = (hole + 1) & mask; slots_[i].used; i = (i + 1) & mask) {
      const size_t home = Hash{}(slots_[i].key) & mask;
      // Move back only entries whose home does not lie cyclically in (hole, i].
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        slots_[hole] = std::move(slots_[i]);
        hole = i;
      }
    }
    slots_[hole] = Slot{};
    --size_;
    return true;
  }

  void Clear() {
    for (auto& slot : slots_) slot = Slot{};
    size_ = 0;
  }

  // Calls f(key, value&) for each entry, in no order. f must not insert or erase.
  template <typename F>
  void ForEach(F&& f) {
    for (auto& slot : slots_)
      if (slot.used) f(std::as_const(slot.key), slot.value);
  }
  template <typename F>
  void ForEach(F&& f) const {
    for (const auto& slot : slots_)
      if (slot.used) f(slot.key, slot.value);
  }

 private:
  struct Slot {
    K key{};
    V value{};
    bool used = false;
  };
  static constexpr size_t kNone = static_cast<size_t>(-1);

  size_t IndexOf(const K& key) const {
    if (slots_.empty()) return kNone;
    const size_t mask = slots_.size() - 1;
    for (size_t i = Hash{}(key)&mask; slots_[i].used; i = (i + 1) & mask)
      if (slots_[i].key == key) return i;
    return kNone;
  }
  V& Place(const K& key, V value) {
    const size_t mask = slots_.size() - 1;
    size_t i = Hash{}(key)&mask;
    while (slots_[i].used) i = (i + 1) & mask;
    slots_[i] = Slot{key, std::move(value), true};
    return slots_[i].value;
  }
  void Rehash(size_t capacity) {
    std::vector<Slot> old;
    old.resize(capacity);
    old.swap(slots_);
    for (auto& slot : old)
      if (slot.used) Place(slot.key, std::move(slot.value));
  }

  std::vector<Slot> slots_;
  size_t size_ = 0;
};

}  // namespace duet
