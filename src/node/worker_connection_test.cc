// A member over TCP as the Worker sees it: its address comes and goes with the connection.
#include "node/worker_test_fixture.h"

namespace duet {
namespace {

TEST_F(WorkerTest, AnAddressGoesWithItsConnectionAndComesBackWithACheck) {
  EXPECT_FALSE(worker_->Knows(alice_.address()));
  Connect();
  EXPECT_TRUE(worker_->Knows(alice_.address()));
  EXPECT_FALSE(worker_->Knows({alice_.address().ip, alice_.address().port, Transport::kTcp}))
      << "the same address over TCP is another one";

  worker_->OnConnectionEnded(now_, alice_.address());
  EXPECT_FALSE(worker_->Knows(alice_.address()));
  EXPECT_TRUE(worker_->Knows(bob_.address()));
  SendAudio(1, 0);
  Carry();
  EXPECT_TRUE(Got(kAudioOut).empty());
  Wait(kMs(200));
  ASSERT_FALSE(Events<WorkerCounts>().empty()) << "what has changed is told soon";
  EXPECT_EQ(Events<WorkerCounts>().back().addresses, 1u);
  EXPECT_EQ(Events<WorkerCounts>().back().drops[Drop::kUnknownSource], 1u);
  EXPECT_TRUE(Events<PeerLost>().empty());

  // The client connects again, from another port.
  alice_.MoveTo({alice_.address().ip, 4321});
  alice_.SendCheck();
  SendAudio(2, 960);
  Carry();
  EXPECT_EQ(Got(kAudioOut).size(), 1u);
}

TEST_F(WorkerTest, AConnectionThatIsNotMadeAgainCostsTheMemberItsConsent) {
  Connect();
  worker_->OnConnectionEnded(now_, alice_.address());
  for (int i = 0; i < 7; ++i) {
    bob_.SendCheck();
    Carry();
    EXPECT_TRUE(Events<PeerLost>().empty());
    Wait(kMs(4'900));
  }
  ASSERT_EQ(Events<PeerLost>().size(), 1u);
  EXPECT_EQ(Events<PeerLost>()[0].peer, PeerId(1));
  EXPECT_EQ(Events<PeerLost>()[0].reason, PeerLossReason::kConsentExpired);
}

}  // namespace
}  // namespace duet
