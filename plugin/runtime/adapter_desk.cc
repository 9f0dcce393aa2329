#include "runtime/adapter_desk.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "exhibit/types.h"

namespace exhibit {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_round{25};
constexpr std::chrono::seconds grace{4};  // Over the deadline that the runner itself keeps.
constexpr std::chrono::seconds good_life{10};
constexpr std::chrono::minutes turn_patience{10};
constexpr std::size_t waiting_max = 10'000;

DeskGate::Settings gate_settings(const DeskSettings& settings) {
  DeskGate::Settings gate;
  gate.calls_per_hour = settings.calls_per_hour;
  gate.rest_first = settings.retry;
  gate.denied_rest = settings.retry * 15;
  return gate;
}

/// The desk's gate counts in the library's own clock type.
MonoTime mono(steady_clock::time_point time) { return std::chrono::time_point_cast<Nanoseconds>(time); }

std::string lock_path(const std::string& state, const DeskId& desk) {
  return cat(state, "/run/desk-", desk.text, ".lock");
}

AdapterResult ended(std::int32_t rc, std::string_view cause, std::string_view text) {
  return {.rc = rc,
          .ticket = {},
          .number = {},
          .url = {},
          .cause = std::string(cause),
          .text = std::string(text),
          .document = {}};
}

milliseconds pause_after(int deaths) {
  constexpr std::int64_t most = 30'000;
  return milliseconds(deaths <= 1 ? 50 : std::min<std::int64_t>(most, 100LL << std::min(2 * (deaths - 2), 20)));
}

}  // namespace

AdapterWorker::AdapterWorker(DeskSettings settings, AdapterDeskWorld world)
    : settings_(std::move(settings)),
      world_(std::move(world)),
      strand_(world_.executors.make_strand()),
      timer_(strand_),
      gate_(gate_settings(settings_)),
      links_(static_cast<std::size_t>(std::clamp(settings_.concurrency, 1, 32))) {}

void AdapterWorker::submit(Call call) {
  boost::asio::post(strand_, [self = shared_from_this(), c = std::make_shared<Call>(std::move(call))] {
    if (self->stopped_) return c->done(ended(EXH_RETRY, "stopping", "nothing was sent"));
    if (self->waiting_.size() == waiting_max) return c->done(ended(EXH_BUSY, "desk-queue-full", "nothing was sent"));
    const Time now = steady_clock::now();
    const std::uint64_t number = ++self->next_number_;
    self->gate_.wait(number, c->tenant, c->severity, mono(now));
    self->waiting_.emplace(number, Waiting{std::move(*c), now});
    self->pump();
    self->arm();
  });
}

void AdapterWorker::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    if (self->stopped_) return;
    self->stopped_ = true;
    self->timer_.cancel();
    self->runner_ended("the plugin stops");
    self->refuse_waiting(ended(EXH_RETRY, "stopping", "nothing was sent"));
  });
}

void AdapterWorker::resume() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->gate_.resume();
    self->pump();
  });
}

void AdapterWorker::arm() {
  const bool busy = std::any_of(links_.begin(), links_.end(), [](const Link& link) { return link.busy; });
  if (armed_ || stopped_ || (waiting_.empty() && !busy)) return;
  armed_ = true;
  timer_.expires_after(look_round);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    self->armed_ = false;
    if (error || self->stopped_) return;
    self->tick();
    self->arm();
  });
}

void AdapterWorker::tick() {
  const Time now = steady_clock::now();
  const bool stuck =
      std::any_of(links_.begin(), links_.end(), [&](const Link& link) { return link.busy && link.give_up <= now; });
  if (stuck) runner_ended("the runner did not answer in time");
  // For a turn among the tenants a call waits long; for a runner that cannot start, no longer than for an answer.
  const Nanoseconds patience = state_ == State::up ? Nanoseconds(turn_patience) : settings_.deadline;
  while (!waiting_.empty() && now - waiting_.begin()->second.since >= patience) {  // Older calls have lower numbers.
    const std::uint64_t number = waiting_.begin()->first;
    gate_.leave(number);
    take_waiting(number).done(ended(EXH_RETRY, "desk-busy", "it waited too long for its turn; nothing was sent"));
  }
  pump();
}

void AdapterWorker::pump() {
  if (stopped_ || waiting_.empty()) return;
  const Time now = steady_clock::now();
  if (const auto rest = gate_.rest(mono(now))) return refuse_while_resting(*rest, now);
  const bool idle_links = std::none_of(links_.begin(), links_.end(), [](const Link& link) { return link.busy; });
  if (state_ == State::up && renew_login_ && idle_links) runner_ended("the login is read anew");
  if (state_ == State::idle || state_ == State::locking) begin();
  if (state_ != State::up || renew_login_) return;
  for (std::size_t i = 0; i < links_.size() && !waiting_.empty(); ++i) {
    if (links_[i].busy) continue;
    if (!links_[i].opened) {
      open_link(i);
      continue;
    }
    const auto number = gate_.next(mono(now));
    if (!number) return;
    send(i, take_waiting(*number));
  }
}

/// A new runner is started only when no other can still reach the desk.
void AdapterWorker::begin() {
  if (steady_clock::now() < not_before_) return;
  state_ = State::locking;
  std::error_code ignored;
  std::filesystem::create_directories(world_.state + "/run", ignored);
  if (std::optional<FileHandle> lock = take_runner_lock(lock_path(world_.state, settings_.name)))
    start_runner(std::move(*lock));
}

void AdapterWorker::start_runner(FileHandle lock) {
  started_ = steady_clock::now();
  const Result<AdapterPaths> paths = find_adapter(world_.runner, settings_.adapter, settings_.profile);
  if (!paths) {
    state_ = State::idle;
    not_before_ = started_ + pause_after(++deaths_);
    return refuse_waiting(ended(EXH_DENIED, "adapter-missing", paths.error().text));
  }
  RunnerProcess::Plan plan{.runner = paths->runner, .module = paths->module, .environment = {"MALLOC_ARENA_MAX=2"}};
  if (!settings_.ca.empty()) {
    // The library reads the default trust store for each connection: this makes it ours, and small.
    plan.environment.push_back(cat("SSL_CERT_FILE=", settings_.ca));
    plan.environment.emplace_back("SSL_CERT_DIR=/nonexistent");
  }
  const std::uint64_t life = ++life_;
  const auto for_this_life = [weak = weak_from_this(), life](auto&& act) {
    if (const auto self = weak.lock(); self && self->life_ == life) act(*self);
  };
  Result<std::shared_ptr<RunnerProcess>> runner = RunnerProcess::start(
      strand_, plan, std::move(lock),
      [for_this_life](const Message& message) { for_this_life([&](AdapterWorker& self) { self.take(message); }); },
      [for_this_life] { for_this_life([](AdapterWorker& self) { self.runner_ended("the runner ended"); }); });
  if (!runner) {
    state_ = State::idle;
    not_before_ = started_ + pause_after(++deaths_);
    return refuse_waiting(ended(EXH_DENIED, "adapter-missing", runner.error().text));
  }
  runner_ = std::move(*runner);
  state_ = State::starting;
}

void AdapterWorker::open_link(std::size_t index) {
  Link& link = links_[index];
  const Result<AdapterPaths> paths = find_adapter(world_.runner, settings_.adapter, settings_.profile);
  const Result<std::string> profile = paths ? read_profile(*paths) : std::string();
  if (!profile) return refuse_waiting(ended(EXH_DENIED, "profile-missing", profile.error().text));
  const Result<Secret> login = with_secrets(settings_.login_json, world_.secrets);
  if (!login) return refuse_waiting(ended(EXH_DENIED, "secret-missing", login.error().text));
  const Result<Secret> mailbox =
      settings_.mailbox_json.empty() ? Secret("") : with_secrets(settings_.mailbox_json, world_.secrets);
  if (!mailbox) return refuse_waiting(ended(EXH_DENIED, "secret-missing", mailbox.error().text));
  link.busy = true;
  link.number = ++next_number_;
  link.call.reset();
  link.give_up = steady_clock::now() + settings_.deadline + grace;
  runner_->send({.kind = FrameKind::open,
                 .call = link.number,
                 .payload = cat("{\"link\":", index, ",",
                                open_members(settings_, {login->reveal(), mailbox->reveal(), *profile}), "}")},
                {});
}

AdapterWorker::Call AdapterWorker::take_waiting(std::uint64_t number) {
  const auto at = waiting_.find(number);
  Call call = std::move(at->second.call);
  waiting_.erase(at);
  return call;
}

void AdapterWorker::send(std::size_t index, Call call) {
  Link& link = links_[index];
  link.call = std::make_unique<Call>(std::move(call));
  link.busy = true;
  link.number = ++next_number_;
  link.give_up = steady_clock::now() + settings_.deadline + grace;
  Message message{.kind = link.call->kind,
                  .call = link.number,
                  .payload = cat("{\"link\":", index, link.call->members.empty() ? "" : ",", link.call->members, "}")};
  runner_->send(message, std::exchange(link.call->files, {}));
}

void AdapterWorker::take_hello(const std::string& payload) {
  const Result<Json> hello = parse_json(payload);
  const std::string error = hello && hello->is_object() ? text_at(*hello, "error") : "the module describes nothing";
  if (!error.empty()) return refuse_waiting(ended(EXH_DENIED, "adapter-missing", error));
  state_ = State::up;
  stable_id_ = hello->value("stable_id", false);
  pump();
}

void AdapterWorker::take(const Message& message) {
  if (message.kind == FrameKind::hello) return take_hello(message.payload);
  if (message.kind == FrameKind::log) {
    const Result<Json> line = parse_json(message.payload);
    if (line && line->is_object())
      world_.log(LogLevel::info, "", cat("desk ", settings_.name.text), harmless(text_at(*line, "text")));
    return;
  }
  const auto link = std::find_if(links_.begin(), links_.end(),
                                 [&](const Link& one) { return one.busy && one.number == message.call; });
  if (message.kind != FrameKind::result || link == links_.end()) return runner_ended("the runner broke the rules");
  finish_link(*link, read_result(message.payload));
  pump();
  arm();
}

void AdapterWorker::finish_link(Link& link, const AdapterResult& result) {
  link.busy = false;
  if (!link.call) {
    link.opened = result.rc == EXH_OK;
    if (!link.opened) refuse_waiting(ended(EXH_DENIED, "adapter-configuration", result.why()));
    return;
  }
  const std::unique_ptr<Call> call = std::move(link.call);
  if (result.rc == EXH_DENIED) renew_login_ = true;  // The secret may have been rotated since.
  end_call(*call, result);
}

void AdapterWorker::end_call(Call& call, const AdapterResult& result) {
  gate_.told(told_by(result), mono(steady_clock::now()));
  call.done(result);
}

/// Whatever was on its way is unknown now; a look-up only tells nothing.
void AdapterWorker::runner_ended(std::string_view why) {
  if (runner_) runner_->close();
  runner_.reset();
  ++life_;
  state_ = State::idle;
  const Time now = steady_clock::now();
  const bool planned = stopped_ || renew_login_;
  deaths_ = planned || now - started_ > good_life ? 1 : deaths_ + 1;
  not_before_ = planned ? now : now + pause_after(deaths_);
  renew_login_ = false;
  if (!planned) world_.log(LogLevel::warning, "", cat("desk ", settings_.name.text), cat("adapter runner: ", why));
  for (Link& link : links_) {
    const std::unique_ptr<Call> call = std::move(link.call);
    link.opened = link.busy = false;
    if (call) end_call(*call, ended(call->kind == FrameKind::apply ? EXH_UNKNOWN : EXH_RETRY, "runner-ended", why));
  }
  arm();
}

void AdapterWorker::refuse_waiting(const AdapterResult& result) {
  for (auto& [number, waiting] : std::exchange(waiting_, {})) {
    gate_.leave(number);
    waiting.call.done(result);
  }
}

/// All tenants hear it at once, and none of them calls before it is over.
void AdapterWorker::refuse_while_resting(const DeskGate::Rest& rest, Time now) {
  AdapterResult result = ended(rest.denied ? EXH_DENIED : EXH_RETRY, "desk-rests", rest.why);
  result.desk_rests = true;
  result.retry_after = rest.until - mono(now);
  refuse_waiting(result);
}

bool runner_is_gone(const std::string& state, const DeskId& desk) {
  std::error_code error;
  return !std::filesystem::exists(lock_path(state, desk), error) ||
         take_runner_lock(lock_path(state, desk)).has_value();
}

}  // namespace exhibit
