#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "engine/second_channel.h"
#include "store/store.h"

/// Old rows are taken out: what goes, what stays, and what is left behind.
namespace exhibit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    folder = (std::filesystem::temp_directory_path() / "exhibit-sweep-XXXXXX").string();
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    reopen();
    step.may_go = [](const IncidentRow&) { return true; };
    step.because = "by its age";
  }
  ~SweepTest() override {
    store.reset();
    std::filesystem::remove_all(folder);
  }
  void reopen() {
    store.reset();
    store = std::move(*open_sqlite_store(folder + "/exhibit.db"));
  }

  /// An alert of the minute `number`; with an incident of this name it is the incident's first.
  AlertRow alert(std::uint64_t number, const std::string& incident = "") {
    return {cat("a", number), {incident}, number, {"s1"}, cat(number), minute(number), minute(number), "<raw/>"};
  }
  static WallTime minute(std::uint64_t number) {
    return wall_from_ns(static_cast<std::int64_t>(number) * 60'000'000'000);
  }
  static IncidentRow incident(const std::string& id, std::vector<CaptureKey> captures = {}) {
    IncidentRow row;
    row.id = {id};
    row.correlation = {cat("EXH1-", id)};
    row.link = {cat("link-", id)};
    row.captures = std::move(captures);
    return row;
  }
  static DeliveryRow delivery(const IncidentId& id, DeliveryState state) {
    DeliveryRow row;
    row.incident = id;
    row.state = state;
    return row;
  }
  static CaptureRow capture(const CaptureKey& key, std::vector<IncidentId> incidents, const std::string& evidence) {
    CaptureRow row;
    row.key = key;
    row.incidents = std::move(incidents);
    row.state = CaptureState::sealed_complete;
    row.settled_at = minute(1);
    if (!evidence.empty()) row.evidence = EvidenceId{evidence};
    row.bytes = 5000;
    return row;
  }
  void commit(const Facts& facts) { ASSERT_TRUE(store->commit(facts)); }
  Swept sweep() { return *store->sweep(step); }
  std::vector<std::string> alerts_left() {
    std::vector<std::string> left;
    for (int number = 1; number <= 10; ++number)
      if (const std::string identity = cat("a", number); store->alert(identity)) left.push_back(identity);
    return left;
  }
  std::vector<std::string> incidents_left() {
    std::vector<std::string> left;
    const Result<std::vector<IncidentRow>> rows = store->incidents(100, 0);
    for (const IncidentRow& row : *rows) left.push_back(row.id.text);
    std::sort(left.begin(), left.end());
    return left;
  }

  std::string folder;
  std::unique_ptr<Store> store;
  SweepStep step;
};

TEST_F(SweepTest, WhatIsOldGoesAndWhatIsYoungStays) {
  for (std::uint64_t number = 1; number <= 4; ++number)
    commit({alert(number, cat("i", number)), incident(cat("i", number)),
            delivery({cat("i", number)}, DeliveryState::done)});
  step.before = minute(3);
  const Swept swept = sweep();
  EXPECT_TRUE(swept.end);
  EXPECT_EQ(swept.alerts, 2U);
  EXPECT_THAT(swept.gone.incidents, ElementsAre(IncidentId{"i1"}, IncidentId{"i2"}));
  EXPECT_THAT(alerts_left(), ElementsAre("a3", "a4"));
  EXPECT_THAT(incidents_left(), ElementsAre("i3", "i4"));
  EXPECT_THAT(*store->deliveries(DeliveryState::done, 10), SizeIs(2));
  const SeenAlerts seen = store->load({})->seen;
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_TRUE(seen.contains("a1") && seen.contains("a2")) << "they must not come twice";
  EXPECT_EQ(store->load({})->incidents_total, 4U);
  EXPECT_EQ(store->load({})->alerts_total, 4U);
}

TEST_F(SweepTest, ForRoomTheOldestGoStepByStepAndTheNewestNever) {
  for (std::uint64_t number = 1; number <= 10; ++number) commit({alert(number)});
  step.for_room = true;
  step.alerts = 4;
  for (const std::uint64_t reached : {4U, 8U, 9U}) {
    const Swept swept = sweep();
    EXPECT_EQ(swept.reached, reached);
    EXPECT_EQ(swept.end, reached == 9);
    step.after = swept.reached;
  }
  EXPECT_THAT(alerts_left(), ElementsAre("a10"));
  reopen();
  EXPECT_EQ(store->load({})->sequence, 10U);
}

TEST_F(SweepTest, WhatIsOwedDeadHeldOrUnsettledStaysWhole) {
  const DeliveryState states[] = {DeliveryState::ready, DeliveryState::inflight, DeliveryState::unknown,
                                  DeliveryState::dead};
  std::uint64_t number = 0;
  for (const DeliveryState state : states) {
    const std::string id = cat("i", ++number);
    commit({alert(number, id), incident(id), delivery({id}, state)});
  }
  commit({alert(5, "mailed"), incident("mailed"), delivery(mail_id({"mailed"}), DeliveryState::ready)});
  CaptureRow expected = capture({{"s1"}, "7", 0}, {{"waits"}}, "");
  expected.state = CaptureState::due;
  expected.settled_at.reset();
  commit({alert(6, "waits"), incident("waits", {expected.key}), expected});
  commit({alert(7, "held"), incident("held")});
  commit({alert(8, "goes"), incident("goes"), delivery({"goes"}, DeliveryState::expired), alert(9, "i1"), alert(10)});
  step.may_go = [](const IncidentRow& row) { return row.id.text != "held"; };
  step.for_room = true;
  EXPECT_THAT(sweep().gone.incidents, ElementsAre(IncidentId{"goes"}));
  EXPECT_THAT(incidents_left(), ElementsAre("held", "i1", "i2", "i3", "i4", "mailed", "waits"));
  EXPECT_THAT(alerts_left(), SizeIs(9)) << "also the second alert of an incident that stays";
}

TEST_F(SweepTest, ACaptureGoesWithTheLastIncidentThatHasItAndTheLedgerTellsOfIt) {
  const CaptureKey shared{{"s1"}, "7", 0}, own{{"s1"}, "8", 0}, twin{{"s1"}, "9", 0};
  commit({alert(1, "i1"), incident("i1", {shared, own}), capture(shared, {{"i1"}, {"i2"}}, "ee"),
          capture(own, {{"i1"}}, "ff")});
  commit({alert(2, "i2"), incident("i2", {shared}), alert(3, "i3"), incident("i3", {twin}),
          capture(twin, {{"i3"}}, "ff"), alert(4)});
  step.before = minute(2);
  EXPECT_THAT(sweep().gone.captures, ElementsAre(own));
  EXPECT_THAT(*store->leaving(10), IsEmpty()) << "the same bytes are another capture's, too";
  step.before = minute(4);
  EXPECT_THAT(sweep().gone.captures, ElementsAre(shared, twin));
  EXPECT_THAT(*store->leaving(10), ElementsAre(EvidenceId{"ee"}, EvidenceId{"ff"}));
  EXPECT_EQ(store->room()->leaving, 2U * (8192 + 4096));
  EXPECT_THAT(*store->known_evidence(), SizeIs(2)) << "they are no orphans";
  const std::vector<LedgerEntry> entries = *store->ledger(1, 10);
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(cat(entries[0].action, " ", entries[0].object, ": ", entries[0].detail), "removed ee ff: by its age");
  EXPECT_EQ(entries[0].hash, ledger_hash(entries[0]));
  const EvidenceId deleted[] = {{"ee"}, {"ff"}};
  ASSERT_TRUE(store->left(deleted));
  EXPECT_THAT(*store->known_evidence(), IsEmpty());
}

TEST_F(SweepTest, AFileWhoseBytesCameAgainStays) {
  const CaptureKey first{{"s1"}, "7", 0}, again{{"s1"}, "7", 1};
  commit({alert(1, "i1"), incident("i1", {first}), capture(first, {{"i1"}}, "ee"), alert(2)});
  step.for_room = true;
  EXPECT_THAT(sweep().files, ElementsAre(EvidenceId{"ee"}));
  commit({alert(3, "i2"), incident("i2", {again}), capture(again, {{"i2"}}, "ee")});
  EXPECT_THAT(*store->leaving(10), IsEmpty());
}

TEST_F(SweepTest, WhatBelongsToNoIncidentGoesWithItsTime) {
  ConditionRow over;
  over.key = "gap/s1", over.id = {"c1"}, over.open = false, over.told = minute(1);
  ConditionRow open = over;
  open.key = "desk/denied", open.id = {"c2"}, open.open = true;
  CaptureRow nobodys = capture({{"s1"}, "7", 0}, {}, "");
  commit({GapRow{{"s1"}, "missed-events", "p", 0, 1, minute(1)}, GapRow{{"s1"}, "missed-events", "p", 0, 1, minute(9)},
          QuarantineRow{{"s1"}, "<x", "no", minute(1)}, over, open, delivery({"c1"}, DeliveryState::done), nobodys});
  step.before = minute(5);
  EXPECT_THAT(sweep().gone.captures, ElementsAre(nobodys.key));
  EXPECT_THAT(*store->gaps(10), SizeIs(1));
  EXPECT_EQ(store->load({})->gaps_total, 2U);
  EXPECT_THAT(store->load({})->conditions, SizeIs(1));
  EXPECT_THAT(*store->deliveries(DeliveryState::done, 10), IsEmpty());
}

TEST_F(SweepTest, AlertsAreForgottenAtLastAndTheirRoomIsUsedAgain) {
  step.for_room = true;
  step.remembered = 20;
  std::uint64_t file = 0, forgotten = 0;
  for (std::uint64_t number = 1; number <= 2000; number += 100) {
    Facts facts;
    for (std::uint64_t i = number; i < number + 100; ++i) {
      AlertRow row = alert(i);
      row.raw = std::string(2000, 'x');
      facts.emplace_back(std::move(row));
    }
    commit(facts);
    forgotten += sweep().gone.identities.size();
    if (number == 501) file = store->room()->file;
  }
  EXPECT_EQ(store->load({})->seen.size(), 20U + 1U);
  EXPECT_EQ(forgotten, 1999U - 20U - 0U);
  EXPECT_LE(store->room()->file, file + file / 10);
  EXPECT_LT(store->room()->used, file);
}

TEST_F(SweepTest, ALogThatWasTakenOverIsWrittenFromItsBeginningAndGrowsNoMore) {
  const auto commit_one = [&](std::uint64_t number) {
    AlertRow row = alert(number);
    row.raw = std::string(20'000, 'x');
    commit({row});
  };
  std::uint64_t file = 0;
  for (std::uint64_t number = 1; number <= 300; ++number) {
    commit_one(number);
    EXPECT_LE(store->room()->log_used, store->room()->log);
    if (number % 20 == 0) {
      EXPECT_GT(store->room()->log_used, 20U * 20'000);
      store->checkpoint();
      commit_one(1000 + number);
      EXPECT_LT(store->room()->log_used, 10U * 20'000) << "begun anew";
    }
    if (number == 100) file = store->room()->log;
  }
  EXPECT_LE(store->room()->log, file + file / 2);
  store->give_log_back();
  EXPECT_EQ(store->room()->log, 0U);
}

}  // namespace
}  // namespace exhibit
