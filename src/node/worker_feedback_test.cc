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

}  // namespace
}  // namespace duet
