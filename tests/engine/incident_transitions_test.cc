#include <gmock/gmock.h>

#include <deque>
#include <map>
#include <set>
#include <utility>

#include "acme_engine.h"
#include "base/text.h"
#include "engine/tenant_engine.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using testing::UnorderedElementsAreArray;

using test::sensor;

/// Drives incidents through whatever sensors, desk and operators say, and writes down each change as the rows tell it.
class IncidentTransitionsTest : public testing::Test {
 protected:
  static EngineSettings settings() {
    EngineSettings made = test::acme_engine(sensor);
    made.group_window = 1000h;  // Only its closing ends an incident here.
    return made;
  }
  Now time() const { return {wall_from_ns(1'795'313'561'123'000'000) + clock, MonoTime{1h} + clock}; }
  /// The desk answers each delivery with the ticket of the incident's number.
  void give(const Input& input) {
    std::deque<Reaction> reactions{engine.on(input, time())};
    for (; !reactions.empty(); reactions.pop_front()) {
      for (const Fact& fact : reactions.front().facts)
        if (const auto* row = std::get_if<IncidentRow>(&fact)) note(*row);
      for (const Effect& effect : std::exchange(reactions.front().effects, {}))
        if (const auto* send = std::get_if<SendDelivery>(&effect)) reactions.push_back(answered(*send));
    }
  }
  Reaction answered(const SendDelivery& send) {
    const std::string ticket = send.kind == DeliveryKind::ensure ? cat("sys", ++tickets) : send.ticket;
    return engine.on(DeliveryEnded{send.id, {DeliveryOutcome::Kind::done, ticket, ticket, "", {}, {}}}, time());
  }
  void alert() {
    test::AlertXml xml;
    xml.event_id = cat(++alerts);
    SensorSaid said{sensor, {}};
    said.batch.events.emplace_back(xml.wire());
    give(said);
  }
  void desk_says(bool closed) {
    TicketChange change;
    change.ticket = cat("sys", tickets);
    change.version = cat("v", ++versions);
    change.closed = closed;
    give(DeskSaid{{change}, cat("{\"since\":", versions, "}"), false});
  }
  /// The state that the row tells, with what came before it.
  void note(const IncidentRow& row) {
    std::string& state = states[row.id];
    const std::string before = state.empty() ? (row.previous.text.empty() ? "nothing" : "an earlier one") : state;
    const bool was_closed = state == "closed" || state == "reopened";
    state = row.closed_at ? "closed" : was_closed ? "reopened" : row.alerts > 1 ? "updated" : "open";
    seen.insert(cat(before, " > ", state));
  }
  [[nodiscard]] std::string only() const { return states.begin()->second; }

  TenantEngine engine{settings()};
  Nanoseconds clock{0};
  int tickets = 0, alerts = 0, versions = 0;
  std::map<IncidentId, std::string> states;
  std::set<std::string> seen;
};

TEST_F(IncidentTransitionsTest, AreTheDrawnOnesAndEachOfThemHappens) {
  alert();
  desk_says(false);
  desk_says(true);
  desk_says(true);
  desk_says(false);
  desk_says(true);
  alert();
  alert();
  desk_says(true);
  clock += 25h;
  alert();  // Too late for the closed one.
  alert();
  alert();
  desk_says(true);
  EXPECT_THAT(seen, UnorderedElementsAreArray({"nothing > open", "open > open", "open > closed", "closed > closed",
                                               "closed > reopened", "reopened > reopened", "reopened > closed",
                                               "an earlier one > open", "open > updated", "updated > updated",
                                               "updated > closed"}));
}

TEST_F(IncidentTransitionsTest, AClosedOneIsReopenedForADay) {
  alert();
  desk_says(true);
  ASSERT_EQ(only(), "closed");
  clock += 23h + 59min;
  alert();
  EXPECT_EQ(only(), "reopened") << "the last minute of the day";
  desk_says(true);
  clock += 24h;
  alert();
  EXPECT_EQ(states.size(), 2U) << "its day is over";
}

}  // namespace
}  // namespace exhibit
