#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "proof.h"
#include "runtime/step.h"
#include "tests/faults/receiver.h"
#include "tests/faults/tally.h"

/// P2b: a desk that cannot be searched gets each message at least once, and every copy under the same id.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;

struct Found {
  std::size_t incidents = 0, messages = 0, copies = 0;
  std::vector<std::string> complaints = {};
};

/// A further copy is right only after one that was cut behind its last byte, or whose sender died.
void judge_copies(const std::vector<LossyReceiver::Kept>& kept, Found& found) {
  std::map<std::pair<std::string, std::string>, const LossyReceiver::Kept*> last;
  for (const LossyReceiver::Kept& one : kept) {
    const LossyReceiver::Kept*& before = last[{one.incident, one.what}];
    if (before != nullptr) {
      ++found.copies;
      if (before->id != one.id)
        found.complaints.push_back(cat(one.incident, ": ", before->id, " came again as ", one.id));
      if (before->answered && before->life == one.life)
        found.complaints.push_back(cat(one.incident, ": ", one.id, " was answered and came again"));
    }
    before = &one;
  }
  found.messages = last.size();
}

Found send_and_die(Tally& tally, LossyReceiver::Kind kind, std::uint64_t incidents, std::uint64_t seed) {
  constexpr int deaths = 25;
  LossyReceiver receiver(kind, seed);
  const std::string at = cat("127.0.0.1:", receiver.port());
  World world({.alerts = static_cast<int>(incidents),
               .rate = static_cast<double>(incidents) / 12,
               .seed = seed,
               .attach = "none",
               .desk = kind == LossyReceiver::Kind::webhook
                           ? cat("adapter: webhook, url: \"http://", at, "/in\"")
                           : cat("adapter: email, url: \"smtp://", at,
                                 "\", map: {from: exhibit@msp.example, to: [soc@msp.example]}")});
  std::mt19937 dice(static_cast<unsigned>(seed));
  constexpr const char* steps[] = {"before-send", "after-answer", "after-commit", "before-commit"};
  for (int i = 0; i < deaths; ++i) {
    (void)serve_and_die(tally, world, dice, cat(steps[i % 4], ":", roll(dice, 1, 3), i % 2 == 0 ? "" : "+20000"));
    receiver.next_life();
  }
  world.serve();
  Found found;
  if (!world.settle(120s)) found.complaints.emplace_back("not settled in time");
  std::set<std::string> arrived;
  const std::vector<LossyReceiver::Kept> kept = receiver.kept();
  for (const LossyReceiver::Kept& one : kept)
    if (one.what == "opened" || one.what == "mail") arrived.insert(one.incident);
  const Json report = world.report();
  for (const Json& incident : report["tickets"]) {
    ++found.incidents;
    if (!arrived.contains(text_at(incident, "correlation_id")))
      found.complaints.push_back(cat(text_at(incident, "correlation_id"), " never arrived"));
  }
  if (found.incidents != incidents) found.complaints.push_back(cat(found.incidents, " incidents of ", incidents));
  judge_copies(kept, found);
  if (receiver.cut_before() == 0 || receiver.cut_after() == 0) found.complaints.emplace_back("nothing was cut");
  return found;
}

/// Its count is of incidents for each of the two kinds.
TEST(StableId, MailAndWebhookArriveAtLeastOnceAndEveryCopyUnderTheSameId) {
  constexpr std::uint64_t of_a_world = 250;
  const std::uint64_t incidents = asked_count(50), first = first_seed();
  Tally tally("mail and webhook");
  std::mutex mutex;
  Found all;
  std::vector<std::function<void()>> jobs;
  for (std::uint64_t done = 0; done < incidents; done += of_a_world)
    for (const auto kind : {LossyReceiver::Kind::webhook, LossyReceiver::Kind::mail})
      jobs.emplace_back([&, kind, mine = std::min(of_a_world, incidents - done), seed = first + done] {
        const Found found = send_and_die(tally, kind, mine, seed);
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(found.complaints.empty()) << "seed " << seed << ": " << join(found.complaints, "\n  ");
        EXPECT_GT(found.copies, 0U) << "no copy was ever needed";
        all.incidents += found.incidents, all.messages += found.messages, all.copies += found.copies;
        all.complaints.insert(all.complaints.end(), found.complaints.begin(), found.complaints.end());
      });
  in_parallel(12, jobs);
  std::printf("faults: mail and webhook: %zu incidents, %zu messages, %zu copies under the same id\n", all.incidents,
              all.messages, all.copies);
  proved("P2b", all.incidents, all.complaints.size());
}

}  // namespace
}  // namespace exhibit::test
