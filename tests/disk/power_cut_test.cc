#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "base/text.h"
#include "proof.h"
#include "tests/disk/disk.h"
#include "tests/disk/tenant_life.h"

/// P5: whatever a power cut leaves on the disk, nothing that was acknowledged is lost, all of it opens, and no capture
/// is called ready whose bytes are not there.
namespace exhibit::test {
namespace {

namespace fs = std::filesystem;

class PowerCut : public testing::Test {
 protected:
  PowerCut() {
    folder = fs::is_directory("/dev/shm") ? "/dev/shm/exhibit-disk-XXXXXX" : "/tmp/exhibit-disk-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  }
  ~PowerCut() override {
    Disk::instance().stop();
    Disk::instance().forget_to_sync("");
    fs::remove_all(folder);
  }

  /// One life of a tenant, written down.
  void live(std::uint64_t seed) {
    const std::string original = cat(folder, "/original");
    fs::remove_all(original);
    fs::create_directory(original);
    Disk::instance().record(original);
    TenantLife life(original, seed);
    ASSERT_FALSE(life.open());
    for (std::uint64_t number = 1; number <= TenantLife::long_life; ++number) {
      ASSERT_TRUE(life.step(number)) << number;
      Disk::instance().mark(number);
      const bool again = number % 100 == 0;  // An orderly restart.
      ASSERT_FALSE(again && life.open());
    }
    life.close();
    Disk::instance().stop();
  }

  /// What is wrong after a cut at this position; empty: nothing.
  std::vector<std::string> after_cut(std::size_t position, Disk::Luck luck, std::uint64_t seed, std::uint64_t life) {
    const std::string left = cat(folder, "/left");
    fs::remove_all(left);
    fs::create_directory(left);
    Disk::instance().rebuild(position, luck, seed, left);
    return TenantLife::faults(left, Disk::instance().mark_at(position), life);
  }

  /// How many of the states are bad, and the first complaint.
  std::size_t bad_states(std::uint64_t life, std::size_t states, std::string& first) {
    const std::vector<std::size_t> points = Disk::instance().sync_points();
    std::size_t bad = 0;
    constexpr Disk::Luck lucks[] = {Disk::Luck::nothing, Disk::Luck::everything, Disk::Luck::torn, Disk::Luck::some};
    for (std::size_t i = 0; i < states; ++i) {
      // Every synchronisation in turn, and the moments directly before the next one.
      const std::size_t point = points[i * points.size() / states];
      const std::size_t next = i * points.size() / states + 1 < points.size() ? points[i * points.size() / states + 1]
                                                                              : Disk::instance().steps();
      const std::size_t position = i % 2 == 0 ? point : next - 1;
      const auto faults = after_cut(position, lucks[i / 2 % 4], i, life);
      bad += faults.empty() ? 0 : 1;
      if (bad == 1 && first.empty() && !faults.empty())
        first = cat("state ", i, ", step ", position, ": ", faults.front());
    }
    return bad;
  }

  std::string folder;
};

TEST_F(PowerCut, LosesNothingThatWasAcknowledged) {
  const std::uint64_t states = asked_count(2'000);
  std::size_t bad = 0;
  std::string first;
  const std::uint64_t lives = std::max<std::uint64_t>(1, states / 2'000);
  for (std::uint64_t life = 0; life < lives; ++life) {
    ASSERT_NO_FATAL_FAILURE(live(first_seed() + life));
    bad += bad_states(first_seed() + life, states / lives, first);
  }
  std::printf("power cut: %llu states of %llu lives of %llu steps, %zu bad\n", static_cast<unsigned long long>(states),
              static_cast<unsigned long long>(lives), static_cast<unsigned long long>(TenantLife::long_life), bad);
  proved("P5", states, bad);
  EXPECT_EQ(bad, 0U) << first;
}

/// A test that cannot see a missing synchronisation shows nothing.
TEST_F(PowerCut, IsSeenWhereAnySynchronisationIsForgotten) {
  for (const char* forgotten : {"exhibit.db", "-wal", "/intake/", "folder /evidence/", "folder /tenants"}) {
    Disk::instance().forget_to_sync(forgotten);
    ASSERT_NO_FATAL_FAILURE(live(7));
    Disk::instance().forget_to_sync("");
    std::string first;
    const std::size_t bad = bad_states(7, 160, first);
    std::printf("without synchronising \"%s\": %zu of 160 states are bad: %s\n", forgotten, bad, first.c_str());
    EXPECT_GT(bad, 0U) << forgotten;
  }
}

}  // namespace
}  // namespace exhibit::test
