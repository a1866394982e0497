// How what the path to a remote carries is divided among its slots. Sound first, then each picture an equal share; what
// one does not need the others get. Pictures that do not fit together are held back, the largest first, until they fit:
// a queue would hurt the sound as well, and one picture that moves is better than three that do not.
#include <algorithm>
#include <array>
#include <span>

#include "peer/peer.h"

namespace duet {
namespace {

constexpr int64_t kUnlimitedBps = 2'500'000;  // what a camera's picture needs at most
constexpr int64_t kAudioReserveBps = 40'000;
// The smallest picture is tried as soon as the network's own queue is short: otherwise a path that was bad for a moment
// would carry sound alone, and sound alone does not show that it carries more.
constexpr int64_t kSmallestPictureBps = 100'000;
constexpr Duration kLongQueue = Duration::Millis(120);

}  // namespace

void Peer::DividePath(Time now) {
  int64_t rest = path_->target_bps() - path_->retransmitted_bps(now);
  int64_t wanted = 0;
  std::array<Downtrack*, 64> list{};
  size_t count = 0;
  for (const auto& track : downtracks_) {
    const int64_t offered = track->offered_bps(now);
    if (track->source().value() == 0) continue;
    if (track->config().kind == signal::MediaKind::kAudio) {
      const int64_t reserve = offered > 0 ? std::max(offered, kAudioReserveBps) : 0;
      rest -= reserve;
      wanted += reserve;
    } else if (count < list.size()) {
      list[count++] = track.get();
      // A picture near its share would grow if it were allowed to.
      if (offered > 0) wanted += offered > track->share_bps() * 7 / 10 ? kUnlimitedBps : offered * 3 / 2;
    }
  }
  path_->SetWanted(now, wanted);
  rest = std::max<int64_t>(rest, 0);
  const std::span<Downtrack*> pictures = std::span(list).first(count);
  std::sort(pictures.begin(), pictures.end(),
            [&](Downtrack* a, Downtrack* b) { return a->offered_bps(now) < b->offered_bps(now); });
  HoldBack(now, pictures, rest);
  // Those who need less than an equal share come first: what they leave is divided among the others.
  for (size_t i = 0; i < count; ++i) {
    const int64_t share = rest / static_cast<int64_t>(count - i);
    pictures[i]->set_share(share);
    rest -= std::min(share, pictures[i]->offered_bps(now));
  }
}

// One picture at a time is held back or let go. `pictures`: by what they need, the smallest first.
void Peer::HoldBack(Time now, std::span<Downtrack*> pictures, int64_t rest) {
  constexpr Duration kBetweenSteps = Duration::Millis(300);
  int64_t playing = 0;
  for (Downtrack* picture : pictures) playing += picture->paused() ? 0 : picture->offered_bps(now);
  const Duration in_network = path_->quality().queue_delay;
  if (playing > rest * 14 / 10 && path_->queue_time() + in_network > kLongQueue) {
    const auto largest = std::find_if(pictures.rbegin(), pictures.rend(), [](Downtrack* p) { return !p->paused(); });
    if (largest != pictures.rend()) (*largest)->SetPaused(true);
    resume_not_before_ = now + kBetweenSteps;
    return;
  }
  const auto smallest = std::find_if(pictures.begin(), pictures.end(), [](Downtrack* p) { return p->paused(); });
  if (smallest == pictures.end() || now < resume_not_before_) return;
  const int64_t offered = (*smallest)->offered_bps(now);
  const bool fits = playing + offered <= rest * 115 / 100;
  const bool small = offered <= kSmallestPictureBps && in_network < kLongQueue / 2;
  if (!fits && !small) return;
  (*smallest)->SetPaused(false);
  keyframes_wanted_.push_back((*smallest)->config().id);
  resume_not_before_ = now + kBetweenSteps;
}

}  // namespace duet
