// A whole session: after a handshake the input is a list of steps - bytes from the client, answers to its requests,
// frames for viewers, time - and whatever they are, the session keeps its limits and its output is readable RTMP.
#include <cstdint>

#include "base/check.h"
#include "core/rtmp/rtmp_session.h"

using namespace duet;

namespace {

// Reads what the session sends, as a client would.
class Listener {
 public:
  void Hear(Bytes bytes) {
    const size_t skipped = std::min(handshake_left_, bytes.size());
    handshake_left_ -= skipped;
    bytes = bytes.subspan(skipped);
    while (true) {
      const auto message = reader_.Read(bytes);
      DUET_CHECK(message.ok());
      if (!*message) break;
    }
  }

 private:
  size_t handshake_left_ = 1 + 2 * kRtmpHandshakeBytes;
  RtmpChunkReader reader_;
};

void Feed(RtmpSession& session, Time now, Bytes input) {
  while (true) {
    const size_t before = input.size();
    const auto event = session.Read(now, input);
    DUET_CHECK(input.size() <= before);
    if (!event) break;
    if (const auto* media = std::get_if<RtmpMedia>(&*event))
      DUET_CHECK(!media->data.empty() && media->timestamp_ms >= 0);
    if (std::holds_alternative<RtmpRequest>(*event)) DUET_CHECK(session.waiting());
  }
  DUET_CHECK(input.empty() || session.waiting() || session.closed());
}

FlvFrameRef MakeFrame(uint8_t what, int64_t time) {
  FlvFrame frame = {.kind = static_cast<FlvFrame::Kind>(what % 5), .keyframe = what >= 128, .timestamp_ms = time};
  frame.data.resize(size_t{what} * 40);
  return std::make_shared<const FlvFrame>(std::move(frame));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  SeededRng rng(1);
  Time now = Time::FromMillis(1000);
  RtmpSession session(now, rng);
  Listener listener;
  std::vector<std::byte> hello(1 + 2 * kRtmpHandshakeBytes);
  hello[0] = std::byte{kRtmpVersion};
  Feed(session, now, hello);

  ByteReader steps(std::as_bytes(std::span(data, size)));
  while (steps.remaining() > 0) {
    const uint8_t step = steps.U8();
    const uint32_t stream = step >> 6 & 3;
    switch (step & 7) {
      case 0:
      case 1: Feed(session, now, steps.Read(std::min<size_t>(steps.U8(), steps.remaining()))); break;
      case 2: session.Accept(now, stream); break;
      case 3: session.Refuse(now, stream, RtmpRefusal::kTaken, "no"); break;
      case 4: session.Push(stream, MakeFrame(steps.U8(), now.ms())); break;
      case 5: {
        now = now + Duration::Millis(steps.U8() * 16);
        session.OnTimer(now);
        break;
      }
      case 6: {
        const Bytes out = session.PrepareOutput(now);
        const size_t n = std::min<size_t>(out.size(), 1 + steps.U8() * 64u);
        listener.Hear(out.first(n));
        session.Sent(now, n);
        break;
      }
      default: session.EndStream(now, stream, "gone"); break;
    }
    DUET_CHECK(session.PrepareOutput(now).size() < 2 * RtmpSession::kMaxAnswers + RtmpSession::kLowWater);
    const FrameQueue* queue = session.queue(stream);
    DUET_CHECK(queue == nullptr || queue->delay() <= Duration::Seconds(1));
  }
  listener.Hear(session.PrepareOutput(now));
  return 0;
}
