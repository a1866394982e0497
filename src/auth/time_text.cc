#include "auth/time_text.h"

#include <cstdio>

namespace duet {
namespace {

struct Date {
  int64_t year;
  unsigned month;
  unsigned day;
};

// Proleptic Gregorian date of a day counted from 1970-01-01, by eras of 400 years that begin in March.
Date DateOfDay(int64_t day) {
  constexpr int64_t kDaysPerEra = 146'097;
  const int64_t shifted = day + 719'468;  // days since 0000-03-01
  const int64_t era = shifted / kDaysPerEra;
  const int64_t day_of_era = shifted % kDaysPerEra;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), static_cast<unsigned>(month),
          static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1)};
}

}  // namespace

std::string UnixTimeText(int64_t unix_s) {
  constexpr int64_t kEndOf9999 = 253'402'300'800;
  if (unix_s < 0 || unix_s >= kEndOf9999) return std::to_string(unix_s) + " s";
  constexpr int64_t kDay = 86'400;
  const Date date = DateOfDay(unix_s / kDay);
  const int64_t second = unix_s % kDay;
  char text[48];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02u %02d:%02d:%02d UTC", static_cast<int>(date.year), date.month,
                date.day, static_cast<int>(second / 3600), static_cast<int>(second / 60 % 60),
                static_cast<int>(second % 60));
  return text;
}

std::string SecondsText(int64_t seconds) {
  struct Unit {
    int64_t seconds;
    const char* name;
  };
  constexpr Unit kUnits[] = {{86'400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
  if (seconds < 0) seconds = 0;
  for (const Unit& unit : kUnits) {
    const int64_t n = seconds / unit.seconds;
    if (n > 0) return std::to_string(n) + " " + unit.name + (n == 1 ? "" : "s");
  }
  return "0 seconds";
}

}  // namespace duet
