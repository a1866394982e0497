#include "wire/signal_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace duet::signal {
namespace {

struct Documented {
  int code = 0;
  int detail = 0;
  bool operator==(const Documented&) const = default;
};

// The rows of the table "Errors" in docs/protocol.md: | code[, code ...] [(detail)] | `name`[, `name` ...] | when |.
std::map<std::string, Documented> ReadDocumentedErrors() {
  std::ifstream file(DUET_SOURCE_DIR "/docs/protocol.md");
  EXPECT_TRUE(file.good());
  std::map<std::string, Documented> errors;
  const std::regex row(R"(\| (-[-0-9, ]+?)(?: \((\d+)\))? \| (`[a-z_`, ]+`) \|.*)");
  const std::regex number("-\\d+");
  const std::regex name("`([a-z_]+)`");
  for (std::string line; std::getline(file, line);) {
    std::smatch cells;
    if (!std::regex_match(line, cells, row)) continue;
    const std::string codes = cells[1];
    const std::string names = cells[3];
    auto code = std::sregex_iterator(codes.begin(), codes.end(), number);
    const size_t code_count = static_cast<size_t>(std::distance(code, {}));
    for (auto n = std::sregex_iterator(names.begin(), names.end(), name); n != std::sregex_iterator(); ++n) {
      errors[(*n)[1]] = {std::stoi(code->str()), cells[2].matched ? std::stoi(cells[2]) : 0};
      if (code_count > 1) ++code;  // a list of codes goes with the list of names
    }
  }
  return errors;
}

TEST(SignalErrors, TableIsTheOneOfTheContract) {
  const auto documented = ReadDocumentedErrors();
  EXPECT_EQ(documented.size(), kErrorTable.size());
  for (const ErrorInfo& info : kErrorTable) {
    const auto entry = documented.find(std::string(info.name));
    ASSERT_NE(entry, documented.end()) << info.name << " is not in docs/protocol.md";
    EXPECT_EQ(entry->second, (Documented{info.code, info.detail})) << info.name;
  }
}

TEST(SignalErrors, NamesDiffer) {
  std::set<std::string_view> names;
  for (const ErrorInfo& info : kErrorTable) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(FindErrorByName(info.name), &info);
  }
  EXPECT_EQ(FindErrorByName(kUnknownErrorName), nullptr);
  EXPECT_EQ(FindErrorByName(""), nullptr);
}

TEST(SignalErrors, Make) {
  const SignalError expired = MakeError(SignalErrorKind::kSigExpired, "since noon");
  EXPECT_EQ(expired, (SignalError{-100018, "sig_expired", "since noon", 70001}));
  EXPECT_TRUE(expired.Is(SignalErrorKind::kSigExpired));
  EXPECT_FALSE(expired.Is(SignalErrorKind::kSigMalformed));
  EXPECT_EQ(MakeError(SignalErrorKind::kRoomFull, "").detail, std::nullopt);
}

}  // namespace
}  // namespace duet::signal
