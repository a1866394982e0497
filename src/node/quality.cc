#include "node/quality.h"

#include <algorithm>
#include <iterator>

namespace duet {
namespace {

// Up to these a call has the grade 1, 2, 3, 4. Loss: what NACK and in-band FEC hide well, hide, hide badly, cannot
// hide. Delay: ITU-T G.114 puts the limit of an unimpaired conversation at 150 ms one way and of a bearable one at 400
// ms; half of a round trip counts.
constexpr double kLoss[] = {0.01, 0.03, 0.08, 0.15};
constexpr int64_t kRttUs[] = {150'000, 300'000, 500'000, 800'000};

}  // namespace

int QualityGrade(double loss, int64_t rtt_us) {
  int grade = 0;
  if (loss >= 0)
    grade = 1 + static_cast<int>(
                    std::count_if(std::begin(kLoss), std::end(kLoss), [&](double limit) { return loss > limit; }));
  if (rtt_us >= 0) {
    grade = std::max(grade, 1 + static_cast<int>(std::count_if(std::begin(kRttUs), std::end(kRttUs),
                                                               [&](int64_t limit) { return rtt_us > limit; })));
  }
  return grade;
}

}  // namespace duet
