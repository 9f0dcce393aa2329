#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/sim/desk.h"
#include "adapters/sim/desk_answers.h"
#include "adapters/sim/desk_pages.h"
#include "base/text.h"

/// The desk's two side doors: the tests' control, and the pages for people.
namespace exhibit::sim {
namespace {

void write_journal(JsonWriter& json, const DeskTables& tables, std::string_view sys_id, const char* element) {
  json.key(element).array();
  for (const Record* entry : tables.journal(sys_id, element)) {
    json.object().member("sys_id", field_of(*entry, "sys_id")).member("value", field_of(*entry, "value"));
    json.member("sys_created_on", field_of(*entry, "sys_created_on")).end();
  }
  json.end();
}

void write_ticket(JsonWriter& json, const DeskTables& tables, std::string_view table, const Record& record) {
  const std::string_view sys_id = field_of(record, "sys_id");
  json.object().member("table", table).key("fields").object();
  for (const auto& [name, value] : record) json.member(name, value);
  json.end();
  write_journal(json, tables, sys_id, "work_notes");
  write_journal(json, tables, sys_id, "comments");
  json.key("attachments").array();
  for (const Record* file : tables.attachments(sys_id)) {
    json.object().member("sys_id", field_of(*file, "sys_id")).member("file_name", field_of(*file, "file_name"));
    json.member("content_type", field_of(*file, "content_type")).member("sha256", field_of(*file, "hash"));
    json.member("size_bytes", parse_number<std::uint64_t>(field_of(*file, "size_bytes")).value_or(0)).end();
  }
  json.end().end();
}

Result<Misbehaviour> read_order(std::string_view body) {
  const Result<Json> parsed = parse_json(body);
  if (!parsed) return parsed.error();
  if (!parsed->is_object()) return Error{Errc::bad_input, "an object is needed"};
  Misbehaviour order;
  order.mode = text_at(*parsed, "mode");
  if (const std::string on = text_at(*parsed, "on"); !on.empty()) order.on = on;
  order.match = text_at(*parsed, "match");
  const auto count = [&](const char* key, int other) {
    const auto found = parsed->find(key);
    return found != parsed->end() && found->is_number_unsigned() ? found->get<int>() : other;
  };
  order.times = count("times", 1);
  order.after = count("after", 0);
  order.wait = count("wait", order.wait);
  const auto reused = parsed->find("reused");
  order.reused = reused != parsed->end() && reused->is_boolean() && reused->get<bool>();
  return checked(std::move(order));
}

}  // namespace

std::string Desk::everything() const {
  JsonWriter json;
  json.object().key("tickets").array();
  for (const char* table : {"incident", "sn_si_incident"})
    for (const Record& record : tables_.rows(table)) write_ticket(json, tables_, table, record);
  json.end().key("calls").array();
  for (const Call& call : calls_) {
    json.object().member("call", call.kind).member("method", call.method).member("path", call.path);
    json.member("reused", call.reused).end();
  }
  return json.end().end().take();
}

HttpReply Desk::control(const HttpRequest& request) {
  if (request.path == "/sim/tickets" && request.method == "GET") return json_reply(200, everything());
  if (request.path != "/sim/misbehave" || request.method != "POST")
    return json_reply(404, R"({"error":"no such thing"})");
  Result<Misbehaviour> order = read_order(request.body);
  if (!order) return json_reply(400, cat(R"({"error":)", json_quoted(order.error().text), "}"));
  misbehaviours_.add(*std::move(order));
  return json_reply(200, R"({"ok":true})");
}

HttpReply Desk::page(const HttpRequest& request) const {
  const auto html = [](int status, std::string body) {
    return HttpReply{.status = status,
                     .headers = {{"Content-Type", "text/html; charset=utf-8"},
                                 {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"}},
                     .body = std::move(body)};
  };
  if (request.path == "/") return html(200, list_page(tables_));
  constexpr std::string_view prefix = "/ticket/";
  if (request.path.starts_with(prefix)) {
    const bool customer = value_of(parse_form(request.query), "as") == "customer";
    for (const char* table : {"incident", "sn_si_incident"})
      for (const Record& record : tables_.rows(table))
        if (field_of(record, "number") == request.path.substr(prefix.size()))
          return html(200, ticket_page(tables_, record, customer));
  }
  if (request.path == "/nav_to.do") {  // The address that a profile makes of a ticket's id.
    const std::string uri = value_of(parse_form(request.query), "uri");
    const std::string id = uri.substr(std::min(uri.size(), uri.rfind('=') + 1));
    for (const char* table : {"incident", "sn_si_incident"})
      if (const Record* const record = tables_.find(table, id)) return html(200, ticket_page(tables_, *record, false));
  }
  return html(404, missing_page());
}

}  // namespace exhibit::sim
