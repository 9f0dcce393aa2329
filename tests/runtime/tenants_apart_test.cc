#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <random>

#include "base/text.h"
#include "files.h"
#include "incident/identity.h"
#include "phf_alert.h"
#include "proof.h"
#include "runtime/tenant_runtime.h"
#include "runtime/threads.h"
#include "tests/runtime/fake_desk.h"

/// P10, tenants apart: store, rows behind pages, evidence and links, asked with each other's ids.
namespace exhibit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t tenants_count = 20;
const WallTime noon = wall_from_ns(1'795'313'561'123'000'000);

/// What one tenant holds, and the ids by which it is asked for. Its canaries have 128 bits each.
struct Held {
  TenantId tenant;
  std::string canary;
  IncidentId incident;
  LinkId link;
  EvidenceId evidence;
};

class TenantsApart : public testing::Test {
 protected:
  TenantsApart() {
    std::string pattern = (fs::temp_directory_path() / "exhibit-apart-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    std::random_device chance;
    for (std::size_t i = 0; i < tenants_count; ++i) {
      std::string canary;
      for (int word = 0; word < 4; ++word) canary += cat("c", 1'000'000'000U + chance() % 3'000'000'000U);
      held.push_back(written({cat("tenant", i)}, canary));
    }
  }
  ~TenantsApart() override {
    for (const auto& runtime : runtimes) {
      std::promise<void> over;
      runtime->stop([&over] { over.set_value(); });
      over.get_future().wait();
    }
    executors.join();
    fs::remove_all(folder);
  }
  [[nodiscard]] std::string folder_of(const TenantId& tenant) const { return cat(folder, "/tenants/", tenant.text); }

  /// An incident with an alert, a sealed capture and a comment, as an earlier life of the tenant left them.
  Held written(const TenantId& tenant, const std::string& canary) {
    const std::string own = folder_of(tenant);
    fs::create_directories(own);
    const Bytes key = Bytes(canary.begin(), canary.begin() + 32);
    test::write_file(own + "/link.key", std::string(key.begin(), key.end()));
    auto evidence = open_evidence_folder(own + "/evidence", 1U << 20);
    auto intake = (*evidence)->begin(1U << 16);
    EXPECT_TRUE(intake->append(as_bytes(cat("packets of ", canary))));
    const EvidenceId sealed = *(*evidence)->seal(std::move(*intake), {"s1", "7", 0, noon, true});
    test::AlertXml xml;
    xml.name = canary;
    const Alert alert = normalize(xml.wire(), tenant, {"s1"}, noon);
    IncidentRow row;
    row.id = incident_id(tenant, alert.identity), row.correlation = correlation_id(tenant, row.id);
    row.link = link_id(key, row.id), row.group = group_of(alert), row.first_alert = alert.identity;
    row.first_time = row.opened = noon, row.ticket = row.number = canary, row.ticket_at = noon;
    row.captures = {{{"s1"}, "7", 0}};
    CaptureRow capture;
    capture.key = row.captures[0], capture.state = CaptureState::sealed_complete, capture.incidents = {row.id};
    capture.evidence = sealed, capture.settled_at = noon, capture.proof = {canary};
    const AlertRow first{alert.identity, row.id, 1, {"s1"}, xml.event_id, noon, noon, xml.text()};
    const Facts facts = {first, row, capture, CommentRow{row.id, "1", "kim", canary, "today", false, noon}};
    EXPECT_TRUE(open_sqlite_store(own + "/exhibit.db", facts));
    return {tenant, canary, row.id, row.link, sealed};
  }

  void open_all() {
    for (const Held& one : held) {
      TenantSettings settings;
      settings.tenant = one.tenant, settings.name = one.tenant.text, settings.zone_name = "UTC";
      TenantRuntime::World world{executors,
                                 clock,
                                 [](LogLevel, std::string_view, std::string_view, std::string_view) {},
                                 [](const SecretReference&) { return Result<Secret>(Secret("")); },
                                 std::make_shared<test::FakeDesk>(executors),
                                 folder,
                                 "https://ev.example",
                                 {}};
      auto runtime = make_tenant_runtime(std::move(settings), std::move(world));
      ASSERT_TRUE(runtime) << runtime.error().text;
      runtimes.push_back(std::move(*runtime));
    }
  }

  template <typename Answer, typename Ask>
  Answer asked(Ask ask) {
    std::promise<Answer> answer;
    ask([&answer](Answer given) { answer.set_value(std::move(given)); });
    return answer.get_future().get();
  }
  /// All that a tenant says when it is asked with the ids of another.
  std::string all_said(TenantRuntime& of, const Held& by) {
    std::string said = asked<std::string>([&](auto done) { of.report(true, done); });
    const auto list = asked<Result<std::vector<IncidentRow>>>([&](auto done) { of.list(100, 0, done); });
    for (const IncidentRow& row : list.value_or({})) said += cat(row.ticket, row.number, row.link.text);
    said += asked<Result<std::string>>([&](auto done) { of.letters(done); }).value_or("");
    const auto page = asked<Result<PageRows>>([&](auto done) { of.page(by.link, done); });
    if (page) {
      said += cat(page->raw, page->incident.ticket);
      for (const CommentRow& comment : page->comments) said += comment.text;
      for (const CaptureRow& capture : page->captures) said += join(capture.proof, "");
    }
    const Result<Bytes> file = of.evidence().read(by.evidence);
    if (file) said += as_text(*file);
    return said;
  }
  /// How often a tenant told what is another's, of all pairs; each must tell its own.
  std::size_t cross_reads() {
    std::size_t crossed = 0;
    for (const auto& of : runtimes)
      for (const Held& by : held) {
        const bool own = of->settings().tenant == by.tenant;
        const bool told = all_said(*of, by).find(by.canary) != std::string::npos;
        EXPECT_TRUE(told || !own) << "nothing is asked for";
        crossed += told && !own ? 1 : 0;
      }
    return crossed;
  }

  SystemClock clock;
  Executors executors{2, 1};
  std::string folder;
  std::vector<Held> held;
  std::vector<std::unique_ptr<TenantRuntime>> runtimes;
};

TEST_F(TenantsApart, NoneTellsWhatIsAnothers) {
  open_all();
  const std::size_t crossed = cross_reads();
  EXPECT_EQ(crossed, 0U);
  test::proved("P10", tenants_count * (tenants_count - 1), crossed);
}

/// The planted mix-up: one tenant's rows or evidence lie in another's folder. What finds nothing here, finds nothing.
TEST_F(TenantsApart, APlantedMixUpIsSeen) {
  const std::string one = folder_of(held[3].tenant), other = folder_of(held[4].tenant);
  for (const auto& file : fs::recursive_directory_iterator(one + "/evidence"))
    if (file.is_regular_file()) {
      const fs::path goal = fs::path(other + "/evidence") / fs::relative(file.path(), one + "/evidence");
      fs::create_directories(goal.parent_path());
      fs::copy_file(file.path(), goal);
    }
  auto store = open_sqlite_store(other + "/exhibit.db");
  ASSERT_TRUE(store);
  CaptureRow known;
  known.key = {{"s1"}, "8", 0}, known.state = CaptureState::sealed_complete, known.evidence = held[3].evidence;
  known.settled_at = noon;
  IncidentRow foreign;
  foreign.id = {"foreign"}, foreign.correlation = {"EXH1-FOREIGN"}, foreign.link = {"foreign-link"};
  foreign.ticket = foreign.number = held[3].canary, foreign.opened = foreign.first_time = noon;
  ASSERT_TRUE((*store)->commit(Facts{known, foreign}));
  store->reset();
  open_all();
  EXPECT_GT(cross_reads(), 0U);
}

}  // namespace
}  // namespace exhibit
