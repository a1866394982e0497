// Both transcoders, with sound that FFmpeg and libopus encode and decode.
#include <gtest/gtest.h>
#include <opus/opus.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/mem.h>
}

#include <cstring>

#include "base/rng.h"
#include "bridge/aac_to_opus.h"
#include "bridge/opus_to_aac.h"
#include "bridge/test_media.h"

namespace duet {
namespace {

// The left or only channel of everything an Opus decoder makes of packets.
class OpusEar {
 public:
  explicit OpusEar(int channels) : channels_(channels) {
    decoder_.reset(opus_decoder_create(kOpusRate, channels, nullptr));
  }
  void Hear(Bytes packet) {
    std::vector<float> buffer(static_cast<size_t>(5760 * channels_));
    const int made = opus_decode_float(decoder_.get(), reinterpret_cast<const unsigned char*>(packet.data()),
                                       static_cast<opus_int32>(packet.size()), buffer.data(), 5760, 0);
    ASSERT_EQ(made, AacToOpus::kFrameSamples);
    for (int i = 0; i < made; ++i) samples.push_back(buffer[static_cast<size_t>(i * channels_)]);
  }
  std::vector<float> samples;

 private:
  int channels_;
  AvPtr<OpusDecoder> decoder_;
};

class AacEar {
 public:
  explicit AacEar(Bytes config) {
    const AVCodec* codec = avcodec_find_decoder(AV_CODEC_ID_AAC);
    decoder_.reset(avcodec_alloc_context3(codec));
    decoder_->extradata = static_cast<uint8_t*>(av_mallocz(config.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    std::memcpy(decoder_->extradata, config.data(), config.size());
    decoder_->extradata_size = static_cast<int>(config.size());
    EXPECT_GE(avcodec_open2(decoder_.get(), codec, nullptr), 0);
    frame_.reset(av_frame_alloc());
    packet_.reset(av_packet_alloc());
  }
  void Hear(Bytes aac) {
    ASSERT_GE(av_new_packet(packet_.get(), static_cast<int>(aac.size())), 0);
    std::memcpy(packet_->data, aac.data(), aac.size());
    ASSERT_GE(avcodec_send_packet(decoder_.get(), packet_.get()), 0);
    av_packet_unref(packet_.get());
    while (avcodec_receive_frame(decoder_.get(), frame_.get()) >= 0) {
      const auto* plane = reinterpret_cast<const float*>(frame_->extended_data[0]);
      samples.insert(samples.end(), plane, plane + frame_->nb_samples);
      av_frame_unref(frame_.get());
    }
  }
  std::vector<float> samples;

 private:
  AvPtr<AVCodecContext> decoder_;
  AvPtr<AVFrame> frame_;
  AvPtr<AVPacket> packet_;
};

std::span<const float> Middle(const std::vector<float>& samples) {
  return std::span(samples).subspan(samples.size() / 4, samples.size() / 2);
}

// Tone over all that is no tone, in dB.
double SignalToNoise(std::span<const float> samples, double frequency, double rate) {
  const double level = ToneLevel(samples, frequency, rate);
  const double tone_power = level * level / 2;
  const double power = RootMeanSquare(samples) * RootMeanSquare(samples);
  return 10 * std::log10(tone_power / std::max(power - tone_power, 1e-12));
}

// The worst 20 ms of it: a click is loud for a moment and quiet in the mean.
double WorstSignalToNoise(std::span<const float> samples, double frequency) {
  double worst = 1000;
  for (size_t i = 0; i + 960 <= samples.size(); i += 960) {
    worst = std::min(worst, SignalToNoise(samples.subspan(i, 960), frequency, kOpusRate));
  }
  return worst;
}

void ExpectTone(const std::vector<float>& samples, double frequency, double amplitude, double signal_to_noise) {
  ASSERT_GT(samples.size(), 20'000u);
  const auto middle = Middle(samples);
  const double level = ToneLevel(middle, frequency, kOpusRate);
  EXPECT_NEAR(level, amplitude, amplitude * 0.05);
  EXPECT_GT(SignalToNoise(middle, frequency, kOpusRate), signal_to_noise);
  EXPECT_GT(WorstSignalToNoise(middle, frequency), signal_to_noise - 6) << "a click";
}

TEST(AacToOpus, TonesOfEveryRateKeepFrequencyLevelAndTime) {
  for (const char* rate : {"16000", "44100", "48000"}) {
    for (const char* channels : {"1", "2"}) {
      SCOPED_TRACE(std::string(rate) + " Hz, channels " + channels);
      const auto tags = EncodeFlv(std::string("-f lavfi -i sine=frequency=1000:sample_rate=") + rate + " -t 2 -ac " +
                                  channels + " -af volume=4 -c:a aac -b:a 96k");
      std::optional<AacToOpus> transcoder;
      std::optional<OpusEar> ear;
      std::optional<AacEar> source;
      std::optional<Duration> last;
      for (const TestTag& tag : tags) {
        const auto audio = ParseFlvAudio(tag.data);
        if (tag.header.type != 8 || !audio) continue;
        if (audio->packet == FlvPacket::kSequenceHeader) {
          auto made = AacToOpus::Create(audio->data);
          ASSERT_TRUE(made.ok()) << made.error().message;
          transcoder = std::move(*made);
          EXPECT_EQ(transcoder->channels(), channels[0] - '0');
          ear.emplace(transcoder->channels());
          source.emplace(audio->data);
          continue;
        }
        ASSERT_TRUE(transcoder);
        source->Hear(audio->data);
        const Duration time = Duration::Millis(tag.header.timestamp_ms);
        ASSERT_TRUE(transcoder->Push(time, audio->data));
        while (const auto frame = transcoder->Pop()) {
          if (last) {
            EXPECT_EQ((frame->timestamp - *last).us(), 20'000) << "even although FLV rounds to ms";
          }
          last = frame->timestamp;
          EXPECT_LE((time - frame->timestamp).ms(), 100);
          ear->Hear(frame->data);
        }
      }
      ASSERT_TRUE(last);
      EXPECT_NEAR(static_cast<double>(last->ms()), 2000, 90);
      // FFmpeg takes 3 dB off a mono source that becomes stereo.
      const double amplitude = channels[0] == '1' ? 0.5 : 0.354;
      // Of a tone FFmpeg's AAC encoder makes more noise than what comes after it.
      const double before = SignalToNoise(Middle(source->samples), 1000, std::stod(rate));
      ExpectTone(ear->samples, 1000, amplitude, std::min(before, 34.0) - 2);
    }
  }
}

TEST(AacToOpus, FollowsAJumpOfTheTimestamps) {
  const auto tags = EncodeFlv("-f lavfi -i sine=frequency=500:sample_rate=48000 -t 1 -c:a aac");
  std::optional<AacToOpus> transcoder;
  std::vector<int64_t> times;
  for (const TestTag& tag : tags) {
    const auto audio = ParseFlvAudio(tag.data);
    if (tag.header.type != 8 || !audio) continue;
    if (audio->packet == FlvPacket::kSequenceHeader) {
      transcoder = AacToOpus::Create(audio->data).value();
      continue;
    }
    const int64_t jump = tag.header.timestamp_ms > 500 ? 5000 : 0;
    ASSERT_TRUE(transcoder->Push(Duration::Millis(tag.header.timestamp_ms + jump), audio->data));
    while (const auto frame = transcoder->Pop()) times.push_back(frame->timestamp.ms());
  }
  int jumps = 0;
  for (size_t i = 1; i < times.size(); ++i) {
    EXPECT_GT(times[i], times[i - 1]);
    if (times[i] - times[i - 1] > 4000) ++jumps;
  }
  EXPECT_EQ(jumps, 1);
  EXPECT_NEAR(static_cast<double>(times.back()), 6000, 90);
}

TEST(AacToOpus, SurvivesFramesThatAreNone) {
  auto transcoder = AacToOpus::Create(WriteAacConfig(48000, 2));
  ASSERT_TRUE(transcoder.ok());
  EXPECT_FALSE(transcoder->Push(Duration::Zero(), {}));
  std::vector<std::byte> noise(300);
  SeededRng rng(5);
  int errors = 0;
  for (int i = 0; i < 200; ++i) {
    rng.Fill(noise);
    if (!transcoder->Push(Duration::Millis(i * 21), noise)) ++errors;
    while (transcoder->Pop()) continue;
  }
  EXPECT_GT(errors, 0);
  EXPECT_EQ(AacToOpus::Create({}).error().code, ErrorCode::kTruncated);
}

// 20 ms Opus packets of a tone, in stereo.
class OpusTone {
 public:
  explicit OpusTone(double frequency) : frequency_(frequency) {
    encoder_.reset(opus_encoder_create(kOpusRate, 2, OPUS_APPLICATION_AUDIO, nullptr));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_BITRATE(96000));
  }
  Bytes Next() {
    std::vector<float> samples;
    for (int i = 0; i < 960; ++i, ++at_) {
      const auto value =
          static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * frequency_ * static_cast<double>(at_) / kOpusRate));
      samples.insert(samples.end(), {value, value});
    }
    packet_.resize(1275);
    const int size =
        opus_encode_float(encoder_.get(), samples.data(), 960, reinterpret_cast<unsigned char*>(packet_.data()), 1275);
    EXPECT_GT(size, 0);
    return Bytes(packet_).first(static_cast<size_t>(std::max(size, 0)));
  }

 private:
  double frequency_;
  int64_t at_ = 0;
  AvPtr<OpusEncoder> encoder_;
  std::vector<std::byte> packet_;
};

// Frames must follow each other without a hole; returns the times.
std::vector<int64_t> Drain(OpusToAac& transcoder, AacEar& ear, std::vector<int64_t> times_us = {}) {
  while (const auto frame = transcoder.Pop()) {
    times_us.push_back(frame->timestamp.us());
    ear.Hear(frame->data);
  }
  return times_us;
}

TEST(OpusToAac, ToneKeepsFrequencyLevelAndTime) {
  auto transcoder = OpusToAac::Create();
  ASSERT_TRUE(transcoder.ok());
  const auto config = ParseAacConfig(transcoder->audio_specific_config());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->sample_rate, 48000u);
  EXPECT_EQ(config->channels, 2);
  AacEar ear(transcoder->audio_specific_config());
  OpusTone tone(1000);
  std::vector<int64_t> times;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(transcoder->Push(Duration::Millis(7000 + i * 20), tone.Next()));
    times = Drain(*transcoder, ear, times);
  }
  ASSERT_GT(times.size(), 85u);
  EXPECT_NEAR(static_cast<double>(times.front()), 7'000'000 - 1024 * 1000 / 48, 1) << "the encoder's priming";
  for (size_t i = 1; i < times.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(times[i] - times[i - 1]), 21'333.3, 1) << i;
  }
  ExpectTone(ear.samples, 1000, 0.5, 27);
}

TEST(OpusToAac, LostPacketsAreConcealedAndTimeGoesOn) {
  auto transcoder = OpusToAac::Create();
  ASSERT_TRUE(transcoder.ok());
  AacEar ear(transcoder->audio_specific_config());
  OpusTone tone(1000);
  std::vector<int64_t> times;
  for (int i = 0; i < 150; ++i) {
    const Bytes packet = tone.Next();
    if (i % 17 == 5 || (i >= 60 && i < 63)) continue;
    ASSERT_TRUE(transcoder->Push(Duration::Millis(i * 20), packet));
    times = Drain(*transcoder, ear, times);
  }
  for (size_t i = 1; i < times.size(); ++i) EXPECT_NEAR(static_cast<double>(times[i] - times[i - 1]), 21'333.3, 1);
  EXPECT_NEAR(static_cast<double>(times.back()) / 1000, 2950, 50);
  EXPECT_NEAR(ToneLevel(Middle(ear.samples), 1000, kOpusRate), 0.48, 0.05);
}

TEST(OpusToAac, PauseIsFilledWithSilenceAndALongOneJumps) {
  auto transcoder = OpusToAac::Create();
  ASSERT_TRUE(transcoder.ok());
  AacEar ear(transcoder->audio_specific_config());
  OpusTone tone(1000);
  ASSERT_TRUE(transcoder->FillTo(Duration::Seconds(9))) << "before anything came: nothing";
  EXPECT_FALSE(transcoder->Pop());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(transcoder->Push(Duration::Millis(i * 20), tone.Next()));
  for (int t = 1000; t <= 2500; t += 100) ASSERT_TRUE(transcoder->FillTo(Duration::Millis(t)));
  auto times = Drain(*transcoder, ear);
  EXPECT_NEAR(static_cast<double>(times.back()) / 1000, 2450, 40);
  EXPECT_LT(RootMeanSquare(std::span(ear.samples).subspan(ear.samples.size() - 48'000)), 0.001);

  ASSERT_TRUE(transcoder->Push(Duration::Seconds(60), tone.Next()));
  for (int i = 1; i < 10; ++i) ASSERT_TRUE(transcoder->Push(Duration::Millis(60'000 + i * 20), tone.Next()));
  times = Drain(*transcoder, ear);
  EXPECT_NEAR(static_cast<double>(times.back()) / 1000, 60'130, 40);
  // Older than what is here: ignored.
  ASSERT_TRUE(transcoder->Push(Duration::Millis(60'000), tone.Next()));
  EXPECT_FALSE(transcoder->Pop());
  EXPECT_EQ(transcoder->Push(Duration::Seconds(61), {}).error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace duet
