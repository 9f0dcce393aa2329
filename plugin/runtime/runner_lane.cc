#include "runtime/runner_lane.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/plants.h"
#include "base/text.h"
#include "exhibit/types.h"
#include "runtime/adapter_paths.h"

namespace exhibit {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds grace{4};  // Over the deadline that the runner itself keeps.
constexpr std::chrono::seconds good_life{10};
constexpr int links_max = 32;

milliseconds pause_after(int deaths) {
  constexpr std::int64_t most = 30'000;
  return milliseconds(deaths <= 1 ? 50 : std::min<std::int64_t>(most, 100LL << std::min(2 * (deaths - 2), 20)));
}

}  // namespace

AdapterResult not_answered(std::int32_t rc, std::string_view cause, std::string_view text) {
  return {.rc = rc,
          .ticket = {},
          .number = {},
          .url = {},
          .cause = std::string(cause),
          .text = std::string(text),
          .document = {}};
}

RunnerLane::RunnerLane(const DeskSettings& settings, const AdapterDeskWorld& world, const Strand& strand,
                       std::string lock, Worker worker)
    : settings_(settings),
      world_(world),
      strand_(strand),
      lock_(std::move(lock)),
      worker_(std::move(worker)),
      links_(static_cast<std::size_t>(std::clamp(settings_.concurrency, 1, links_max))) {}

bool RunnerLane::free() const {
  return state_ == State::up && !renew_login_ &&
         std::any_of(links_.begin(), links_.end(), [](const Link& link) { return link.opened && !link.busy; });
}

std::size_t RunnerLane::busy() const {
  return static_cast<std::size_t>(
      std::count_if(links_.begin(), links_.end(), [](const Link& link) { return link.busy; }));
}

void RunnerLane::prepare(Time now) {
  if (state_ == State::up && renew_login_ && busy() == 0) end("the login is read anew");
  if (state_ == State::idle || state_ == State::locking) begin(now);
  if (state_ != State::up || renew_login_ || free()) return;
  for (std::size_t i = 0; i < links_.size(); ++i)
    if (!links_[i].opened && !links_[i].busy) return open_link(i);
}

void RunnerLane::tick(Time now) {
  const bool stuck =
      std::any_of(links_.begin(), links_.end(), [&](const Link& link) { return link.busy && link.give_up <= now; });
  if (stuck) end("the runner did not answer in time");
}

void RunnerLane::stop() {
  stopped_ = true;
  end("the plugin stops");
}

/// A new runner is started only when no other can still reach the desk.
void RunnerLane::begin(Time now) {
  if (now < not_before_) return;
  state_ = State::locking;
  std::error_code ignored;
  std::filesystem::create_directories(world_.state + "/run", ignored);
  if (std::optional<FileHandle> lock = take_runner_lock(lock_)) start_runner(std::move(*lock));
}

void RunnerLane::cannot_start(std::string_view why) {
  state_ = State::idle;
  not_before_ = started_ + pause_after(++deaths_);
  worker_.refuse(not_answered(EXH_DENIED, "adapter-missing", why));
}

void RunnerLane::start_runner(FileHandle lock) {
  started_ = steady_clock::now();
  const Result<AdapterPaths> paths = find_adapter(world_.runner, settings_.adapter, settings_.profile);
  if (!paths) return cannot_start(paths.error().text);
  RunnerProcess::Plan plan{.runner = paths->runner, .module = paths->module, .environment = {"MALLOC_ARENA_MAX=2"}};
  if (!settings_.ca.empty()) {
    // The library reads the default trust store for each connection: this makes it ours, and small.
    plan.environment.push_back(cat("SSL_CERT_FILE=", settings_.ca));
    plan.environment.emplace_back("SSL_CERT_DIR=/nonexistent");
  }
#ifdef EXHIBIT_PLANTS
  if (const char* const plant = std::getenv("EXHIBIT_PLANT")) plan.environment.push_back(cat("EXHIBIT_PLANT=", plant));
#endif
  const std::uint64_t life = ++life_;
  const auto for_this_life = [weak = weak_from_this(), life](auto&& act) {
    if (const auto self = weak.lock(); self && self->life_ == life) act(*self);
  };
  Result<std::shared_ptr<RunnerProcess>> runner = RunnerProcess::start(
      strand_, plan, std::move(lock),
      [for_this_life](const Message& message) { for_this_life([&](RunnerLane& self) { self.take(message); }); },
      [for_this_life] { for_this_life([](RunnerLane& self) { self.end("the runner ended"); }); });
  if (!runner) return cannot_start(runner.error().text);
  runner_ = std::move(*runner);
  state_ = State::starting;
}

void RunnerLane::open_link(std::size_t index) {
  const auto refuse = [this](std::string_view cause, const Error& error) {
    worker_.refuse(not_answered(EXH_DENIED, cause, error.text));
  };
  Link& link = links_[index];
  const Result<AdapterPaths> paths = find_adapter(world_.runner, settings_.adapter, settings_.profile);
  const Result<std::string> profile = paths ? read_profile(*paths) : std::string();
  if (!profile) return refuse("profile-missing", profile.error());
  const Result<Secret> login = with_secrets(settings_.login_json, world_.secrets);
  if (!login) return refuse("secret-missing", login.error());
  if (planted(Plant::login_in_log)) world_.log(LogLevel::info, "", cat("desk ", settings_.name.text), login->reveal());
  const Result<Secret> mailbox =
      settings_.mailbox_json.empty() ? Secret("") : with_secrets(settings_.mailbox_json, world_.secrets);
  if (!mailbox) return refuse("secret-missing", mailbox.error());
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

void RunnerLane::send(AdapterCall call) {
  const auto link = std::find_if(links_.begin(), links_.end(), [](const Link& one) { return one.opened && !one.busy; });
  link->call = std::make_unique<AdapterCall>(std::move(call));
  link->busy = true;
  link->number = ++next_number_;
  link->give_up = steady_clock::now() + settings_.deadline + grace;
  const auto index = link - links_.begin();
  Message message{
      .kind = link->call->kind,
      .call = link->number,
      .payload = cat("{\"link\":", index, link->call->members.empty() ? "" : ",", link->call->members, "}")};
  runner_->send(message, std::exchange(link->call->files, {}));
}

void RunnerLane::take_hello(const std::string& payload) {
  const Result<Json> hello = parse_json(payload);
  const std::string error = hello && hello->is_object() ? text_at(*hello, "error") : "the module describes nothing";
  if (!error.empty()) return worker_.refuse(not_answered(EXH_DENIED, "adapter-missing", error));
  state_ = State::up;
  stable_id_ = hello->value("stable_id", false);
  worker_.ready();
}

void RunnerLane::take(const Message& message) {
  if (message.kind == FrameKind::hello) return take_hello(message.payload);
  if (message.kind == FrameKind::log) {
    const Result<Json> line = parse_json(message.payload);
    if (line && line->is_object())
      world_.log(LogLevel::info, "", cat("desk ", settings_.name.text), harmless(text_at(*line, "text")));
    return;
  }
  const auto link = std::find_if(links_.begin(), links_.end(),
                                 [&](const Link& one) { return one.busy && one.number == message.call; });
  if (message.kind != FrameKind::result || link == links_.end()) return end("the runner broke the rules");
  finish_link(*link, read_result(message.payload));
  worker_.ready();
}

void RunnerLane::finish_link(Link& link, const AdapterResult& result) {
  link.busy = false;
  if (!link.call) {
    link.opened = result.rc == EXH_OK;
    if (!link.opened) worker_.refuse(not_answered(EXH_DENIED, "adapter-configuration", result.why()));
    return;
  }
  const std::unique_ptr<AdapterCall> call = std::move(link.call);
  if (result.rc == EXH_DENIED) renew_login_ = true;  // The secret may have been rotated since.
  worker_.ended(*call, result);
}

void RunnerLane::end(std::string_view why) {
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
    const std::unique_ptr<AdapterCall> call = std::move(link.call);
    link.opened = link.busy = false;
    if (call)
      worker_.ended(*call, not_answered(call->kind == FrameKind::apply ? EXH_UNKNOWN : EXH_RETRY, "runner-ended", why));
  }
}

}  // namespace exhibit
