#include "sensorproto/sdee/subscription.h"

#include <algorithm>

#include "base/limits.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit {
namespace {

constexpr int refused_logins_max = 2;  // More would lock the account.
constexpr int same_unreadable_max = 3;
constexpr int alone_too_large_max = 3;
constexpr int small_gets = 8;  // What was too large just now will most likely be so again.
constexpr int doubts_max = 3;  // A sensor that knows no confirm=no would else be asked slowly for ever.

std::int64_t time_of(const SensorEvent& event) {
  return std::visit(
      [](const auto& held) -> std::int64_t {
        if constexpr (requires { held.time; })
          return held.time.ns.value_or(0);
        else
          return 0;
      },
      event);
}

/// Our own logins come back as events; they must not move anything.
bool is_our_login(const SensorEvent& event) {
  const auto* status = std::get_if<StatusEvent>(&event);
  return status && status->detail == "loginAction";
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    out += plain ? std::string(1, c) : cat("%", to_hex(as_bytes({&c, 1})));
  }
  return out;
}

}  // namespace

SdeeSubscription::SdeeSubscription(Settings settings, SdeeCursor resume_from)
    : settings_(std::move(settings)),
      cursor_(resume_from),
      stored_(std::move(resume_from)),
      events_max_(settings_.events_max) {
  if (!cursor_.subscription_id.empty()) state_ = State::ready, doubts_ = doubts_max;
}

SdeeSubscription::Step SdeeSubscription::next() {
  switch (state_) {
    case State::closed: return open_request();
    case State::ready: return get_request();
    case State::storing: return AwaitCommit{};
    case State::halted: return halted_;
    case State::pausing: break;
  }
  state_ = after_pause_;
  const int doublings = std::min(failures_ > 0 ? failures_ - 1 : 0, 10);
  return Pause{std::min(settings_.retry_max, settings_.retry_first * (1 << doublings)), pause_why_};
}

SensorRequest SdeeSubscription::open_request() const {
  // Left out, startTime means different things on different sensors: so it is always sent. 0 = all that the sensor has.
  const std::int64_t overlap = Nanoseconds(settings_.overlap).count();
  const std::int64_t start = std::max<std::int64_t>(0, stored_.last_time_ns - overlap);
  return {.method = "GET",
          .target = cat(settings_.path, "?action=open&events=evIdsAlert+evStatus+evError&force=",
                        settings_.force ? "yes" : "no", "&sessionCookies=yes&startTime=", start),
          .cookie = {},
          .patience = std::chrono::seconds{10}};
}

SensorRequest SdeeSubscription::get_request() const {
  const std::string session = cursor_.session_id.empty() ? "" : cat("&sessionId=", percent_encoded(cursor_.session_id));
  return {.method = "GET",
          .target = cat(settings_.path, "?action=get&subscriptionId=", percent_encoded(cursor_.subscription_id),
                        session, "&confirm=", confirm_ ? "yes" : "no", "&maxNbrOfEvents=", events_max_,
                        "&timeout=", settings_.long_poll.count()),
          .cookie = cursor_.cookie,
          .patience = settings_.long_poll,
          .answer_max = events_max_ > 1 ? limits::sdee_document : limits::sdee_document_at_most};
}

std::optional<SdeeBatch> SdeeSubscription::answered(const SensorAnswer& answer) {
  if (answer.status == 401) {
    cursor_.cookie.clear();
    if (++refused_logins_ >= refused_logins_max)
      halt("login-refused", "the sensor refused the login twice");
    else
      pause("the sensor refused the login");
    return std::nullopt;
  }
  Result<SdeeDocument> document = read_sdee_document(answer.body);
  if (document && document->fault) {
    on_fault(*document->fault);
    return std::nullopt;
  }
  if (answer.status != 200) {
    refused(cat("the sensor answered HTTP ", answer.status));
    return std::nullopt;
  }
  if (!document) return on_unreadable(answer, document.error());
  refused_logins_ = 0;
  if (state_ == State::closed) return on_opened(*document, answer);
  return on_events(std::move(*document));
}

std::optional<SdeeBatch> SdeeSubscription::on_opened(const SdeeDocument& document, const SensorAnswer& answer) {
  if (document.subscription_id.empty()) {
    refused("the answer to open names no subscription");
    return std::nullopt;
  }
  cursor_.subscription_id = document.subscription_id;
  cursor_.session_id = document.session_id;
  cursor_.cookie = trim(std::string_view(answer.set_cookie).substr(0, answer.set_cookie.find(';')));
  cursor_.last_time_ns = stored_.last_time_ns;
  opened_ = true;
  doubts_ = 0;  // Whatever comes late names another subscription.
  first_id_before_.reset();
  failures_ = 0;
  state_ = State::storing;
  SdeeBatch batch;
  batch.cursor = cursor_;
  return batch;
}

SdeeBatch SdeeSubscription::on_events(SdeeDocument document) {
  failures_ = 0;
  unreadable_count_ = 0;
  alone_too_large_ = 0;
  SdeeBatch batch;
  const std::int64_t before = cursor_.last_time_ns;
  first_id_ = document.events.empty()
                  ? ""
                  : std::visit([](const auto& held) { return held.event_id; }, document.events.front());
  for (SensorEvent& event : document.events) {
    if (is_our_login(event)) continue;
    cursor_.last_time_ns = std::max(cursor_.last_time_ns, time_of(event));
    batch.events.push_back(std::move(event));
  }
  batch.unreadable = std::move(document.unreadable);
  if (document.missed_events)
    batch.gap = SensorGap{"missed-events", before, cursor_.last_time_ns, "the sensor said that it dropped events"};
  if (!document.session_id.empty()) cursor_.session_id = document.session_id;
  batch.cursor = cursor_;
  state_ = State::storing;
  return batch;
}

std::optional<SdeeBatch> SdeeSubscription::on_unreadable(const SensorAnswer& answer, const Error& error) {
  const std::string digest = hex(sha256(answer.body));
  unreadable_count_ = digest == last_unreadable_ ? unreadable_count_ + 1 : 1;
  last_unreadable_ = digest;
  if (state_ != State::ready || unreadable_count_ < same_unreadable_max) {
    refused(error.text);
    return std::nullopt;
  }
  unreadable_count_ = 0;
  return put_aside(answer.body, error.text);
}

/// Seen three times, a poison is acknowledged, or the sensor's ring overwrites what waits behind it.
SdeeBatch SdeeSubscription::put_aside(std::string_view document, const std::string& why) {
  SdeeBatch batch;
  batch.unreadable.push_back({std::string(cut_utf8(document, limits::field_text)), why});
  batch.gap = SensorGap{"unreadable-batch", cursor_.last_time_ns, cursor_.last_time_ns, why};
  batch.cursor = cursor_;
  state_ = State::storing;
  doubts_ = 0;
  return batch;
}

void SdeeSubscription::on_fault(const SdeeFault& fault) {
  const std::string why =
      cat("the sensor said ", harmless(cut_utf8(fault.code, 60)), ": ", harmless(cut_utf8(fault.reason, 200)));
  if (fault.code == "errNotFound" && state_ == State::ready) {
    // Closed, timed out or restarted. Opened again from the cursor; what comes twice is dropped by its identity.
    cursor_.subscription_id.clear();
    cursor_.cookie.clear();
    state_ = State::closed;
    if (++failures_ > 1) pause(why);
    return;
  }
  if (fault.code == "errPermissionDenied" || fault.code == "errAuthenticationTokenExpired")
    return halt("permission-denied", why);
  if (fault.code == "errNotAvailable" && state_ == State::closed) return halt("not-available", why);
  refused(why);
}

void SdeeSubscription::pause(std::string_view why) {
  after_pause_ = state_ == State::pausing ? after_pause_ : state_;
  state_ = State::pausing;
  pause_why_ = why;
}

void SdeeSubscription::halt(std::string_view cause, std::string_view why) {
  halted_ = {std::string(cause), std::string(why)};
  state_ = State::halted;
}

void SdeeSubscription::refused(std::string_view why) {
  ++failures_;
  confirm_ = false;
  pause(why);
}

void SdeeSubscription::failed(std::string_view why) {
  refused(why);
  doubts_ = doubts_max;
  first_id_before_.reset();
}

std::optional<SdeeBatch> SdeeSubscription::too_large(std::string_view begun, std::string_view why) {
  // The sensor acted on the request: nothing of it comes late.
  const bool was_get = state_ == State::ready;
  if (was_get && events_max_ > 1) {
    events_max_ = std::max(1, events_max_ / 4);
    small_gets_ = small_gets;
    confirm_ = false;
    return std::nullopt;
  }
  refused(why);
  if (!was_get) return std::nullopt;
  if (++alone_too_large_ < alone_too_large_max) return std::nullopt;
  alone_too_large_ = 0;
  return put_aside(begun, std::string(why));
}

void SdeeSubscription::committed() {
  stored_ = cursor_;
  state_ = State::ready;
  // There is nothing to acknowledge yet, and the first get must not do so either when it comes late, after another one.
  if (std::exchange(opened_, false)) return void(confirm_ = false);
  confirm_ = may_acknowledge();
  if (!confirm_) return pause("");
  if (small_gets_ > 0)
    --small_gets_;
  else
    events_max_ = std::min(settings_.events_max, 4 * events_max_);
}

bool SdeeSubscription::may_acknowledge() {
  const bool same = first_id_before_ == first_id_;
  first_id_before_ = first_id_;
  doubts_ = same ? 0 : std::max(0, doubts_ - 1);
  if (doubts_ == 0) first_id_before_.reset();
  return doubts_ == 0;
}

void SdeeSubscription::commit_failed() {
  opened_ = false;
  cursor_.last_time_ns = stored_.last_time_ns;
  confirm_ = false;
  ++failures_;
  state_ = State::ready;
  pause("the store refused the batch");
}

void SdeeSubscription::resume() {
  refused_logins_ = 0;
  failures_ = 0;
  confirm_ = false;
  if (state_ == State::halted) state_ = cursor_.subscription_id.empty() ? State::closed : State::ready;
}

}  // namespace exhibit
