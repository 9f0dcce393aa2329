#include "adapters/sim/desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/sim/desk_answers.h"
#include "adapters/sim/desk_pages.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit::sim {
namespace {

/// A change that writes into the journal is a note, whatever else it changes.
DeskCall call_of(const HttpRequest& request, std::string_view resource) {
  if (request.method == "GET" || request.method == "HEAD") return DeskCall::find;
  if (resource == "attachment") return DeskCall::attach;
  if (request.method == "POST") return DeskCall::create;
  const auto fields = read_fields(request.body);
  const bool note = fields && (!field_of(*fields, "work_notes").empty() || !field_of(*fields, "comments").empty());
  return note ? DeskCall::note : DeskCall::update;
}

HttpReply no_record() {
  return desk_error(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval");
}

}  // namespace

Desk::Desk(Options options, std::function<WallTime()> clock, std::function<void(const std::string&)> say)
    : options_(std::move(options)), say_(std::move(say)), tables_(std::move(clock)) {}

void Desk::order(Misbehaviour misbehaviour) {
  const std::lock_guard lock(mutex_);
  misbehaviours_.add(std::move(misbehaviour));
}

HttpReply Desk::handle(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  if (request.path.starts_with("/api/now/")) return api(request);
  if (request.path.starts_with("/sim/")) return control(request);
  return page(request);
}

Desk::Route Desk::route_of(std::string_view path) {
  auto parts = split(path, "/");
  parts.erase(parts.begin(), parts.begin() + 2);  // "api" and "now"
  Route route;
  if (!parts.empty() && (parts[0] == "v1" || parts[0] == "v2")) {
    route.version_1 = parts[0] == "v1";
    parts.erase(parts.begin());
  }
  parts.resize(4);
  route.resource = parts[0];
  const bool table = route.resource == "table";
  if (table) route.table = parts[1];
  route.id = parts[table ? 2 : 1];
  route.tail = parts[table ? 3 : 2];
  return route;
}

bool Desk::logged_in(const HttpRequest& request) const {
  if (options_.password.empty()) return true;
  const auto login = basic_login(request.header("Authorization"));
  return login && login->first == options_.user && equal_in_constant_time(login->second, options_.password);
}

HttpReply Desk::api(const HttpRequest& request) {
  if (!logged_in(request)) return spoiled({.mode = "401"}, {});
  const Route route = route_of(request.path);
  const DeskCall call = call_of(request, route.resource);
  const std::string_view name = name_of(call);
  calls_.push_back({std::string(name), request.method, request.path, request.reused});
  const auto fault = misbehaviours_.meet(call, request.reused, request.body);
  if (!fault) return perform(request, route, {});
  JsonWriter said;
  said.object().member("event", "misbehaved").member("mode", fault->mode).member("call", name).end();
  say_(said.text());
  if (is_lie_of_search(fault->mode)) return perform(request, route, fault->mode);
  const bool keeps = fault->mode.starts_with("store-then-");
  return spoiled(*fault, keeps ? perform(request, route, {}) : HttpReply{.body = std::string(64, ' ')});
}

HttpReply Desk::perform(const HttpRequest& request, const Route& route, std::string_view lie) {
  const std::string& method = request.method;
  if (route.resource == "attachment") {
    if (method == "POST" && route.id == "file") return attach(request);
    if (method == "GET" && route.id.empty()) return list(request, {.table = "sys_attachment"}, lie);
    if (method == "GET" && route.tail == "file") return download(route);
    if (method == "GET") return get(request, {.table = "sys_attachment", .id = route.id});
    return desk_error(405, "Method not allowed", "");
  }
  if (route.resource != "table") return desk_error(400, "Requested URI does not represent any resource", request.path);
  if (!DeskTables::exists(route.table)) return desk_error(400, cat("Invalid table ", route.table), "");
  if (method == "GET") return route.id.empty() ? list(request, route, lie) : get(request, route);
  if (!DeskTables::is_task_table(route.table)) return desk_error(403, "Operation Failed", "ACL Exception");
  if (method == "POST" && route.id.empty()) return create(request, route);
  if ((method == "PATCH" || method == "PUT") && !route.id.empty()) return update(request, route);
  return desk_error(405, "Method not allowed", "");
}

void Desk::tell(std::string_view event, const Record& record, const Record& more) {
  JsonWriter json;
  json.object().member("event", event);
  for (const std::string_view name : {"number", "sys_id", "correlation_id", "short_description"})
    json.member(name, field_of(record, name));
  for (const auto& [name, value] : more) json.member(name, value);
  say_(json.end().text());
}

HttpReply Desk::create(const HttpRequest& request, const Route& route) {
  const auto fields = read_fields(request.body);
  if (!fields) return desk_error(400, "Exception while reading request", "The payload is not valid JSON");
  const Record& record = tables_.create(route.table, *fields, options_.user);
  tell("ticket", record, {});
  JsonWriter json;
  json.object().key("result");
  write_record(json, record, parse_form(request.query));
  HttpReply reply = json_reply(201, json.end().take());
  reply.headers.push_back({"Location", cat("http://", request.header("Host"), "/api/now/table/", route.table, '/',
                                           field_of(record, "sys_id"))});
  return reply;
}

HttpReply Desk::update(const HttpRequest& request, const Route& route) {
  const auto fields = read_fields(request.body);
  if (!fields) return desk_error(400, "Exception while reading request", "The payload is not valid JSON");
  const Record* const record = tables_.update(route.table, route.id, *fields, options_.user);
  if (record == nullptr) return no_record();
  bool noted = false;
  for (const std::string_view element : {"work_notes", "comments"}) {
    const std::string_view text = field_of(*fields, element);
    if (text.empty()) continue;
    tell("note", *record, {{"element", std::string(element)}, {"text", std::string(text)}});
    noted = true;
  }
  if (!noted) tell("update", *record, {{"state", std::string(field_of(*record, "state"))}});
  JsonWriter json;
  json.object().key("result");
  write_record(json, *record, parse_form(request.query));
  return json_reply(200, json.end().take());
}

HttpReply Desk::get(const HttpRequest& request, const Route& route) const {
  const Record* const record = tables_.find(route.table, route.id);
  if (record == nullptr) return no_record();
  JsonWriter json;
  json.object().key("result");
  write_record(json, *record, parse_form(request.query));
  return json_reply(200, json.end().take());
}

std::vector<const Record*> Desk::search(const std::string& table, const Parameters& parameters,
                                        std::string_view lie) const {
  const auto exists = [&](std::string_view field) { return DeskTables::has_field(table, field); };
  EncodedQuery query = parse_query(value_of(parameters, "sysparm_query"), exists);
  if (query.has_invalid && options_.strict_query) return {};
  if (!lie.empty()) query.parts.clear();
  std::vector<const Record*> found;
  for (const Record& record : tables_.rows(table)) {
    const bool hidden =
        DeskTables::is_task_table(table) && tables_.age(field_of(record, "sys_id")) < options_.settle_hidden;
    if (!hidden && matches(query, record)) found.push_back(&record);
  }
  sort_by(query, found);
  return found;
}

HttpReply Desk::list(const HttpRequest& request, const Route& route, std::string_view lie) const {
  const Parameters parameters = parse_form(request.query);
  const auto found = search(route.table, parameters, lie);
  const auto limit = parse_number<std::size_t>(value_of(parameters, "sysparm_limit")).value_or(10000);
  const auto offset = parse_number<std::size_t>(value_of(parameters, "sysparm_offset")).value_or(0);
  if (found.empty() && route.version_1) return no_record();
  JsonWriter json;
  json.object().key("result").array();
  for (std::size_t i = offset; i < found.size() && i - offset < limit; ++i) {
    Record shown = *found[i];
    if (lie == "wrong-correlation-id") shown["correlation_id"] = cat(field_of(shown, "correlation_id"), "X");
    write_record(json, shown, parameters);
  }
  HttpReply reply = json_reply(200, json.end().end().take());
  reply.headers.push_back({"X-Total-Count", std::to_string(found.size())});
  return reply;
}

HttpReply Desk::attach(const HttpRequest& request) {
  const Parameters parameters = parse_form(request.query);
  const std::string table = value_of(parameters, "table_name"), name = value_of(parameters, "file_name");
  const std::string_view type = request.header("Content-Type");
  if (table.empty() || name.empty() || type.empty())
    return desk_error(400, "Missing parameter", "table_name, table_sys_id, file_name and Content-Type are needed");
  const Record* const record = tables_.find(table, value_of(parameters, "table_sys_id"));
  if (record == nullptr) return no_record();
  const Record& attachment =
      tables_.attach(table, field_of(*record, "sys_id"), name, type, request.body, options_.user);
  tell("attachment", *record,
       {{"file_name", name},
        {"sha256", std::string(field_of(attachment, "hash"))},
        {"size_bytes", std::string(field_of(attachment, "size_bytes"))}});
  JsonWriter json;
  json.object().key("result");
  write_record(json, attachment, {});
  HttpReply reply = json_reply(201, json.end().take());
  reply.headers.push_back({"Location", cat("/api/now/attachment/", field_of(attachment, "sys_id"))});
  return reply;
}

HttpReply Desk::download(const Route& route) const {
  const std::string* const bytes = tables_.content(route.id);
  if (bytes == nullptr) return no_record();
  const Record* const row = tables_.find("sys_attachment", route.id);
  return {.headers = {{"Content-Type", std::string(field_of(*row, "content_type"))}}, .body = *bytes};
}

}  // namespace exhibit::sim
