#include "app/toml_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdio>
#include <optional>

namespace duet {
namespace {

class TomlReader {
 public:
  explicit TomlReader(std::string_view file) : file_(file) {}

  Result<std::vector<TomlTable>> Read(std::string_view text) {
    try {
      const toml::table root = toml::parse(text, file_);
      if (ReadTable(root, "", true)) return SortedByLine();
    } catch (const toml::parse_error& error) {
      Fail(error.source().begin.line, std::string(error.description()));
    }
    return *error_;
  }

 private:
  bool Fail(unsigned line, std::string message) {
    error_ = Error{ErrorCode::kMalformed, file_ + ", line " + std::to_string(line) + ": " + std::move(message)};
    return false;
  }

  bool ReadTable(const toml::table& table, std::string name, bool is_root) {
    const size_t index = tables_.size();
    tables_.push_back({std::move(name), table.source().begin.line, {}});
    for (const auto& [key, node] : table) {
      const unsigned line = node.source().begin.line;
      if (const auto* list = node.as_array(); is_root && list != nullptr && list->is_array_of_tables()) {
        for (const auto& element : *list)
          if (!ReadTable(*element.as_table(), std::string(key.str()), false)) return false;
      } else if (node.is_table()) {
        return Fail(line, "there is no section [" + std::string(key.str()) + "].");
      } else {
        TomlEntry entry{.key = std::string(key.str()), .is_list = node.is_array(), .line = line};
        if (!ReadValues(node, entry)) return false;
        tables_[index].entries.push_back(std::move(entry));
      }
    }
    auto& entries = tables_[index].entries;
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    return true;
  }

  bool ReadValues(const toml::node& node, TomlEntry& entry) {
    if (const auto* list = node.as_array()) {
      for (const auto& element : *list)
        if (element.is_array() || !ReadValues(element, entry)) return FailKind(entry);
      return true;
    }
    if (const auto* text = node.as_string()) {
      entry.values.push_back(text->get());
    } else if (const auto* number = node.as_integer()) {
      entry.values.push_back(std::to_string(number->get()));
    } else if (const auto* flag = node.as_boolean()) {
      entry.values.emplace_back(flag->get() ? "true" : "false");
    } else {
      return FailKind(entry);
    }
    return true;
  }

  bool FailKind(const TomlEntry& entry) {
    return Fail(entry.line, entry.key + " is neither a text, a whole number, true or false, nor a list of these.");
  }

  std::vector<TomlTable> SortedByLine() {
    std::stable_sort(tables_.begin() + 1, tables_.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
    return std::move(tables_);
  }

  const std::string file_;
  std::vector<TomlTable> tables_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::vector<TomlTable>> ParseToml(std::string_view text, std::string_view file) {
  return TomlReader(file).Read(text);
}

std::string TomlQuoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace duet
