#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sim/http_server.h"
#include "base/result.h"

namespace exhibit::sim {

/// Faults ordered by name: "TARGET-KIND[:times]", times 1 unless told, 0 = for ever. Targets: open, get, close, sdee
/// (all three), iplog. Kinds for every target are those of `spoil`; `get` and `iplog` know more, which the sensor acts
/// on itself:
///   get:   restart (subscriptions and IP logs are lost)  forget (subscriptions are lost)  same (the last batch again)
///   iplog: partial (a running log is given as far as it is)  header-only  big-endian  cut-record  wrong-type  no-type
///          not-ready (errInUse)  gone (errNotFound)  foreign (packets of others)
class SensorFaults {
 public:
  /// bad_input: no such fault.
  Result<void> order(std::string_view text);
  /// The first fault due for this target, counted as used.
  std::optional<std::string> meet(std::string_view target);

 private:
  struct Order {
    std::string target, kind;
    int left = 1;  // Negative: for ever.
  };
  std::vector<Order> orders_;
};

/// The answer that a client sees instead of `good`: 401 403 404 405 500 503 302 html empty hang reset drip cut chunked
/// endless-header endless-body doctype nul. Any other kind leaves it as it is.
HttpReply spoil(std::string_view kind, HttpReply good);

}  // namespace exhibit::sim
