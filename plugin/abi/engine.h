#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "config/settings.h"
#include "evidence/evidence_store.h"
#include "exhibit/host_tickets.h"
#include "exhibit/plugin.h"
#include "runtime/clock.h"
#include "runtime/control.h"
#include "runtime/disk_guard.h"
#include "runtime/tenant_runtime.h"
#include "runtime/threads.h"
#include "web/web_server.h"

namespace exhibit {

/// What the host gave us, copied; calls go through here so that none happens under a lock.
class HostTable {
 public:
  explicit HostTable(const exh_host* host);
  void log(LogLevel level, std::string_view tenant, std::string_view component, std::string_view message) const;
  /// The host's own tickets; nothing when it keeps none.
  [[nodiscard]] const exh_host_tickets* tickets() const;
  [[nodiscard]] Result<std::string> secret(std::string_view tenant, std::string_view name) const;

 private:
  exh_host host_{};
};

/// One engine behind the C interface: the provider's settings, its desks, its tenants, its web server.
/// Control calls come one at a time; `command`, `health` and `metrics` from any thread.
class Engine {
 public:
  Engine(HostSettings settings, HostTable host) : settings_(std::move(settings)), host_(std::move(host)) {}
  ~Engine();

  Result<void> start();
  /// False: something is still open when the time is over.
  bool drain(std::chrono::milliseconds budget);
  void stop();
  std::vector<Mistake> tenant_check(std::string_view yaml) const;
  Result<void> tenant_put(TenantSettings settings, std::uint64_t generation);
  Result<void> tenant_drop(const TenantId& tenant);

  /// The reply, or why there is none.
  Result<std::string> command(const std::string& tenant, const std::string& verb, const std::string& args);
  std::string health();
  std::string metrics();

  [[nodiscard]] const HostSettings& settings() const { return settings_; }
  [[nodiscard]] bool running() const { return running_; }

 private:
  struct Served {
    TenantSettings settings;
    std::uint64_t generation = 0;
    std::shared_ptr<TenantRuntime> runtime;  ///< Absent until start, or when it could not be opened.
    std::string problem;
  };

  Result<void> lock_state();
  TenantRuntime::World::Mail mail_of(const std::optional<MailToPeople>& people, Channel channel);
  Result<void> open_tenant(Served& served);
  void close_tenant(Served& served);
  std::shared_ptr<Desk> desk_of(const DeskId& id);
  std::shared_ptr<TenantRuntime> find(const std::string& tenant) const;
  std::vector<std::shared_ptr<TenantRuntime>> runtimes() const;
  std::string handle_control(const std::string& request);
  Result<std::string> test_of_desk(const Json& args);
  Result<std::string> preview_of_desk(const Json& args);
  /// Lets `work` use a desk with threads and a runner of its own, so that it works beside a server and leaves no trace
  /// in the state folder.
  Result<std::string> with_desk(
      const Json& args, const std::function<Result<std::string>(Desk& desk, const DeskSettings& settings)>& work);
  Result<std::string> tenant_command(TenantRuntime& tenant, const std::string& verb, const Json& args);
  Log log() const;

  HostSettings settings_;
  HostTable host_;
  SystemClock clock_;
  FileHandle lock_;
  std::shared_ptr<DiskGuard> disk_;
  std::unique_ptr<Executors> executors_;
  struct DeskPair {
    std::shared_ptr<Desk> adapter, careful;  ///< The second is what tenants use.
  };
  std::map<DeskId, DeskPair> desks_;
  std::unique_ptr<WebServer> web_;
  std::shared_ptr<ControlSocket> control_;
  mutable std::mutex mutex_;  // Guards tenants_ for calls from any thread; never held while waiting.
  std::map<TenantId, Served> tenants_;
  std::atomic<bool> running_{false};
};

/// Looks whether each desk's module and profile are there; one that is not is a mistake at its place.
void check_adapters(const HostSettings& settings, std::vector<Mistake>& mistakes);

/// Verbs that need no engine: decode, user-hash. Output goes to the sink as it comes.
exh_rc free_command(std::string_view verb, std::string_view args, exh_sink reply);
bool is_free_verb(std::string_view verb);
/// Verbs that need a configuration, but nothing that runs.
bool needs_no_start(std::string_view verb);

void write_to(exh_sink sink, std::string_view text);

}  // namespace exhibit
