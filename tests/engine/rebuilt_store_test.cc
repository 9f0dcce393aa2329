#include <gmock/gmock.h>

#include "acme_engine.h"
#include "engine/tenant_engine.h"
#include "phf_alert.h"

/// After damage: what the rows do not say any more.
namespace exhibit {
namespace {

using namespace std::chrono_literals;

using test::sensor;
const Now now{wall_from_ns(1'795'313'561'123'000'000), MonoTime{100h}};

template <typename Wanted>
const Wanted* first_of(const Reaction& reaction) {
  for (const Effect& effect : reaction.effects)
    if (const auto* held = std::get_if<Wanted>(&effect)) return held;
  return nullptr;
}

SensorSaid alert() {
  SensorSaid said{sensor, {}};
  said.batch.events.emplace_back(test::AlertXml{}.wire());
  return said;
}

TEST(RebuiltStore, LooksForATicketBeforeItMakesOne) {
  for (const Nanoseconds ago : {Nanoseconds(1h), Nanoseconds(24h * 8)}) {
    const bool in_doubt = ago < 24h * 7;
    TenantEngine engine(test::acme_engine(sensor));
    Snapshot rows;
    rows.rebuilt_at = now.wall - ago;
    const Reaction restored = engine.restore(rows, now);
    ASSERT_TRUE(first_of<TellOperator>(restored));
    EXPECT_EQ(first_of<TellOperator>(restored)->key, "store/rebuilt");
    EXPECT_EQ(first_of<TellOperator>(restored)->open, in_doubt) << "and after a week it is over";
    Reaction opened = engine.on(alert(), now);
    EXPECT_EQ(first_of<SendDelivery>(opened) != nullptr, !in_doubt);
    if (in_doubt && !first_of<LookUpDelivery>(opened)) opened = engine.on(Tick{}, {now.wall + 10min, now.mono + 10min});
    EXPECT_EQ(first_of<LookUpDelivery>(opened) != nullptr, in_doubt);
  }
}

TEST(RebuiltStore, AnIncidentWhoseAlertCannotBeReadAgainStillGetsItsTicket) {
  for (const char* raw : {"", "<broken", "<sd:evStatus xmlns:sd='s' eventId='1'/>"}) {
    Snapshot rows;
    rows.alerts = {{"identity", {"inc-1"}, 1, sensor, "5", now.wall, now.wall, raw}};
    IncidentRow incident;
    incident.id = {"inc-1"}, incident.correlation = {"EXH1-X"}, incident.link = {"link"};
    incident.group = "acme-ips1 3200/0 - -", incident.first_alert = "identity";
    incident.first_time = incident.opened = now.wall;
    rows.incidents = {incident};
    DeliveryRow owed;
    owed.id = delivery_id(incident.id, 0), owed.incident = incident.id, owed.subject = "ticket";
    rows.deliveries = {owed};
    TenantEngine engine(test::acme_engine(sensor));
    const Reaction restored = engine.restore(rows, now);
    const auto* ticket = first_of<SendDelivery>(restored);
    ASSERT_TRUE(ticket) << raw;
    EXPECT_THAT(ticket->body, testing::HasSubstr("an alert that cannot be read again"));
    EXPECT_THAT(ticket->body, testing::HasSubstr("sensor acme-ips1"));
  }
}

}  // namespace
}  // namespace exhibit
