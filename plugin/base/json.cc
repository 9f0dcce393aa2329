#include "base/json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "base/text.h"

namespace exhibit {
namespace {

/// Counts depth before a tree is built, since destroying and copying a deep tree recurses.
bool deeper_than(std::string_view text, std::size_t depth_max) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > depth_max) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t bytes_max, std::size_t depth_max) {
  if (text.size() > bytes_max) return Error{Errc::too_large, cat("JSON: more than ", bytes_max, " bytes")};
  if (deeper_than(text, depth_max)) return Error{Errc::too_large, cat("JSON: nested deeper than ", depth_max)};
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Error{Errc::bad_input, cat("JSON: no valid value at byte ", error.byte)};
  } catch (const Json::exception&) {
    return Error{Errc::bad_input, "JSON: a number is out of range"};
  }
}

std::string text_at(const Json& object, std::string_view key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::string json_quoted(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const bool whole = is_utf8(text);
  const std::string mended = whole ? std::string{} : to_utf8(text);
  std::string out = "\"";
  for (const char c : whole ? text : std::string_view(mended)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : "";
      if (c != '\n' && c != '\r' && c != '\t') {
        out += "\\u00";
        out += digits[byte >> 4];
        out += digits[byte & 15];
      }
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  open_ += bracket == '{' ? '}' : ']';
  fresh_ = true;
  return *this;
}

JsonWriter& JsonWriter::end() {
  EXHIBIT_ASSERT(!open_.empty());
  out_ += open_.back();
  open_.pop_back();
  fresh_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  out_ += json_quoted(name);
  out_ += ':';
  fresh_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) { return raw(json_quoted(text)); }

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return raw(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  fresh_ = false;
  return *this;
}

void JsonWriter::separate() {
  if (!fresh_) out_ += ',';
  fresh_ = false;
}

}  // namespace exhibit
