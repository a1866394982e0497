// Result<T>: a value, or an Error with a code and a sentence. Errors are values in the core; exceptions stay above
// floor 5.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace duet {

enum class ErrorCode {
  kTruncated,    // ends before a field does
  kMalformed,    // breaks a rule of its format
  kUnsupported,  // well formed, but not a thing that Duet does
  kLimit,        // larger or more than a written limit
  kNotFound,
  kRefused,      // the rights or the state do not allow it
  kUnavailable,  // may work later: busy, full, not ready
  kInternal,     // our own or the system's failure
};

const char* ToString(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // a sentence for a person, without secrets

  bool operator==(const Error&) const = default;
};

// Either T or E. Read value() only when ok(), error() only when not; both are CHECKed.
template <typename T, typename E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: conversion is the point
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    DUET_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    DUET_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    DUET_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const {
    DUET_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

struct Ok {};
using Status = Result<Ok>;

}  // namespace duet
