#include "node/tickets.h"

#include <gtest/gtest.h>

namespace duet {
namespace {

using Purpose = Tickets::Subject::Purpose;
using signal::StreamType;

constexpr Time kNow = Time::FromMillis(1'800'000'000'000);

class TicketsTest : public testing::Test {
 protected:
  // The member that the ticket is good for, else the name of the error.
  std::string Check(const Tickets::Subject& subject, std::string_view ticket, Time now = kNow) const {
    const auto member = tickets_.Check(now, subject, ticket);
    return member.ok() ? *member : std::string(member.error().name);
  }

  SeededRng rng_{5};
  Tickets tickets_{rng_};
  const Tickets::Subject play_{Purpose::kPlay, RoomKey(7), "bob", StreamType::kMain};
  const std::string ticket_ = tickets_.Make(kNow, play_, "al ice");
};

TEST_F(TicketsTest, IsGoodForItsMemberAndSubject) {
  EXPECT_EQ(Check(play_, ticket_), "al ice");
  EXPECT_EQ(ticket_.find_first_not_of("0123456789abcdef"), std::string::npos) << "as it is in an address";
}

TEST_F(TicketsTest, IsGoodForNothingElse) {
  EXPECT_EQ(Check({Purpose::kPush, RoomKey(7), "bob", StreamType::kMain}, ticket_), "ticket_invalid");
  EXPECT_EQ(Check({Purpose::kPlay, RoomKey(8), "bob", StreamType::kMain}, ticket_), "ticket_invalid");
  EXPECT_EQ(Check({Purpose::kPlay, RoomKey(7), "bo", StreamType::kMain}, ticket_), "ticket_invalid");
  EXPECT_EQ(Check({Purpose::kPlay, RoomKey(7), "bob", StreamType::kAux}, ticket_), "ticket_invalid");
  Tickets others(rng_);
  EXPECT_EQ(Check(play_, others.Make(kNow, play_, "al ice")), "ticket_invalid") << "another server's key";
  EXPECT_FALSE(Tickets(rng_).Check(kNow, play_, ticket_).ok()) << "a server that has made none";
}

TEST_F(TicketsTest, EveryByteCounts) {
  for (size_t i = 0; i < ticket_.size(); ++i) {
    std::string forged = ticket_;
    forged[i] = forged[i] == '0' ? '1' : '0';
    EXPECT_EQ(Check(play_, forged), "ticket_invalid") << i;
  }
  for (const std::string_view text : {"", "0", "zz", "00112233", "not hexadecimal at all but long enough for a mac!!"})
    EXPECT_EQ(Check(play_, text), "ticket_invalid") << text;
  EXPECT_EQ(Check(play_, ticket_ + "00"), "ticket_invalid");
  EXPECT_EQ(Check(play_, ticket_ + "0"), "ticket_invalid");
  EXPECT_EQ(Check(play_, std::string(100'000, '0')), "ticket_invalid");
}

TEST_F(TicketsTest, Expires) {
  EXPECT_EQ(Check(play_, ticket_, kNow + Tickets::kLife - Duration::Millis(1)), "al ice");
  EXPECT_EQ(Check(play_, ticket_, kNow + Tickets::kLife), "ticket_expired");
}

}  // namespace
}  // namespace duet
