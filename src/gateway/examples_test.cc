#include "gateway/examples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace duet {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class ExamplesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "duet-examples-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file, std::ios::binary) << text;
  }
  void WriteProject(const std::string& name, bool built) {
    Write(name + "/package.json", "{}");
    Write(name + "/src/secret.js", "source");
    if (!built) return;
    Write(name + "/dist/build/h5/index.html", "<title>" + name + "</title>");
    Write(name + "/dist/build/h5/static/js/index.js", "code");
  }
  static std::string Body(const Pages& pages, const std::string& path) {
    const HttpResponse response = pages.Answer({.method = "GET", .path = path});
    return response.status == 200 ? *response.body : std::to_string(response.status);
  }

  fs::path root_;
};

TEST_F(ExamplesTest, BuiltOnesAreServedAndListed) {
  WriteProject("uni-vue2", true);
  WriteProject("uni-vue3", true);
  Write("README.md", "no project");
  Write("no-project/dist/build/h5/index.html", "no package.json");
  Pages pages;
  ASSERT_TRUE(AddExamples(root_, pages));
  EXPECT_EQ(Body(pages, "/examples/uni-vue2/"), "<title>uni-vue2</title>");
  EXPECT_EQ(Body(pages, "/examples/uni-vue3/index.html"), "<title>uni-vue3</title>");
  EXPECT_EQ(Body(pages, "/examples/uni-vue3/static/js/index.js"), "code");
  const std::string list = Body(pages, "/examples/");
  EXPECT_THAT(list, HasSubstr("<a href=\"/examples/uni-vue2/\">"));
  EXPECT_THAT(list, HasSubstr("<a href=\"/examples/uni-vue3/\">"));
  EXPECT_THAT(list, Not(HasSubstr("scripts/build")));
  for (const char* path :
       {"/examples/no-project/", "/examples/uni-vue2/src/secret.js", "/examples/uni-vue2/package.json"})
    EXPECT_EQ(Body(pages, path), "404") << path;
}

TEST_F(ExamplesTest, OnesThatAreNotBuiltAreListedWithTheCommand) {
  WriteProject("uni-vue2", false);
  WriteProject("uni-vue3", true);
  Pages pages;
  ASSERT_TRUE(AddExamples(root_, pages));
  EXPECT_EQ(Body(pages, "/examples/uni-vue2/"), "404");
  const std::string list = Body(pages, "/examples/");
  EXPECT_THAT(list, HasSubstr("uni-vue2 (not built)"));
  EXPECT_THAT(list, HasSubstr("scripts/build --examples"));
}

TEST_F(ExamplesTest, WithoutAnyThePageSaysSo) {
  for (const fs::path& directory : {fs::path(), root_ / "missing", root_}) {
    Pages pages;
    ASSERT_TRUE(AddExamples(directory, pages));
    EXPECT_THAT(Body(pages, "/examples/"), HasSubstr("There are none"));
  }
}

TEST_F(ExamplesTest, PagesThatAreThereStayAndNamesThatAreNotPlainAreLeftOut) {
  WriteProject("uni-vue3", true);
  WriteProject("<script>", true);
  Pages pages;
  pages.Put("/examples/uni-vue3/index.html", "mine");
  ASSERT_TRUE(AddExamples(root_, pages));
  EXPECT_EQ(Body(pages, "/examples/uni-vue3/"), "mine");
  EXPECT_THAT(Body(pages, "/examples/"), Not(HasSubstr("<script>")));
}

// Without a call page of its own the server still says at / how to build it.
TEST_F(ExamplesTest, AreNoCallPage) {
  WriteProject("uni-vue3", true);
  Pages pages;
  ASSERT_TRUE(AddExamples(root_, pages));
  EXPECT_FALSE(pages.built());
  EXPECT_EQ(pages.Answer({.method = "GET", .path = "/"}).status, 503);
  EXPECT_EQ(Body(pages, "/examples/uni-vue3/"), "<title>uni-vue3</title>");
}

}  // namespace
}  // namespace duet
