// Bytes -> datagrams into an IceAgent, timers and restarts.
//
//   step: | op (3 bits), address (5 bits) | argument, 8 bits | ...
//     op 0..2  a well-formed check, authenticated or not by the bits of the argument
//     op 3..4  the next `argument` bytes as they are
//     op 5     time passes: argument * 200 ms
//     op 6     the timer runs
//     op 7     ICE restart
//
// Properties, held against a model that knows which messages were made with the password:
//   1. only an authenticated check with our ufrag is authentic, selected, known or changes anything;
//   2. the selected address was authenticated within the consent timeout;
//   3. at most kMaxAddresses addresses are known, the selected one among them;
//   4. at most one answer per message, to where it came from, never larger than an amplifier would like.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "core/ice/ice_agent.h"
#include "core/ice/ice_test_support.h"

namespace duet {
namespace {

constexpr size_t kMaxAnswerBytes = 256;

class World {
 public:
  void Run(Bytes input) {
    ByteReader reader(input);
    while (reader.remaining() >= 2) {
      const uint8_t head = reader.U8();
      const uint8_t argument = reader.U8();
      const Endpoint from{IpAddress::V4(192, 0, 2, head & 31), 5000};
      switch (head >> 5) {
        case 0:
        case 1:
        case 2: MakeAndFeed(from, argument); break;
        case 3:
        case 4: Feed(from, reader.Read(std::min<size_t>(argument, reader.remaining())), Expect::kRefusal); break;
        case 5: now_ = now_ + Duration::Millis(200 * argument); break;
        case 6: agent_.OnTimer(now_); break;
        case 7: Restart(); break;
      }
      CheckState();
    }
  }

 private:
  enum class Expect { kRefusal, kAcceptance, kEither };

  static IceCredentials CredentialsOf(int generation) {
    return {"serv" + std::to_string(generation), kServer.password + std::to_string(generation)};
  }

  void MakeAndFeed(const Endpoint& from, uint8_t bits) {
    CheckSpec spec;
    const bool former = (bits & 128) && generation_ > 0;
    const IceCredentials local = CredentialsOf(former ? generation_ - 1 : generation_);
    spec.username = (bits & 1 ? std::string("else") : local.ufrag) + ":clie";
    spec.password = bits & 2 ? "not the password" : local.password;
    spec.use_candidate = bits & 4;
    spec.fingerprint = bits & 8;
    spec.controlled = bits & 16;
    spec.extra_attribute = bits & 32 ? 0x7001 : 0;
    auto bytes = MakeCheck(spec);
    if (bits & 64) bytes[bits % bytes.size()] ^= std::byte{1};
    const bool broken = bits & (1 | 2 | 16 | 32 | 64);
    Feed(from, bytes, broken ? Expect::kRefusal : former ? Expect::kEither : Expect::kAcceptance);
  }

  void Feed(const Endpoint& from, Bytes bytes, Expect expect) {
    const auto message = StunMessage::Parse(bytes);
    if (!message.ok()) return DUET_CHECK(expect == Expect::kRefusal);
    const auto before = agent_.selected();
    const bool known = agent_.IsKnown(from);
    const bool lost = agent_.ConsentExpired(now_);
    const auto outcome = agent_.OnStun(now_, from, *message, out_);
    if (lost || expect == Expect::kRefusal) DUET_CHECK(!outcome.authentic);
    if (!lost && expect == Expect::kAcceptance) DUET_CHECK(outcome.authentic);
    DUET_CHECK(outcome.authentic == (outcome.refusal == IceAgent::Refusal::kNone));
    DUET_CHECK(outcome.selected_changed == (agent_.selected() != before));
    if (outcome.authentic) {
      heard_[from] = now_;
      DUET_CHECK(agent_.IsKnown(from));
      DUET_CHECK(!outcome.forgotten || !agent_.IsKnown(*outcome.forgotten));
      DUET_CHECK(!message->UseCandidate() || agent_.selected() == from);
    } else {
      DUET_CHECK(agent_.selected() == before && agent_.IsKnown(from) == known && !outcome.forgotten);
    }
    DUET_CHECK(out_.size() <= 1);
    for (const Transmit& answer : out_.queued()) {
      DUET_CHECK(answer.to == from && answer.packet->size() <= kMaxAnswerBytes);
      DUET_CHECK(StunMessage::Parse(answer.packet->bytes()).ok());
    }
    out_.Clear();
  }

  void Restart() {
    ++generation_;
    agent_.Restart(CredentialsOf(generation_), kClient);
  }

  void CheckState() {
    size_t known = 0;
    for (uint8_t n = 0; n < 32; ++n) {
      const Endpoint endpoint{IpAddress::V4(192, 0, 2, n), 5000};
      if (!agent_.IsKnown(endpoint)) continue;
      ++known;
      DUET_CHECK(heard_.contains(endpoint));
    }
    DUET_CHECK(known <= IceAgent::kMaxAddresses);
    if (!agent_.selected()) return DUET_CHECK(agent_.NextTimer().is_never());
    DUET_CHECK(agent_.IsKnown(*agent_.selected()));
    DUET_CHECK(agent_.ConsentExpired(now_) || now_ - heard_[*agent_.selected()] < Duration::Seconds(30));
  }

  PacketPool pool_{4};
  Outbox out_{pool_};
  Time now_ = Time::FromMillis(1'700'000'000'000);
  IceAgent agent_{CredentialsOf(0), kClient};
  std::map<Endpoint, Time> heard_;
  int generation_ = 0;
};

}  // namespace
}  // namespace duet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  duet::World world;
  world.Run(std::as_bytes(std::span(data, size)));
  return 0;
}
