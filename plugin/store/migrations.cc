#include "store/migrations.h"

#include <array>

#include "base/text.h"
#include "store/sqlite.h"

namespace exhibit {
namespace {

// Times are nanoseconds since 1970, UTC. Lists are joined by line feeds, which none of their elements can hold.
constexpr const char* version_1 = R"sql(
create table alerts(
  identity text primary key, incident text not null, sequence integer not null, sensor text not null, event_id text not null,
  time integer not null, received integer not null, raw text not null) without rowid;
create index alerts_by_incident on alerts(incident);
create table incidents(
  id text primary key, correlation text not null unique, link text not null unique, grouping text not null, first_alert text not null,
  first_time integer not null, opened integer not null, severity integer not null, alerts integer not null, alerts_told integer not null,
  captures text not null, no_capture text not null, ticket text not null, number text not null, url text not null, ticket_at integer) without rowid;
create index incidents_by_time on incidents(opened);
create table captures(
  key text primary key, state text not null, cause text not null, proof text not null, incidents text not null, severity integer not null,
  on_demand integer not null, heard integer not null, completed integer not null, refused integer not null, attempts integer not null,
  named integer not null, due integer not null, safe_until integer not null, completed_at integer, settled_at integer, evidence text not null,
  bytes integer not null, trouble text not null) without rowid;
create index captures_by_settled on captures(settled_at);
create table reports(capture text not null, incident text not null, report text not null, primary key(incident, capture)) without rowid;
create table deliveries(
  id text primary key, incident text not null, kind text not null, ord integer not null, subject text not null, state text not null,
  rung integer not null, attempt integer not null, severity integer not null, not_before integer not null, certain_after integer not null,
  cause text not null, short_because text not null) without rowid;
create index deliveries_by_state on deliveries(state);
create index deliveries_by_incident on deliveries(incident);
create table gaps(
  id integer primary key, sensor text not null, cause text not null, proof text not null, from_ns integer not null, to_ns integer not null,
  noted integer not null);
create table cursors(
  sensor text primary key, subscription_id text not null, session_id text not null, cookie text not null, last_time_ns integer not null) without rowid;
create table quarantine(id integer primary key, sensor text not null, raw text not null, problem text not null, noted integer not null);
create table ledger(
  sequence integer primary key, at integer not null, actor text not null, action text not null, object text not null, detail text not null,
  previous text not null, hash text not null);
)sql";

// What the desk tells of our tickets, and which tickets of others our alerts belong to.
constexpr const char* version_2 = R"sql(
alter table incidents add column remote_state text not null default '';
alter table incidents add column assignee text not null default '';
alter table incidents add column verdict text not null default '';
alter table incidents add column remote_version text not null default '';
alter table incidents add column closed_at integer;
alter table incidents add column previous text not null default '';
create table comments(
  incident text not null, id text not null, author text not null, text text not null, at text not null, is_public integer not null,
  heard integer not null, primary key(incident, id)) without rowid;
create table adoptions(
  id text primary key, ticket text not null, number text not null, sensor text not null, event_id text not null, time integer not null,
  attacker text not null, target text not null, by text not null, asked integer not null, used integer not null) without rowid;
create table conditions(
  key text primary key, id text not null, text text not null, since integer not null, heard integer not null, told integer not null,
  open integer not null, ticket text not null, number text not null) without rowid;
create table poll_cursor(one integer primary key check(one = 1), cursor text not null);
)sql";

// When people heard by mail of an incident whose ticket was late.
constexpr const char* version_3 = "alter table incidents add column mailed_at integer;";

// Rows in the order they came, found by small indices. Kept in the order of their ids, which are digests, each new row
// had to write several pages of its own; that made an accepted alert three times as dear.
constexpr const char* version_4 = R"sql(
create table alerts_4(
  sequence integer primary key, identity text not null unique, incident text not null, sensor text not null, event_id text not null,
  time integer not null, received integer not null, raw text not null);
insert into alerts_4 select sequence, identity, incident, sensor, event_id, time, received, raw from alerts order by sequence;
drop table alerts;
alter table alerts_4 rename to alerts;
create table incidents_4(
  id text not null unique, correlation text not null, link text not null unique, grouping text not null, first_alert text not null,
  first_time integer not null, opened integer not null, severity integer not null, alerts integer not null, alerts_told integer not null,
  captures text not null, no_capture text not null, ticket text not null, number text not null, url text not null, ticket_at integer,
  remote_state text not null, assignee text not null, verdict text not null, remote_version text not null, closed_at integer,
  previous text not null, mailed_at integer);
insert into incidents_4 select id, correlation, link, grouping, first_alert, first_time, opened, severity, alerts, alerts_told, captures,
  no_capture, ticket, number, url, ticket_at, remote_state, assignee, verdict, remote_version, closed_at, previous, mailed_at
  from incidents order by opened;
drop table incidents;
alter table incidents_4 rename to incidents;
create index incidents_by_time on incidents(opened);
create table deliveries_4(
  incident text not null, ord integer not null, kind text not null, subject text not null, state text not null, rung integer not null,
  attempt integer not null, severity integer not null, not_before integer not null, certain_after integer not null, cause text not null,
  short_because text not null, unique(incident, ord));
insert into deliveries_4 select incident, ord, kind, subject, state, rung, attempt, severity, not_before, certain_after, cause,
  short_because from deliveries order by incident, ord;
drop table deliveries;
alter table deliveries_4 rename to deliveries;
create index deliveries_open on deliveries(state) where state not in ('done','expired');
)sql";

// Pages with sums; the file was written anew for it before this step.
constexpr const char* version_5 = "";

// What old rows leave behind: files that are still to be deleted, alerts that must not come twice, and how many went.
constexpr const char* version_6 = R"sql(
create table leaving(evidence text primary key, bytes integer not null) without rowid;
create table remembered(number integer primary key, identity text not null);
create table removed(one integer primary key check(one = 1), incidents integer not null, gaps integer not null);
insert into removed values(1, 0, 0);
create index captures_by_evidence on captures(evidence) where evidence <> '';
)sql";

constexpr std::array<const char*, schema_version> steps = {version_1, version_2, version_3,
                                                           version_4, version_5, version_6};

}  // namespace

Result<void> migrate(sqlite3* database, int to) {
  sqlite::Statement version(database, "pragma user_version");
  if (!version.step()) return sqlite::error_of(database, "reading its version");
  const auto found = static_cast<int>(version.number());
  version.reset();
  if (found > schema_version)
    return Error{Errc::unsupported, cat("store: its version is ", found, ", this program writes ", schema_version,
                                        "; use the newer program")};
  for (int step = found; step < to; ++step) {
    const std::string sql =
        cat("begin immediate;", steps[static_cast<std::size_t>(step)], "pragma user_version=", step + 1, ";commit;");
    if (const Result<void> done = sqlite::execute(database, sql.c_str()); !done) {
      (void)sqlite::execute(database, "rollback");
      return done;
    }
  }
  return {};
}

}  // namespace exhibit
