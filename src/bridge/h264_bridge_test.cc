// Packetizer and depacketizer, alone and one behind the other, with pictures that x264 encoded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "bridge/flv_frames.h"
#include "bridge/h264_depacketizer.h"
#include "bridge/h264_packetizer.h"
#include "bridge/test_media.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

using testing::ElementsAre;

constexpr Time kStart = Time::FromMillis(1000);
// 320x240 constrained baseline, and a PPS.
constexpr std::string_view kSps = "6742c01ed90141fb0110000003001000000303c0f162e480";
constexpr std::string_view kPps = "68cb8cb2";

std::vector<std::byte> Config(std::string_view sps = kSps) {
  std::vector<std::byte> record;
  AppendAvcConfig(Hex(sps), Hex(kPps), record);
  return record;
}

std::vector<std::byte> Nal(std::string_view head, size_t size) {
  std::vector<std::byte> nal = Hex(head);
  nal.resize(size, std::byte{0x55});
  return nal;
}

std::vector<std::byte> AccessUnit(const std::vector<std::vector<std::byte>>& nals) {
  std::vector<std::byte> unit;
  for (const auto& nal : nals) AppendAvccNal(nal, unit);
  return unit;
}

std::vector<std::string> Hexes(const H264Packetizer::Picture& picture) {
  std::vector<std::string> hexes;
  for (const RtpPayload& payload : picture.payloads) hexes.push_back(ToHex(payload.data));
  return hexes;
}

TEST(H264Packetizer, ParameterSetsStandBeforeEveryIdr) {
  H264Packetizer packetizer;
  ASSERT_TRUE(packetizer.SetConfig(Config()));
  for (int i = 0; i < 2; ++i) {
    const auto unit = AccessUnit({Hex("09f0"), Hex("65b80011")});
    const auto picture = packetizer.Packetize(unit);
    ASSERT_TRUE(picture.ok());
    EXPECT_TRUE(picture->keyframe);
    EXPECT_EQ(picture->new_format.has_value(), i == 0);
    const std::string stap_a = "780018" + std::string(kSps) + "0004" + std::string(kPps) + "000465b80011";
    EXPECT_THAT(Hexes(*picture), ElementsAre(stap_a)) << "one STAP-A, without the delimiter";
    EXPECT_TRUE(picture->payloads[0].marker);
  }
  const auto unit = AccessUnit({Hex("41e000")});
  EXPECT_THAT(Hexes(*packetizer.Packetize(unit)), ElementsAre("41e000"));
}

TEST(H264Packetizer, ChangedParameterSetsGoOutAtOnce) {
  H264Packetizer packetizer;
  ASSERT_TRUE(packetizer.SetConfig(Config()));
  EXPECT_EQ(packetizer.Packetize(AccessUnit({Hex("65b8")}))->new_format->width, 320u);
  ASSERT_TRUE(packetizer.SetConfig(Config()));
  EXPECT_EQ(packetizer.Packetize(AccessUnit({Hex("41e000")}))->payloads.size(), 1u);
  // In the stream, with another level: once, although this picture is no keyframe.
  const auto other = Hex("6742c01fd90141fb0110000003001000000303c0f162e480");
  const auto unit = AccessUnit({other, Hex("41e000")});
  const auto picture = packetizer.Packetize(unit);
  ASSERT_TRUE(picture.ok());
  EXPECT_TRUE(picture->new_format);
  EXPECT_TRUE(ParseH264Payload(picture->payloads[0].data).has(H264Nal::kSps));
  EXPECT_FALSE(packetizer.Packetize(AccessUnit({Hex("41e000")}))->new_format);
}

TEST(H264Packetizer, LargeNalUnitsAreCutEvenly) {
  H264Packetizer packetizer;
  ASSERT_TRUE(packetizer.SetConfig(Config()));
  for (const size_t size : {1200u, 1201u, 2397u, 2398u, 100'000u}) {
    const auto nal = Nal("41e0", size);
    const auto unit = AccessUnit({nal});
    const auto picture = packetizer.Packetize(unit);
    ASSERT_TRUE(picture.ok());
    size_t least = H264Packetizer::kMaxPayload;
    size_t most = 0;
    std::vector<std::byte> joined = {nal[0]};
    for (const RtpPayload& payload : picture->payloads) {
      EXPECT_TRUE(ParseH264Payload(payload.data).valid);
      least = std::min(least, payload.data.size());
      most = std::max(most, payload.data.size());
      joined.insert(joined.end(), payload.data.begin() + 2, payload.data.end());
      EXPECT_EQ(payload.marker, &payload == &picture->payloads.back());
    }
    if (size == 1200) {
      EXPECT_EQ(picture->payloads.size(), 2u) << "with the new parameter sets in front";
      continue;
    }
    EXPECT_LE(most, H264Packetizer::kMaxPayload);
    EXPECT_LE(most - least, 1u) << size;
    EXPECT_EQ(joined, nal) << size;
  }
}

TEST(H264Packetizer, DropsBPicturesAndTellsWhatTheyWere) {
  H264Packetizer packetizer;
  ASSERT_TRUE(packetizer.SetConfig(Config()));
  const auto b = packetizer.Packetize(AccessUnit({Hex("0605"), Hex("01a000")}));
  ASSERT_TRUE(b.ok());
  EXPECT_TRUE(b->dropped_b);
  EXPECT_FALSE(b->dropped_reference);
  EXPECT_TRUE(b->payloads.empty());
  EXPECT_TRUE(packetizer.Packetize(AccessUnit({Hex("41a000")}))->dropped_reference);
}

TEST(H264Packetizer, Errors) {
  H264Packetizer packetizer;
  EXPECT_EQ(packetizer.Packetize(AccessUnit({Hex("65b8")})).error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(packetizer.SetConfig(Hex("0142")));
  ASSERT_TRUE(packetizer.SetConfig(Config()));
  EXPECT_EQ(packetizer.Packetize(Hex("00000009 65b8")).error().code, ErrorCode::kMalformed);
  EXPECT_TRUE(packetizer.Packetize({})->payloads.empty());
}

struct Packet {
  int64_t seq = 0;
  uint32_t timestamp = 0;
  bool marker = false;
  std::vector<std::byte> payload;
};

// A clip of 3 s with keyframes every second, as packets; and what each picture was.
struct Clip {
  std::vector<Packet> packets;
  std::vector<std::vector<std::byte>> units;  // by order of timestamps, which are units * 3000
  std::vector<bool> keyframes;
};

Clip MakeClip() {
  static const std::vector<TestTag> tags = EncodeFlv(
      "-f lavfi -i testsrc2=size=640x360:rate=30 -t 3 -pix_fmt yuv420p -c:v libx264 -preset veryfast -bf 0 -g 30 "
      "-b:v 3M");
  Clip clip;
  H264Packetizer packetizer;
  int64_t seq = 70'000;
  for (const TestTag& tag : tags) {
    const auto video = ParseFlvVideo(tag.data);
    if (tag.header.type != 9 || !video) continue;
    if (video->packet == FlvPacket::kSequenceHeader) {
      EXPECT_TRUE(packetizer.SetConfig(video->data));
    }
    if (video->packet != FlvPacket::kFrame) continue;
    const auto picture = packetizer.Packetize(video->data);
    if (!picture.ok()) {
      ADD_FAILURE() << picture.error().message;
      break;
    }
    EXPECT_EQ(picture->keyframe, video->keyframe);
    const auto timestamp = static_cast<uint32_t>(clip.units.size() * 3000);
    for (const RtpPayload& payload : picture->payloads) {
      EXPECT_LE(payload.data.size(), H264Packetizer::kMaxPayload);
      clip.packets.push_back({seq++, timestamp, payload.marker, {payload.data.begin(), payload.data.end()}});
    }
    clip.units.emplace_back(video->data.begin(), video->data.end());
    clip.keyframes.push_back(video->keyframe);
  }
  EXPECT_EQ(clip.units.size(), 90u);
  EXPECT_GT(clip.packets.size(), 300u);
  return clip;
}

// Gives a packet; every picture that comes out must be the one that went in. Returns their numbers.
class Receiver {
 public:
  explicit Receiver(const Clip& clip) : clip_(clip) {}

  void Give(Time now, const Packet& packet) {
    depacketizer.Push(now, packet.seq, packet.timestamp, packet.marker, packet.payload);
    Take(now);
  }
  void Take(Time now) {
    while (const auto unit = depacketizer.Pop(now)) {
      const size_t index = unit->rtp_timestamp / 3000;
      ASSERT_LT(index, clip_.units.size());
      // FFmpeg writes x264's parameter sets into the first access unit as well; those are handed over apart.
      std::vector<std::byte> expected;
      ForEachAvccNal(clip_.units[index], 4, [&](Bytes nal) {
        const H264Nal type = H264NalType(nal[0]);
        if (type != H264Nal::kSps && type != H264Nal::kPps) AppendAvccNal(nal, expected);
      });
      EXPECT_TRUE(std::equal(unit->data.begin(), unit->data.end(), expected.begin(), expected.end())) << index;
      EXPECT_EQ(unit->keyframe, clip_.keyframes[index]);
      // Nothing broken: a picture either follows the one before or is a keyframe.
      EXPECT_TRUE(unit->keyframe || (!got.empty() && index == got.back() + 1)) << index;
      EXPECT_TRUE(unit->new_sets || !got.empty());
      got.push_back(index);
    }
  }

  H264Depacketizer depacketizer;
  std::vector<size_t> got;

 private:
  const Clip& clip_;
};

TEST(H264Bridge, PicturesComeOutAsTheyWentIn) {
  const Clip clip = MakeClip();
  Receiver receiver(clip);
  for (const Packet& packet : clip.packets) receiver.Give(kStart, packet);
  EXPECT_EQ(receiver.got.size(), 90u);
  EXPECT_EQ(receiver.depacketizer.lost_pictures(), 0u);
  EXPECT_TRUE(receiver.depacketizer.NextTimer().is_never());
  const auto sps = ParseH264Sps(receiver.depacketizer.sps());
  ASSERT_TRUE(sps);
  EXPECT_EQ(sps->width, 640u);
  EXPECT_GT(MakeVideoConfigFrame(receiver.depacketizer.sps(), receiver.depacketizer.pps())->data.size(), 20u);
}

TEST(H264Bridge, ReorderingAndPaddingAreHealed) {
  Clip clip = MakeClip();
  // Padding between any two pictures, and pairs of packets that overtake each other.
  std::vector<Packet> sent;
  int64_t seq = 1000;
  for (const Packet& packet : clip.packets) {
    sent.push_back(packet);
    sent.back().seq = seq++;
    if (packet.marker) sent.push_back({seq++, packet.timestamp, false, {}});
  }
  for (size_t i = 3; i + 3 < sent.size(); i += 4) std::swap(sent[i], sent[i + 3]);
  Receiver receiver(clip);
  for (const Packet& packet : sent) receiver.Give(kStart, packet);
  EXPECT_EQ(receiver.got.size(), 90u);
  EXPECT_EQ(receiver.depacketizer.lost_pictures(), 0u);
}

TEST(H264Bridge, ARetransmissionInTimeHealsALoss) {
  const Clip clip = MakeClip();
  Receiver receiver(clip);
  const size_t lost = clip.packets.size() / 2;
  for (size_t i = 0; i < clip.packets.size(); ++i) {
    if (i != lost) receiver.Give(kStart, clip.packets[i]);
  }
  EXPECT_LT(receiver.got.size(), 90u);
  EXPECT_EQ(receiver.depacketizer.NextTimer(), kStart + H264Depacketizer::kMaxWait);
  receiver.Give(kStart + Duration::Millis(200), clip.packets[lost]);
  EXPECT_EQ(receiver.got.size(), 90u);
}

TEST(H264Bridge, AfterALossOnlyAKeyframeGoesOn) {
  const Clip clip = MakeClip();
  Receiver receiver(clip);
  EXPECT_TRUE(receiver.depacketizer.TakeKeyframeRequest()) << "to begin with";
  Time now = kStart;
  bool skipped = false;
  for (const Packet& packet : clip.packets) {
    now = kStart + Duration::Millis(packet.timestamp / 90);
    if (packet.timestamp == 40 * 3000 && !skipped) {
      skipped = true;
      continue;
    }
    receiver.Give(now, packet);
  }
  // Pictures 0..39 and those from the keyframe 60 on.
  EXPECT_EQ(receiver.got.size(), 70u);
  EXPECT_EQ(receiver.got[40], 60u);
  EXPECT_EQ(receiver.depacketizer.lost_pictures(), 1u);
  EXPECT_TRUE(receiver.depacketizer.TakeKeyframeRequest());
  EXPECT_FALSE(receiver.depacketizer.TakeKeyframeRequest());
}

TEST(H264Bridge, RandomLossNeverShowsABrokenPicture) {
  const Clip clip = MakeClip();
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SeededRng rng(seed);
    Receiver receiver(clip);
    Time now = kStart;
    std::vector<Packet> late;
    for (const Packet& packet : clip.packets) {
      now = kStart + Duration::Millis(packet.timestamp / 90);
      const uint64_t dice = rng.Below(100);
      if (dice < 1) continue;
      if (dice < 8) {
        late.push_back(packet);
        continue;
      }
      receiver.Give(now, packet);
      if (late.size() > 4) {
        for (const Packet& l : late) receiver.Give(now, l);
        late.clear();
      }
    }
    receiver.Take(now + Duration::Seconds(1));
    EXPECT_TRUE(std::is_sorted(receiver.got.begin(), receiver.got.end()));
  }
}

TEST(H264Bridge, KeyframeWithoutItsParameterSetsIsNotBegunWith) {
  const Clip clip = MakeClip();
  Receiver receiver(clip);
  // The very first packet has the parameter sets of the first keyframe.
  for (const Packet& packet : clip.packets)
    if (packet.seq != clip.packets[0].seq) receiver.Give(kStart, packet);
  ASSERT_FALSE(receiver.got.empty());
  EXPECT_EQ(receiver.got.front(), 30u);
}

}  // namespace
}  // namespace duet
