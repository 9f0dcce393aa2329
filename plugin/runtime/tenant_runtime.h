#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "engine/fact.h"
#include "evidence/evidence_store.h"
#include "runtime/clock.h"
#include "runtime/desk.h"
#include "runtime/log.h"
#include "runtime/secrets.h"
#include "store/store.h"

namespace exhibit {

class DiskGuard;  // disk_guard.h
class Executors;  // threads.h

/// The rows behind one evidence link, read in one go.
struct PageRows {
  TenantId tenant;
  std::string tenant_name;
  IncidentRow incident;
  std::shared_ptr<const Alert> alert;  ///< The first one.
  std::string raw;                     ///< As the sensor sent it.
  TicketView view;                     ///< With full texts' inputs; `view.first` points into `alert`.
  std::vector<CaptureRow> captures;    ///< In the order of the incident.
  std::vector<ReportRow> reports;
  std::vector<CommentRow> comments;  ///< What people wrote into the ticket.
  /// Other incidents with one of these captures, at most 64; of one that left memory only id and link are filled.
  std::vector<IncidentRow> sharing;
};

/// One tenant at work: its strand, engine, store, evidence, sensors, and its way to the desk. Every public method may
/// be called from any thread and returns at once; callbacks come on the tenant's strand and must not block.
class TenantRuntime {
 public:
  struct World {
    Executors& executors;
    const Clock& clock;
    Log log;
    SecretSource secrets;
    std::shared_ptr<Desk> desk;
    std::string state_folder;  ///< STATE; the tenant's own is STATE/tenants/NAME.
    std::string public_url;
    Outbox::Settings outbox;                        ///< The desk's patience, as its configuration has it.
    std::shared_ptr<Desk> operator_desk = nullptr;  ///< Where conditions become tickets; none: they are only listed.
    std::string operator_map = "{}";
    Outbox::Settings operator_outbox = {};
    struct Mail {
      std::shared_ptr<Desk> desk;  ///< None: nobody is told by mail.
      std::string map = "{}";
      SecondChannel::Settings settings;
    };
    Mail people = {}, operator_mail = {};
    Nanoseconds poll{0};                              ///< How often the desk is asked what people did; 0: never.
    std::shared_ptr<const DiskGuard> disk = nullptr;  ///< None: the disk has room.
  };

  virtual ~TenantRuntime() = default;

  /// Connects to the sensors and begins to deliver. Before it, the store is open and its rows are restored.
  virtual void start() = 0;
  /// Ends intake; what is in flight is let go. Idempotent; `stopped` comes when nothing of this tenant runs any more.
  virtual void stop(std::function<void()> stopped) = 0;

  /// The disk guard says something else than before.
  virtual void disk_changed() = 0;

  /// not_found: no incident has this link here.
  virtual void page(const LinkId& link, std::function<void(Result<PageRows>)> done) = 0;
  /// Durable before `done`: what it allows may begin then.
  virtual void note_in_ledger(std::string actor, std::string action, std::string object, std::string detail,
                              std::function<void(Result<void>)> done) = 0;
  virtual void fetch_now(const CaptureKey& key, std::string by, std::function<void(Result<void>)> done) = 0;
  /// The tenant's latest incidents, newest first.
  virtual void list(std::size_t limit, std::size_t offset,
                    std::function<void(Result<std::vector<IncidentRow>>)> done) = 0;
  /// JSON of everything an operator or the demo wants to know: counts, sensors, incidents, deliveries, conditions.
  virtual void report(bool with_incidents, std::function<void(std::string json)> done) = 0;
  /// After a stop that needs an operator: a refused login of the sensor or of the desk.
  virtual void resume(const std::string& what, std::function<void(Result<void>)> done) = 0;
  virtual void read_desk(const CorrelationId& correlation, std::function<void(Result<std::string>)> done) = 0;

  /// This alert belongs to a ticket that somebody else opens; durable before `done`.
  virtual void adopt(AdoptionRow order, std::function<void(Result<void>)> done) = 0;
  /// JSON of what could not be delivered and waits for a person: [{"id", "incident", "kind", "subject", "cause",
  /// "attempts", "link", "body"}]; bodies as they would be sent, so with the customer's masks.
  virtual void letters(std::function<void(Result<std::string>)> done) = 0;
  /// not_found: no dead letter has this id. The decision stands in the ledger before it takes effect.
  virtual void decide(LetterDecided decision, std::function<void(Result<void>)> done) = 0;

  [[nodiscard]] virtual const TenantSettings& settings() const = 0;
  /// Thread-safe by itself.
  [[nodiscard]] virtual const EvidenceStore& evidence() const = 0;
};

/// Opens store and evidence, restores the engine. Errors name the file. No network before `start`.
Result<std::unique_ptr<TenantRuntime>> make_tenant_runtime(TenantSettings settings, TenantRuntime::World world);

}  // namespace exhibit
