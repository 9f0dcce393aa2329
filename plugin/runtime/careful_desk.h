#pragma once

#include <memory>

#include "runtime/desk.h"

namespace exhibit {

/// A desk that never looks for a delivery while that delivery is still on its way.
///
/// An engine that was restored from its rows (after a refused commit, or with a new configuration) calls `unknown` what
/// its predecessor sent and may still be sending: looked for at that moment it is "not there", and would be sent twice.
/// So the look-up waits here until the send has ended, and so does a second send of the same delivery. Thread-safe.
std::shared_ptr<Desk> make_careful_desk(std::shared_ptr<Desk> desk);

}  // namespace exhibit
