// For tests: transport-wide feedback made of a list of arrivals, as a receiver would send it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "wire/transport_feedback.h"

namespace duet::bwe_test {

struct Arrival {
  uint16_t seq = 0;
  double ms = 0;  // on the receiver's clock
};

// Calls f(const TransportFeedback&) with a message that tells of all numbers from `base` to the last arrival.
template <typename F>
void WithFeedback(uint16_t base, const std::vector<Arrival>& arrivals, F&& f) {
  std::array<std::byte, TransportFeedbackWriter::kMaxBytes> bytes;
  const auto at = [](double ms) { return Time::FromMicros(static_cast<int64_t>(ms * 1000)); };
  TransportFeedbackWriter writer(bytes, Ssrc(1), Ssrc(2), 0, base, at(arrivals.front().ms));
  for (const Arrival& arrival : arrivals) ASSERT_TRUE(writer.AddReceived(arrival.seq, at(arrival.ms)));
  const size_t size = writer.Finish();
  ASSERT_GT(size, 0u);
  const auto feedback = TransportFeedback::Parse(Bytes(bytes).first(size).subspan(4));
  ASSERT_TRUE(feedback);
  f(*feedback);
}

}  // namespace duet::bwe_test
