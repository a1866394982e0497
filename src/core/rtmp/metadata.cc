#include "core/rtmp/metadata.h"

#include "wire/amf.h"

namespace duet {
namespace {

double Within(const AmfValue& object, std::string_view name, double most) {
  const AmfValue* value = object.Find(name);
  const double number = value == nullptr ? 0 : value->NumberOr(0);
  return number >= 0 && number <= most ? number : 0;
}

uint32_t Whole(const AmfValue& object, std::string_view name, double most) {
  return static_cast<uint32_t>(Within(object, name, most));
}

}  // namespace

Result<StreamMetadata> ParseMetadata(Bytes payload) {
  constexpr double kMaxPixels = 16384;
  constexpr double kMaxRate = 1e6;
  AmfReader reader(payload);
  auto value = reader.Read();
  if (value.ok() && value->TextOr("") == "@setDataFrame") value = reader.Read();
  if (!value.ok()) return value.error();
  if (value->TextOr("") != "onMetaData") return Error{ErrorCode::kNotFound, "no onMetaData"};
  const auto object = reader.Read();
  if (!object.ok()) return object.error();
  StreamMetadata metadata;
  metadata.width = Whole(*object, "width", kMaxPixels);
  metadata.height = Whole(*object, "height", kMaxPixels);
  metadata.frame_rate = Within(*object, "framerate", 1000);
  metadata.video_kbps = Whole(*object, "videodatarate", kMaxRate);
  metadata.audio_kbps = Whole(*object, "audiodatarate", kMaxRate);
  metadata.audio_sample_rate = Whole(*object, "audiosamplerate", kMaxRate);
  if (const AmfValue* stereo = object->Find("stereo")) metadata.stereo = stereo->boolean;
  if (const AmfValue* encoder = object->Find("encoder")) metadata.encoder = encoder->TextOr("").substr(0, 128);
  return metadata;
}

std::vector<std::byte> WriteMetadata(const StreamMetadata& metadata, bool audio, bool video) {
  constexpr double kAvc = 7;
  constexpr double kAac = 10;
  std::byte buffer[1024];
  AmfWriter writer(buffer);
  const auto number = [&](std::string_view name, double value) {
    if (value == 0) return;
    writer.Name(name);
    writer.Number(value);
  };
  writer.String("onMetaData");
  writer.BeginEcmaArray(0);
  if (video) {
    number("width", metadata.width);
    number("height", metadata.height);
    number("framerate", metadata.frame_rate);
    number("videodatarate", metadata.video_kbps);
    number("videocodecid", kAvc);
  }
  if (audio) {
    number("audiosamplerate", metadata.audio_sample_rate);
    number("audiosamplesize", 16);
    number("audiodatarate", metadata.audio_kbps);
    writer.Name("stereo");
    writer.Boolean(metadata.stereo);
    number("audiocodecid", kAac);
  }
  if (!metadata.encoder.empty()) {
    writer.Name("encoder");
    writer.String(metadata.encoder.substr(0, 128));
  }
  writer.End();
  return {writer.written().begin(), writer.written().end()};
}

}  // namespace duet
