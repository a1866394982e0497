#include "gateway/examples.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace duet {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Duet: examples</title>
<style>
body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
code { background: #eef1f5; padding: .1rem .3rem; border-radius: .2rem }
</style>
<h1>Examples</h1>
<p>Calls in uni-app projects, from this server. Open one on a phone and the <a href="/">call page</a> on a computer,
with the same room number.</p>
)";
constexpr std::string_view kNone =
    "<p>There are none here: they are folders of Duet's source, <code>web/examples</code>.</p>\n";
constexpr std::string_view kHowToBuild =
    "<p>What is not built yet: <code>scripts/build --examples</code> in the project's directory, which fetches "
    "uni-app's toolchains from npm. Then start the server again.</p>\n";

// Names go into a page and into paths.
bool IsPlainName(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::vector<std::string> ProjectsIn(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (IsPlainName(name) && fs::is_regular_file(entry->path() / "package.json", ignored))
      names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Status AddExamples(const fs::path& directory, Pages& pages) {
  const std::vector<std::string> names = directory.empty() ? std::vector<std::string>() : ProjectsIn(directory);
  std::string page(kHead);
  bool all_built = true;
  page += names.empty() ? kNone : std::string_view("<ul>\n");
  for (const std::string& name : names) {
    Result<Pages> built = Pages::Load(directory / name / "dist" / "build" / "h5");
    if (!built) return built.error();
    if (built->built()) {
      page += "<li><a href=\"/examples/" + name + "/\">" + name + "</a></li>\n";
      pages.Mount("/examples/" + name, std::move(*built));
    } else {
      page += "<li>" + name + " (not built)</li>\n";
      all_built = false;
    }
  }
  if (!names.empty()) page += "</ul>\n";
  if (!all_built) page += kHowToBuild;
  pages.Put("/examples/index.html", page + "</html>\n");
  return Ok{};
}

}  // namespace duet
