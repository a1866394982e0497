// FLV (Adobe's "Video File Format" 10.1, annex E): tags, and the head of the audio and video in them, which RTMP
// messages have too.
//
//   file: "FLV" 01, flags (8): 4 audio, 1 video; size of this header (32) = 9; 0 (32); tags
//   tag:  type (8), data size (24), timestamp (24), its upper 8 bits, stream id (24) = 0; data; size of it all (32)
//   audio data: format (4), rate (2), bits (1), channels (1); AAC: packet type (8); frame
//   video data: frame type (4), codec (4); AVC: packet type (8), composition time (24, signed); AVCC
//   Enhanced RTMP (Veovera, 2023), video: 1, frame type (3), packet type (4), FourCC (32)
//                                  audio: 9 (4), packet type (4), FourCC (32)
//
// Only H.264 and AAC are carried on; all else is recognised so that it can be refused by name.
//
// Thread rule: plain values and views.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace duet {

enum class FlvTagType : uint8_t { kAudio = 8, kVideo = 9, kScript = 18 };

inline constexpr size_t kFlvFileHeaderBytes = 13;  // with the size of the tag before the first, 0
inline constexpr size_t kFlvTagHeaderBytes = 11;
inline constexpr size_t kFlvTagTrailerBytes = 4;

struct FlvTagHeader {
  uint8_t type = 0;           // FlvTagType, without the filter bit
  uint32_t data_size = 0;     // at most 2^24 - 1
  uint32_t timestamp_ms = 0;  // wraps at 2^32
};

std::array<std::byte, kFlvFileHeaderBytes> FlvFileHeader(bool audio, bool video);
// REQUIRES: data_size below 2^24.
std::array<std::byte, kFlvTagHeaderBytes> WriteFlvTagHeader(const FlvTagHeader& header);
// Nothing when there are fewer than 11 bytes, or it is encrypted.
std::optional<FlvTagHeader> ParseFlvTagHeader(Bytes bytes);

enum class FlvVideoCodec : uint8_t { kAvc, kOther };
enum class FlvAudioCodec : uint8_t { kAac, kOther };
// For both kinds: configuration, frames, or the end of them.
enum class FlvPacket : uint8_t { kSequenceHeader, kFrame, kSequenceEnd, kOther };

struct FlvVideoTag {
  FlvVideoCodec codec{};
  FlvPacket packet{};
  bool keyframe = false;
  int32_t composition_ms = 0;  // presentation minus decoding time
  uint8_t codec_id = 0;        // the number of the old form, 0 in the enhanced one
  uint32_t fourcc = 0;         // of the enhanced form, 0 in the old one
  Bytes data;                  // AVCDecoderConfigurationRecord, or NAL units with their lengths
};
// The data of a video tag. Nothing when it is cut short, or a command frame without a picture.
std::optional<FlvVideoTag> ParseFlvVideo(Bytes data);

struct FlvAudioTag {
  FlvAudioCodec codec{};
  FlvPacket packet{};
  uint8_t format = 0;   // SoundFormat, 9 = enhanced
  uint32_t fourcc = 0;  // of the enhanced form
  Bytes data;           // AudioSpecificConfig, or a raw frame
};
std::optional<FlvAudioTag> ParseFlvAudio(Bytes data);

// What a person calls the codec: "HEVC", "AV1", "Sorenson H.263", "MP3" ...
std::string FlvVideoCodecName(const FlvVideoTag& tag);
std::string FlvAudioCodecName(const FlvAudioTag& tag);

// The heads of the tags that Duet writes.
inline constexpr size_t kFlvAvcHeadBytes = 5;
inline constexpr size_t kFlvAacHeadBytes = 2;
// `composition_ms` within 24 bits signed.
std::array<std::byte, kFlvAvcHeadBytes> FlvAvcHead(FlvPacket packet, bool keyframe, int32_t composition_ms);
std::array<std::byte, kFlvAacHeadBytes> FlvAacHead(FlvPacket packet);

}  // namespace duet
