#include "adapters/webhook/incident_body.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/text.h"
#include "exhibit/adapter.h"

namespace exhibit::webhook {
namespace {

Json object_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

Json array_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : Json::array();
}

void copy(const Json& from, const char* key, Json& to, const char* name) {
  if (const auto found = from.find(key); found != from.end() && !found->is_null() && *found != "") to[name] = *found;
}

/// The incident's own value stands; the operation's fills what is missing.
void complete(Json& incident, const char* key, const std::string& text) {
  if (!incident.contains(key) && !text.empty()) incident[key] = text;
}

std::string_view event_of(std::uint32_t kind, const Json& body) {
  if (kind == EXH_OP_ENSURE) return "opened";
  if (kind == EXH_OP_LINK) return "capture";
  const std::string state = text_at(body, "state");
  return kind == EXH_OP_STATE && (state == "closed" || state == "resolved") ? "closed" : "updated";
}

std::string time_of_alert(const Json& incident) {
  const Json times = object_at(object_at(incident, "alert"), "times");
  const std::string received = text_at(times, "received");
  return received.empty() ? text_at(times, "sensor") : received;
}

/// "2026-11-22T02:12:41.123Z" in milliseconds since 1970; nothing for any other form.
std::optional<std::int64_t> epoch_ms(std::string_view iso) {
  const auto number = [&](std::size_t at, std::size_t length) {
    return at + length <= iso.size() ? parse_number<unsigned>(iso.substr(at, length)) : std::nullopt;
  };
  const auto year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const auto hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (!year || !month || !day || !hour || !minute || !second || !iso.ends_with('Z')) return std::nullopt;
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year(static_cast<int>(*year)), chrono::month(*month), chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t ms = iso.size() >= 24 && iso[19] == '.' ? number(20, 3).value_or(0) : 0;
  return ((days * 24 + *hour) * 60 + *minute) * 60'000 + *second * 1000LL + ms;
}

void put_time(Json& into, const char* name, const Json& from, const char* key) {
  if (const auto ms = epoch_ms(text_at(from, key))) into[name] = *ms;
}

int severity_id(const std::string& severity) {
  if (severity == "informational") return 1;
  if (severity == "low") return 2;
  if (severity == "medium") return 3;
  return severity == "high" ? 4 : 0;
}

Json endpoint(const Json& from) {
  Json to = Json::object();
  copy(from, "address", to, "ip");
  copy(from, "port", to, "port");
  copy(from, "locality", to, "zone");
  return to;
}

Json capture_evidence(const Json& capture, const Json& incident) {
  Json evidence = Json::object();
  copy(capture, "log", evidence, "uid");
  if (const std::string link = text_at(incident, "link"); !link.empty()) evidence["url"] = {{"url_string", link}};
  const std::string sha256 = text_at(capture, "sha256");
  if (!sha256.empty()) {
    Json& file = evidence["file"] = {{"name", cat("iplog-", text_at(capture, "log"), ".pcap")}, {"type_id", 1}};
    copy(capture, "bytes", file, "size");
    file["hashes"] = Json::array({{{"algorithm_id", 3}, {"algorithm", "SHA-256"}, {"value", sha256}}});
  }
  evidence["data"] = capture;
  return evidence;
}

Json evidences_of(const Json& incident, const Json& alert) {
  Json all = Json::array();
  const Json attacker = object_at(alert, "attacker");
  Json targets = array_at(alert, "targets");
  if (targets.empty()) targets.push_back(Json::object());
  for (const Json& target : targets) {
    Json evidence = Json::object();
    if (Json source = endpoint(attacker); !source.empty()) evidence["src_endpoint"] = std::move(source);
    if (Json to = target.is_object() ? endpoint(target) : Json::object(); !to.empty())
      evidence["dst_endpoint"] = std::move(to);
    if (evidence.empty()) continue;
    if (const std::string protocol = text_at(alert, "protocol"); !protocol.empty())
      evidence["connection_info"] = {{"protocol_name", to_lower(protocol)}, {"direction_id", 0}};
    all.push_back(std::move(evidence));
  }
  for (const Json& capture : array_at(incident, "captures"))
    if (capture.is_object()) all.push_back(capture_evidence(capture, incident));
  return all;
}

Json finding_info(const Json& incident, const Json& alert) {
  const Json signature = object_at(alert, "signature"), times = object_at(alert, "times");
  Json info = {{"uid", text_at(incident, "incident_id")}, {"title", text_at(incident, "title")}};
  if (info["uid"] == "") info["uid"] = text_at(incident, "correlation_id");
  if (info["title"] == "") info["title"] = text_at(signature, "name");
  copy(incident, "link", info, "src_url");
  put_time(info, "first_seen_time", times, "sensor");
  if (!signature.empty()) {
    Json& analytic = info["analytic"] = {{"type_id", 1}, {"type", "Rule"}};
    copy(signature, "id", analytic, "uid");
    copy(signature, "name", analytic, "name");
    copy(signature, "version", analytic, "version");
  }
  return info;
}

Json metadata(const Json& incident, const Json& alert, std::string_view uid) {
  Json data = {{"version", "1.8.0"},
               {"uid", uid},
               {"profiles", {"security_control"}},
               {"product", {{"name", "Exhibit"}, {"vendor_name", "Exhibit"}}}};
  copy(incident, "tenant", data, "tenant_uid");
  copy(incident, "correlation_id", data, "correlation_uid");
  copy(alert, "event_id", data, "original_event_uid");
  if (const std::string sensor = text_at(alert, "sensor"); !sensor.empty()) data["reporter"] = {{"name", sensor}};
  put_time(data, "logged_time", object_at(alert, "times"), "received");
  return data;
}

/// What the sensor did: only a word that says so counts as a block.
void put_disposition(const Json& alert, Json& finding) {
  bool blocked = false;
  for (const Json& action : array_at(alert, "actions")) {
    const std::string word = action.is_string() ? to_lower(action.get<std::string>()) : std::string();
    blocked = blocked || word.find("drop") != std::string::npos || word.find("deny") != std::string::npos ||
              word.find("denied") != std::string::npos || word.find("block") != std::string::npos;
  }
  finding["action_id"] = blocked ? 2 : 0;
  finding["disposition_id"] = blocked ? 2 : 15;
}

}  // namespace

Result<Json> incident_of(std::uint32_t kind, std::string_view correlation_id, std::string_view body_json) {
  const Result<Json> body = parse_json(body_json);
  if (!body || !body->is_object()) return Error{Errc::bad_input, "the operation's body is no JSON object"};
  Json incident = object_at(*body, "incident");
  incident["version"] = 1;
  complete(incident, "what", std::string(event_of(kind, *body)));
  complete(incident, "correlation_id", std::string(correlation_id));
  for (const char* key : {"tenant", "link", "title", "severity"}) complete(incident, key, text_at(*body, key));
  if (kind == EXH_OP_STATE) complete(incident, "state", text_at(*body, "state"));
  for (const char* key : {"text", "internal_text", "public_text"}) complete(incident, "text", text_at(*body, key));
  if (kind == EXH_OP_ENSURE) complete(incident, "at", time_of_alert(incident));  // The others happened later.
  return incident;
}

Result<std::string> exhibit_body(std::uint32_t kind, std::string_view correlation_id, std::string_view body_json) {
  const std::string_view body = trim(body_json);
  if (!body.starts_with('{') || !body.ends_with('}'))
    return Error{Errc::bad_input, "the operation's body is no JSON object"};
  const std::vector<std::pair<std::string_view, std::string_view>> members = raw_members(body);
  const auto said = [&](std::string_view key) {
    const auto found =
        std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == key; });
    return found == members.end() ? std::string_view{} : found->second;
  };
  std::string_view times;
  JsonWriter out;
  out.object().member("version", 1);
  std::set<std::string_view> there = {"version"};
  for (const auto& [key, value] : raw_members(said("incident"))) {
    if (key == "alert") times = raw_member(value, "times");
    if (there.insert(key).second) out.key(key).raw(value);
  }
  const auto complete_with = [&](std::string_view key, std::string_view value) {
    if (value.size() > 2 && value.starts_with('"') && there.insert(key).second) out.key(key).raw(value);
  };
  const std::string_view state = said("state");
  const bool closes = kind == EXH_OP_STATE && (state == "\"closed\"" || state == "\"resolved\"");
  complete_with("what", kind == EXH_OP_ENSURE ? "\"opened\""
                        : kind == EXH_OP_LINK ? "\"capture\""
                        : closes              ? "\"closed\""
                                              : "\"updated\"");
  complete_with("correlation_id", json_quoted(correlation_id));
  for (const char* key : {"tenant", "link", "title", "severity"}) complete_with(key, said(key));
  if (kind == EXH_OP_STATE) complete_with("state", state);
  for (const char* key : {"text", "internal_text", "public_text"}) complete_with("text", said(key));
  if (kind == EXH_OP_ENSURE)  // The others happened later.
    for (const char* key : {"received", "sensor"}) complete_with("at", raw_member(times, key));
  return out.end().take();
}

std::string ocsf_body(const Json& incident, std::string_view uid) {
  const Json alert = object_at(incident, "alert"), counts = object_at(incident, "counts");
  const std::string what = text_at(incident, "what"), at = text_at(incident, "at");
  const int activity = what == "opened" ? 1 : what == "closed" ? 3 : 2;
  const std::string severity =
      text_at(alert, "severity").empty() ? text_at(incident, "severity") : text_at(alert, "severity");
  Json finding = {{"category_uid", 2},
                  {"class_uid", 2004},
                  {"activity_id", activity},
                  {"type_uid", 200'400 + activity},
                  {"status_id", activity == 1   ? 1
                                : activity == 3 ? 4
                                                : 2},
                  {"is_alert", true},
                  {"severity_id", severity_id(to_lower(severity))},
                  {"time", epoch_ms(at.empty() ? time_of_alert(incident) : at).value_or(0)},
                  {"metadata", metadata(incident, alert, uid)},
                  {"finding_info", finding_info(incident, alert)}};
  if (const std::string text = text_at(incident, "text"); !text.empty()) finding["message"] = text;
  copy(alert, "risk", finding, "risk_score");
  copy(counts, "alerts", finding, "count");
  if (Json evidences = evidences_of(incident, alert); !evidences.empty()) finding["evidences"] = std::move(evidences);
  put_disposition(alert, finding);
  return finding.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace exhibit::webhook
