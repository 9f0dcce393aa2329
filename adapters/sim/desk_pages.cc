#include "adapters/sim/desk_pages.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace exhibit::sim {
namespace {

constexpr std::string_view style = R"css(
:root{--ink:#1b2733;--soft:#5b6b7b;--line:#dde4ea;--back:#f3f6f8;--card:#fff;--bar:#17324d;--link:#0b62b0;--note:#fff8e6;--noteline:#e8b93c}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
a{color:var(--link);text-underline-offset:2px}
header{background:var(--bar);color:#fff}
header div{max-width:1000px;margin:auto;padding:12px 20px;display:flex;gap:12px;align-items:center}
header a{color:#fff;text-decoration:none;font-weight:650;font-size:17px}
.sim{font-size:12px;border:1px solid #7f9ab3;border-radius:99px;padding:1px 10px;color:#cfe0ef;white-space:nowrap}
main{max-width:1000px;margin:22px auto;padding:0 20px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin-bottom:18px}
h1{font-size:21px;line-height:1.3;margin:2px 0 12px;overflow-wrap:anywhere}
h2{font-size:13px;letter-spacing:.03em;margin:0 0 10px;color:var(--soft);font-weight:650}
.number{color:var(--soft);font-weight:650}
.tabs{display:flex;gap:6px;float:right}
.tabs a{padding:3px 12px;border-radius:99px;border:1px solid var(--line);text-decoration:none;font-size:13px;color:var(--soft)}
.tabs a.on{background:var(--bar);border-color:var(--bar);color:#fff}
dl{display:grid;grid-template-columns:repeat(4,1fr);gap:10px 18px;margin:0}
dt{font-size:12px;color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
pre{margin:0;font:13px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.entry{border-left:3px solid var(--line);padding:2px 0 2px 14px;margin-bottom:16px}
.entry:last-child{margin-bottom:0}
.entry.internal{border-color:var(--noteline);background:linear-gradient(90deg,var(--note),transparent 70%)}
.when{font-size:12px;color:var(--soft);margin-bottom:4px}
.pill{display:inline-block;border-radius:99px;padding:0 10px;font-size:13px;background:#e3edf6;color:#0d4677;white-space:nowrap}
.pill.p1,.pill.p2{background:#fde3df;color:#8f1d10}.pill.p3{background:#fdf0d5;color:#7a4d00}.pill.s7{background:#e2f1e4;color:#1c5a2a}
table{border-collapse:collapse;width:100%}
th{font-size:12px;color:var(--soft);text-align:left;font-weight:600;padding:6px 10px 6px 0;border-bottom:1px solid var(--line)}
td{padding:10px 10px 10px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
tr:last-child td{border-bottom:0}
td.tight{white-space:nowrap}
.empty{color:var(--soft)}
@media(max-width:640px){
body{font-size:14px}main{padding:0 10px;margin:12px auto}header div{padding:10px 14px}.card{padding:14px;border-radius:8px}
h1{font-size:18px;clear:both}dl{grid-template-columns:repeat(2,1fr)}pre{font-size:11.5px}.tabs{float:none;margin-bottom:8px}
thead{display:none}tr{display:block;border-bottom:1px solid var(--line);padding:8px 0}tr:last-child{border-bottom:0}
td{display:inline;border:0;padding:0 8px 0 0}td.title{display:block;padding:3px 0}td.tight{white-space:normal}
.entry.internal{background:none}}
)css";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t' ? '?' : c;
    }
  return out;
}

std::string page(std::string_view title, std::string_view body) {
  return cat(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>",
      escaped(title), "</title><style>", style,
      "</style></head><body><header><div><a href=\"/\">Service desk</a><span class=\"sim\">simulated</span></div>"
      "</header><main>",
      body, "</main></body></html>");
}

std::string_view state_name(std::string_view state) {
  constexpr std::array names{std::pair{"1", "New"},      std::pair{"2", "In progress"}, std::pair{"3", "On hold"},
                             std::pair{"6", "Resolved"}, std::pair{"7", "Closed"},      std::pair{"8", "Canceled"}};
  for (const auto& [value, name] : names)
    if (state == value) return name;
  return state;
}

std::string_view priority_name(std::string_view priority) {
  constexpr std::string_view names[] = {"1 - Critical", "2 - High", "3 - Moderate", "4 - Low", "5 - Planning"};
  const auto index = parse_number<std::size_t>(priority);
  return index && *index >= 1 && *index <= 5 ? names[*index - 1] : priority;
}

std::string state_pill(const Record& record) {
  const std::string_view state = field_of(record, "state");
  const bool over = state == "6" || state == "7";
  return cat("<span class=\"pill", over ? " s7" : "", "\">", escaped(state_name(state)), "</span>");
}

std::string priority_pill(const Record& record) {
  const std::string_view priority = field_of(record, "priority");
  return cat("<span class=\"pill p", escaped(priority), "\">", escaped(priority_name(priority)), "</span>");
}

std::string text_card(std::string_view title, std::string_view text) {
  const std::string shown = text.empty() ? "<span class=\"empty\">(empty)</span>" : linked_html(text);
  return cat("<section class=\"card\"><h2>", title, "</h2><pre>", shown, "</pre></section>");
}

std::string journal_card(std::string_view title, const std::vector<const Record*>& entries, std::string_view kind) {
  if (entries.empty()) return {};
  std::string out = cat("<section class=\"card\"><h2>", title, "</h2>");
  for (const Record* entry : entries)
    out += cat("<div class=\"entry ", kind, "\"><div class=\"when\">", escaped(field_of(*entry, "sys_created_by")),
               " &middot; ", escaped(field_of(*entry, "sys_created_on")), " UTC</div><pre>",
               linked_html(field_of(*entry, "value")), "</pre></div>");
  return out + "</section>";
}

std::string attachments_card(const std::vector<const Record*>& files) {
  if (files.empty()) return {};
  std::string out = "<section class=\"card\"><h2>Attachments</h2><table>";
  for (const Record* file : files)
    out += cat("<tr><td>", escaped(field_of(*file, "file_name")), "</td><td class=\"tight\">",
               grouped(parse_number<std::uint64_t>(field_of(*file, "size_bytes")).value_or(0)),
               " bytes</td><td><pre>SHA-256 ", escaped(field_of(*file, "hash")), "</pre></td></tr>");
  return out + "</table></section>";
}

std::string facts(const Record& record) {
  std::string out = "<dl>";
  const auto fact = [&](std::string_view name, std::string_view html) {
    out += cat("<div><dt>", name, "</dt><dd>", html.empty() ? "&ndash;" : html, "</dd></div>");
  };
  fact("State", state_pill(record));
  fact("Priority", priority_pill(record));
  fact("Opened (UTC)", escaped(field_of(record, "sys_created_on")));
  fact("Updated (UTC)", escaped(field_of(record, "sys_updated_on")));
  fact("Company", escaped(field_of(record, "company")));
  fact("Assignment group", escaped(field_of(record, "assignment_group")));
  fact("Category", escaped(field_of(record, "category")));
  fact("Correlation id", escaped(field_of(record, "correlation_id")));
  return out + "</dl>";
}

std::string row(const Record& record) {
  const std::string number = escaped(field_of(record, "number"));
  return cat("<tr><td class=\"tight\"><a href=\"/ticket/", number, "?as=analyst\">", number,
             "</a></td><td class=\"tight\">", priority_pill(record), "</td><td class=\"title\">",
             escaped(field_of(record, "short_description")), "</td><td class=\"tight\">", state_pill(record),
             "</td><td class=\"tight\">", escaped(field_of(record, "sys_created_on")), "</td></tr>");
}

std::string tabs(std::string_view number, bool as_customer) {
  const auto tab = [&](std::string_view view, std::string_view name, bool on) {
    return cat("<a class=\"", on ? "on" : "", "\" href=\"/ticket/", escaped(number), "?as=", view, "\">", name, "</a>");
  };
  return cat("<nav class=\"tabs\">", tab("analyst", "Analyst", !as_customer), tab("customer", "Customer", as_customer),
             "</nav>");
}

}  // namespace

std::string linked_html(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t start = std::min(text.find("http://"), text.find("https://"));
    out += escaped(text.substr(0, start));
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(" \t\r\n<>\"')"), text.size());
    const std::string address = escaped(text.substr(0, end));
    out += cat("<a rel=\"noreferrer noopener\" href=\"", address, "\">", address, "</a>");
    text.remove_prefix(end);
  }
  return out;
}

std::string list_page(const DeskTables& tables) {
  std::string rows;
  for (const char* table : {"sn_si_incident", "incident"}) {
    const auto& all = tables.rows(table);
    for (auto record = all.rbegin(); record != all.rend(); ++record) rows += row(*record);
  }
  if (rows.empty())
    return page("Tickets", "<section class=\"card\"><h1>Tickets</h1><p class=\"empty\">None yet.</p></section>");
  return page("Tickets",
              cat("<section class=\"card\"><h1>Tickets</h1><table><thead><tr><th>Number</th><th>Priority</th>"
                  "<th>Short description</th><th>State</th><th>Opened (UTC)</th></tr></thead><tbody>",
                  rows, "</tbody></table></section>"));
}

std::string ticket_page(const DeskTables& tables, const Record& record, bool as_customer) {
  const std::string_view number = field_of(record, "number"), sys_id = field_of(record, "sys_id");
  std::string body = cat("<section class=\"card\">", tabs(number, as_customer), "<span class=\"number\">",
                         escaped(number), "</span><h1>", escaped(field_of(record, "short_description")), "</h1>");
  body += as_customer ? state_pill(record) : facts(record);
  body += cat("</section>", text_card("Description", field_of(record, "description")),
              journal_card("Comments", tables.journal(sys_id, "comments"), "public"));
  if (!as_customer)
    body += journal_card("Work notes (not visible to the customer)", tables.journal(sys_id, "work_notes"), "internal") +
            attachments_card(tables.attachments(sys_id));
  return page(cat(number, " ", field_of(record, "short_description")), body);
}

std::string missing_page() {
  return page("Not found", "<section class=\"card\"><h1>There is no such ticket.</h1></section>");
}

}  // namespace exhibit::sim
