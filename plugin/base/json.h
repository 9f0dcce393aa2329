#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace exhibit {

using Json = nlohmann::json;

/// The only door for foreign JSON. bad_input: not JSON, with the byte offset. too_large: over the size or the depth.
/// Whole numbers above 2^53 lose digits in a double: ids travel as text.
Result<Json> parse_json(std::string_view text, std::size_t bytes_max = limits::json_bytes,
                        std::size_t depth_max = limits::json_depth);

/// The text of a string member, else the empty string; never throws.
std::string text_at(const Json& object, std::string_view key);

/// The members of an object whose text is known to be good JSON, as they stand: key without its quotes, value. Skims
/// the text and builds no tree; empty when it is no object or ends early. Views into `object`.
std::vector<std::pair<std::string_view, std::string_view>> raw_members(std::string_view object);
/// The value of one of them; empty when there is none.
std::string_view raw_member(std::string_view object, std::string_view key);

/// Writes JSON as it goes, without a tree. Ill-formed UTF-8 is replaced by U+FFFD, so the output is always valid JSON.
///
///   JsonWriter w;  w.object().key("a").value(1).key("b").array().value("x").end().end();   {"a":1,"b":["x"]}
class JsonWriter {
 public:
  /// `expected`: bytes to make room for, so that it does not grow from 15 on by doubling.
  explicit JsonWriter(std::size_t expected = 500) { out_.reserve(expected); }

  JsonWriter& object() { return open('{'); }
  JsonWriter& array() { return open('['); }
  /// Ends the innermost object or array.
  JsonWriter& end();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag) { return raw(flag ? "true" : "false"); }
  JsonWriter& value(double number);
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) JsonWriter& value(T number) {
    char digits[24];
    return raw({digits, std::to_chars(digits, digits + sizeof digits, number).ptr});
  }
  JsonWriter& null() { return raw("null"); }
  /// A finished JSON value, put in as it is.
  JsonWriter& raw(std::string_view json);

  template <typename T>
  JsonWriter& member(std::string_view name, const T& held) {
    return key(name).value(held);
  }
  /// The text, or null when it is empty.
  JsonWriter& text_or_null(std::string_view name, std::string_view text) {
    return text.empty() ? key(name).null() : key(name).value(text);
  }

  [[nodiscard]] const std::string& text() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  JsonWriter& open(char bracket);
  void separate();

  std::string out_;
  std::string open_;   // The closing brackets still owed.
  bool fresh_ = true;  // Nothing stands yet in the innermost bracket, or a key was just written.
};

/// A JSON string literal with its quotes.
std::string json_quoted(std::string_view text);

}  // namespace exhibit
