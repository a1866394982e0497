// Every setting of `duet serve`, once: its name in the file, from which its flag and environment variable follow, its
// default, unit and meaning, and how its text becomes a part of ServeConfig. The command line, the file reader, the
// help text and docs/configuration.md are all made from this table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace duet {

struct Setting {
  enum class Kind {
    kValue,
    kList,    // several values: an array in the file, commas in the environment, a repeated flag
    kSwitch,  // true or false; --name and --no-name
    kPath,    // relative paths in the file are relative to the file
  };
  std::string_view group;  // heading in the help and the documentation
  std::string_view name;   // "https_port"
  Kind kind = Kind::kValue;
  std::string_view metavar;       // "PORT", empty for a switch
  std::string_view default_text;  // as it would be written; for people when default_is_value is false
  bool default_is_value = true;
  std::string_view unit;  // what may be given: "1..64", "seconds"
  std::string_view help;
  // `values` has one element unless the kind is kList. An error says only what is wrong with it: "is not a number".
  Status (*apply)(ServeConfig& config, std::span<const std::string> values);
};

std::span<const Setting> Settings();
const Setting* FindSetting(std::string_view name);

std::string FlagOf(const Setting& setting);      // "--https-port"
std::string VariableOf(const Setting& setting);  // "DUET_HTTPS_PORT"

// For --help: one line or two for each, by group.
std::string SettingsHelp();
// The tables of docs/configuration.md.
std::string SettingsMarkdown();

}  // namespace duet
