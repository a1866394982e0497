// Whatever is visited lies inside the packet; each message, written again, is visited as the same.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/rtcp.h"

using namespace duet;

namespace {

// Collects what one visiting sees as plain values.
struct Seen {
  std::vector<uint64_t> values;
  Bytes whole;

  void Add(uint64_t value) { values.push_back(value); }
  void Add(Ssrc ssrc) { values.push_back(ssrc.value()); }
  void AddText(std::string_view text) {
    const Bytes bytes = AsBytes(text);
    DUET_CHECK(text.empty() ||
               (bytes.data() >= whole.data() && bytes.data() + bytes.size() <= whole.data() + whole.size()));
    Add(text.size());
    for (const char c : text) Add(static_cast<uint8_t>(c));
  }
  void AddBlock(const ReportBlock& b) {
    Add(b.ssrc);
    Add(b.fraction_lost);
    Add(static_cast<uint64_t>(b.cumulative_lost));
    Add(b.highest_sequence);
    Add(b.jitter);
    Add(b.last_sr);
    Add(b.delay_since_last_sr);
  }
};

// Sees a message, and writes it again.
struct Visitor {
  Seen& seen;
  RtcpWriter& writer;

  template <typename Report>
  std::vector<ReportBlock> Blocks(const Report& report) {
    std::vector<ReportBlock> blocks;
    report.ForEachBlock([&](const ReportBlock& b) {
      seen.AddBlock(b);
      blocks.push_back(b);
    });
    return blocks;
  }
  template <typename Message>
  std::vector<Ssrc> Ssrcs(const Message& message) {
    std::vector<Ssrc> ssrcs;
    message.ForEachSsrc([&](Ssrc ssrc) {
      seen.Add(ssrc);
      ssrcs.push_back(ssrc);
    });
    return ssrcs;
  }
  void operator()(const SenderReport& r) {
    seen.Add(r.sender_ssrc);
    seen.Add(r.ntp);
    seen.Add(r.rtp_timestamp);
    seen.Add(r.packets);
    seen.Add(r.octets);
    writer.AddSenderReport(r, Blocks(r));
  }
  void operator()(const ReceiverReport& r) {
    seen.Add(r.sender_ssrc);
    writer.AddReceiverReport(r.sender_ssrc, Blocks(r));
  }
  void operator()(const SdesCname& s) {
    seen.Add(s.ssrc);
    seen.AddText(s.cname);
    writer.AddSdesCname(s.ssrc, s.cname);
  }
  void operator()(const Bye& b) {
    seen.AddText(b.reason);
    writer.AddBye(Ssrcs(b), b.reason);
  }
  void operator()(const Nack& n) {
    // One message an item: a NACK may repeat itself and need not ascend, and the writer would tidy that.
    for (Bytes rest = n.items; rest.size() >= 4; rest = rest.subspan(4)) {
      std::vector<uint16_t> sequences;
      Nack{.items = rest.first(4)}.ForEachSequence([&](uint16_t seq) { sequences.push_back(seq); });
      seen.Add(n.sender_ssrc);
      seen.Add(n.media_ssrc);
      for (const uint16_t seq : sequences) seen.Add(seq);
      writer.AddNack(n.sender_ssrc, n.media_ssrc, sequences);
    }
  }
  void operator()(const Pli& p) {
    seen.Add(p.sender_ssrc);
    seen.Add(p.media_ssrc);
    writer.AddPli(p.sender_ssrc, p.media_ssrc);
  }
  void operator()(const Fir& f) {
    seen.Add(f.sender_ssrc);
    std::vector<FirEntry> entries;
    f.ForEachEntry([&](const FirEntry& e) {
      seen.Add(e.ssrc);
      seen.Add(e.command_sequence);
      entries.push_back(e);
    });
    writer.AddFir(f.sender_ssrc, entries);
  }
  void operator()(const Remb& r) {
    seen.Add(r.sender_ssrc);
    seen.Add(r.bitrate_bps);
    writer.AddRemb(r.sender_ssrc, r.bitrate_bps, Ssrcs(r));
  }
  void operator()(const TransportFeedback& f) {
    size_t told = 0;
    f.ForEachPacket([&](const TransportFeedback::Status& status) {
      DUET_CHECK(status.sequence == static_cast<uint16_t>(f.base_sequence() + told));
      ++told;
    });
    DUET_CHECK(told == f.status_count());
    CheckFeedbackRoundTrip(f);
  }
  // Its arrivals, written again as far as they fit, read the same.
  static void CheckFeedbackRoundTrip(const TransportFeedback& f) {
    const Duration origin = Duration::Seconds(2'000'000);  // makes every time positive
    std::vector<TransportFeedback::Status> received;
    f.ForEachPacket([&](const TransportFeedback::Status& status) {
      if (status.received) received.push_back(status);
    });
    if (received.empty()) return;
    std::vector<std::byte> buffer(TransportFeedbackWriter::kMaxBytes);
    const auto time = [&](const TransportFeedback::Status& s) { return Time::FromMicros((origin + s.arrival).us()); };
    TransportFeedbackWriter again(buffer, f.sender_ssrc(), f.media_ssrc(), f.feedback_count(), f.base_sequence(),
                                  time(received.front()));
    size_t added = 0;
    while (added < received.size() && again.AddReceived(received[added].sequence, time(received[added]))) ++added;
    const size_t size = again.Finish();
    DUET_CHECK((size == 0) == (added == 0));
    if (size == 0) return;
    size_t i = 0;
    Duration shift;
    const bool valid = VisitRtcp(Bytes(buffer).first(size), [&](const TransportFeedback& copy) {
      copy.ForEachPacket([&](const TransportFeedback::Status& status) {
        if (!status.received) return;
        DUET_CHECK(i < added && status.sequence == received[i].sequence);
        if (i == 0) shift = received[0].arrival - status.arrival;
        DUET_CHECK(status.arrival + shift == received[i].arrival);
        ++i;
      });
    });
    DUET_CHECK(valid && i == added);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes packet = std::as_bytes(std::span(data, size));
  // A NACK of one item becomes a message of its own, four times as long.
  std::vector<std::byte> first_buffer(16 * size + 64);
  std::vector<std::byte> second_buffer(first_buffer.size());
  Seen first{.whole = packet};
  RtcpWriter first_writer(first_buffer);
  VisitRtcp(packet, Visitor{first, first_writer});
  DUET_CHECK(first_writer.ok());
  if (first_writer.size() == 0) return 0;

  Seen second{.whole = first_writer.written()};
  RtcpWriter second_writer(second_buffer);
  DUET_CHECK(VisitRtcp(first_writer.written(), Visitor{second, second_writer}));
  DUET_CHECK(first.values == second.values);
  DUET_CHECK(AsText(first_writer.written()) == AsText(second_writer.written()));
  return 0;
}
