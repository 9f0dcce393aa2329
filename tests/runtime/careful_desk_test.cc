#include "runtime/careful_desk.h"

#include <gmock/gmock.h>

#include <vector>

#include "base/text.h"

namespace exhibit {
namespace {

using testing::ElementsAre;

/// Ends nothing by itself: the test says when.
class HeldDesk final : public Desk {
 public:
  void send(const Seat&, const SendDelivery& delivery, FileHandle, std::function<void(DeliveryOutcome)> done) override {
    said.push_back(cat("send ", delivery.id.text));
    sends.push_back(std::move(done));
  }
  void look_up(const Seat&, const LookUpDelivery& look_up, std::function<void(DeliveryLookedUp)> done) override {
    said.push_back(cat("look ", look_up.id.text));
    look_ups.push_back(std::move(done));
  }
  void read(const Seat&, const LookUpDelivery&, std::function<void(Result<std::string>)> done) override {
    done(std::string("{}"));
  }

  std::vector<std::string> said;
  std::vector<std::function<void(DeliveryOutcome)>> sends;
  std::vector<std::function<void(DeliveryLookedUp)>> look_ups;
};

class CarefulDeskTest : public testing::Test {
 protected:
  void send(const std::string& id) {
    SendDelivery delivery;
    delivery.id = {id};
    careful->send({}, delivery, {}, [this](DeliveryOutcome) { ++outcomes; });
  }
  void look(const std::string& id) {
    LookUpDelivery look_up;
    look_up.id = {id};
    careful->look_up({}, look_up, [this](DeliveryLookedUp) { ++answers; });
  }

  std::shared_ptr<HeldDesk> held = std::make_shared<HeldDesk>();
  std::shared_ptr<Desk> careful = make_careful_desk(held);
  int outcomes = 0, answers = 0;
};

TEST_F(CarefulDeskTest, ALookUpWaitsForTheSendItIsAbout) {
  send("a");
  look("a");
  EXPECT_THAT(held->said, ElementsAre("send a"));
  held->sends[0]({});
  EXPECT_THAT(held->said, ElementsAre("send a", "look a"));
  EXPECT_EQ(outcomes, 1);
  held->look_ups[0]({});
  EXPECT_EQ(answers, 1);
}

TEST_F(CarefulDeskTest, OtherDeliveriesDoNotWait) {
  send("a");
  look("b");
  send("c");
  EXPECT_THAT(held->said, ElementsAre("send a", "look b", "send c"));
}

TEST_F(CarefulDeskTest, TheSameDeliveryIsNeverSentTwiceAtOnce) {
  send("a");
  send("a");
  EXPECT_THAT(held->said, ElementsAre("send a"));
  held->sends[0]({});
  EXPECT_THAT(held->said, ElementsAre("send a", "send a"));
}

TEST_F(CarefulDeskTest, WhatEndedLeavesNothingBehind) {
  send("a");
  held->sends[0]({});
  look("a");
  EXPECT_THAT(held->said, ElementsAre("send a", "look a"));
}

}  // namespace
}  // namespace exhibit
