#include "base/packet_pool.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/outbox.h"

namespace duet {
namespace {

TEST(PacketPool, HandsOutEachSlotOnceAndTakesThemBack) {
  PacketPool pool(4);
  EXPECT_EQ(pool.capacity(), 4u);
  for (int round = 0; round < 3; ++round) {
    std::vector<PacketRef> packets;
    std::set<const Packet*> distinct;
    for (int i = 0; i < 4; ++i) {
      packets.push_back(pool.Acquire());
      ASSERT_TRUE(packets.back());
      distinct.insert(&*packets.back());
    }
    EXPECT_EQ(distinct.size(), 4u);
    EXPECT_EQ(pool.in_use(), 4u);
    EXPECT_FALSE(pool.Acquire());
    EXPECT_EQ(pool.exhausted(), static_cast<uint64_t>(round + 1));
    packets.clear();
    EXPECT_EQ(pool.in_use(), 0u);
  }
}

TEST(PacketPool, TheLastReferenceReturnsTheSlot) {
  PacketPool pool(1);
  PacketRef a = pool.Acquire();
  EXPECT_TRUE(a->unique());
  PacketRef b = a;
  EXPECT_FALSE(a->unique());
  EXPECT_EQ(&*a, &*b);
  PacketRef c = std::move(a);
  EXPECT_FALSE(a);  // NOLINT: moved from is null
  b.reset();
  EXPECT_FALSE(b);
  EXPECT_TRUE(c->unique());
  EXPECT_EQ(pool.in_use(), 1u);
  const PacketRef& same = c;
  c = same;
  EXPECT_EQ(pool.in_use(), 1u);
  c = PacketRef();
  EXPECT_EQ(pool.in_use(), 0u);
  EXPECT_TRUE(pool.Acquire());
}

TEST(PacketPool, AReusedSlotStartsEmpty) {
  PacketPool pool(1);
  {
    PacketRef packet = pool.Copy(AsBytes("old content"));
    EXPECT_EQ(AsText(packet->bytes()), "old content");
  }
  PacketRef packet = pool.Acquire();
  EXPECT_EQ(packet->size(), 0u);
  EXPECT_TRUE(packet->bytes().empty());
  EXPECT_EQ(packet->buffer().size(), Packet::kPacketBytes);
}

TEST(PacketPool, CopyTakesWhatFits) {
  PacketPool pool(2);
  const std::vector<std::byte> largest(Packet::kPacketBytes, std::byte{7});
  const std::vector<std::byte> larger(Packet::kPacketBytes + 1);
  const PacketRef packet = pool.Copy(largest);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->size(), Packet::kPacketBytes);
  EXPECT_EQ(packet->bytes().back(), std::byte{7});
  EXPECT_FALSE(pool.Copy(larger));
  EXPECT_TRUE(pool.Copy({}));
  EXPECT_EQ(pool.in_use(), 1u);
}

TEST(PacketPoolDeathTest, EveryPacketMustBeBackAtTheEnd) {
  EXPECT_DEATH(
      {
        PacketRef escaped;
        PacketPool pool(1);
        escaped = pool.Acquire();
      },
      "CHECK failed");
}

TEST(Outbox, IsBoundedAndCounts) {
  PacketPool pool(3);
  const Endpoint to{IpAddress::V4(127, 0, 0, 1), 5};
  Outbox outbox(pool);
  EXPECT_TRUE(outbox.SendCopy(to, AsBytes("a")));
  EXPECT_FALSE(outbox.Send(to, PacketRef())) << "a null packet";
  EXPECT_EQ(outbox.dropped(), 1u);
  const PacketRef shared = pool.Copy(AsBytes("b"));
  while (outbox.size() < Outbox::kCapacity) ASSERT_TRUE(outbox.Send(to, shared));
  EXPECT_FALSE(outbox.Send(to, shared));
  EXPECT_EQ(outbox.dropped(), 2u);
  EXPECT_EQ(AsText(outbox.queued()[0].packet->bytes()), "a");
  EXPECT_EQ(outbox.queued()[1].to, to);
  outbox.Clear();
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(pool.in_use(), 1u);
}

}  // namespace
}  // namespace duet
