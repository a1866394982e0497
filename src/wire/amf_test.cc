#include "wire/amf.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace duet {
namespace {

using Kind = AmfValue::Kind;

TEST(Amf0, ReadsTheValuesOfACommand) {
  // connect, 1, {app: "push", capabilities: 15, fpad: false, none: null}
  const auto bytes =
      Hex("02 0007 636f6e6e656374  00 3ff0000000000000"
          "03 0003 617070 02 0004 70757368  000c 6361706162696c6974696573 00 402e000000000000"
          "0004 66706164 01 00  0004 6e6f6e65 05  000009");
  AmfReader reader(bytes);
  EXPECT_EQ(reader.Read()->text, "connect");
  EXPECT_EQ(reader.Read()->number, 1);
  const auto object = reader.Read();
  ASSERT_TRUE(object);
  EXPECT_EQ(object->members.size(), 4u);
  EXPECT_EQ(object->Find("app")->text, "push");
  EXPECT_EQ(object->Find("capabilities")->number, 15);
  EXPECT_TRUE(object->Find("fpad")->is(Kind::kBoolean));
  EXPECT_TRUE(object->Find("none")->is(Kind::kNull));
  EXPECT_EQ(object->Find("other"), nullptr);
  EXPECT_TRUE(reader.at_end());
}

TEST(Amf0, EveryPrefixOfAValueIsAnErrorAndNothingElse) {
  const auto bytes = Hex("08 00000002 0001 61 0a 00000002 05 0b 40f0000000000000 0000 0001 62 0c 00000001 7a 000009");
  for (size_t n = 0; n < bytes.size(); ++n) {
    AmfReader reader(Bytes(bytes).first(n));
    const auto value = reader.Read();
    ASSERT_FALSE(value) << n;
    EXPECT_EQ(value.error().code, ErrorCode::kTruncated) << n;
    EXPECT_FALSE(reader.Read()) << "stays failed";
  }
  AmfReader reader(bytes);
  const auto value = reader.Read();
  ASSERT_TRUE(value);
  EXPECT_EQ(value->Find("a")->members.size(), 2u);
  EXPECT_TRUE(value->Find("a")->members[1].value.is(Kind::kDate));
  EXPECT_EQ(value->Find("b")->text, "z");
}

TEST(Amf0, LimitsHold) {
  std::vector<std::byte> deep;
  for (int i = 0; i <= AmfReader::kMaxDepth; ++i) {
    const auto list = Hex("0a 00000001");
    deep.insert(deep.end(), list.begin(), list.end());
  }
  deep.push_back(std::byte{5});
  EXPECT_EQ(AmfReader(deep).Read().error().code, ErrorCode::kLimit);
  deep.erase(deep.begin(), deep.begin() + 5);
  EXPECT_TRUE(AmfReader(deep).Read());

  std::vector<std::byte> wide = Hex("0a ffffffff");
  wide.insert(wide.end(), AmfReader::kMaxValues, std::byte{5});
  EXPECT_EQ(AmfReader(wide).Read().error().code, ErrorCode::kLimit);

  std::vector<std::byte> text = Hex("0c 00010001");
  text.insert(text.end(), AmfReader::kMaxText + 1, std::byte{'x'});
  EXPECT_EQ(AmfReader(text).Read().error().code, ErrorCode::kLimit);
  const auto movie_clip = Hex("04");
  EXPECT_EQ(AmfReader(movie_clip).Read().error().code, ErrorCode::kUnsupported);
}

TEST(Amf3, ReadsNumbersStringsAndObjects) {
  const struct {
    const char* what;
    std::string_view hex;
    double number;
  } numbers[] = {
      {"one byte", "04 7f", 127},
      {"two bytes", "04 8100", 128},
      {"three bytes", "04 ffff7f", 2097151},
      {"four bytes, the largest", "04 bfffffff", 268435455},
      {"negative", "04 ffffffff", -1},
      {"the smallest", "04 c0808000", -268435456},
      {"double", "05 3fe0000000000000", 0.5},
  };
  for (const auto& c : numbers) {
    const auto bytes = Hex(c.hex);
    AmfReader reader(bytes, AmfVersion::k3);
    const auto value = reader.Read();
    ASSERT_TRUE(value) << c.what;
    EXPECT_EQ(value->number, c.number) << c.what;
    EXPECT_TRUE(reader.at_end()) << c.what;
  }
  // Two objects of the same traits {a, b}, dynamic with c; the second by references.
  const auto bytes = Hex("09 05 01  0a 2b 01 03 61 03 62 04 01 04 02 03 63 06 05 6869 01  0a 01 04 03 04 04 01");
  AmfReader reader(bytes, AmfVersion::k3);
  const auto list = reader.Read();
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->members.size(), 2u);
  EXPECT_EQ(list->members[0].value.Find("a")->number, 1);
  EXPECT_EQ(list->members[0].value.Find("c")->text, "hi");
  EXPECT_EQ(list->members[1].value.Find("b")->number, 4);
  EXPECT_TRUE(reader.at_end());
}

TEST(Amf3, ReferencesDoNotExpand) {
  const auto self = Hex("09 03 01 09 00");  // a list that holds itself
  AmfReader reader(self, AmfVersion::k3);
  const auto list = reader.Read();
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->members.at(0).value.is(Kind::kReference));
  const auto dangling = Hex("09 04");
  EXPECT_EQ(AmfReader(dangling, AmfVersion::k3).Read().error().code, ErrorCode::kMalformed);
  const auto inside_amf0 = Hex("11 06 05 6f6b");
  EXPECT_EQ(AmfReader(inside_amf0).Read()->text, "ok");
}

TEST(AmfWriter, WritesWhatTheReaderReads) {
  std::byte buffer[256];
  AmfWriter writer(buffer);
  writer.String("onStatus");
  writer.Number(0);
  writer.Null();
  writer.BeginObject();
  writer.Name("code");
  writer.String("NetStream.Publish.Start");
  writer.Name("ok");
  writer.Boolean(true);
  writer.End();
  ASSERT_TRUE(writer.ok());
  AmfReader reader(writer.written());
  EXPECT_EQ(reader.Read()->text, "onStatus");
  EXPECT_EQ(reader.Read()->NumberOr(7), 0);
  EXPECT_EQ(reader.Read()->NumberOr(7), 7) << "null is no number";
  const auto object = reader.Read();
  ASSERT_TRUE(object);
  EXPECT_EQ(object->Find("code")->TextOr(""), "NetStream.Publish.Start");
  EXPECT_TRUE(object->Find("ok")->boolean);
  EXPECT_TRUE(reader.at_end());

  AmfWriter small(MutableBytes(buffer).first(4));
  small.String("does not fit");
  EXPECT_FALSE(small.ok());
}

}  // namespace
}  // namespace duet
