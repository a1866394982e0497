#include "peer/downtrack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace duet {
namespace {

constexpr UptrackId kAlice(1), kBob(2);

class DowntrackTest : public testing::Test {
 protected:
  DowntrackTest() : pool_(64), track_(Config(true), rng_) { EXPECT_TRUE(SetSource(kAlice)); }

  bool SetSource(UptrackId id, size_t layers = 1) {
    const UptrackConfig source{.id = id,
                               .kind = signal::MediaKind::kVideo,
                               .codec = codec_,
                               .extensions = extensions_,
                               .layers = std::vector<LayerConfig>(layers)};
    return track_.SetSource(&source);
  }

  static DowntrackConfig Config(bool rtx) {
    DowntrackConfig config{.id = DowntrackId(9), .kind = signal::MediaKind::kVideo, .mid = "3", .ssrc = Ssrc(77)};
    config.codecs = {{.kind = CodecKind::kVp8, .payload_type = PayloadType(39), .clock_rate = 90000, .nack = true}};
    if (rtx) {
      config.codecs.front().rtx_payload_type = PayloadType(40);
      config.rtx_ssrc = Ssrc(78);
    }
    config.extensions.transport_cc = 5;
    return config;
  }
  ReceivedRtp Packet(UptrackId from, int64_t seq, uint32_t timestamp, bool keyframe = false, int layer = 0) {
    PacketRef packet = pool_.Acquire();
    RtpHeaderWriter writer(packet->buffer());
    writer.Begin({.payload_type = PayloadType(96),
                  .sequence_number = static_cast<uint16_t>(seq),
                  .timestamp = timestamp,
                  .ssrc = Ssrc(1)});
    const size_t header = writer.Finish();
    packet->buffer()[header] = static_cast<std::byte>(seq);
    packet->set_size(header + 1);
    const auto view = ParseRtp(packet->bytes());
    return {.packet = packet,
            .view = *view,
            .seq = seq,
            .uptrack = from,
            .layer = layer,
            .codec = &codec_,
            .extensions = &extensions_,
            .starts_keyframe = keyframe};
  }
  // Accepts and renders; the packet as the receiver sees it.
  RtpPacketView Send(const ReceivedRtp& in, uint16_t transport_seq = 1) {
    const auto seq = track_.Accept(now_, in);
    EXPECT_TRUE(seq.ok());
    return View(track_.Render(*seq, transport_seq, out_));
  }
  RtpPacketView View(const std::optional<Downtrack::Rendered>& rendered) {
    EXPECT_TRUE(rendered);
    std::copy(rendered->payload.begin(), rendered->payload.end(),
              out_.begin() + static_cast<std::ptrdiff_t>(rendered->header_size));
    return *ParseRtp(Bytes(out_).first(rendered->header_size + rendered->payload.size()));
  }

  SeededRng rng_{1};
  PacketPool pool_;
  Time now_ = Time::FromMillis(5'000'000);
  CodecConfig codec_{.kind = CodecKind::kVp8, .payload_type = PayloadType(96), .clock_rate = 90000};
  HeaderExtensionIds extensions_;
  std::array<std::byte, 1600> out_{};
  std::array<std::byte, 1600> scratch_{};
  Downtrack track_;
};

TEST_F(DowntrackTest, AVideoSourceStartsAtAKeyframe) {
  EXPECT_EQ(track_.Accept(now_, Packet(kAlice, 10, 0)).error(), Drop::kNoKeyframe);
  EXPECT_TRUE(track_.Accept(now_, Packet(kAlice, 11, 3000, true)).ok());
  EXPECT_TRUE(track_.Accept(now_, Packet(kAlice, 12, 6000)).ok());
  EXPECT_EQ(track_.Accept(now_, Packet(kAlice, 10, 0)).error(), Drop::kLayerFiltered) << "it belongs before the start";
  EXPECT_EQ(track_.Accept(now_, Packet(kBob, 13, 0, true)).error(), Drop::kDisabled) << "not the source";
}

TEST_F(DowntrackTest, NumbersGoOnWhenTheSourceChangesAndGapsStay) {
  const auto first = Send(Packet(kAlice, 100, 9000, true));
  const uint16_t start = first.sequence_number;
  const uint32_t timestamp = first.timestamp;
  EXPECT_EQ(Send(Packet(kAlice, 103, 12000)).sequence_number, static_cast<uint16_t>(start + 3));
  now_ = now_ + Duration::Seconds(1);
  ASSERT_TRUE(SetSource(kBob));
  const auto next = Send(Packet(kBob, 60'000, 77, true));
  EXPECT_EQ(next.sequence_number, static_cast<uint16_t>(start + 4));
  EXPECT_EQ(next.timestamp - timestamp, 3000u + 90'000u) << "the time that passed";
}

TEST_F(DowntrackTest, ThePacketThatLeavesCarriesTheNumberOfItsLeaving) {
  const auto view = Send(Packet(kAlice, 1, 0, true), 4711);
  ASSERT_EQ(view.Extension(5).size(), 2u);
  EXPECT_EQ(LoadU16(view.Extension(5).data()), 4711);
}

TEST_F(DowntrackTest, APacketIsRenderedOnceUnderItsNumber) {
  const auto seq = track_.Accept(now_, Packet(kAlice, 1, 0, true));
  EXPECT_TRUE(track_.Render(*seq, 1, out_));
  EXPECT_FALSE(track_.Render(*seq, 2, out_)) << "other bytes under the same SRTP index";
}

TEST_F(DowntrackTest, ARepetitionIsRtxWithTheOriginalsNumber) {
  const auto original = Send(Packet(kAlice, 1, 0, true));
  const auto seq = track_.Resend(now_, Duration::Millis(50), original.sequence_number);
  ASSERT_TRUE(seq);
  const auto again = View(track_.RenderAgain(seq->seq, 2, out_, scratch_));
  EXPECT_EQ(again.ssrc, Ssrc(78));
  EXPECT_EQ(again.payload_type, PayloadType(40));
  EXPECT_EQ(LoadU16(again.payload().data()), original.sequence_number);
  EXPECT_FALSE(track_.Resend(now_ + Duration::Millis(49), Duration::Millis(50), original.sequence_number))
      << "too soon";
  EXPECT_TRUE(track_.Resend(now_ + Duration::Millis(50), Duration::Millis(50), original.sequence_number));
}

TEST_F(DowntrackTest, WithoutRtxARepetitionIsTheSameBytes) {
  track_ = Downtrack(Config(false), rng_);
  ASSERT_TRUE(SetSource(kAlice));
  const auto seq = track_.Accept(now_, Packet(kAlice, 1, 0, true));
  EXPECT_FALSE(track_.RenderAgain(*seq, 5, out_, scratch_)) << "what was never sent cannot be repeated";
  const auto first = track_.Render(*seq, 5, out_);
  const std::vector<std::byte> header(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(first->header_size));
  const auto again = track_.RenderAgain(*seq, 6, out_, scratch_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->index, first->index);
  EXPECT_TRUE(std::equal(header.begin(), header.end(), out_.begin())) << "GCM allows one content for an index";
}

TEST_F(DowntrackTest, HeldBackItStartsAgainAtAKeyframe) {
  Send(Packet(kAlice, 1, 0, true));
  track_.SetPaused(true);
  EXPECT_FALSE(track_.waits_for_keyframe()) << "nobody needs to make one yet";
  EXPECT_EQ(track_.Accept(now_, Packet(kAlice, 2, 3000)).error(), Drop::kLayerFiltered);
  track_.SetPaused(false);
  EXPECT_TRUE(track_.waits_for_keyframe());
  EXPECT_EQ(track_.Accept(now_, Packet(kAlice, 3, 6000)).error(), Drop::kNoKeyframe);
  EXPECT_TRUE(track_.Accept(now_, Packet(kAlice, 4, 9000, true)).ok());
}

TEST_F(DowntrackTest, AnotherLayerStartsAtItsKeyframeAndTheFormerGoesOnUntilThen) {
  ASSERT_TRUE(SetSource(kBob, 3));
  const auto first = Send(Packet(kBob, 10, 1000, true, 0));
  EXPECT_EQ(track_.Accept(now_, Packet(kBob, 500, 70'000, true, 2)).error(), Drop::kLayerFiltered);
  EXPECT_TRUE(track_.layers().Desire(now_, 2));
  EXPECT_EQ(track_.Accept(now_, Packet(kBob, 501, 73'000, false, 2)).error(), Drop::kNoKeyframe);
  EXPECT_EQ(Send(Packet(kBob, 11, 4000)).sequence_number, first.sequence_number + 1);
  now_ = now_ + Duration::Millis(40);
  const auto larger = Send(Packet(kBob, 502, 76'000, true, 2));
  EXPECT_EQ(larger.sequence_number, first.sequence_number + 2);
  EXPECT_EQ(larger.timestamp - first.timestamp, 3000u + 3600u) << "the time of arrival, for want of better";
  EXPECT_EQ(track_.Accept(now_, Packet(kBob, 12, 7000)).error(), Drop::kLayerFiltered);
}

TEST_F(DowntrackTest, SenderReportsSayHowTheTimestampsOfTwoLayersFit) {
  ASSERT_TRUE(SetSource(kBob, 2));
  const Time captured = now_ - Duration::Millis(500);
  track_.set_reference(0, CaptureReference{captured, 1'000'000});
  track_.set_reference(1, CaptureReference{captured + Duration::Millis(100), 50});
  const auto small = Send(Packet(kBob, 10, 1'000'000 + 18'000, true, 0));  // captured 200 ms after the reference
  track_.layers().Desire(now_, 1);
  track_.Accept(now_, Packet(kBob, 20, 50, false, 1)).ok();
  track_.layers().Desire(now_, 1);
  now_ = now_ + Duration::Millis(300);
  const auto large = Send(Packet(kBob, 21, 50 + 13'500, true, 1));  // 250 ms after the same
  EXPECT_EQ(large.timestamp - small.timestamp, 4500u);
}

TEST_F(DowntrackTest, PaddingIsAnRtxPacketWithoutContent) {
  EXPECT_FALSE(track_.can_pad()) << "nothing was sent yet";
  Send(Packet(kAlice, 1, 0, true));
  ASSERT_TRUE(track_.can_pad());
  const auto view = View(track_.RenderPadding(1000, 9, out_, scratch_));
  EXPECT_EQ(view.ssrc, Ssrc(78));
  EXPECT_EQ(view.payload_size, 0u);
}

// A VP8 packet that is a whole picture: 15 bits of picture id, TL0PICIDX, temporal id.
class DowntrackVp8Test : public DowntrackTest {
 protected:
  ReceivedRtp Picture(int64_t seq, uint16_t picture_id, uint8_t temporal, bool keyframe = false) {
    ReceivedRtp in = Packet(kAlice, seq, static_cast<uint32_t>(seq * 3000), keyframe);
    const size_t header = in.view.header_size;
    const auto high = static_cast<uint8_t>(0x80 | picture_id >> 8);
    const auto low = static_cast<uint8_t>(picture_id);
    const auto layer = static_cast<uint8_t>(temporal << 6);
    const uint8_t payload[] = {0x90, 0xf0, high, low, 9, layer, static_cast<uint8_t>(keyframe ? 0x10 : 0x11), 1, 2, 3};
    std::memcpy(in.packet->buffer().data() + header, payload, sizeof(payload));
    in.packet->set_size(header + sizeof(payload));
    in.view = *ParseRtp(in.packet->bytes());
    in.frame = {.known = true, .temporal = temporal, .opens_above = true, .number = picture_id};
    return in;
  }
  static uint16_t PictureId(Bytes payload) { return ParseVp8Payload(payload).picture_id; }
  static bool SameBehindDescriptor(Bytes a, Bytes b) {
    return std::equal(a.begin() + 6, a.end(), b.begin() + 6, b.end());
  }
};

TEST_F(DowntrackVp8Test, WithFewerFramesNumbersAndPictureIdsHaveNoGaps) {
  const auto first = Send(Picture(1, 500, 0, true));
  EXPECT_EQ(PictureId(first.payload()), 500);
  track_.layers().set_temporal(0);
  track_.FollowChoice();
  EXPECT_EQ(track_.Accept(now_, Picture(2, 501, 2)).error(), Drop::kLayerFiltered);
  EXPECT_EQ(track_.Accept(now_, Picture(3, 502, 1)).error(), Drop::kLayerFiltered);
  const ReceivedRtp in = Picture(4, 503, 0);
  const auto next = Send(in);
  EXPECT_EQ(next.sequence_number, static_cast<uint16_t>(first.sequence_number + 1));
  EXPECT_EQ(PictureId(next.payload()), 501);
  EXPECT_TRUE(SameBehindDescriptor(next.payload(), in.view.payload()));
  EXPECT_EQ(PictureId(in.view.payload()), 503) << "the shared packet is as it was";
}

TEST_F(DowntrackVp8Test, ARepetitionHasTheNumbersOfTheOriginal) {
  Send(Picture(1, 500, 0, true));
  track_.layers().set_temporal(0);
  track_.FollowChoice();
  EXPECT_FALSE(track_.Accept(now_, Picture(2, 501, 1)).ok());
  const auto original = Send(Picture(3, 502, 0));
  const std::vector<std::byte> sent(original.payload().begin(), original.payload().end());
  const auto again = track_.Resend(now_, Duration::Millis(50), original.sequence_number);
  ASSERT_TRUE(again);
  const auto repeated = View(track_.RenderAgain(again->seq, 2, out_, scratch_));
  EXPECT_TRUE(std::equal(sent.begin(), sent.end(), repeated.payload().begin() + 2, repeated.payload().end()));
}

TEST_F(DowntrackTest, ASpatialLayerLessGoesAtOnceAndOneMoreAtAKeyframe) {
  codec_.kind = CodecKind::kVp9;
  DowntrackConfig config = Config(true);
  config.codecs.front().kind = CodecKind::kVp9;
  track_ = Downtrack(config, rng_);
  ASSERT_TRUE(SetSource(kBob));
  ASSERT_TRUE(SetSource(kAlice));
  const auto part = [&](int64_t seq, uint32_t timestamp, uint8_t spatial, bool keyframe = false) {
    ReceivedRtp in = Packet(kAlice, seq, timestamp, keyframe);
    in.frame = {.known = true, .spatial = spatial, .spatial_count = 2, .ends_frame = true, .number = timestamp};
    return in;
  };
  EXPECT_TRUE(track_.Accept(now_, part(1, 3000, 0, true)).ok());
  EXPECT_EQ(track_.layers().count(), 2u);
  EXPECT_TRUE(track_.Accept(now_, part(2, 3000, 1)).ok()) << "all of it, until something does not fit";
  EXPECT_TRUE(track_.layers().Desire(now_, 0));
  EXPECT_FALSE(track_.layers().needs_keyframe());
  track_.FollowChoice();
  EXPECT_TRUE(Send(part(3, 6000, 0)).marker);
  EXPECT_EQ(track_.Accept(now_, part(4, 6000, 1)).error(), Drop::kLayerFiltered);
  EXPECT_TRUE(track_.layers().Desire(now_, 1));
  EXPECT_TRUE(track_.layers().needs_keyframe());
  track_.FollowChoice();
  EXPECT_TRUE(Send(part(5, 9000, 0)).marker);
  EXPECT_EQ(track_.Accept(now_, part(6, 9000, 1)).error(), Drop::kLayerFiltered);
  EXPECT_FALSE(Send(part(7, 12000, 0, true)).marker);
  EXPECT_TRUE(track_.Accept(now_, part(8, 12000, 1)).ok());
}

}  // namespace
}  // namespace duet
