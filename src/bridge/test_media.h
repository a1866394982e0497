// For tests: streams that FFmpeg encodes, and what a tone is made of.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "wire/flv.h"

namespace duet {

struct TestTag {
  FlvTagHeader header;
  std::vector<std::byte> data;
};

// The tags of the FLV that `ffmpeg ARGUMENTS -f flv` makes.
inline std::vector<TestTag> EncodeFlv(const std::string& arguments) {
  const auto path = std::filesystem::temp_directory_path() / ("duet-bridge-" + std::to_string(getpid()) + ".flv");
  const std::string command =
      "ffmpeg -hide_banner -v error -y " + arguments + " -f flv " + path.string() + " </dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(path);
  ByteReader reader(AsBytes(content));
  reader.Skip(kFlvFileHeaderBytes);
  std::vector<TestTag> tags;
  while (reader.remaining() > 0) {
    const auto header = ParseFlvTagHeader(reader.Read(kFlvTagHeaderBytes));
    if (!header) break;
    const Bytes data = reader.Read(header->data_size);
    reader.Skip(kFlvTagTrailerBytes);
    tags.push_back({*header, {data.begin(), data.end()}});
  }
  EXPECT_TRUE(reader.ok());
  return tags;
}

// The amplitude of a frequency in samples (Goertzel's algorithm, over the whole of them).
inline double ToneLevel(std::span<const float> samples, double frequency, double rate) {
  const double step = 2 * std::numbers::pi * frequency / rate;
  double real = 0;
  double imaginary = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    real += samples[i] * std::cos(step * static_cast<double>(i));
    imaginary += samples[i] * std::sin(step * static_cast<double>(i));
  }
  return 2 * std::hypot(real, imaginary) / static_cast<double>(samples.size());
}

inline double RootMeanSquare(std::span<const float> samples) {
  double sum = 0;
  for (const float s : samples) sum += double{s} * s;
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

}  // namespace duet
