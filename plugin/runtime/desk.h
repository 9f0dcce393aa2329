#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/fact.h"
#include "engine/input.h"
#include "evidence/evidence_store.h"

namespace exhibit {

/// Who calls: tenants share a desk, each with his own field map, and with his turn among the others.
struct Seat {
  TenantId tenant;
  std::string map_json = "{}";
};

/// One remote ticketing instance. Calls return at once; each callback comes exactly once, on any thread. Thread-safe.
class Desk {
 public:
  virtual ~Desk() = default;

  /// `attachment` is an open file with what the delivery attaches, or nothing.
  virtual void send(const Seat& seat, const SendDelivery& delivery, FileHandle attachment,
                    std::function<void(DeliveryOutcome)> done) = 0;
  /// Only begun when the runner that sent the delivery is surely gone, or has itself said that it lost the answer.
  virtual void look_up(const Seat& seat, const LookUpDelivery& look_up, std::function<void(DeliveryLookedUp)> done) = 0;
  /// What the desk holds of the ticket that `ensure` made: {"matches", "remote_id", "number", "title", "public_text",
  /// "internal_text", "notes": [], "attachments": [{"name", "bytes", "sha256"}]}. unsupported: it cannot be read.
  virtual void read(const Seat& seat, const LookUpDelivery& ensure, std::function<void(Result<std::string>)> done) = 0;
  /// What people did to the tickets of `request` (TenantEngine::poll_request) since its cursor, as a document for
  /// read_poll_document. unsupported: this desk tells nothing.
  virtual void poll(const Seat&, const std::string& /*request*/, std::function<void(Result<std::string>)> done) {
    done(Error{Errc::unsupported, "this desk cannot be polled"});
  }
  /// What `send` would send, as JSON: [{"method", "target", "content_type", "body"}]. Nothing leaves.
  virtual void preview(const Seat&, const SendDelivery&, std::function<void(Result<std::string>)> done) {
    done(Error{Errc::unsupported, "this desk cannot show what it would send"});
  }
  /// The desk's own id of the ticket that people know by this number. not_found: there is none. unsupported: this desk
  /// cannot be asked.
  virtual void resolve(const Seat&, const std::string& /*number*/, std::function<void(Result<std::string>)> done) {
    done(Error{Errc::unsupported, "this desk cannot look for a ticket by its number: give the desk's own id"});
  }
  /// Logs in and proves that a look-up can be trusted; writes nothing.
  virtual void probe(const Seat&, std::function<void(Result<void>)> done) {
    done(Error{Errc::unsupported, "this desk cannot be probed"});
  }
  /// A person says that it may be called again, although it rests after refused logins.
  virtual void resume() {}
};

}  // namespace exhibit
