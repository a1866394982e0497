#include "gateway/pages.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

namespace duet {
namespace {

namespace fs = std::filesystem;

struct MimeType {
  std::string_view extension;
  std::string_view type;
};
constexpr MimeType kMimeTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".mp3", "audio/mpeg"},
    {".wav", "audio/wav"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
};

constexpr std::string_view kNotBuilt = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Duet</title>
<h1>The Duet server is running</h1>
<p>Its call page has not been built. In the project's directory, <code>./run</code> builds everything and starts the server;
<code>npm run build --workspaces --if-present</code> builds only the pages. Then start the server again.</p>
</html>
)";

bool IsText(std::string_view content_type) {
  return content_type.starts_with("text/") || content_type.starts_with("application/json") ||
         content_type.ends_with("+json") || content_type.ends_with("+xml") || content_type == "application/wasm";
}

// gzip (RFC 1952), or nothing when that is not at least a tenth smaller.
std::optional<std::string> Gzip(const std::string& text) {
  constexpr size_t kNotWorthIt = 256;
  if (text.size() < kNotWorthIt) return std::nullopt;
  constexpr int kGzipWindow = 15 + 16;  // zlib's way to say gzip
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return std::nullopt;
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END || out.size() > text.size() / 10 * 9) return std::nullopt;
  return out;
}

std::string EtagOf(const std::string& content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(content.data(), content.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string etag = "W/\"";  // weak: the plain and the gzip form share it
  for (size_t i = 0; i < 12; ++i) {
    etag += kDigits[digest[i] >> 4];
    etag += kDigits[digest[i] & 15];
  }
  return etag + '"';
}

std::optional<std::string> ReadWhole(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
}

// Whether the file that this name finally means lies below `root`, which is canonical.
bool IsInside(const fs::path& root, const fs::path& file) {
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  return !error && std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end();
}

// Files below `root` that may be served.
Result<std::vector<fs::path>> Scan(const fs::path& root) {
  std::vector<fs::path> files;
  size_t total = 0;
  std::error_code error;
  // Does not follow links to directories.
  fs::recursive_directory_iterator entry(root, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const bool hidden = entry->path().filename().string().starts_with('.');
    std::error_code ignored;
    if (hidden && entry->is_directory(ignored)) entry.disable_recursion_pending();
    if (hidden || !entry->is_regular_file(ignored) || !IsInside(root, entry->path())) continue;
    const size_t bytes = entry->file_size(ignored);
    total += bytes;
    if (bytes > Pages::kMaxFileBytes || total > Pages::kMaxTotalBytes || files.size() == Pages::kMaxFiles) {
      return Error{ErrorCode::kLimit, "the pages directory " + root.string() + " is too large to serve (at " +
                                          entry->path().string() + "); is it the right one?"};
    }
    files.push_back(entry->path());
  }
  if (error) return Error{ErrorCode::kRefused, "cannot read " + root.string() + ": " + error.message()};
  return files;
}

}  // namespace

std::string_view MimeTypeOf(std::string_view file_name) {
  const size_t dot = file_name.rfind('.');
  if (dot != file_name.npos) {
    for (const MimeType& known : kMimeTypes)
      if (known.extension == file_name.substr(dot)) return known.type;
  }
  return "application/octet-stream";
}

Pages::Page Pages::MakePage(const std::string& path, std::string content) {
  Page page;
  page.content_type = MimeTypeOf(path);
  page.cache_control = path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  page.etag = EtagOf(content);
  if (IsText(page.content_type)) {
    if (auto packed = Gzip(content)) page.gzip = std::make_shared<const std::string>(std::move(*packed));
  }
  page.plain = std::make_shared<const std::string>(std::move(content));
  return page;
}

Result<Pages> Pages::Load(const fs::path& directory) {
  Pages pages;
  std::error_code error;
  const fs::path root = fs::canonical(directory, error);
  if (error || !fs::is_regular_file(root / "index.html", error)) return pages;
  const Result<std::vector<fs::path>> files = Scan(root);
  if (!files) return files.error();
  for (const fs::path& file : *files) {
    std::optional<std::string> content = ReadWhole(file);
    if (!content) return Error{ErrorCode::kRefused, "cannot read " + file.string()};
    const std::string path = "/" + file.lexically_relative(root).generic_string();
    pages.pages_.emplace(path, MakePage(path, std::move(*content)));
  }
  return pages;
}

void Pages::Mount(const std::string& prefix, Pages other) {
  for (auto& [path, page] : other.pages_) pages_.try_emplace(prefix + path, std::move(page));
}

void Pages::Put(const std::string& path, std::string content) {
  pages_.try_emplace(path, MakePage(path, std::move(content)));
}

const Pages::Page* Pages::Find(std::string_view path) const {
  const std::string name = path.ends_with('/') ? std::string(path) + "index.html" : std::string(path);
  const auto found = pages_.find(name);
  return found == pages_.end() ? nullptr : &found->second;
}

HttpResponse Pages::Answer(const HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") return MethodNotAllowed("GET, HEAD");
  if (!built() && request.path == "/") {
    HttpResponse response = TextResponse(503, "text/html; charset=utf-8", std::string(kNotBuilt));
    return std::move(response.Set("Cache-Control", "no-store"));
  }
  const Page* page = Find(request.path);
  if (page == nullptr) return ProblemResponse(404, "not_found", "There is nothing at this address.");
  HttpResponse response;
  response.Set("Cache-Control", page->cache_control).Set("ETag", page->etag).Set("Vary", "Accept-Encoding");
  if (MatchesEtag(request.if_none_match, page->etag)) {
    response.status = 304;
    return response;
  }
  response.Set("Content-Type", page->content_type);
  const bool gzip = request.accepts_gzip && page->gzip != nullptr;
  if (gzip) response.Set("Content-Encoding", "gzip");
  response.body = gzip ? page->gzip : page->plain;
  return response;
}

}  // namespace duet
