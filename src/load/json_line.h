// One line of JSON with numbers as people write them: 4.217, not 4.217E0.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace duet::load {

class JsonLine {
 public:
  void Add(std::string_view name, double value) {
    char number[48];
    std::snprintf(number, sizeof(number), "%.4f", value);
    std::string text = number;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    AddText(name, text == "-0" ? "0" : text);
  }
  // `word` needs no escapes.
  void Add(std::string_view name, const char* word) { AddText(name, "\"" + std::string(word) + "\""); }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  void AddText(std::string_view name, const std::string& value) {
    if (!text_.empty()) text_ += ",";
    text_.append("\"").append(name).append("\":").append(value);
  }
  std::string text_;
};

}  // namespace duet::load
