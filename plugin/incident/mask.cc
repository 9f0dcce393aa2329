#include "incident/mask.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::array<std::string_view, 12> secret_headers = {
    "authorization", "proxy-authorization", "cookie",
    "set-cookie",    "set-cookie2",         "x-api-key",
    "x-auth-token",  "x-csrf-token",        "x-amz-security-token",
    "x-sn-apikey",   "authentication-info", "x-forwarded-access-token"};
constexpr std::array<std::string_view, 18> secret_names = {
    "pass",    "passw",  "passphrase", "pwd",  "secret", "token", "apikey", "api_key",     "api-key",
    "session", "sessid", "credential", "auth", "pin",    "cvv",   "cvc",    "private_key", "jwt"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string masked(std::string_view value) {
  return value.empty() ? std::string() : cat("[masked, ", value.size(), value.size() == 1 ? " byte]" : " bytes]");
}

bool is_secret_name(std::string_view name) {
  const std::string lower = to_lower(trim(name));
  return std::any_of(secret_names.begin(), secret_names.end(), [&](std::string_view word) {
    // Short words only as whole names, or "shopping" would hide a pin.
    return word.size() <= 4 ? lower == word : lower.find(word) != std::string::npos;
  });
}

/// "sid=abc; theme=dark": each value by itself, so that the analyst still sees which cookies were sent.
std::string mask_pairs(std::string_view value) {
  std::string out;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view pair = value.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos)
      out += cat(pair.starts_with(' ') ? " " : "", masked(trim(pair)));
    else
      out += cat(pair.substr(0, equals + 1), masked(pair.substr(equals + 1)));
    if (end < value.size()) out += ';';
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return out;
}

std::string mask_header(std::string_view name, std::string_view value) {
  const std::string lower = to_lower(name);
  if (lower.find("cookie") != std::string::npos) return cat(name, ":", mask_pairs(value));
  const std::string_view body = trim(value);
  const std::size_t blank = body.find(' ');
  // The scheme (Basic, Bearer) is no secret and tells the analyst something.
  if (blank != std::string_view::npos)
    return cat(name, ": ", body.substr(0, blank), " ", masked(trim(body.substr(blank))));
  return cat(name, ": ", masked(body));
}

/// USER is kept, PASS is not (FTP, POP3, IRC); SMTP and IMAP send theirs after AUTH or LOGIN.
bool mask_command(std::string_view line, std::string& out) {
  for (const std::string_view verb : {"PASS ", "AUTH PLAIN ", "AUTH LOGIN ", "AUTH XOAUTH2 "})
    if (line.size() > verb.size() && equal_ignoring_case(line.substr(0, verb.size()), verb)) {
      out += cat(line.substr(0, verb.size()), masked(trim(line.substr(verb.size()))));
      return true;
    }
  const std::vector<std::string_view> words = split(line, " ");
  if (words.size() == 4 && equal_ignoring_case(words[1], "LOGIN")) {
    out += cat(words[0], " ", words[1], " ", words[2], " ", masked(words[3]));
    return true;
  }
  return false;
}

/// name=value in queries and forms, "name":"value" in JSON.
std::string mask_parameters(std::string_view text) {
  constexpr std::string_view name_breaks = " \t\r\n?&;,{}()<>|/\"'=:";
  std::string out;
  std::size_t kept = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '=' && text[at] != ':') continue;
    std::size_t name_end = at;
    while (name_end > kept && (text[name_end - 1] == '"' || text[name_end - 1] == ' ')) --name_end;
    std::size_t name_start = name_end;
    while (name_start > kept && name_breaks.find(text[name_start - 1]) == std::string_view::npos) --name_start;
    if (name_start == name_end || !is_secret_name(text.substr(name_start, name_end - name_start))) continue;
    std::size_t from = at + 1;
    while (from < text.size() && text[from] == ' ') ++from;
    const bool quoted = from < text.size() && (text[from] == '"' || text[from] == '\'');
    if (quoted) ++from;
    const std::size_t end =
        std::min(quoted ? text.find(text[from - 1], from) : text.find_first_of("&;, \t\r\n}<", from), text.size());
    if (text.substr(from, 2) == "//") continue;  // A scheme, not a value.
    out += text.substr(kept, from - kept);
    out += masked(text.substr(from, end - from));
    kept = end;
    at = end > at ? end - 1 : at;
  }
  out += text.substr(kept);
  return out;
}

/// scheme://user:password@host
std::string mask_url_login(std::string_view text) {
  std::string out;
  std::size_t kept = 0;
  for (std::size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
    const std::size_t end = std::min(text.find_first_of("/ \t\r\n\"'<>?#", at + 3), text.size());
    const std::string_view authority = text.substr(at + 3, end - at - 3);
    const std::size_t sign = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    if (sign == std::string_view::npos || colon > sign) continue;
    out += text.substr(kept, at + 3 + colon + 1 - kept);
    out += masked(authority.substr(colon + 1, sign - colon - 1));
    kept = at + 3 + sign;
  }
  out += text.substr(kept);
  return out;
}

bool passes_check_digit(std::string_view digits) {
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int value = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1 && (value *= 2) > 9) value -= 9;
    sum += value;
  }
  return sum % 10 == 0;
}

struct Card {
  std::size_t digits = 0;
  std::size_t length = 0;  // 0: none begins here
};

/// Thirteen to nineteen digits, blanks and dashes between them allowed, that pass ISO/IEC 7812's check digit.
Card card_at(std::string_view text) {
  std::string digits;
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size() && digits.size() < 20; ++i) {
    if (is_digit(text[i]))
      digits += text[i], end = i + 1;
    else if ((text[i] != ' ' && text[i] != '-') || !is_digit(text[i - 1]))
      break;
  }
  const bool card =
      digits.size() >= 13 && digits.size() <= 19 && digits[0] >= '2' && digits[0] <= '6' && passes_check_digit(digits);
  return card ? Card{digits.size(), end} : Card{};
}

std::string mask_cards(std::string_view text) {
  std::string out;
  std::size_t kept = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool begins_number = is_digit(text[at]) && (at == 0 || (!is_digit(text[at - 1]) && text[at - 1] != '.'));
    const Card card = begins_number ? card_at(text.substr(at)) : Card{};
    if (card.length == 0) continue;
    out += text.substr(kept, at - kept);
    out += cat("[masked card, ", card.digits, " digits]");
    kept = at + card.length;
    at = kept - 1;
  }
  out += text.substr(kept);
  return out;
}

std::string mask_line(std::string_view line) {
  std::string out;
  if (mask_command(line, out)) return out;
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    const std::string name = to_lower(trim(line.substr(0, colon)));
    if (std::find(secret_headers.begin(), secret_headers.end(), name) != secret_headers.end())
      return mask_header(line.substr(0, colon), line.substr(colon + 1));
  }
  return mask_cards(mask_parameters(mask_url_login(line)));
}

}  // namespace

std::string_view token(Disclosure disclosure) {
  constexpr std::array<std::string_view, 4> words = {"full", "masked", "headers", "none"};
  return words[static_cast<std::size_t>(disclosure)];
}

std::string mask_secrets(std::string_view payload) {
  std::string out;
  while (!payload.empty()) {
    const std::size_t end = std::min(payload.find('\n'), payload.size());
    const bool carriage = end > 0 && end < payload.size() && payload[end - 1] == '\r';
    out += mask_line(payload.substr(0, carriage ? end - 1 : end));
    if (end < payload.size()) out += carriage ? "\r\n" : "\n";
    payload.remove_prefix(std::min(end + 1, payload.size()));
  }
  return out;
}

}  // namespace exhibit
