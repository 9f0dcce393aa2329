#include "adapters/sim/desk_answers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace exhibit::sim {
namespace {

constexpr std::string_view references[] = {"company", "assignment_group", "assigned_to", "caller_id",
                                           "cmdb_ci", "location",         "opened_by",   "parent"};

bool wanted(std::string_view fields, std::string_view name) {
  if (fields.empty()) return true;
  const auto names = split(fields, ",");
  return std::find(names.begin(), names.end(), name) != names.end();
}

HttpReply html_reply(int status, std::string_view title, std::string_view text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/html; charset=utf-8"}},
          .body = cat("<!doctype html><html><head><title>", title, "</title></head><body><h1>", title, "</h1><p>", text,
                      "</p></body></html>")};
}

HttpReply without_storing(std::string_view mode, int wait) {
  if (mode == "waf-403-html")
    return html_reply(403, "Request blocked", "The web application firewall refused this content. Support ID 4711.");
  if (mode == "401") {
    HttpReply reply = desk_error(401, "User Not Authenticated", "Required to provide Auth information");
    reply.headers.push_back({"WWW-Authenticate", "BASIC realm=\"Service-now\""});
    return reply;
  }
  if (mode == "403")
    return desk_error(403, "Operation Failed", "ACL Exception Insert Failed due to security constraints");
  if (mode == "404")
    return desk_error(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval");
  if (mode == "413") return desk_error(413, "Request entity too large", "");
  if (mode == "415") return desk_error(415, "Unsupported Media Type", "");
  if (mode == "429") {
    HttpReply reply = desk_error(429, "Rate limit exceeded", "Request was rejected by a rate limit rule");
    for (const auto& [name, value] : {std::pair<const char*, std::string>{"Retry-After", cat(wait)},
                                      {"X-RateLimit-Limit", "100"},
                                      {"X-RateLimit-Rule", "sim"}})
      reply.headers.push_back({name, value});
    return reply;
  }
  return desk_error(503, "Service unavailable", "");
}

std::optional<Act> act_of(std::string_view fault) {
  if (fault == "hang") return Act::hang;
  if (fault == "reset") return Act::reset;
  if (fault == "close") return Act::close;
  if (fault == "drip") return Act::drip;
  if (fault == "100-continue") return Act::interim_only;
  if (fault == "endless-header") return Act::endless_header;
  if (fault == "endless-body") return Act::endless_body;
  return std::nullopt;
}

}  // namespace

HttpReply json_reply(int status, std::string json) {
  return {.status = status, .headers = {{"Content-Type", "application/json;charset=UTF-8"}}, .body = std::move(json)};
}

HttpReply desk_error(int status, std::string_view message, std::string_view detail) {
  JsonWriter json;
  json.object().key("error").object().member("message", message).text_or_null("detail", detail).end();
  json.member("status", "failure").end();
  return json_reply(status, json.take());
}

void write_record(JsonWriter& json, const Record& record, const Parameters& parameters) {
  const std::string fields = value_of(parameters, "sysparm_fields");
  const bool plain = value_of(parameters, "sysparm_exclude_reference_link") == "true";
  json.object();
  for (const auto& [name, value] : record) {
    if (!wanted(fields, name)) continue;
    const bool reference = std::find(std::begin(references), std::end(references), name) != std::end(references);
    if (plain || value.empty() || !reference)
      json.member(name, value);
    else
      json.key(name).object().member("link", cat("/api/now/table/", name, '/', value)).member("value", value).end();
  }
  json.end();
}

std::optional<Record> read_fields(std::string_view body) {
  const Result<Json> parsed = parse_json(body, 16U << 20);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  Record fields;
  for (const auto& [name, value] : parsed->items())
    fields[name] = value.is_string() ? value.get<std::string>() : value.is_null() ? std::string() : value.dump();
  return fields;
}

HttpReply spoiled(const Misbehaviour& fault, HttpReply stored) {
  std::string_view mode = fault.mode;
  constexpr std::string_view stores = "store-then-";
  if (mode.starts_with(stores)) mode.remove_prefix(stores.size());
  if (const auto act = act_of(mode)) {
    stored.act = *act;
    return stored;
  }
  if (mode == "500") return desk_error(500, "Transaction cancelled", "maximum execution time exceeded");
  if (mode == "502") return html_reply(502, "Bad Gateway", "The proxy got no valid answer.");
  if (mode == "200-html")
    return html_reply(200, "Instance is hibernating", "Your instance wakes up. Please sign in again.");
  if (mode == "302") {
    HttpReply reply = html_reply(302, "Found", "Moved.");
    reply.headers.push_back({"Location", "/login.do"});
    return reply;
  }
  return without_storing(mode, fault.wait);
}

}  // namespace exhibit::sim
