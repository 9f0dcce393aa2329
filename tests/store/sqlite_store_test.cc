#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "engine/shelf.h"
#include "files.h"
#include "phf_alert.h"
#include "store/checked_pages.h"
#include "store/migrations.h"
#include "store/report_json.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace exhibit {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    folder = (std::filesystem::temp_directory_path() / "exhibit-store-XXXXXX").string();
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    reopen();
  }
  ~SqliteStoreTest() override {
    store.reset();
    std::filesystem::remove_all(folder);
  }
  void reopen() {
    store.reset();
    Result<std::unique_ptr<Store>> opened = open_sqlite_store(path());
    ASSERT_TRUE(opened) << opened.error().text;
    store = std::move(*opened);
  }
  std::string path() const { return folder + "/exhibit.db"; }

  std::string folder;
  std::unique_ptr<Store> store;
};

Facts some_facts() {
  IncidentRow incident;
  incident.id = {"inc-1"};
  incident.correlation = {"EXH1-A"};
  incident.link = {"link1"};
  incident.first_alert = "aa";
  incident.opened = wall_from_ns(5);
  incident.captures = {{{"s1"}, "77", 0}, {{"s1"}, "78", 3}};
  incident.ticket_at = wall_from_ns(9);
  CaptureRow capture;
  capture.key = {{"s1"}, "77", 0};
  capture.state = CaptureState::sealed_partial;
  capture.cause = CaptureCause::overwritten;
  capture.proof = {"one clause", "another\nwith a break"};
  capture.incidents = {{"inc-1"}, {"inc-2"}};
  capture.evidence = EvidenceId{"ee"};
  capture.completed_at = wall_from_ns(7);
  capture.settled_at = wall_from_ns(8);
  DeliveryRow delivery;
  delivery.id = {"inc-1-0"};
  delivery.incident = {"inc-1"};
  delivery.state = DeliveryState::unknown;
  delivery.rung = Rung::headers;
  delivery.subject = "capture s1/77/0";
  ReportRow report{{{"s1"}, "77", 0}, {"inc-1"}, {}};
  report.report.packets = 12;
  report.report.answer = Answer{Answer::Kind::tls_alert, {}, 7, 3, 40, "handshake failure (40)", 99};
  report.report.other_statuses = {200, 404};
  report.report.first = wall_from_ns(1'800'000'000'123'456'789);
  return {AlertRow{"aa", {"inc-1"}, 1, {"s1"}, "17", wall_from_ns(1), wall_from_ns(2), "<raw/>"},
          incident,
          capture,
          delivery,
          report,
          CursorRow{{"s1"}, "sub", "sess", "cookie", 42},
          GapRow{{"s1"}, "missed-events", "proof", 1, 2, wall_from_ns(3)}};
}

TEST_F(SqliteStoreTest, WhatWasCommittedIsThereAfterReopening) {
  ASSERT_TRUE(store->commit(some_facts()));
  reopen();
  const Result<Snapshot> rows = store->load(wall_from_ns(0));
  ASSERT_TRUE(rows);
  ASSERT_THAT(rows->incidents, SizeIs(1));
  EXPECT_THAT(rows->incidents[0].captures, ElementsAre(CaptureKey{{"s1"}, "77", 0}, CaptureKey{{"s1"}, "78", 3}));
  EXPECT_EQ(rows->incidents[0].ticket_at, wall_from_ns(9));
  ASSERT_THAT(rows->captures, SizeIs(1));
  EXPECT_EQ(rows->captures[0].cause, CaptureCause::overwritten);
  EXPECT_THAT(rows->captures[0].proof, ElementsAre("one clause", "another with a break"));
  EXPECT_THAT(rows->captures[0].incidents, ElementsAre(IncidentId{"inc-1"}, IncidentId{"inc-2"}));
  EXPECT_EQ(rows->captures[0].settled_at, wall_from_ns(8));
  ASSERT_THAT(rows->deliveries, SizeIs(1));
  EXPECT_EQ(rows->deliveries[0].state, DeliveryState::unknown);
  EXPECT_EQ(rows->deliveries[0].rung, Rung::headers);
  ASSERT_THAT(rows->reports, SizeIs(1));
  EXPECT_EQ(rows->reports[0].report.answer->tls_alert, 40);
  EXPECT_EQ(rows->reports[0].report.first, wall_from_ns(1'800'000'000'123'456'789));
  EXPECT_THAT(rows->alerts, SizeIs(1));
  EXPECT_EQ(rows->gaps_total, 1U);
  EXPECT_EQ(store->cursors()->at(0).last_time_ns, 42);
  EXPECT_EQ(store->incident_by_link({"link1"})->id.text, "inc-1");
  EXPECT_EQ(store->incident_by_link({"other"}).error().code, Errc::not_found);
}

TEST_F(SqliteStoreTest, ARowIsItsLatestImageAndAnAlertIsWrittenOnce) {
  ASSERT_TRUE(store->commit(some_facts()));
  Facts again = some_facts();
  std::get<AlertRow>(again[0]).raw = "changed";
  std::get<IncidentRow>(again[1]).alerts = 5;
  ASSERT_TRUE(store->commit(again));
  EXPECT_EQ(store->alert("aa")->raw, "<raw/>");
  EXPECT_EQ(store->incident_by_link({"link1"})->alerts, 5U);
}

TEST_F(SqliteStoreTest, HalfATransactionIsNone) {
  ASSERT_TRUE(store->commit(some_facts()));
  IncidentRow clash;
  clash.id = {"inc-9"};
  clash.correlation = {"EXH1-B"};
  clash.link = {"link1"};  // Another incident has it.
  DeliveryRow owed;
  owed.id = {"inc-9-0"};
  EXPECT_FALSE(store->commit(Facts{AlertRow{"bb", {"inc-9"}, 2, {"s1"}, "18", {}, {}, ""}, owed, clash}));
  EXPECT_EQ(store->alert("bb").error().code, Errc::not_found);
  EXPECT_THAT(*store->deliveries(DeliveryState::ready, 10), testing::IsEmpty());
  EXPECT_EQ(store->incident_by_link({"link1"})->id.text, "inc-1");
  EXPECT_TRUE(store->commit(Facts{owed}));
}

TEST_F(SqliteStoreTest, ASecondConnectionIsRefused) {
  ASSERT_TRUE(store->commit(some_facts()));
  EXPECT_FALSE(open_sqlite_store(path()));
}

TEST_F(SqliteStoreTest, AStoreOfANewerProgramIsRefusedWithBothNumbers) {
  store.reset();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path().c_str(), &raw, SQLITE_OPEN_READWRITE, checked_vfs()), SQLITE_OK);
  ASSERT_TRUE(sqlite::execute(raw, "pragma locking_mode=exclusive; pragma user_version=99"));
  sqlite3_close(raw);
  const auto opened = open_sqlite_store(path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unsupported);
  EXPECT_THAT(opened.error().text, testing::HasSubstr("99"));
}

TEST_F(SqliteStoreTest, AStoreOfTheFirstVersionKeepsItsRows) {
  store.reset();
  std::filesystem::remove(path());
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &raw), SQLITE_OK);
  ASSERT_TRUE(migrate(raw, 1));
  ASSERT_TRUE(
      sqlite::execute(raw,
                      "insert into incidents values('inc-1','EXH1-A','link1','g','aa',1,5,3,2,1,'','none','sys1',"
                      "'INC1','',9); insert into deliveries values('inc-1-0','inc-1','ensure',0,'ticket','done',1,"
                      "1,3,0,0,'',''); insert into alerts values('bb','inc-1',8,'s1','18',1,2,'<later/>'),"
                      "('aa','inc-1',7,'s1','17',1,2,'<raw/>')"));
  sqlite3_close(raw);
  reopen();
  const auto rows = store->load(WallTime{});
  ASSERT_TRUE(rows) << rows.error().text;
  ASSERT_THAT(rows->incidents, SizeIs(1));
  EXPECT_EQ(rows->incidents[0].ticket, "sys1");
  EXPECT_FALSE(rows->incidents[0].closed_at);
  ASSERT_THAT(rows->deliveries, SizeIs(1));
  EXPECT_EQ(rows->deliveries[0].id.text, "inc-1-0");
  EXPECT_EQ(rows->sequence, 8u);
  EXPECT_EQ(store->alert("aa")->raw, "<raw/>");
}

TEST_F(SqliteStoreTest, WhatThePeopleDidAndWhatWaitsIsLoadedAgain) {
  IncidentRow incident;
  incident.id = {"inc-1"};
  incident.correlation = {"EXH1-A"};
  incident.link = {"link1"};
  incident.remote_state = "Closed";
  incident.assignee = "kim";
  incident.verdict = "false positive";
  incident.remote_version = "v7";
  incident.closed_at = wall_from_ns(12);
  incident.previous = {"inc-0"};
  AdoptionRow adoption;
  adoption.ticket = "sys9";
  adoption.sensor = {"s1"};
  adoption.event_id = "77";
  AdoptionRow used = adoption;
  used.event_id = "78";
  used.used = true;
  ConditionRow condition;
  condition.key = "sensor/s1";
  condition.id = {"cond-1"};
  condition.text = "timeout";
  DeliveryRow of_condition;
  of_condition.id = {"cond-1-0"};
  of_condition.incident = {"cond-1"};
  of_condition.state = DeliveryState::done;
  ASSERT_TRUE(store->commit(Facts{incident, CommentRow{{"inc-1"}, "c1", "kim", "looked at it", "12:00", true, {}},
                                  adoption, used, condition, of_condition, PollCursorRow{"{\"since\":1}"}}));
  reopen();
  const auto rows = store->load(WallTime{});
  ASSERT_TRUE(rows) << rows.error().text;
  ASSERT_THAT(rows->incidents, SizeIs(1));
  EXPECT_EQ(rows->incidents[0].verdict, "false positive");
  EXPECT_EQ(rows->incidents[0].closed_at, wall_from_ns(12));
  EXPECT_EQ(rows->incidents[0].previous.text, "inc-0");
  ASSERT_THAT(rows->adoptions, SizeIs(1));
  EXPECT_EQ(rows->adoptions[0].event_id, "77");
  ASSERT_THAT(rows->conditions, SizeIs(1));
  EXPECT_THAT(rows->deliveries, SizeIs(1)) << "so that the next one of it has the next number";
  EXPECT_EQ(rows->poll_cursor, "{\"since\":1}");
  const auto comments = store->comments_of({"inc-1"});
  ASSERT_THAT(*comments, SizeIs(1));
  EXPECT_EQ((*comments)[0].text, "looked at it");
}

TEST_F(SqliteStoreTest, AFileThatIsNoStoreIsSaidToBeOne) {
  store.reset();
  std::filesystem::remove(path());
  test::write_file(path(), std::string(8192, 'x'));
  const auto opened = open_sqlite_store(path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::corrupt);
}

TEST_F(SqliteStoreTest, DamageIsFoundInALogThatWasBegunAnewWithALargerCommit) {
  ASSERT_TRUE(store->commit(some_facts()));
  store->checkpoint();
  Facts more;
  for (std::uint64_t i = 2; i < 200; ++i)
    more.emplace_back(AlertRow{cat("b", i), {"inc-1"}, i, {"s1"}, cat(i), wall_from_ns(1), wall_from_ns(2),
                               std::string(500, 'x')});
  ASSERT_TRUE(store->commit(more));
  const std::string killed = folder + "/killed";
  for (const char* damaged : {"", "-wal"}) {
    std::filesystem::remove_all(killed);
    std::filesystem::create_directory(killed);
    for (const char* part : {"", "-wal", "-mark"})
      std::filesystem::copy(cat(path(), part), cat(killed, "/exhibit.db", part));
    if (*damaged != '\0') {
      std::string log = test::read_file(cat(killed, "/exhibit.db", damaged));
      log[100] ^= 1;  // In its first frame.
      test::write_file(cat(killed, "/exhibit.db", damaged), log);
    }
    const auto opened = open_sqlite_store(killed + "/exhibit.db");
    ASSERT_EQ(opened.has_value(), *damaged == '\0') << damaged;
    if (!opened) {
      EXPECT_EQ(opened.error().code, Errc::corrupt);
    } else {
      EXPECT_EQ((*opened)->load(wall_from_ns(0))->seen.size(), 199U);
    }
  }
}

TEST_F(SqliteStoreTest, TheLedgerIsAChain) {
  for (int i = 0; i < 3; ++i) {
    const LedgerNote note[] = {{wall_from_ns(i), "user:kim", "viewed", cat(i), ""}};
    ASSERT_TRUE(store->append_ledger(note));
  }
  reopen();
  const LedgerNote of_a_moment[] = {{wall_from_ns(9), "user:kim", "downloaded", "x", ""},
                                    {wall_from_ns(9), "user:eva", "downloaded", "x", ""},
                                    {wall_from_ns(9), "user:kim", "downloaded", "y", ""}};
  ASSERT_TRUE(store->append_ledger(of_a_moment));
  const auto entries = store->ledger(1, 100);
  ASSERT_THAT(*entries, SizeIs(6));
  EXPECT_EQ((*entries)[5].previous, (*entries)[4].hash);
  EXPECT_EQ((*entries)[0].previous, std::string(64, '0'));
  for (const LedgerEntry& entry : *entries) EXPECT_EQ(ledger_hash(entry), entry.hash);
}

TEST(ReportJson, GivesBackWhatWasWritten) {
  CaptureReport report;
  report.packets = 3, report.bytes = 99, report.broken = true, report.broken_text = "at byte 7 \"x\"",
  report.trigger_inside = true, report.other_requests = 2;
  report.last = wall_from_ns(-5);
  for (const auto& answer :
       {std::optional<Answer>(), std::optional(Answer{Answer::Kind::http, 200, 5, 1, {}, "OK", {}})}) {
    report.answer = answer;
    const auto back = report_from_json(report_to_json(report));
    ASSERT_TRUE(back);
    EXPECT_EQ(report_to_json(*back), report_to_json(report));
    EXPECT_EQ(back->answer, answer);
  }
  EXPECT_FALSE(report_from_json("nonsense"));
}

TEST_F(SqliteStoreTest, ACaptureThatAnOpenIncidentNamesIsLoadedHoweverOldItIs) {
  Facts facts = some_facts();
  for (Fact& fact : facts)
    if (auto* row = std::get_if<DeliveryRow>(&fact)) row->incident = {"inc-1"}, row->state = DeliveryState::ready;
  ASSERT_TRUE(store->commit(facts));
  const Result<Snapshot> rows = store->load(wall_from_ns(1'000));
  ASSERT_TRUE(rows);
  EXPECT_THAT(rows->incidents, SizeIs(1));
  EXPECT_THAT(rows->captures, SizeIs(1));
}

TEST_F(SqliteStoreTest, WhatWaitsForItsDeskAloneIsLoadedInAFewBytes) {
  IncidentRow waits;
  waits.id = {"00112233-4455-8677-8899-aabbccddeeff"};
  waits.group = "s1 3200/0 192.0.2.10 198.51.100.20";
  waits.first_alert = "aa", waits.first_time = wall_from_ns(3), waits.opened = wall_from_ns(5);
  IncidentRow looked_for = waits;
  looked_for.id = {"10112233-4455-8677-8899-aabbccddeeff"}, looked_for.link = {"other"}, looked_for.first_alert = "bb";
  const auto owed = [](const IncidentRow& incident, std::uint64_t order, DeliveryState state) {
    DeliveryRow row;
    row.incident = incident.id, row.order = order, row.state = state;
    row.severity = Severity::medium, row.not_before.wall = wall_from_ns(7);
    return row;
  };
  ASSERT_TRUE(store->commit(Facts{AlertRow{"aa", waits.id, 1, {"s1"}, "17", wall_from_ns(1), wall_from_ns(2), "<raw/>"},
                                  waits, looked_for, owed(waits, 0, DeliveryState::ready),
                                  owed(waits, 1, DeliveryState::ready), owed(looked_for, 0, DeliveryState::unknown)}));
  const Result<Snapshot> rows = store->load({}), whole = store->load({}, true);
  ASSERT_TRUE(rows && whole);
  ASSERT_THAT(rows->waiting, SizeIs(1));
  const WaitingRow& row = rows->waiting[0];
  EXPECT_EQ(row.incident.id(), waits.id);
  EXPECT_EQ(row.group, Shelf::group_hash(waits.group));
  EXPECT_EQ(row.first_time, waits.first_time);
  EXPECT_EQ(row.severity, Severity::medium);
  EXPECT_EQ(row.not_before.wall, wall_from_ns(7));
  EXPECT_EQ(row.deliveries, 2U);
  EXPECT_EQ(rows->seen.incident_of({"s1"}, "17"), waits.id);
  EXPECT_TRUE(rows->seen.contains("aa"));
  EXPECT_EQ(rows->newest_alert, wall_from_ns(2));
  EXPECT_THAT(rows->alerts, SizeIs(0));
  ASSERT_THAT(rows->incidents, SizeIs(1));
  EXPECT_EQ(rows->incidents[0].id, looked_for.id);
  EXPECT_THAT(rows->deliveries, SizeIs(1));
  EXPECT_THAT(whole->waiting, SizeIs(0));
  EXPECT_THAT(whole->incidents, SizeIs(2));
  EXPECT_THAT(whole->deliveries, SizeIs(3));
}

TEST_F(SqliteStoreTest, OneIncidentComesWithAllThatItsTicketNeeds) {
  Facts facts = some_facts();
  for (Fact& fact : facts) {
    if (auto* row = std::get_if<DeliveryRow>(&fact)) row->incident = {"inc-1"};
    if (auto* row = std::get_if<ReportRow>(&fact)) row->incident = {"inc-1"};
  }
  ASSERT_TRUE(store->commit(facts));
  const Result<Snapshot> all = store->load({});
  const Result<IncidentRows> one = store->load_incident({"inc-1"});
  ASSERT_TRUE(all && one);
  EXPECT_EQ(one->incident.id.text, "inc-1");
  ASSERT_TRUE(one->first);
  EXPECT_EQ(one->first->raw, all->alerts.at(0).raw);
  EXPECT_THAT(one->captures, SizeIs(1));
  EXPECT_EQ(one->reports.size(), all->reports.size());
  EXPECT_EQ(one->deliveries.size(), all->deliveries.size());
  EXPECT_EQ(store->load_incident({"inc-9"}).error().code, Errc::not_found);
}

}  // namespace
}  // namespace exhibit
