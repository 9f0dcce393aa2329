#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "engine/fact.h"

namespace exhibit {

/// Who did what to which evidence. Each entry holds the hash of the one before, so that nothing can be taken out or
/// changed without a trace.
struct LedgerEntry {
  std::uint64_t sequence = 0;
  WallTime at{};
  std::string actor;   ///< "user:kim", "exhibit"
  std::string action;  ///< sealed, viewed, downloaded, fetch-asked, signed-in …
  std::string object;  ///< Evidence id, incident id or link.
  std::string detail;
  std::string previous, hash;  ///< Hex of SHA-256.
};

/// What is to become an entry.
struct LedgerNote {
  WallTime at{};
  std::string actor, action, object, detail;
};

/// The hash that an entry must carry, from its own fields and the hash before it.
std::string ledger_hash(const LedgerEntry& entry);

/// One small step of taking old rows out. It walks through the alerts in the order they came. An incident goes as one,
/// with its captures where no other incident has them, but never while a delivery of it is open or waits for a person,
/// or a capture is not settled.
struct SweepStep {
  std::uint64_t after = 0;                             ///< The step goes on behind this alert.
  WallTime before{};                                   ///< What was received earlier goes.
  bool for_room = false;                               ///< And what came later, oldest first.
  std::size_t alerts = 100;                            ///< Looked at, at most.
  std::size_t remembered = limits::remembered_alerts;  ///< Of those that went, so many can still not come twice.
  std::function<bool(const IncidentRow&)> may_go;
  WallTime now{};
  std::string because;  ///< Stands in the ledger beside the captures that go.
};

struct Swept {
  std::uint64_t reached = 0;
  bool end = false;               ///< Behind `reached` nothing may go now.
  std::size_t alerts = 0;         ///< That went.
  std::vector<EvidenceId> files;  ///< That nothing names any more.
  RowsGone gone;
};

/// Bytes. `used` of the database file; the rest of the file is room for new rows. `log_used` of the log's file; after a
/// checkpoint it is written over from its beginning. `leaving`: of files that are still to be deleted, in blocks of the
/// disk, with what lies beside them.
struct StoreRoom {
  std::uint64_t used = 0, file = 0, log = 0, log_used = 0, leaving = 0;
};

/// One tenant's rows. A commit is atomic and durable when it returns; nothing is ever half written. Whatever can be
/// restored, is restored from here. Not thread-safe: its tenant's strand owns it, with the one connection there is.
class Store {
 public:
  virtual ~Store() = default;

  /// All facts in one transaction, each as the new image of its row.
  /// unavailable: nothing was written (disk full, I/O error); throw the engine away and restore it.
  virtual Result<void> commit(std::span<const Fact> facts) = 0;
  /// What an engine needs to go on; settled things as far back as `since`. What waits for its desk and for nothing else
  /// comes as `waiting`, or as whole rows where somebody else may be told of it, too.
  virtual Result<Snapshot> load(WallTime since, bool whole = false) = 0;
  /// not_found: it has no row.
  virtual Result<IncidentRows> load_incident(const IncidentId& id) = 0;
  virtual Result<std::vector<CursorRow>> cursors() = 0;

  /// not_found: nothing has this name here.
  virtual Result<IncidentRow> incident_by_link(const LinkId& link) = 0;
  virtual Result<AlertRow> alert(const std::string& identity) = 0;
  virtual Result<std::vector<CaptureRow>> captures_of(const IncidentRow& incident) = 0;
  virtual Result<std::vector<ReportRow>> reports_of(const IncidentId& incident) = 0;
  /// What people wrote into the ticket.
  virtual Result<std::vector<CommentRow>> comments_of(const IncidentId& incident) = 0;
  virtual Result<std::vector<IncidentRow>> incidents(std::size_t limit, std::size_t offset) = 0;
  virtual Result<std::vector<DeliveryRow>> deliveries(DeliveryState state, std::size_t limit) = 0;
  virtual Result<std::vector<GapRow>> gaps(std::size_t limit) = 0;
  /// Sealed, provisional or about to be deleted: what of the evidence folder is known.
  virtual Result<std::vector<EvidenceId>> known_evidence() = 0;

  /// All in one transaction, in this order; durable when it returns, so that what they allow may begin.
  virtual Result<void> append_ledger(std::span<const LedgerNote> notes) = 0;
  virtual Result<std::vector<LedgerEntry>> ledger(std::uint64_t from, std::size_t limit) = 0;

  /// One transaction. The files of captures that went are in `leaving` until `left` is told that they are deleted.
  virtual Result<Swept> sweep(const SweepStep& step) = 0;
  virtual Result<std::vector<EvidenceId>> leaving(std::size_t limit) = 0;
  virtual Result<void> left(std::span<const EvidenceId> deleted) = 0;
  virtual Result<StoreRoom> room() = 0;
  /// The same as `room` says of the log, for nothing.
  [[nodiscard]] virtual std::uint64_t log_used() const = 0;

  /// Moves what was committed from the log into the database file; off the commit path.
  virtual void checkpoint() = 0;
  /// The same, and the log's room goes back to the disk, as far as the database file has room for what it held.
  virtual void give_log_back() = 0;
};

/// One file per tenant, in write-ahead mode with full synchronisation. Creates it with `first` in it, in one step, or
/// migrates an older one. Reads the whole of it once, so that damage is found before anything is done by it.
/// unavailable: the disk, or another process holds it. corrupt: it is not what was written. unsupported: written by a
/// newer version of this program.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, std::span<const Fact> first = {});

}  // namespace exhibit
