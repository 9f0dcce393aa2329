#include "base/json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "base/text.h"

namespace exhibit {
namespace {

/// What a tree of this text would be, counted before it is built: destroying and copying a deep one recurses, and each
/// value of a wide one takes many times its text.
struct Shape {
  std::size_t depth = 0, values = 1;
};

Shape shape_of(std::string_view text) {
  Shape shape;
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
      ++shape.values;
      shape.depth = std::max(shape.depth, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    } else if (c == ',') {
      ++shape.values;
    }
  }
  return shape;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t bytes_max, std::size_t depth_max) {
  if (text.size() > bytes_max) return Error{Errc::too_large, cat("JSON: more than ", bytes_max, " bytes")};
  // For the library a NUL is the end of the text, and whatever stands behind it good.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    return Error{Errc::bad_input, cat("JSON: no valid value at byte ", nul + 1)};
  const Shape shape = shape_of(text);
  if (shape.depth > depth_max) return Error{Errc::too_large, cat("JSON: nested deeper than ", depth_max)};
  if (shape.values > limits::json_values)
    return Error{Errc::too_large, cat("JSON: more than ", limits::json_values, " values")};
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

namespace {

/// Takes the members of an object one by one, without looking into their values.
class Skimmer {
 public:
  explicit Skimmer(std::string_view object) : text_(object) {
    skip_blanks();
    open_ = take('{');
  }
  /// False at the end, and where the text is no object.
  bool next(std::string_view& key, std::string_view& value) {
    skip_blanks();
    if (!open_ || at_ >= text_.size() || text_[at_] != '"') return false;
    const std::size_t name = at_;
    if (!skip_value()) return false;
    key = text_.substr(name + 1, at_ - name - 2);
    skip_blanks();
    if (!take(':')) return false;
    skip_blanks();
    const std::size_t begin = at_;
    if (!skip_value()) return false;
    value = text_.substr(begin, at_ - begin);
    skip_blanks();
    open_ = take(',');
    return true;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'))
      ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool skip_string() {
    const std::size_t begin = at_;
    for (++at_; (at_ = text_.find('"', at_)) != std::string_view::npos; ++at_) {
      std::size_t backslashes = 0;
      while (at_ - backslashes > begin + 1 && text_[at_ - backslashes - 1] == '\\') ++backslashes;
      if (backslashes % 2 == 0) return ++at_, true;
    }
    at_ = text_.size();
    return false;
  }
  void skip_scalar() {
    const auto ends = [](char c) {
      return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
    };
    while (at_ < text_.size() && !ends(text_[at_])) ++at_;
  }
  bool skip_value() {
    std::size_t depth = 0;
    do {
      if (at_ >= text_.size()) return false;
      const char c = text_[at_];
      if (c == '"') {
        if (!skip_string()) return false;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) return false;  // Nothing stands here.
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
      if (depth == 0 && c != '}' && c != ']') skip_scalar();
    } while (depth > 0);
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool open_ = false;
};

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> raw_members(std::string_view object) {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  Skimmer skimmer(object);
  for (std::string_view key, value; skimmer.next(key, value);) all.emplace_back(key, value);
  return all;
}

std::string_view raw_member(std::string_view object, std::string_view key) {
  Skimmer skimmer(object);
  for (std::string_view found, value; skimmer.next(found, value);)
    if (found == key) return value;
  return {};
}

namespace {

constexpr bool needs_escape(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: out += cat("\\u00", digits[byte >> 4], digits[byte & 15]);
  }
}

constexpr std::array<bool, 256> make_odd() {
  std::array<bool, 256> odd{};
  for (std::size_t c = 0; c < 256; ++c) odd[c] = c >= 0x80 || needs_escape(static_cast<char>(c));
  return odd;
}
constexpr std::array<bool, 256> odd_byte = make_odd();

/// Of a fixed size and without a branch, so that the compiler makes vector instructions of it.
constexpr std::size_t plain_block = 16;
bool is_plain_block(const char* text) {
  std::uint8_t odd = 0;
  for (std::size_t i = 0; i < plain_block; ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    odd |= static_cast<std::uint8_t>((c < 0x20) | (c == '"') | (c == '\\') | (c >= 0x7F));
  }
  return odd == 0;
}

/// Where from `at` on the first byte stands that is no ASCII or needs an escape; else the end.
std::size_t plain_until(std::string_view text, std::size_t at) {
  while (at + plain_block <= text.size() && is_plain_block(text.data() + at)) at += plain_block;
  while (at < text.size() && !odd_byte[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

/// `,"text":` in one piece, looked at while it is laid out. False, and nothing is written: it is long or not plain.
bool append_short(std::string& out, bool comma, std::string_view text, bool colon) {
  std::array<char, 64> piece;
  if (text.size() + 4 > piece.size()) return false;
  std::size_t size = 0;
  if (comma) piece[size++] = ',';
  piece[size++] = '"';
  bool odd = false;
  for (const char c : text) {
    odd |= odd_byte[static_cast<unsigned char>(c)];
    piece[size++] = c;
  }
  if (odd) return false;
  piece[size++] = '"';
  if (colon) piece[size++] = ':';
  out.append(piece.data(), size);
  return true;
}

/// Good text is copied in runs.
void append_quoted(std::string& out, std::string_view text) {
  if (append_short(out, false, text, false)) return;
  out += '"';
  std::size_t at = plain_until(text, 0), kept = 0;
  const std::string mended = at == text.size() || is_utf8(text) ? std::string{} : to_utf8(text);
  if (!mended.empty()) text = mended, at = 0;
  for (; at < text.size(); at = plain_until(text, at + 1))
    if (needs_escape(text[at])) {
      out += text.substr(kept, at - kept);
      append_escape(out, text[at]);
      kept = at + 1;
    }
  out += text.substr(kept);
  out += '"';
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
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
  if (!append_short(out_, !fresh_, name, true)) {
    separate();
    append_quoted(out_, name);
    out_ += ':';
  }
  fresh_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_quoted(out_, text);
  fresh_ = false;
  return *this;
}

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
