#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an IMAP server says (RFC 3501, RFC 9051), as far as reading a mailbox needs it. Pure.
namespace exhibit::email {

/// One response with its literals. A literal is data of a stranger: it never takes part in the framing.
struct ImapResponse {
  struct Token {
    bool is_data = false;  ///< A literal or a quoted string, not an atom.
    std::string text;
    bool operator==(const Token&) const = default;
  };
  std::vector<Token> tokens;  ///< Brackets of lists are left out.

  /// "ok", "no" or "bad" when this ends the command of that tag.
  [[nodiscard]] std::string ends(std::string_view tag) const;
  /// The token behind an atom, such as UID or BODY[HEADER]<0>.
  [[nodiscard]] std::optional<std::string> behind(std::string_view atom) const;
  [[nodiscard]] bool is(std::string_view word) const;  ///< "* WORD ..."
};

/// Puts responses together from bytes. Bounded; not thread-safe.
class ImapReader {
 public:
  void add(std::string_view bytes) { buffer_ += bytes; }
  [[nodiscard]] std::optional<ImapResponse> take();
  /// What came is too large or no IMAP.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  std::optional<ImapResponse> tokens_of(std::size_t& end);

  std::string buffer_;
  bool broken_ = false;
};

/// The numbers of a "* SEARCH" response, rising.
std::vector<std::uint32_t> search_numbers(const ImapResponse& response);

/// N of "[UIDVALIDITY N]".
std::optional<std::uint32_t> uid_validity(const ImapResponse& response);

}  // namespace exhibit::email
