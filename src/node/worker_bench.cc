// What a packet costs inside the worker, without the system calls: one publisher, N viewers with transport-wide
// feedback and receiver reports, in virtual time. Under `valgrind --tool=callgrind --toggle-collect='*Timed*'` it tells
// instructions per packet, which do not depend on what else the machine does.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/dtls/dtls_transport.h"
#include "core/srtp/srtp_sender.h"
#include "core/twcc/twcc_recorder.h"
#include "node/worker.h"
#include "wire/demux.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"
#include "wire/stun.h"

namespace duet {
namespace {

constexpr UptrackId kUptrack(1);
constexpr Ssrc kSsrc(2001);
constexpr uint8_t kTransportCc = 3;
constexpr size_t kPayload = 1126;
constexpr Duration kConsent = Duration::Seconds(5);  // each remote checks so often
const Endpoint kServer{IpAddress::V4(192, 0, 2, 1), 40000};

// One remote: an address, DTLS, the keys.
struct Remote {
  explicit Remote(uint64_t number)
      : id(number),
        address{IpAddress::V4(10, 0, static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)), 5000},
        ufrag("client" + std::to_string(number)) {}

  PeerId id;
  Endpoint address;
  std::string ufrag;
  std::optional<SrtpSender> sender;
  TwccRecorder twcc;
  uint32_t received = 0;
};

class Load : private OutboxDrain {
 public:
  // A packet each `interval`.
  Load(size_t viewers, Duration interval)
      : interval_(interval),
        certificate_(std::move(DtlsCertificate::Generate()).value()),
        context_(std::move(DtlsContext::Create(certificate_)).value()),
        worker_(WorkerConfig{.dtls = &context_}, rng_, pool_) {
    const size_t before = HeapInUse();
    for (size_t i = 0; i <= viewers; ++i) Join(i + 1);
    worker_.OnCommand(now_, SetPublished{PeerId(1), kUptrack, true}, out_);
    for (size_t i = 2; i <= viewers + 1; ++i)
      worker_.OnCommand(now_, ConnectSlot{PeerId(i), DowntrackId(i), kUptrack}, out_);
    out_.Clear();
    for (const Time settled = now_ + Duration::Seconds(2); now_ < settled;) Frame(1);
    bytes_per_viewer_ = (HeapInUse() - before) / (viewers + 1) - sizeof(Remote);
  }
  ~Load() override { out_.Clear(); }

  // A frame of so many packets at once, with all that happens until the next. Returns packets sent on.
  size_t Frame(size_t packets) {
    std::vector<PacketRef> frame;
    for (size_t i = 0; i < packets; ++i) frame.push_back(NextPacket(i + 1 == packets));
    sent_ = 0;
    TimedFrame(frame);
    const Time until = now_ + interval_ * static_cast<int64_t>(packets);
    while (true) {
      const Time next = worker_.NextTimer();
      if (next > until) break;
      now_ = std::max(now_, next);
      TimedTimer();
    }
    now_ = until;
    Feedback();
    return sent_;
  }
  // What the worker took, without the benchmark's own side.
  struct Spent {
    std::chrono::nanoseconds frames{};
    std::chrono::nanoseconds timers{};
    std::chrono::nanoseconds feedback{};
    size_t answers = 0;  // datagrams of the viewers
  };
  Spent TakeSpent() { return std::exchange(spent_, {}); }
  // What a viewer holds on the heap, but for the packets of the pool.
  size_t bytes_per_viewer() const { return bytes_per_viewer_; }

 private:
  static size_t HeapInUse() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
  }
  // Adds the time until it goes out of scope.
  class Stopwatch {
   public:
    explicit Stopwatch(std::chrono::nanoseconds& to) : to_(to) {}
    ~Stopwatch() { to_ += std::chrono::steady_clock::now() - since_; }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

   private:
    std::chrono::nanoseconds& to_;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  };
  [[gnu::noinline]] void TimedFrame(std::vector<PacketRef>& frame) {
    const Stopwatch stopwatch(spent_.frames);
    for (PacketRef& packet : frame) {
      worker_.OnDatagramOfBatch(now_, remotes_[0]->address, std::move(packet), out_);
      out_.DrainWhenFull();
    }
    worker_.OnBatchEnd(now_, out_);
    Drain(out_);
  }
  [[gnu::noinline]] void TimedTimer() {
    const Stopwatch stopwatch(spent_.timers);
    worker_.OnTimer(now_, out_);
    Drain(out_);
    benchmark::DoNotOptimize(worker_.TakeEvents());
  }
  [[gnu::noinline]] void TimedFeedback(std::vector<std::pair<Endpoint, PacketRef>>& packets) {
    const Stopwatch stopwatch(spent_.feedback);
    spent_.answers += packets.size();
    constexpr size_t kExpected = 2;  // as UdpLoop does
    for (size_t i = 0; i < packets.size(); ++i) {
      if (i + kExpected < packets.size())
        worker_.Expect(packets[i + kExpected].first, packets[i + kExpected].second->bytes());
      worker_.OnDatagramOfBatch(now_, packets[i].first, std::move(packets[i].second), out_);
    }
    worker_.OnBatchEnd(now_, out_);
    Drain(out_);
  }
  [[gnu::noinline]] void Drain(Outbox& out) override {
    for (const Transmit& transmit : out.queued()) {
      if (Classify(transmit.packet->bytes()) != DatagramKind::kRtp) continue;
      ++sent_;
      const auto view = ParseRtpHeader(transmit.packet->bytes());
      if (!view) continue;
      Remote& remote = *remotes_[static_cast<size_t>(transmit.to.ip.octets[14]) * 256 +
                                 static_cast<size_t>(transmit.to.ip.octets[15]) - 1];
      ++remote.received;
      // Behind the fixed header: profile, length, then one element of two bytes with the number.
      remote.twcc.OnPacket(now_, LoadU16(transmit.packet->bytes().data() + 17));
    }
    out.Clear();
  }

  PacketRef NextPacket(bool marker) {
    PacketRef packet = pool_.Acquire();
    RtpHeaderWriter writer(packet->buffer());
    writer.Begin({.marker = marker,
                  .payload_type = PayloadType(102),
                  .sequence_number = static_cast<uint16_t>(seq_),
                  .timestamp = static_cast<uint32_t>(seq_ * interval_.us() * 9 / 100),
                  .ssrc = kSsrc});
    const size_t header = writer.Finish();
    std::vector<std::byte> payload(kPayload, std::byte{0x5a});
    payload[0] = seq_ == 0 ? std::byte{0x65} : std::byte{0x41};
    payload[1] = std::byte{0x88};
    packet->set_size(
        remotes_[0]->sender->ProtectRtp(kSsrc, static_cast<uint64_t>(seq_), header, payload, packet->buffer()));
    ++seq_;
    return packet;
  }

  void Feedback() {
    std::vector<std::pair<Endpoint, PacketRef>> packets;
    for (size_t i = 1; i < remotes_.size(); ++i) {
      Remote& remote = *remotes_[i];
      if (now_ < remote.twcc.NextTimer()) continue;
      PacketRef packet = pool_.Acquire();
      const size_t size = remote.twcc.WriteFeedback(now_, Ssrc(1), Ssrc(2), packet->buffer().first(1200));
      packet->set_size(remote.sender->ProtectRtcp(packet->buffer(), size));
      packets.emplace_back(remote.address, std::move(packet));
    }
    while (now_ >= check_at_) {
      const Remote& remote = *remotes_[next_check_++ % remotes_.size()];
      packets.emplace_back(remote.address, Check(remote, LocalIce(remote)));
      check_at_ = check_at_ + kConsent / static_cast<int64_t>(remotes_.size());
    }
    TimedFeedback(packets);
  }

  static IceCredentials LocalIce(const Remote& remote) {
    return {"server" + std::to_string(remote.id.value()), "serverpasswordserverpassword"};
  }

  PeerConfig Config(const Remote& remote) {
    const uint64_t n = remote.id.value();
    PeerConfig config{
        .id = remote.id, .local_ice = LocalIce(remote), .remote_ice = {remote.ufrag, "clientpasswordclientpassword"}};
    config.remote_fingerprint = certificate_.fingerprint();
    config.cname = "cname";
    const CodecConfig h264{.kind = CodecKind::kH264,
                           .payload_type = PayloadType(102),
                           .rtx_payload_type = PayloadType(103),
                           .clock_rate = 90000,
                           .nack = true,
                           .profile_level_id = 0x42E01F,
                           .packetization_mode = 1};
    const CodecConfig opus{.kind = CodecKind::kOpus, .payload_type = PayloadType(111), .clock_rate = 48000};
    if (n == 1) {
      config.uptracks.push_back({.id = kUptrack,
                                 .kind = signal::MediaKind::kVideo,
                                 .mid = "1",
                                 .codec = h264,
                                 .layers = {{.ssrc = kSsrc, .rtx_ssrc = Ssrc(2002)}}});
      return config;
    }
    config.downtracks.push_back({.id = DowntrackId(100'000 + n),
                                 .kind = signal::MediaKind::kAudio,
                                 .mid = "0",
                                 .codecs = {opus},
                                 .extensions = {.transport_cc = kTransportCc},
                                 .ssrc = Ssrc(10)});
    config.downtracks.push_back({.id = DowntrackId(n),
                                 .kind = signal::MediaKind::kVideo,
                                 .mid = "1",
                                 .codecs = {h264},
                                 .extensions = {.transport_cc = kTransportCc},
                                 .ssrc = Ssrc(11),
                                 .rtx_ssrc = Ssrc(12)});
    return config;
  }

  // A check of connectivity, which is the remote's consent, too.
  PacketRef Check(const Remote& remote, const IceCredentials& server) {
    PacketRef packet = pool_.Acquire();
    StunWriter writer(packet->buffer(), StunClass::kRequest, kStunBinding, {});
    writer.AddUsername(server.ufrag + ":" + remote.ufrag);
    writer.AddPriority(1);
    writer.AddIceControlling(1);
    writer.AddUseCandidate();
    writer.AddMessageIntegrity(server.password);
    writer.AddFingerprint();
    packet->set_size(writer.size());
    return packet;
  }

  void Join(uint64_t number) {
    remotes_.push_back(std::make_unique<Remote>(number));
    Remote& remote = *remotes_.back();
    const PeerConfig config = Config(remote);
    worker_.OnCommand(now_, AddPeer{RoomKey(1), config}, out_);
    worker_.OnDatagram(now_, remote.address, Check(remote, config.local_ice), out_);
    out_.Clear();
    Outbox to_server(pool_);
    DtlsTransport dtls(context_, DtlsRole::kClient, certificate_.fingerprint());
    dtls.Start(now_, kServer, to_server);
    while (!to_server.empty()) {
      for (const Transmit& transmit : to_server.queued())
        worker_.OnDatagram(now_, remote.address, pool_.Copy(transmit.packet->bytes()), out_);
      to_server.Clear();
      for (const Transmit& transmit : out_.queued()) {
        if (Classify(transmit.packet->bytes()) == DatagramKind::kDtls)
          dtls.OnDatagram(now_, transmit.packet->bytes(), kServer, to_server);
      }
      out_.Clear();
    }
    remote.sender.emplace(dtls.keys().local);
  }

  const Duration interval_;
  SeededRng rng_{5};
  Time now_ = Time::FromMillis(1'800'000'000'000);
  PacketPool pool_{8192};
  DtlsCertificate certificate_;
  DtlsContext context_;
  Outbox out_{pool_, this};
  std::vector<std::unique_ptr<Remote>> remotes_;
  Worker worker_;
  Spent spent_;
  size_t next_check_ = 0;
  Time check_at_ = now_;
  int64_t seq_ = 0;
  size_t sent_ = 0;
  size_t bytes_per_viewer_ = 0;
};

// Counters are for each packet that is passed on. Time and CPU have the side of the viewers in them, too.
void BM_Forward(benchmark::State& state) {
  Load load(static_cast<size_t>(state.range(0)), Duration::Millis(state.range(2)));
  size_t sent = 0;
  (void)load.TakeSpent();
  for (auto _ : state) sent += load.Frame(static_cast<size_t>(state.range(1)));
  state.counters["kb_per_viewer"] = static_cast<double>(load.bytes_per_viewer()) / 1e3;
  state.counters["packets"] = static_cast<double>(sent);
  const Load::Spent spent = load.TakeSpent();
  const auto ns_each = [&](std::chrono::nanoseconds time) {
    return static_cast<double>(time.count()) / static_cast<double>(std::max<size_t>(sent, 1));
  };
  state.counters["frames_ns"] = ns_each(spent.frames);
  state.counters["timers_ns"] = ns_each(spent.timers);
  state.counters["feedback_ns"] = ns_each(spent.feedback);
  state.counters["answers"] = static_cast<double>(spent.answers) / static_cast<double>(std::max<size_t>(sent, 1));
}
BENCHMARK(BM_Forward)
    ->ArgNames({"viewers", "packets", "interval_ms"})
    ->Args({20, 1, 4})
    ->Args({20, 10, 4})
    ->Args({100, 1, 4})
    ->Args({100, 10, 4})
    ->Args({100, 1, 40})
    ->Args({1000, 10, 4})
    ->Args({1000, 1, 40});

}  // namespace
}  // namespace duet
