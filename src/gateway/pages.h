// Pages: the built web pages, read into memory once. A request is looked up by its exact path, so there is no way out
// of the directory: what was not found by the scan does not exist.
//
// Files under assets/ carry a hash of their content in the name (Vite): they are cached for ever. Everything else is
// asked for anew each time, which costs a 304. Text is also kept as gzip.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/http_message.h"

namespace duet {

class Pages {
 public:
  static constexpr size_t kMaxFiles = 4096;
  static constexpr size_t kMaxFileBytes = 32 << 20;
  static constexpr size_t kMaxTotalBytes = 128 << 20;

  // No pages: every path is answered with the words of what to run.
  Pages() = default;

  // Reads all regular files below `directory`; symbolic links that lead out of it and names that start with a dot are
  // left out. A directory that is missing or has no index.html gives the same as Pages(). kLimit: more than the limits.
  static Result<Pages> Load(const std::filesystem::path& directory);

  // Adds all of `other` below `prefix`, "/examples/uni-vue3". A path that is there already stays as it is.
  void Mount(const std::string& prefix, Pages other);
  // Adds one page that is no file; as Mount, a path that is there stays.
  void Put(const std::string& path, std::string content);

  // There is something at "/".
  bool built() const { return pages_.contains("/index.html"); }
  size_t size() const { return pages_.size(); }

  // GET and HEAD of any path; HEAD has the body too, and the connection leaves it out.
  HttpResponse Answer(const HttpRequest& request) const;

 private:
  struct Page {
    std::string content_type;
    std::string cache_control;
    std::string etag;
    std::shared_ptr<const std::string> plain;
    std::shared_ptr<const std::string> gzip;  // null when it would not be smaller
  };
  static Page MakePage(const std::string& path, std::string content);
  const Page* Find(std::string_view path) const;

  std::map<std::string, Page, std::less<>> pages_;  // by URL path, "/assets/index-1a2b3c4d.js"
};

// "text/html; charset=utf-8" for "index.html".
std::string_view MimeTypeOf(std::string_view file_name);

}  // namespace duet
