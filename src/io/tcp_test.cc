// Media over TCP: connections over the real loopback interface, in the test's own time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

#include "io/tcp_streams.h"
#include "io/tcp_test_client.h"

namespace duet {
namespace {

using namespace tcp_test;  // NOLINT

// Knows whom it is told to know; remembers the rest.
class Handler : public DatagramHandler {
 public:
  void OnDatagram(Time, const Endpoint&, PacketRef, Outbox&) override {}
  bool Knows(const Endpoint& address) const override { return known.contains(address); }
  void OnConnectionEnded(Time, const Endpoint&) override {}
  void OnWake(Time, Outbox&) override {}
  void OnTimer(Time, Outbox&) override {}
  Time NextTimer() const override { return Time::Never(); }
  void OnRoundEnd(Time) override {}
  std::set<Endpoint> known;
};

class TcpStreamsTest : public testing::Test {
 protected:
  using Texts = std::vector<std::string>;

  void Open(TcpStreamsOptions options = {}) {
    streams_.emplace(std::move(TcpStreams::Listen({kLoopback, 0})).value(), options, pool_);
  }
  ~TcpStreamsTest() override {
    streams_.reset();
    EXPECT_EQ(pool_.in_use(), 0u);
  }
  // Rounds until `count` datagrams were received or `until` holds; the texts of the datagrams.
  template <typename F>
  Texts Serve(F&& until) {
    Texts texts;
    while (!until(texts)) {
      if (!Readable(streams_->fd())) {
        ADD_FAILURE() << "nothing happened";
        break;
      }
      streams_->Poll(now_);
      for (auto received = streams_->Receive(); received.packet; received = streams_->Receive()) {
        texts.emplace_back(AsText(received.packet->bytes()));
        from_.push_back(received.from);
        if (received.from_stranger && handler_.Knows(received.from)) streams_->Trust(received.from);
      }
      TakeEnded();
    }
    return texts;
  }
  Texts Receive(size_t count) {
    return Serve([&](const Texts& texts) { return texts.size() >= count; });
  }
  void ServeUntilEnded(size_t count) {
    Serve([&](const Texts&) { return ended_.size() >= count; });
  }
  void TakeEnded() {
    while (const auto ended = streams_->TakeEnded()) ended_.push_back(*ended);
  }
  void Pass(Duration time) {
    now_ = now_ + time;
    streams_->OnTimer(now_, handler_);
    TakeEnded();
  }
  // A connection that may send everything.
  void Introduce(Client& client) {
    handler_.known.insert(client.self());
    client.Write(Frame(Stun("hello")));
    Receive(1);
  }
  void Send(const Endpoint& to, std::string_view text, size_t times = 1) {
    std::vector<Transmit> batch;
    for (size_t i = 0; i < times; ++i) batch.push_back({to, pool_.Copy(AsBytes(text))});
    streams_->Send(batch);
  }
  const TcpCounters& counters() const { return streams_->counters(); }

  PacketPool pool_{4096};
  Handler handler_;
  Time now_ = Time::FromMillis(1'000'000);
  std::vector<Endpoint> from_;
  std::vector<Endpoint> ended_;
  std::optional<TcpStreams> streams_;
};

TEST_F(TcpStreamsTest, CarriesDatagramsBothWays) {
  Open();
  Client client(streams_->local());
  Introduce(client);
  EXPECT_EQ(from_, std::vector{client.self()});
  const std::string stream = Frame(Media(1000)) + Frame("") + Frame(Media(30)) + Frame(Stun("again"));
  client.Write(stream.substr(0, 501));
  client.Write(stream.substr(501));
  EXPECT_EQ(Receive(3), (Texts{Media(1000), Media(30), Stun("again")}));
  Send(client.self(), "pong", 2);
  Send(client.self(), Media(1600));
  EXPECT_EQ(client.Read(3), (Texts{"pong", "pong", Media(1600)}));
  EXPECT_EQ(counters().packets_received, 4u);
  EXPECT_EQ(counters().packets_sent, 3u);
  EXPECT_EQ(counters().connections, 1u);
}

TEST_F(TcpStreamsTest, ClientsAreKeptApart) {
  Open();
  Client one(streams_->local()), two(streams_->local());
  Introduce(one);
  Introduce(two);
  std::vector<Transmit> batch;
  for (int i = 0; i < 3; ++i) {
    batch.push_back({one.self(), pool_.Copy(AsBytes("to one"))});
    batch.push_back({two.self(), pool_.Copy(AsBytes("to two"))});
  }
  streams_->Send(batch);
  EXPECT_EQ(one.Read(3), Texts(3, "to one"));
  EXPECT_EQ(two.Read(3), Texts(3, "to two"));
}

TEST_F(TcpStreamsTest, AStrangerMaySendStunOnly) {
  Open();
  Client client(streams_->local());
  client.Write(Frame(Stun("who am I")));
  EXPECT_EQ(Receive(1), (Texts{Stun("who am I")}));
  client.Write(Frame(Media(100)) + Frame(Stun("sorry")));
  ServeUntilEnded(1);
  EXPECT_TRUE(client.Ended());
  EXPECT_EQ(counters().packets_received, 1u);
  EXPECT_EQ(counters().drops[Drop::kMalformed], 1u);
}

TEST_F(TcpStreamsTest, AFrameThatIsTooLargeEndsTheConnection) {
  Open();
  Client client(streams_->local());
  Introduce(client);
  client.Write("\x06\x41");  // 1601
  ServeUntilEnded(1);
  EXPECT_TRUE(client.Ended());
  EXPECT_EQ(ended_, std::vector{client.self()});
  EXPECT_EQ(counters().drops[Drop::kMalformed], 1u);
  EXPECT_EQ(counters().connections, 0u);
}

TEST_F(TcpStreamsTest, WhoIsNotKnownInTimeHasToGo) {
  Open();
  Client silent(streams_->local()), stranger(streams_->local()), known(streams_->local());
  Introduce(known);
  stranger.Write(Frame(Stun("let me in")));
  Serve([&](const Texts& texts) { return texts.size() == 1 && counters().connections == 3; });
  Pass(TcpStreams::kProofTime - Duration::Seconds(1));
  EXPECT_THAT(ended_, testing::IsEmpty());
  Pass(Duration::Seconds(1));
  EXPECT_THAT(ended_, testing::UnorderedElementsAre(silent.self(), stranger.self()));
  EXPECT_TRUE(silent.Ended());
  EXPECT_TRUE(stranger.Ended());

  handler_.known.clear();  // its peer has gone
  Pass(TcpStreams::kProofTime - Duration::Seconds(1));
  EXPECT_EQ(counters().connections, 1u);
  known.Write(Frame(Media(100)));
  ServeUntilEnded(3);  // what is not known any more is a stranger again
  EXPECT_EQ(streams_->NextTimer(), now_ + Duration::Seconds(1));
  Pass(Duration::Seconds(1));
  EXPECT_TRUE(streams_->NextTimer().is_never()) << "without connections there is nothing to look after";
}

TEST_F(TcpStreamsTest, ASilentConnectionEndsWithConsent) {
  Open({.silence = Duration::Seconds(30)});
  Client speaks(streams_->local()), vanished(streams_->local());
  Introduce(speaks);
  Introduce(vanished);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(ended_, testing::IsEmpty());
    Pass(Duration::Seconds(10));
    if (i < 2) {
      speaks.Write(Frame(Media(100)));
      Receive(1);
    }
  }
  EXPECT_EQ(ended_, std::vector{vanished.self()});
}

TEST_F(TcpStreamsTest, ASlowReaderLosesWholeDatagrams) {
  Open();
  Client slow(streams_->local(), 4096), fast(streams_->local());
  Introduce(slow);
  Introduce(fast);
  const std::string large = Media(1200);
  constexpr size_t kSent = 3000;
  for (size_t i = 0; i < kSent; i += 10) Send(slow.self(), large, 10);
  const uint64_t lost = counters().drops[Drop::kQueueFull];
  EXPECT_GT(lost, 0u);
  EXPECT_LE(pool_.in_use(), TcpConnection::kMaxQueuedBytes / large.size());
  Send(fast.self(), "not your fault");
  EXPECT_EQ(fast.Read(1), (Texts{"not your fault"}));
  // What was not dropped arrives, whole, as soon as it is read.
  std::thread server([this] {
    Serve([&](const Texts&) { return counters().packets_sent + counters().drops[Drop::kQueueFull] == kSent + 1; });
  });
  EXPECT_EQ(slow.Read(kSent - lost), Texts(kSent - lost, large));
  server.join();
  EXPECT_EQ(pool_.in_use(), 0u);
}

TEST_F(TcpStreamsTest, ALargeBatchIsNoReasonToDrop) {
  Open();
  Client client(streams_->local());
  Introduce(client);
  Send(client.self(), "small", 2 * TcpConnection::kMaxQueuedPackets);
  EXPECT_EQ(client.Read(2 * TcpConnection::kMaxQueuedPackets).size(), 2 * TcpConnection::kMaxQueuedPackets);
  EXPECT_EQ(counters().drops.total(), 0u);
}

TEST_F(TcpStreamsTest, LimitsOfConnections) {
  Open({.max_connections = 3, .max_connections_per_address = 2});
  Client one(streams_->local()), two(streams_->local()), three(streams_->local());
  Serve([&](const Texts&) { return counters().accepted + counters().refused == 3; });
  EXPECT_EQ(counters().refused, 1u);
  EXPECT_TRUE(three.Ended());
  one.Close();
  ServeUntilEnded(1);
  Client four(streams_->local());
  Serve([&](const Texts&) { return counters().accepted == 3; });
  EXPECT_EQ(counters().connections, 2u);
}

TEST_F(TcpStreamsTest, WhatIsSentToAnEndedConnectionIsCounted) {
  Open();
  Client client(streams_->local());
  Introduce(client);
  client.Close();
  ServeUntilEnded(1);
  EXPECT_EQ(ended_, std::vector{client.self()});
  Send(client.self(), "too late", 3);
  EXPECT_EQ(counters().drops[Drop::kNoConnection], 3u);
}

TEST_F(TcpStreamsTest, WithoutAFreeSlotDatagramsAreDropped) {
  Open();
  Client client(streams_->local());
  Introduce(client);
  std::vector<PacketRef> all;
  while (PacketRef packet = pool_.Acquire()) all.push_back(std::move(packet));
  client.Write(Frame(Media(100)));
  Serve([&](const Texts&) { return counters().drops[Drop::kPoolEmpty] == 1; });
  all.clear();
  client.Write(Frame(Media(100)));
  EXPECT_EQ(Receive(1).size(), 1u);
}

TEST(TcpListener, BusyPortIsSaidInWords) {
  const auto first = TcpStreams::Listen({kLoopback, 0});
  ASSERT_TRUE(first.ok());
  const auto second = TcpStreams::Listen(first->local);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(second.error().message, "TCP 127.0.0.1:" + std::to_string(first->local.port) + " is already in use");
}

}  // namespace
}  // namespace duet
