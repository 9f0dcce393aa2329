#include "abi/engine.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "abi/awaited.h"
#include "base/json.h"
#include "base/plants.h"
#include "base/text.h"
#include "base/utc.h"
#include "incident/zone.h"
#include "runtime/adapter_host.h"
#include "runtime/adoption_json.h"
#include "runtime/careful_desk.h"
#include "runtime/host_desk.h"

namespace exhibit {
namespace {

constexpr int io_threads = 3;
constexpr int worker_threads = 2;
constexpr std::chrono::seconds stop_budget{4};
constexpr std::chrono::seconds command_budget{10};

Outbox::Settings outbox_settings(const DeskSettings& desk) {
  Outbox::Settings outbox;
  outbox.settle = desk.settle;
  outbox.retry_first = desk.retry;
  outbox.denied_pause = std::max(desk.retry, Nanoseconds(desk.retry * 15));
  outbox.in_flight_max = static_cast<std::size_t>(desk.concurrency);
  return outbox;
}

exh_str borrowed(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

HostTable::HostTable(const exh_host* host) {
  if (host)
    std::copy_n(reinterpret_cast<const char*>(host), std::min<std::size_t>(host->size, sizeof host_),
                reinterpret_cast<char*>(&host_));
}

void HostTable::log(LogLevel level, std::string_view tenant, std::string_view component,
                    std::string_view message) const {
  if (!EXH_HAS(&host_, exh_host, log)) return;
  try {
    host_.log(host_.ctx, static_cast<int32_t>(level), borrowed(tenant), borrowed(component), borrowed(message));
  } catch (...) {  // Nobody is left to be told; on a thread of ours it would end the host.
  }
}

Result<std::string> HostTable::secret(std::string_view tenant, std::string_view name) const {
  if (!EXH_HAS(&host_, exh_host, secret)) return Error{Errc::unsupported, "this host keeps no secrets"};
  std::string value;
  const exh_sink sink{&value, [](void* ctx, const char* bytes, size_t count) -> int32_t {
                        static_cast<std::string*>(ctx)->append(bytes, count);
                        return 0;
                      }};
  try {
    if (host_.secret(host_.ctx, borrowed(tenant), borrowed(name), sink) == EXH_OK) return value;
  } catch (...) {
    return Error{Errc::unavailable, cat("the host failed to give the secret ", harmless(name))};
  }
  return Error{Errc::not_found, cat("the host knows no secret called ", harmless(name))};
}

const exh_host_tickets* HostTable::tickets() const {
  if (!EXH_HAS(&host_, exh_host, extension)) return nullptr;
  const exh_host_tickets* table = nullptr;
  try {
    table = static_cast<const exh_host_tickets*>(host_.extension(host_.ctx, EXH_HOST_TICKETS));
  } catch (...) {  // A host that cannot say has none.
  }
  const bool whole = table && EXH_HAS(table, exh_host_tickets, ensure) && EXH_HAS(table, exh_host_tickets, find) &&
                     EXH_HAS(table, exh_host_tickets, note);
  return whole ? table : nullptr;
}

Engine::~Engine() { stop(); }

Log Engine::log() const {
  return [this](LogLevel level, std::string_view tenant, std::string_view component, std::string_view message) {
    host_.log(level, tenant, component, planted(Plant::log_raw) ? std::string(message) : harmless(message));
  };
}

/// Two instances on one state folder would claim the same deliveries.
Result<void> Engine::lock_state() {
  std::error_code failed;
  std::filesystem::create_directories(settings_.state, failed);
  if (failed) return Error{Errc::unavailable, cat(settings_.state, ": ", failed.message())};
  const std::string path = settings_.state + "/lock";
  lock_ = FileHandle(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_) return Error{Errc::unavailable, cat(path, " cannot be opened")};
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{Errc::unavailable, cat("another instance uses the state folder ", settings_.state)};
  return {};
}

Result<void> Engine::start() {
  if (running_) return {};
  for (const auto& [id, desk] : settings_.desks)
    if (desk.adapter == "host" && !host_.tickets())
      return Error{Errc::unsupported, cat("desk ", id.text, ": this host offers no tickets (", EXH_HOST_TICKETS, ")")};
  if (const Result<void> locked = lock_state(); !locked) return locked;
  executors_ = std::make_unique<Executors>(io_threads, worker_threads);
  running_ = true;
  disk_ = std::make_shared<DiskGuard>(*executors_, settings_.state, log(), [this] {
    for (const auto& runtime : runtimes()) runtime->disk_changed();
  });
  disk_->start();
  const auto abandon = [this](Error error) -> Result<void> {
    stop();
    return error;
  };
  {
    WebServer::World world{*executors_, clock_, log(), [this] { return runtimes(); }};
    Result<std::unique_ptr<WebServer>> web = start_web_server(settings_, std::move(world));
    if (!web) return abandon(web.error());
    web_ = std::move(*web);
  }
  Result<std::shared_ptr<ControlSocket>> control =
      listen_for_control(*executors_, settings_.state + "/control.sock",
                         [this](const std::string& request) { return handle_control(request); });
  if (!control) return abandon(control.error());
  control_ = std::move(*control);
  for (auto& [id, served] : tenants_)
    if (const Result<void> opened = open_tenant(served); !opened)
      host_.log(LogLevel::error, id.text, "engine", opened.error().text);
  return {};
}

TenantRuntime::World::Mail Engine::mail_of(const std::optional<MailToPeople>& people, Channel channel) {
  TenantRuntime::World::Mail mail;
  if (!people) return mail;
  const DeskSettings& through = settings_.desks.at(people->through);
  mail.desk = desk_of(through.name);
  mail.map = merged_maps(through.map_json, Json{{"to", people->mail}}.dump());
  mail.settings = {true, channel, people->after, join(people->mail, ", "), outbox_settings(through)};
  return mail;
}

Result<void> Engine::open_tenant(Served& served) {
  const SecretSource secrets = make_secret_source(
      settings_.state + "/secrets",
      [this, tenant = served.settings.tenant](const std::string& name) { return host_.secret(tenant.text, name); });
  const DeskSettings& desk = settings_.desks.at(served.settings.desk);
  TenantRuntime::World world{
      *executors_, clock_, log(), secrets, desk_of(served.settings.desk), settings_.state, settings_.public_url, {}};
  world.poll = desk.poll;
  world.disk = disk_;
  world.outbox = outbox_settings(desk);
  if (settings_.operator_desk) {
    const DeskSettings& operators = settings_.desks.at(*settings_.operator_desk);
    world.operator_desk = desk_of(operators.name);
    world.operator_map = merged_maps(operators.map_json, settings_.operator_map_json);
    world.operator_outbox = outbox_settings(operators);
  }
  world.people = mail_of(served.settings.while_down, Channel::people);
  world.operator_mail = mail_of(settings_.operator_mail, Channel::operator_mail);
  Result<std::unique_ptr<TenantRuntime>> opened = make_tenant_runtime(served.settings, std::move(world));
  const std::lock_guard lock(mutex_);
  if (!opened) {
    served.problem = opened.error().text;
    return opened.error();
  }
  served.problem.clear();
  served.runtime = std::move(*opened);
  served.runtime->start();
  return {};
}

void Engine::close_tenant(Served& served) {
  std::shared_ptr<TenantRuntime> runtime;
  {
    const std::lock_guard lock(mutex_);
    runtime = std::exchange(served.runtime, nullptr);
  }
  if (!runtime) return;
  Awaited<bool> stopped;
  runtime->stop([done = stopped.callback()] { done(true); });
  (void)stopped.wait(stop_budget);
}

std::shared_ptr<Desk> Engine::desk_of(const DeskId& id) {
  DeskPair& desk = desks_[id];
  if (!desk.careful) {
    const SecretSource secrets = make_secret_source(settings_.state + "/secrets",
                                                    [this](const std::string& name) { return host_.secret("", name); });
    const DeskSettings& settings = settings_.desks.at(id);
    desk.adapter = settings.adapter == "host"
                       ? make_host_desk(settings, *host_.tickets(), *executors_)
                       : make_adapter_desk(settings, AdapterDeskWorld{*executors_, log(), secrets, settings_.state,
                                                                      settings_.runner});
    desk.careful = make_careful_desk(desk.adapter);
  }
  return desk.careful;
}

bool Engine::drain(std::chrono::milliseconds budget) {
  const auto end = std::chrono::steady_clock::now() + budget;
  while (true) {
    bool open = false;
    for (const auto& runtime : runtimes()) {
      Awaited<std::string> report;
      runtime->report(false, report.callback());
      const std::optional<std::string> json = report.wait(std::chrono::seconds{1});
      open = open || !json || json->find("\"open_deliveries\":0,") == std::string::npos;
    }
    if (!open) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

void Engine::stop() {
  if (!running_.exchange(false)) return;
  if (control_) control_->stop();
  control_.reset();
  if (disk_) disk_->stop();
  if (web_) {
    Awaited<bool> stopped;
    web_->stop([done = stopped.callback()] { done(true); });
    (void)stopped.wait(stop_budget);
  }
  for (auto& [id, served] : tenants_) close_tenant(served);
  for (auto& [id, desk] : desks_) stop_adapter_desk(*desk.adapter);
  executors_->join();
  web_.reset();
  desks_.clear();
  disk_.reset();
  executors_.reset();
  lock_ = FileHandle();
}

std::vector<Mistake> Engine::tenant_check(std::string_view yaml) const {
  std::vector<Mistake> mistakes;
  const auto tenant = read_tenant_settings(yaml, settings_, mistakes);
  if (tenant)
    if (const Result<Zone> zone = load_zone(tenant->zone_name); !zone)
      mistakes.push_back({0, 0, "/zone", zone.error().text, "a name of the time zone database: Europe/Berlin"});
  return mistakes;
}

Result<void> Engine::tenant_put(TenantSettings settings, std::uint64_t generation) {
  const TenantId id = settings.tenant;
  Served* served = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tenants_.find(id);
    if (found != tenants_.end() && generation <= found->second.generation)
      return Error{Errc::bad_input, cat("generation ", generation, " is not above ", found->second.generation)};
    served = &tenants_[id];
  }
  close_tenant(*served);  // The store has one owner: the old engine lets go before the new one opens.
  const TenantSettings before = std::exchange(served->settings, std::move(settings));
  if (!running_) {
    served->generation = generation;
    return {};
  }
  const Result<void> opened = open_tenant(*served);
  if (opened || before.tenant.empty()) {
    served->generation = generation;
    return opened;
  }
  served->settings = before;
  if (const Result<void> again = open_tenant(*served); !again)
    host_.log(LogLevel::error, id.text, "engine", again.error().text);
  return opened;
}

Result<void> Engine::tenant_drop(const TenantId& tenant) {
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return Error{Errc::not_found, "no tenant has this name"};
  close_tenant(found->second);
  const std::lock_guard lock(mutex_);
  tenants_.erase(found);
  return {};
}

std::shared_ptr<TenantRuntime> Engine::find(const std::string& tenant) const {
  const std::lock_guard lock(mutex_);
  const auto found = tenants_.find(TenantId{tenant});
  return found == tenants_.end() ? nullptr : found->second.runtime;
}

std::vector<std::shared_ptr<TenantRuntime>> Engine::runtimes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<TenantRuntime>> all;
  for (const auto& [id, served] : tenants_)
    if (served.runtime) all.push_back(served.runtime);
  return all;
}

Result<std::string> Engine::command(const std::string& tenant, const std::string& verb, const std::string& args) {
  if (verb == "health") return health();
  if (verb == "web") return cat("{\"port\":", web_ ? web_->port() : 0, "}");
  if (needs_no_start(verb)) {
    const Result<Json> parsed = parse_json(args);
    if (!parsed) return parsed.error();
    return verb == "desk-test" ? test_of_desk(*parsed) : preview_of_desk(*parsed);
  }
  const std::shared_ptr<TenantRuntime> runtime = find(tenant);
  if (!runtime) return Error{Errc::not_found, cat("no tenant called ", harmless(tenant), " is served")};
  const Result<Json> parsed = parse_json(args.empty() ? "{}" : args);
  if (!parsed || !parsed->is_object()) return Error{Errc::bad_input, "the arguments are no JSON object"};
  return tenant_command(*runtime, verb, *parsed);
}

Result<std::string> Engine::tenant_command(TenantRuntime& tenant, const std::string& verb, const Json& args) {
  const Error late{Errc::timeout, "the tenant did not answer in time"};
  if (verb == "report") {
    Awaited<std::string> report;
    tenant.report(args.value("incidents", false), report.callback());
    auto json = report.wait(command_budget);
    return json ? Result<std::string>(std::move(*json)) : late;
  }
  if (verb == "read-desk") {
    Awaited<Result<std::string>> read;
    tenant.read_desk(CorrelationId{text_at(args, "correlation_id")}, read.callback());
    auto json = read.wait(command_budget * 3);
    return json ? std::move(*json) : Result<std::string>(late);
  }
  if (verb == "letters") {
    Awaited<Result<std::string>> letters;
    tenant.letters(letters.callback());
    auto json = letters.wait(command_budget);
    return json ? std::move(*json) : Result<std::string>(late);
  }
  Awaited<Result<void>> done;
  if (verb == "adopt") {
    Result<AdoptionRow> order = read_adoption(args);
    if (!order) return order.error();
    order->by = "operator";
    tenant.adopt(std::move(*order), done.callback());
  } else if (verb == "letter") {
    const auto what = parse_decision(text_at(args, "what"));
    if (!what) return Error{Errc::bad_input, "\"what\" is again, link-only, put-into or expire"};
    if (*what == LetterDecided::What::put_into && text_at(args, "ticket").empty())
      return Error{Errc::bad_input, "put-into needs the desk's own id of the ticket"};
    tenant.decide({{text_at(args, "id")}, *what, text_at(args, "ticket"), text_at(args, "number"), "operator"},
                  done.callback());
  } else if (verb == "resume") {
    tenant.resume(text_at(args, "what"), done.callback());
  } else if (verb == "fetch") {
    const auto key = CaptureKey::parse(text_at(args, "capture"));
    if (!key) return Error{Errc::bad_input, "\"capture\" is no capture's key: SENSOR/LOG/EPOCH"};
    tenant.fetch_now(*key, "operator", done.callback());
  } else {
    return Error{Errc::unsupported, cat("no verb is called ", harmless(verb))};
  }
  const auto result = done.wait(command_budget);
  if (!result) return late;
  return *result ? Result<std::string>(std::string("{}")) : result->error();
}

std::string Engine::handle_control(const std::string& request) {
  const Result<Json> json = parse_json(request);
  if (!json) return cat("error ", json.error().text, "\n");
  const Json* args = json->is_object() && json->contains("args") ? &json->at("args") : nullptr;
  const Result<std::string> reply =
      command(text_at(*json, "tenant"), text_at(*json, "verb"), args ? args->dump() : "{}");
  return reply ? cat("ok\n", *reply, "\n") : cat("error ", reply.error().text, "\n");
}

std::string Engine::health() {
  JsonWriter out;
  out.object().member("version", EXHIBIT_VERSION).member("running", running_.load());
  out.member("public_url", settings_.public_url).key("tenants").array();
  std::vector<std::pair<std::shared_ptr<TenantRuntime>, std::string>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, served] : tenants_)
      all.emplace_back(served.runtime, cat("{\"tenant\":", json_quoted(id.text), ",\"failed\":",
                                           json_quoted(served.problem.empty() ? "stopped" : served.problem), "}"));
  }
  for (const auto& [runtime, problem] : all) {
    std::optional<std::string> json;
    if (runtime) {
      Awaited<std::string> report;
      runtime->report(false, report.callback());
      json = report.wait(std::chrono::seconds{2});
    }
    out.raw(json.value_or(problem));
  }
  return out.end().end().take();
}

std::string Engine::metrics() {
  const Result<Json> json = parse_json(health(), 16U << 20);
  if (!json) return {};
  std::string alerts = "# TYPE exhibit_alerts counter\n", incidents = "# TYPE exhibit_incidents counter\n",
              gaps = "# TYPE exhibit_gaps counter\n", open = "# TYPE exhibit_open_deliveries gauge\n",
              conditions = "# TYPE exhibit_conditions gauge\n";
  for (const Json& tenant : json->at("tenants")) {
    if (!tenant.contains("alerts")) continue;
    const std::string label = cat("{tenant=", json_quoted(text_at(tenant, "tenant")), "} ");
    alerts += cat("exhibit_alerts_total", label, tenant.value("alerts", std::uint64_t{0}), "\n");
    incidents += cat("exhibit_incidents_total", label, tenant.value("incidents", std::uint64_t{0}), "\n");
    gaps += cat("exhibit_gaps_total", label, tenant.value("gaps", std::uint64_t{0}), "\n");
    open += cat("exhibit_open_deliveries", label, tenant.value("open_deliveries", std::uint64_t{0}), "\n");
    conditions += cat("exhibit_conditions", label, tenant.at("conditions").size(), "\n");
  }
  return cat(alerts, incidents, gaps, open, conditions, "# EOF\n");
}

}  // namespace exhibit
