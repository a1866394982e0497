// Bytes -> arrivals and times at which feedback is asked for.
//
//   step: | op (2 bits), argument (6 bits) | ...
//     op 0  the packet `argument` numbers behind the newest arrives
//     op 1  the packet argument + 1 numbers ahead arrives
//     op 2  time passes: (argument + 1)^3 * 250 us, up to 65 s
//     op 3  feedback; when argument is 63, a packet far ahead arrives (16 bits follow)
//
// Property: what the feedback says, read with our own parser, is exactly what arrived: every packet that arrived within
// the window is told with its time of arrival, and nothing is told as arrived that did not.
#include <array>
#include <cstdint>
#include <map>

#include "base/check.h"
#include "core/twcc/twcc_recorder.h"
#include "wire/rtcp.h"

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
        case 1: Arrive(newest_ + argument + 1); break;
        case 2: now_ = now_ + Duration::Micros((argument + 1) * (argument + 1) * (argument + 1) * 250); break;
        default:
          if (argument == 63) {
            Arrive(newest_ + 1 + reader.U16() % 57'000);
          } else {
            Ask(argument % 2 == 0 ? 1200 : 64);
          }
      }
    }
    now_ = now_ + Duration::Seconds(1);
    Ask(1200);
  }

 private:
  void Arrive(int64_t seq) {
    recorder_.OnPacket(now_, static_cast<uint16_t>(seq));
    newest_ = std::max(newest_, seq);
    if (seq > newest_ - TwccRecorder::kWindow) arrivals_.emplace(seq, Arrival{now_.us() / 250, false});
    while (arrivals_.begin()->first <= newest_ - TwccRecorder::kWindow) arrivals_.erase(arrivals_.begin());
    DUET_CHECK(!recorder_.NextTimer().is_never() || arrivals_.at(seq).told);
  }

  void Ask(size_t room) {
    const bool due = now_ >= recorder_.NextTimer();
    std::array<std::byte, 1200> out;
    size_t messages = 0;
    while (const size_t size = recorder_.WriteFeedback(now_, Ssrc(1), Ssrc(2), MutableBytes(out).first(room))) {
      DUET_CHECK(size <= room && size % 4 == 0);
      DUET_CHECK(VisitRtcp(Bytes(out).first(size), [&](const TransportFeedback& feedback) { Compare(feedback); }));
      ++messages;
    }
    DUET_CHECK(due == (messages > 0));
    DUET_CHECK(messages <= TwccRecorder::kWindow);
    if (!due) return;
    DUET_CHECK(recorder_.NextTimer().is_never());
    for (const auto& [seq, arrival] : arrivals_) DUET_CHECK(arrival.told);
  }

  void Compare(const TransportFeedback& feedback) {
    constexpr int64_t kReferenceCycle = (int64_t{1} << 24) * 64'000 / 250;
    feedback.ForEachPacket([&](const TransportFeedback::Status& status) {
      // The newest number with these 16 bits.
      const int64_t seq = newest_ - static_cast<uint16_t>(static_cast<uint16_t>(newest_) - status.sequence);
      DUET_CHECK(seq > newest_ - TwccRecorder::kWindow);
      const auto arrival = arrivals_.find(seq);
      DUET_CHECK(status.received == (arrival != arrivals_.end()));
      if (!status.received) return;
      DUET_CHECK((status.arrival.us() / 250 - arrival->second.tick) % kReferenceCycle == 0);
      arrival->second.told = true;
    });
  }

  struct Arrival {
    int64_t tick;
    bool told;
  };
  TwccRecorder recorder_;
  Time now_ = Time::FromMillis(1'700'000'000'000);
  int64_t newest_ = 70'000;
  std::map<int64_t, Arrival> arrivals_;  // within the window
};

}  // namespace
}  // namespace duet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  duet::World world;
  world.Run(std::as_bytes(std::span(data, size)));
  return 0;
}
