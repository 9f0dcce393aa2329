#include "incident/priority.h"

#include <gtest/gtest.h>

namespace exhibit {
namespace {

Alert alert(Severity severity, std::optional<int> risk) {
  Alert made;
  made.signature_id = "3200";
  made.subsignature_id = "1";
  made.severity = severity;
  made.risk = risk;
  made.attacker = Endpoint{"192.0.2.10", 40112, "OUT", ""};
  made.targets = {{"198.51.100.20", 80, "IN", ""}, {"203.0.113.7", 80, "IN", ""}};
  return made;
}

TEST(Priority, TheBuiltInRulesWeighSeverityAndRisk) {
  const struct {
    Severity severity;
    std::optional<int> risk;
    int number;
    const char* reason;
  } cases[] = {
      {Severity::high, 95, 1, "high and risk 95 (rule 1)"},
      {Severity::low, 90, 2, "low and risk 90 (rule 2)"},
      {Severity::high, 85, 2, "high and risk 85 (rule 3)"},
      {Severity::high, std::nullopt, 2, "high, no risk rating (rule 3)"},
      {Severity::high, 69, 3, "high and risk 69 (rule 4)"},
      {Severity::medium, 50, 3, "medium and risk 50 (rule 5)"},
      {Severity::low, std::nullopt, 4, "low, no risk rating (rule 6)"},
  };
  for (const auto& one : cases) {
    const Priority got = priority_of(alert(one.severity, one.risk));
    EXPECT_EQ(got.number, one.number) << one.reason;
    EXPECT_EQ(got.reason, one.reason);
    EXPECT_EQ(got.fields_json, "{}");
  }
}

TEST(Priority, TheFirstOfTheTenantsRulesThatFitsWins) {
  PriorityRule severe, crown_jewels, rest;
  severe.severity_from = Severity::high, severe.risk_from = 90, severe.number = 1;
  crown_jewels.targets = {*Network::parse("203.0.113.0/28")}, crown_jewels.number = 2;
  crown_jewels.fields_json = R"({"assignment_group":"91bd"})";
  rest.number = 5;
  const Alert seen = alert(Severity::high, 85);
  const Priority got = priority_of(seen, {severe, crown_jewels, rest});
  EXPECT_EQ(got.number, 2);
  EXPECT_EQ(got.reason, "high and risk 85 (rule 2)");
  EXPECT_EQ(got.fields_json, R"({"assignment_group":"91bd"})");
  EXPECT_EQ(priority_of(alert(Severity::high, 90), {severe, crown_jewels}).number, 1);
}

TEST(Priority, WhereNoRuleFitsTheBuiltInOnesAreNamedAsSuch) {
  PriorityRule never;
  never.risk_from = 90;
  const Priority got = priority_of(alert(Severity::high, std::nullopt), {never});  // No rating is no high rating.
  EXPECT_EQ(got.number, 2);
  EXPECT_EQ(got.reason, "high, no risk rating (built-in rule 3)");
}

TEST(Priority, EveryConditionOfARuleMustHold) {
  const auto fits = [](auto&& change) {
    PriorityRule rule;
    rule.number = 5;
    change(rule);
    return priority_of(alert(Severity::medium, 40), {rule}).number == 5;
  };
  EXPECT_TRUE(fits([](PriorityRule&) {}));
  EXPECT_TRUE(fits([](PriorityRule& rule) { rule.signatures = {"1", "3200"}; }));
  EXPECT_TRUE(fits([](PriorityRule& rule) { rule.signatures = {"3200/1"}; }));
  EXPECT_FALSE(fits([](PriorityRule& rule) { rule.signatures = {"3200/2"}; }));
  EXPECT_FALSE(fits([](PriorityRule& rule) { rule.signatures = {"320"}; }));
  EXPECT_TRUE(fits([](PriorityRule& rule) { rule.attackers = {*Network::parse("192.0.2.0/24")}; }));
  EXPECT_FALSE(fits([](PriorityRule& rule) { rule.attackers = {*Network::parse("198.51.100.0/24")}; }));
  EXPECT_FALSE(fits([](PriorityRule& rule) { rule.targets = {*Network::parse("192.0.2.0/24")}; }));
  EXPECT_FALSE(fits([](PriorityRule& rule) { rule.severity_from = Severity::high; }));
  EXPECT_FALSE(fits([](PriorityRule& rule) {
    rule.severity_from = Severity::medium;
    rule.risk_from = 41;
  }));
}

}  // namespace
}  // namespace exhibit
