#pragma once

#include <functional>
#include <memory>

#include "config/settings.h"
#include "engine/input.h"
#include "evidence/evidence_store.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/secrets.h"
#include "runtime/threads.h"

namespace exhibit {

/// One sensor at the end of its wire: runs the subscription, hands batches to the tenant, fetches recordings. Decides
/// nothing. It has a strand of its own, so that reading one sensor's bytes holds up neither the tenant nor another
/// sensor. Its methods may be called from anywhere.
class SensorLink {
 public:
  /// Called on the link's strand; what they are given to call back may be called from anywhere.
  struct Tenant {
    /// Takes a batch; `committed` comes when it is durable (or could not be made so). Nothing more is asked of the
    /// sensor before that: that is the back pressure.
    std::function<void(Input input, std::function<void(bool committed)>)> take;
    std::function<void(Input)> tell;
  };

  SensorLink(Executors& executors, SensorSettings settings, SdeeCursor resume_from, EvidenceStore& evidence,
             const Clock& clock, SecretSource secrets, Log log, TenantId tenant_id, Tenant tenant);
  ~SensorLink();

  void start();
  void fetch(const FetchCapture& order);
  /// While there is a reason, no batch is asked for or taken, and no recording is fetched unless `recordings_go_on`:
  /// the sensor keeps them. Empty: go on.
  void hold(const std::string& why, bool recordings_go_on);
  /// An operator says: try the login again.
  void resume();
  /// `stopped` comes when nothing runs any more.
  void stop(std::function<void()> stopped);

  struct Status {
    std::string state;  ///< connecting, following, paused, halted
    std::string why;
    std::uint64_t batches = 0, events = 0;
  };
  [[nodiscard]] Status status() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace exhibit
