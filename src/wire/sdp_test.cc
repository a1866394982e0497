#include "wire/sdp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace duet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view kSession = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n";  // 4 lines
constexpr std::string_view kVideo = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\n";            // line 5

std::string Session(std::string_view lines) { return std::string(kSession) + std::string(lines); }
std::string Video(std::string_view lines) { return std::string(kSession) + std::string(kVideo) + std::string(lines); }

std::string Repeat(size_t count, auto&& line) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += line(i);
  return text;
}

MediaSection ParseVideo(std::string_view lines) {
  auto parsed = ParseSdp(Video(lines));
  EXPECT_TRUE(parsed.ok()) << (parsed.ok() ? "" : parsed.error().message);
  return parsed.ok() && parsed->sections.size() == 1 ? parsed->sections[0] : MediaSection();
}

struct Broken {
  std::string text;
  ErrorCode code;
  std::string message;  // how the sentence starts
};

void ExpectError(const Broken& broken) {
  const auto parsed = ParseSdp(broken.text);
  ASSERT_FALSE(parsed.ok()) << broken.text.substr(0, 400);
  EXPECT_EQ(parsed.error().code, broken.code) << parsed.error().message;
  EXPECT_TRUE(parsed.error().message.starts_with(broken.message))
      << "got:  " << parsed.error().message << "\nwant: " << broken.message;
}

TEST(SdpErrors, BrokenLines) {
  const std::vector<Broken> table = {
      {"", ErrorCode::kMalformed, "the description has no v= line"},
      {"\r\n\r\n", ErrorCode::kMalformed, "the description has no v= line"},
      {"v=0\n", ErrorCode::kMalformed, "the description has no o= line"},
      {"o=- 1 2 IN IP4 0.0.0.0\n", ErrorCode::kMalformed, "line 1: the first line must be v=0"},
      {"v=1\n", ErrorCode::kMalformed, "line 1: the version must be 0"},
      {"v=0\no=- 1\n", ErrorCode::kMalformed, "line 2: o= must be a user name"},
      {"v=0\no=- 1 x IN IP4 0.0.0.0\n", ErrorCode::kMalformed, "line 2: o= must be"},
      {Session("hello\n"), ErrorCode::kMalformed, "line 5: must be a letter, \"=\" and a value, not \"hello\""},
      {Session("A=x\n"), ErrorCode::kMalformed, "line 5: must be a letter"},
      {Session("a\n"), ErrorCode::kMalformed, "line 5: must be a letter"},
      {Session("a=x\ry\n"), ErrorCode::kMalformed, "line 5: has a control character"},
      {Session(std::string_view("a=x\0y\n", 6)), ErrorCode::kMalformed, "line 5: has a control character"},
      {Session("m=\n"), ErrorCode::kMalformed, "line 5: m= needs a media type, a port, a protocol and a format"},
      {Session("m=video 9 UDP/TLS/RTP/SAVPF\n"), ErrorCode::kMalformed, "line 5: m= needs a media type"},
      {Session("m=video 65536 UDP/TLS/RTP/SAVPF 96\n"), ErrorCode::kMalformed, "line 5: m= the port \"65536\""},
      {Session("m=video -1 UDP/TLS/RTP/SAVPF 96\n"), ErrorCode::kMalformed, "line 5: m= the port \"-1\""},
      {Session("m=video 9 UDP/TLS/RTP/SAVPF 128\n"), ErrorCode::kMalformed, "line 5: m= the payload type \"128\""},
      {Session("m=video 9 UDP/TLS/RTP/SAVPF 96 x\n"), ErrorCode::kMalformed, "line 5: m= the payload type \"x\""},
      {Session("m=video 9 UDP/TLS/RTP/SAVPF 96 96\n"), ErrorCode::kMalformed,
       "line 5: m= the payload type 96 is listed twice"},
  };
  for (const Broken& broken : table) ExpectError(broken);
}

TEST(SdpErrors, BrokenAttributes) {
  // The attribute stands on line 6, in a video section.
  const std::multimap<std::string, std::string> table = {
      {"a=mid:", "a=mid: must be one word"},
      {"a=mid:a b", "a=mid: must be one word"},
      {"a=ice-ufrag:abc", "a=ice-ufrag: must have 4 to 256 characters"},
      {"a=ice-ufrag:ab:cd", "a=ice-ufrag: must have"},
      {"a=ice-pwd:short", "a=ice-pwd: must have 22 to 256 characters"},
      {"a=fingerprint:", "a=fingerprint: must be an algorithm and bytes"},
      {"a=fingerprint:sha-256", "a=fingerprint: must be an algorithm and bytes"},
      {"a=fingerprint:sha-256 AB:CD", "a=fingerprint: sha-256 has 32 bytes, not 2"},
      {"a=fingerprint:x AB-CD", "a=fingerprint: must be"},
      {"a=fingerprint:x AB:C", "a=fingerprint: must be"},
      {"a=fingerprint:x AB:CG", "a=fingerprint: must be"},
      {"a=setup:maybe", "a=setup: must be actpass, active, passive or holdconn, not \"maybe\""},
      {"a=rtpmap:x VP8/90000", "a=rtpmap: \"x\" is not a payload type"},
      {"a=rtpmap:96", "a=rtpmap: the encoding must be"},
      {"a=rtpmap:96 VP8", "a=rtpmap: the encoding must be"},
      {"a=rtpmap:96 VP8/0", "a=rtpmap: the encoding must be"},
      {"a=rtpmap:96 /90000", "a=rtpmap: the encoding must be"},
      {"a=rtpmap:96 opus/48000/0", "a=rtpmap: the encoding must be"},
      {"a=rtpmap:96 opus/48000/2/1", "a=rtpmap: the encoding must be"},
      {"a=rtpmap:96 VP8/4294967296", "a=rtpmap: the encoding must be"},
      {"a=fmtp:x apt=96", "a=fmtp: \"x\" is not a payload type"},
      {"a=rtcp-fb:96", "a=rtcp-fb: the feedback is missing"},
      {"a=rtcp-fb:*", "a=rtcp-fb: the feedback is missing"},
      {"a=extmap:0 urn:x", "a=extmap: the identifier \"0\""},
      {"a=extmap:x urn:x", "a=extmap: the identifier \"x\""},
      {"a=extmap:1", "a=extmap: the URI is missing"},
      {"a=extmap:1/up urn:x", "a=extmap: \"up\" is not a direction"},
      {"a=extmap:1 urn:x\na=extmap:1 urn:y", "a=extmap: the identifier 1 is used twice"},
      {"a=msid:", "a=msid: the stream is missing"},
      {"a=ssrc:x cname:y", "a=ssrc: \"x\" is not a number of 32 bits"},
      {"a=ssrc:4294967296 cname:y", "a=ssrc: \"4294967296\""},
      {"a=ssrc:1 msid:", "a=ssrc: the stream is missing"},
      {"a=ssrc-group:FID", "a=ssrc-group: must be a word and SSRCs"},
      {"a=ssrc-group:FID 1 x", "a=ssrc-group: the SSRC \"x\""},
      {"a=rid:", "a=rid: \"\" is not a rid"},
      {"a=rid:a,b send", "a=rid: \"a,b\" is not a rid"},
      {"a=rid:a", "a=rid: the direction must be send or recv"},
      {"a=rid:a up", "a=rid: the direction must be send or recv"},
      {"a=rid:a send\na=rid:a send", "a=rid: the rid \"a\" is there twice"},
      {"a=simulcast:", "a=simulcast: must be send or recv and rids"},
      {"a=simulcast:up a", "a=simulcast: must be send or recv and rids"},
      {"a=simulcast:send", "a=simulcast: each direction stands once, with rids"},
      {"a=simulcast:send a send b", "a=simulcast: each direction stands once"},
      {"a=simulcast:send a;;b", "a=simulcast: a stream has no rid"},
      {"a=simulcast:send a,~", "a=simulcast: \"\" is not a rid"},
      {"a=simulcast:send rid=a;b", "a=simulcast: \"rid=a\" is not a rid"},
      {"a=candidate:", "a=candidate: must be a foundation"},
      {"a=candidate:1 0 udp 1 192.0.2.1 9 typ host", "a=candidate: must be"},
      {"a=candidate:1 257 udp 1 192.0.2.1 9 typ host", "a=candidate: must be"},
      {"a=candidate:1 1 udp x 192.0.2.1 9 typ host", "a=candidate: must be"},
      {"a=candidate:1 1 udp 1 192.0.2.1 65536 typ host", "a=candidate: must be"},
      {"a=candidate:1 1 udp 1 192.0.2.1 9 host", "a=candidate: must be"},
      {"a=candidate:1 1 udp 1 192.0.2.1 9 typ", "a=candidate: must be"},
      {"a=candidate:1 1 udp 1 192.0.2.1 9 typ srflx raddr 1.2.3.4 rport x", "a=candidate: the related port \"x\""},
      {"a=candidate:1 1 udp 1 192.0.2.1 9 typ host generation", "a=candidate: \"generation\" has no value"},
      {"a=ptime:20ms", "a=ptime: must be a whole number"},
      {"a=maxptime:", "a=maxptime: must be a whole number"},
      {"a=sctp-port:65536", "a=sctp-port: must be a number from 0 to 65535"},
      {"a=max-message-size:-1", "a=max-message-size: must be a number of bytes"},
  };
  for (const auto& [lines, message] : table) {
    const size_t line = 6 + static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n'));
    ExpectError({Video(lines + "\n"), ErrorCode::kMalformed, "line " + std::to_string(line) + ": " + message});
  }
}

TEST(SdpErrors, SectionsThatDoNotFitTogether) {
  const std::string pwd = "a=ice-pwd:" + std::string(22, 'p') + "\n";
  const std::vector<Broken> table = {
      {Video("a=ice-ufrag:abcd\n"), ErrorCode::kMalformed, "line 5: ice-ufrag and ice-pwd must stand together"},
      {Video("a=ice-ufrag:abcd\n" + std::string(kVideo)), ErrorCode::kMalformed, "line 5: ice-ufrag and ice-pwd"},
      {Session(pwd + std::string(kVideo)), ErrorCode::kMalformed, "ice-ufrag and ice-pwd must stand together"},
      {Video("a=mid:x\n" + std::string(kVideo) + "a=mid:x\n"), ErrorCode::kMalformed,
       "two sections have the mid \"x\""},
      {Session("a=group:BUNDLE 0 1\n" + std::string(kVideo) + "a=mid:0\n"), ErrorCode::kMalformed,
       "the BUNDLE group has the mid \"1\", which no section has"},
      {Session("a=group:BUNDLE 0 0\n"), ErrorCode::kMalformed, "line 5: a=group: has the mid \"0\" twice"},
      {Session("a=group:BUNDLE 0\na=group:BUNDLE 1\n"), ErrorCode::kUnsupported,
       "line 6: a=group: a second BUNDLE group"},
  };
  for (const Broken& broken : table) ExpectError(broken);
}

// Each limit is kept exactly: that many are read, one more is refused.
TEST(SdpLimits, AreExact) {
  struct Case {
    const char* name;
    size_t limit;
    std::string (*text)(size_t count);
  };
  const std::vector<Case> table = {
      {"sections", kMaxSdpSections,
       [](size_t n) { return Session(Repeat(n, [](size_t) { return std::string(kVideo); })); }},
      {"codecs", kMaxSdpCodecs,
       [](size_t n) {
         return Session("m=video 9 UDP/TLS/RTP/SAVPF" + Repeat(n, [](size_t i) { return " " + std::to_string(i); }) +
                        "\n");
       }},
      {"formats", kMaxSdpFormats,
       [](size_t n) { return Session("m=application 9 DTLS/SCTP" + Repeat(n, [](size_t) { return " x"; }) + "\n"); }},
      {"feedback", kMaxSdpFeedback,
       [](size_t n) {
         return Video(Repeat(n, [](size_t i) { return "a=rtcp-fb:96 fb" + std::to_string(i) + "\n"; }));
       }},
      {"wildcard feedback", kMaxSdpFeedback,
       [](size_t n) { return Video(Repeat(n, [](size_t i) { return "a=rtcp-fb:* fb" + std::to_string(i) + "\n"; })); }},
      {"ssrcs", kMaxSdpSsrcs,
       [](size_t n) {
         return Video(Repeat(n, [](size_t i) { return "a=ssrc:" + std::to_string(i) + " cname:x\n"; }));
       }},
      {"ssrc groups", kMaxSdpSsrcGroups,
       [](size_t n) { return Video(Repeat(n, [](size_t) { return "a=ssrc-group:FID 1 2\n"; })); }},
      {"ssrcs of a group", kMaxSdpSsrcs,
       [](size_t n) { return Video("a=ssrc-group:SIM" + Repeat(n, [](size_t) { return " 1"; }) + "\n"); }},
      {"extensions", kMaxSdpExtensions,
       [](size_t n) {
         return Video(Repeat(n, [](size_t i) { return "a=extmap:" + std::to_string(i + 16) + " urn:x\n"; }));
       }},
      {"candidates", kMaxSdpCandidates,
       [](size_t n) {
         return Video(Repeat(n, [](size_t) { return "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\n"; }));
       }},
      {"fingerprints", kMaxSdpFingerprints,
       [](size_t n) { return Video(Repeat(n, [](size_t) { return "a=fingerprint:x AB\n"; })); }},
      {"fingerprint bytes", 64,
       [](size_t n) { return Video("a=fingerprint:x AB" + Repeat(n - 1, [](size_t) { return ":AB"; }) + "\n"); }},
      {"msids", kMaxSdpMsids, [](size_t n) { return Video(Repeat(n, [](size_t) { return "a=msid:a b\n"; })); }},
      {"rids", kMaxSdpRids,
       [](size_t n) { return Video(Repeat(n, [](size_t i) { return "a=rid:r" + std::to_string(i) + " send\n"; })); }},
      {"simulcast streams", kMaxSdpRids,
       [](size_t n) { return Video("a=simulcast:send a" + Repeat(n - 1, [](size_t) { return ";a"; }) + "\n"); }},
      {"alternatives", kMaxSdpRids,
       [](size_t n) { return Video("a=simulcast:send a" + Repeat(n - 1, [](size_t) { return ",a"; }) + "\n"); }},
      {"ICE options", kMaxSdpIceOptions,
       [](size_t n) { return Video("a=ice-options:" + Repeat(n, [](size_t) { return "x "; }) + "\n"); }},
      {"line", kMaxSdpLineBytes, [](size_t n) { return Video("a=" + std::string(n - 2, 'x') + "\r\n"); }},
      {"text", kMaxSdpBytes,
       [](size_t n) {
         std::string text = Session(Repeat(n / 1024 - 1, [](size_t) { return "a=" + std::string(1021, 'x') + "\n"; }));
         return text + std::string(n - text.size(), '\n');
       }},
  };
  for (const Case& c : table) {
    SCOPED_TRACE(c.name);
    const auto most = ParseSdp(c.text(c.limit));
    EXPECT_TRUE(most.ok()) << most.error().message;
    const auto more = ParseSdp(c.text(c.limit + 1));
    ASSERT_FALSE(more.ok());
    EXPECT_EQ(more.error().code, ErrorCode::kLimit) << more.error().message;
  }
}

TEST(SdpParse, UnknownThingsAreIgnored) {
  const MediaSection section = ParseVideo(
      "i=a title\nb=AS:2500\na=rtcp:9 IN IP4 0.0.0.0\na=rtcp-xr:rcvr-rtt=all\na=x-google-flag:conference\n"
      "a=rtpmap:100 VP9/90000\na=fmtp:100 x=1\na=rtcp-fb:100 nack\n"
      "a=candidate:1 1 ssltcp 1 192.0.2.1 443 typ host\na=candidate:1 1 udp 1 192.0.2.1 9 typ moon\n"
      "a=extmap:15 urn:x\na=extmap:4096 urn:y\na=ssrc:7 label:x\n");
  EXPECT_EQ(section.codecs.size(), 2u);
  EXPECT_THAT(section.candidates, IsEmpty());
  EXPECT_THAT(section.extensions, IsEmpty());
  EXPECT_THAT(section.ssrcs, ElementsAre(SdpSsrc{Ssrc(7), "", std::nullopt}));
}

TEST(SdpParse, SectionsOwnAttributesComeBeforeTheSessions) {
  const std::string text =
      Session("a=recvonly\na=setup:passive\na=ice-ufrag:sess\na=ice-pwd:" + std::string(22, 's') +
              "\na=ice-options:trickle\na=fingerprint:sha-1 " + "00" + Repeat(19, [](size_t) { return ":00"; }) + "\n" +
              std::string(kVideo) + "a=sendonly\na=setup:active\na=ice-ufrag:sect\na=ice-pwd:" + std::string(22, 't') +
              "\na=ice-options:renomination\na=fingerprint:sha-1 01" + Repeat(19, [](size_t) { return ":01"; }) + "\n" +
              std::string(kVideo));
  const auto parsed = ParseSdp(text);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  const MediaSection& own = parsed->sections.at(0);
  EXPECT_EQ(own.direction, SdpDirection::kSendOnly);
  EXPECT_EQ(own.setup, SdpSetup::kActive);
  EXPECT_EQ(own.ice->ufrag, "sect");
  EXPECT_THAT(own.ice_options, ElementsAre("renomination"));
  ASSERT_EQ(own.fingerprints.size(), 1u);
  EXPECT_EQ(own.fingerprints[0].bytes[0], 1);
  const MediaSection& inherited = parsed->sections.at(1);
  EXPECT_EQ(inherited.direction, SdpDirection::kRecvOnly);
  EXPECT_EQ(inherited.setup, SdpSetup::kPassive);
  EXPECT_EQ(inherited.ice, (SdpIce{"sess", std::string(22, 's')}));
  EXPECT_THAT(inherited.ice_options, ElementsAre("trickle"));
  EXPECT_EQ(inherited.fingerprints.at(0).bytes[0], 0);
}

TEST(SdpParse, Codecs) {
  const MediaSection section = ParseVideo(
      "a=rtcp-fb:* nack\na=rtcp-fb:96 nack\na=rtcp-fb:96 nack pli\na=rtpmap:96 VP8/90000\na=fmtp:96 a=1\n"
      "a=fmtp:96 b=2 \n");
  EXPECT_EQ(section.codecs[0].name, "VP8");
  EXPECT_EQ(section.codecs[0].fmtp, "a=1;b=2");
  EXPECT_THAT(section.codecs[0].rtcp_feedback, ElementsAre("nack", "nack pli"));
  EXPECT_EQ(section.codecs[1].name, "") << "no rtpmap";
  EXPECT_EQ(section.codecs[1].clock_rate, 0u);
  EXPECT_THAT(section.codecs[1].rtcp_feedback, ElementsAre("nack"));

  const auto audio = ParseSdp(Session("m=audio 9 RTP/SAVPF 0 8 9 13\na=rtpmap:8 other/16000\n"));
  ASSERT_TRUE(audio.ok());
  const auto& codecs = audio->sections[0].codecs;
  EXPECT_EQ(codecs[0].name, "PCMU");
  EXPECT_EQ(codecs[0].clock_rate, 8000u);
  EXPECT_EQ(codecs[1].name, "other") << "an rtpmap comes before what the number means by itself";
}

TEST(SdpParse, OtherSectionsAreKeptSoThatTheyCanBeRefused) {
  const auto parsed = ParseSdp(Session("m=text 9 RTP/AVP 98\na=rtpmap:98 t140/1000\nm=message 9 TCP/MSRP *\n"));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->sections.at(0).kind, SectionKind::kOther);
  EXPECT_EQ(parsed->sections[0].media, "text");
  EXPECT_EQ(parsed->sections[0].codecs.at(0).name, "t140");
  EXPECT_THAT(parsed->sections.at(1).formats, ElementsAre("*"));
  EXPECT_EQ(*ParseSdp(WriteSdp(*parsed)), *parsed);
}

TEST(SdpFingerprints, Sha256IsPreferred) {
  MediaSection section;
  EXPECT_EQ(section.PreferredFingerprint(), nullptr);
  section.fingerprints = {{"sha-1", std::vector<uint8_t>(20)}, {"sha-512", std::vector<uint8_t>(64)}};
  EXPECT_EQ(section.PreferredFingerprint()->algorithm, "sha-512");
  section.fingerprints.push_back({"sha-256", std::vector<uint8_t>(32)});
  EXPECT_EQ(section.PreferredFingerprint()->algorithm, "sha-256");
}

TEST(SdpFmtp, Parameters) {
  EXPECT_THAT(FmtpParameters(""), IsEmpty());
  EXPECT_THAT(FmtpParameters(" a=1; B = x=y ;;c"), ElementsAre(Pair("a", "1"), Pair("B", "x=y"), Pair("c", "")));
  EXPECT_THAT(FmtpParameters("111/111"), ElementsAre(Pair("111/111", "")));
  EXPECT_EQ(FmtpParameter("a=1;B=2", "b"), "2");
  EXPECT_EQ(FmtpParameter("a=1;a=2", "a"), "1");
  EXPECT_EQ(FmtpParameter("a=1", "c"), std::nullopt);
}

TEST(SdpWrite, AnswerWithEverything) {
  SessionDescription answer;
  answer.origin = {.username = "duet", .session_id = "7", .session_version = 3, .address = "::1"};
  answer.ice_lite = true;
  answer.bundle_mids = {"0"};
  MediaSection section;
  section.kind = SectionKind::kVideo;
  section.media = "video";
  section.protocol = "UDP/TLS/RTP/SAVPF";
  section.mid = "0";
  section.direction = SdpDirection::kRecvOnly;
  section.rtcp_mux = true;
  section.ice = SdpIce{"abcd", std::string(22, 'p')};
  section.fingerprints = {{"sha-256", std::vector<uint8_t>(32, 0xA5)}};
  section.setup = SdpSetup::kPassive;
  section.candidates = {{.foundation = "1", .priority = 5, .address = "2001:db8::1", .port = 40000}};
  section.end_of_candidates = true;
  section.codecs = {{.payload_type = PayloadType(96), .name = "VP8", .clock_rate = 90000, .rtcp_feedback = {"nack"}}};
  section.extensions = {{.id = 3, .uri = "urn:x"}};
  section.simulcast = SdpSimulcast{.send = {}, .recv = {{{"h", false}, {"m", true}}, {{"l", false}}}};
  answer.sections = {section};

  const std::string text = WriteSdp(answer);
  EXPECT_EQ(text.find("v=0\r\no=duet 7 3 IN IP6 ::1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE 0\r\n"), 0u)
      << text;
  EXPECT_THAT(text, HasSubstr("\r\na=candidate:1 1 udp 5 2001:db8::1 40000 typ host\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\na=simulcast:recv h,~m;l\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\na=fingerprint:sha-256 A5:A5:"));
  EXPECT_EQ(*ParseSdp(text), answer);
}

}  // namespace
}  // namespace duet
