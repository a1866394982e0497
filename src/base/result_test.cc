#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/drop.h"

namespace duet {
namespace {

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 7;
  EXPECT_TRUE(good.ok());
  EXPECT_TRUE(static_cast<bool>(good));
  EXPECT_EQ(good.value(), 7);
  EXPECT_EQ(*good, 7);

  const Result<int> bad = Error{ErrorCode::kLimit, "too many"};
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error(), (Error{ErrorCode::kLimit, "too many"}));
}

TEST(Result, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  EXPECT_EQ(**result, 3);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 3);
}

TEST(Result, OtherErrorTypes) {
  const Result<int, Drop> dropped = Drop::kReplay;
  EXPECT_EQ(dropped.error(), Drop::kReplay);
  const Status status = Ok{};
  EXPECT_TRUE(status.ok());
}

TEST(ResultDeathTest, ReadingTheOtherSideIsOurMistake) {
  const Result<int> good = 1;
  const Result<int> bad = Error{};
  EXPECT_DEATH(static_cast<void>(good.error()), "CHECK failed");
  EXPECT_DEATH(static_cast<void>(bad.value()), "CHECK failed");
}

TEST(ErrorCode, EveryCodeHasItsName) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) names.insert(ToString(static_cast<ErrorCode>(i)));
  EXPECT_EQ(names.size(), static_cast<size_t>(ErrorCode::kInternal) + 1);
  EXPECT_EQ(names.count("unknown"), 0u);
}

}  // namespace
}  // namespace duet
