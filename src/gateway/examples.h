// Examples: the built example projects below /examples/, for `duet serve` with the development app. The page at
// /examples/ names all that there are, those that are not built with the command that builds them.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "gateway/pages.h"

namespace duet {

// `directory` holds one folder for each project, with its browser build in dist/build/h5. Missing, or empty = the
// page says that there are none. What `pages` has already stays. kLimit, kRefused: as Pages::Load.
Status AddExamples(const std::filesystem::path& directory, Pages& pages);

}  // namespace duet
