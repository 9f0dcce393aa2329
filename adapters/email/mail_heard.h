#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/email/email_settings.h"

/// What a mail in the mailbox tells us. All of it was written by strangers. Pure.
namespace exhibit::email {

/// The header fields by lower-case name, unfolded, encoded words decoded; of several the first stands.
std::map<std::string, std::string> header_fields(std::string_view head);

/// The first text/plain part, decoded to UTF-8; of a mail without one, the empty text. Bounded in depth and size.
std::string plain_text(const std::map<std::string, std::string>& fields, std::string_view body);

/// What the writer wrote: without quoted lines and what follows a "wrote:" line or a signature.
std::string own_words(std::string_view text);

struct Heard {
  std::string correlation_id;
  std::string message_id;  ///< Of our first mail, as the answer names it; may be empty.
  std::string tag;         ///< The desk's; may be empty.
  bool machine = false;    ///< An automatic answer: read, never a comment.
  std::string id, author, text, at;
};

/// Nothing: no answer to a mail of ours, or our own mail.
std::optional<Heard> heard(const Settings& settings, std::string_view head, std::string_view body);

}  // namespace exhibit::email
