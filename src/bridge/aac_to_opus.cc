#include "bridge/aac_to_opus.h"

#include <opus/opus.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/mem.h>
#include <libswresample/swresample.h>
}

#include <algorithm>
#include <cstring>

namespace duet {
namespace {

Error Internal(const char* what) { return {ErrorCode::kInternal, what}; }

Result<AvPtr<AVCodecContext>> OpenDecoder(Bytes config) {
  const AVCodec* codec = avcodec_find_decoder(AV_CODEC_ID_AAC);
  AvPtr<AVCodecContext> decoder(codec == nullptr ? nullptr : avcodec_alloc_context3(codec));
  if (!decoder) return Internal("FFmpeg has no AAC decoder");
  decoder->extradata = static_cast<uint8_t*>(av_mallocz(config.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (decoder->extradata == nullptr) return Internal("no memory for the AAC decoder");
  std::memcpy(decoder->extradata, config.data(), config.size());
  decoder->extradata_size = static_cast<int>(config.size());
  decoder->thread_count = 1;
  decoder->log_level_offset = kQuietAvLog;
  if (avcodec_open2(decoder.get(), codec, nullptr) < 0) {
    return Error{ErrorCode::kMalformed, "FFmpeg does not accept the AAC configuration"};
  }
  return decoder;
}

Result<AvPtr<OpusEncoder>> OpenEncoder(int channels, const AacToOpusOptions& options) {
  int error = 0;
  AvPtr<OpusEncoder> encoder(opus_encoder_create(kOpusRate, channels, OPUS_APPLICATION_AUDIO, &error));
  if (!encoder || error != OPUS_OK) return Internal("libopus makes no encoder");
  // Without in-band FEC: with it the encoder changes between its modes, which costs 15 dB for a frame each time
  // (measured with a tone at 64 kbit/s). Retransmission repairs losses.
  if (opus_encoder_ctl(encoder.get(), OPUS_SET_BITRATE(options.bitrate_bps)) != OPUS_OK ||
      opus_encoder_ctl(encoder.get(), OPUS_SET_INBAND_FEC(0)) != OPUS_OK) {
    return Error{ErrorCode::kLimit, "libopus does not take this bit rate"};
  }
  return encoder;
}

}  // namespace

Result<AacToOpus> AacToOpus::Create(Bytes audio_specific_config, AacToOpusOptions options) {
  const auto config = ParseAacConfig(audio_specific_config);
  if (!config.ok()) return config.error();
  AacToOpus transcoder;
  transcoder.channels_ = config->channels == 1 && !config->ps ? 1 : 2;
  auto decoder = OpenDecoder(audio_specific_config);
  if (!decoder.ok()) return decoder.error();
  auto encoder = OpenEncoder(transcoder.channels_, options);
  if (!encoder.ok()) return encoder.error();
  transcoder.decoder_ = std::move(*decoder);
  transcoder.encoder_ = std::move(*encoder);
  opus_encoder_ctl(transcoder.encoder_.get(), OPUS_GET_LOOKAHEAD(&transcoder.lookahead_samples_));
  transcoder.frame_.reset(av_frame_alloc());
  transcoder.packet_.reset(av_packet_alloc());
  if (!transcoder.frame_ || !transcoder.packet_) return Internal("no memory for audio frames");
  return transcoder;
}

Status AacToOpus::Push(Duration timestamp, Bytes aac) {
  if (aac.empty() || av_new_packet(packet_.get(), static_cast<int>(aac.size())) < 0) {
    return Error{ErrorCode::kMalformed, "an AAC frame without content"};
  }
  std::memcpy(packet_->data, aac.data(), aac.size());
  const int sent = avcodec_send_packet(decoder_.get(), packet_.get());
  av_packet_unref(packet_.get());
  if (sent < 0) return Error{ErrorCode::kMalformed, "an AAC frame that cannot be decoded"};
  // One frame in, one out: this decoder holds nothing back.
  while (avcodec_receive_frame(decoder_.get(), frame_.get()) >= 0) {
    auto status = OnDecoded(timestamp);
    av_frame_unref(frame_.get());
    if (!status) return status;
  }
  return Ok{};
}

// Decoders find HE-AAC while they run: rate and channels may change.
Status AacToOpus::PrepareResampler(const AVFrame& frame) {
  if (resampler_ && frame.sample_rate == in_rate_ && frame.format == in_format_ &&
      frame.ch_layout.nb_channels == in_channels_) {
    return Ok{};
  }
  AVChannelLayout in = frame.ch_layout;  // for an interface that forgot its const
  AVChannelLayout out{};
  av_channel_layout_default(&out, channels_);
  SwrContext* context = nullptr;
  const int made = swr_alloc_set_opts2(&context, &out, AV_SAMPLE_FMT_FLT, kOpusRate, &in,
                                       static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  resampler_.reset(context);
  if (made < 0 || swr_init(context) < 0) {
    resampler_.reset();
    return Error{ErrorCode::kUnsupported, "sound that cannot be resampled"};
  }
  in_rate_ = frame.sample_rate;
  in_format_ = frame.format;
  in_channels_ = frame.ch_layout.nb_channels;
  return Ok{};
}

Status AacToOpus::OnDecoded(Duration timestamp) {
  const AVFrame& frame = *frame_;
  if (auto status = PrepareResampler(frame); !status) return status;
  // What is still in the resampler came before this frame.
  const Duration begin = timestamp - SamplesAt48k(swr_get_delay(resampler_.get(), kOpusRate));
  Resync(begin);
  const size_t before = samples_.size();
  const int room = swr_get_out_samples(resampler_.get(), frame.nb_samples);
  samples_.resize(before + static_cast<size_t>(room * channels_));
  auto* out = reinterpret_cast<uint8_t*>(samples_.data() + before);
  const int made =
      swr_convert(resampler_.get(), &out, room, const_cast<const uint8_t**>(frame.extended_data), frame.nb_samples);
  samples_.resize(before + static_cast<size_t>(std::max(made, 0) * channels_));
  if (made < 0) return Internal("the resampler failed");
  return EncodeReady();
}

void AacToOpus::Resync(Duration timestamp) {
  if (!started_) {
    samples_begin_ = timestamp;
    started_ = true;
    return;
  }
  const auto waiting = static_cast<int64_t>(samples_.size()) / channels_;
  const Duration expected = samples_begin_ + SamplesAt48k(waiting);
  const Duration off = timestamp - expected;
  if (off <= kResync && off >= Duration::Zero() - kResync) return;
  // The last samples of the old time go out in a frame of their own.
  if (waiting > 0) {
    samples_.resize(static_cast<size_t>(kFrameSamples * channels_));
    static_cast<void>(EncodeReady());
  }
  samples_.clear();
  samples_begin_ = timestamp;
}

Status AacToOpus::EncodeReady() {
  const auto frame_values = static_cast<size_t>(kFrameSamples * channels_);
  size_t done = 0;
  while (samples_.size() - done >= frame_values) {
    Packet& packet = ready_.emplace_back();
    packet.data.resize(kMaxPacket);
    packet.timestamp = samples_begin_ - SamplesAt48k(lookahead_samples_);
    const int size = opus_encode_float(encoder_.get(), samples_.data() + done, kFrameSamples,
                                       reinterpret_cast<unsigned char*>(packet.data.data()), kMaxPacket);
    if (size < 0) {
      ready_.pop_back();
      return Internal("libopus failed to encode");
    }
    packet.data.resize(static_cast<size_t>(size));
    done += frame_values;
    samples_begin_ = samples_begin_ + SamplesAt48k(kFrameSamples);
  }
  samples_.erase(samples_.begin(), samples_.begin() + static_cast<ptrdiff_t>(done));
  return Ok{};
}

std::optional<AudioFrame> AacToOpus::Pop() {
  if (ready_.empty()) return std::nullopt;
  out_ = std::move(ready_.front().data);
  const AudioFrame frame = {.timestamp = ready_.front().timestamp, .data = out_};
  ready_.pop_front();
  return frame;
}

}  // namespace duet
