// What a publisher is told of its path.
#include "node/worker_test_fixture.h"
#include "wire/rtp_extensions.h"

namespace duet {
namespace {

TEST_F(WorkerTest, APublisherWithoutTransportWideNumbersIsToldItsRateAsRemb) {
  constexpr uint8_t kAbsSendTime = 4;
  PeerConfig config = Publisher();
  for (UptrackConfig& track : config.uptracks) track.extensions.abs_send_time = kAbsSendTime;
  Do(AddPeer{RoomKey(1), std::move(config)});
  alice_.SendCheck();
  Carry();
  ASSERT_TRUE(alice_.connected());
  const std::vector<std::byte> payload(1000, std::byte{0x41});
  for (uint16_t seq = 1; seq <= 150; ++seq) {
    const auto sent = AbsSendTime::FromTime(now_).Encode();
    alice_.SendRtp({.payload_type = PayloadType(102), .sequence_number = seq, .ssrc = kVideoSsrc}, payload,
                   {{kAbsSendTime, {sent.begin(), sent.end()}}});
    Carry();
    Wait(kMs(20));
  }
  const auto plausible = [](const Remb& remb) { return remb.bitrate_bps > 300'000 && remb.bitrate_bps < 2'000'000; };
  EXPECT_GE(CountRtcp<Remb>(alice_, plausible), 2);
  EXPECT_EQ(CountRtcp<TransportFeedback>(alice_, [](const auto&) { return true; }), 0);
}

TEST_F(WorkerTest, APublisherWhoFillsAQueueIsToldToDrainIt) {
  constexpr uint8_t kAbsSendTime = 4;
  constexpr uint8_t kTransportWide = 5;
  PeerConfig config = Publisher();
  for (UptrackConfig& track : config.uptracks) {
    track.extensions.abs_send_time = kAbsSendTime;
    track.extensions.transport_cc = kTransportWide;
  }
  Do(AddPeer{RoomKey(1), std::move(config)});
  alice_.SendCheck();
  Carry();
  ASSERT_TRUE(alice_.connected());
  const std::vector<std::byte> payload(1000, std::byte{0x41});
  const auto drain = [](const Remb& remb) { return remb.bitrate_bps < 300'000; };
  for (uint16_t seq = 1; seq <= 150; ++seq) {
    const int64_t queue_ms = std::clamp((seq - 75) * 10, 0, 500);
    const auto sent = AbsSendTime::FromTime(now_ - kMs(queue_ms)).Encode();
    alice_.SendRtp({.payload_type = PayloadType(102), .sequence_number = seq, .ssrc = kVideoSsrc}, payload,
                   {{kAbsSendTime, {sent.begin(), sent.end()}}, {kTransportWide, {std::byte{0}, std::byte(seq)}}});
    Carry();
    Wait(kMs(20));
    if (seq == 75) {
      EXPECT_EQ(CountRtcp<Remb>(alice_, drain), 0);
    }
  }
  EXPECT_GE(CountRtcp<Remb>(alice_, drain), 2);
  EXPECT_GE(CountRtcp<TransportFeedback>(alice_, [](const auto&) { return true; }), 5);
}

}  // namespace
}  // namespace duet
