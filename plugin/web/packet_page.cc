#include "base/text.h"
#include "packet/filter.h"
#include "web/http_message.h"
#include "web/pages.h"

namespace exhibit::web {
namespace {

std::string query_of(const PacketsPage& at) {
  const std::string filter = at.filter.empty() ? "" : cat("&filter=", percent_encoded(at.filter));
  return cat("?capture=", at.capture, filter);
}

Node filter_form(const PacketsPage& at) {
  const std::string id = cat("filter-", at.capture);
  Node form = element("form", "filter").with("method", "get").with("action", at.page.path()).with("role", "search");
  form.append(element("input").with("type", "hidden").with("name", "capture").with("value", cat(at.capture)));
  form.append(element("label", "", "Filter").with("for", id));
  form.append(element("input", "mono")
                  .with("id", id)
                  .with("name", "filter")
                  .with("value", at.filter)
                  .with("maxlength", cat(Filter::text_max))
                  .with("placeholder", "tcp port 80 and host 192.0.2.10")
                  .with("autocomplete", "off")
                  .with("spellcheck", "false"));
  form.append(element("button", "", "Apply").with("type", "submit"));
  return form;
}

Node row_node(const PacketsPage& at, const PacketRow& row, std::uint64_t skip) {
  const std::string number = cat(row.number);
  std::string address = cat(at.page.path(), query_of(at), skip > 0 ? cat("&from=", skip) : "", "&packet=", number,
                            "#packet-", at.capture, "-", number);
  Node link = element("a", "", number).with("href", address).with("data-packet", number);
  Node line = element("tr", row.in_flow ? row.answers ? "flow reply" : "flow" : "")
                  .with("id", cat("packet-", at.capture, "-", number));
  line.append(element("td", "number", {std::move(link)}));
  line.append(element("td", "time", row.time));
  line.append(element(
      "td", "ends",
      {element("span", "source", row.source), element("span", "arrow", " → "), element("span", "target", row.target)}));
  Node info = element("td", "info");
  if (row.in_flow) info.append(element("span", "tag", row.answers ? "answer" : "this flow"));
  info.append(text(row.info));
  line.append(std::move(info));
  return line;
}

std::string count_text(const PacketsPage& at, const PacketList& list) {
  std::string out;
  if (list.rows.empty())
    out = at.filter.empty() ? "The capture holds no packet." : "No packet matches the filter.";
  else
    out = cat("Packets ", grouped(list.skipped + 1), " to ", grouped(list.skipped + list.rows.size()), " of ",
              grouped(list.matching));
  if (!at.filter.empty() && !list.rows.empty()) out += cat(" that match, ", grouped(list.packets), " in all");
  if (!list.broken.empty()) out += cat(". The file breaks off: ", list.broken);
  return out;
}

Node pager(const PacketsPage& at, const PacketList& list) {
  Node out = element("p", "pager");
  const std::uint64_t end = list.skipped + list.rows.size();
  const auto page_link = [&](std::string_view word, std::uint64_t from) {
    out.append(element("a", "", word)
                   .with("href", cat(at.page.path(), query_of(at), "&from=", from, "#packets-", at.capture))
                   .with("data-from", cat(from)));
  };
  if (list.skipped > 0) page_link("Earlier packets", list.skipped > rows_max ? list.skipped - rows_max : 0);
  if (end < list.matching) page_link("Later packets", end);
  if (end < list.matching || list.skipped > 0) out.append(text("The download has all of them."));
  return out;
}

}  // namespace

Node packet_table(const PacketsPage& at, const PacketList& list, std::optional<Node> opened,
                  std::uint64_t opened_number) {
  Node head = element("tr");
  for (const std::string_view name : {"No.", "Seconds", "From → to", "What"})
    head.append(element("th", "", name).with("scope", "col"));
  Node body = element("tbody");
  for (const PacketRow& row : list.rows) {
    body.append(row_node(at, row, list.skipped));
    if (opened && row.number == opened_number) {
      Node cell = element("td").with("colspan", "4");
      cell.append(std::move(*opened));
      body.append(element("tr", "opened", {std::move(cell)}));
      opened.reset();
    }
  }
  Node table = element("table", "packet-list");
  table.append(element("thead", "", {std::move(head)}));
  table.append(std::move(body));
  Node out = element("div", "packet-view");
  out.append(element("h3", "", "Packets"));
  out.append(filter_form(at));
  out.append(element("p", "quiet-text", count_text(at, list)));
  if (!list.rows.empty()) out.append(std::move(table));
  out.append(pager(at, list));
  return out;
}

Node packet_problem(const PacketsPage& at, std::string_view what) {
  Node out = element("div", "packet-view");
  out.append(element("h3", "", "Packets"));
  out.append(filter_form(at));
  out.append(element("p", "problem", what).with("role", "alert"));
  return out;
}

Node detail_node(const PacketDetail& detail) {
  Node out = element("div", "packet-detail");
  if (!detail.time_utc.empty()) out.append(element("p", "quiet-text mono", detail.time_utc));
  Node layers = element("ul", "layers mono");
  for (const std::string& layer : detail.layers) layers.append(element("li", "", layer));
  out.append(std::move(layers));
  if (!detail.payload.empty()) {
    out.append(element("h4", "", "Payload as text"));
    Node pre = element("pre", "payload").with("tabindex", "0");
    pre.append(lines(detail.payload));
    out.append(std::move(pre));
  }
  out.append(element("h4", "", "Bytes"));
  Node pre = element("pre", "bytes").with("tabindex", "0");
  pre.append(lines(detail.hex));
  out.append(std::move(pre));
  return out;
}

}  // namespace exhibit::web
