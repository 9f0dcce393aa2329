#include "sensorproto/sim/sensor.h"

#include <algorithm>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"

/// The SDEE side: logins, subscriptions and waiting `get`s.
namespace exhibit::sim {
namespace {

constexpr std::chrono::seconds longest_wait{30};
constexpr std::chrono::milliseconds look_round{50};

/// Query and form body together: public clients use either, and one uses both.
Parameters parameters_of(const HttpRequest& request) {
  Parameters merged = parse_form(request.query);
  if (request.method == "POST") merged.merge(parse_form(request.body));
  return merged;
}

/// Lists are parted by '+', which form decoding turns into a blank, or by ','.
std::set<std::string, std::less<>> list_of(const Parameters& parameters, std::string_view name) {
  std::set<std::string, std::less<>> values;
  const std::string text = value_of(parameters, name);
  for (const std::string_view value : split(text, "+ ,")) values.emplace(value);
  return values;
}

EventFilter filter_of(const Parameters& parameters) {
  EventFilter filter{.types = list_of(parameters, "events"),
                     .alert_severities = list_of(parameters, "idsAlertSeverities"),
                     .error_severities = list_of(parameters, "errorSeverities")};
  if (filter.alert_severities.empty()) filter.alert_severities = list_of(parameters, "alertSeverities");
  return filter;
}

std::optional<WallTime> time_of(const Parameters& parameters, std::string_view name) {
  const auto ns = parse_number<std::int64_t>(value_of(parameters, name));
  return ns ? std::optional(wall_from_ns(*ns)) : std::nullopt;
}

std::size_t count_of(const Parameters& parameters) {
  std::string text = value_of(parameters, "maxNbrOfEvents");
  if (text.empty()) text = value_of(parameters, "maxNbrofEvents");  // Two public clients spell it so.
  const auto count = parse_number<std::size_t>(text);
  return count && *count > 0 ? std::min(*count, EventStore::batch_max) : EventStore::batch_max;
}

std::string events_body(const EventBatch& batch) {
  std::string body = "<sd:events>";  // One client knows an empty answer only by this exact text.
  for (const StoredEvent* event : batch.events) body += event->xml;
  return body + "</sd:events>";
}

HttpReply xml_reply(std::string body) { return {.headers = {{"Content-Type", "text/xml"}}, .body = std::move(body)}; }

HttpReply refused_login() {
  return {.status = 401,
          .headers = {{"WWW-Authenticate", "Basic realm=\"Cisco IPS\""}},
          .body = "<html><body>401 Unauthorized</body></html>\n"};
}

}  // namespace

Sensor::Sensor(Options options, Clock clock, Say say, std::unique_ptr<Scenario> scenario,
               std::optional<RecordedAnswers> answers)
    : options_(std::move(options)),
      clock_(std::move(clock)),
      say_(std::move(say)),
      store_(options_.store),
      ring_(options_.ring),
      scenario_(std::move(scenario)),
      answers_(std::move(answers)),
      next_event_(static_cast<std::uint64_t>(ns_of(clock_())) / 1'000'000'000 * 1'000'000'000 + 45'587'000) {
  if (options_.unasked) started_ = clock_();
}

Result<void> Sensor::misbehave(std::string_view name) {
  const Lock lock(mutex_);
  return faults_.order(name);
}

void Sensor::stop() {
  const Lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

std::optional<Sensor::Login> Sensor::login(const HttpRequest& request) {
  const std::string_view cookie = request.header("Cookie");
  constexpr std::string_view name = "sessionId=";
  if (const std::size_t at = cookie.find(name); at != std::string_view::npos) {
    const std::string id(cookie.substr(at + name.size(), 32));
    if (sessions_.contains(id)) return Login{.session = id};
  }
  const auto given = basic_login(request.header("Authorization"));
  if (!options_.password.empty() &&
      !(given && given->first == options_.user && equal_in_constant_time(given->second, options_.password)))
    return std::nullopt;
  for (const auto& [id, user] : sessions_)
    if (given && user == given->first) return Login{.session = id};
  const std::string user = given ? given->first : "nobody";
  const std::string session = hex(sha256(cat(user, '#', sessions_.size(), '@', ns_of(clock_())))).substr(0, 32);
  sessions_[session] = user;
  if (options_.announce_logins) add("evStatus", "", login_status_xml(user, identity()));
  return Login{.session = session, .fresh = true};
}

HttpReply Sensor::handle(const HttpRequest& request) {
  Lock lock(mutex_);
  if (request.path == "/cgi-bin/sdee-server") return sdee(request, lock);
  if (request.path == "/cgi-bin/iplog-server") return ip_log(request);
  return {.status = 404, .body = "<html><body>404 Not Found</body></html>\n"};
}

HttpReply Sensor::sdee(const HttpRequest& request, Lock& lock) {
  if (request.method != "GET" && request.method != "POST") return {.status = 405};
  const Parameters parameters = parameters_of(request);
  std::string action = value_of(parameters, "action");
  if (action.empty()) action = parameters.contains("subscriptionId") ? "get" : "query";
  const auto fault = faults_.meet(action);
  if (fault == "restart") ring_.clear();
  if (fault == "restart" || fault == "forget") store_.forget_all();
  if (fault == "restart") add("evStatus", "", plain_status_xml("applicationStarted", identity()));
  const auto who = login(request);
  if (!who) return refused_login();
  HttpReply reply;
  if (fault == "same" && !last_body_.empty()) {
    reply = xml_reply(last_body_);
  } else {
    reply = sdee_action(action, parameters, request, lock);
    if (action == "get") last_body_ = reply.body;
  }
  reply.headers.push_back({"Set-Cookie", cat("sessionId=", who->session, "; path=/; secure")});
  return fault ? spoil(*fault, std::move(reply)) : reply;
}

HttpReply Sensor::sdee_action(const std::string& action, const Parameters& parameters, const HttpRequest& request,
                              Lock& lock) {
  EnvelopeHead head{.session = login(request)->session};
  if (action == "get" && answers_ && store_.knows(value_of(parameters, "subscriptionId")))
    return xml_reply(get_recorded(parameters, request, lock));
  std::string body;
  if (action == "open")
    body = open(parameters, head.session);
  else if (action == "get")
    body = get(parameters, request, lock, head);
  else if (action == "close" || action == "cancel")
    body = close_or_cancel(action, value_of(parameters, "subscriptionId"));
  else if (action == "query")
    body = query(parameters, head);
  else
    body = fault_body("errUnacceptableValue", cat("Unknown action ", action));
  return xml_reply(envelope(head, body));
}

std::string Sensor::open(const Parameters& parameters, const std::string& session) {
  const std::string id = store_.open(filter_of(parameters), time_of(parameters, "startTime"),
                                     value_of(parameters, "force") == "yes", clock_(), session);
  if (id.empty()) return fault_body("errLimitExceeded", "The maximum number of subscriptions is open");
  if (!opened_) opened_ = clock_();
  if (!started_) started_ = opened_;
  return cat("<sd:subscriptionId>", id, "</sd:subscriptionId>");
}

std::string Sensor::close_or_cancel(const std::string& action, const std::string& id) {
  if (!store_.knows(id)) return fault_body("errNotFound", "Subscription does not exist");
  if (waiting_.contains(id)) cancelled_.insert(id);
  if (action == "close") store_.close(id);
  changed_.notify_all();
  return {};
}

/// False when the wait was ended from outside: cancelled, closed, or the client has gone.
bool Sensor::wait_for_news(const std::string& id, std::chrono::seconds timeout, const HttpRequest& request,
                           Lock& lock) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  waiting_.insert(id);
  bool gone = false;
  while (!store_.has_news(id) && !cancelled_.contains(id) && store_.knows(id) && !stopping_ && !gone &&
         std::chrono::steady_clock::now() < end) {
    changed_.wait_until(lock, std::min(end, std::chrono::steady_clock::now() + look_round));
    gone = request.peer_gone && request.peer_gone();
  }
  waiting_.erase(id);
  return cancelled_.erase(id) == 0 && !gone && store_.knows(id);
}

std::string Sensor::get(const Parameters& parameters, const HttpRequest& request, Lock& lock, EnvelopeHead& head) {
  const std::string id = value_of(parameters, "subscriptionId");
  if (!store_.knows(id)) return fault_body("errNotFound", "Subscription does not exist");
  if (waiting_.contains(id)) return fault_body("errInUse", "A get is waiting on this subscription");
  const bool confirm = value_of(parameters, "confirm", "yes") != "no";
  const auto seconds = parse_number<unsigned>(value_of(parameters, "timeout"));
  const auto timeout = std::min(longest_wait, std::chrono::seconds(seconds.value_or(30)));
  if (confirm && !store_.has_news(id)) {
    // What was handed out is acknowledged now, not when the wait is over.
    (void)store_.get(id, 0, true, clock_());
    finish_when_done();
    if (!wait_for_news(id, timeout, request, lock))
      return store_.knows(id) ? std::string("<sd:events></sd:events>")
                              : fault_body("errNotFound", "Subscription does not exist");
  }
  const EventBatch batch = store_.get(id, count_of(parameters), confirm, clock_());
  head.remaining = batch.remaining;
  head.missed = batch.missed;
  finish_when_done();
  return events_body(batch);
}

std::string Sensor::get_recorded(const Parameters& parameters, const HttpRequest& request, Lock& lock) {
  const bool confirm = value_of(parameters, "confirm", "yes") != "no";
  const bool any = answers_->any_left() || !confirm;
  const std::string document = answers_->next(confirm);
  finish_when_done();
  if (!any) {
    const auto seconds = parse_number<unsigned>(value_of(parameters, "timeout")).value_or(0);
    wait_for_news(value_of(parameters, "subscriptionId"), std::min(longest_wait, std::chrono::seconds(seconds)),
                  request, lock);
    return envelope({.session = login(request)->session, .remaining = 0}, "<sd:events></sd:events>");
  }
  say_(cat(R"({"event":"batch","at_ns":")", ns_of(clock_()), R"("})"));
  return document;
}

std::string Sensor::query(const Parameters& parameters, EnvelopeHead& head) const {
  const EventBatch batch =
      store_.query(filter_of(parameters), time_of(parameters, "startTime").value_or(WallTime::min()),
                   time_of(parameters, "stopTime").value_or(WallTime::max()), count_of(parameters));
  head.remaining = batch.remaining;
  return events_body(batch);
}

}  // namespace exhibit::sim
