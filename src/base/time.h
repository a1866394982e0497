// Time and Duration: microseconds as strong types.
//
// Nothing below floor 6 reads a clock. `io` (the OS) and `sim` (virtual time) make every Time and pass it down. A Time
// counts microseconds from the Unix epoch as it was known when the process started and never goes back, so it serves
// for intervals and for NTP timestamps alike.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace duet {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration Micros(int64_t n) { return Duration(n); }
  static constexpr Duration Millis(int64_t n) { return Duration(n * 1000); }
  static constexpr Duration Seconds(int64_t n) { return Duration(n * 1'000'000); }
  static constexpr Duration Zero() { return Duration(0); }

  constexpr int64_t us() const { return us_; }
  constexpr int64_t ms() const { return us_ / 1000; }
  constexpr double seconds() const { return static_cast<double>(us_) / 1e6; }

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration o) const { return Duration(us_ + o.us_); }
  constexpr Duration operator-(Duration o) const { return Duration(us_ - o.us_); }
  constexpr Duration operator*(int64_t k) const { return Duration(us_ * k); }
  constexpr Duration operator/(int64_t k) const { return Duration(us_ / k); }

 private:
  explicit constexpr Duration(int64_t us) : us_(us) {}
  int64_t us_ = 0;
};

class Time {
 public:
  constexpr Time() = default;
  static constexpr Time FromMicros(int64_t us) { return Time(us); }
  static constexpr Time FromMillis(int64_t ms) { return Time(ms * 1000); }
  // Later than every other Time: "no deadline".
  static constexpr Time Never() { return Time(std::numeric_limits<int64_t>::max()); }
  // Earlier than every other Time: "has not happened yet".
  static constexpr Time LongAgo() { return Time(std::numeric_limits<int64_t>::min() / 2); }

  constexpr int64_t us() const { return us_; }
  constexpr int64_t ms() const { return us_ / 1000; }
  constexpr bool is_never() const { return *this == Never(); }

  // NTP timestamp of RFC 5905, 32.32 fixed point seconds since 1900.
  constexpr uint64_t ntp() const {
    constexpr uint64_t kNtpUnixOffsetSeconds = 2'208'988'800;
    const uint64_t seconds = static_cast<uint64_t>(us_ / 1'000'000) + kNtpUnixOffsetSeconds;
    const uint64_t micros = static_cast<uint64_t>(us_ % 1'000'000);
    return (seconds << 32) | ((micros << 32) / 1'000'000);
  }
  // The middle 32 bits of ntp(), as used by LSR and DLSR in RTCP (RFC 3550 section 6.4.1).
  constexpr uint32_t compact_ntp() const { return static_cast<uint32_t>(ntp() >> 16); }

  constexpr auto operator<=>(const Time&) const = default;
  constexpr Time operator+(Duration d) const { return is_never() ? *this : Time(us_ + d.us()); }
  constexpr Time operator-(Duration d) const { return is_never() ? *this : Time(us_ - d.us()); }
  constexpr Duration operator-(Time o) const { return Duration::Micros(us_ - o.us_); }

 private:
  explicit constexpr Time(int64_t us) : us_(us) {}
  int64_t us_ = 0;
};

}  // namespace duet
