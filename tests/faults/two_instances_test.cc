#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "proof.h"
#include "tests/faults/tally.h"

/// P2 with two hosts on one store: the second waits outside until the first is gone.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TwoInstances, TheSecondIsRefusedInOneSentenceAndTakesOverWhenTheFirstEnds) {
  Tally tally("second instance");
  World world({.alerts = 5, .rate = 5, .seed = 900});
  world.serve();
  while (!world.report().is_object()) let_pass(10ms);
  const std::string said = world.folder() + "/rival.log";
  const std::optional<int> refused = world.rival(said)->status(10s);
  ASSERT_TRUE(refused && WIFEXITED(*refused));
  EXPECT_NE(WEXITSTATUS(*refused), 0);
  EXPECT_THAT(content_of(said), HasSubstr("another instance uses the state folder"));
  EXPECT_EQ(std::ranges::count(content_of(said), '\n'), 1);
  EXPECT_TRUE(world.report().is_object()) << "the refused one took the first one's socket";
  world.kill_server();
  world.serve();
  tally.close(world, "taking over");
}

}  // namespace
}  // namespace exhibit::test
