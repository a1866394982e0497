// LineTap: what a track receives, into a MediaLine.
//
// RelayTap passes everything on as it is. BridgeTap makes one stream of it that a decoder of one picture can read:
// H.264 or Opus, one layer at a time, with numbers and timestamps that go on without a jump.
//
// BridgeTap's layer is the largest that comes. It changes at that layer's keyframe, which is asked for; a layer of
// which nothing has come for kSilence is taken for gone. Padding, which has no payload, is left out and its number
// closed.
//
// Thread rule: owned by one Worker. Nothing here allocates after construction.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/layers/gap_closer.h"
#include "node/messages.h"
#include "room/media_sink.h"

namespace duet {

class LineTap : public MediaSink {
 public:
  // Taps whose lines have something new, for the worker to notify. Its memory is asked for when a tap is added.
  using Fresh = std::vector<LineTap*>;

  static std::unique_ptr<LineTap> Make(AddTap command, Fresh& fresh);

  RoomKey room() const { return room_; }
  UptrackId source() const { return source_; }
  bool ended() const { return ended_; }
  // The layer that a keyframe is to be asked for when the line's reader asks for one of `layer`; -1 = none.
  virtual int KeyframeLayer(int layer) const = 0;
  // What the reader of a relay wants of the publisher.
  virtual void SetWants(uint8_t layers, int64_t max_bps) = 0;
  // The batch is done: wakes the reader.
  void Notify() {
    fresh_now_ = false;
    line_->Notify();
  }

  void OnEnded() override { ended_ = true; }

 protected:
  LineTap(AddTap&& command, Fresh& fresh)
      : room_(command.room), source_(command.source), line_(std::move(command.line)), fresh_(fresh) {}

  // Copies the packet; the bytes of the copy, or null when the line is full. Push follows.
  LineItem* Begin(const ReceivedRtp& packet);
  void PushReference(UptrackId uptrack, bool video, size_t layer, const CaptureReference& reference);
  void Push();

 private:
  RoomKey room_;
  UptrackId source_;
  MediaLineRef line_;
  Fresh& fresh_;
  bool fresh_now_ = false;
  bool ended_ = false;
};

class RelayTap : public LineTap {
 public:
  RelayTap(AddTap&& command, Fresh& fresh) : LineTap(std::move(command), fresh) {}

  std::optional<Drop> OnPacket(Time now, const ReceivedRtp& packet) override;
  void OnReference(UptrackId uptrack, size_t layer, const CaptureReference& reference) override {
    PushReference(uptrack, false, layer, reference);
  }
  uint8_t WantedLayers(Time) const override { return layers_; }
  int64_t limit_bps() const override { return max_bps_; }
  int KeyframeLayer(int layer) const override { return layer; }
  void SetWants(uint8_t layers, int64_t max_bps) override {
    layers_ = layers;
    max_bps_ = max_bps;
  }

 private:
  uint8_t layers_ = 0xff;  // until its reader says what it wants
  int64_t max_bps_ = 0;
};

class BridgeTap : public LineTap {
 public:
  static constexpr Duration kSilence = Duration::Seconds(1);
  // Packets that may come late and still find their number.
  static constexpr size_t kWindow = 1024;

  BridgeTap(AddTap&& command, Fresh& fresh) : LineTap(std::move(command), fresh) {}

  std::optional<Drop> OnPacket(Time now, const ReceivedRtp& packet) override;
  void OnReference(UptrackId uptrack, size_t layer, const CaptureReference& reference) override;
  uint8_t WantedLayers(Time now) const override;
  int64_t limit_bps() const override { return 0; }
  int KeyframeLayer(int) const override { return current_; }
  void SetWants(uint8_t, int64_t) override {}

 private:
  struct Layer {
    Time came_at = Time::LongAgo();
    std::optional<CaptureReference> reference;
  };
  bool Comes(Time now, size_t layer) const { return now - layers_[layer].came_at < kSilence; }
  int Target(Time now) const;
  void Start(Time now, const ReceivedRtp& packet);
  uint32_t Elapsed(Time now, const ReceivedRtp& packet) const;
  CaptureReference Shifted(const CaptureReference& reference) const {
    return {reference.time, reference.rtp_timestamp + timestamp_offset_};
  }

  std::array<Layer, kMaxLayers> layers_;
  int current_ = -1;  // before the first keyframe
  bool video_ = false;
  GapCloser<kWindow> numbers_;
  uint32_t timestamp_offset_ = 0;
  uint32_t last_timestamp_ = 0;  // as given out
  Time last_at_;
  int64_t last_seq_ = 0;
};

}  // namespace duet
