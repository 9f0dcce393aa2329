#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/child.h"
#include "host/plugin_library.h"
#include "host/verbs.h"

namespace exhibit::host {

/// A customer of the demo: his sensor, his desk, and what his sensor said of itself.
struct DemoTenant {
  std::string name, desk;
  std::unique_ptr<Child> sensor;
  bool scenario_over = false;
  std::map<std::string, std::int64_t> composed_ns;   ///< By event id.
  std::map<std::string, std::int64_t> completed_ns;  ///< By log.
};

/// The demo's whole world on loopback: simulated sensors, desks (a simulated one, or those of files), and an engine
/// between them, with a state folder that goes when this object goes. Every desk has a tenant of its own, and every
/// tenant a sensor that plays the whole scenario.
class DemoWorld {
 public:
  explicit DemoWorld(const DemoOptions& options);
  ~DemoWorld() = default;

  void start() { engine_->start(); }
  [[nodiscard]] const std::vector<DemoTenant>& tenants() const { return tenants_; }
  /// The tenant's report of the plugin.
  nlohmann::json report(const DemoTenant& tenant);
  /// What the desk stores for one incident.
  nlohmann::json read_desk(const DemoTenant& tenant, const std::string& correlation_id);
  /// Takes what the simulators said since the last call.
  void listen();
  void stop() { engine_->stop(); }

  /// Of the simulated desk, or of the first file's.
  [[nodiscard]] const std::string& desk_url() const { return desk_url_; }
  [[nodiscard]] const std::string& evidence_url() const { return evidence_url_; }
  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] const std::string& password() const { return password_; }

 private:
  /// Goes with everything in it, also when the rest of the world could not be made.
  struct Folder {
    Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder();
    std::string path;
  };

  /// One desk as the configuration takes it.
  struct Desk {
    std::string name;
    nlohmann::json entry, use;
  };
  Desk simulated_desk();
  static Desk desk_of_file(const std::string& path);
  void listen_to(DemoTenant& tenant);

  Folder folder_;
  std::string user_ = "analyst", password_;
  std::string desk_url_, evidence_url_;
  std::unique_ptr<Child> desk_;
  std::vector<DemoTenant> tenants_;
  std::unique_ptr<EngineHandle> engine_;  // Ends first: before the simulators, and before its folder goes.
};

}  // namespace exhibit::host
