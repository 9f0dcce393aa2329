#pragma once

#include <cstdint>
#include <string>

#include "adapters/kit/runner_client.h"

/// Operations as the engine makes them, and the engine's manner of delivering them.
namespace exhibit::kit {

struct Op {
  std::uint32_t kind = 1;  ///< EXH_OP_*
  std::string id, correlation_id, ticket;
  std::string body_json = "{}";
  std::string name = {}, mime = "application/vnd.tcpdump.pcap", bytes = {};  ///< Evidence, when there is a name.
  std::uint32_t attempt = 1, deadline_ms = 10'000;

  [[nodiscard]] std::string json() const;
};

/// The incident `n` of a run: texts with what a stranger would put into them.
Op ensure_op(const std::string& correlation_id, const std::string& fields_json = "{}");
Op note_op(const Op& ensured, const std::string& ticket, const std::string& id, const std::string& text,
           bool is_public = false);
Op attach_op(const Op& ensured, const std::string& ticket, const std::string& name, const std::string& bytes);
Op state_op(const Op& ensured, const std::string& ticket, const std::string& state);

Answer apply(RunnerClient& runner, int link, const Op& op);
Answer find(RunnerClient& runner, int link, const Op& op);

/// Until it is done: unknown is looked for, and sent again only when it is not there. Ends at a refusal, or after
/// `rounds`.
Answer deliver(RunnerClient& runner, int link, Op op, int rounds = 12);

}  // namespace exhibit::kit
