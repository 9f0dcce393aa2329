#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace exhibit {

/// What a program can act on. The sentence beside it is for a person.
enum class Errc {
  bad_input,    ///< The bytes are not what their format says.
  too_large,    ///< A limit of limits.h was reached.
  not_found,    ///< The thing is not there, and the look-up itself worked.
  corrupt,      ///< What we stored ourselves is no longer what we stored.
  unavailable,  ///< The disk, the network or a peer refused; later may be better.
  denied,       ///< A login or a right is missing; repeating makes it worse.
  timeout,
  unsupported,
};

std::string_view name_of(Errc code);

/// Never carries a secret; a quoted foreign value is cut to length by whoever makes it.
struct Error {
  Errc code = Errc::bad_input;
  std::string text;

  bool operator==(const Error&) const = default;
};

/// A value or the reason there is none; spelled like the part of std::expected that we use (GCC 12 has it only in
/// C++23).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T& operator*() & { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  T* operator->() { return std::get_if<0>(&state_); }

  const T& value() const& { return std::get<0>(state_); }
  T& value() & { return std::get<0>(state_); }
  T&& value() && { return std::move(std::get<0>(state_)); }
  const Error& error() const { return std::get<1>(state_); }

  T value_or(T other) const& { return has_value() ? **this : std::move(other); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }
  const Error& error() const { return error_.value(); }

 private:
  std::optional<Error> error_;
};

}  // namespace exhibit
