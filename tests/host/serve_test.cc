#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "tests/faults/world.h"
#include "tests/program.h"

/// `exhibit serve` and `exhibit check` as an operator meets them.
namespace exhibit::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class CheckTest : public ::testing::Test {
 protected:
  CheckTest() {
    std::string pattern = (fs::temp_directory_path() / "exhibit-check-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    fs::create_directories(folder + "/tenants");
    write("exhibit.yaml", provider);
    write("tenants/acme.yaml", customer);
  }
  ~CheckTest() override { fs::remove_all(folder); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(folder + "/" + name) << text; }
  /// Runs a verb to its end; what it said is in `said`.
  int run(const std::string& verb) {
    Program program(built("exhibit"), {verb, "--config", folder + "/exhibit.yaml"}, {}, folder + "/said");
    const std::optional<int> status = program.status(20s);
    said = content_of(folder + "/said");
    return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  }

  std::string folder, said;
  std::string provider =
      "public_url: http://127.0.0.1:9\n"
      "state: /nonexistent/state\n"
      "desks:\n"
      "  snow: {adapter: rest, profile: servicenow, url: \"http://127.0.0.1:9\"}\n";
  std::string customer =
      "tenant: acme\n"
      "sensors:\n"
      "  - {name: s1, kind: cisco-sdee, url: \"https://127.0.0.1:9\", login: {user: u, password: {env: P}}}\n"
      "desk: {use: snow}\n";
};

TEST_F(CheckTest, AGoodConfigurationIsSilentAndPasses) {
  EXPECT_EQ(run("check"), 0) << said;
  EXPECT_EQ(said, "");
}

TEST_F(CheckTest, EveryMistakeOfEveryCustomerIsListedWithFileLineAndColumn) {
  write("tenants/bad.yaml",
        "tenant: bad\n"
        "zone: Europe/Nowhere\n"
        "sensors:\n"
        "  - {name: s1, kind: cisco-sdee, url: \"https://127.0.0.1:9\", login: {user: u, password: {env: P}}, pim: x}\n"
        "desk: {use: snow, attach: everything}\n");
  write("tenants/worse.yaml",
        "tenant: worse\n"
        "networks: [198.51.100.7/24]\n"
        "sensors:\n"
        "  - {name: s1, kind: cisco-sdee, url: \"https://127.0.0.1:9\", login: {user: u, password: {env: P}}}\n"
        "  - {name: s1, kind: cisco-sdee, url: \"https://127.0.0.1:9\", login: {user: u, password: {env: P}}}\n"
        "desk: {use: jira}\n");
  EXPECT_EQ(run("check"), 2);
  EXPECT_THAT(said, ContainsRegex("tenants/bad\\.yaml:4:[0-9]+: .*pim"));
  EXPECT_THAT(said, ContainsRegex("tenants/bad\\.yaml:5:[0-9]+: .*attach"));
  EXPECT_THAT(said, ContainsRegex("tenants/worse\\.yaml:2:[0-9]+: .*network"));
  EXPECT_THAT(said, ContainsRegex("tenants/worse\\.yaml:5:[0-9]+: .*two sensors"));
  EXPECT_THAT(said, ContainsRegex("tenants/worse\\.yaml:6:[0-9]+: .*snow"));
  EXPECT_THAT(said, Not(HasSubstr("acme.yaml")));
}

TEST_F(CheckTest, TheProvidersMistakesAreListedTogether) {
  write("exhibit.yaml", "public_url: nowhere\nstate: /x\nstaet: 1\ndesks: {snow: {adapter: rest, url: x}}\n");
  EXPECT_EQ(run("check"), 2);
  EXPECT_THAT(said, ContainsRegex("exhibit\\.yaml:1:[0-9]+: .*public_url"));
  EXPECT_THAT(said, ContainsRegex("exhibit\\.yaml:3:[0-9]+: .*staet"));
  EXPECT_THAT(said, ContainsRegex("exhibit\\.yaml:4:[0-9]+: .*url"));
}

TEST_F(CheckTest, AProfileThatDoesNotExistIsAMistakeAtItsDesk) {
  write("exhibit.yaml",
        "public_url: http://127.0.0.1:9\nstate: /nonexistent/state\n"
        "desks: {snow: {adapter: rest, profile: servicenov, url: \"http://127.0.0.1:9\"}}\n");
  EXPECT_EQ(run("check"), 2);
  EXPECT_THAT(said, HasSubstr("/desks/snow: cannot find servicenov.json"));
}

TEST_F(CheckTest, TextThatIsNoYamlIsToldWithItsPlace) {
  write("tenants/acme.yaml", "tenant: acme\nsensors: [\n");
  EXPECT_EQ(run("check"), 2);
  EXPECT_THAT(said, ContainsRegex("tenants/acme\\.yaml:[0-9]+:[0-9]+: "));
}

TEST_F(CheckTest, ServingNothingIsRefusedWithTheReason) {
  write("tenants/acme.yaml", "tenant: acme\n");
  EXPECT_EQ(run("serve"), 2);
  EXPECT_THAT(said, ContainsRegex("tenants/acme\\.yaml:[0-9]+:[0-9]+: "));
  EXPECT_THAT(said, HasSubstr("no customer can be served"));
}

TEST(Serve, ABadCustomersFileStopsOnlyThatCustomer) {
  World world({.alerts = 4, .rate = 10, .seed = 700});
  std::ofstream(world.folder() + "/tenants/aaa.yaml") << "tenant: aaa\nsensors: 7\ndesk: {use: snow}\n";
  world.serve();
  EXPECT_TRUE(world.settle(30s));
  const Counts counts = world.judge();
  EXPECT_TRUE(counts.good()) << join(counts.complaints, "\n");
  EXPECT_EQ(counts.tickets, 4U);
  EXPECT_THAT(content_of(world.folder() + "/server.log"), ContainsRegex("tenants/aaa\\.yaml:2:[0-9]+: "));
}

/// How long serve takes to end by SIGTERM, and how.
void expect_quick_end(World& world) {
  const auto begin = std::chrono::steady_clock::now();
  world.server().send(SIGTERM);
  const std::optional<int> end = world.server().status(10s);
  ASSERT_TRUE(end) << "it did not end";
  EXPECT_TRUE(WIFEXITED(*end) && WEXITSTATUS(*end) == 0) << "status " << *end;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST(Serve, SigtermEndsAnIdleServerWithExitZero) {
  World world({.alerts = 1, .rate = 10, .seed = 701});
  world.serve();
  EXPECT_TRUE(world.settle(30s));
  expect_quick_end(world);
}

TEST(Serve, SigtermDeliversWhatIsOwedBeforeItEnds) {
  World world({.alerts = 30, .seed = 702});
  world.serve();
  for (std::optional<Json> event = world.event(10s); event; event = world.event(10s))
    if (text_at(*event, "event") == "ticket") break;
  expect_quick_end(world);
  EXPECT_EQ(world.desk()["tickets"].size(), 30U);
  world.serve();
  EXPECT_TRUE(world.settle(30s));
  const Counts counts = world.judge();
  EXPECT_TRUE(counts.good()) << join(counts.complaints, "\n");
}

TEST(Serve, SigtermEndsInTimeAlthoughTheDeskHangs) {
  World world({.alerts = 10, .rate = 50, .seed = 703, .misbehaviours = {"hang:on=any,times=0"}});
  world.serve();
  for (std::optional<Json> event = world.event(10s); event; event = world.event(10s))
    if (text_at(*event, "event") == "misbehaved") break;
  expect_quick_end(world);
}

}  // namespace
}  // namespace exhibit::test
