// Network quality as people see it: 0 unknown, 1 best ... 5 very bad (6, down, is for the caller to know).
#pragma once

#include <cstdint>

namespace duet {

// `loss` is a fraction 0..1, `rtt_us` microseconds; negative = unknown. The worse of the two decides.
int QualityGrade(double loss, int64_t rtt_us);

}  // namespace duet
