#include "bridge/audio_frames.h"

#include <opus/opus.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libswresample/swresample.h>
}

namespace duet {

void AvDeleter::operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
void AvDeleter::operator()(AVFrame* frame) const { av_frame_free(&frame); }
void AvDeleter::operator()(AVPacket* packet) const { av_packet_free(&packet); }
void AvDeleter::operator()(SwrContext* context) const { swr_free(&context); }
void AvDeleter::operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
void AvDeleter::operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }

}  // namespace duet
