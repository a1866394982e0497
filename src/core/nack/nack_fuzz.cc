// Bytes -> arrivals, keyframes and times at which losses are asked for.
//
//   step: | op (2 bits), argument (6 bits) | ...
//     op 0  the packet `argument` numbers behind the newest arrives
//     op 1  the packet argument + 1 numbers ahead arrives; argument 63: 16 bits further (they follow)
//     op 2  time passes: argument * 5 ms; argument 63: a keyframe begins at the newest packet
//     op 3  what is due is asked for, with room for argument + 1
//
// Properties: nothing is asked for that has arrived, that lies outside what was sent, or that was asked for ten times;
// duplicates and only duplicates are called so within the window; the list keeps its limit; a timer that has not passed
// means that nothing is due.
#include <array>
#include <cstdint>
#include <map>
#include <set>

#include "base/bytes.h"
#include "base/check.h"
#include "base/seq.h"
#include "core/nack/nack_generator.h"

namespace duet {
namespace {

class World {
 public:
  void Run(Bytes input) {
    ByteReader reader(input);
    while (reader.remaining() > 0) {
      const uint8_t step = reader.U8();
      const int64_t argument = step & 63;
      switch (step >> 6) {
        case 0: Arrive(newest_ - argument); break;
        case 1: Arrive(newest_ + argument + 1 + (argument == 63 ? reader.U16() : 0)); break;
        case 2:
          if (argument == 63) {
            nacks_.OnKeyframe(newest_);
            oldest_wanted_ = newest_;
          } else {
            now_ = now_ + Duration::Millis(argument * 5);
          }
          break;
        default: Ask(static_cast<size_t>(argument) + 1);
      }
      DUET_CHECK(nacks_.missing() <= NackGenerator::kMaxMissing);
      DUET_CHECK(nacks_.missing() == 0 || !nacks_.NextTimer().is_never());
    }
  }

 private:
  void Arrive(int64_t seq) {
    if (first_ < 0) newest_ = first_ = oldest_wanted_ = seq;
    const bool in_window = seq > newest_ - NackGenerator::kWindow;
    const bool fresh = received_.insert(seq).second;
    const auto arrival = nacks_.OnPacket(now_, seq);
    DUET_CHECK((arrival == NackGenerator::Arrival::kDuplicate) == (!fresh || !in_window));
    DUET_CHECK(arrival != NackGenerator::Arrival::kNew || seq >= newest_);
    DUET_CHECK(arrival != NackGenerator::Arrival::kRecovered || tries_.contains(seq));
    newest_ = std::max(newest_, seq);
  }

  void Ask(size_t room) {
    const bool early = now_ < nacks_.NextTimer();
    std::array<uint16_t, 64> out;
    const size_t count = nacks_.Due(now_, Duration::Millis(30), std::span(out).first(room));
    DUET_CHECK(count <= room && !(early && count > 0));
    int64_t before = -1;
    for (size_t i = 0; i < count; ++i) {
      const int64_t seq = newest_ + WrapDistance(static_cast<uint16_t>(newest_), out[i]);
      DUET_CHECK(seq > before && seq > first_ && seq < newest_ && seq >= oldest_wanted_);
      DUET_CHECK(!received_.contains(seq));
      DUET_CHECK(++tries_[seq] <= NackGenerator::kMaxTries);
      before = seq;
    }
  }

  NackGenerator nacks_;
  Time now_ = Time::FromMillis(1'700'000'000'000);
  int64_t first_ = -1;
  int64_t newest_ = 70'000;
  int64_t oldest_wanted_ = 0;
  std::set<int64_t> received_;
  std::map<int64_t, int> tries_;
};

}  // namespace
}  // namespace duet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  duet::World world;
  world.Run(std::as_bytes(std::span(data, size)));
  return 0;
}
