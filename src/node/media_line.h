// MediaLine: RTP packets in clear on their way from one thread to another. One thread pushes, one takes; neither waits.
//
//   worker ──tap──> line ──> bridge          an RTMP or FLV viewer's stream (Egress)
//   bridge ───────> line ──source──> worker  an RTMP publisher's packets (Ingest)
//   worker ──tap──> line ──source──> worker  a stream that is wanted on another worker (relay)
//
// A ring of `capacity` slots of fixed size, allocated once. A full line refuses, which its pusher counts: a reader that
// is too slow loses packets and holds up nobody. Whoever pushes into an empty line wakes the taker (Waker) when its
// batch is done, with Notify.
//
// Thread rule: BeginPush, EndPush and Notify belong to one thread, Front and Pop to one thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/ids.h"
#include "base/packet_pool.h"
#include "base/time.h"

namespace duet {

// Wakes the thread that takes from a line. Any thread; must not block.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void Wake() = 0;
};

struct LineItem {
  enum class Kind : uint8_t {
    kPacket,     // `bytes`: an RTP packet without its encryption, header and extensions included
    kReference,  // what has `rtp_timestamp` was captured at `captured`, on the clock of this process
  };
  Kind kind{};
  bool video = false;            // a packet of a picture, not of sound
  uint8_t layer = 0;             // of the track, 0 = the smallest picture
  bool starts_keyframe = false;  // a decoder can start here; always true for audio
  uint16_t size = 0;             // of `bytes`
  uint32_t rtp_timestamp = 0;    // of a reference
  UptrackId uptrack;             // whose packet it is
  int64_t seq = 0;               // extended sequence number of the layer
  Time captured;                 // of a reference
  std::byte bytes[Packet::kPacketBytes];

  Bytes packet() const { return {bytes, size}; }
};

class MediaLine {
 public:
  static constexpr size_t kCapacity = 512;

  // `taker` outlives the line; null: nobody sleeps (tests, simulation). `capacity` is a power of two.
  explicit MediaLine(Waker* taker, size_t capacity = kCapacity) : taker_(taker), items_(capacity) {
    DUET_CHECK(capacity > 0 && (capacity & (capacity - 1)) == 0);
  }
  MediaLine(const MediaLine&) = delete;
  MediaLine& operator=(const MediaLine&) = delete;

  // ---- the pusher
  // A slot to fill, or null when the line is full. It counts once EndPush is called.
  LineItem* BeginPush() {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == items_.size()) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    return &items_[tail & (items_.size() - 1)];
  }
  void EndPush() {
    pushed_ = true;
    tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  // The batch is done: the taker is woken when anything was pushed since the last time.
  void Notify() {
    if (!pushed_) return;
    pushed_ = false;
    if (taker_ != nullptr) taker_->Wake();
  }

  // ---- the taker
  // The oldest item, or null. Valid until Pop.
  const LineItem* Front() const {
    const size_t head = head_.load(std::memory_order_relaxed);
    return head == tail_.load(std::memory_order_acquire) ? nullptr : &items_[head & (items_.size() - 1)];
  }
  void Pop() { head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  // ---- any thread
  // Items that found no room.
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kCacheLine = 64;

  Waker* const taker_;
  std::vector<LineItem> items_;
  bool pushed_ = false;
  // Apart, so that pusher and taker do not fight for one cache line.
  alignas(kCacheLine) std::atomic<size_t> head_ = 0;
  alignas(kCacheLine) std::atomic<size_t> tail_ = 0;
  alignas(kCacheLine) std::atomic<uint64_t> refused_ = 0;
};
using MediaLineRef = std::shared_ptr<MediaLine>;

}  // namespace duet
