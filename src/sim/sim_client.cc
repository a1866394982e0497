#include "sim/sim_client.h"

#include <algorithm>

#include "sim/sim_link.h"
#include "wire/demux.h"

namespace duet::sim {
namespace {

using signal::MediaKind;

constexpr Duration kFrameInterval = Duration::Micros(1'000'000 / VideoEncoder::kFramesPerSecond);
constexpr const char* kRids[kMaxLayers] = {"q", "h", "f"};
constexpr Duration kSoundInterval = Duration::Millis(20);
constexpr Duration kAnswerTimeout = Duration::Seconds(10);

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

std::vector<OfferSection> Sections(const SimClientConfig& config) {
  std::vector<OfferSection> sections;
  if (config.sends_audio) sections.push_back({.kind = MediaKind::kAudio, .sends = true});
  if (config.sends_video) {
    OfferSection& picture =
        sections.emplace_back(OfferSection{.kind = MediaKind::kVideo, .sends = true, .codec = config.codec});
    if (config.layers > 1) picture.rids.assign(kRids + kMaxLayers - config.layers, kRids + kMaxLayers);
  }
  for (size_t i = 0; i < config.slots; ++i) {
    sections.push_back({.kind = MediaKind::kAudio});
    sections.push_back({.kind = MediaKind::kVideo, .codec = config.codec});
  }
  return sections;
}

size_t LayerOf(const Downtrack& track) {
  return static_cast<size_t>(track.config().id.value() / Offerer::kEncodingIds);
}

}  // namespace

std::string DescribePath(const PathQuality& path) {
  return std::to_string(path.target_bps / 1000) + " kbit/s " + ToString(path.state) + ", acknowledged " +
         std::to_string(path.acknowledged_bps / 1000) + ", loss " + std::to_string(static_cast<int>(path.loss * 100)) +
         " %, queue " + std::to_string(path.queue_delay.ms()) + " ms" + (path.application_limited ? ", limited" : "");
}

SimClient::SimClient(SimClientConfig config, DtlsContext& dtls, DtlsFingerprint fingerprint, PacketPool& pool, Rng& rng)
    : config_(std::move(config)),
      user_("u" + std::to_string(config_.number)),
      dtls_(dtls),
      fingerprint_(std::move(fingerprint)),
      pool_(pool),
      rng_(rng),
      out_(pool),
      layer_on_(config_.layers, true),
      layer_seq_(config_.layers, 0) {
  for (size_t layer = 0; layer < config_.layers; ++layer)
    encoders_.emplace_back(config_.number, static_cast<uint8_t>(layer), config_.codec, config_.stream_layers, rng);
}

void SimClient::RequestKeyframes() {
  for (VideoEncoder& encoder : encoders_) encoder.RequestKeyframe();
}

void SimClient::Subscribe(std::string_view user, signal::Quality quality) {
  if (state_ != State::kIn) return;
  Send(signal::Subscribe{.user_id = std::string(user), .kind = MediaKind::kVideo, .quality = quality});
}

// ---- what its person does

void SimClient::Enter(Time now) {
  if (wants_in_) return;
  wants_in_ = true;
  Connect(now);
}

void SimClient::Exit(Time now) {
  if (!wants_in_) return;
  wants_in_ = false;
  if (state_ == State::kIn) Send(signal::Exit{});
  if (peer_) peer_->Close(now, out_);
  state_ = State::kOut;
  peer_.reset();
  members_.clear();
  slots_.clear();
  resume_.clear();
  closes_socket_ = true;
  retry_at_ = answer_by_ = Time::Never();
}

void SimClient::SetPublished(bool audio, bool video) {
  if (video && !video_on_) RequestKeyframes();
  audio_on_ = audio;
  video_on_ = video;
  if (state_ == State::kIn) Send(signal::Publish{.audio = audio, .video = video});
}

void SimClient::Resume(Time now) {
  suspended_ = false;
  // Back from sleep a client does not trust what it had: it looks at once.
  if (wants_in_ && state_ != State::kIn) Connect(now);
}

void SimClient::Restart(Time now) {
  state_ = State::kOut;
  peer_.reset();
  members_.clear();
  slots_.clear();
  pending_.clear();
  signals_.clear();
  out_.Clear();
  resume_.clear();
  suspended_ = false;
  closes_socket_ = true;
  retry_at_ = answer_by_ = Time::Never();
  if (wants_in_) {
    state_ = State::kBackoff;
    retry_at_ = now + Duration::Millis(500);
  }
}

// ---- the signalling session

void SimClient::Connect(Time now) {
  state_ = State::kConnecting;
  closes_socket_ = false;
  wants_socket_ = true;
  retry_at_ = Time::Never();
  answer_by_ = now + kAnswerTimeout;
  pending_.clear();
  signals_.clear();
}

// The connection is of no use any more: again, after a while that grows and is not the same for all.
void SimClient::Lose(Time now, std::string_view why) {
  lost_because_ = why;
  if (!wants_in_) return;
  state_ = State::kBackoff;
  closes_socket_ = true;
  answer_by_ = Time::Never();
  const Duration longest = Duration::Millis(std::min(250 << std::min(tries_, 5), 4000));
  retry_at_ = now + longest / 2 + Below(rng_, longest / 2);
  ++tries_;
}

void SimClient::OnSocketOpen(Time now) {
  if (state_ != State::kConnecting) return;
  state_ = State::kEntering;
  answer_by_ = now + kAnswerTimeout;
  offerer_.emplace(Sections(config_), fingerprint_, rng_);
  signal::Enter enter;
  enter.sdk_app_id = config_.sdk_app_id;
  enter.user_id = user_;
  enter.user_sig = config_.user_sig;
  enter.room.value = config_.room;
  enter.room_template = config_.room_template;
  enter.offer = offerer_->Offer();
  enter.tracks = offerer_->Tracks();
  for (signal::TrackInfo& track : enter.tracks) track.on = track.kind == MediaKind::kAudio ? audio_on_ : video_on_;
  told_audio_ = audio_on_;
  told_video_ = video_on_;
  if (!resume_.empty()) enter.resume = resume_;
  Send(std::move(enter));
}

void SimClient::OnSocketClosed(Time now) {
  if (state_ == State::kConnecting || state_ == State::kEntering || state_ == State::kIn)
    Lose(now, "the socket was closed");
  closes_socket_ = false;
}

void SimClient::Send(signal::RequestBody body) {
  signal::Request request{next_request_++, std::move(body)};
  pending_.push_back({request.id, signal::MethodOf(request.body)});
  signals_.push_back(signal::Encode(request));
}

void SimClient::OnSignal(Time now, std::string_view text) {
  if (state_ != State::kEntering && state_ != State::kIn) return;
  const auto message = signal::ParseServerMessage(text, pending_);
  if (!message.ok()) {
    violations_.push_back(user_ + " cannot read the server: " + message.error().message);
    return;
  }
  if (const auto* notification = std::get_if<signal::Notification>(&*message)) {
    OnNotification(now, *notification);
    return;
  }
  const auto& response = std::get<signal::Response>(*message);
  std::erase_if(pending_, [&](const auto& request) { return request.id == response.id; });
  if (const auto* entered = std::get_if<signal::EnterResult>(&response.body)) OnEntered(now, *entered);
  if (const auto* error = std::get_if<signal::SignalError>(&response.body)) {
    if (state_ == State::kEntering) Lose(now, error->message);
    resume_.clear();
    // A request can cross a change that makes it pointless; refusals of `enter` are all that a client cannot live with.
    (void)error;
  }
}

void SimClient::OnEntered(Time now, const signal::EnterResult& result) {
  if (state_ != State::kEntering) return;
  Result<PeerConfig> config = offerer_->ReadAnswer(result.answer);
  if (!config.ok()) {
    violations_.push_back(user_ + " cannot use the answer: " + config.error().message);
    return Lose(now, "the answer cannot be used");
  }
  config->id = PeerId(config_.number);
  state_ = State::kIn;
  answer_by_ = Time::Never();
  tries_ = 0;
  ++entered_;
  resume_ = result.resume;
  // Switched while the answer was on its way.
  if (told_audio_ != audio_on_ || told_video_ != video_on_) SetPublished(audio_on_, video_on_);
  members_.clear();
  for (const signal::MemberInfo& member : result.members) members_[member.user_id] = member.paused;
  peer_ = std::make_unique<Peer>(std::move(*config), PeerOptions{.connect_timeout = Duration::Seconds(15)}, dtls_, rng_,
                                 now);
  slots_.clear();
  for (const auto& track : peer_->uptracks()) {
    slots_[track->id()].kind = track->config().kind;
    track->SetPublished(now, true);
  }
  OnSlots(result.slots);
  for (const auto& track : peer_->downtracks()) {
    const UptrackId own(track->config().id.value());
    const UptrackConfig source{.id = own,
                               .kind = track->config().kind,
                               .codec = track->config().codecs.front(),
                               .extensions = track->config().extensions};
    track->SetSource(&source);
  }
  RequestKeyframes();
  layer_on_.assign(config_.layers, true);
  TellWanted();
  limit_bps_ = 0;
  next_divide_ = now;
  next_frame_ = now + Below(rng_, kFrameInterval);
  next_sound_ = now + Below(rng_, kSoundInterval);
}

void SimClient::OnNotification(Time now, const signal::Notification& notification) {
  if (state_ != State::kIn) return;
  std::visit(Overloaded{
                 [&](const signal::MemberJoined& n) { members_[n.user_id] = false; },
                 [&](const signal::MemberLeft& n) { members_.erase(n.user_id); },
                 [&](const signal::MemberPaused& n) { members_[n.user_id] = true; },
                 [&](const signal::MemberResumed& n) { members_[n.user_id] = false; },
                 [&](const signal::Slots& n) { OnSlots(n.slots); },
                 [&](const signal::BitrateLimit& n) { limit_bps_ = int64_t{n.max_bitrate_kbps} * 1000; },
                 [&](const signal::Layers& n) {
                   for (size_t i = 0; i < config_.layers && config_.obeys_layers; ++i) {
                     const char* rid = kRids[i + kMaxLayers - config_.layers];
                     const bool on = std::find(n.active.begin(), n.active.end(), rid) != n.active.end();
                     if (on && !layer_on_[i]) encoders_[i].RequestKeyframe();
                     layer_on_[i] = on;
                   }
                   TellWanted();
                 },
                 [&](const signal::Kicked& n) {
                   if (n.reason == signal::KickReason::kMediaTimeout) return Lose(now, "the server heard no media");
                   violations_.push_back(user_ + " was kicked: " + std::string(signal::ToString(n.reason)));
                   Lose(now, "kicked");
                 },
                 [](const auto&) {},
             },
             notification);
}

void SimClient::OnSlots(const std::vector<signal::SlotInfo>& slots) {
  if (!peer_) return;
  for (const auto& track : peer_->uptracks()) {
    const auto found =
        std::find_if(slots.begin(), slots.end(), [&](const auto& slot) { return slot.mid == track->config().mid; });
    Slot& slot = slots_[track->id()];
    slot.user = found != slots.end() ? found->user_id : "";
  }
}

// ---- media

void SimClient::OnDatagram(Time now, const Endpoint& from, PacketRef packet) {
  if (suspended_ || !peer_) return;
  switch (Classify(packet->bytes())) {
    case DatagramKind::kStun: {
      const auto message = StunMessage::Parse(packet->bytes());
      if (message.ok()) peer_->OnStun(now, from, *message, out_);
      break;
    }
    case DatagramKind::kDtls: peer_->OnDtls(now, packet->bytes(), out_); break;
    case DatagramKind::kRtp: {
      const auto rtp = peer_->OnRtp(now, std::move(packet));
      for (const ReceivedRtp& recovered : peer_->TakeRecovered()) OnMedia(now, recovered);
      if (rtp) OnMedia(now, *rtp);
      break;
    }
    case DatagramKind::kRtcp: {
      const Peer::Feedback feedback = peer_->OnRtcp(now, std::move(packet), out_);
      for (const DowntrackId id : feedback.keyframe_requests)
        encoders_[static_cast<size_t>(id.value() / Offerer::kEncodingIds)].RequestKeyframe();
      break;
    }
    case DatagramKind::kUnknown: break;
  }
}

void SimClient::OnMedia(Time now, const ReceivedRtp& rtp) {
  Slot& slot = slots_[rtp.uptrack];
  const auto tag = ReadMedia(rtp.view.payload(), rtp.codec->kind);
  if (!tag) {
    violations_.push_back(user_ + " got a payload that nobody sent");
    return;
  }
  if (slot.kind == MediaKind::kAudio) {
    if (!slot.sound.first_seq) slot.sound.first_seq = rtp.seq;
    slot.sound.highest_seq = std::max(slot.sound.highest_seq, rtp.seq);
    ++slot.sound.received;
    slot.sound.last = now;
    return;
  }
  const bool told = rtp.codec->kind == CodecKind::kVp9 || rtp.codec->kind == CodecKind::kAv1;
  // Before the structure has come nothing is known.
  if (told && rtp.frame.known && (rtp.frame.spatial != tag->spatial || rtp.frame.temporal != tag->temporal))
    violations_.push_back(user_ + " is told of other layers");
  const bool numbered = rtp.codec->kind == CodecKind::kVp8 && rtp.frame.known;
  const FrameReceiver::Place place{.seq = rtp.seq,
                                   .timestamp = rtp.view.timestamp,
                                   .marker = rtp.view.marker,
                                   .picture = numbered ? std::optional(rtp.frame.number) : std::nullopt};
  const FrameReceiver::Verdict verdict = slot.picture.OnPacket(now, place, *tag);
  if (!verdict.violation.empty()) violations_.push_back(user_ + ": " + verdict.violation);
  // A decoder that goes on asks for nothing, as in browsers: what it asked for while a keyframe was arriving is
  // settled.
  if (slot.picture.last_shown() != now) return;
  if (Uptrack* track = peer_->FindUptrack(rtp.uptrack)) {
    for (UptrackLayer& layer : track->layers()) layer.WithdrawKeyframeRequest();
  }
}

void SimClient::SendMedia(Time now) {
  if (config_.sends_video && now >= next_frame_) {
    next_frame_ = std::max(next_frame_ + kFrameInterval, now + Duration::Millis(1));
    if (media_connected() && video_on_) SendPicture(now);
  }
  if (!config_.sends_audio || now < next_sound_) return;
  next_sound_ = std::max(next_sound_ + kSoundInterval, now + Duration::Millis(1));
  if (!media_connected() || !audio_on_) return;
  for (const auto& track : peer_->downtracks()) {
    if (track->config().kind != MediaKind::kAudio) continue;
    MediaTag tag{.publisher = config_.number, .frame = ++sound_count_, .count = 1, .captured = now};
    SendPacket(now, *track, {.payload = WriteSound(tag, 90)}, static_cast<uint32_t>(now.us() * 48 / 1000));
  }
}

// One frame of each layer that is on.
void SimClient::SendPicture(Time now) {
  const int64_t total = VideoBitrate();
  for (const auto& track : peer_->downtracks()) {
    if (track->config().kind != MediaKind::kVideo) continue;
    const size_t layer = LayerOf(*track);
    const int64_t bitrate = LayerBitrate(layer, total);
    if (bitrate == 0) continue;
    encoders_[layer].set_bitrate(bitrate);
    const auto packets = encoders_[layer].Encode(now);
    // Each layer has a clock of its own.
    const auto timestamp = static_cast<uint32_t>(now.us() * 90 / 1000 + static_cast<int64_t>(layer) * 1'000'000'000);
    for (const MediaPacket& packet : packets) SendPacket(now, *track, packet, timestamp);
  }
}

void SimClient::TellWanted() {
  for (const auto& track : peer_->downtracks()) {
    if (track->config().kind != MediaKind::kVideo) continue;
    constexpr int64_t kHeadroomPercent = 125;
    track->set_wanted(FullBitrate(LayerOf(*track)) * kHeadroomPercent / 100);
  }
}

// Half the width and height need about a third of the rate.
int64_t SimClient::FullBitrate(size_t layer) const {
  constexpr int64_t kStep = 3;
  int64_t full = config_.video_bps;
  for (size_t larger = layer + 1; larger < config_.layers; ++larger) full /= kStep;
  return layer_on_[layer] ? full : 0;
}

// Where not all fit the smallest come first, as in browsers; the largest that does gets what is left. 0 = not sent.
int64_t SimClient::LayerBitrate(size_t layer, int64_t total) const {
  constexpr int64_t kWorthPercent = 60;  // of its full rate, or it is not worth sending
  int64_t rest = total;
  bool smallest = true;
  for (size_t i = 0; i < layer; ++i) {
    const int64_t full = FullBitrate(i);
    rest -= std::min(rest, full);
    smallest &= full == 0;
  }
  const int64_t full = FullBitrate(layer);
  return smallest || rest >= full * kWorthPercent / 100 ? std::min(rest, full) : 0;
}

// What is wanted, what the receivers can take, and what our own path carries besides sound and repetitions.
int64_t SimClient::VideoBitrate() const {
  int64_t wanted = 0;
  for (size_t layer = 0; layer < config_.layers; ++layer) wanted += FullBitrate(layer);
  if (config_.fixed_rate) return wanted;
  int64_t bps = std::min(wanted, peer_->pictures_bps() * 9 / 10);
  if (limit_bps_ > 0) bps = std::min(bps, limit_bps_);
  return std::max<int64_t>(bps, 40'000);
}

// As if another member's packet came in: the slot rewrites, protects and remembers it.
void SimClient::SendPacket(Time now, Downtrack& track, const MediaPacket& media, uint32_t timestamp) {
  PacketRef packet = pool_.Acquire();
  if (!packet) return;
  const CodecConfig& codec = track.config().codecs.front();
  const bool audio = track.config().kind == MediaKind::kAudio;
  int64_t& seq = audio ? audio_seq_ : layer_seq_[LayerOf(track)];
  ++seq;
  RtpHeaderWriter writer(packet->buffer());
  writer.Begin({.marker = media.marker,
                .payload_type = codec.payload_type,
                .sequence_number = static_cast<uint16_t>(seq),
                .timestamp = timestamp,
                .ssrc = track.config().ssrc});
  if (const uint8_t id = track.config().extensions.dependency_descriptor; id != 0 && !media.descriptor.empty())
    writer.AddExtension(id, media.descriptor);
  const size_t header = writer.Finish();
  const std::vector<std::byte>& payload = media.payload;
  std::copy(payload.begin(), payload.end(), packet->buffer().begin() + static_cast<std::ptrdiff_t>(header));
  packet->set_size(header + payload.size());
  const auto view = ParseRtp(packet->bytes());
  DUET_CHECK(view.has_value());
  const ReceivedRtp rtp{.packet = packet,
                        .view = *view,
                        .seq = seq,
                        .uptrack = track.source(),
                        .codec = &codec,
                        .extensions = &track.config().extensions,
                        .frame = {.known = !media.descriptor.empty(), .number = media.number},
                        .starts_keyframe = true};
  peer_->SendRtp(now, track, rtp, out_);
}

// ---- time

void SimClient::OnTimer(Time now) {
  if (suspended_) return;
  if (now >= retry_at_) Connect(now);
  if (now >= answer_by_) Lose(now, "nobody answered in time");
  if (!peer_) return;
  if (now >= peer_->NextTimer()) peer_->OnTimer(now, out_);
  if (peer_->state() == Peer::State::kFailed && state_ == State::kIn) return Lose(now, peer_->failure_message());
  if (state_ == State::kIn && now >= next_divide_) {
    next_divide_ = now + Duration::Millis(100);
    if (media_connected()) peer_->DividePath(now);
    if (!peer_->TakeKeyframesWanted().empty()) RequestKeyframes();
  }
  if (state_ == State::kIn) SendMedia(now);
  for (auto& [id, slot] : slots_) {
    if (slot.kind != MediaKind::kVideo || !slot.picture.Stuck(now)) continue;
    slot.picture.ClearStuck(now);
    if (Uptrack* track = peer_->FindUptrack(id)) track->RequestKeyframe(now);
  }
}

Time SimClient::NextTimer() const {
  if (suspended_) return Time::Never();
  Time next = std::min(retry_at_, answer_by_);
  if (peer_) next = std::min(next, peer_->NextTimer());
  if (peer_ && state_ == State::kIn) {
    if (config_.sends_audio) next = std::min(next, next_sound_);
    if (config_.sends_video) next = std::min(next, next_frame_);
    next = std::min(next, next_divide_);
  }
  return next;
}

// ---- what it knows

const FrameReceiver* SimClient::PictureOf(std::string_view user) const {
  for (const auto& [id, slot] : slots_) {
    if (slot.kind == MediaKind::kVideo && slot.user == user) return &slot.picture;
  }
  return nullptr;
}

int64_t SimClient::AudioPacketsFrom(std::string_view user) const {
  for (const auto& [id, slot] : slots_) {
    if (slot.kind == MediaKind::kAudio && slot.user == user) return slot.sound.received;
  }
  return -1;
}

std::string SimClient::Describe(Time now) const {
  constexpr const char* kStates[] = {"out", "waits", "connecting", "entering", "in"};
  std::string text = user_ + ": " + kStates[static_cast<int>(state_)] + (suspended_ ? ", suspended" : "") + ", " +
                     (media_connected() ? "media connected" : "no media") + ", entered " + std::to_string(entered_) +
                     " times" + (lost_because_.empty() ? "" : " (" + lost_because_ + ")") + ", " +
                     std::to_string(frames_sent()) + " frames encoded, knows";
  if (peer_ && media_connected()) {
    text += ", uplink " + DescribePath(peer_->path().quality()) + ", limit " + std::to_string(limit_bps_ / 1000) +
            " kbit/s";
  }
  for (const auto& [user, paused] : members_) text += " " + user + (paused ? "(paused)" : "");
  for (const auto& [id, slot] : slots_) {
    if (slot.user.empty()) continue;
    text += slot.kind == MediaKind::kAudio
                ? "\n    hears " + slot.user + ": " + std::to_string(slot.sound.received) + " packets"
                : "\n    sees " + slot.user + ": " + std::to_string(slot.picture.shown()) + " frames, the last " +
                      std::to_string((now - slot.picture.last_shown()).ms()) + " ms ago";
  }
  return text;
}

void SimClient::ResetFreezes(Time now) {
  for (auto& [id, slot] : slots_) slot.picture.ResetFreeze(now);
}

}  // namespace duet::sim
