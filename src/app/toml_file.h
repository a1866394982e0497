// What Duet's files use of TOML: tables of scalars and lists of scalars, with the line of each, so that every complaint
// can say where. The scalars are text; what they mean is for the settings to say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace duet {

struct TomlEntry {
  std::string key;
  std::vector<std::string> values;  // one, unless it is a list
  bool is_list = false;
  unsigned line = 0;
};

struct TomlTable {
  std::string name;  // empty: the entries before the first [[name]]
  unsigned line = 0;
  std::vector<TomlEntry> entries;  // in the order of the file
};

// The root first, then the elements of arrays of tables, in the order of the file. `file` is named in errors:
// "duet.toml, line 3: ...".
Result<std::vector<TomlTable>> ParseToml(std::string_view text, std::string_view file);

// `text` as a TOML basic string, with its quotation marks.
std::string TomlQuoted(std::string_view text);

}  // namespace duet
