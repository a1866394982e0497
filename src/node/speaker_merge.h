// SpeakerMerge: who is heard in a room that lives on several workers, told once. Each worker speaks of those whose
// sound it receives itself; of copies it hears the same again. A worker that says nothing for kSilence has nobody in
// the room any more: it ends its part of it without a last word.
//
// Thread rule: owned by Control.
#pragma once

#include <algorithm>
#include <map>
#include <optional>

#include "base/time.h"
#include "room/media_room.h"

namespace duet {

class SpeakerMerge {
 public:
  using List = MediaRoom::SpeakingList;
  // While anybody is heard a worker reports every kSpeakersInterval.
  static constexpr Duration kSilence = MediaRoom::kSpeakersInterval * 3;

  // What `worker` says of its own publishers. Returns what the members are to be told now, if anything.
  std::optional<List> OnReport(Time now, size_t worker, const List& own) {
    by_worker_[worker] = {now, own};
    std::erase_if(by_worker_, [&](const auto& item) { return now - item.second.at > kSilence; });
    List all;
    for (const auto& [index, report] : by_worker_) {
      for (const MediaRoom::Speaking& speaking : report.list) {
        if (!all.full()) {
          all.push_back(speaking);
        } else if (const auto quietest = std::min_element(all.begin(), all.end(), Quieter);
                   Quieter(*quietest, speaking)) {
          *quietest = speaking;
        }
      }
    }
    // Workers report every kSpeakersInterval each, not at the same moment.
    const bool soon = now - told_at_ < MediaRoom::kSpeakersInterval * 9 / 10;
    if (all.empty() ? told_nobody_ : soon) return std::nullopt;
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return Quieter(b, a); });
    told_at_ = now;
    told_nobody_ = all.empty();
    return all;
  }

 private:
  struct Report {
    Time at;
    List list;
  };
  static bool Quieter(const MediaRoom::Speaking& a, const MediaRoom::Speaking& b) { return a.level < b.level; }

  std::map<size_t, Report> by_worker_;
  Time told_at_ = Time::LongAgo();
  bool told_nobody_ = true;
};

}  // namespace duet
