#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/text.h"
#include "proof.h"
#include "tests/disk/disk.h"
#include "tests/disk/tenant_life.h"

/// P6, store and evidence: whichever change of a file is the first that finds no room, nothing that was acknowledged is
/// lost, nothing is called acknowledged that is not, and all goes on when there is room again.
namespace exhibit::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t short_life = 40;
constexpr std::uint64_t seed = 5;
constexpr int tries_max = 200;

class FullDisk : public testing::TestWithParam<int> {
 protected:
  FullDisk() {
    folder = fs::is_directory("/dev/shm") ? "/dev/shm/exhibit-full-XXXXXX" : "/tmp/exhibit-full-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  }
  ~FullDisk() override {
    Disk::instance().stop();
    fs::remove_all(folder);
  }

  /// One life in which `length` changes from the n-th on find no room. What was refused is done again, as a sensor
  /// gives its batch again. Gives what is wrong at its end.
  std::vector<std::string> live(std::uint64_t from, std::uint64_t length, int error) {
    const std::string own = cat(folder, "/life");
    fs::remove_all(own);
    fs::create_directory(own);
    Disk::instance().record(own);
    Disk::instance().refuse(from, length, error);
    TenantLife life(own, seed);
    int tries = 0;
    bool open = !life.open();
    for (std::uint64_t number = 1; number <= short_life && tries < tries_max;) {
      if (!open)
        open = !life.open();
      else if (life.step(number))
        ++number;
      ++tries;
      if (number == short_life / 2) open = !life.open();
    }
    life.close();
    changes = Disk::instance().changes();
    refused = Disk::instance().refused();
    Disk::instance().stop();
    if (tries == tries_max) return {"it does not go on when there is room again"};
    return TenantLife::faults(own, short_life, seed);
  }

  std::string folder;
  std::uint64_t changes = 0, refused = 0;
};

TEST_P(FullDisk, CostsNothingThatWasAcknowledgedAndGoesOnByItself) {
  ASSERT_EQ(live(0, 0, 0), std::vector<std::string>());
  const std::uint64_t all = changes;
  ASSERT_GT(all, 200U) << "the calls are not replaced";
  std::size_t bad = 0, tried = 0;
  std::string first;
  for (std::uint64_t n = 1; n <= all; ++n)
    for (const std::uint64_t length : {std::uint64_t{1}, std::uint64_t{25}}) {
      const auto faults = live(n, length, GetParam());
      EXPECT_GT(refused, 0U) << n;
      ++tried;
      bad += faults.empty() ? 0 : 1;
      if (!faults.empty() && first.empty())
        first = cat("change ", n, " of ", all, ", for ", length, ": ", faults.front());
    }
  std::printf("refused at each of %llu changes: %zu lives, %zu bad\n", static_cast<unsigned long long>(all), tried,
              bad);
  proved("P6", tried, bad);
  EXPECT_EQ(bad, 0U) << first;
}

INSTANTIATE_TEST_SUITE_P(Errors, FullDisk, testing::Values(ENOSPC, EIO),
                         [](const auto& one) { return std::string(one.param == EIO ? "IoError" : "NoSpace"); });

}  // namespace
}  // namespace exhibit::test
