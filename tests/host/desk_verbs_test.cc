#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "phf_alert.h"
#include "tests/faults/world.h"
#include "tests/program.h"

/// `exhibit desk …` as an operator uses it: with a configuration, beside a server or without one.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Ran {
  int code = -1;
  std::string said;
};

Ran desk(const World& world, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "desk");
  const std::string errors = world.folder() + "/desk.errors";
  std::ofstream(errors, std::ios::trunc).flush();
  Program program(built("exhibit"), arguments, {"EXHIBIT_TEST_DESK_PASSWORD=desk-secret"}, errors);
  Ran ran;
  while (const auto line = program.line(40s)) ran.said += *line + "\n";
  const std::optional<int> status = program.status(20s);
  ran.code = status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  std::ifstream said(errors);
  ran.said += std::string(std::istreambuf_iterator<char>(said), {});
  return ran;
}

std::string config(const World& world) { return world.folder() + "/exhibit.yaml"; }

TEST(DeskTestVerb, EveryStepHoldsOnAGoodDeskAndOneTicketIsLeftClosed) {
  World world({.alerts = 1, .seed = 710});
  const Ran ran = desk(world, {"test", "snow", "--config", config(world), "--json"});
  EXPECT_EQ(ran.code, 0) << ran.said;
  const Json result = parse_json(ran.said).value_or(Json());
  ASSERT_EQ(result["steps"].size(), 7U) << ran.said;
  EXPECT_EQ(text_at(result, "ticket"), "INC0010001");
  const Json held = world.desk();
  ASSERT_EQ(held["tickets"].size(), 1U);
  EXPECT_EQ(text_at(held["tickets"][0]["fields"], "state"), "7") << "closed";
}

TEST(DeskTestVerb, ReadOnlyWritesNothing) {
  World world({.alerts = 1, .seed = 711});
  EXPECT_EQ(desk(world, {"test", "snow", "--config", config(world), "--read-only"}).code, 0);
  EXPECT_EQ(world.desk()["tickets"].size(), 0U);
}

TEST(DeskTestVerb, ALyingSearchIsFoundBeforeAnythingIsWritten) {
  World world({.alerts = 1, .seed = 712});
  ASSERT_EQ(desk(world, {"test", "snow", "--config", config(world)}).code, 0) << "a ticket to lie with";
  world.misbehave("all-rows:on=find,times=0");
  const Ran ran = desk(world, {"test", "snow", "--config", config(world)});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.said, HasSubstr("FAIL login and look-up"));
  EXPECT_EQ(world.desk()["tickets"].size(), 1U);
}

TEST(DeskTestVerb, AWrongPasswordFailsAtTheFirstStepAndIsNotPrinted) {
  World world({.alerts = 1, .seed = 717});
  world.misbehave("401:on=any,times=0");
  const Ran ran = desk(world, {"test", "snow", "--config", config(world)});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.said, AllOf(HasSubstr("login-refused"), Not(HasSubstr("desk-secret"))));
}

TEST(DeskTestVerb, AnUnknownDeskIsNamed) {
  World world({.alerts = 1, .seed = 713});
  const Ran ran = desk(world, {"test", "nope", "--config", config(world)});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.said, HasSubstr("no desk of this name"));
}

TEST(DeskPreviewVerb, ShowsTheRequestsAndSendsNone) {
  World world({.alerts = 1, .seed = 714});
  const std::string alert = world.folder() + "/alert.xml";
  std::ofstream(alert) << "<env:Envelope xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\"><env:Body>"
                          "<sd:events xmlns:sd=\"http://example.org/2003/08/sdee\" "
                          "xmlns:cid=\"http://www.cisco.com/cids/2006/08/cidee\">"
                       << AlertXml{}.text() << "</sd:events></env:Body></env:Envelope>";
  const Ran ran = desk(world, {"preview", "snow", "--config", config(world), "--alert", alert});
  EXPECT_EQ(ran.code, 0) << ran.said;
  EXPECT_THAT(ran.said, AllOf(HasSubstr("POST /api/now/table/incident"), HasSubstr("WWW phf"), HasSubstr("sha256")));
  EXPECT_EQ(world.desk()["calls"].size(), 0U) << "not even a look-up";
}

/// The letters of the one tenant there is, once there are as many.
Json letters(World& world, std::size_t count) {
  for (int round = 0; round < 200; ++round) {
    const Json all = parse_json(desk(world, {"letters", "acme", "--state", world.folder() + "/state", "--json"}).said)
                         .value_or(Json::array());
    if (all.is_array() && all.size() == count) return all;
    let_pass(100ms);
  }
  return Json::array();
}

TEST(DeskLettersVerb, ARefusedTicketWaitsIsReadAndGoesOutWhenAPersonSaysSo) {
  World world({.alerts = 1, .seed = 715, .misbehaviours = {"413:on=create,times=3"}});
  world.serve();
  const Json waiting = letters(world, 1);
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_THAT(text_at(waiting[0], "cause"), HasSubstr("too-large"));
  EXPECT_EQ(world.desk()["tickets"].size(), 0U);
  const std::string id = text_at(waiting[0], "id"), state = world.folder() + "/state";
  EXPECT_EQ(desk(world, {"letters", "acme", "no-such-letter", "again", "--state", state}).code, 1);
  EXPECT_EQ(desk(world, {"letters", "acme", id, "again", "--state", state}).code, 0);
  EXPECT_TRUE(world.settle(30s));
  const Counts counts = world.judge();
  EXPECT_TRUE(counts.good()) << join(counts.complaints, "\n");
  EXPECT_EQ(counts.tickets, 1U);
  EXPECT_EQ(letters(world, 0).size(), 0U);
}

TEST(DeskLettersVerb, WhatWaitsForAPersonOutlivesTheServer) {
  World world({.alerts = 1, .seed = 716, .misbehaviours = {"413:on=create,times=3"}});
  world.serve();
  ASSERT_EQ(letters(world, 1).size(), 1U);
  world.kill_server();
  world.serve();
  EXPECT_EQ(letters(world, 1).size(), 1U);
  EXPECT_EQ(world.desk()["tickets"].size(), 0U);
}

}  // namespace
}  // namespace exhibit::test
