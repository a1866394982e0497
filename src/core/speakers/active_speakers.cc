#include "core/speakers/active_speakers.h"

#include <algorithm>

namespace duet {

void ActiveSpeakers::OnLevel(UptrackId source, Time now, AudioLevel level) {
  SpeakerLevel* known = levels_.Find(source);
  if (known == nullptr) {
    if (levels_.size() >= capacity_) return;
    known = &levels_.Insert(source, SpeakerLevel());
  }
  known->OnLevel(now, level);
}

void ActiveSpeakers::Remove(UptrackId source) { levels_.Erase(source); }

int ActiveSpeakers::Volume(UptrackId source) const {
  const SpeakerLevel* known = levels_.Find(source);
  return known != nullptr ? known->volume() : 0;
}

// Puts the dominant speaker of before first again, unless the loudest has been louder for long enough.
void ActiveSpeakers::Challenge(Time now, Ranking& ranked) {
  if (active_.empty() || ranked.empty() || ranked[0].source == active_[0]) {
    challenger_ = UptrackId();
    return;
  }
  const auto former =
      std::find_if(ranked.begin(), ranked.end(), [&](const Ranked& r) { return r.source == active_[0]; });
  if (former == ranked.end()) {  // it is silent
    challenger_ = UptrackId();
    return;
  }
  if (ranked[0].loudness < former->loudness + kMargin) {
    challenger_ = UptrackId();
  } else if (challenger_ != ranked[0].source) {
    challenger_ = ranked[0].source;
    challenged_since_ = now;
  } else if (now - challenged_since_ >= kChallenge) {
    challenger_ = UptrackId();
    return;
  }
  std::rotate(ranked.begin(), former, former + 1);
}

bool ActiveSpeakers::Update(Time now) {
  const auto before = [](const Ranked& a, const Ranked& b) {
    return a.loudness != b.loudness ? a.loudness > b.loudness : a.source < b.source;
  };
  Ranking ranked;
  levels_.ForEach([&](UptrackId source, SpeakerLevel& level) {
    level.Advance(now);
    if (!level.speaking()) return;
    const Ranked entry{source, level.loudness()};
    // The dominant one is named however many others are louder for a moment.
    const bool dominant = !active_.empty() && source == active_[0];
    if (ranked.full()) {
      auto* last = ranked.end() - 1;
      if (!active_.empty() && last->source == active_[0]) --last;
      if (!dominant && !before(entry, *last)) return;
      *last = entry;
    } else {
      ranked.push_back(entry);
    }
    std::sort(ranked.begin(), ranked.end(), before);
  });
  Challenge(now, ranked);

  List list;
  for (const Ranked& entry : ranked) list.push_back(entry.source);
  const bool changed = !std::equal(list.begin(), list.end(), active_.begin(), active_.end());
  active_ = list;
  return changed;
}

}  // namespace duet
