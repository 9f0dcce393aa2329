#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/email/email_settings.h"
#include "base/values.h"

/// From an operation to the mail, byte for byte what goes to the server. Pure: the time of the attempt is passed in.
///
/// The message ids are derived, so a repeat carries the one of the first attempt:
///   first mail   <inc.CORRELATION@DOMAIN>             follow-up   <inc.CORRELATION.OPERATION@DOMAIN>
/// A ticket is named by the first mail's id, and by the desk's own tag once a reply has told it:
///   inc.EXH1-ABC@msp.example        inc.EXH1-ABC@msp.example [rt.example #42]
namespace exhibit::email {

struct TicketName {
  std::string message_id;  ///< Of the first mail, without brackets.
  std::string tag;         ///< "[rt.example #42]"; empty: not known.
  [[nodiscard]] std::string text() const;
};

/// `ticket` as an earlier result or the engine named it: with or without a tag, or a tag alone.
TicketName ticket_name(std::string_view ticket, std::string_view correlation_id, std::string_view domain);

/// The first tag of a desk in a subject, such as "[rt.example #42]"; empty when there is none.
std::string desk_tag(std::string_view subject);

struct Attachment {
  std::string name, mime, bytes;
};

struct Mail {
  std::uint32_t kind = 1;  ///< EXH_OP_
  std::string op_id, correlation_id;
  std::string tenant, title, text;
  TicketName ticket;
  std::optional<Attachment> attachment;
};

/// Id of this very mail, without brackets.
std::string message_id(const Mail& mail, const Settings& settings);

/// The whole message, lines in CRLF, ASCII only, no line over 998 bytes, none beginning with a dot.
std::string message_text(const Mail& mail, const Settings& settings, WallTime now);

}  // namespace exhibit::email
