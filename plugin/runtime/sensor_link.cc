#include "runtime/sensor_link.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>

#include "base/assert.h"
#include "base/limits.h"
#include "base/text.h"
#include "engine/pull_slots.h"
#include "runtime/sensor_http.h"
#include "runtime/step.h"
#include "sensorproto/iplog/iplog.h"

namespace exhibit {
namespace {

namespace asio = boost::asio;

constexpr Nanoseconds login_check = std::chrono::seconds{30};  // How often a halted link looks for a changed secret.
constexpr Nanoseconds held_check = std::chrono::seconds{5};    // Its end is told; this is for the case that it is not.

/// Something another coroutine or callback says once.
class Signal {
 public:
  explicit Signal(const Strand& strand) : timer_(strand) {
    timer_.expires_at(std::chrono::steady_clock::time_point::max());
  }
  void set(bool value) {
    value_ = value;
    set_ = true;
    timer_.cancel();
  }
  asio::awaitable<bool> wait() {
    boost::system::error_code ignored;
    if (!set_) co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return value_;
  }

 private:
  asio::steady_timer timer_;
  bool set_ = false, value_ = false;
};

/// What was thrown, for the log.
std::string text_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& held) {
    return held.what();
  } catch (...) {
    return "an exception without a name";
  }
}

}  // namespace

struct SensorLink::State : std::enable_shared_from_this<SensorLink::State> {
  State(Executors& e, SensorSettings given, SdeeCursor resume_from, EvidenceStore& store, const Clock& c,
        SecretSource source, Log l, TenantId id, Tenant t)
      : executors(e),
        strand(e.make_strand()),
        settings(std::move(given)),
        subscription(settings.subscription, std::move(resume_from)),
        evidence(store),
        clock(c),
        secrets(std::move(source)),
        log(std::move(l)),
        tenant_id(std::move(id)),
        tenant(std::move(t)),
        http(strand, settings),
        fetch_http(strand, settings),
        slots(settings.captures.pulls_max),
        pause(strand) {}

  asio::awaitable<void> follow();
  asio::awaitable<void> ask(SensorRequest request);
  std::optional<SdeeBatch> no_answer(const SensorCallResult& result);
  void begin_fetch(FetchCapture order);
  asio::awaitable<void> fetch(FetchCapture order);
  /// Its slot is free again before the engine hears of it, which may ask for the next one.
  void fetch_ended(FetchEnded ended);
  asio::awaitable<void> sleep(Nanoseconds length);
  asio::awaitable<void> wait_for_new_secret();
  asio::awaitable<SensorCallResult> call_for_log(IpLogId log_id, std::optional<EvidenceIntake>& intake);
  FetchEnded ended_of(const FetchCapture& order, const SensorCallResult& result) const;
  void trouble(CaptureCause cause, const std::string& why);
  template <typename Change>
  void show(Change change) {
    const std::lock_guard lock(showing);
    change(shown);
  }
  void say(LogLevel level, std::string_view message) const {
    log(level, tenant_id.text, cat("sensor ", settings.name.text), message);
  }
  void finished() {
    if (--running == 0 && stopped) std::exchange(stopped, nullptr)();
  }
  template <typename Work, typename Broken>
  void spawn(Work work, Broken broken) {
    ++running;
    asio::co_spawn(strand, std::move(work), [self = shared_from_this(), broken](std::exception_ptr thrown) {
      if (thrown && !self->stopping) broken(*self, text_of(thrown));
      self->finished();
    });
  }

  Executors& executors;
  Strand strand;
  SensorSettings settings;
  SdeeSubscription subscription;
  EvidenceStore& evidence;
  const Clock& clock;
  SecretSource secrets;
  Log log;
  TenantId tenant_id;
  Tenant tenant;
  SensorHttp http, fetch_http;
  PullSlots slots;
  asio::steady_timer pause;
  mutable std::mutex showing;
  Status shown{"connecting", "", 0, 0};  ///< Under `showing`; everything else belongs to the strand.
  CaptureCause told = CaptureCause::none;
  std::string held;     ///< Why nothing is taken in now; empty: all is.
  bool fetches = true;  ///< Recordings, also while `held`.
  bool stopping = false;
  bool get_for_logs = false;
  int running = 0;
  std::function<void()> stopped;
};

SensorLink::SensorLink(Executors& executors, SensorSettings settings, SdeeCursor resume_from, EvidenceStore& evidence,
                       const Clock& clock, SecretSource secrets, Log log, TenantId tenant_id, Tenant tenant)
    : state_(std::make_shared<State>(executors, std::move(settings), std::move(resume_from), evidence, clock,
                                     std::move(secrets), std::move(log), std::move(tenant_id), std::move(tenant))) {}
SensorLink::~SensorLink() = default;

SensorLink::Status SensorLink::status() const {
  const std::lock_guard lock(state_->showing);
  return state_->shown;
}

void SensorLink::start() {
  asio::post(state_->strand, [state = state_] {
    if (state->stopping) return;
    state->spawn(state->follow(), [](State& held, const std::string& why) {
      held.show([&](Status& status) { status.state = "failed", status.why = why; });
      held.trouble(CaptureCause::sensor_unreachable, cat("the feed stopped by a fault of ours: ", why));
    });
  });
}

void SensorLink::fetch(const FetchCapture& order) {
  asio::post(state_->strand, [state = state_, order] {
    if (state->stopping) return;
    if (auto now = state->slots.asked(order)) state->begin_fetch(std::move(*now));
  });
}

void SensorLink::hold(const std::string& why, bool recordings_go_on) {
  asio::post(state_->strand, [state = state_, why, recordings_go_on] {
    state->fetches = why.empty() || recordings_go_on;
    if (std::exchange(state->held, why) == why) return;
    if (why.empty()) state->pause.cancel();
    state->show([&](Status& status) {
      if (!why.empty() && status.state != "halted") status.state = "paused", status.why = why;
    });
  });
}

void SensorLink::resume() {
  asio::post(state_->strand, [state = state_] {
    state->subscription.resume();
    state->pause.cancel();
  });
}

void SensorLink::stop(std::function<void()> stopped) {
  asio::post(state_->strand, [state = state_, stopped = std::move(stopped)] {
    state->stopping = true;
    state->pause.cancel();
    state->http.cancel();
    state->fetch_http.cancel();
    if (state->running == 0) return stopped();
    state->stopped = stopped;
  });
}

asio::awaitable<void> SensorLink::State::sleep(Nanoseconds length) {
  boost::system::error_code ignored;
  pause.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(length));
  co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void SensorLink::State::trouble(CaptureCause cause, const std::string& why) {
  if (told == cause) return;
  told = cause;
  tenant.tell(SensorTrouble{settings.name, cause, why});
}

asio::awaitable<void> SensorLink::State::follow() {
  const auto self = shared_from_this();
  while (!stopping) {
    if (!held.empty()) {
      co_await sleep(held_check);
      continue;
    }
    SdeeSubscription::Step next = subscription.next();
    if (const auto* halted = std::get_if<SdeeSubscription::Halted>(&next)) {
      show([&](Status& status) { status.state = "halted", status.why = halted->why; });
      trouble(CaptureCause::login_refused,
              cat(halted->why, "; stopped until the secret changes or an operator resumes it"));
      co_await wait_for_new_secret();
    } else if (const auto* wait = std::get_if<SdeeSubscription::Pause>(&next)) {
      if (!wait->why.empty()) show([&](Status& status) { status.state = "paused", status.why = wait->why; });
      co_await sleep(wait->length);
    } else if (auto* request = std::get_if<SensorRequest>(&next)) {
      co_await ask(std::move(*request));
    } else {
      EXHIBIT_ASSERT(!"a batch is committed before the next step");
    }
  }
}

asio::awaitable<void> SensorLink::State::wait_for_new_secret() {
  const Result<Secret> refused = secrets(settings.login.password);
  while (!stopping && std::holds_alternative<SdeeSubscription::Halted>(subscription.next())) {
    co_await sleep(login_check);
    const Result<Secret> current = secrets(settings.login.password);
    if (current && (!refused || current->reveal() != refused->reveal())) subscription.resume();
  }
}

/// A batch only when what cannot be had is put aside.
std::optional<SdeeBatch> SensorLink::State::no_answer(const SensorCallResult& result) {
  using Kind = SensorCallError::Kind;
  const auto& [kind, why] = *result.error;
  std::optional<SdeeBatch> aside;
  if (kind == Kind::too_large)
    aside = subscription.too_large(result.answer.body, why);
  else
    subscription.failed(why);
  if (subscription.pauses())
    trouble(kind == Kind::certificate_refused ? CaptureCause::certificate_refused : CaptureCause::sensor_unreachable,
            why);
  return aside;
}

asio::awaitable<void> SensorLink::State::ask(SensorRequest request) {
  const Result<Secret> password = secrets(settings.login.password);
  if (!password) {
    subscription.failed(password.error().text);
    trouble(CaptureCause::login_refused, password.error().text);
    co_return;
  }
  const SensorHttp::Limits limits{request.patience + limits::sensor_grace, limits::sensor_grace + request.patience,
                                  request.answer_max};
  const SensorCallResult result = co_await http.call(request, *password, limits);
  if (stopping) co_return;
  std::optional<SdeeBatch> batch = result.error ? no_answer(result) : subscription.answered(result.answer);
  if (!batch) co_return;
  if (!held.empty()) co_return subscription.commit_failed();  // It will be asked for again.
  step("batch-received");
  show([](Status& status) { status.state = "following", status.why.clear(); });
  trouble(CaptureCause::none, "");
  const std::size_t events = batch->events.size();
  auto done = std::make_shared<Signal>(strand);
  tenant.take(SensorSaid{settings.name, std::move(*batch)}, [this, self = shared_from_this(), done](bool committed) {
    asio::post(strand, [done, committed] { done->set(committed); });
  });
  if (!co_await done->wait()) co_return subscription.commit_failed();
  show([&](Status& status) { ++status.batches, status.events += events; });
  subscription.committed();
}

asio::awaitable<SensorCallResult> SensorLink::State::call_for_log(IpLogId log_id,
                                                                  std::optional<EvidenceIntake>& intake) {
  SensorCallResult result;
  const Result<Secret> password = secrets(settings.login.password);
  if (!password) {
    result.answer.status = 401;
    co_return result;
  }
  const SensorHttp::Limits limits{limits::ip_log_deadline, limits::ip_log_silence, limits::ip_log_bytes};
  const auto sink = [&](ByteView piece) {
    if (intake && !intake->append(piece)) intake.reset();
  };
  co_return co_await fetch_http.call(ip_log_request(log_id, {}, get_for_logs), *password, limits, sink);
}

void SensorLink::State::begin_fetch(FetchCapture order) {
  spawn(fetch(order), [key = order.key](State& link, const std::string& why) {
    link.fetch_ended(FetchEnded{key, FetchEnded::Kind::unreachable, {}, 0, why});
  });
}

void SensorLink::State::fetch_ended(FetchEnded ended) {
  if (auto next = slots.ended(ended.key); next && !stopping) begin_fetch(std::move(*next));
  tenant.tell(std::move(ended));
}

asio::awaitable<void> SensorLink::State::fetch(FetchCapture order) {
  const auto self = shared_from_this();
  step("before-fetch");
  if (!fetches) {
    fetch_ended(FetchEnded{order.key, FetchEnded::Kind::store_refused, {}, 0, held});
    co_return;
  }
  const IpLogId log_id = parse_number<IpLogId>(order.key.locator).value_or(0);
  std::optional<EvidenceIntake> intake;
  SensorCallResult result;
  for (int turn = 0; turn < 2; ++turn) {
    Result<EvidenceIntake> begun = evidence.begin(limits::ip_log_bytes);
    intake.reset();
    if (begun) intake.emplace(std::move(*begun));
    result = co_await call_for_log(log_id, intake);
    if (result.answer.status != 405 || get_for_logs) break;
    get_for_logs = true;
  }
  if (stopping) co_return;
  FetchEnded ended = ended_of(order, result);
  if (ended.kind == FetchEnded::Kind::whole || ended.kind == FetchEnded::Kind::cut) {
    const EvidenceOrigin origin{settings.name.text, order.key.locator, order.key.epoch, clock.now().wall,
                                ended.kind == FetchEnded::Kind::whole};
    if (!intake) {
      ended.kind = FetchEnded::Kind::store_refused;
      ended.why = "the evidence store takes nothing";
    } else {
      step("before-seal");
      // Synchronising a file takes a while: off the strand, so that alerts go on.
      auto done = std::make_shared<Signal>(strand);
      auto sealed = std::make_shared<Result<EvidenceId>>(Error{Errc::unavailable, ""});
      asio::post(executors.workers(),
                 [this, self, done, sealed, origin, held = std::make_shared<EvidenceIntake>(std::move(*intake))] {
                   *sealed = evidence.seal(std::move(*held), origin);
                   asio::post(strand, [done] { done->set(true); });
                 });
      (void)co_await done->wait();
      step("after-seal");
      if (*sealed)
        ended.evidence = **sealed;
      else
        ended.kind = FetchEnded::Kind::store_refused, ended.why = sealed->error().text;
    }
  }
  say(LogLevel::info, cat("log ", order.key.locator, ": ", ended.evidence ? cat(ended.bytes, " bytes") : ended.why));
  fetch_ended(std::move(ended));
}

FetchEnded SensorLink::State::ended_of(const FetchCapture& order, const SensorCallResult& result) const {
  using Kind = FetchEnded::Kind;
  FetchEnded ended{order.key, Kind::unreachable, {}, result.answer.body.size(), {}};
  if (result.error && result.answer.status == 0) {
    ended.kind = result.error->kind == SensorCallError::Kind::certificate_refused ? Kind::certificate_refused
                                                                                  : Kind::unreachable;
    ended.why = result.error->why;
    return ended;
  }
  const bool over = result.error && result.error->kind == SensorCallError::Kind::too_large;
  const ByteView body = as_bytes(result.answer.body);
  const IpLogVerdict verdict = judge_ip_log({result.answer.status, body, !result.error, over});
  ended.why = result.error ? result.error->why : cat("HTTP ", result.answer.status, ", ", token(verdict));
  switch (verdict) {
    case IpLogVerdict::whole: ended.kind = Kind::whole; break;
    case IpLogVerdict::cut: ended.kind = body.size() > 24 ? Kind::cut : Kind::unreachable; break;
    case IpLogVerdict::empty: ended.kind = Kind::empty; break;
    case IpLogVerdict::gone: ended.kind = Kind::gone; break;
    case IpLogVerdict::login_refused: ended.kind = Kind::login_refused; break;
    case IpLogVerdict::too_large: ended.kind = Kind::too_large; break;
    case IpLogVerdict::use_get:
    case IpLogVerdict::not_ready: ended.kind = Kind::not_ready; break;
    case IpLogVerdict::unknown_answer: ended.kind = Kind::damaged; break;
  }
  return ended;
}

}  // namespace exhibit
