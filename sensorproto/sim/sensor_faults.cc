#include "sensorproto/sim/sensor_faults.h"

#include <algorithm>

#include "base/text.h"

namespace exhibit::sim {
namespace {

using Names = std::vector<std::string_view>;

const Names& common_kinds() {
  static const Names names{"401",          "403",     "404",  "405",     "500",
                           "503",          "302",     "html", "empty",   "hang",
                           "reset",        "drip",    "cut",  "chunked", "endless-header",
                           "endless-body", "doctype", "nul"};
  return names;
}

const Names& own_kinds(std::string_view target) {
  static const Names none, get{"restart", "forget", "same"},
      iplog{"partial", "header-only", "big-endian", "cut-record", "wrong-type",
            "no-type", "not-ready",   "gone",       "foreign"};
  return target == "get" ? get : target == "iplog" ? iplog : none;
}

bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<Act> act_of(std::string_view kind) {
  if (kind == "hang") return Act::hang;
  if (kind == "reset") return Act::reset;
  if (kind == "drip") return Act::drip;
  if (kind == "cut") return Act::cut;
  if (kind == "chunked") return Act::chunked;
  if (kind == "endless-header") return Act::endless_header;
  if (kind == "endless-body") return Act::endless_body;
  return std::nullopt;
}

}  // namespace

Result<void> SensorFaults::order(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto times = colon == std::string_view::npos ? 1 : parse_number<int>(text.substr(colon + 1)).value_or(-1);
  const std::size_t dash = name.find('-');
  const std::string_view target = name.substr(0, dash);
  const std::string_view kind = dash == std::string_view::npos ? "" : name.substr(dash + 1);
  const bool known_target = contains({"open", "get", "close", "sdee", "iplog"}, target);
  if (times < 0 || !known_target || !(contains(common_kinds(), kind) || contains(own_kinds(target), kind)))
    return Error{Errc::bad_input, cat("unknown misbehaviour: ", harmless(text))};
  orders_.push_back({std::string(target), std::string(kind), times == 0 ? -1 : times});
  return {};
}

std::optional<std::string> SensorFaults::meet(std::string_view target) {
  for (Order& order : orders_) {
    if (order.left == 0 || !(order.target == target || (order.target == "sdee" && target != "iplog"))) continue;
    if (order.left > 0) --order.left;
    return order.kind;
  }
  return std::nullopt;
}

HttpReply spoil(std::string_view kind, HttpReply good) {
  if (const auto act = act_of(kind)) {
    good.act = *act;
  } else if (const auto status = parse_number<int>(kind)) {
    good = {.status = *status, .body = cat("<html><body>", *status, " ", reason_of(*status), "</body></html>\n")};
    if (*status == 401) good.headers.push_back({"WWW-Authenticate", "Basic realm=\"Cisco IPS\""});
    if (*status == 302) good.headers.push_back({"Location", "http://127.0.0.1:9/elsewhere"});
  } else if (kind == "html") {
    good = {.headers = {{"Content-Type", "text/html"}}, .body = "<html><body><h1>Sign in</h1></body></html>\n"};
  } else if (kind == "empty") {
    good.body.clear();
  } else if (kind == "doctype") {
    good.body.insert(std::min(good.body.find('\n') + 1, good.body.size()), "<!DOCTYPE x [<!ENTITY a \"b\">]>\n");
  } else if (kind == "nul") {
    good.body = replace_all(good.body, "</env:Body>", "&#0;</env:Body>");
  }
  return good;
}

}  // namespace exhibit::sim
