#include "wire/stream_framing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace duet {
namespace {

std::string Frame(std::string_view payload) {
  std::string frame{static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size() & 0xff)};
  return frame += payload;
}

// What the reader finds when the stream comes in these pieces.
std::vector<std::string> Read(FrameReader& reader, const std::vector<std::string>& pieces) {
  std::vector<std::string> found;
  for (const std::string& piece : pieces) {
    Bytes input = AsBytes(piece);
    while (const auto frame = reader.Next(input)) found.emplace_back(AsText(*frame));
    EXPECT_TRUE(input.empty() || reader.broken());
  }
  return found;
}

using Texts = std::vector<std::string>;

TEST(FrameReader, FramesInOnePiece) {
  FrameReader reader;
  EXPECT_EQ(Read(reader, {Frame("one") + Frame("two") + Frame("three")}), (Texts{"one", "two", "three"}));
  EXPECT_FALSE(reader.broken());
}

TEST(FrameReader, AnyCutGivesTheSameFrames) {
  const Texts payloads = {"a", std::string(300, 'b'), "", std::string(FrameReader::kMaxFrameBytes, 'c'), "dd"};
  std::string stream;
  for (const std::string& payload : payloads) stream += Frame(payload);
  const Texts expected = {payloads[0], payloads[1], payloads[3], payloads[4]};
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    FrameReader reader;
    ASSERT_EQ(Read(reader, {stream.substr(0, cut), stream.substr(cut)}), expected) << "cut at " << cut;
  }
  for (const size_t size : {1, 2, 3, 7, 301, 1000}) {
    Texts pieces;
    for (size_t at = 0; at < stream.size(); at += size) pieces.push_back(stream.substr(at, size));
    FrameReader reader;
    ASSERT_EQ(Read(reader, pieces), expected) << "in pieces of " << size;
  }
}

TEST(FrameReader, AFrameInOnePieceIsNotCopied) {
  FrameReader reader;
  const std::string stream = Frame("one");
  Bytes input = AsBytes(stream);
  const auto frame = reader.Next(input);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->data(), AsBytes(stream).data() + kFrameHeaderBytes);
}

TEST(FrameReader, EmptyFramesMeanNothing) {
  FrameReader reader;
  EXPECT_EQ(Read(reader, {Frame("") + Frame("") + Frame("x") + Frame("")}), (Texts{"x"}));
  EXPECT_EQ(Read(reader, {std::string(1, '\0'), std::string(1, '\0'), Frame("y")}), (Texts{"y"}));
  EXPECT_FALSE(reader.broken());
}

TEST(FrameReader, AFrameThatIsTooLargeEndsTheStream) {
  const std::string large = Frame(std::string(FrameReader::kMaxFrameBytes + 1, 'x'));
  for (const Texts& pieces : {Texts{Frame("one") + large, Frame("two")},
                              Texts{Frame("one") + large.substr(0, 1), large.substr(1), Frame("two")}}) {
    FrameReader reader;
    EXPECT_EQ(Read(reader, pieces), (Texts{"one"}));
    EXPECT_TRUE(reader.broken());
  }
}

}  // namespace
}  // namespace duet
