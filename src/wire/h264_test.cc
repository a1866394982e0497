#include "wire/h264.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "wire/bit_reader.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

using testing::ElementsAre;

H264PayloadInfo Parse(std::string_view hex) { return ParseH264Payload(Hex(hex)); }

TEST(H264Payload, SingleNalUnits) {
  const struct {
    const char* what;
    std::string_view hex;
    bool keyframe, frame, picture;
  } cases[] = {
      {"slice, first", "419a", false, true, true},
      {"slice, a later one", "412a", false, false, false},
      {"IDR, first slice", "65b8", true, true, true},
      {"IDR, a later slice", "6538", false, false, false},
      {"IDR without content", "65", false, false, false},
      {"SEI", "0605", false, true, false},
      {"SPS", "6742c01e", true, true, false},
      {"PPS", "68ce3c80", false, true, false},
      {"delimiter", "09f0", false, true, false},
      {"end of sequence", "0a", false, false, false},
  };
  for (const auto& c : cases) {
    const auto info = Parse(c.hex);
    EXPECT_TRUE(info.valid) << c.what;
    EXPECT_EQ(info.starts_keyframe, c.keyframe) << c.what;
    EXPECT_EQ(info.start_of_frame, c.frame) << c.what;
    EXPECT_EQ(info.starts_picture, c.picture) << c.what;
    EXPECT_EQ(info.nal_types, 1u << (LoadU8(&Hex(c.hex)[0]) & 31)) << c.what;
  }
}

TEST(H264Payload, StapA) {
  // SPS and PPS as Chromium sends them, then an IDR slice.
  const auto sets = Parse("78 0004 6742c01e 0004 68ce3c80");
  EXPECT_TRUE(sets.valid);
  EXPECT_TRUE(sets.starts_keyframe);
  EXPECT_TRUE(sets.start_of_frame);
  EXPECT_FALSE(sets.starts_picture);
  EXPECT_TRUE(sets.has(H264Nal::kSps));
  EXPECT_TRUE(sets.has(H264Nal::kPps));
  EXPECT_FALSE(sets.has(H264Nal::kIdrSlice));
  EXPECT_FALSE(sets.has(H264Nal::kStapA)) << "a packet, not a NAL unit";

  const auto with_idr = Parse("78 0004 68ce3c80 0002 65b8");
  EXPECT_TRUE(with_idr.starts_keyframe);
  EXPECT_TRUE(with_idr.starts_picture);
  EXPECT_FALSE(Parse("78 0002 419a 0002 412a").starts_keyframe);
}

TEST(H264Payload, FuA) {
  const auto start = Parse("7c 85 b80004");
  EXPECT_TRUE(start.valid);
  EXPECT_TRUE(start.starts_keyframe);
  EXPECT_TRUE(start.starts_picture);
  EXPECT_TRUE(start.has(H264Nal::kIdrSlice));

  const auto middle = Parse("7c 05 b80004");
  EXPECT_TRUE(middle.valid);
  EXPECT_FALSE(middle.starts_keyframe);
  EXPECT_FALSE(middle.start_of_frame);
  EXPECT_TRUE(middle.has(H264Nal::kIdrSlice));

  EXPECT_TRUE(Parse("7c 45 b80004").valid);
  EXPECT_FALSE(Parse("7c 45 b80004").starts_keyframe);
  EXPECT_FALSE(Parse("7c 85 380004").starts_keyframe) << "a later slice of the picture";
  EXPECT_FALSE(Parse("5c 81 9a0004").starts_keyframe);
  EXPECT_TRUE(Parse("5c 81 9a0004").starts_picture);
  EXPECT_TRUE(Parse("7c 87 42c01e").starts_keyframe);
}

TEST(H264Payload, Malformed) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "empty"},
      {"60", "type 0"},
      {"78", "STAP-A of nothing"},
      {"78 00", "half a size"},
      {"78 0003 6742", "size past the end"},
      {"78 0000", "empty NAL unit"},
      {"78 0004 6742c01e 0002 68", "second one past the end"},
      {"78 0001 78", "STAP-A in a STAP-A"},
      {"78 0002 7c85", "FU-A in a STAP-A"},
      {"7c", "FU-A without a header"},
      {"7c 85", "FU-A without content"},
      {"7c c5 b8", "start and end"},
      {"7c 80 b8", "fragment of type 0"},
      {"7c 98 b8", "fragment of a STAP-A"},
      {"79 0000 0000", "STAP-B"},
      {"7a 0000", "MTAP16"},
      {"7b 0000", "MTAP24"},
      {"7d 85 b8", "FU-B"},
      {"7e 00", "type 30"},
      {"7f 00", "type 31"},
  };
  for (const auto& [hex, why] : cases) {
    const auto info = Parse(hex);
    EXPECT_FALSE(info.valid) << why;
    EXPECT_FALSE(info.starts_keyframe || info.start_of_frame || info.starts_picture) << why;
    EXPECT_EQ(info.nal_types, 0u) << why;
  }
}

TEST(ForEachH264Nal, VisitsWholeNalUnits) {
  const auto nals = [](std::string_view hex) {
    std::vector<std::string> seen;
    const auto bytes = Hex(hex);
    if (!ForEachH264Nal(bytes, [&](Bytes nal) { seen.push_back(ToHex(nal)); })) seen.push_back("malformed");
    return seen;
  };
  EXPECT_THAT(nals("6742c01e"), ElementsAre("6742c01e"));
  EXPECT_THAT(nals("78 0004 6742c01e 0001 09"), ElementsAre("6742c01e", "09"));
  EXPECT_THAT(nals("78 0004 6742c01e 0002 09"), ElementsAre("6742c01e", "malformed"));
  EXPECT_THAT(nals("7c85b8"), ElementsAre());
  EXPECT_THAT(nals(""), ElementsAre("malformed"));
}

TEST(H264Sps, AsOpenH264WritesThem) {
  const struct {
    std::string_view hex;
    uint32_t width, height;
    uint8_t level;
  } cases[] = {
      {"6742c01e8c8d40501ed00f08846a", 640, 480, 30},
      {"6742c01f8c8d402802dd00f08846a0", 1280, 720, 31},
      {"6742c00d8c8d40a8cb113403c2211a80", 322, 182, 13},
      {"6742c0288c8d403c0113d4d00f08846a", 1918, 1078, 40},
  };
  for (const auto& c : cases) {
    const auto sps = ParseH264Sps(Hex(c.hex));
    ASSERT_TRUE(sps) << c.hex;
    EXPECT_EQ(sps->width, c.width);
    EXPECT_EQ(sps->height, c.height);
    EXPECT_EQ(sps->profile_idc, 66);
    EXPECT_EQ(sps->constraint_flags, 0xc0);
    EXPECT_EQ(sps->level_idc, c.level);
  }
}

// Writes parameter sets bit by bit, with emulation prevention.
class SpsWriter {
 public:
  SpsWriter& Bits(uint32_t value, int n) {
    for (int i = n - 1; i >= 0; --i) bits_.push_back((value >> i) & 1);
    return *this;
  }
  SpsWriter& Unsigned(uint32_t value) {
    const int width = std::bit_width(value + 1);
    return Bits(0, width - 1).Bits(value + 1, width);
  }
  SpsWriter& Signed(int32_t value) {
    return Unsigned(value > 0 ? 2 * static_cast<uint32_t>(value) - 1 : 2 * static_cast<uint32_t>(-value));
  }
  std::vector<std::byte> Nal() const {
    std::vector<bool> bits = bits_;
    bits.push_back(true);
    while (bits.size() % 8 != 0) bits.push_back(false);
    std::vector<std::byte> nal = {std::byte{0x67}};
    int zeros = 0;
    for (size_t i = 0; i < bits.size(); i += 8) {
      uint8_t octet = 0;
      for (size_t k = 0; k < 8; ++k) octet = static_cast<uint8_t>(octet << 1 | bits[i + k]);
      if (zeros == 2 && octet <= 3) {
        nal.push_back(std::byte{3});
        zeros = 0;
      }
      zeros = octet == 0 ? zeros + 1 : 0;
      nal.push_back(std::byte{octet});
    }
    return nal;
  }

 private:
  std::vector<bool> bits_;
};

struct SpsOptions {
  uint8_t profile = 66;
  uint32_t chroma_format = 1;
  bool separate_planes = false;
  bool scaling = false;
  uint32_t order_type = 2;
  uint32_t cycle = 0;
  uint32_t width_mbs = 40;
  uint32_t height_units = 30;
  bool frames_only = true;
  bool crop = false;
  uint32_t left = 0, right = 0, top = 0, bottom = 0;
};

std::vector<std::byte> WriteSps(const SpsOptions& o) {
  SpsWriter w;
  w.Bits(o.profile, 8).Bits(0, 8).Bits(31, 8).Unsigned(0);
  if (o.profile >= 100) {
    w.Unsigned(o.chroma_format);
    if (o.chroma_format == 3) w.Bits(o.separate_planes, 1);
    w.Unsigned(0).Unsigned(0).Bits(0, 1).Bits(o.scaling, 1);
    if (o.scaling) {
      for (int list = 0; list < (o.chroma_format == 3 ? 12 : 8); ++list) {
        // Every other list is there: whole ones, and one that ends early with a next scale of zero.
        w.Bits(list % 2, 1);
        if (list % 2 == 0) continue;
        if (list == 3) {
          w.Signed(2).Signed(-10);
        } else {
          for (int i = 0; i < (list < 6 ? 16 : 64); ++i) w.Signed(i % 2 == 0 ? 1 : -1);
        }
      }
    }
  }
  w.Unsigned(0).Unsigned(o.order_type);
  if (o.order_type == 0) w.Unsigned(2);
  if (o.order_type == 1) {
    w.Bits(0, 1).Signed(-3).Signed(5).Unsigned(o.cycle);
    for (uint32_t i = 0; i < o.cycle; ++i) w.Signed(static_cast<int32_t>(i) - 2);
  }
  w.Unsigned(1).Bits(0, 1).Unsigned(o.width_mbs - 1).Unsigned(o.height_units - 1).Bits(o.frames_only, 1);
  if (!o.frames_only) w.Bits(1, 1);
  w.Bits(1, 1).Bits(o.crop, 1);
  if (o.crop) w.Unsigned(o.left).Unsigned(o.right).Unsigned(o.top).Unsigned(o.bottom);
  w.Bits(0, 1);
  return w.Nal();
}

TEST(H264Sps, EveryWayToSayASize) {
  const struct {
    const char* what;
    SpsOptions options;
    uint32_t width, height;
  } cases[] = {
      {"plain", {}, 640, 480},
      {"order by bits", {.order_type = 0}, 640, 480},
      {"order by cycle", {.order_type = 1, .cycle = 7}, 640, 480},
      {"interlaced", {.height_units = 15, .frames_only = false}, 640, 480},
      {"crop 4:2:0", {.crop = true, .left = 1, .right = 2, .top = 3, .bottom = 4}, 634, 466},
      {"crop interlaced", {.height_units = 15, .frames_only = false, .crop = true, .bottom = 2}, 640, 472},
      {"high", {.profile = 100, .crop = true, .right = 1, .bottom = 1}, 638, 478},
      {"crop 4:2:2", {.profile = 122, .chroma_format = 2, .crop = true, .right = 1, .bottom = 1}, 638, 479},
      {"crop 4:4:4", {.profile = 244, .chroma_format = 3, .crop = true, .right = 1, .bottom = 1}, 639, 479},
      {"crop of planes",
       {.profile = 244, .chroma_format = 3, .separate_planes = true, .crop = true, .right = 1},
       639,
       480},
      {"crop monochrome", {.profile = 100, .chroma_format = 0, .crop = true, .right = 1, .bottom = 1}, 639, 479},
      {"scaling lists", {.profile = 100, .scaling = true}, 640, 480},
      {"twelve scaling lists", {.profile = 244, .chroma_format = 3, .scaling = true}, 640, 480},
      {"smallest", {.width_mbs = 1, .height_units = 1}, 16, 16},
      {"largest", {.width_mbs = 1024, .height_units = 1024}, 16384, 16384},
  };
  for (const auto& c : cases) {
    const auto nal = WriteSps(c.options);
    const auto sps = ParseH264Sps(nal);
    ASSERT_TRUE(sps) << c.what;
    EXPECT_EQ(sps->width, c.width) << c.what;
    EXPECT_EQ(sps->height, c.height) << c.what;
  }
}

TEST(H264Sps, OutOfRange) {
  const std::pair<const char*, SpsOptions> cases[] = {
      {"too wide", {.width_mbs = 1025}},
      {"too high", {.height_units = 1025}},
      {"too high in fields", {.height_units = 513, .frames_only = false}},
      {"so wide that it wraps", {.width_mbs = 1u << 28}},
      {"cropped to nothing", {.crop = true, .left = 160, .right = 160}},
      {"cropped over the wrap", {.crop = true, .bottom = 0x7fffffff}},
      {"unknown chroma", {.profile = 100, .chroma_format = 4}},
  };
  for (const auto& [why, options] : cases) EXPECT_FALSE(ParseH264Sps(WriteSps(options))) << why;
  // A cycle of 2^31 - 2 offsets in a set of a few bytes ends with the bytes.
  SpsWriter endless;
  endless.Bits(66, 8).Bits(0, 8).Bits(31, 8).Unsigned(0).Unsigned(0).Unsigned(1);
  endless.Bits(0, 1).Signed(0).Signed(0).Unsigned(0x7ffffffe).Bits(0xffffffff, 32);
  EXPECT_FALSE(ParseH264Sps(endless.Nal()));
  SpsWriter id;
  id.Bits(66, 8).Bits(0, 8).Bits(31, 8).Unsigned(32).Bits(0xffffffff, 32).Bits(0xffffffff, 32);
  EXPECT_FALSE(ParseH264Sps(id.Nal())) << "an id above 31";
}

TEST(H264Sps, EveryTruncationOfTheSizeIsRefused) {
  const auto nal = Hex("6742c01e8c8d40501ed00f08846a");
  // The crop flag is in byte 9; what follows are usability hints.
  for (size_t size = 0; size < 9; ++size) EXPECT_FALSE(ParseH264Sps(Bytes(nal).first(size))) << size;
  EXPECT_FALSE(ParseH264Sps(Hex("6842c01e8c8d40501ed00f08846a"))) << "not an SPS";
}

TEST(BitReader, EmulationPrevention) {
  const auto bytes = Hex("00000301 00000300 03");
  BitReader bits(bytes);
  EXPECT_EQ(bits.Bits(24), 0x000001u);
  EXPECT_EQ(bits.Bits(32), 0x00000003u);
  EXPECT_TRUE(bits.ok());
  EXPECT_EQ(bits.Bit(), 0u);
  EXPECT_FALSE(bits.ok());
}

TEST(BitReader, ExponentialGolomb) {
  // Section 9.1: 1 = 0, 010 = 1, 011 = 2, 00100 = 3, 00101 = 4.
  const auto bytes = Hex("a64280");  // 1 010 011 00100 00101 0000000
  BitReader bits(bytes);
  for (const uint32_t expected : {0u, 1u, 2u, 3u, 4u}) EXPECT_EQ(bits.Unsigned(), expected);
  EXPECT_TRUE(bits.ok());
  EXPECT_EQ(bits.Unsigned(), 0u);
  EXPECT_FALSE(bits.ok());
  BitReader signs(bytes);
  for (const int32_t expected : {0, 1, -1, 2, -2}) EXPECT_EQ(signs.Signed(), expected);

  const auto longest = Hex("00000001 fffffffe");  // 31 zeros, a one, 31 ones
  EXPECT_EQ(BitReader(longest).Unsigned(), 0xfffffffeu);
  EXPECT_EQ(BitReader(longest).Signed(), -0x7fffffff);
  const auto too_long = Hex("00000000 ffffffff ff");
  BitReader over(too_long);
  over.Unsigned();
  EXPECT_FALSE(over.ok());
}

TEST(H264ProfileLevelId, Parse) {
  EXPECT_EQ(H264ProfileLevelId::Parse("42e01f"), (H264ProfileLevelId{0x42, 0xe0, 0x1f}));
  EXPECT_EQ(H264ProfileLevelId::Parse("64001F"), (H264ProfileLevelId{0x64, 0x00, 0x1f}));
  EXPECT_EQ(H264ProfileLevelId::FromNumber(0x42e01f), (H264ProfileLevelId{0x42, 0xe0, 0x1f}));
  for (const char* bad : {"", "42e01", "42e01f0", "42e01g", "-2e01f", "42 01f", "0x42e0"}) {
    EXPECT_FALSE(H264ProfileLevelId::Parse(bad)) << bad;
  }
}

TEST(H264ProfileLevelId, ProfilesOfTable5) {
  const std::pair<const char*, H264Profile> cases[] = {
      {"42e01f", H264Profile::kConstrainedBaseline},
      {"42c01f", H264Profile::kConstrainedBaseline},
      {"4240ff", H264Profile::kConstrainedBaseline},
      {"4d801f", H264Profile::kConstrainedBaseline},
      {"58c01f", H264Profile::kConstrainedBaseline},
      {"42001f", H264Profile::kBaseline},
      {"42a01f", H264Profile::kBaseline},
      {"58801f", H264Profile::kBaseline},
      {"4d001f", H264Profile::kMain},
      {"4d401f", H264Profile::kMain},
      {"58001f", H264Profile::kExtended},
      {"64001f", H264Profile::kHigh},
      {"640c1f", H264Profile::kConstrainedHigh},
      {"6e001f", H264Profile::kHigh10},
      {"7a001f", H264Profile::kHigh422},
      {"f4001f", H264Profile::kHigh444},
      {"42011f", H264Profile::kUnknown},
      {"64101f", H264Profile::kUnknown},
      {"001f00", H264Profile::kUnknown},
      {"4d201f", H264Profile::kUnknown},
  };
  for (const auto& [hex, profile] : cases) EXPECT_EQ(ProfileOf(*H264ProfileLevelId::Parse(hex)), profile) << hex;
}

TEST(H264ProfileLevelId, SameFormat) {
  const auto same = [](const char* a, int mode_a, const char* b, int mode_b) {
    return IsSameH264Format(*H264ProfileLevelId::Parse(a), mode_a, *H264ProfileLevelId::Parse(b), mode_b);
  };
  EXPECT_TRUE(same("42e01f", 1, "42e01f", 1));
  EXPECT_TRUE(same("42e01f", 1, "42e034", 1)) << "the level may differ";
  EXPECT_TRUE(same("42e01f", 1, "4d801f", 1)) << "two spellings of constrained baseline";
  EXPECT_FALSE(same("42e01f", 1, "42e01f", 0)) << "packetization mode";
  EXPECT_FALSE(same("42e01f", 1, "42001f", 1)) << "constrained baseline and baseline";
  EXPECT_FALSE(same("64001f", 1, "640c1f", 1));
  EXPECT_FALSE(same("ffffff", 1, "ffffff", 1)) << "unknown profiles";
}

}  // namespace
}  // namespace duet
