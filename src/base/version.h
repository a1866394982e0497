// The version of the program, as CMakeLists.txt names it (a test in app compares the two).
#pragma once

#include <string_view>

namespace duet {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace duet
