#pragma once

#include <memory>

#include "config/settings.h"
#include "exhibit/host_tickets.h"
#include "runtime/desk.h"
#include "runtime/threads.h"

namespace exhibit {

/// A desk that is the host itself. Its calls go one after another over a worker, so that a host that takes its time
/// holds up no strand and no more than one worker. `tickets` outlives the desk.
std::shared_ptr<Desk> make_host_desk(const DeskSettings& settings, const exh_host_tickets& tickets,
                                     Executors& executors);

}  // namespace exhibit
