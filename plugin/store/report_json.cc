#include "store/report_json.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace exhibit {
namespace {

template <typename T>
void number_or_null(JsonWriter& out, std::string_view name, const std::optional<T>& value) {
  if (value)
    out.member(name, *value);
  else
    out.key(name).null();
}

template <typename T>
std::optional<T> maybe(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? std::optional<T>(found->get<T>()) : std::nullopt;
}

std::optional<WallTime> time_at(const Json& object, const char* name) {
  const auto ns = parse_number<std::int64_t>(text_at(object, name));
  return ns ? std::optional(wall_from_ns(*ns)) : std::nullopt;
}

Answer answer_from(const Json& object) {
  Answer answer;
  for (const Answer::Kind kind : {Answer::Kind::http, Answer::Kind::tls_alert, Answer::Kind::reset, Answer::Kind::bytes,
                                  Answer::Kind::none_in_capture})
    if (kind_token(kind) == text_at(object, "kind")) answer.kind = kind;
  answer.status = maybe<int>(object, "status");
  answer.bytes = maybe<std::uint64_t>(object, "bytes").value_or(0);
  answer.milliseconds = maybe<std::int64_t>(object, "milliseconds");
  answer.tls_alert = maybe<std::uint8_t>(object, "tls_alert");
  answer.detail = text_at(object, "detail");
  answer.acknowledged_bytes = maybe<std::uint64_t>(object, "acknowledged_bytes");
  return answer;
}

void write_answer(JsonWriter& out, const Answer& answer, bool whole) {
  out.object().member("kind", kind_token(answer.kind));
  number_or_null(out, "status", answer.status);
  out.member("bytes", answer.bytes);
  number_or_null(out, "milliseconds", answer.milliseconds);
  if (whole) {
    number_or_null(out, "tls_alert", answer.tls_alert);
    number_or_null(out, "acknowledged_bytes", answer.acknowledged_bytes);
    out.member("detail", answer.detail);
  }
  out.end();
}

}  // namespace

std::string answer_to_json(const std::optional<Answer>& answer) {
  if (!answer) return "null";
  JsonWriter out;
  write_answer(out, *answer, false);
  return out.take();
}

std::string report_to_json(const CaptureReport& report) {
  JsonWriter out;
  out.object().member("packets", report.packets).member("bytes", report.bytes);
  // As text: a double would lose nanoseconds.
  if (report.first) out.member("first", cat(ns_of(*report.first)));
  if (report.last) out.member("last", cat(ns_of(*report.last)));
  out.member("flow_packets", report.flow_packets)
      .member("broken", report.broken)
      .member("broken_text", report.broken_text);
  out.member("addresses_match", report.addresses_match).member("attacker_only", report.attacker_only);
  out.member("trigger_inside", report.trigger_inside).member("other_requests", report.other_requests);
  out.key("other_statuses").array();
  for (const int status : report.other_statuses) out.value(status);
  out.end().key("answer");
  if (report.answer)
    write_answer(out, *report.answer, true);
  else
    out.null();
  return out.end().take();
}

Result<CaptureReport> report_from_json(std::string_view text) {
  const Result<Json> json = parse_json(text);
  if (!json) return json.error();
  if (!json->is_object()) return Error{Errc::corrupt, "a capture's report is no object"};
  CaptureReport report;
  report.packets = maybe<std::uint64_t>(*json, "packets").value_or(0);
  report.bytes = maybe<std::uint64_t>(*json, "bytes").value_or(0);
  report.first = time_at(*json, "first");
  report.last = time_at(*json, "last");
  report.flow_packets = maybe<std::uint64_t>(*json, "flow_packets").value_or(0);
  const auto flag = [&](const char* name) {
    return json->contains(name) && json->at(name).is_boolean() && json->at(name).get<bool>();
  };
  report.broken = flag("broken");
  report.broken_text = text_at(*json, "broken_text");
  report.addresses_match = flag("addresses_match");
  report.attacker_only = flag("attacker_only");
  report.trigger_inside = flag("trigger_inside");
  report.other_requests = maybe<std::uint64_t>(*json, "other_requests").value_or(0);
  if (const auto found = json->find("other_statuses"); found != json->end() && found->is_array())
    for (const Json& status : *found)
      if (status.is_number_integer()) report.other_statuses.push_back(status.get<int>());
  if (const auto found = json->find("answer"); found != json->end() && found->is_object())
    report.answer = answer_from(*found);
  return report;
}

}  // namespace exhibit
