#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "exhibit/adapter.h"
#include "tests/kit/kit_world.h"

namespace exhibit::kit {

/// What any adapter and profile must do, whatever the desk does: the real runner and module over the wire against a
/// server that holds its vendor's contract, for every shipped profile.
class Conformance : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const Answer opened = runner.open(0, world.config());
    ASSERT_EQ(opened.rc, EXH_OK) << opened.whole;
  }
  /// A note as the engine would write it, to a ticket that is there.
  Op note(const std::string& text) { return note_op(ensured, ticket(), KitWorld::fresh(), text); }
  Op file(const std::string& bytes) { return attach_op(ensured, ticket(), "capture.pcap", bytes); }
  const std::string& ticket() {
    if (ticket_.empty()) ticket_ = world.ticket_of(ensured);
    EXPECT_FALSE(ticket_.empty());
    return ticket_;
  }
  /// Meets the fault at the operation's writing request: with the canary proven, the last but what reads back.
  Answer meet(const Op& op, int request, FaultProxy::Cut cut, std::string answer = {}) {
    world.proxy.arm(request, cut, std::move(answer));
    return apply(runner, 0, op);
  }
  /// The request of a create that writes: after its look-up, where there is one.
  [[nodiscard]] int create_request() const { return world.searchable() ? 2 : 1; }
  void prove_search() { ASSERT_EQ(runner.probe(0).rc, EXH_OK); }

  KitWorld world{GetParam()};
  RunnerClient& runner = world.runner;
  const Op ensured = world.ensure();
  std::string ticket_;
};

}  // namespace exhibit::kit
