#include "store/sweep.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "engine/second_channel.h"
#include "store/row_readers.h"
#include "store/sqlite.h"

namespace exhibit {
namespace {

using sqlite::Statement;

class Sweep {
 public:
  Sweep(sqlite3* database, const SweepStep& step) : database_(database), step_(step) {}

  Result<Swept> run() {
    swept_.reached = step_.after;
    const std::vector<AlertRow> alerts = next_alerts();
    swept_.end = alerts.size() < step_.alerts;
    WallTime horizon = step_.before;
    for (const AlertRow& alert : alerts) {
      if (!step_.for_room && alert.received >= step_.before) {
        swept_.end = true;
        break;
      }
      swept_.reached = alert.sequence;
      if (step_.for_room) horizon = std::max(horizon, alert.received);
      if (alert.incident.empty() || incident_goes(alert.incident)) remove(alert);
    }
    remove_older_than(horizon);
    forget_alerts();
    if (failed_) return sqlite::error_of(database_, "taking old rows out");
    return std::move(swept_);
  }

 private:
  /// Never the newest of all: the next one's number is one more than its own.
  std::vector<AlertRow> next_alerts() {
    Statement s(database_,
                "select sequence, identity, incident, received from alerts where sequence > ?1 and sequence < (select "
                "max(sequence) from alerts) order by sequence limit ?2");
    s.bind(step_.after).bind(static_cast<std::uint64_t>(step_.alerts));
    std::vector<AlertRow> rows;
    while (s.step()) {
      AlertRow row;
      row.sequence = static_cast<std::uint64_t>(s.number());
      row.identity = s.text();
      row.incident = {s.text()};
      row.received = s.time();
      rows.push_back(std::move(row));
    }
    failed_ = failed_ || s.failed();
    return rows;
  }

  void remove(const AlertRow& alert) {
    run(remove_alert_.bind(alert.sequence));
    run(remember_.bind(alert.identity));
    ++swept_.alerts;
  }

  /// An incident that went before its later alerts is not found any more: they go, too.
  bool incident_goes(const IncidentId& id) {
    if (const auto known = decided_.find(id); known != decided_.end()) return known->second;
    find_incident_.bind(id);
    const bool stands = find_incident_.step();
    const IncidentRow row = stands ? read_incident(find_incident_) : IncidentRow{};
    failed_ = failed_ || find_incident_.failed();
    find_incident_.reset();
    const bool goes = !failed_ && (!stands || (step_.may_go(row) && is_at_rest(row)));
    if (stands && goes) remove(row);
    return decided_[id] = goes;
  }

  bool owes(const IncidentId& id) {
    return any("select 1 from deliveries where incident = ?1 and state not in ('done','expired') limit 1", id.text);
  }

  bool is_at_rest(const IncidentRow& row) {
    if (owes(row.id) || owes(mail_id(row.id))) return false;
    return std::none_of(row.captures.begin(), row.captures.end(), [&](const CaptureKey& key) {
      return any("select 1 from captures where key = ?1 and settled_at is null", key.text());
    });
  }

  void remove(const IncidentRow& row) {
    for (const IncidentId& id : {row.id, mail_id(row.id)}) run("delete from deliveries where incident = ?1", id.text);
    for (const char* sql : {"delete from reports where incident = ?1", "delete from comments where incident = ?1",
                            "delete from incidents where id = ?1"})
      run(sql, row.id.text);
    run("update removed set incidents = incidents + 1 where ?1 <> ''", row.id.text);
    swept_.gone.incidents.push_back(row.id);
    for (const CaptureKey& key : row.captures) remove_unless_shared(key);
  }

  void remove_unless_shared(const CaptureKey& key) {
    Statement s(database_, cat("select ", capture_columns, " from captures where key = ?1"));
    s.bind(key.text());
    if (!s.step()) return void(failed_ = failed_ || s.failed());
    const CaptureRow row = read_capture(s);
    s.reset();
    const bool shared = std::any_of(row.incidents.begin(), row.incidents.end(), [&](const IncidentId& id) {
      return any("select 1 from incidents where id = ?1", id.text);
    });
    if (!shared) remove(row);
  }

  void remove(const CaptureRow& row) {
    run("delete from captures where key = ?1", row.key.text());
    swept_.gone.captures.push_back(row.key);
    if (!row.evidence || any("select 1 from captures where evidence = ?1", row.evidence->text)) return;
    run("insert or ignore into leaving values(?1, ?2)", row.evidence->text, row.bytes);
    swept_.files.push_back(*row.evidence);
  }

  /// What belongs to no incident.
  void remove_older_than(WallTime horizon) {
    Statement unnamed(database_, cat("select ", capture_columns,
                                     " from captures where settled_at < ?1 and incidents = '' limit 100"));
    std::vector<CaptureRow> captures;
    unnamed.bind(horizon);
    while (unnamed.step()) captures.push_back(read_capture(unnamed));
    failed_ = failed_ || unnamed.failed();
    unnamed.reset();
    for (const CaptureRow& row : captures) remove(row);
    run("delete from quarantine where id in (select id from quarantine order by id limit 8) and noted < ?1", horizon);
    run("delete from gaps where id in (select id from gaps order by id limit 100) and noted < ?1", horizon);
    const int gaps = sqlite3_changes(database_);
    if (gaps > 0) run(cat("update removed set gaps = gaps + ", gaps).c_str());
    run("delete from adoptions where asked < ?1", step_.before);
    remove_conditions(horizon);
  }

  void remove_conditions(WallTime horizon) {
    Statement s(database_, "select key, id from conditions where open = 0 and told < ?1 limit 100");
    std::vector<std::pair<std::string, IncidentId>> over;
    s.bind(horizon);
    while (s.step()) {
      std::string key = s.text();
      over.emplace_back(std::move(key), IncidentId{s.text()});
    }
    failed_ = failed_ || s.failed();
    s.reset();
    for (const auto& [key, id] : over) {
      if (owes(id) || owes(mail_id(id))) continue;
      for (const IncidentId& held : {id, mail_id(id)}) run("delete from deliveries where incident = ?1", held.text);
      run("delete from conditions where key = ?1", key);
    }
  }

  void forget_alerts() {
    const std::string those =
        cat(" from remembered where number <= (select max(number) from remembered) - ", step_.remembered);
    Statement s(database_, cat("select identity", those));
    while (s.step()) swept_.gone.identities.push_back(s.text());
    failed_ = failed_ || s.failed();
    s.reset();
    if (!swept_.gone.identities.empty()) run(cat("delete", those).c_str());
  }

  void run(Statement& s) { failed_ = !s.run() || failed_; }
  template <typename... Value>
  void run(const char* sql, const Value&... value) {
    Statement s(database_, sql);
    (s.bind(value), ...);
    run(s);
  }
  bool any(const char* sql, const std::string& key) {
    Statement s(database_, sql);
    s.bind(key);
    const bool found = s.step();
    failed_ = failed_ || s.failed();
    return found;
  }

  sqlite3* database_;
  const SweepStep& step_;
  Swept swept_;
  bool failed_ = false;
  std::map<IncidentId, bool> decided_;
  Statement remove_alert_{database_, "delete from alerts where sequence = ?1"};
  Statement remember_{database_, "insert into remembered(identity) values(?1)"};
  Statement find_incident_{database_, cat("select ", incident_columns, " from incidents where id = ?1")};
};

}  // namespace

Result<Swept> swept_in_transaction(sqlite3* database, const SweepStep& step) { return Sweep(database, step).run(); }

}  // namespace exhibit
