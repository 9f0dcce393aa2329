#include <nlohmann/json.hpp>

#include "adapters/rest/rest_link.h"
#include "adapters/rest/rest_refusal.h"
#include "adapters/rest/rest_value.h"
#include "base/json.h"
#include "base/plants.h"
#include "base/text.h"

/// How a list of requests becomes one verdict.
namespace exhibit::rest {
namespace {

constexpr int pages_max = 50;

/// The desk kept the ticket but not our id in it: every later look-up would miss it, and every repeat make another.
bool lost_the_id(const Request& create, const HttpAnswer& answer) {
  const Result<Json> document = parse_json(answer.body);
  return document && !create.id.empty() && !text_there({*document, answer}, create.id).value_or("").empty();
}

/// What the failure of one request means for the whole list.
Verdict interrupted(Verdict failed, const Request& request, bool wrote, const Verdict& all) {
  if (request.harmless && failed.rc == EXH_UNKNOWN) failed.rc = EXH_RETRY;
  const bool told = request.otherwise && failed.cause == request.otherwise->cause;
  if (wrote && !told && failed.cause != "not-applied") failed.rc = EXH_UNKNOWN;
  if (failed.ticket.empty()) failed.ticket = all.ticket;
  return failed;
}

void keep(const Verdict& step, Prepared& ready, Verdict& all) {
  if (!step.ticket.empty()) all.ticket = ready.values["ticket"] = step.ticket;
  if (!step.number.empty()) all.number = ready.values["number"] = step.number;
  for (const auto& [name, value] : step.captured) ready.values[name] = value;
  if (const auto number = step.captured.find("number"); number != step.captured.end()) all.number = number->second;
}

void append(std::string& list, const std::string& more) {
  if (list.empty()) list = "[]";
  Json all = parse_json(list, limits::json_bytes * 4).value_or(Json::array());
  const Json rows = parse_json(more, limits::json_bytes * 4).value_or(Json::array());
  for (const Json& row : rows) all.push_back(row);
  list = all.dump();
}

}  // namespace

HttpAnswer RestLink::exchange(const Request& request, const Prepared& ready) {
  HttpRequest made = request_of(profile_, request, ready.values, ready.fields_json);
  const std::uint64_t most = profile_.limits.json_bytes;
  if (most != 0 && request.body == BodyKind::json && made.body.size() + made.tail.size() > most)
    return {.rc = EXH_OK, .status = 413, .content_type = "application/json", .body = "{}"};  // As the desk would say.
  HttpAnswer answer = session_.ask(profile_, std::move(made));
  if (!planted(Plant::login_in_error)) answer.body = without_secrets(std::move(answer.body), session_.login());
  return answer;
}

std::string RestLink::once_key(std::string_view name, const Values& values) const {
  std::string key(name);
  for (const auto& [value, unused] : profile_.values) {
    const auto found = values.find(value);
    key += cat("\n", found == values.end() ? std::string() : found->second);
  }
  return key;
}

Verdict RestLink::step(std::string_view name, const Request& request, const Prepared& ready) {
  const HttpAnswer answer = exchange(request, ready);
  Verdict verdict = judge_step(profile_, request, ready.values, answer);
  if (name == "create" && verdict.cause == "no-proof" && lost_the_id(request, answer)) {
    verdict.rc = EXH_DENIED;
    verdict.cause = "correlation-not-kept";
    verdict.text = "the desk made a ticket and dropped its correlation id; the field is missing or not writable";
  }
  return verdict;
}

Verdict RestLink::perform(std::string_view name, Prepared ready) {
  Verdict all{.rc = EXH_OK};
  bool wrote = false;
  int place = 0;
  for (const Request& request : profile_.find(name)->requests) {
    const std::string key = once_key(cat(name, ++place), ready.values);
    const bool needless = request.once && held_.contains(key);
    if (needless || (!request.only_if.empty() && filled(request.only_if, ready.values).empty())) continue;
    const Verdict done = step(name, request, ready);
    if (done.rc != EXH_OK) return interrupted(done, request, wrote, all);
    keep(done, ready, all);
    if (done.finished) {
      all.already_there = true;
      return all;
    }
    if (request.once) held_.insert(key);
    wrote = wrote || !(request.looks || request.harmless);
  }
  return all;
}

Verdict RestLink::look(std::string_view name, Prepared ready, Judge judge) {
  const auto& requests = profile_.find(name)->requests;
  Verdict all;
  Values captured;
  for (std::size_t i = 0; i + 1 < requests.size(); ++i) {
    const Verdict before = judge_step(profile_, requests[i], ready.values, exchange(requests[i], ready));
    if (before.rc != EXH_OK) return before;
    keep(before, ready, all);
    captured.insert(before.captured.begin(), before.captured.end());
  }
  Verdict last = pages(requests.back(), ready, judge);
  last.captured = std::move(captured);
  return last;
}

Verdict RestLink::pages(const Request& request, Prepared& ready, Judge judge) {
  Verdict all{.rc = EXH_ABSENT};
  Request page = request;
  std::string at;
  for (int count = 0; count < pages_max; ++count) {
    const HttpAnswer answer = exchange(page, ready);
    const Verdict verdict = judge(profile_, request, ready.values, answer);
    if (verdict.rc != EXH_OK && verdict.rc != EXH_ABSENT) return verdict;
    if (all.matches == 0) {
      all.ticket = verdict.ticket;
      all.number = verdict.number;
    }
    all.matches += verdict.matches;
    if (verdict.rc == EXH_OK) all.rc = EXH_OK;
    if (!verdict.document.empty()) append(all.document, verdict.document);
    at = next_page(request, answer, at, rows_in(request, answer));
    if (at.empty()) return all;
    page.query[request.page.parameter] = "{page}";
    ready.values["page"] = at;
  }
  return {.rc = EXH_RETRY, .cause = "look-up-failed", .text = "the desk's list does not end"};
}

}  // namespace exhibit::rest
