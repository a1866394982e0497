// Once the path is known, neither the estimator nor the pacer allocates.
#include <gtest/gtest.h>

#include "core/bwe/bwe_test_feedback.h"
#include "core/bwe/send_bandwidth_estimator.h"
#include "core/pacer/pacer.h"
#include "core/srtp/counting_allocator.h"

namespace duet {
namespace {

TEST(BweAllocation, NonePerPacket) {
  SendBandwidthEstimator estimator;
  Pacer pacer;
  Time now = Time::FromMillis(1'700'000'000'000);
  uint16_t seq = 0;
  std::array<std::byte, 1200> bytes;
  const auto round = [&] {
    const uint16_t base = seq;
    TransportFeedbackWriter writer(bytes, Ssrc(1), Ssrc(2), 0, base, now);
    const auto send = [&](size_t size) {
      estimator.OnPacketSent(now, seq, size, pacer.last_probe());
      if (seq % 7 != 0) writer.AddReceived(seq, now);
      ++seq;
    };
    for (int n = 0; n < 20; ++n) {
      if (pacer.TrySend(now, PacketClass::kVideo, 1000)) {
        send(1000);
      } else {
        pacer.Enqueue(now, PacketClass::kVideo, PacketRef(), 1000, 0);
      }
    }
    for (int n = 0; n < 50; ++n) {
      now = now + Duration::Millis(1);
      while (const auto due = pacer.TakeDue(now)) send(due->size);
      while (const size_t size = pacer.PaddingDue(now)) {
        if (pacer.TrySend(now, PacketClass::kPadding, size)) send(size);
      }
    }
    if (const size_t size = writer.Finish()) {
      const auto feedback = TransportFeedback::Parse(Bytes(bytes).first(size).subspan(4));
      ASSERT_TRUE(feedback);
      estimator.OnFeedback(now, *feedback);
    }
    estimator.OnTimer(now);
    pacer.SetTarget(estimator.target_bps());
    if (!pacer.probing()) {
      if (const auto probe = estimator.TakeProbe(now)) pacer.StartProbe(now, *probe);
    }
  };
  for (int n = 0; n < 50; ++n) round();
  const uint64_t before = counting::allocations;
  for (int n = 0; n < 500; ++n) round();
  EXPECT_EQ(counting::allocations, before);
  EXPECT_GT(seq, 10'000);
}

}  // namespace
}  // namespace duet
