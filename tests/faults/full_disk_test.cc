#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "files.h"
#include "proof.h"
#include "tests/faults/tally.h"

/// P6, the whole process: another writer fills the disk under the state folder, and goes away again.
namespace exhibit::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int alerts = 60;
constexpr int useful_mib = 4;  // A smaller disk may be filled by our own log; all that it must do is to lose nothing.

/// Mounts of this process alone. False: the system gives none.
bool own_mounts() {
  static const bool had = [] {
    const bool root = ::geteuid() == 0;
    const std::string user = cat(::geteuid());
    if (::unshare(root ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    if (!root) write_file("/proc/self/uid_map", cat("0 ", user, " 1"));
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }();
  return had;
}

/// A disk of its own size under a folder, and others who write on it.
class SmallDisk {
 public:
  SmallDisk(std::string folder, int mib) : folder_(std::move(folder)) {
    std::filesystem::create_directory(folder_);
    mounted_ = ::mount("exhibit-test", folder_.c_str(), "tmpfs", 0, cat("size=", mib, "m").c_str()) == 0;
    EXPECT_TRUE(mounted_) << folder_;
  }
  ~SmallDisk() {
    free();
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  /// Takes all that is left, at once; a greedy one takes whatever comes free afterwards, too.
  void fill(bool greedy) {
    full_ = true;
    take_all();
    if (greedy)
      writer_ = std::thread([this] {
        while (full_) {
          take_all();
          let_pass(1ms);
        }
      });
  }
  void free() {
    full_ = false;
    if (writer_.joinable()) writer_.join();
    std::filesystem::remove(others());
  }

 private:
  [[nodiscard]] std::string others() const { return folder_ + "/of-others"; }
  void take_all() const {
    static const std::string page(4096, 'x');
    std::ofstream file(others(), std::ios::binary | std::ios::app);
    while (file && file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
    }
  }

  std::string folder_;
  bool mounted_ = false;
  std::atomic<bool> full_{false};
  std::thread writer_;
};

struct Case {
  int mib;
  bool greedy, restarted;
  std::uint64_t seed;
};

/// What the server says of its sensor, and of the disk.
struct Seen {
  std::string sensor;  ///< Its state; "held": because of the disk.
  std::size_t alerts = 0, events = 0;
  bool condition = false;
};

std::optional<Seen> look(World& world) {
  const Json report = world.report();
  if (!report.is_object()) return std::nullopt;
  const Json& sensor = report["sensors"][0];
  const bool held = text_at(sensor, "why").starts_with("the disk under");
  Seen seen{held ? "held" : text_at(sensor, "state"), report.value("alerts", std::size_t{0}),
            sensor.value("events", std::size_t{0})};
  for (const Json& condition : report["conditions"]) seen.condition |= text_at(condition, "key") == "disk/full";
  return seen;
}

/// How long it took until this was seen; nothing when it never was.
template <typename Wanted>
std::optional<std::chrono::milliseconds> until(World& world, Wanted wanted, std::chrono::seconds patience) {
  const auto began = Clock::now();
  while (Clock::now() < began + patience) {
    while (world.event(0ms)) {  // The simulators would wait for a reader.
    }
    if (const auto seen = look(world); seen && wanted(*seen))
      return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    let_pass(10ms);
  }
  return std::nullopt;
}

std::size_t count_in(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class Story {
 public:
  Story(Tally& tally, const Case& given) : tally_(tally), given_(given) {}

  std::vector<std::string> run() {
    World world({.alerts = alerts, .rate = 12, .seed = given_.seed, .desk_options = {}});
    SmallDisk disk(world.folder() + "/state", given_.mib);
    world.serve();
    must(world.up(10s).has_value(), "it starts");
    std::mt19937 dice(static_cast<unsigned>(given_.seed));
    (void)until(
        world, [&](const Seen& seen) { return seen.alerts >= 10 + given_.seed % 20; }, 20s);
    world.misbehave("429:times=4");  // So that something is owed when the disk is full.
    disk.fill(given_.greedy);
    const auto paused = until(
        world, [](const Seen& seen) { return seen.sensor == "held"; }, 10s);
    must(paused && *paused <= 1s,
         cat("paused within a second, not after ", paused ? cat(paused->count(), " ms") : "10 s"));
    if (given_.restarted) {
      world.kill_server();
      world.serve();
      must(world.up(10s).has_value(), "it starts on a full disk");
      must(until(
               world, [](const Seen& seen) { return seen.sensor == "held"; }, 2s)
               .has_value(),
           "paused again");
    }
    if (given_.mib >= useful_mib) while_full(world);
    disk.free();
    const auto back = until(
        world, [](const Seen& seen) { return seen.sensor == "following" && !seen.condition; }, 20s);
    must(back && *back <= 10s, cat("back within ten seconds, not after ", back ? cat(back->count(), " ms") : "20 s"));
    if (!tally_.close(world, cat(given_.mib, " MiB", given_.greedy ? ", greedy" : "", ", seed ", given_.seed)))
      faults_.emplace_back("lost or doubled");
    const std::string log = read_file(world.folder() + "/server.log");
    const std::size_t lives = given_.restarted ? 2 : 1;
    std::error_code gone;
    const std::uintmax_t store_log =
        std::filesystem::file_size(world.folder() + "/state/tenants/acme/exhibit.db-wal", gone);
    if (given_.mib >= useful_mib) {
      must(gone || store_log <= (std::uintmax_t{1} << 20) / 2 * static_cast<unsigned>(given_.mib),
           cat("the store's log takes no half of the disk: ", store_log / 1024, " KiB"));
      must(count_in(log, "[acme tenant] the disk under") <= lives, "told once");
      const std::size_t over =
          count_in(log, "over: disk/full");  // A greedy writer may leave no room to tell it at all.
      must(over == 1 || (given_.greedy && over == 0), "and that it is over");
    }
    if (!faults_.empty()) std::printf("%s\n", log.substr(log.size() > 3000 ? log.size() - 3000 : 0).c_str());
    return faults_;
  }

 private:
  void must(bool holds, std::string what) {
    if (!holds) faults_.push_back(std::move(what));
  }
  /// Nothing more is taken in. What was, gets its tickets, where others leave us what the ballast held.
  void while_full(World& world) {
    const auto before = look(world);
    must(before.has_value(), "it answers on a full disk");
    if (!before) return;
    if (!given_.greedy) {
      must(until(
               world, [](const Seen& seen) { return seen.condition; }, 3s)
               .has_value(),
           "the operator is told");
      const auto drained = until(
          world, [&](const Seen&) { return world.desk()["tickets"].size() >= before->alerts; }, 15s);
      must(drained.has_value(),
           cat("what is owed is delivered: ", world.desk()["tickets"].size(), " of ", before->alerts));
    } else {
      let_pass(2s);
    }
    const auto after = look(world);
    must(after && after->alerts == before->alerts && after->events == before->events, "nothing is taken in");
  }

  Tally& tally_;
  Case given_;
  std::vector<std::string> faults_;
};

TEST(FullDisk, PausesIntakeDeliversWhatIsOwedAndComesBack) {
  if (!own_mounts()) GTEST_SKIP() << "no mounts of its own here (unshare: " << std::strerror(errno) << ")";
  constexpr int sizes[] = {8, 64, 4, 32, 2, 16};  // One MiB does not hold what sixty alerts leave.
  const std::uint64_t first = first_seed(), count = asked_count(6);
  Tally tally("a full disk");
  std::atomic<std::size_t> bad = 0, done = 0;
  std::mutex printing;
  std::vector<std::function<void()>> jobs;
  for (std::uint64_t seed = first; seed < first + count; ++seed)
    jobs.emplace_back([&, seed] {
      const Case given{sizes[seed % std::size(sizes)], seed % 3 == 2, seed % 4 == 3, seed};
      const std::vector<std::string> faults = Story(tally, given).run();
      ++done;
      bad += faults.empty() ? 0 : 1;
      const std::lock_guard lock(printing);
      for (const std::string& fault : faults)
        ADD_FAILURE() << given.mib << " MiB" << (given.greedy ? ", greedy" : "") << ", seed " << seed << ": " << fault;
    });
  in_parallel(worlds_at_once, jobs);
  proved("P6", done, bad);
}

}  // namespace
}  // namespace exhibit::test
