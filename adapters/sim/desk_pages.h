#pragma once

#include <string>

#include "adapters/sim/desk_tables.h"

/// The simulated desk as people see it. Everything foreign is escaped; only http and https addresses become links.
namespace exhibit::sim {

std::string list_page(const DeskTables& tables);
/// A customer sees neither work notes nor attachments.
std::string ticket_page(const DeskTables& tables, const Record& record, bool as_customer);
std::string missing_page();

/// The text as HTML, its http(s) addresses as links.
std::string linked_html(std::string_view text);

}  // namespace exhibit::sim
