#pragma once

#include <stdexcept>

namespace exhibit {

/// A promise of our own code was broken. Only a tenant's strand catches it, so that one tenant stops with a report
/// and the host's process lives.
class InvariantBroken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace exhibit

/// On in production too: to go on with a broken invariant would put wrong evidence into a ticket.
#define EXHIBIT_ASSERT(condition) \
  ((condition) ? (void)0 : throw ::exhibit::InvariantBroken("invariant broken: " #condition))
