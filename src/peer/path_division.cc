// How what the path to a remote carries is divided among its slots.
//
//   1. sound
//   2. the smallest layer of each picture; a picture without layers takes what it takes
//      (of a stream with temporal layers the lowest is the least; the others go where all do not fit)
//   3. the large picture (asked for as `main`) as large as it goes, then all others (`auto`) by turns
//   4. shares: what each may grow to, of which publishers are told (MediaRoom::UpdateLimits)
//
// Pictures that do not fit even small are held back, the largest first, until they fit: a queue would hurt the sound as
// well, and one picture that moves is better than three that do not.
#include <algorithm>
#include <array>
#include <span>

#include "peer/peer.h"

namespace duet {
namespace {

constexpr int64_t kUnlimitedBps = 2'500'000;  // what a camera's picture needs at most
constexpr int64_t kAudioReserveBps = 40'000;
constexpr int64_t kLeastRedBps = 60'000;  // for repeating sound, however short the path seems
// The smallest picture is tried as soon as the network's own queue is short: otherwise a path that was bad for a moment
// would carry sound alone, and sound alone does not show that it carries more.
constexpr int64_t kSmallestPictureBps = 100'000;
constexpr Duration kLongQueue = Duration::Millis(120);
// A larger layer is taken up when it fits with room to spare. It is given up when it does not fit and a queue shows it,
// or when it has not fitted for a while: a switch costs a keyframe, and an estimate falls below what the path carries
// whenever it has touched its limit.
constexpr int64_t kRaisePercent = 115;
constexpr int64_t kKeepPercent = 95;
constexpr Duration kAfterLowering = Duration::Seconds(2);
constexpr Duration kTolerated = Duration::Seconds(3);
constexpr Duration kNoticeableQueue = Duration::Millis(120);

int64_t PercentOf(int64_t value, int64_t percent) { return value * percent / 100; }

}  // namespace

// What the picture takes in its smallest size, which is the only one when it has no layers.
int64_t Peer::SmallestBps(Time now, Downtrack& picture) {
  return picture.layers().count() > 1 ? picture.layers().ExpectedBps(0) : picture.offered_bps(now);
}

// And at the lowest number of frames a second.
int64_t Peer::LeastBps(Time now, Downtrack& picture) {
  return static_cast<int64_t>(static_cast<double>(SmallestBps(now, picture)) * picture.layers().TemporalShare(0));
}

// What sending less does not cure: repeating sound into a path that is too narrow would make it narrower.
double Peer::LossToRemote() const {
  return path_->transport_wide() ? path_->quality().inherent_loss : std::max(downlink_loss_, 0.0);
}

void Peer::DividePath(Time now) {
  int64_t rest = path_->target_bps() - path_->retransmitted_bps(now);
  int64_t wanted = 0;
  FixedVector<Downtrack*, 64> pictures;
  for (const auto& track : downtracks_) {
    if (track->source().value() == 0) continue;
    if (track->config().kind == signal::MediaKind::kAudio) {
      const int64_t offered = track->offered_bps(now);
      track->SetLoss(LossToRemote(), std::max(path_->target_bps() / 3, kLeastRedBps));
      const int64_t reserve = offered > 0 ? std::max(offered, kAudioReserveBps) * (1 + track->red_depth()) : 0;
      rest -= reserve;
      wanted += reserve;
    } else {
      track->layers().Measure(now);
      pictures.push_back(track.get());
    }
  }
  rest = std::max<int64_t>(rest, 0);
  pictures_bps_ = rest;
  const std::span<Downtrack*> all(pictures.begin(), pictures.size());
  std::sort(all.begin(), all.end(), [&](Downtrack* a, Downtrack* b) { return LeastBps(now, *a) < LeastBps(now, *b); });
  HoldBack(now, all, rest);
  ChooseLayers(now, all, rest);
  for (Downtrack* picture : all) wanted += WantedBps(now, *picture);
  path_->SetWanted(now, wanted);
  // Those who need less than an equal share come first: what they leave is divided among the others.
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t share = rest / static_cast<int64_t>(all.size() - i);
    all[i]->set_share(share);
    rest -= std::min(share, all[i]->offered_bps(now));
  }
}

// What would be sent on the slot if the path let it.
int64_t Peer::WantedBps(Time now, Downtrack& picture) {
  if (picture.wanted_bps() >= 0) return picture.wanted_bps();
  const LayerChoice& layers = picture.layers();
  const int64_t offered = picture.offered_bps(now);
  const bool could_be_larger =
      picture.quality() != signal::Quality::kSmall && layers.desired() + 1 < static_cast<int>(layers.count());
  if (could_be_larger) return std::max(kUnlimitedBps, PercentOf(layers.ExpectedBps(layers.desired() + 1), 150));
  if (layers.count() > 1) return PercentOf(layers.ExpectedBps(layers.desired()), 150);
  if (offered == 0) return 0;
  // A picture near its share would grow if it were allowed to. One that takes more by itself is waited for, too: a path
  // that is tried for less would never be found to carry it.
  const int64_t enough = PercentOf(offered, 150);
  return offered > PercentOf(picture.share_bps(), 70) ? std::max(kUnlimitedBps, enough) : enough;
}

// `pictures` share `whole`; those with layers get the largest that fits.
void Peer::ChooseLayers(Time now, std::span<Downtrack*> pictures, int64_t whole) {
  int64_t rest = whole;
  std::array<int, 64> choice{};
  int64_t chosen = 0;
  for (Downtrack* picture : pictures) {
    if (picture->paused()) continue;
    rest -= SmallestBps(now, *picture);
    chosen += picture->layers().count() > 1 ? picture->layers().ExpectedBps(picture->layers().desired())
                                            : picture->offered_bps(now);
  }
  if (PercentOf(chosen, kKeepPercent) <= whole) fits_at_ = now;
  const bool tolerated =
      now - fits_at_ < kTolerated && path_->queue_time() + path_->quality().queue_delay < kNoticeableQueue;
  const auto raise = [&](size_t i) {
    Downtrack& picture = *pictures[i];
    LayerChoice& layers = picture.layers();
    const int next = choice[i] + 1;
    if (picture.paused() || next >= static_cast<int>(layers.count())) return false;
    const bool has_it = next <= layers.desired();
    if (!has_it && now < raise_not_before_) return false;
    const int64_t more = layers.ExpectedBps(next) - layers.ExpectedBps(choice[i]);
    const int64_t room = rest + layers.ExpectedBps(choice[i]);
    if (!(has_it && tolerated) && PercentOf(layers.ExpectedBps(next), has_it ? kKeepPercent : kRaisePercent) > room)
      return false;
    rest -= more;
    choice[i] = next;
    return true;
  };
  for (size_t i = 0; i < pictures.size(); ++i) {
    while (pictures[i]->quality() == signal::Quality::kMain && raise(i)) {}
  }
  for (bool raised = true; raised;) {
    raised = false;
    for (size_t i = 0; i < pictures.size(); ++i) {
      if (pictures[i]->quality() != signal::Quality::kSmall && raise(i)) raised = true;
    }
  }
  for (size_t i = 0; i < pictures.size(); ++i) {
    LayerChoice& layers = pictures[i]->layers();
    if (layers.count() == 1) continue;
    if (choice[i] < layers.desired() && pictures[i]->quality() != signal::Quality::kSmall)
      raise_not_before_ = now + kAfterLowering;
    const bool another = layers.Desire(now, choice[i]);
    if (layers.TakeKeyframeWanted(now, another)) keyframes_wanted_.push_back(pictures[i]->config().id);
  }
  ChooseTemporal(now, pictures, whole, tolerated);
}

// Pictures that do not fit in the sizes that they have lose their upper temporal layers until they do: that takes
// effect at once, and needs no keyframe.
void Peer::ChooseTemporal(Time now, std::span<Downtrack*> pictures, int64_t whole, bool tolerated) {
  constexpr double kRoomToRise = 0.85;
  int64_t sent = 0;
  // Those that are held back, too: they are to begin with what fits.
  for (Downtrack* picture : pictures) {
    const LayerChoice& layers = picture->layers();
    sent += layers.count() > 1 ? layers.ExpectedBps(std::max(layers.target(), 0)) : picture->offered_bps(now);
  }
  const double part = sent > 0 ? static_cast<double>(whole) / static_cast<double>(sent) : 1;
  for (Downtrack* picture : pictures) {
    LayerChoice& layers = picture->layers();
    const auto highest = static_cast<int>(layers.temporal_count()) - 1;
    int chosen = 0;
    for (int t = 1; t <= highest; ++t) {
      const double room = t <= layers.temporal() ? part : part * kRoomToRise;
      if (layers.TemporalShare(t) <= room) chosen = t;
    }
    // What is tolerated puts off going down, never up.
    const bool lower = chosen < std::min(layers.temporal(), highest);
    if (!lower || !tolerated || picture->paused())
      layers.set_temporal(chosen == highest ? LayerChoice::kAllTemporal : chosen);
    picture->FollowChoice();
  }
}

// One picture at a time is held back or let go. `pictures`: by what they need at least, the smallest first.
void Peer::HoldBack(Time now, std::span<Downtrack*> pictures, int64_t rest) {
  constexpr Duration kBetweenSteps = Duration::Millis(300);
  int64_t playing = 0;
  for (Downtrack* picture : pictures) playing += picture->paused() ? 0 : LeastBps(now, *picture);
  const Duration in_network = path_->quality().queue_delay;
  if (playing > rest * 14 / 10 && path_->queue_time() + in_network > kLongQueue) {
    const auto largest = std::find_if(pictures.rbegin(), pictures.rend(), [](Downtrack* p) { return !p->paused(); });
    if (largest != pictures.rend()) (*largest)->SetPaused(true);
    resume_not_before_ = now + kBetweenSteps;
    return;
  }
  const auto smallest = std::find_if(pictures.begin(), pictures.end(), [](Downtrack* p) { return p->paused(); });
  if (smallest == pictures.end() || now < resume_not_before_) return;
  const int64_t least = LeastBps(now, **smallest);
  const bool fits = playing + least <= rest * 115 / 100;
  const bool small = least <= kSmallestPictureBps && in_network < kLongQueue / 2;
  if (!fits && !small) return;
  (*smallest)->SetPaused(false);
  keyframes_wanted_.push_back((*smallest)->config().id);
  resume_not_before_ = now + kBetweenSteps;
}

}  // namespace duet
