#include <gtest/gtest.h>

#include "wire/rtmp_chunk.h"
#include "wire/test_bytes.h"

namespace duet {
namespace {

struct Kept {
  RtmpMessage head;
  std::string payload;
};

// All messages, or none and the error.
std::vector<Kept> ReadAll(RtmpChunkReader& reader, Bytes bytes, ErrorCode* error = nullptr) {
  std::vector<Kept> messages;
  while (true) {
    auto message = reader.Read(bytes);
    if (!message) {
      EXPECT_NE(error, nullptr) << message.error().message;
      if (error != nullptr) *error = message.error().code;
      return messages;
    }
    if (!*message) break;
    messages.push_back({**message, ToHex((*message)->payload)});
  }
  EXPECT_TRUE(bytes.empty());
  return messages;
}

std::vector<Kept> ReadHex(std::string_view hex) {
  RtmpChunkReader reader;
  return ReadAll(reader, Hex(hex));
}

TEST(RtmpChunkReader, AllHeaderForms) {
  const auto messages = ReadHex(
      "04 000064 000002 08 01000000 aabb"  // fmt 0 at 100, 2 bytes, audio, stream 1
      "44 000014 000001 09 cc"             // fmt 1: +20, 1 byte, video
      "84 00000a dd"                       // fmt 2: +10
      "c4 ee"                              // fmt 3: +10 again
  );
  ASSERT_EQ(messages.size(), 4u);
  const uint32_t times[] = {100, 120, 130, 140};
  const char* payloads[] = {"aabb", "cc", "dd", "ee"};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(messages[i].head.timestamp, times[i]) << i;
    EXPECT_EQ(messages[i].payload, payloads[i]) << i;
    EXPECT_EQ(messages[i].head.stream_id, 1u) << i;
    EXPECT_EQ(messages[i].head.chunk_stream, 4u) << i;
  }
  EXPECT_EQ(messages[0].head.type, RtmpType::kAudio);
  EXPECT_EQ(messages[3].head.type, RtmpType::kVideo);
}

TEST(RtmpChunkReader, AMessageLikeTheLastOneAddsItsTimestampAgain) {
  // Section 5.3.1.2.4: behind fmt 0 the difference is that timestamp.
  const auto messages = ReadHex("04 000064 000001 08 01000000 aa c4 bb");
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[1].head.timestamp, 200u);
}

TEST(RtmpChunkReader, LongChunkStreamIds) {
  EXPECT_EQ(ReadHex("00 00 000000 000001 08 00000000 aa").at(0).head.chunk_stream, 64u);
  EXPECT_EQ(ReadHex("00 ff 000000 000001 08 00000000 aa").at(0).head.chunk_stream, 319u);
  EXPECT_EQ(ReadHex("01 0001 000000 000001 08 00000000 aa").at(0).head.chunk_stream, 320u);
  EXPECT_EQ(ReadHex("01 ffff 000000 000001 08 00000000 aa").at(0).head.chunk_stream, 65599u);
}

TEST(RtmpChunkReader, InterleavedAcrossChunkSizeChange) {
  // Chunks of 2: video in three parts with audio between them; chunks of 4 from the middle on.
  const auto messages = ReadHex(
      "02 000000 000004 01 00000000 00000002"
      "06 000010 000007 09 01000000 0102"
      "04 000011 000001 08 01000000 aa"
      "c6 0304"
      "02 000000 000004 01 00000000 0000"
      "c2 0004"
      "c6 050607");
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[1].payload, "aa");
  EXPECT_EQ(messages[2].payload, "00000004");
  EXPECT_EQ(messages[3].payload, "01020304050607");
  EXPECT_EQ(messages[3].head.timestamp, 16u);
}

TEST(RtmpChunkReader, ExtendedTimestamps) {
  const std::string_view set_size = "02 000000 000004 01 00000000 00000002";
  const std::string head = std::string(set_size) + "06 ffffff 000004 09 01000000 01000000 0102";
  const auto repeated = ReadHex(head + "c6 01000000 0304");
  ASSERT_EQ(repeated.size(), 2u);
  EXPECT_EQ(repeated[1].head.timestamp, 0x01000000u);
  EXPECT_EQ(repeated[1].payload, "01020304");
  // Encoders that leave it away in later chunks: the bytes are payload, also where the next chunk begins among them.
  const auto missing = ReadHex(head + "c6 0304  06 000001 000001 09 01000000 ff");
  ASSERT_EQ(missing.size(), 3u);
  EXPECT_EQ(missing[1].payload, "01020304");
  EXPECT_EQ(missing[2].head.timestamp, 1u);
  // A difference that is extended.
  const auto difference = ReadHex("04 000001 000001 08 01000000 aa 44 ffffff 000001 08 00ffffff bb c4 00ffffff cc");
  ASSERT_EQ(difference.size(), 3u);
  EXPECT_EQ(difference[1].head.timestamp, 0x01000000u);
  EXPECT_EQ(difference[2].head.timestamp, 0x01ffffffu);
}

TEST(RtmpChunkReader, AbortForgetsAnUnfinishedMessage) {
  RtmpChunkReader reader;
  std::vector<std::byte> bytes = Hex("06 000000 0000ff 09 01000000");
  bytes.insert(bytes.end(), 128, std::byte{1});
  EXPECT_TRUE(ReadAll(reader, bytes).empty());
  EXPECT_EQ(reader.unfinished_bytes(), 128u);
  EXPECT_EQ(ReadAll(reader, Hex("02 000000 000004 02 00000000 00000006")).size(), 1u);
  EXPECT_EQ(reader.unfinished_bytes(), 0u);
  EXPECT_EQ(ReadAll(reader, Hex("06 000005 000001 09 01000000 77")).at(0).payload, "77");
}

TEST(RtmpChunkReader, WhatBreaksTheRulesEndsIt) {
  const struct {
    const char* what;
    std::string_view hex;
    ErrorCode code;
  } cases[] = {
      {"continues nothing", "c4 aa", ErrorCode::kMalformed},
      {"chunk size 0", "02 000000 000004 01 00000000 00000000", ErrorCode::kMalformed},
      {"chunk size with the top bit", "02 000000 000004 01 00000000 80000000", ErrorCode::kMalformed},
      {"too long", "04 000000 400001 08 00000000", ErrorCode::kLimit},
  };
  for (const auto& c : cases) {
    RtmpChunkReader reader;
    ErrorCode code{};
    EXPECT_TRUE(ReadAll(reader, Hex(c.hex), &code).empty()) << c.what;
    EXPECT_EQ(code, c.code) << c.what;
  }
  RtmpChunkReader reader;
  ErrorCode code{};
  std::vector<std::byte> bytes;
  for (int id = 2; id < 2 + 65; ++id) {
    AppendRtmpMessage({.chunk_stream = static_cast<uint32_t>(id), .type = RtmpType::kAudio}, 128, bytes);
  }
  EXPECT_EQ(ReadAll(reader, bytes, &code).size(), 64u);
  EXPECT_EQ(code, ErrorCode::kLimit);
}

TEST(RtmpChunkWriter, IsReadAsItWas) {
  for (const uint32_t timestamp : {0u, 0xFFFFFEu, 0xFFFFFFu, 0x1000000u, 0xFFFFFFFFu}) {
    for (const size_t size : {0u, 1u, 127u, 128u, 129u, 256u, 5000u}) {
      std::vector<std::byte> payload(size, std::byte{0x5a});
      std::vector<std::byte> out;
      AppendRtmpMessage({.chunk_stream = 70,
                         .type = RtmpType::kVideo,
                         .stream_id = 0x01020304,
                         .timestamp = timestamp,
                         .payload = payload},
                        128, out);
      RtmpChunkReader reader;
      const auto messages = ReadAll(reader, out);
      ASSERT_EQ(messages.size(), 1u) << timestamp << " " << size;
      EXPECT_EQ(messages[0].payload, ToHex(payload));
      EXPECT_EQ(messages[0].head.timestamp, timestamp);
      EXPECT_EQ(messages[0].head.stream_id, 0x01020304u);
    }
  }
}

TEST(RtmpAggregate, GivesItsMessagesWithTheirTimes) {
  const auto payload =
      Hex("08 000002 ffffff 00 000000 aabb 0000000d"
          "09 000001 000009 01 000000 cc 0000000c");
  RtmpAggregateReader reader({.type = RtmpType::kAggregate, .stream_id = 1, .timestamp = 5000, .payload = payload});
  const auto first = reader.Next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type, RtmpType::kAudio);
  EXPECT_EQ(first->timestamp, 5000u);
  EXPECT_EQ(ToHex(first->payload), "aabb");
  const auto second = reader.Next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->type, RtmpType::kVideo);
  EXPECT_EQ(second->timestamp, 5010u) << "0x01000009 - 0xffffff";
  EXPECT_FALSE(reader.Next());
  EXPECT_FALSE(reader.malformed());

  RtmpAggregateReader cut({.type = RtmpType::kAggregate, .payload = Bytes(payload).first(20)});
  EXPECT_TRUE(cut.Next());
  EXPECT_FALSE(cut.Next());
  EXPECT_TRUE(cut.malformed());
}

TEST(RtmpUserControl, ParsesTypeAndValue) {
  const auto event = ParseRtmpUserControl(Hex("0006 00001234"));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, RtmpEventType::kPingRequest);
  EXPECT_EQ(event->value, 0x1234u);
  EXPECT_FALSE(ParseRtmpUserControl(Hex("0006 000012")));
}

}  // namespace
}  // namespace duet
