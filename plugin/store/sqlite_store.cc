#include <algorithm>
#include <iterator>
#include <set>

#include "base/plants.h"
#include "base/sha256.h"
#include "base/text.h"
#include "store/checked_log.h"
#include "store/report_json.h"
#include "store/row_readers.h"
#include "store/sqlite_store.h"

namespace exhibit {
namespace {

using sqlite::Statement;

template <typename T, typename Text>
std::string joined(const std::vector<T>& list, Text text) {
  std::vector<std::string> parts;
  for (const T& item : list) parts.push_back(replace_all(text(item), "\n", " "));
  return join(parts, "\n");
}

class SqliteStore final : public Store {
 public:
  SqliteStore(sqlite::Database database, const std::string& path)
      : database_(std::move(database)), mark_(database_.get(), path) {}

  Result<void> commit(std::span<const Fact> facts) override {
    if (facts.empty()) return {};
    if (!begin_.run()) return failure("begin");
    for (const Fact& fact : facts)
      if (!std::visit([&](const auto& row) { return put(row); }, fact)) return abandon("writing a row");
    if (!commit_.run()) return abandon("commit");
    return {};
  }

  Result<Snapshot> load(WallTime since) override {
    Snapshot rows;
    const std::string open_incidents =
        "(select incident from deliveries where state not in ('done','expired') union select id from incidents where "
        "opened >= ?1)";
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
    read(cat("select identity, incident, sequence, sensor, event_id, time, received, "
             "case when identity in (select first_alert from incidents where id in ",
             open_incidents, ") then raw else '' end from alerts"),
         since, rows.alerts, read_alert);
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
    rows.alerts_total = count("select count(*) from alerts");
    rows.incidents_total = count("select count(*) from incidents");
    rows.gaps_total = count("select count(*) from gaps");
    if (failed_) return failure("loading");
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
    return one<IncidentRow>(cat("select ", incident_columns, " from incidents where link = ?1"), link.text,
                            read_incident);
  }

  Result<AlertRow> alert(const std::string& identity) override {
    return one<AlertRow>(
        "select identity, incident, sequence, sensor, event_id, time, received, raw from alerts where identity = ?1",
        identity, read_alert);
  }

  Result<std::vector<CaptureRow>> captures_of(const IncidentRow& incident) override {
    std::vector<CaptureRow> rows;
    for (const CaptureKey& key : incident.captures) {
      Result<CaptureRow> row =
          one<CaptureRow>(cat("select ", capture_columns, " from captures where key = ?1"), key.text(), read_capture);
      if (row)
        rows.push_back(std::move(*row));
      else if (row.error().code != Errc::not_found)
        return row.error();
    }
    return rows;
  }

  Result<std::vector<ReportRow>> reports_of(const IncidentId& incident) override {
    return many<ReportRow>("select capture, incident, report from reports where incident = ?1", incident.text,
                           read_report);
  }

  Result<std::vector<CommentRow>> comments_of(const IncidentId& incident) override {
    return many<CommentRow>(
        "select incident, id, author, text, at, is_public, heard from comments where incident = ?1 order by heard, at",
        incident.text, read_comment);
  }

  Result<std::vector<IncidentRow>> incidents(std::size_t limit, std::size_t offset) override {
    return many<IncidentRow>(cat("select ", incident_columns,
                                 " from incidents order by opened desc, (select sequence from alerts where identity = "
                                 "first_alert) desc limit ",
                                 limit, " offset ", offset),
                             read_incident);
  }

  Result<std::vector<DeliveryRow>> deliveries(DeliveryState state, std::size_t limit) override {
    const bool at_rest = state == DeliveryState::done || state == DeliveryState::expired;
    return many<DeliveryRow>(cat("select ", delivery_columns, " from deliveries where state = ?1",
                                 at_rest ? "" : " and state not in ('done','expired')", " limit ", limit),
                             std::string(token(state)), read_delivery);
  }

  Result<std::vector<GapRow>> gaps(std::size_t limit) override {
    return many<GapRow>(
        cat("select sensor, cause, proof, from_ns, to_ns, noted from gaps order by id desc limit ", limit),
        [](Statement& s) {
          GapRow row;
          row.sensor = {s.text()};
          row.cause = s.text();
          row.proof = s.text();
          row.from_ns = s.number();
          row.to_ns = s.number();
          row.noted = s.time();
          return row;
        });
  }

  Result<std::vector<EvidenceId>> known_evidence() override {
    return many<EvidenceId>("select evidence from captures where evidence <> ''",
                            [](Statement& s) { return EvidenceId{s.text()}; });
  }

  Result<LedgerEntry> append_ledger(WallTime at, std::string actor, std::string action, std::string object,
                                    std::string detail) override {
    Statement last(database_.get(), "select sequence, hash from ledger order by sequence desc limit 1");
    LedgerEntry entry{
        1, at, std::move(actor), std::move(action), std::move(object), std::move(detail), std::string(64, '0'), {}};
    if (last.step()) {
      entry.sequence = static_cast<std::uint64_t>(last.number()) + 1;
      entry.previous = last.text();
    }
    last.reset();
    entry.hash = ledger_hash(entry);
    Statement s(database_.get(), "insert into ledger values(?,?,?,?,?,?,?,?)");
    s.bind(entry.sequence)
        .bind(entry.at)
        .bind(entry.actor)
        .bind(entry.action)
        .bind(entry.object)
        .bind(entry.detail)
        .bind(entry.previous)
        .bind(entry.hash);
    if (!s.run()) return failure("writing the ledger");
    return entry;
  }

  Result<std::vector<LedgerEntry>> ledger(std::uint64_t from, std::size_t limit) override {
    return many<LedgerEntry>(
        cat("select sequence, at, actor, action, object, detail, previous, hash from ledger where sequence >= ", from,
            " order by sequence limit ", limit),
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
        });
  }

  void checkpoint() override {
    sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }

  void give_log_back() override {
    sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  }

 private:
  bool put(const AlertRow& row) {
    return alert_.bind(row.sequence)
        .bind(row.identity)
        .bind(row.incident)
        .bind(row.sensor)
        .bind(row.event_id)
        .bind(row.time)
        .bind(row.received)
        .bind(row.raw)
        .run();
  }

  bool put(const IncidentRow& row) {
    const std::string captures = joined(row.captures, [](const CaptureKey& key) { return key.text(); });
    return incident_.bind(row.id)
        .bind(row.correlation)
        .bind(row.link)
        .bind(row.group)
        .bind(row.first_alert)
        .bind(row.first_time)
        .bind(row.opened)
        .bind(static_cast<int>(row.severity))
        .bind(row.alerts)
        .bind(row.alerts_told)
        .bind(captures)
        .bind(token(row.no_capture))
        .bind(row.ticket)
        .bind(row.number)
        .bind(row.url)
        .bind(row.ticket_at)
        .bind(row.remote_state)
        .bind(row.assignee)
        .bind(row.verdict)
        .bind(row.remote_version)
        .bind(row.closed_at)
        .bind(row.previous)
        .bind(row.mailed_at)
        .run();
  }

  bool put(const CaptureRow& row) {
    const std::string proof = joined(row.proof, [](const std::string& clause) { return clause; });
    const std::string incidents = joined(row.incidents, [](const IncidentId& id) { return id.text; });
    return capture_.bind(row.key.text())
        .bind(token(row.state))
        .bind(token(row.cause))
        .bind(proof)
        .bind(incidents)
        .bind(static_cast<int>(row.severity))
        .bind(row.on_demand)
        .bind(row.heard)
        .bind(row.completed)
        .bind(row.refused)
        .bind(row.attempts)
        .bind(row.named)
        .bind(row.due.wall)
        .bind(row.safe_until.wall)
        .bind(row.completed_at)
        .bind(row.settled_at)
        .bind(row.evidence ? std::string_view(row.evidence->text) : "")
        .bind(row.bytes)
        .bind(token(row.trouble))
        .run();
  }

  bool put(const ReportRow& row) {
    return report_.bind(row.capture.text()).bind(row.incident).bind(report_to_json(row.report)).run();
  }

  bool put(const DeliveryRow& row) {
    return delivery_.bind(row.incident)
        .bind(row.order)
        .bind(token(row.kind))
        .bind(row.subject)
        .bind(token(row.state))
        .bind(static_cast<int>(row.rung))
        .bind(row.attempt)
        .bind(static_cast<int>(row.severity))
        .bind(row.not_before.wall)
        .bind(row.certain_after.wall)
        .bind(row.cause)
        .bind(row.short_because)
        .run();
  }

  bool put(const GapRow& row) {
    return gap_.bind(row.sensor)
        .bind(row.cause)
        .bind(row.proof)
        .bind(row.from_ns)
        .bind(row.to_ns)
        .bind(row.noted)
        .run();
  }
  bool put(const CursorRow& row) {
    return cursor_.bind(row.sensor)
        .bind(row.subscription_id)
        .bind(row.session_id)
        .bind(row.cookie)
        .bind(row.last_time_ns)
        .run();
  }
  bool put(const CommentRow& row) {
    return comment_.bind(row.incident)
        .bind(row.id)
        .bind(row.author)
        .bind(row.text)
        .bind(row.at)
        .bind(row.is_public)
        .bind(row.heard)
        .run();
  }
  bool put(const AdoptionRow& row) {
    return adoption_.bind(row.id())
        .bind(row.ticket)
        .bind(row.number)
        .bind(row.sensor)
        .bind(row.event_id)
        .bind(row.time)
        .bind(row.attacker)
        .bind(row.target)
        .bind(row.by)
        .bind(row.asked)
        .bind(row.used)
        .run();
  }
  bool put(const ConditionRow& row) {
    return condition_.bind(row.key)
        .bind(row.id)
        .bind(row.text)
        .bind(row.since)
        .bind(row.heard)
        .bind(row.told)
        .bind(row.open)
        .bind(row.ticket)
        .bind(row.number)
        .run();
  }
  bool put(const PollCursorRow& row) { return poll_cursor_.bind(row.cursor).run(); }
  bool put(const QuarantineRow& row) {
    return quarantine_.bind(row.sensor).bind(row.raw).bind(row.problem).bind(row.noted).run();
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

  template <typename Row, typename Read>
  Result<std::vector<Row>> collect(Statement& s, Read each) {
    std::vector<Row> rows;
    while (s.step()) rows.push_back(each(s));
    if (s.failed()) return failure("reading");
    return rows;
  }

  sqlite3* own() {
    static sqlite3* any = nullptr;
    if (planted(Plant::store_query_without_tenant)) return any = any ? any : database_.get();
    return database_.get();
  }

  template <typename Row, typename Read>
  Result<std::vector<Row>> many(const std::string& sql, Read each) {
    Statement s(own(), sql);
    return collect<Row>(s, each);
  }

  template <typename Row, typename Read>
  Result<std::vector<Row>> many(const std::string& sql, const std::string& key, Read each) {
    Statement s(own(), sql);
    s.bind(key);
    return collect<Row>(s, each);
  }

  template <typename Row, typename Read>
  Result<Row> one(const std::string& sql, const std::string& key, Read each) {
    Statement s(own(), sql);
    s.bind(key);
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
  LogMark mark_;
  bool failed_ = false;
  Statement begin_{database_.get(), "begin immediate"}, commit_{database_.get(), "commit"};
  // An alert is written once; the same identity again is the same alert.
  Statement alert_{database_.get(), "insert into alerts values(?,?,?,?,?,?,?,?) on conflict(identity) do nothing"};
  // Not "or replace": two incidents with one link would silently become one.
  Statement incident_{
      database_.get(),
      "insert into incidents values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict(id) do update set "
      "severity=excluded.severity, "
      "alerts=excluded.alerts, alerts_told=excluded.alerts_told, captures=excluded.captures, "
      "no_capture=excluded.no_capture, "
      "ticket=excluded.ticket, number=excluded.number, url=excluded.url, ticket_at=excluded.ticket_at, "
      "remote_state=excluded.remote_state, assignee=excluded.assignee, verdict=excluded.verdict, "
      "remote_version=excluded.remote_version, closed_at=excluded.closed_at, mailed_at=excluded.mailed_at"};
  // A desk may give a comment again, with a corrected text.
  Statement comment_{database_.get(), "insert or replace into comments values(?,?,?,?,?,?,?)"};
  Statement adoption_{database_.get(), "insert or replace into adoptions values(?,?,?,?,?,?,?,?,?,?,?)"};
  Statement condition_{database_.get(), "insert or replace into conditions values(?,?,?,?,?,?,?,?,?)"};
  Statement poll_cursor_{database_.get(), "insert or replace into poll_cursor values(1,?)"};
  Statement capture_{database_.get(), "insert or replace into captures values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"};
  Statement report_{database_.get(), "insert or replace into reports values(?,?,?)"};
  Statement delivery_{
      database_.get(),
      "insert into deliveries values(?,?,?,?,?,?,?,?,?,?,?,?) on conflict(incident, ord) do update set "
      "kind=excluded.kind, subject=excluded.subject, state=excluded.state, rung=excluded.rung, "
      "attempt=excluded.attempt, severity=excluded.severity, not_before=excluded.not_before, "
      "certain_after=excluded.certain_after, cause=excluded.cause, short_because=excluded.short_because"};
  Statement gap_{database_.get(), "insert into gaps(sensor, cause, proof, from_ns, to_ns, noted) values(?,?,?,?,?,?)"};
  Statement cursor_{database_.get(), "insert or replace into cursors values(?,?,?,?,?)"};
  Statement quarantine_{database_.get(), "insert into quarantine(sensor, raw, problem, noted) values(?,?,?,?)"};
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
