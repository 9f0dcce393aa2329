#include "adapters/email/imap_reader.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace exhibit::email {
namespace {

constexpr std::size_t response_bytes_max = 1U << 20;

}  // namespace

std::string ImapResponse::ends(std::string_view tag) const {
  if (tokens.size() < 2 || tokens[0].is_data || tokens[0].text != tag) return {};
  return to_lower(tokens[1].text);
}

std::optional<std::string> ImapResponse::behind(std::string_view atom) const {
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
    if (!tokens[i].is_data && equal_ignoring_case(tokens[i].text, atom)) {
      const Token& next = tokens[i + 1];
      return !next.is_data && equal_ignoring_case(next.text, "NIL") ? std::string() : next.text;
    }
  return std::nullopt;
}

bool ImapResponse::is(std::string_view word) const {
  return tokens.size() >= 2 && tokens[0].text == "*" && !tokens[1].is_data && equal_ignoring_case(tokens[1].text, word);
}

std::optional<ImapResponse> ImapReader::take() {
  if (broken_) return std::nullopt;
  std::size_t end = 0;
  std::optional<ImapResponse> response = tokens_of(end);
  if (response) buffer_.erase(0, end);
  broken_ = broken_ || (!response && buffer_.size() > response_bytes_max);
  return response;
}

/// Nothing: more bytes are needed, or what came is broken.
std::optional<ImapResponse> ImapReader::tokens_of(std::size_t& end) {
  ImapResponse response;
  std::string atom;
  std::size_t brackets = 0;  // Inside "BODY[HEADER.FIELDS (SUBJECT)]" blanks belong to the atom.
  const auto finish_atom = [&] {
    if (!atom.empty()) response.tokens.push_back({false, std::exchange(atom, {})});
  };
  for (std::size_t at = 0; at < buffer_.size(); ++at) {
    const char c = buffer_[at];
    if (c == '\n') {
      finish_atom();
      end = at + 1;
      return response;
    }
    if (c == '"' && atom.empty()) {
      std::string text;
      for (++at; at < buffer_.size() && buffer_[at] != '"' && buffer_[at] != '\n'; ++at) {
        if (buffer_[at] == '\\' && at + 1 < buffer_.size()) ++at;
        text += buffer_[at];
      }
      if (at >= buffer_.size()) return std::nullopt;
      if (buffer_[at] == '\n') --at;  // A lone quote in the text for people.
      response.tokens.push_back({true, std::move(text)});
    } else if (c == '{' && atom.empty()) {
      const std::size_t close = buffer_.find('\n', at);
      if (close == std::string::npos) return std::nullopt;
      std::string_view number = trim(std::string_view(buffer_).substr(at + 1, close - at - 1));
      const auto length =
          number.ends_with('}') ? parse_number<std::size_t>(number.substr(0, number.size() - 1)) : std::nullopt;
      if (!length || *length > response_bytes_max) {
        broken_ = true;
        return std::nullopt;
      }
      if (buffer_.size() < close + 1 + *length) return std::nullopt;
      response.tokens.push_back({true, buffer_.substr(close + 1, *length)});
      at = close + *length;
    } else if ((c == ' ' || c == '(' || c == ')' || c == '\r') && brackets == 0) {
      finish_atom();
    } else {
      brackets += c == '[' ? 1U : 0U;
      brackets -= c == ']' && brackets > 0 ? 1U : 0U;
      atom += c;
    }
  }
  return std::nullopt;
}

std::vector<std::uint32_t> search_numbers(const ImapResponse& response) {
  std::vector<std::uint32_t> numbers;
  if (!response.is("SEARCH")) return numbers;
  for (std::size_t i = 2; i < response.tokens.size(); ++i)
    if (const auto number = parse_number<std::uint32_t>(response.tokens[i].text)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<std::uint32_t> uid_validity(const ImapResponse& response) {
  constexpr std::string_view start = "[UIDVALIDITY ";
  for (const ImapResponse::Token& token : response.tokens)
    if (!token.is_data && token.text.starts_with(start) && token.text.ends_with(']'))
      return parse_number<std::uint32_t>(
          std::string_view(token.text).substr(start.size(), token.text.size() - start.size() - 1));
  return std::nullopt;
}

}  // namespace exhibit::email
