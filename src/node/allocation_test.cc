// The path of a media packet through a Worker allocates nothing once it is warm: neither operator new nor OpenSSL is
// asked for memory.
#include "core/srtp/counting_allocator.h"
#include "node/worker_test_fixture.h"
#include "wire/demux.h"

namespace duet {
namespace {

class AllocationTest : public WorkerTest {
 protected:
  // Protected packets of alice, made beforehand so that only the worker runs while it is counted.
  void Prepare(int frames) {
    for (int i = 0; i < frames; ++i) {
      const auto n = static_cast<uint16_t>(next_++);
      SendAudio(n, n * 960u, {{1, {std::byte{0x85}}}});
      SendVideo(n, n * 3000u, n == 0 ? kKeyframe : kDelta);
    }
    for (const Transmit& transmit : alice_.outbox().queued()) prepared_.push_back(transmit.packet);
    alice_.outbox().Clear();
  }
  // Puts the prepared packets through the worker; what comes out is dropped. Returns how many were forwarded. Timers
  // run, since they let out what the pacer holds, but what they allocate for their reports is not counted.
  size_t Pass() {
    size_t sent = 0;
    const auto take = [&] {
      for (const Transmit& transmit : out_.queued()) sent += Classify(transmit.packet->bytes()) == DatagramKind::kRtp;
      out_.Clear();
    };
    for (const PacketRef& packet : prepared_) {
      now_ = now_ + Duration::Millis(1);
      const uint64_t before = counting::allocations;
      worker_->OnDatagram(now_, alice_.address(), pool_.Copy(packet->bytes()), out_);
      allocated_ += counting::allocations - before;
      take();
      if (now_ >= worker_->NextTimer()) worker_->OnTimer(now_, out_);
      take();
    }
    return sent;
  }
  uint64_t allocated_ = 0;
  std::vector<PacketRef> prepared_;
  int next_ = 0;
};

TEST_F(AllocationTest, NoForwardedPacketAllocates) {
  ASSERT_TRUE(counting::kCountsOpenSsl);
  Connect();
  // Long enough for what grows once: the pacer's queue, the estimator's memory of packets under way.
  Prepare(450);
  EXPECT_GE(Pass(), prepared_.size());
  EXPECT_GT(counting::allocations, 0u) << "the counter counts";
  prepared_.clear();
  Prepare(200);
  allocated_ = 0;
  const size_t sent = Pass();
  EXPECT_GE(sent, prepared_.size()) << "every packet went out to the subscriber";
  EXPECT_EQ(allocated_, 0u) << "allocations while " << sent << " packets were forwarded";
  prepared_.clear();
}

TEST_F(AllocationTest, NoRetransmissionAllocates) {
  Connect();
  Prepare(20);
  Pass();
  prepared_.clear();
  const auto ask = [&] {
    std::vector<uint16_t> lost;
    for (uint16_t seq = 0; seq < 65535; ++seq) lost.push_back(seq);
    bob_.SendRtcp(
        [&](RtcpWriter& writer) { EXPECT_GT(writer.AddNack(Ssrc(1), kVideoOut, std::span(lost).first(4000)), 0u); });
    std::vector<PacketRef> asked;
    for (const Transmit& transmit : bob_.outbox().queued()) asked.push_back(transmit.packet);
    bob_.outbox().Clear();
    const uint64_t before = counting::allocations;
    for (const PacketRef& packet : asked) {
      now_ = now_ + Duration::Seconds(1);
      worker_->OnDatagram(now_, bob_.address(), pool_.Copy(packet->bytes()), out_);
    }
    out_.Clear();
    return counting::allocations - before;
  };
  ask();
  EXPECT_EQ(ask(), 0u);
}

TEST_F(AllocationTest, NoCheckOfConsentAllocates) {
  Connect();
  const auto check = [&] {
    alice_.SendCheck();
    const PacketRef packet = alice_.outbox().queued()[0].packet;
    alice_.outbox().Clear();
    const uint64_t before = counting::allocations;
    worker_->OnDatagram(now_, alice_.address(), pool_.Copy(packet->bytes()), out_);
    const uint64_t allocated = counting::allocations - before;
    EXPECT_EQ(out_.queued().size(), 1u) << "it is answered";
    out_.Clear();
    return allocated;
  };
  check();
  EXPECT_EQ(check(), 0u);
}

}  // namespace
}  // namespace duet
