#pragma once

#include <string>
#include <vector>

#include "incident/ticket_text.h"

namespace exhibit {

/// A provider's own words for a desk's texts, as mustache templates; an empty one means the built-in text.
///
/// All of them may use: tenant severity priority priority_reason block answer when utc attacker attacker_address target
/// target_address target_port signature signature_id signature_name risk sensor event_id capture alerts history link
/// ref filter title, and as sections high, blocked. `internal_text` and `note` may also use what shows packet content:
/// sentence and packet. A text's own name stands for the built-in text: {{internal_text}}, {{public_text}}, {{text}}.
struct TicketTemplates {
  std::string title, public_text, internal_text, note;
  bool operator==(const TicketTemplates&) const = default;
};

inline constexpr std::size_t template_bytes_max = 8192;

struct TemplateMistake {
  std::string sink;  ///< "title", "public_text", "internal_text" or "note"
  std::string what;
};

/// Syntax, names, and whether each of our sample incidents gets a text out of it.
std::vector<TemplateMistake> check_templates(const TicketTemplates& templates);

/// A text that cannot be had of its template is the built-in one. What a ticket cannot do without, its link and its
/// reference, is put behind a template that leaves it out. `problems` says for each sink why its template was not used.
struct TemplatedText {
  TicketText text;
  std::vector<TemplateMistake> problems;
};
TemplatedText templated(const TicketTemplates& templates, const TicketView& view, TicketText built_in);
/// The same for one note.
TemplatedText templated_note(const TicketTemplates& templates, const TicketView& view, std::string built_in);

}  // namespace exhibit
