#include "web/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace exhibit::web {
namespace {

using testing::ElementsAre;

class TurnsTest : public testing::Test {
 protected:
  void ask(const std::string& who) {
    turns.ask(&who, [this, &who] { begun.push_back(who); });
  }
  Turns turns{2};
  std::vector<std::string> begun;
  const std::string ann = "ann", bob = "bob", cid = "cid", dee = "dee";
};

TEST_F(TurnsTest, TwoAreAtWorkAndTheRestBeginInTheirOrder) {
  for (const std::string* who : {&ann, &bob, &cid, &dee}) ask(*who);
  EXPECT_THAT(begun, ElementsAre("ann", "bob"));
  turns.leave(&bob);
  turns.leave(&bob);  // Gives nothing back twice.
  EXPECT_THAT(begun, ElementsAre("ann", "bob", "cid"));
  ask(bob);
  turns.leave(&ann);
  turns.leave(&cid);
  EXPECT_THAT(begun, ElementsAre("ann", "bob", "cid", "dee", "bob"));
}

TEST_F(TurnsTest, WhoLeavesWhileHeWaitsLosesHisPlaceAlone) {
  for (const std::string* who : {&ann, &bob, &cid, &dee}) ask(*who);
  turns.leave(&cid);
  turns.leave(&ann);
  EXPECT_THAT(begun, ElementsAre("ann", "bob", "dee"));
}

}  // namespace
}  // namespace exhibit::web
