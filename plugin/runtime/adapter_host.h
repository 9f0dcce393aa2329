#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "runtime/desk.h"
#include "runtime/log.h"
#include "runtime/secrets.h"
#include "runtime/threads.h"

namespace exhibit {

/// What a desk's adapter needs of the process around it.
struct AdapterDeskWorld {
  Executors& executors;
  Log log;
  SecretSource secrets;
  std::string state;   ///< Locks go to STATE/run.
  std::string runner;  ///< Path of exhibit-adapter-runner; empty: found beside this library, never by PATH.
};

/// A desk behind an adapter module, which runs in a process of its own.
///
/// The runner is started with the first call and again, after a growing pause, when it died. It inherits a locked file
/// descriptor, and the next one is started only once that lock is free: so whatever is asked after an unknown outcome,
/// a look-up above all, is asked when nothing of the old runner can still reach the desk. Adds no thread. The desk must
/// be stopped before the executors are joined.
std::shared_ptr<Desk> make_adapter_desk(const DeskSettings& settings, AdapterDeskWorld world);

/// Ends the runner by closing its socket. Calls not yet sent end as `retry`, all others as `unknown`. Idempotent;
/// returns at once. For desks of make_adapter_desk only.
void stop_adapter_desk(Desk& desk);

/// True when no runner of an earlier process can still reach this desk; `tenant` where each has a runner of his own.
bool runner_is_gone(const std::string& state, const DeskId& desk, const TenantId& tenant = {});

}  // namespace exhibit
