#include "adapters/email/email_words.h"

#include <algorithm>

#include "base/base64.h"
#include "base/text.h"

namespace exhibit::email {
namespace {

constexpr std::size_t line_length = 76;
constexpr std::size_t word_bytes = 39;  // 52 characters of base64: with its frame and a short header name on one line.
constexpr std::size_t token_length = 60;
constexpr std::string_view digits = "0123456789ABCDEF";

bool is_printable_ascii(char character) { return character >= 0x20 && character < 0x7F; }

/// True when the text can stand in a header as it is and is read back the same.
bool is_plain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (text.find("=?") != std::string_view::npos || text.find("  ") != std::string_view::npos) return false;
  if (!std::all_of(text.begin(), text.end(), is_printable_ascii)) return false;
  const auto words = split(text, " ");
  return std::all_of(words.begin(), words.end(), [](std::string_view word) { return word.size() <= token_length; });
}

std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view piece = cut_utf8(text, word_bytes);
    out += cat(out.empty() ? "" : "\r\n ", "=?utf-8?B?", encode_base64(as_bytes(piece)), "?=");
    text.remove_prefix(piece.size());
  }
  return out;
}

std::string folded(std::string_view name, std::string_view text) {
  std::string out = cat(name, ":");
  std::size_t column = out.size();
  for (const std::string_view word : split(text, " ")) {
    if (column + 1 + word.size() > line_length && column > name.size() + 1) {
      out += "\r\n";
      column = 0;
    }
    out += cat(' ', word);
    column += 1 + word.size();
  }
  return out + "\r\n";
}

std::string escaped(char character, char mark) {
  const auto byte = static_cast<unsigned char>(character);
  return {mark, digits[byte >> 4], digits[byte & 15]};
}

std::string quoted_line(std::string_view line) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char character = line[i];
    const bool first_of_trap = i == 0 && (character == '.' || line.starts_with("From "));
    const bool last_blank = i + 1 == line.size() && (character == ' ' || character == '\t');
    const bool plain = (is_printable_ascii(character) && character != '=') || character == '\t';
    const std::string piece =
        plain && !first_of_trap && !last_blank ? std::string(1, character) : escaped(character, '=');
    if (column + piece.size() > line_length - 1) {
      out += "=\r\n";
      column = 0;
      if (piece == "." || line.substr(i).starts_with("From ")) {  // The trap has come to the front of a new line.
        out += escaped(character, '=');
        column = 3;
        continue;
      }
    }
    out += piece;
    column += piece.size();
  }
  return out;
}

}  // namespace

std::string header(std::string_view name, std::string_view value) {
  const std::string safe = harmless(value);
  if (is_plain(safe)) return folded(name, safe);
  return safe.empty() ? cat(name, ": \r\n") : cat(name, ": ", encoded_words(safe), "\r\n");
}

std::string token_header(std::string_view name, const std::vector<std::string>& tokens, std::string_view separator) {
  std::string out = cat(name, ":");
  std::size_t column = out.size();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string piece = cat(' ', tokens[i], i + 1 < tokens.size() ? separator : "");
    if (column + piece.size() > line_length && i > 0) {
      out += "\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  }
  return out + "\r\n";
}

std::string mailbox(std::string_view name, std::string_view address) {
  const std::string safe = harmless(name);
  if (safe.empty()) return std::string(address);
  const auto is_atom = [](char c) {
    return is_printable_ascii(c) && std::string_view("()<>[]:;@\\,.\"=?").find(c) == std::string_view::npos;
  };
  if (std::all_of(safe.begin(), safe.end(), is_atom)) return cat(safe, " <", address, '>');
  return cat(encoded_words(safe), " <", address, '>');
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += quoted_line(text.substr(0, end)) + "\r\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string base64_lines(std::string_view bytes) {
  constexpr std::size_t line_bytes = line_length / 4 * 3;
  std::string out;
  out.reserve(bytes.size() / 3 * 4 + bytes.size() / 28 + 8);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(line_bytes, bytes.size())))
    out += encode_base64(as_bytes(bytes.substr(0, line_bytes))) + "\r\n";
  return out;
}

std::string parameter(std::string_view name, std::string_view value) {
  const auto is_safe = [](char c) { return is_printable_ascii(c) && c != '"' && c != '\\'; };
  if (std::all_of(value.begin(), value.end(), is_safe) && value.size() <= token_length)
    return cat(name, "=\"", value, '"');
  // In numbered sections, so that no line grows long (RFC 2231 section 4.1).
  std::string out, section;
  int number = 0;
  const auto flush = [&] {
    out += cat(number == 0 ? "" : ";\r\n ", name, '*', number, "*=", number == 0 ? "utf-8''" : "", section);
    ++number;
    section.clear();
  };
  for (const char character : value) {
    const bool token = (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
                       (character >= 'A' && character <= 'Z') || character == '-' || character == '.' ||
                       character == '_';
    section += token ? std::string(1, character) : escaped(character, '%');
    if (section.size() > 45) flush();
  }
  if (!section.empty()) flush();
  return out;
}

std::string file_name(std::string_view name) {
  std::string out = harmless(name);
  for (char& character : out)
    if (std::string_view("/\\:*?\"<>|").find(character) != std::string_view::npos) character = '_';
  // A name of blanks of any width, or with some at its ends, is read differently by each reader.
  for (const char* blank : {"\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
                            "\u2007", "\u2008", "\u2009", "\u200A", "\u202F", "\u205F", "\u3000"})
    out = replace_all(out, blank, " ");
  out = trim(out);
  if (out.empty() || out.front() == '.') out = cat("evidence", out);
  return std::string(trim(cut_utf8(out, 120)));
}

}  // namespace exhibit::email
