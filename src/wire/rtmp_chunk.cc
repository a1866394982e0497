#include "wire/rtmp_chunk.h"

#include <algorithm>

#include "base/check.h"

namespace duet {
namespace {

constexpr uint32_t kExtended = 0xFFFFFF;
// What a chunk stream keeps of a message's memory for the next: enough for all but keyframes, and little enough that 64
// chunk streams of long messages do not add up.
constexpr size_t kMaxKept = 64 * 1024;
// Of a message header, by fmt.
constexpr std::array<size_t, 4> kMessageHeaderBytes = {11, 7, 3, 0};

struct BasicHeader {
  int fmt = 0;
  uint32_t id = 0;
  size_t size = 1;
};

// REQUIRES: as many bytes as the first one asks for, or only that one (id is not right then).
BasicHeader ReadBasicHeader(Bytes bytes) {
  const uint8_t first = LoadU8(bytes.data());
  BasicHeader header{.fmt = first >> 6, .id = first & 0x3fu};
  if (header.id < 2) {
    header.size = header.id + 2;
    if (bytes.size() < header.size) return header;
    header.id = 64u + LoadU8(&bytes[1]) + (header.size == 3 ? LoadU8(&bytes[2]) * 256u : 0u);
  }
  return header;
}

}  // namespace

RtmpChunkReader::Stream* RtmpChunkReader::Find(uint32_t id) {
  const auto found = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& s) { return s.id == id; });
  return found == streams_.end() ? nullptr : &*found;
}

// As far as can be told from the bytes in header_; grows while more of them come.
size_t RtmpChunkReader::HeaderSize() const {
  if (header_size_ == 0) return 1;
  const Bytes bytes = Bytes(header_).first(header_size_);
  const BasicHeader basic = ReadBasicHeader(bytes);
  if (bytes.size() < basic.size) return basic.size;
  const size_t size = basic.size + kMessageHeaderBytes[static_cast<size_t>(basic.fmt)];
  if (bytes.size() < size) return size;
  bool extended = false;
  if (basic.fmt == 3) {
    const Stream* stream = const_cast<RtmpChunkReader*>(this)->Find(basic.id);
    extended = stream != nullptr && stream->extended;
  } else {
    extended = ByteReader(bytes.subspan(basic.size)).U24() == kExtended;
  }
  return size + (extended ? 4 : 0);
}

bool RtmpChunkReader::FillHeader(Bytes& input) {
  while (true) {
    const size_t wanted = HeaderSize();
    if (header_size_ >= wanted) return true;
    const size_t n = std::min(wanted - header_size_, input.size());
    if (n == 0) return false;
    std::copy_n(input.begin(), n, header_.begin() + static_cast<ptrdiff_t>(header_size_));
    header_size_ += n;
    input = input.subspan(n);
  }
}

Status RtmpChunkReader::ReadMessageHeader(ByteReader& reader, int fmt, Stream& stream) {
  if (stream.unfinished) {
    return Error{ErrorCode::kMalformed, "a new RTMP message begins inside an unfinished one"};
  }
  const uint32_t field = reader.U24();
  stream.extended = field == kExtended;
  if (fmt <= 1) {
    stream.length = reader.U24();
    stream.message.type = static_cast<RtmpType>(reader.U8());
  }
  if (fmt == 0) {
    const Bytes id = reader.Read(4);
    stream.message.stream_id =
        LoadU8(&id[0]) | LoadU8(&id[1]) << 8u | LoadU8(&id[2]) << 16u | static_cast<uint32_t>(LoadU8(&id[3])) << 24u;
  }
  stream.delta = field;
  return Ok{};
}

// Chunks of fmt 3 have to repeat the extended timestamp, but some encoders leave it away. Where the four bytes are not
// the ones of the message's head, they are payload and stay in header_.
void RtmpChunkReader::ReadExtendedTimestamp(ByteReader& reader, int fmt, Stream& stream) {
  if (!stream.extended) return;
  const Bytes rest = reader.rest();
  const uint32_t value = LoadU32(rest.data());
  if (fmt == 3 && value != stream.extension) return;
  reader.Skip(4);
  stream.extension = value;
  stream.delta = value;
}

Status RtmpChunkReader::BeginChunk() {
  const Bytes bytes = Bytes(header_).first(header_size_);
  const BasicHeader basic = ReadBasicHeader(bytes);
  Stream* stream = Find(basic.id);
  if (stream == nullptr) {
    if (streams_.size() >= limits_.chunk_streams) return Error{ErrorCode::kLimit, "too many RTMP chunk streams"};
    stream = &streams_.emplace_back();
    stream->id = basic.id;
    stream->message.chunk_stream = basic.id;
  }
  // Only fmt 0 says everything; before it the others have nothing to refer to. (librtmp begins with fmt 1 on some
  // streams, whose message stream is then 0 and whose timestamp counts from 0.)
  if (!stream->started && basic.fmt > 1) return Error{ErrorCode::kMalformed, "an RTMP chunk refers to no earlier one"};

  ByteReader reader(bytes.subspan(basic.size));
  const bool begins = !stream->unfinished;
  if (basic.fmt < 3) {
    if (auto status = ReadMessageHeader(reader, basic.fmt, *stream); !status) return status;
  }
  ReadExtendedTimestamp(reader, basic.fmt, *stream);
  if (begins) {
    if (basic.fmt == 0) {
      stream->message.timestamp = stream->delta;
    } else {
      stream->message.timestamp += stream->delta;
    }
    if (stream->length > limits_.message_bytes) return Error{ErrorCode::kLimit, "an RTMP message is too long"};
    stream->started = true;
    stream->unfinished = true;
  }
  const size_t used = basic.size + reader.position();
  std::copy(header_.begin() + static_cast<ptrdiff_t>(used), header_.begin() + static_cast<ptrdiff_t>(header_size_),
            header_.begin());
  header_size_ -= used;
  chunk_left_ = std::min<uint32_t>(chunk_size_, stream->length - static_cast<uint32_t>(stream->payload.size()));
  current_ = static_cast<size_t>(stream - streams_.data());
  return Ok{};
}

void RtmpChunkReader::TakePayload(Bytes& input) {
  Stream& stream = streams_[*current_];
  const auto take = [&](Bytes from) {
    const size_t n = std::min<size_t>(from.size(), chunk_left_);
    stream.payload.insert(stream.payload.end(), from.begin(), from.begin() + static_cast<ptrdiff_t>(n));
    chunk_left_ -= static_cast<uint32_t>(n);
    unfinished_ += n;
    return n;
  };
  const size_t kept = take(Bytes(header_).first(header_size_));
  std::copy(header_.begin() + static_cast<ptrdiff_t>(kept), header_.begin() + static_cast<ptrdiff_t>(header_size_),
            header_.begin());
  header_size_ -= kept;
  input = input.subspan(take(input));
}

Result<std::optional<RtmpMessage>> RtmpChunkReader::Finish(Stream& stream) {
  stream.unfinished = false;
  unfinished_ -= stream.payload.size();
  finished_ = static_cast<size_t>(&stream - streams_.data());
  RtmpMessage message = stream.message;
  message.payload = stream.payload;
  ByteReader reader(message.payload);
  if (message.type == RtmpType::kSetChunkSize) {
    const uint32_t size = reader.U32();
    if (!reader.ok() || size == 0 || size > limits_.max_chunk_size) {
      return Error{ErrorCode::kMalformed, "an RTMP chunk size that is not allowed"};
    }
    chunk_size_ = size;
  } else if (message.type == RtmpType::kAbort) {
    Stream* aborted = Find(reader.U32());
    if (aborted != nullptr && aborted->unfinished) {
      unfinished_ -= aborted->payload.size();
      aborted->payload = {};
      aborted->unfinished = false;
    }
  }
  return std::optional(message);
}

Result<std::optional<RtmpMessage>> RtmpChunkReader::Read(Bytes& input) {
  if (finished_) {
    std::vector<std::byte>& payload = streams_[*finished_].payload;
    if (payload.capacity() > kMaxKept) payload = {};
    payload.clear();
    finished_.reset();
  }
  while (true) {
    if (!current_) {
      if (!FillHeader(input)) return std::optional<RtmpMessage>();
      if (auto status = BeginChunk(); !status) return status.error();
    }
    TakePayload(input);
    if (unfinished_ > limits_.unfinished_bytes) {
      return Error{ErrorCode::kLimit, "too much of unfinished RTMP messages"};
    }
    if (chunk_left_ > 0) return std::optional<RtmpMessage>();
    Stream& stream = streams_[*current_];
    current_.reset();
    if (stream.payload.size() == stream.length) return Finish(stream);
  }
}

void AppendRtmpMessage(const RtmpMessage& message, uint32_t chunk_size, std::vector<std::byte>& out) {
  DUET_CHECK(message.chunk_stream >= 2 && message.chunk_stream <= 65599 && chunk_size > 0);
  DUET_CHECK(message.payload.size() < (1u << 24));
  const bool extended = message.timestamp >= kExtended;
  std::array<std::byte, 18> buffer;
  const auto basic = [&](ByteWriter& writer, uint8_t fmt) {
    if (message.chunk_stream < 64) {
      writer.U8(static_cast<uint8_t>(fmt << 6 | message.chunk_stream));
    } else if (message.chunk_stream < 320) {
      writer.U8(static_cast<uint8_t>(fmt << 6));
      writer.U8(static_cast<uint8_t>(message.chunk_stream - 64));
    } else {
      writer.U8(static_cast<uint8_t>(fmt << 6 | 1));
      writer.U8(static_cast<uint8_t>(message.chunk_stream - 64));
      writer.U8(static_cast<uint8_t>((message.chunk_stream - 64) >> 8));
    }
  };
  Bytes rest = message.payload;
  for (bool first = true; first || !rest.empty(); first = false) {
    ByteWriter writer(buffer);
    basic(writer, first ? 0 : 3);
    if (first) {
      writer.U24(extended ? kExtended : message.timestamp);
      writer.U24(static_cast<uint32_t>(message.payload.size()));
      writer.U8(static_cast<uint8_t>(message.type));
      for (int shift = 0; shift < 32; shift += 8) writer.U8(static_cast<uint8_t>(message.stream_id >> shift));
    }
    if (extended) writer.U32(message.timestamp);
    out.insert(out.end(), writer.written().begin(), writer.written().end());
    const Bytes part = rest.first(std::min<size_t>(rest.size(), chunk_size));
    out.insert(out.end(), part.begin(), part.end());
    rest = rest.subspan(part.size());
  }
}

}  // namespace duet
