#include <gtest/gtest.h>

#include "packet/capture_read.h"
#include "packet/capture_write.h"
#include "sensorproto/sim/scenario.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;

/// Writes down what a scenario orders; one writer is free at a time when `crowded`.
struct Notebook final : Stage {
  struct Entry {
    SimAlert alert;
    Recording recording;
    WallTime seen;
  };
  std::vector<Entry> entries;
  std::string open;
  bool crowded = false;

  std::uint64_t raise(const SimAlert& alert, const std::optional<Recording>& recording,
                      std::optional<WallTime> seen) override {
    entries.push_back({alert, recording.value_or(Recording{}), seen.value_or(WallTime{})});
    open = alert.attacker.address;
    return entries.size();
  }
  std::uint64_t record(const std::string&, const Recording&) override { return 0; }
  std::uint64_t raise_naming(const SimAlert&, std::uint64_t, WallTime) override { return 0; }
  void fill_ring() override {}
  [[nodiscard]] bool recording(const std::string& address) const override { return open == address; }
  [[nodiscard]] bool can_record(const std::string& address) const override {
    return !crowded || open.empty() || open == address;
  }
};

class CaptureScenario : public ::testing::Test {
 protected:
  void add(const Bytes& packet) { append_packet(file, then += 1ms, packet); }
  void play() {
    auto made = capture_scenario(file);
    ASSERT_TRUE(made);
    more = (*made)->play(stage, 0ms, now);
  }

  WallTime then = wall_from_ns(1'000'000'000'000'000'000);
  const WallTime now = wall_from_ns(1'700'000'000'000'000'000);
  Bytes file = capture_header(link_type::ethernet);
  TcpTalk web{{"192.0.2.1", 4000}, {"198.51.100.1", 80}};
  Notebook stage;
  bool more = false;
};

TEST_F(CaptureScenario, TheTriggerIsTheFirstPacketWithPayloadAndTheLogHoldsWhatCameLater) {
  add(web.attacker("", TcpTalk::syn));
  add(web.target("", TcpTalk::syn | TcpTalk::ack));
  const Bytes request = web.attacker("GET / HTTP/1.0\r\n\r\n");
  add(request);
  const Bytes answer = web.target("HTTP/1.0 404 Not Found\r\n\r\n");
  add(answer);
  play();
  ASSERT_EQ(stage.entries.size(), 1U);
  const auto& [alert, recording, seen] = stage.entries[0];
  EXPECT_EQ(alert.attacker.address, "192.0.2.1");
  EXPECT_EQ(alert.targets[0].port, 80);
  EXPECT_EQ(*alert.trigger, request);
  ASSERT_EQ(recording.traffic.size(), 1U);
  EXPECT_EQ(recording.traffic[0].bytes, answer);
  EXPECT_EQ(recording.traffic[0].after, 1ms);
  EXPECT_EQ(seen, now - 1ms);
}

TEST_F(CaptureScenario, ASecondFlowOfTheSameAttackerSharesTheOpenLogAndHasTheSameSignatureForTheSamePort) {
  add(web.attacker("GET / HTTP/1.0\r\n\r\n"));
  add(TcpTalk({"192.0.2.1", 4001}, {"198.51.100.2", 80}).attacker("GET /b HTTP/1.0\r\n\r\n"));
  add(udp_datagram({"192.0.2.9", 53}, {"198.51.100.2", 53}, "x"));
  play();
  ASSERT_EQ(stage.entries.size(), 3U);
  EXPECT_EQ(stage.entries[0].recording.traffic.size(), 1U);
  EXPECT_TRUE(stage.entries[1].recording.traffic.empty());
  EXPECT_EQ(stage.entries[0].alert.signature.id, stage.entries[1].alert.signature.id);
  EXPECT_NE(stage.entries[0].alert.signature.id, stage.entries[2].alert.signature.id);
  EXPECT_EQ(stage.entries[2].alert.protocol, "udp");
}

TEST_F(CaptureScenario, ItWaitsForAFreeWriter) {
  add(web.attacker("a"));
  add(icmp_echo("192.0.2.7", "198.51.100.1", 1));
  stage.crowded = true;
  play();
  EXPECT_EQ(stage.entries.size(), 1U);
  EXPECT_TRUE(more);
}

TEST_F(CaptureScenario, WithoutAFlowThereIsNoScenario) {
  EXPECT_FALSE(capture_scenario(file));
  EXPECT_FALSE(capture_scenario(Bytes{1, 2, 3}));
}

}  // namespace
}  // namespace exhibit::sim
