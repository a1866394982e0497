#include "wire/rtcp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "wire/test_bytes.h"

namespace duet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Writes down what the visitor gets.
struct Recorder {
  std::vector<std::string> seen;

  template <typename... Parts>
  void Note(Parts... parts) {
    std::string line;
    ((line += (line.empty() ? "" : " ") + Text(parts)), ...);
    seen.push_back(line);
  }
  static std::string Text(std::string_view text) { return std::string(text); }
  static std::string Text(const char* text) { return text; }
  static std::string Text(Ssrc ssrc) { return std::to_string(ssrc.value()); }
  template <typename N>
  static std::string Text(N n) {
    return std::to_string(n);
  }
  void NoteBlock(const ReportBlock& b) {
    Note("block", b.ssrc, b.fraction_lost, b.cumulative_lost, b.highest_sequence, b.jitter, b.last_sr,
         b.delay_since_last_sr);
  }

  void operator()(const SenderReport& r) {
    Note("sr", r.sender_ssrc, r.ntp, r.rtp_timestamp, r.packets, r.octets);
    r.ForEachBlock([&](const ReportBlock& b) { NoteBlock(b); });
  }
  void operator()(const ReceiverReport& r) {
    Note("rr", r.sender_ssrc);
    r.ForEachBlock([&](const ReportBlock& b) { NoteBlock(b); });
  }
  void operator()(const SdesCname& s) { Note("cname", s.ssrc, s.cname); }
  void operator()(const Bye& b) {
    Note("bye", b.reason);
    b.ForEachSsrc([&](Ssrc ssrc) { Note("left", ssrc); });
  }
  void operator()(const Nack& n) {
    Note("nack", n.sender_ssrc, n.media_ssrc);
    n.ForEachSequence([&](uint16_t seq) { Note("lost", seq); });
  }
  void operator()(const Pli& p) { Note("pli", p.sender_ssrc, p.media_ssrc); }
  void operator()(const Fir& f) {
    Note("fir", f.sender_ssrc);
    f.ForEachEntry([&](const FirEntry& e) { Note("for", e.ssrc, e.command_sequence); });
  }
  void operator()(const Remb& r) {
    Note("remb", r.sender_ssrc, r.bitrate_bps);
    r.ForEachSsrc([&](Ssrc ssrc) { Note("of", ssrc); });
  }
  void operator()(const TransportFeedback& f) { Note("twcc", f.base_sequence(), f.status_count()); }
};

// What a reading sees, with "malformed" behind it when the reader says so.
std::vector<std::string> Read(Bytes bytes) {
  Recorder recorder;
  if (!VisitRtcp(bytes, recorder)) recorder.seen.push_back("malformed");
  return recorder.seen;
}
std::vector<std::string> ReadHex(std::string_view hex) { return Read(Hex(hex)); }

struct Golden {
  const char* name;
  std::string_view hex;
  std::vector<std::string> seen;
};

const std::vector<Golden>& Goldens() {
  static const std::vector<Golden> goldens = {
      {"sender report", "80c80006 00000001 0000000100000002 00000003 00000004 00000005", {"sr 1 4294967298 3 4 5"}},
      {"sender report with a block",
       "81c8000c 00000001 0000000100000002 00000003 00000004 00000005"
       "00000007 80ffffff 00010002 00000003 00000004 00000005",
       {"sr 1 4294967298 3 4 5", "block 7 128 -1 65538 3 4 5"}},
      {"sender report with an extension of its profile",
       "80c80007 00000001 0000000100000002 00000003 00000004 00000005 deadbeef",
       {"sr 1 4294967298 3 4 5"}},
      {"receiver report with two blocks",
       "82c9000d 00000009"
       "00000001 007fffff ffffffff ffffffff ffffffff ffffffff"
       "00000002 ff800000 00000000 00000000 00000000 00000000",
       {"rr 9", "block 1 0 8388607 4294967295 4294967295 4294967295 4294967295", "block 2 255 -8388608 0 0 0 0"}},
      {"empty receiver report", "80c90001 00000009", {"rr 9"}},
      {"name", "81ca0003 00000001 0104 75406164 0000", {"cname 1 u@ad"}},
      {"names of two",
       "82ca0006 00000001 0201 61 0102 6263 00 00000002 0103 646566 000000",
       {"cname 1 bc", "cname 2 def"}},
      {"goodbye", "81cb0001 00000001", {"bye ", "left 1"}},
      {"goodbye of two with a reason",
       "82cb0004 00000001 00000002 05 74697265640000",
       {"bye tired", "left 1", "left 2"}},
      {"goodbye of nobody", "80cb0000", {"bye "}},
      {"nack", "81cd0003 00000001 00000002 0064 8003", {"nack 1 2", "lost 100", "lost 101", "lost 102", "lost 116"}},
      {"nack over the wrap",
       "81cd0004 00000001 00000002 fffe 0007 0010 0000",
       {"nack 1 2", "lost 65534", "lost 65535", "lost 0", "lost 1", "lost 16"}},
      {"pli", "81ce0002 00000001 00000002", {"pli 1 2"}},
      {"fir", "84ce0006 00000001 00000000 00000002 05000000 00000003 ff000000", {"fir 1", "for 2 5", "for 3 255"}},
      {"remb", "8fce0006 00000001 00000000 52454d42 02 03ffff 00000002 00000003", {"remb 1 262143", "of 2", "of 3"}},
      {"remb with an exponent", "8fce0004 00000001 00000000 52454d42 00 0bd090", {"remb 1 1000000"}},
  };
  return goldens;
}

TEST(Rtcp, Goldens) {
  for (const Golden& golden : Goldens()) EXPECT_EQ(ReadHex(golden.hex), golden.seen) << golden.name;
}

TEST(Rtcp, EveryTruncationOfAGoldenIsMalformed) {
  for (const Golden& golden : Goldens()) {
    const auto bytes = Hex(golden.hex);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THAT(Read(Bytes(bytes).first(size)), ElementsAre("malformed")) << golden.name << " " << size;
    }
  }
}

// The same bytes with the length of the header one word shorter: the frame is whole, the message is not.
TEST(Rtcp, MessagesShorterThanTheirContentAreMalformed) {
  const char* shortened[] = {
      "80c80005 00000001 0000000100000002 00000003 00000004",
      "81c80006 00000001 0000000100000002 00000003 00000004 00000005",
      "81c90006 00000009 00000001 00000000 00000000 00000000 00000000",
      "80c90000",
      "81ca0002 00000001 0106 7540",
      "81ca0001 00000001",
      "81ca0000",
      "82cb0001 00000001",
      "81cb0002 00000001 04 616263",
      "81cd0002 00000001 00000002",
      "81ce0001 00000001",
      "84ce0002 00000001 00000000",
      "84ce0003 00000001 00000000 00000002",
      "8fce0003 00000001 00000000 52454d42",
      "8fce0004 00000001 00000000 52454d42 01000001",
      "8fcd0003 00000001 00000002 00000001",
  };
  for (const char* hex : shortened) EXPECT_THAT(ReadHex(hex), ElementsAre("malformed")) << hex;
}

TEST(Rtcp, ARembOfMoreThan64BitsIsMalformed) {
  EXPECT_THAT(ReadHex("8fce0004 00000001 00000000 52454d42 00 fc0001"), ElementsAre("remb 1 9223372036854775808"));
  EXPECT_THAT(ReadHex("8fce0004 00000001 00000000 52454d42 00 fc0002"), ElementsAre("malformed"));
}

TEST(Rtcp, ACompoundIsVisitedInOrder) {
  EXPECT_THAT(ReadHex("80c90001 00000009 81ca0002 00000009 01006161 81ce0002 00000001 00000002"),
              ElementsAre("rr 9", "malformed"))
      << "an SDES item that begins inside the last word and has no end";
  EXPECT_THAT(ReadHex("80c90001 00000009 81ca0002 00000009 01016100 81ce0002 00000001 00000002"),
              ElementsAre("rr 9", "cname 9 a", "pli 1 2"));
}

TEST(Rtcp, ABrokenFrameIsNotVisitedAtAll) {
  EXPECT_THAT(ReadHex("80c90001 00000009 81ce0003 00000001 00000002"), ElementsAre("malformed"));
  EXPECT_THAT(ReadHex("80c90001 00000009 41ce0002 00000001 00000002"), ElementsAre("malformed")) << "version 1";
  EXPECT_THAT(ReadHex("80c90001 00000009 00"), ElementsAre("malformed"));
  EXPECT_THAT(ReadHex(""), ElementsAre("malformed"));
}

TEST(Rtcp, UnknownTypesAndFormatsAreSkipped) {
  EXPECT_THAT(ReadHex("80cc0002 00000001 6e616d65"           // application-defined
                      "80cf0001 00000001"                    // extended report
                      "83cd0002 00000001 00000002"           // TMMBR
                      "82ce0002 00000001 00000002"           // SLI
                      "8fce0003 00000001 00000002 41424344"  // application layer feedback of somebody else
                      "80c90001 00000009"),
              ElementsAre("rr 9"));
}

TEST(Rtcp, Padding) {
  EXPECT_THAT(ReadHex("a0c90003 00000009 00000000 00000008"), ElementsAre("rr 9"));
  EXPECT_THAT(ReadHex("80c90001 00000009 a1ce0003 00000001 00000002 00000004"), ElementsAre("rr 9", "pli 1 2"));
  EXPECT_THAT(ReadHex("a0c90003 00000009 00000000 00000003"), ElementsAre("rr 9")) << "not in words";
  EXPECT_THAT(ReadHex("a0c90002 00000009 00000004 80c90001 00000008"), ElementsAre("rr 9", "rr 8")) << "not the last";
  EXPECT_THAT(ReadHex("a0c90003 00000009 00000000 00000000"), ElementsAre("malformed")) << "none";
  EXPECT_THAT(ReadHex("a0c90003 00000009 00000000 00000010"), ElementsAre("malformed")) << "more than there is";
  EXPECT_THAT(ReadHex("a0c90003 00000009 00000000 0000000c"), ElementsAre("malformed")) << "no sender left";
  EXPECT_THAT(ReadHex("a0c90000"), ElementsAre("malformed")) << "nothing to be padding";
}

// As Chromium 156 sent them: three packets, four with padding of two bytes, and nine of twenty-five.
TEST(Rtcp, TransportFeedbackOfChromium) {
  const auto told = [](std::string_view hex) {
    std::pair<int, int> counts = {0, 0};
    EXPECT_TRUE(VisitRtcp(Hex(hex), [&](const TransportFeedback& feedback) {
      feedback.ForEachPacket(
          [&](const TransportFeedback::Status& status) { ++(status.received ? counts.first : counts.second); });
    }));
    return counts;
  };
  EXPECT_EQ(told("afcd0006521cd7a44d4ba0920001000304028800200355474f000003"), std::pair(3, 0));
  EXPECT_EQ(told("afcd0006521cd7a44d4ba092000f000404028c0420042c046a390002"), std::pair(4, 0));
  EXPECT_EQ(told("afcd0006521cd7a44d4ba092000a000504028a032005f150143f4e01"), std::pair(5, 0));
}

TEST(Rtcp, AVisitorGetsOnlyWhatItHasAnOverloadFor) {
  int plis = 0;
  const auto bytes = Hex("80c90001 00000009 81ce0002 00000001 00000002");
  EXPECT_TRUE(VisitRtcp(bytes, [&](const Pli&) { ++plis; }));
  EXPECT_EQ(plis, 1);
}

// ---- writing -------------------------------------------------------------------------------------------------------

TEST(RtcpWriter, WritesTheGoldens) {
  std::array<std::byte, 256> buffer;
  const auto expect = [&](const char* name, auto write) {
    const auto golden = std::find_if(Goldens().begin(), Goldens().end(),
                                     [&](const Golden& g) { return std::string_view(g.name) == name; });
    ASSERT_NE(golden, Goldens().end()) << name;
    RtcpWriter writer(buffer);
    write(writer);
    EXPECT_TRUE(writer.ok()) << name;
    EXPECT_EQ(ToHex(writer.written()), ToHex(Hex(golden->hex))) << name;
  };
  const SenderReport report{.sender_ssrc = Ssrc(1), .ntp = 0x100000002, .rtp_timestamp = 3, .packets = 4, .octets = 5};
  const ReportBlock block{.ssrc = Ssrc(7),
                          .fraction_lost = 128,
                          .cumulative_lost = -1,
                          .highest_sequence = 65538,
                          .jitter = 3,
                          .last_sr = 4,
                          .delay_since_last_sr = 5};
  const Ssrc ssrcs[] = {Ssrc(1), Ssrc(2), Ssrc(3)};
  const uint16_t lost[] = {100, 101, 102, 116};
  const uint16_t wrapping[] = {65534, 65535, 0, 1, 16};
  const FirEntry entries[] = {{Ssrc(2), 5}, {Ssrc(3), 255}};
  const auto two = std::span(ssrcs).subspan(1);
  expect("sender report", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddSenderReport(report)); });
  expect("sender report with a block", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddSenderReport(report, {&block, 1})); });
  expect("empty receiver report", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddReceiverReport(Ssrc(9))); });
  expect("name", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddSdesCname(Ssrc(1), "u@ad")); });
  expect("goodbye", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddBye(std::span(ssrcs).first(1))); });
  expect("goodbye of two with a reason",
         [&](RtcpWriter& w) { EXPECT_TRUE(w.AddBye(std::span(ssrcs).first(2), "tired")); });
  expect("goodbye of nobody", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddBye({})); });
  expect("nack", [&](RtcpWriter& w) { EXPECT_EQ(w.AddNack(Ssrc(1), Ssrc(2), lost), 4u); });
  expect("nack over the wrap", [&](RtcpWriter& w) { EXPECT_EQ(w.AddNack(Ssrc(1), Ssrc(2), wrapping), 5u); });
  expect("pli", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddPli(Ssrc(1), Ssrc(2))); });
  expect("fir", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddFir(Ssrc(1), entries)); });
  expect("remb", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddRemb(Ssrc(1), 262143, two)); });
  expect("remb with an exponent", [&](RtcpWriter& w) { EXPECT_TRUE(w.AddRemb(Ssrc(1), 1'000'000, {})); });
}

TEST(RtcpWriter, CumulativeLossIsHeldWithin24Bits) {
  std::array<std::byte, 64> buffer;
  const std::pair<int32_t, const char*> cases[] = {{0x800000, "7fffff"},
                                                   {0x7fffff, "7fffff"},
                                                   {-0x800000, "800000"},
                                                   {-0x800001, "800000"},
                                                   {std::numeric_limits<int32_t>::min(), "800000"}};
  for (const auto& [lost, hex] : cases) {
    RtcpWriter writer(buffer);
    const ReportBlock block{.ssrc = Ssrc(1), .cumulative_lost = lost};
    writer.AddReceiverReport(Ssrc(9), {&block, 1});
    EXPECT_EQ(ToHex(writer.written().subspan(13, 3)), hex) << lost;
  }
}

TEST(RtcpWriter, MoreThan31BlocksGoOnInReceiverReports) {
  std::vector<ReportBlock> blocks(70);
  for (size_t i = 0; i < blocks.size(); ++i) blocks[i].ssrc = Ssrc(static_cast<uint32_t>(i));
  std::array<std::byte, 2000> buffer;
  RtcpWriter writer(buffer);
  ASSERT_TRUE(writer.AddSenderReport({.sender_ssrc = Ssrc(99)}, blocks));
  std::vector<uint32_t> seen;
  int reports = 0;
  const auto note = [&](const ReportBlock& block) { seen.push_back(block.ssrc.value()); };
  struct {
    decltype(note)& f;
    int& reports;
    void operator()(const SenderReport& r) {
      ++reports;
      r.ForEachBlock(f);
    }
    void operator()(const ReceiverReport& r) {
      ++reports;
      r.ForEachBlock(f);
    }
  } visitor{note, reports};
  EXPECT_TRUE(VisitRtcp(writer.written(), visitor));
  EXPECT_EQ(reports, 3);
  ASSERT_EQ(seen.size(), 70u);
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i);

  RtcpWriter small(MutableBytes(buffer).first(1000));
  EXPECT_FALSE(small.AddSenderReport({.sender_ssrc = Ssrc(99)}, blocks));
  EXPECT_EQ(small.size(), 0u) << "whole or not at all";
  EXPECT_FALSE(small.ok());
}

TEST(RtcpWriter, NacksOfEveryDistanceOverTheWrap) {
  for (uint32_t start = 65500; start < 65536 + 20; ++start) {
    for (uint16_t step = 1; step < 40; ++step) {
      std::vector<uint16_t> sequences;
      for (int i = 0; i < 10; ++i) sequences.push_back(static_cast<uint16_t>(start + i * step));
      std::array<std::byte, 128> buffer;
      RtcpWriter writer(buffer);
      ASSERT_EQ(writer.AddNack(Ssrc(1), Ssrc(2), sequences), sequences.size());
      std::vector<uint16_t> seen;
      EXPECT_TRUE(VisitRtcp(writer.written(),
                            [&](const Nack& nack) { nack.ForEachSequence([&](uint16_t s) { seen.push_back(s); }); }));
      EXPECT_EQ(seen, sequences) << start << " " << step;
    }
  }
}

TEST(RtcpWriter, ANackTakesAsManyAsFit) {
  const uint16_t sequences[] = {1, 2, 100, 101, 200, 300};
  const std::pair<size_t, size_t> taken_by_size[] = {{15, 0}, {16, 2}, {19, 2}, {20, 4}, {24, 5}, {28, 6}};
  for (const auto& [size, taken] : taken_by_size) {
    std::vector<std::byte> buffer(size);
    RtcpWriter writer(buffer);
    EXPECT_EQ(writer.AddNack(Ssrc(1), Ssrc(2), sequences), taken) << size;
    EXPECT_TRUE(writer.ok());
    EXPECT_EQ(writer.size(), taken == 0 ? 0 : size / 4 * 4) << size;
  }
  std::array<std::byte, 64> buffer;
  RtcpWriter writer(buffer);
  EXPECT_EQ(writer.AddNack(Ssrc(1), Ssrc(2), {}), 0u);
  EXPECT_EQ(writer.size(), 0u);
}

TEST(RtcpWriter, RembKeeps18Bits) {
  const std::pair<uint64_t, uint64_t> cases[] = {{0, 0},
                                                 {1, 1},
                                                 {262144, 262144},
                                                 {262145, 262144},
                                                 {2'500'001, 2'500'000},
                                                 {UINT64_MAX, uint64_t{0x3FFFF} << 46}};
  for (const auto& [in, out] : cases) {
    std::array<std::byte, 64> buffer;
    RtcpWriter writer(buffer);
    writer.AddRemb(Ssrc(1), in, {});
    uint64_t seen = 1;
    EXPECT_TRUE(VisitRtcp(writer.written(), [&](const Remb& remb) { seen = remb.bitrate_bps; }));
    EXPECT_EQ(seen, out);
  }
}

TEST(RtcpWriter, NamesOfEveryLength) {
  const std::string text(300, 'n');
  for (size_t length = 0; length < text.size(); ++length) {
    std::array<std::byte, 600> buffer;
    RtcpWriter writer(buffer);
    ASSERT_TRUE(writer.AddSdesCname(Ssrc(1), std::string_view(text).substr(0, length)));
    ASSERT_TRUE(writer.AddBye({}, std::string_view(text).substr(0, length)));
    EXPECT_EQ(writer.size() % 4, 0u);
    const std::string cut = text.substr(0, std::min<size_t>(length, 255));
    EXPECT_THAT(Read(writer.written()), ElementsAre("cname 1 " + cut, "bye " + cut)) << length;
  }
}

TEST(RtcpWriter, WhatDoesNotFitIsNotWritten) {
  std::array<std::byte, 19> buffer;
  RtcpWriter writer(buffer);
  EXPECT_TRUE(writer.AddReceiverReport(Ssrc(9)));
  EXPECT_EQ(writer.remaining(), 11u);
  EXPECT_FALSE(writer.AddPli(Ssrc(1), Ssrc(2)));
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 8u);
  EXPECT_THAT(Read(writer.written()), ElementsAre("rr 9"));
}

}  // namespace
}  // namespace duet
