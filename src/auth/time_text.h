// Unix times as people read them, for the sentences of this folder and the command line.
#pragma once

#include <cstdint>
#include <string>

namespace duet {

// "2023-11-14 22:13:20 UTC". Times outside of the years 1970 to 9999 are given as the number of seconds.
std::string UnixTimeText(int64_t unix_s);

// "1 second", "5 minutes", "3 days": the largest unit that fits, rounded down. Negative counts as zero.
std::string SecondsText(int64_t seconds);

}  // namespace duet
