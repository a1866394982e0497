#include "core/layers/picture_numbers.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

TEST(PictureNumbers, GoOnOverTheWrap) {
  for (const bool is_long : {false, true}) {
    const int64_t circle = is_long ? 0x8000 : 0x80;
    PictureNumbers numbers;
    for (int64_t n = circle - 3; n < 3 * circle; ++n)
      EXPECT_EQ(numbers.Unwrap(static_cast<uint16_t>(n % circle), is_long, 1000 + n), n);
  }
}

TEST(PictureNumbers, EveryJumpIsReadFromTheSequenceNumber) {
  for (int jump = 0; jump < 128; ++jump) {
    PictureNumbers numbers;
    EXPECT_EQ(numbers.Unwrap(100, false, 1000), 100);
    const auto forward = static_cast<uint16_t>((100 + jump) % 128);
    EXPECT_EQ(numbers.Unwrap(forward, false, 2000), 100 + jump) << "pictures lost: " << jump;
    // And the way back, of a packet that comes late.
    EXPECT_EQ(numbers.Unwrap(100, false, 1500), 100) << jump;
    EXPECT_EQ(numbers.Unwrap(forward, false, 1999), 100 + jump);
  }
}

TEST(PictureNumbers, BeforeTheFirst) {
  PictureNumbers numbers;
  numbers.Unwrap(1, true, 1000);
  EXPECT_EQ(numbers.Unwrap(0x7fff, true, 999), -1);
  EXPECT_EQ(numbers.Unwrap(2, true, 1001), 2);
}

}  // namespace
}  // namespace duet
