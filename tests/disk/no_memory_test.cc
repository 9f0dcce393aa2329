#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <new>

#include "acme_engine.h"
#include "base/text.h"
#include "engine/tenant_engine.h"
#include "packet/decode.h"
#include "phf_alert.h"
#include "proof.h"
#include "sensorproto/sdee/event_reader.h"
#include "store/store.h"
#include "tests/disk/allocations.h"

/// P8 in process: whichever allocation fails, no call crashes, nothing half done is kept, and the next try is right.
namespace exhibit::test {
namespace {

namespace fs = std::filesystem;

const SensorId sensor{"acme-ips1"};

EngineSettings settings() {
  EngineSettings s = test::acme_engine(sensor);
  s.attach = AttachPolicy::trigger_packet;
  s.templates.title = "{{tenant}}: {{title}}";
  return s;
}

/// A document from the sensor's wire to the rows on the disk and the operation for the desk, as the runtime does it: an
/// exception stops the tenant, and a new engine is made of the rows.
class Line {
 public:
  explicit Line(const std::string& folder) : path_(folder + "/exhibit.db") {
    AlertXml first, second;
    second.event_id = "1182522900045587006", second.target = "198.51.100.21";
    document_ = cat("<env:Envelope xmlns:env='e'><env:Body><sd:events xmlns:sd='s'>", first.text(), second.text(),
                    "</sd:events></env:Body></env:Envelope>");
  }

  /// True when all of it is done. Throws std::bad_alloc in the middle.
  bool run() {
    Result<std::unique_ptr<Store>> store = open_sqlite_store(path_);
    if (!store) return false;
    const Result<Snapshot> rows = (*store)->load(wall_from_ns(0));
    if (!rows) return false;
    const Now now{wall_from_ns(1'795'313'561'123'000'000), MonoTime{std::chrono::hours{1}}};
    TenantEngine engine(settings());
    if (!(*store)->commit(engine.restore(*rows, now).facts)) return false;
    const Result<SdeeDocument> read = read_sdee_document(document_);
    if (!read) return false;
    SensorSaid said{sensor, {}};
    said.batch.events = read->events;
    return static_cast<bool>((*store)->commit(engine.on(said, now).facts));
  }

  [[nodiscard]] std::size_t incidents() const {
    const auto store = open_sqlite_store(path_);
    return store ? (*store)->incidents(100, 0).value_or({}).size() : 999;
  }

 private:
  std::string path_, document_;
};

TEST(NoMemory, AtAnyAllocationEndsInAnErrorAndTheNextTryIsRight) {
  std::string folder = fs::is_directory("/dev/shm") ? "/dev/shm/exhibit-memory-XXXXXX" : "/tmp/exhibit-memory-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::uint64_t most = asked_count(5'000);
  std::uint64_t tried = 0, bad = 0;
  std::string first;
  bool failed = true;
  for (std::uint64_t n = 1; n <= most && failed; ++n) {
    const std::string own = cat(folder, "/", n);
    fs::create_directory(own);
    Line line(own);
    allocations = 0, fails_at = n;
    failed = false;
    try {
      (void)line.run();
    } catch (const std::bad_alloc&) {
      failed = true;
    } catch (const std::exception& other) {
      failed = true;
    }
    failed = failed || allocations >= n;
    fails_at = 0;
    const std::size_t half = line.incidents();
    const bool whole = line.run() && line.run() && line.incidents() == 2;
    ++tried;
    if ((half != 0 && half != 2) || !whole) {
      ++bad;
      if (first.empty()) first = cat("allocation ", n, ": ", half, " incidents, then ", line.incidents());
    }
    fs::remove_all(own);
  }
  fs::remove_all(folder);
  std::printf("allocations that failed: %llu, %llu of them did harm; the whole line takes %s\n",
              static_cast<unsigned long long>(tried), static_cast<unsigned long long>(bad),
              failed ? "more" : "no more");
  proved("P8", tried, bad);
  EXPECT_EQ(bad, 0U) << first;
  EXPECT_GT(tried, 1000U);
}

TEST(NoMemory, InTheDecoderEndsInAnError) {
  const Bytes packet = frame(phf_request());
  std::uint64_t n = 1;
  for (bool failed = true; failed && n < 5'000; ++n) {
    allocations = 0, fails_at = n;
    failed = false;
    try {
      (void)decode(packet, link_unknown);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    fails_at = 0;
  }
  EXPECT_GT(n, 3U);
  EXPECT_LT(n, 5'000U);
}

}  // namespace
}  // namespace exhibit::test
