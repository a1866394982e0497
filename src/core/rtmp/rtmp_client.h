// RtmpClient: the client's side of RTMP, for one stream. Stands in for encoders and players in tests and simulations.
//
//   handshake --> connect --> createStream --> publish or play --> started
//                                any error --> failed, with its code and words
//
// Thread rule: owned by one connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rng.h"
#include "core/rtmp/byte_queue.h"
#include "wire/amf.h"
#include "wire/rtmp_chunk.h"

namespace duet {

struct RtmpClientConfig {
  bool publish = false;  // else play
  std::string app;
  std::string tc_url;
  std::string name;  // with its query
  bool digest = true;
  uint32_t chunk_size = 4096;  // of what it sends
};

class RtmpClient {
 public:
  RtmpClient(Rng& rng, RtmpClientConfig config);

  // Takes from the front of `input` until there is a media or data message of the stream, whose payload is valid until
  // the next call; nothing when more input is needed.
  std::optional<RtmpMessage> Read(Bytes& input);

  bool started() const { return started_; }
  // The code of the last onStatus or error ("NetStream.Publish.Start"), and its words.
  const std::string& status() const { return status_; }
  const std::string& words() const { return words_; }
  bool failed() const { return failed_; }

  // Once started.
  void Send(RtmpType type, uint32_t timestamp_ms, Bytes payload);
  void Pause(bool paused);
  // deleteStream.
  void Stop();

  ByteQueue& output() { return out_; }
  std::optional<uint32_t> acknowledged() const { return acknowledged_; }
  uint32_t pings() const { return pings_; }

 private:
  bool ReadHandshake(Bytes& input);
  void OnCommand(Bytes payload);
  void OnResult(double transaction, const AmfValue& value);
  void OnControl(const RtmpMessage& message);
  void Command(uint32_t stream_id, Bytes payload);
  void Request();

  RtmpClientConfig config_;
  RtmpChunkReader reader_;
  ByteQueue out_;
  uint32_t out_chunk_size_ = kRtmpDefaultChunkSize;
  std::vector<std::byte> c1_;
  std::vector<std::byte> hello_;
  bool greeted_ = false;
  bool started_ = false;
  bool failed_ = false;
  uint32_t stream_id_ = 0;
  uint32_t pings_ = 0;
  std::optional<uint32_t> acknowledged_;
  std::string status_;
  std::string words_;
};

}  // namespace duet
