#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

#include "base/text.h"
#include "engine/desk_gate.h"
#include "engine/outbox.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using Kind = DeliveryOutcome::Kind;

constexpr int tenants = 20;
constexpr std::int64_t ceiling = 6000;  // Calls an hour, all tenants together.

/// Twenty tenants at one desk, with their real outboxes and its real gate; time jumps from one moment to the next that
/// matters.
class SharedWeek {
 public:
  explicit SharedWeek(std::uint64_t seed) : dice_(seed) {
    Outbox::Settings patience;
    patience.settle = 1min;
    for (int i = 0; i < tenants; ++i) outboxes_.emplace_back(patience);
  }

  void owe(int tenant) {
    const IncidentId incident{cat("t", tenant, "i", ++incidents_)};
    Outbox& outbox = outboxes_[static_cast<std::size_t>(tenant)];
    outbox.owe(incident, DeliveryKind::ensure, "ticket", Severity::high, Rung::masked, now_, facts_);
    outbox.owe(incident, DeliveryKind::note, "capture", Severity::high, Rung::masked, now_, facts_);
    outbox.owe(incident, DeliveryKind::note, "joined", Severity::high, Rung::masked, now_, facts_);
    owed_ += 3;
  }

  void run(
      Nanoseconds length, bool desk_is_up, const std::function<void()>& each_minute = [] {}) {
    for (const MonoTime end = now_.mono + length; now_.mono < end; pass(1min)) {
      each_minute();
      up_ = desk_is_up;
      for (int second = 0; second < 6; ++second) {
        serve();
        pass(10s);
      }
      pass(-1min);
      facts_.clear();  // A store would have them.
    }
  }

  void serve() {
    for (int i = 0; i < tenants; ++i) collect(i);
    if (const auto rest = gate_.rest(now_.mono)) return refuse(*rest);
    while (const auto call = gate_.next(now_.mono)) {
      answer(*call);
      if (const auto rest = gate_.rest(now_.mono)) return refuse(*rest);
    }
  }

  void pass(Nanoseconds time) {
    now_.mono += time;
    now_.wall += time;
  }

  [[nodiscard]] std::size_t open() const {
    std::size_t all = 0;
    for (const Outbox& outbox : outboxes_) all += outbox.open();
    return all;
  }

  std::size_t owed_ = 0, calls_ = 0, disorder_ = 0, doubled_ = 0, over_ceiling_ = 0;
  std::set<DeliveryId> done_;
  std::multiset<MonoTime> hour_;
  std::map<int, std::size_t> served_;
  std::map<int, MonoTime> first_served_;
  Now now_{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};

 private:
  struct Call {
    int tenant = 0;
    DeliveryRow row;
    bool look_up = false;
  };

  void collect(int tenant) {
    Outbox& outbox = outboxes_[static_cast<std::size_t>(tenant)];
    const auto wait = [&](const DeliveryRow& row, bool look_up) {
      waiting_[++last_] = {tenant, row, look_up};
      gate_.wait(last_, {cat("t", tenant)}, row.severity, now_.mono);
    };
    for (const DeliveryRow& row : outbox.claim(now_, facts_)) wait(row, false);
    for (const DeliveryRow& row : outbox.claim_look_ups(now_)) wait(row, true);
  }

  void answer(std::uint64_t number) {
    const Call call = waiting_.at(number);
    waiting_.erase(number);
    ++calls_;
    hour_.insert(now_.mono);
    hour_.erase(hour_.begin(), hour_.lower_bound(now_.mono - 1h));
    if (hour_.size() > static_cast<std::size_t>(ceiling)) ++over_ceiling_;
    Outbox& outbox = outboxes_[static_cast<std::size_t>(call.tenant)];
    gate_.told({.kind = up_ ? DeskGate::Told::Kind::answered : DeskGate::Told::Kind::failed}, now_.mono);
    if (call.look_up) {
      using Found = DeliveryLookedUp::Found;
      const Found found = !up_ ? Found::failed : done_.contains(call.row.id) ? Found::one : Found::none;
      (void)outbox.looked_up({call.row.id, found, {}, {}, {}, {}}, now_, facts_);
      return;
    }
    // Some of what goes out while the connection breaks has arrived all the same.
    const bool arrives = up_ || std::uniform_int_distribution<int>(0, 9)(dice_) == 0;
    if (arrives) store(call);
    (void)outbox.ended({call.row.id, {up_ ? Kind::done : Kind::unknown, {}, {}, {}, {}, "no answer"}}, now_, facts_);
  }

  void store(const Call& call) {
    if (!done_.insert(call.row.id).second) ++doubled_;
    for (std::uint64_t earlier = 0; earlier < call.row.order; ++earlier)
      if (!done_.contains(delivery_id(call.row.incident, earlier))) ++disorder_;
    ++served_[call.tenant];
    if (up_) first_served_.try_emplace(call.tenant, now_.mono);
  }

  /// As the desk's worker does: nobody's call leaves, and everybody hears how long it rests.
  void refuse(const DeskGate::Rest& rest) {
    for (const auto& [number, call] : std::exchange(waiting_, {})) {
      gate_.leave(number);
      Outbox& outbox = outboxes_[static_cast<std::size_t>(call.tenant)];
      if (call.look_up)
        (void)outbox.looked_up({call.row.id, DeliveryLookedUp::Found::failed, {}, {}, {}, {}}, now_, facts_);
      else
        (void)outbox.ended({call.row.id, {Kind::retry, {}, {}, {}, rest.until - now_.mono, rest.why, true}}, now_,
                           facts_);
    }
  }

  std::mt19937_64 dice_;
  DeskGate gate_{{.calls_per_hour = ceiling}};
  std::vector<Outbox> outboxes_;
  std::map<std::uint64_t, Call> waiting_;
  std::uint64_t last_ = 0, incidents_ = 0;
  Facts facts_;
  bool up_ = true;
};

TEST(ADeskThatIsDownForAWeek, LosesAndDoublesNothingAndServesEveryTenantOnItsReturn) {
  SharedWeek week(7);
  int minute = 0;
  week.run(7 * 24h, false, [&] {
    if (++minute % 5 == 0) week.owe(minute / 5 % tenants);
    if (minute < 3) week.owe(0), week.owe(0), week.owe(0);  // One tenant has more than its share.
  });
  const std::size_t owed = week.owed_, tried = week.calls_;
  EXPECT_GT(owed, 6000U);
  EXPECT_LT(tried, 10'000U) << "a desk that is down is asked rarely: about one call in a minute and a half";
  const MonoTime back = week.now_.mono;
  week.first_served_.clear();
  week.run(6h, true);
  EXPECT_EQ(week.open(), 0U);
  EXPECT_EQ(week.done_.size(), owed) << "nothing is lost";
  EXPECT_EQ(week.doubled_, 0U);
  EXPECT_EQ(week.disorder_, 0U) << "each incident's ticket comes before its notes";
  EXPECT_EQ(week.over_ceiling_, 0U);
  ASSERT_EQ(week.first_served_.size(), static_cast<std::size_t>(tenants));
  for (const auto& [tenant, at] : week.first_served_)
    EXPECT_LT(at - back, 1h) << "tenant " << tenant << " waited too long";
}

}  // namespace
}  // namespace exhibit
