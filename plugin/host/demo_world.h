#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "host/child.h"
#include "host/plugin_library.h"
#include "host/verbs.h"

namespace exhibit::host {

/// The demo's whole world on loopback: a simulated sensor, a simulated desk, and an engine between them, with a state
/// folder that goes when this object goes.
class DemoWorld {
 public:
  explicit DemoWorld(const DemoOptions& options);
  ~DemoWorld() = default;

  void start() { engine_->start(); }
  /// The tenant's report of the plugin.
  nlohmann::json report();
  /// What the desk stores for one incident.
  nlohmann::json read_desk(const std::string& correlation_id);
  /// Takes what the simulators said since the last call.
  void listen();
  void stop() { engine_->stop(); }

  [[nodiscard]] const std::string& desk_url() const { return desk_url_; }
  [[nodiscard]] const std::string& evidence_url() const { return evidence_url_; }
  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] const std::string& password() const { return password_; }

  bool scenario_over = false;
  std::map<std::string, std::int64_t> composed_ns;   ///< By event id.
  std::map<std::string, std::int64_t> completed_ns;  ///< By log.

 private:
  /// Goes with everything in it, also when the rest of the world could not be made.
  struct Folder {
    Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder();
    std::string path;
  };

  Folder folder_;
  std::string user_ = "analyst", password_;
  std::string desk_url_, evidence_url_;
  std::unique_ptr<Child> desk_, sensor_;
  std::unique_ptr<EngineHandle> engine_;  // Ends first: before the simulators, and before its folder goes.
};

}  // namespace exhibit::host
