#include <gtest/gtest.h>
#include <malloc.h>
#include <time.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "acme_engine.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/tenant_engine.h"
#include "process_cost.h"
#include "proof.h"
#include "sensorproto/sdee/event_reader.h"
#include "sensorproto/sdee/subscription.h"
#include "tests/any_xml/documents.h"

/// P11: whatever XML a sensor sends, in bounded time and memory, and each good alert that stands beside a bad one gets
/// its ticket. Documents are made from seeds; EXHIBIT_COUNT of them.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;

const SensorId sensor{"acme-ips1"};

/// What `work` needs at its peak, and how long its thread runs.
struct Cost {
  double seconds = 0;
  std::size_t bytes = 0;
};
template <typename Work>
Cost cost_of(Work work) {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // The peak begins anew.
  const std::size_t before = status_bytes("VmRSS");
  const double began = thread_seconds();
  work();
  return {thread_seconds() - began, status_bytes("VmHWM") - std::min(before, status_bytes("VmHWM"))};
}

/// A sensor that serves one document for ever, until the subscription goes on behind it: at most three times.
std::optional<SdeeBatch> served(const std::string& document) {
  SdeeSubscription subscription({}, SdeeCursor{"sub-1", "", "", 0});
  for (int times = 0; times < 3; ++times) {
    auto step = subscription.next();
    while (std::holds_alternative<SdeeSubscription::Pause>(step)) step = subscription.next();
    if (auto batch = subscription.answered({200, "", document})) return batch;
  }
  return std::nullopt;
}

/// Every ticket that comes of a batch, by its text; the desk takes each.
std::vector<std::string> tickets_of(SdeeBatch batch) {
  TenantEngine engine(acme_engine(sensor));
  Now now{wall_from_ns(1'795'313'600'000'000'000), MonoTime{1h}};
  std::vector<std::string> texts;
  Reaction reaction = engine.on(SensorSaid{sensor, std::move(batch)}, now);
  std::vector<DeliveryId> open;
  for (int rounds = 0; rounds < 1000; ++rounds) {
    for (const Effect& effect : reaction.effects)
      if (const auto* send = std::get_if<SendDelivery>(&effect)) {
        open.push_back(send->id);
        const Json body = parse_json(send->body).value();
        if (send->kind == DeliveryKind::ensure)
          texts.push_back(text_at(body, "title") + text_at(body, "internal_text"));
      }
    if (open.empty()) break;
    const DeliveryId id = open.back();
    open.pop_back();
    now.mono += 1ms;
    reaction = engine.on(DeliveryEnded{id, {DeliveryOutcome::Kind::done, "t-" + id.text, "INC1", "", {}, ""}}, now);
  }
  return texts;
}

std::size_t tickets_with(const std::vector<std::string>& texts, const std::string& signature) {
  return static_cast<std::size_t>(std::count_if(
      texts.begin(), texts.end(), [&](const std::string& text) { return text.find(signature) != std::string::npos; }));
}

/// The worst that was seen, for people.
struct Worst {
  double seconds_per_4_mib = 0, times_its_size = 0;
  std::size_t bytes = 0;
};

/// Nothing but what is wrong; empty: all is well.
std::string judged(const HostileDocument& hostile, Worst& worst) {
  const std::string& text = hostile.document.text;
  std::optional<SdeeBatch> batch;
  const Cost cost = cost_of([&] { batch = served(text); });
  const double mebibytes = static_cast<double>(text.size()) / (1 << 20);
  worst.bytes = std::max(worst.bytes, cost.bytes);
  if (mebibytes > 1) {
    worst.seconds_per_4_mib = std::max(worst.seconds_per_4_mib, cost.seconds / mebibytes * 4);
    worst.times_its_size =
        std::max(worst.times_its_size, static_cast<double>(cost.bytes) / static_cast<double>(text.size()));
  }
  // Up to three servings, of which each may take its second for 4 MiB.
  if (cost.seconds > std::max(0.05, 3 * mebibytes / 4))
    return cat("it took ", static_cast<int>(cost.seconds * 1000), " ms");
  if (cost.bytes > std::max<std::size_t>(24 * text.size(), 4U << 20) || cost.bytes > 128U << 20)
    return cat("it took ", cost.bytes, " bytes for ", text.size());
  if (!batch) return "it is served for ever";
  if (batch->gap && batch->gap->cause == "unreadable-batch")
    return hostile.whole_or_nothing ? "" : "the good alerts beside it are lost";
  const std::vector<std::string> tickets = tickets_of(std::move(*batch));
  for (const std::string& signature : hostile.document.signatures)
    if (const std::size_t count = tickets_with(tickets, signature); count != 1)
      return cat(count, " tickets for ", signature);
  return {};
}

TEST(AnyXml, EveryGoodAlertBesideABadOneGetsItsTicketInBoundedTimeAndMemory) {
  const std::uint64_t count = asked_count(160), first = first_seed();
  std::uint64_t failures = 0;
  std::map<std::string, int> threats;
  Worst worst;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const HostileDocument hostile = hostile_document(seed);
    ++threats[hostile.threat];
    const std::string wrong = judged(hostile, worst);
    failures += wrong.empty() ? 0 : 1;
    EXPECT_EQ(wrong, "") << "seed " << seed << ", " << hostile.threat;
  }
  EXPECT_EQ(threats.size(), std::min<std::size_t>(count, 32));
  std::printf("%llu documents: at most %.3f s for 4 MiB, %.1f times its size, %zu bytes\n",
              static_cast<unsigned long long>(count), worst.seconds_per_4_mib, worst.times_its_size, worst.bytes);
  proved("P11", count, failures);
}

TEST(AnyXml, ADocumentThatIsCutAnywhereWasNotReceived) {
  const std::uint64_t count = asked_count(20), first = first_seed();
  std::uint64_t failures = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Document document = good_document(seed);
    std::size_t taken = 0;
    for (std::size_t size = 0; size < document.text.size(); ++size)
      taken += read_sdee_document(std::string_view(document.text).substr(0, size)) ? 1 : 0;
    const Result<SdeeDocument> whole = read_sdee_document(document.text);
    const bool good = taken == 0 && whole && whole->unreadable.empty() && whole->events.size() == document.spans.size();
    failures += good ? 0 : 1;
    EXPECT_TRUE(good) << "seed " << seed << ": " << taken << " cuts were taken for whole";
  }
  proved("P11", count, failures);
}

TEST(AnyXml, AFlippedBitInOneEventLeavesItsNeighboursAsTheyWere) {
  const std::uint64_t count = asked_count(2), first = first_seed();
  std::uint64_t failures = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Document document = good_document(seed);
    for (const auto& [from, size] : document.spans)
      for (std::size_t bit = from * 8; bit < (from + size) * 8; ++bit) {
        char& byte = document.text[bit / 8];
        const char before = byte;
        byte = static_cast<char>(byte ^ (1 << (bit % 8)));
        const Result<SdeeDocument> read = read_sdee_document(document.text);
        byte = before;
        std::set<std::string> found;
        if (read)
          for (const SensorEvent& event : read->events)
            found.insert(std::visit([](const auto& held) { return held.raw; }, event));
        bool good = true;
        for (const auto& [other, length] : document.spans)
          good = good && (other == from || found.contains(document.text.substr(other, length)));
        failures += good ? 0 : 1;
        if (!good && failures < 10)
          ADD_FAILURE() << "seed " << seed << ", bit " << bit << " of byte '" << before << "'";
      }
  }
  EXPECT_EQ(failures, 0U);
  proved("P11", count, failures);
}

}  // namespace
}  // namespace exhibit::test
