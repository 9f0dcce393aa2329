#include "incident/identity.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

const TenantId acme{"acme"};

// Fixed for ever: with other values a rebuilt store would not find its old tickets.
TEST(Identity, NeverChangesBetweenVersions) {
  const std::string alert = alert_identity(acme, {"ips1"}, "host", "17", "1795313561123000000");
  EXPECT_EQ(alert, "81e247da4071e0e2db11c1fb64410bcc");
  const IncidentId incident = incident_id(acme, alert);
  EXPECT_EQ(incident.text, "710ac8c2-82e1-85db-982a-b3c8bc98f335");
  EXPECT_EQ(correlation_id(acme, incident).text, "EXH1-3A57EEKJ7X3IF25HH4KCRWZPXI");
  EXPECT_EQ(link_id(as_bytes("0123456789abcdef0123456789abcdef"), incident).text, "3vn5hex3qifplgccbvixeu7zum");
}

TEST(Identity, EveryPartCounts) {
  const std::string one = alert_identity(acme, {"a"}, "b", "c", "d");
  EXPECT_NE(one, alert_identity({"other"}, {"a"}, "b", "c", "d"));
  EXPECT_NE(one, alert_identity(acme, {"x"}, "b", "c", "d"));
  EXPECT_NE(one, alert_identity(acme, {"a"}, "x", "c", "d"));
  EXPECT_NE(one, alert_identity(acme, {"a"}, "b", "x", "d"));
  EXPECT_NE(one, alert_identity(acme, {"a"}, "b", "c", "x"));
  EXPECT_NE(alert_identity(acme, {"ab"}, "c", "", ""), alert_identity(acme, {"a"}, "bc", "", ""));
}

TEST(Identity, ACorrelationIdIsSafeInEveryQuery) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = correlation_id(acme, incident_id(acme, cat(i))).text;
    EXPECT_EQ(id.size(), 31U);
    EXPECT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"), std::string::npos);
  }
}

TEST(Normalize, AnUnknownSeverityHidesNothing) {
  test::AlertXml xml;
  xml.severity = "hihg";
  EXPECT_EQ(xml.alert({}).severity, Severity::high);
}

TEST(Normalize, ActionsBecomeWhatWasBlocked) {
  test::AlertXml xml;
  EXPECT_EQ(xml.alert({}).block.kind, Block::Kind::none_reported);
  xml.extra =
      "<sd:actions><sd:droppedPacket>true</sd:droppedPacket><cid:deniedAttacker>true</cid:deniedAttacker></sd:actions>";
  EXPECT_EQ(xml.alert({}).block, (Block{Block::Kind::blocked, "packet dropped, attacker denied"}));
  xml.extra =
      "<sd:actions><cid:denyPacketRequestedNotPerformed>true</cid:denyPacketRequestedNotPerformed></sd:actions>";
  EXPECT_EQ(xml.alert({}).block.kind, Block::Kind::not_performed);
}

TEST(Normalize, ASensorWithoutAClockGetsOurs) {
  test::AlertXml xml;
  xml.time_ns = "soon";
  const Alert alert = xml.alert(wall_from_ns(42));
  EXPECT_FALSE(alert.time_from_sensor);
  EXPECT_EQ(alert.time, wall_from_ns(42));
}

}  // namespace
}  // namespace exhibit
