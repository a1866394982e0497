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

TEST_F(WorkerTest, MediaFromANewAddressIsFollowedBeforeAnyCheck) {
  Connect();
  SendAudio(1, 0);
  Carry();
  // A NAT has given it another port.
  alice_.MoveTo({alice_.address().ip, 4321});
  SendAudio(2, 960);
  Carry();
  EXPECT_EQ(Got(kAudioOut).size(), 2u);
  EXPECT_TRUE(worker_->Knows(alice_.address()));
  alice_.received().clear();
  SendAudio(3, 1920);
  Wait(kMs(600));
  EXPECT_FALSE(alice_.received().empty()) << "reports go to the new address";
}

TEST_F(WorkerTest, WhatOnlyLooksLikeMediaMovesNobody) {
  Connect();
  const Endpoint stranger{IpAddress::V4(203, 0, 113, 9), 9};
  for (int i = 0; i < 1000; ++i) {
    PacketRef packet = pool_.Acquire();
    RtpHeaderWriter writer(packet->buffer());
    writer.Begin({.payload_type = PayloadType(111), .sequence_number = 7, .ssrc = kAudioSsrc});
    packet->set_size(writer.Finish() + 60);
    worker_->OnDatagram(now_, stranger, std::move(packet), out_);
  }
  EXPECT_FALSE(worker_->Knows(stranger));
  SendAudio(1, 0);
  Carry();
  EXPECT_EQ(Got(kAudioOut).size(), 1u) << "nor does it harm the one that it names";
  Wait(kMs(1100));
  EXPECT_EQ(Events<WorkerCounts>().back().drops[Drop::kUnknownSource], 1000u);
}

}  // namespace
}  // namespace duet
