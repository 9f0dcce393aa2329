#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "packet/capture_write.h"
#include "phf_alert.h"
#include "tests/faults/world.h"

/// A firewall in front of the desk that refuses whatever looks like an attack, which is what our tickets are about.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* refused[] = {"/etc/passwd", "<script>", "${jndi:"};

/// One flow for each request, from one attacker each.
Bytes capture_of(const std::vector<std::string>& requests) {
  Bytes file = capture_header(1);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Bytes packet = frame(cat("GET /?q=", requests[i], " HTTP/1.0\r\n\r\n"));
    packet[14 + 15] = static_cast<std::uint8_t>(20 + i);
    append_packet(file, WallTime(1'700'000'000s), packet);
  }
  return file;
}

std::string notes_of(const Json& ticket) {
  std::string all;
  for (const Json& entry : ticket["work_notes"]) all += text_at(entry, "value") + "\n";
  return all;
}

void refuse_what_looks_like_an_attack(const std::string& attach) {
  World::Options options{
      .seed = 950, .capture = capture_of({refused[0], refused[1], refused[2], "harmless"}), .attach = attach};
  for (const char* text : refused) options.misbehaviours.push_back(cat("waf-403-html:on=any,times=0,match=", text));
  World world(std::move(options));
  world.serve();
  ASSERT_TRUE(world.settle(60s));
  const Json held = world.desk(), report = world.report();
  ASSERT_EQ(held["tickets"].size(), 4U);
  ASSERT_EQ(report["tickets"].size(), 4U);
  EXPECT_GE(world.misbehaved(), 3U);
  std::size_t shortened = 0;
  for (const Json& ticket : held["tickets"]) {
    const std::string notes = notes_of(ticket);
    for (const char* text : refused) EXPECT_THAT(notes, Not(HasSubstr(text)));
    if (notes.find("harmless") != std::string::npos) continue;
    EXPECT_THAT(notes, HasSubstr("desk refused a longer text"));
    EXPECT_THAT(notes, HasSubstr("403"));
    ++shortened;
  }
  EXPECT_EQ(shortened, 3U);
  for (const Json& condition : report["conditions"]) EXPECT_THAT(text_at(condition, "key"), Not(HasSubstr("dead/")));
}

TEST(Waf, EachAlertStillGetsItsTicketWithTheReasonAndNoLetterDies) { refuse_what_looks_like_an_attack("none"); }

TEST(Waf, ARefusedAttachmentIsNoDeadLetterEither) { refuse_what_looks_like_an_attack("trigger_packet"); }

}  // namespace
}  // namespace exhibit::test
