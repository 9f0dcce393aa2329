#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "adapters/kit/fault_proxy.h"
#include "adapters/kit/kit_op.h"
#include "adapters/sim/contract_desk.h"
#include "adapters/sim/http_server.h"

namespace exhibit::kit {

/// One profile with its contract server, the fault proxy before it, and the real runner with the real module.
class KitWorld {
 public:
  explicit KitWorld(const std::string& profile);

  /// Every shipped profile that has a contract server.
  static std::vector<std::string> profiles();
  /// The bytes of a shipped profile.
  static std::string profile_text(const std::string& name);

  [[nodiscard]] std::string config(const std::string& login_members = {}) const;
  [[nodiscard]] bool can(const std::string& operation) const { return profile_json["operations"].contains(operation); }
  [[nodiscard]] bool searchable() const { return can("find"); }

  Op ensure() const;
  std::string ticket_of(const Op& op);
  static std::string fresh();
  /// The number of requests that the operation makes when nothing goes wrong.
  int requests_of(const Op& op);

  const std::string name;
  const Json profile_json;
  std::unique_ptr<sim::ContractDesk> desk;
  sim::HttpServer server;
  FaultProxy proxy;
  RunnerClient runner;
};

/// A whole HTTP answer.
std::string http_answer(int status, const std::string& type, const std::string& body, const std::string& headers = {});

}  // namespace exhibit::kit
