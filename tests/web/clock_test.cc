#include <random>

#include "tests/support/proof.h"
#include "tests/web/site_fixture.h"

/// P20, links: whatever the wall clock says, a link opens, and a session ends when its time has passed and not before.
namespace exhibit::web {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds year = std::chrono::hours{24 * 365};

class ClockTest : public SiteTest {
 protected:
  int roll(int from, int to) { return std::uniform_int_distribution<int>(from, to)(dice); }

  /// As the simulated world does it, and the hour that DST gives or takes from a badly set clock.
  void trouble_the_clock() {
    switch (roll(0, 5)) {
      case 0: clock.jump(roll(-10, 10) * year); break;
      case 1: clock.jump(std::chrono::seconds{roll(-7200, 7200)}); break;
      case 2: clock.stuck = !clock.stuck; break;
      case 3: clock.jump(roll(0, 1) == 0 ? 1s : -1s); break;
      case 4: clock.jump(roll(0, 1) == 0 ? 1h : -1h); break;
      default: clock.jump(wall_from_ns(1'795'313'600'000'000'000) - clock.now().wall);
    }
  }
  /// The sensor's clock is up to five years off.
  void skew_the_sensor() {
    PageRows& rows = acme->incidents[link];
    Alert alert = *rows.alert;
    alert.time += roll(-5 * 365, 5 * 365) * std::chrono::hours{24};
    rows.alert = std::make_shared<const Alert>(std::move(alert));
    rows.view.first = rows.alert.get();
  }
  void play();

  std::mt19937_64 dice;
};

void ClockTest::play() {
  const Nanoseconds life = std::chrono::hours{12};
  acme->seal(link, test::phf_capture(1));
  enter();
  MonoTime signed_in = clock.now().mono;
  for (int step = 0; step < 60; ++step) {
    trouble_the_clock();
    skew_the_sensor();
    clock.pass(std::chrono::minutes{roll(0, 90)});
    const bool ended = clock.now().mono - signed_in >= life;
    for (const std::string& path : {at, at + "/state", at + "/capture/0"})
      ASSERT_EQ(get(path).status, ended ? 303 : 200) << path << " at step " << step;
    ASSERT_EQ(get("/e/" + foreign.text).status, ended ? 303 : 404);
    ASSERT_EQ(ask({.path = at, .cookie = "exhibit_session=0"}).status, 303);
    if (!ended && roll(0, 9) > 0) continue;
    const std::string old = cookie;
    const Response in = sign_in("kim", "correct horse");
    ASSERT_EQ(in.status, 303);
    ASSERT_THAT(header(in, "Set-Cookie"), testing::HasSubstr("Max-Age=43200"));
    ASSERT_THAT(header(in, "Set-Cookie"), testing::Not(testing::HasSubstr("Expires")));
    cookie = header(in, "Set-Cookie").substr(0, header(in, "Set-Cookie").find(';'));
    if (ended) {
      ASSERT_EQ(ask({.path = at, .cookie = old}).status, 303) << "no jump brings a session back";
    }
    signed_in = clock.now().mono;
  }
}

TEST_F(ClockTest, NoClockMakesALinkDeadOrASessionEternal) {
  const std::uint64_t first = test::first_seed(), count = test::asked_count(10);
  std::uint64_t broken = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE(cat("seed ", seed));
    dice.seed(seed);
    make(seed % 2 == 0);
    play();
    broken += HasFatalFailure() ? 1 : 0;
    if (HasFatalFailure()) break;
  }
  test::proved("P20", count, broken);
}

TEST_F(ClockTest, TheGateOfTheSignInOpensAfterFiveMinutesByNoOtherClock) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in("kim", "wrong").status, 403);
  for (const Nanoseconds way : {Nanoseconds(year), Nanoseconds(-2 * year), Nanoseconds(1h)}) {
    clock.jump(way);
    EXPECT_EQ(sign_in("kim", "correct horse").status, 429);
  }
  clock.stuck = true;
  clock.pass(5min);
  EXPECT_EQ(sign_in("kim", "correct horse").status, 303);
}

}  // namespace
}  // namespace exhibit::web
