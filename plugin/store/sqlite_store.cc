#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <unordered_map>

#include "base/plants.h"
#include "base/sha256.h"
#include "base/text.h"
#include "engine/shelf.h"
#include "store/checked_log.h"
#include "store/checked_pages.h"
#include "store/report_json.h"
#include "store/row_readers.h"
#include "store/row_writer.h"
#include "store/sqlite_store.h"
#include "store/sweep.h"

namespace exhibit {
namespace {

using sqlite::Statement;

class SqliteStore final : public Store {
 public:
  SqliteStore(sqlite::Database database, const std::string& path)
      : database_(std::move(database)), path_(path), mark_(database_.get(), path) {}

  Result<void> commit(std::span<const Fact> facts) override {
    if (facts.empty()) return {};
    return in_transaction("writing a row", [&] {
      return std::all_of(facts.begin(), facts.end(), [&](const Fact& fact) { return rows_.put(fact); });
    });
  }

  Result<Snapshot> load(WallTime since, bool whole) override {
    Snapshot rows;
    if (const Result<void> listed = list_waiting(whole); !listed) return listed.error();
    load_waiting(rows);
    const std::string open_incidents =
        "(select incident from (select incident from deliveries where state not in ('done','expired') union select id "
        "from incidents where opened >= ?1) where incident not in (select id from waiting))";
    read(cat("select ", incident_columns, " from incidents where id in ", open_incidents), since, rows.incidents,
         read_incident);
    read(cat("select ", delivery_columns, " from deliveries where incident in ", open_incidents), since,
         rows.deliveries, read_delivery);
    read(cat("select ", capture_columns, " from captures where settled_at is null or settled_at >= ?1"), since,
         rows.captures, read_capture);
    Statement rebuilt(database_.get(), "select max(noted) from gaps where cause = ?1");
    if (rebuilt.bind(std::string_view(store_rebuilt_cause)).step()) rows.rebuilt_at = rebuilt.maybe_time();
    read("select key from captures where settled_at < ?1", since, rows.earlier_captures,
         [](Statement& s) { return CaptureKey::parse(s.text()).value_or(CaptureKey{}); });
    read(cat("select identity, incident, sequence, sensor, event_id, time, received, raw from alerts where identity in "
             "(select first_alert from incidents where id in ",
             open_incidents, ")"),
         since, rows.alerts, read_alert);
    load_seen(open_incidents, since, rows);
    read(cat("select capture, incident, report from reports where incident in ", open_incidents), since, rows.reports,
         read_report);
    read(
        "select ticket, number, sensor, event_id, time, attacker, target, by, asked, used from adoptions where used = "
        "0 "
        "and asked >= ?1",
        since, rows.adoptions, read_adoption);
    read(
        "select key, id, text, since, heard, told, open, ticket, number from conditions where open = 1 or told >= ?1 "
        "or "
        "id in (select incident from deliveries where state not in ('done','expired'))",
        since, rows.conditions, read_condition);
    read(cat("select ", delivery_columns,
             " from deliveries where state in ('done','expired') and incident in "
             "(select id from conditions where open = 1 or told >= ?1)"),
         since, rows.deliveries, read_delivery);
    Statement cursor(database_.get(), "select cursor from poll_cursor");
    if (cursor.step()) rows.poll_cursor = cursor.text();
    if (const Result<void> more = load_captures_named(rows); !more) return more.error();
    rows.sequence = count("select coalesce(max(sequence), 0) from alerts");
    rows.alerts_total = rows.sequence;
    rows.incidents_total = count("select (select count(*) from incidents) + incidents from removed");
    rows.gaps_total = count("select (select count(*) from gaps) + gaps from removed");
    if (failed_) return failure("loading");
    if (const Result<void> emptied = sqlite::execute(database_.get(), "delete from waiting"); !emptied)
      return emptied.error();
    return rows;
  }

  Result<IncidentRows> load_incident(const IncidentId& id) override {
    static const std::string by_id = cat("select ", incident_columns, " from incidents where id = ?");
    static const std::string owed = cat("select ", delivery_columns, " from deliveries where incident = ?");
    IncidentRows rows;
    Result<IncidentRow> incident = one<IncidentRow>(by_id, read_incident, id.text);
    if (!incident) return incident.error();
    rows.incident = std::move(*incident);
    Result<AlertRow> first = alert(rows.incident.first_alert);
    if (!first && first.error().code != Errc::not_found) return first.error();
    if (first) rows.first = std::move(*first);
    Result<std::vector<DeliveryRow>> deliveries = many<DeliveryRow>(owed, read_delivery, id.text);
    if (!deliveries) return deliveries.error();
    rows.deliveries = std::move(*deliveries);
    if (rows.incident.captures.empty()) return rows;
    Result<std::vector<CaptureRow>> captures = captures_of(rows.incident);
    if (!captures) return captures.error();
    Result<std::vector<ReportRow>> reports = reports_of(id);
    if (!reports) return reports.error();
    rows.captures = std::move(*captures);
    rows.reports = std::move(*reports);
    return rows;
  }

  Result<std::vector<CursorRow>> cursors() override {
    std::vector<CursorRow> rows;
    Statement s(database_.get(), "select sensor, subscription_id, session_id, cookie, last_time_ns from cursors");
    while (s.step()) {
      CursorRow row;
      row.sensor = {s.text()};
      row.subscription_id = s.text();
      row.session_id = s.text();
      row.cookie = s.text();
      row.last_time_ns = s.number();
      rows.push_back(std::move(row));
    }
    if (s.failed()) return failure("loading cursors");
    return rows;
  }

  Result<IncidentRow> incident_by_link(const LinkId& link) override {
    return one<IncidentRow>(cat("select ", incident_columns, " from incidents where link = ?"), read_incident,
                            link.text);
  }

  Result<AlertRow> alert(const std::string& identity) override {
    return one<AlertRow>(
        "select identity, incident, sequence, sensor, event_id, time, received, raw from alerts where identity = ?",
        read_alert, identity);
  }

  Result<std::vector<CaptureRow>> captures_of(const IncidentRow& incident) override {
    const std::string by_key = cat("select ", capture_columns, " from captures where key = ?");
    std::vector<CaptureRow> rows;
    for (const CaptureKey& key : incident.captures) {
      Result<CaptureRow> row = one<CaptureRow>(by_key, read_capture, key.text());
      if (row)
        rows.push_back(std::move(*row));
      else if (row.error().code != Errc::not_found)
        return row.error();
    }
    return rows;
  }

  Result<std::vector<ReportRow>> reports_of(const IncidentId& incident) override {
    return many<ReportRow>("select capture, incident, report from reports where incident = ?", read_report,
                           incident.text);
  }

  Result<std::vector<CommentRow>> comments_of(const IncidentId& incident) override {
    return many<CommentRow>(
        "select incident, id, author, text, at, is_public, heard from comments where incident = ? order by heard, at",
        read_comment, incident.text);
  }

  Result<std::vector<IncidentRow>> incidents(std::size_t limit, std::size_t offset) override {
    return many<IncidentRow>(cat("select ", incident_columns,
                                 " from incidents order by opened desc, (select sequence from alerts where identity = "
                                 "first_alert) desc limit ? offset ?"),
                             read_incident, std::uint64_t{limit}, std::uint64_t{offset});
  }

  Result<std::vector<DeliveryRow>> deliveries(DeliveryState state, std::size_t limit) override {
    const bool at_rest = state == DeliveryState::done || state == DeliveryState::expired;
    return many<DeliveryRow>(cat("select ", delivery_columns, " from deliveries where state = ?",
                                 at_rest ? "" : " and state not in ('done','expired')", " limit ?"),
                             read_delivery, token(state), std::uint64_t{limit});
  }

  Result<std::vector<GapRow>> gaps(std::size_t limit) override {
    return many<GapRow>(
        "select sensor, cause, proof, from_ns, to_ns, noted from gaps order by id desc limit ?",
        [](Statement& s) {
          GapRow row;
          row.sensor = {s.text()};
          row.cause = s.text();
          row.proof = s.text();
          row.from_ns = s.number();
          row.to_ns = s.number();
          row.noted = s.time();
          return row;
        },
        std::uint64_t{limit});
  }

  Result<std::vector<EvidenceId>> known_evidence() override {
    return many<EvidenceId>("select evidence from captures where evidence <> '' union select evidence from leaving",
                            [](Statement& s) { return EvidenceId{s.text()}; });
  }

  Result<void> append_ledger(std::span<const LedgerNote> notes) override {
    return in_transaction("writing the ledger", [&] { return write_ledger(notes); });
  }

  Result<std::vector<LedgerEntry>> ledger(std::uint64_t from, std::size_t limit) override {
    return many<LedgerEntry>(
        "select sequence, at, actor, action, object, detail, previous, hash from ledger where sequence >= ? order by "
        "sequence limit ?",
        [](Statement& s) {
          LedgerEntry entry;
          entry.sequence = static_cast<std::uint64_t>(s.number());
          entry.at = s.time();
          entry.actor = s.text();
          entry.action = s.text();
          entry.object = s.text();
          entry.detail = s.text();
          entry.previous = s.text();
          entry.hash = s.text();
          return entry;
        },
        from, std::uint64_t{limit});
  }

  Result<Swept> sweep(const SweepStep& step) override {
    if (!begin_.run()) return failure("begin");
    Result<Swept> swept = swept_in_transaction(database_.get(), step);
    if (swept && !swept->files.empty()) {
      std::string files;
      for (const EvidenceId& id : swept->files) files += (files.empty() ? "" : " ") + id.text;
      const LedgerNote removed[] = {{step.now, "exhibit", "removed", files, step.because}};
      if (!write_ledger(removed)) swept = failure("writing the ledger");
    }
    if (!swept) (void)sqlite::execute(database_.get(), "rollback");
    if (swept && !commit_.run()) return abandon("commit");
    return swept;
  }

  Result<std::vector<EvidenceId>> leaving(std::size_t limit) override {
    // The same bytes may have come again.
    if (const auto stay = sqlite::execute(
            database_.get(),
            "delete from leaving where evidence in (select evidence from captures where evidence <> '')");
        !stay)
      return stay.error();
    return many<EvidenceId>(
        "select evidence from leaving limit ?", [](Statement& s) { return EvidenceId{s.text()}; },
        std::uint64_t{limit});
  }

  Result<void> left(std::span<const EvidenceId> deleted) override {
    if (deleted.empty()) return {};
    Statement gone(database_.get(), "delete from leaving where evidence = ?");
    return in_transaction("deleting", [&] {
      return std::all_of(deleted.begin(), deleted.end(), [&](const EvidenceId& id) { return gone.bind(id).run(); });
    });
  }

  Result<StoreRoom> room() override {
    const sqlite::Use pages_used(pages_), free_used(free_pages_), leaving_used(leaving_);
    if (!pages_.step() || !free_pages_.step() || !leaving_.step()) return failure("reading its size");
    const auto pages = static_cast<std::uint64_t>(pages_.number());
    const auto free = static_cast<std::uint64_t>(free_pages_.number());
    const auto leaving = static_cast<std::uint64_t>(leaving_.number());
    std::error_code none;
    const std::uintmax_t log = std::filesystem::file_size(path_ + "-wal", none);
    return StoreRoom{(pages - free) * page_bytes, pages * page_bytes, none ? 0 : log, mark_.log_bytes(), leaving};
  }

  [[nodiscard]] std::uint64_t log_used() const override { return mark_.log_bytes(); }

  void checkpoint() override {
    sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }

  void give_log_back() override {
    sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  }

 private:
  /// The table `waiting`, of this connection alone: incidents without ticket and captures all of whose deliveries are
  /// ready.
  Result<void> list_waiting(bool none) {
    const Result<void> made = sqlite::execute(
        database_.get(),
        "create temp table if not exists waiting(id text primary key, deliveries integer, first integer) without "
        "rowid; delete from waiting");
    if (!made || none) return made;
    return sqlite::execute(
        database_.get(),
        "insert into waiting select incident, count(*), min(ord) from deliveries where state not in ('done','expired') "
        "group by incident having min(state = 'ready') = 1 and exists(select 1 from incidents where id = incident and "
        "ticket_at is null and captures = '')");
  }

  void load_waiting(Snapshot& rows) {
    Statement s(database_.get(),
                "select id, grouping, first_time, d.severity, d.not_before, w.deliveries from waiting w join incidents "
                "using(id) join deliveries d on d.incident = id and d.ord = w.first order by d.rowid");
    while (s.step()) {
      WaitingRow row;
      row.incident = IncidentKey::of({s.text()});
      row.group = Shelf::group_hash(s.text());
      row.first_time = s.time();
      row.severity = static_cast<Severity>(s.number());
      row.not_before.wall = s.time();
      row.deliveries = static_cast<std::uint32_t>(s.number());
      rows.waiting.push_back(row);
    }
    failed_ = failed_ || s.failed();
  }

  /// There may be millions: each leaves some bytes and no row.
  void load_seen(const std::string& open_incidents, WallTime since, Snapshot& rows) {
    Statement s(database_.get(), cat("select identity, received, sensor, event_id, case when incident in ",
                                     open_incidents, " or incident in (select id from waiting) then incident else '' "
                                     "end from alerts"));
    s.bind(since);
    while (s.step()) {
      rows.seen.insert(s.text());
      rows.newest_alert = std::max(rows.newest_alert, s.time());
      const SensorId sensor{s.text()};
      const std::string event = s.text();
      if (const IncidentId incident{s.text()}; !incident.empty()) rows.seen.belongs(sensor, event, incident);
    }
    Statement remembered(database_.get(), "select identity from remembered");
    while (remembered.step()) rows.seen.insert(remembered.text());
    failed_ = failed_ || s.failed() || remembered.failed();
  }

  /// All that `write` does, or nothing when it says false.
  template <typename Write>
  Result<void> in_transaction(std::string_view doing, Write write) {
    if (!begin_.run()) return failure("begin");
    if (!write()) return abandon(doing);
    if (!commit_.run()) return abandon("commit");
    return {};
  }

  /// Inside a transaction.
  bool write_ledger(std::span<const LedgerNote> notes) {
    LedgerEntry entry;
    entry.hash = std::string(64, '0');
    Statement& last = kept("select sequence, hash from ledger order by sequence desc limit 1");
    {
      const sqlite::Use used(last);
      if (last.step()) {
        entry.sequence = static_cast<std::uint64_t>(last.number());
        entry.hash = last.text();
      }
      if (last.failed()) return false;
    }
    Statement& insert = kept("insert into ledger values(?,?,?,?,?,?,?,?)");
    for (const LedgerNote& note : notes) {
      entry = {entry.sequence + 1, note.at, note.actor, note.action, note.object, note.detail, entry.hash, {}};
      entry.hash = ledger_hash(entry);
      insert.bind(entry.sequence).bind(entry.at).bind(entry.actor).bind(entry.action).bind(entry.object);
      if (!insert.bind(entry.detail).bind(entry.previous).bind(entry.hash).run()) return false;
    }
    return true;
  }

  static ReportRow read_report(Statement& s) {
    ReportRow row;
    row.capture = CaptureKey::parse(s.text()).value_or(CaptureKey{});
    row.incident = {s.text()};
    row.report = report_from_json(s.text()).value_or(CaptureReport{});
    return row;
  }

  /// What an open incident names is needed for its notes, however long ago it settled.
  Result<void> load_captures_named(Snapshot& rows) {
    std::set<CaptureKey> have;
    IncidentRow missing;
    for (const CaptureRow& row : rows.captures) have.insert(row.key);
    for (const IncidentRow& incident : rows.incidents)
      for (const CaptureKey& key : incident.captures)
        if (have.insert(key).second) missing.captures.push_back(key);
    Result<std::vector<CaptureRow>> more = captures_of(missing);
    if (!more) return more.error();
    std::move(more->begin(), more->end(), std::back_inserter(rows.captures));
    return {};
  }

  template <typename Row, typename Read>
  void read(const std::string& sql, WallTime since, std::vector<Row>& rows, Read each) {
    Statement s(database_.get(), sql);
    s.bind(since);
    while (s.step()) rows.push_back(each(s));
    failed_ = failed_ || s.failed();
  }

  sqlite3* own() {
    static sqlite3* any = nullptr;
    if (planted(Plant::store_query_without_tenant)) return any = any ? any : database_.get();
    return database_.get();
  }

  /// Prepared at its first use; for one use at a time.
  Statement& kept(const std::string& sql) {
    Statement& statement = kept_.try_emplace(sql, own(), sql).first->second;
    if (!statement.prepared()) statement = Statement(own(), sql);
    return statement;
  }

  template <typename Row, typename Read, typename... Keys>
  Result<std::vector<Row>> many(const std::string& sql, Read each, const Keys&... keys) {
    Statement& s = kept(sql);
    const sqlite::Use used(s);
    (s.bind(keys), ...);
    std::vector<Row> rows;
    while (s.step()) rows.push_back(each(s));
    if (s.failed()) return failure("reading");
    return rows;
  }

  template <typename Row, typename Read, typename... Keys>
  Result<Row> one(const std::string& sql, Read each, const Keys&... keys) {
    Statement& s = kept(sql);
    const sqlite::Use used(s);
    (s.bind(keys), ...);
    if (s.step()) return each(s);
    if (s.failed()) return failure("reading");
    return Error{Errc::not_found, "store: no such row"};
  }

  std::uint64_t count(const char* sql) {
    Statement s(database_.get(), sql);
    const std::uint64_t number = s.step() ? static_cast<std::uint64_t>(s.number()) : 0;
    failed_ = failed_ || s.failed();
    return number;
  }

  Error failure(std::string_view doing) {
    failed_ = false;
    return sqlite::error_of(database_.get(), doing);
  }

  Error abandon(std::string_view doing) {
    Error error = failure(doing);
    (void)sqlite::execute(database_.get(), "rollback");
    return error;
  }

  sqlite::Database database_;
  std::string path_;
  LogMark mark_;
  bool failed_ = false;
  Statement begin_{database_.get(), "begin immediate"}, commit_{database_.get(), "commit"};
  RowWriter rows_{database_.get()};
  std::unordered_map<std::string, Statement> kept_;
  Statement pages_{database_.get(), "pragma page_count"}, free_pages_{database_.get(), "pragma freelist_count"},
      leaving_{database_.get(), "select coalesce(sum((bytes + 4095) / 4096 * 4096 + 4096), 0) from leaving"};
};

}  // namespace

std::string ledger_hash(const LedgerEntry& entry) {
  Sha256 hash;
  hash.add_field(cat(entry.sequence));
  hash.add_field(cat(ns_of(entry.at)));
  for (const std::string& field : {entry.actor, entry.action, entry.object, entry.detail, entry.previous})
    hash.add_field(field);
  return hex(hash.finish());
}

std::unique_ptr<Store> make_sqlite_store(sqlite::Database database, const std::string& path) {
  return std::make_unique<SqliteStore>(std::move(database), path);
}

}  // namespace exhibit
