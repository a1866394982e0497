#include "load/load_client.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "load/arrival_time.h"
#include "load/http_post.h"
#include "wire/demux.h"

namespace duet::load {
namespace {

// VP8 payload descriptor and frame header (RFC 7741 section 4.2, RFC 6386 section 9.1); then the time of sending.
constexpr size_t kTimeAt = 12;
constexpr size_t kLeastPayload = kTimeAt + 8;
constexpr std::array<uint8_t, 11> kKeyframeStart = {0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 64, 1, 240, 0};

std::vector<OfferSection> Sections(bool publishes, bool with_audio) {
  std::vector<OfferSection> sections;
  if (with_audio) sections.push_back({.kind = signal::MediaKind::kAudio, .sends = publishes});
  sections.push_back({.kind = signal::MediaKind::kVideo, .sends = publishes, .codec = CodecKind::kVp8});
  return sections;
}

}  // namespace

LoadClient::LoadClient(PeerId id, bool publishes, bool with_audio, const LoadContext& context)
    : id_(id),
      publishes_(publishes),
      context_(context),
      offerer_(Sections(publishes, with_audio), context.fingerprint, context.rng),
      out_(context.pool) {}

Status LoadClient::Join(Time now, const std::string& url, const std::string& token) {
  token_ = token;
  const Result<HttpReply> reply = HttpRequestTo("POST", url, "application/sdp", token, offerer_.Offer());
  if (!reply.ok()) return reply.error();
  if (reply->status != 201)
    return Error{ErrorCode::kRefused, url + " answers " + std::to_string(reply->status) + ": " + reply->body};
  session_url_ = ResolveUrl(url, reply->location);
  Result<PeerConfig> config = offerer_.ReadAnswer(reply->body);
  if (!config.ok()) return config.error();
  config->id = id_;
  std::erase_if(config->remote_candidates, [](const Endpoint& e) { return !e.ip.is_v4(); });
  if (config->remote_candidates.empty()) return Error{ErrorCode::kNotFound, "the answer has no IPv4 candidate"};
  config->remote_candidates.resize(1);
  server_ = config->remote_candidates.front();

  const IpAddress here = server_.ip.is_loopback() ? IpAddress::V4(127, 0, 0, 1) : IpAddress::V4(0, 0, 0, 0);
  fd_ = OwnedFd(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  socklen_t length = 0;
  ToSockaddr({here, 0}, false, address, length);
  bool good = bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0;
  good = good && ToSockaddr(server_, false, address, length) &&
         connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0;
  const int buffer = 1 << 20;
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
  good = good && NoteArrivals(fd_.get());
  if (!good) return Error{ErrorCode::kUnavailable, "no socket: " + std::string(std::strerror(errno))};

  peer_ = std::make_unique<Peer>(std::move(*config), PeerOptions{}, context_.dtls, context_.rng, now);
  for (const auto& track : peer_->uptracks()) track->SetPublished(now, true);
  for (const auto& track : peer_->downtracks()) {
    const UptrackConfig source{.id = UptrackId(track->config().id.value()),
                               .kind = track->config().kind,
                               .codec = track->config().codecs.front(),
                               .extensions = track->config().extensions};
    track->SetSource(&source);
    constexpr int64_t kPlenty = 40'000'000;
    if (source.kind == signal::MediaKind::kVideo) {
      video_ = track.get();
      video_->set_wanted(kPlenty);
    }
  }
  if (publishes_) next_divide_ = now;
  OnTimer(now);
  return Ok{};
}

void LoadClient::Leave(Time now) {
  if (!peer_) return;
  peer_->Close(now, out_);
  Flush();
  (void)HttpRequestTo("DELETE", session_url_, "", token_, "");
}

void LoadClient::Flush() {
  for (const Transmit& transmit : out_.queued()) {
    const Bytes bytes = transmit.packet->bytes();
    (void)!send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (!publishes_) ++answers_;
  }
  out_.Clear();
}

void LoadClient::OnReadable(Time now, uint32_t drop_one_in, Received& received) {
  constexpr size_t kBatch = 16;
  std::array<PacketRef, kBatch> packets;
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> parts;
  std::array<ArrivalControl, kBatch> arrivals;
  for (;;) {
    size_t prepared = 0;
    for (; prepared < kBatch; ++prepared) {
      packets[prepared] = context_.pool.Acquire();
      if (!packets[prepared]) break;
      const MutableBytes buffer = packets[prepared]->buffer();
      parts[prepared] = {buffer.data(), buffer.size()};
      messages[prepared] = {};
      messages[prepared].msg_hdr.msg_iov = &parts[prepared];
      messages[prepared].msg_hdr.msg_iovlen = 1;
      messages[prepared].msg_hdr.msg_control = arrivals[prepared].bytes.data();
      messages[prepared].msg_hdr.msg_controllen = arrivals[prepared].bytes.size();
    }
    const int n = recvmmsg(fd_.get(), messages.data(), static_cast<unsigned>(prepared), MSG_DONTWAIT, nullptr);
    for (int i = 0; i < n; ++i) {
      const auto at = static_cast<size_t>(i);
      packets[at]->set_size(messages[at].msg_len);
      OnDatagram(now, std::move(packets[at]), ArrivalNs(messages[at].msg_hdr), drop_one_in, received);
    }
    if (!out_.empty()) Flush();
    if (n < static_cast<int>(prepared)) return;
  }
}

void LoadClient::OnDatagram(Time now, PacketRef packet, int64_t arrived_ns, uint32_t drop_one_in, Received& received) {
  const DatagramKind kind = Classify(packet->bytes());
  switch (kind) {
    case DatagramKind::kStun:
      if (const auto message = StunMessage::Parse(packet->bytes()); message.ok())
        (void)peer_->OnStun(now, server_, *message, out_);
      break;
    case DatagramKind::kDtls: peer_->OnDtls(now, packet->bytes(), out_); break;
    case DatagramKind::kRtp:
      if (drop_one_in != 0 && ++media_seen_ % drop_one_in == 0) break;
      if (const auto rtp = peer_->OnRtp(now, std::move(packet))) OnMedia(*rtp, arrived_ns, received);
      (void)peer_->TakeRecovered();
      break;
    case DatagramKind::kRtcp:
      if (!peer_->OnRtcp(now, std::move(packet), out_).keyframe_requests.empty()) keyframe_wanted_ = true;
      break;
    case DatagramKind::kUnknown: break;
  }
}

void LoadClient::OnMedia(const ReceivedRtp& rtp, int64_t arrived_ns, Received& received) const {
  const Bytes payload = rtp.view.payload();
  if (!received.counting || payload.size() < kLeastPayload) return;
  ++received.packets;
  received.bytes += payload.size();
  int64_t sent_ns = 0;
  std::memcpy(&sent_ns, payload.data() + kTimeAt, sizeof(sent_ns));
  received.delay.Add((NowNs() - sent_ns) / 1000);
  if (arrived_ns != 0) received.server_delay.Add((arrived_ns - sent_ns) / 1000);
}

void LoadClient::OnTimer(Time now) {
  if (!peer_) return;
  if (now >= next_divide_) {
    next_divide_ = now + Duration::Millis(100);
    if (connected()) peer_->DividePath(now);
    if (!peer_->TakeKeyframesWanted().empty()) keyframe_wanted_ = true;
  }
  if (now >= peer_->NextTimer()) peer_->OnTimer(now, out_);
  if (!out_.empty()) Flush();
}

Time LoadClient::NextTimer() const { return peer_ ? std::min(peer_->NextTimer(), next_divide_) : Time::Never(); }

void LoadClient::SendVideo(Time now, size_t size, uint32_t frame, bool first, bool last) {
  if (!connected() || video_ == nullptr) return;
  PacketRef packet = context_.pool.Acquire();
  if (!packet) return;
  const bool keyframe = keyframe_wanted_ && first;
  if (keyframe) keyframe_wanted_ = false;
  const CodecConfig& codec = video_->config().codecs.front();
  RtpHeaderWriter writer(packet->buffer());
  writer.Begin({.marker = last,
                .payload_type = codec.payload_type,
                .sequence_number = static_cast<uint16_t>(++seq_),
                .timestamp = frame * 3600,
                .ssrc = video_->config().ssrc});
  const size_t header = writer.Finish();
  std::byte* payload = packet->buffer().data() + header;
  std::memset(payload, static_cast<int>(frame & 0xff), std::max(size, kLeastPayload));
  std::memcpy(payload, kKeyframeStart.data(), kKeyframeStart.size());
  if (!first) payload[0] = std::byte{0};        // goes on with the partition
  if (!keyframe) payload[1] = std::byte{0x11};  // an interframe
  const int64_t sent_ns = NowNs();
  std::memcpy(payload + kTimeAt, &sent_ns, sizeof(sent_ns));
  packet->set_size(header + std::max(size, kLeastPayload));
  const auto view = ParseRtp(packet->bytes());
  const ReceivedRtp rtp{.packet = packet,
                        .view = *view,
                        .seq = seq_,
                        .uptrack = video_->source(),
                        .codec = &codec,
                        .extensions = &video_->config().extensions,
                        .starts_keyframe = keyframe};
  if (!peer_->SendRtp(now, *video_, rtp, out_)) ++sent_;
  Flush();
}

}  // namespace duet::load
