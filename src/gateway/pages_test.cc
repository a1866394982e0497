#include "gateway/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>

namespace duet {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class PagesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "duet-pages-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    outside_ = name;
    root_ = outside_ / "dist";
    fs::create_directories(root_ / "assets");
    Write(root_ / "index.html", "<!doctype html><title>call</title>");
    Write(root_ / "assets/index-1a2b3c4d.js", script_);
    Write(root_ / "favicon.ico", std::string("\0\1", 2));
    Write(outside_ / "secret.txt", "secret");
  }
  void TearDown() override { fs::remove_all(outside_); }

  static void Write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }
  static HttpResponse Get(const Pages& pages, const std::string& path, bool gzip = false) {
    return pages.Answer({.method = "GET", .path = path, .accepts_gzip = gzip});
  }

  fs::path outside_;
  fs::path root_;
  const std::string script_ = std::string(5000, 'x') + "end";
};

std::string Gunzip(const std::string& packed) {
  std::string out(100'000, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(PagesTest, ServesFilesWithTypesAndCaching) {
  const Pages pages = *Pages::Load(root_);
  EXPECT_TRUE(pages.built());
  EXPECT_EQ(pages.size(), 3u);
  const HttpResponse index = Get(pages, "/");
  EXPECT_EQ(index.status, 200);
  EXPECT_EQ(*index.body, "<!doctype html><title>call</title>");
  EXPECT_EQ(index.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(index.header("Cache-Control"), "no-cache");
  EXPECT_EQ(*Get(pages, "/index.html").body, *index.body);

  const HttpResponse script = Get(pages, "/assets/index-1a2b3c4d.js");
  EXPECT_EQ(*script.body, script_);
  EXPECT_EQ(script.header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_THAT(std::string(script.header("Cache-Control")), HasSubstr("immutable"));
  EXPECT_EQ(script.header("Content-Encoding"), "");

  EXPECT_EQ(*Get(pages, "/favicon.ico").body, std::string("\0\1", 2));
}

TEST_F(PagesTest, GzipForThoseWhoTakeIt) {
  const Pages pages = *Pages::Load(root_);
  const HttpResponse packed = Get(pages, "/assets/index-1a2b3c4d.js", true);
  EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.header("Vary"), "Accept-Encoding");
  EXPECT_LT(packed.body->size(), 200u);
  EXPECT_EQ(Gunzip(*packed.body), script_);
  EXPECT_EQ(Get(pages, "/favicon.ico", true).header("Content-Encoding"), "");
}

TEST_F(PagesTest, NotModified) {
  const Pages pages = *Pages::Load(root_);
  const std::string etag(Get(pages, "/").header("ETag"));
  HttpRequest again{.method = "GET", .path = "/"};
  again.if_none_match = etag;
  EXPECT_EQ(pages.Answer(again).status, 304);
  EXPECT_EQ(pages.Answer(again).body, nullptr);
  again.if_none_match = "\"other\"";
  EXPECT_EQ(pages.Answer(again).status, 200);
  Write(root_ / "index.html", "changed");
  EXPECT_NE(Get(*Pages::Load(root_), "/").header("ETag"), etag);
}

TEST_F(PagesTest, NoWayOut) {
  fs::create_symlink(outside_ / "secret.txt", root_ / "link.txt");
  fs::create_symlink("/etc/passwd", root_ / "passwd");
  fs::create_directory_symlink(outside_, root_ / "up");
  fs::create_symlink(root_ / "index.html", root_ / "inside.html");
  Write(root_ / ".env", "KEY=1");
  fs::create_directories(root_ / ".git");
  Write(root_ / ".git/config", "x");
  const Pages pages = *Pages::Load(root_);
  for (const char* path :
       {"/../secret.txt", "/assets/../../secret.txt", "//etc/passwd", "/link.txt", "/passwd", "/up/secret.txt", "/.env",
        "/.git/config", "/..", "/assets", "/assets/", "secret.txt", "", "/index.html/", "/INDEX.HTML", "/./index.html"})
    EXPECT_EQ(Get(pages, path).status, 404) << path;
  EXPECT_EQ(Get(pages, "/inside.html").status, 200);
}

TEST_F(PagesTest, SiblingWithTheSamePrefixIsOutside) {
  fs::create_directories(outside_ / "dist-old");
  Write(outside_ / "dist-old/x.txt", "x");
  fs::create_symlink(outside_ / "dist-old/x.txt", root_ / "x.txt");
  EXPECT_EQ(Get(*Pages::Load(root_), "/x.txt").status, 404);
}

TEST_F(PagesTest, OnlyReading) {
  const Pages pages = *Pages::Load(root_);
  EXPECT_EQ(pages.Answer({.method = "HEAD", .path = "/"}).status, 200);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
    const HttpResponse response = pages.Answer({.method = method, .path = "/"});
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.header("Allow"), "GET, HEAD");
  }
}

TEST_F(PagesTest, NotBuiltSaysWhatToRun) {
  for (const fs::path& directory : {outside_ / "nothing", outside_}) {
    const Pages pages = *Pages::Load(directory);
    EXPECT_FALSE(pages.built());
    EXPECT_EQ(Get(pages, "/").status, 503);
    EXPECT_THAT(*Get(pages, "/").body, HasSubstr("./run"));
    EXPECT_EQ(Get(pages, "/secret.txt").status, 404);
  }
}

TEST(MimeTypeOf, ByExtension) {
  EXPECT_EQ(MimeTypeOf("a.wasm"), "application/wasm");
  EXPECT_EQ(MimeTypeOf("a.tar.gz"), "application/octet-stream");
  EXPECT_EQ(MimeTypeOf("noextension"), "application/octet-stream");
}

}  // namespace
}  // namespace duet
