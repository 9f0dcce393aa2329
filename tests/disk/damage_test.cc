#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <random>

#include "base/sha256.h"
#include "base/text.h"
#include "files.h"
#include "proof.h"
#include "store/checked_pages.h"
#include "store/sqlite.h"
#include "tests/disk/tenant_life.h"

/// P7: whatever a disk does to what lies on it, damaged rows and captures are found to be so, and never taken for good.
namespace exhibit::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t sector = 4096;

/// All rows of all tables, hashed; nothing when they cannot be read.
std::optional<std::string> content_of(const std::string& path) {
  sqlite3* opened = nullptr;
  sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, checked_vfs());
  const sqlite::Database database(opened);
  if (!sqlite::execute(opened, "pragma locking_mode=exclusive")) return std::nullopt;
  std::vector<std::string> tables;
  sqlite::Statement names(opened, "select name from sqlite_master where type = 'table' order by name");
  while (names.step()) tables.push_back(names.text());
  Sha256 hash;
  for (const std::string& table : tables) {
    sqlite3_stmt* rows = nullptr;
    sqlite3_prepare_v2(opened, cat("select * from ", table, " order by 1, 2").c_str(), -1, &rows, nullptr);
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW)
      for (int i = 0; i < sqlite3_column_count(rows); ++i) {
        const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(rows, i));
        hash.add_field(text == nullptr ? "null" : text);
      }
    sqlite3_finalize(rows);
    if (code != SQLITE_DONE) return std::nullopt;
  }
  return hex(hash.finish());
}

void flip_a_bit(std::string& bytes, std::mt19937_64& dice) {
  bytes[dice() % bytes.size()] ^= static_cast<char>(1U << dice() % 8);
}
void zero_a_page(std::string& bytes, std::mt19937_64& dice) {
  const std::size_t at = dice() % (bytes.size() / sector + 1) * sector;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at, bytes.size())),
            bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + sector, bytes.size())), '\0');
}
void cut_off(std::string& bytes, std::mt19937_64& dice) { bytes.resize(dice() % bytes.size()); }
void swap_two_pages(std::string& bytes, std::mt19937_64& dice) {
  const std::size_t pages = bytes.size() / sector;
  if (pages < 2) return cut_off(bytes, dice);
  const std::size_t one = dice() % pages, other = (one + 1 + dice() % (pages - 1)) % pages;
  std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(one * sector),
                   bytes.begin() + static_cast<std::ptrdiff_t>((one + 1) * sector),
                   bytes.begin() + static_cast<std::ptrdiff_t>(other * sector));
}
constexpr void (*damages[])(std::string&, std::mt19937_64&) = {flip_a_bit, zero_a_page, cut_off, swap_two_pages};

class Damage : public testing::Test {
 protected:
  Damage() {
    folder = fs::is_directory("/dev/shm") ? "/dev/shm/exhibit-damage-XXXXXX" : "/tmp/exhibit-damage-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  }
  ~Damage() override { fs::remove_all(folder); }

  static std::string tenant_of(const std::string& root) { return root + "/tenants/acme"; }

  void copy(const std::string& from, const std::string& to) {
    fs::remove_all(to);
    fs::copy(from, to, fs::copy_options::recursive);
  }

  /// A tenant's life: as a killed process leaves its folder, and as an orderly end does.
  void live() {
    fs::create_directory(folder + "/life");
    TenantLife life(folder + "/life", 5);
    ASSERT_FALSE(life.open());
    for (std::uint64_t number = 1; number <= TenantLife::long_life; ++number) ASSERT_TRUE(life.step(number));
    copy(folder + "/life", folder + "/killed");
    life.close();
    copy(folder + "/life", folder + "/ended");
    copy(folder + "/ended", folder + "/read");
    good_rows = content_of(tenant_of(folder + "/read") + "/exhibit.db").value_or("");
    ASSERT_FALSE(good_rows.empty());
    for (const SealedFile& file : open_evidence(folder + "/read")->sealed()) good_files[file.id] = file;
    ASSERT_GT(good_files.size(), 20U);
  }

  static std::unique_ptr<EvidenceStore> open_evidence(const std::string& root) {
    return *open_evidence_folder(tenant_of(root) + "/evidence", 1ULL << 30);
  }

  /// One of the files that damage is done to.
  static std::string victim(const std::string& root, std::mt19937_64& dice, std::string_view kind) {
    const std::string tenant = tenant_of(root);
    if (kind.starts_with("exhibit.db")) return cat(tenant, "/", kind);
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(tenant + "/evidence"))
      if (entry.is_regular_file() && entry.path().extension() == kind) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files[dice() % files.size()];
  }

  /// Empty: the store was found damaged, or holds all that it held.
  std::string verdict_on_the_store(const std::string& root) {
    TenantLife life(root, 5);
    const std::optional<Error> error = life.open();
    life.close();
    if (error) {
      found += error->code == Errc::corrupt ? 1 : 0;
      return error->code == Errc::corrupt ? "" : cat("it does not open: ", error->text);
    }
    return content_of(tenant_of(root) + "/exhibit.db") == good_rows ? "" : "changed rows are taken for good";
  }

  std::string verdict_on_the_files(const std::string& root) {
    const std::unique_ptr<EvidenceStore> evidence = open_evidence(root);
    for (const auto& [id, file] : good_files) {
      const Result<Bytes> read = evidence->read(id);
      if (!read) ++found;
      if (!read && read.error().code != Errc::corrupt && read.error().code != Errc::not_found) return read.error().text;
      if (read && (hex(sha256(*read)) != id.text || read->size() != file.bytes))
        return "changed bytes are taken for good";
    }
    const std::vector<SealedFile> sealed = evidence->sealed();
    found += good_files.size() - sealed.size();
    for (const SealedFile& file : sealed) {
      const auto good = good_files.find(file.id);
      const bool same = good != good_files.end() && good->second.origin.locator == file.origin.locator &&
                        good->second.origin.sensor == file.origin.sensor &&
                        good->second.origin.epoch == file.origin.epoch && good->second.bytes == file.bytes &&
                        good->second.origin.sealed_at == file.origin.sealed_at &&
                        good->second.origin.complete == file.origin.complete;
      if (!same) return "a changed origin is taken for good";
    }
    return "";
  }

  /// What is wrong after one damage; empty: nothing.
  std::string after_damage(std::uint64_t number) {
    static constexpr std::pair<const char*, const char*> targets[] = {
        {"ended", "exhibit.db"}, {"killed", "exhibit.db-wal"}, {"killed", "exhibit.db"},
        {"ended", ".pcap"},      {"killed", "exhibit.db-wal"}, {"ended", ".json"},
        {"ended", "exhibit.db"}, {"killed", "exhibit.db-mark"}};
    std::mt19937_64 dice(number);
    const auto& [state, kind] = targets[number / std::size(damages) % std::size(targets)];
    const std::string root = folder + "/damaged";
    copy(cat(folder, "/", state), root);
    const std::string path = victim(root, dice, kind);
    std::string bytes = read_file(path);
    damages[number % std::size(damages)](bytes, dice);
    write_file(path, bytes);
    const std::string wrong =
        std::string_view(kind).starts_with(".") ? verdict_on_the_files(root) : verdict_on_the_store(root);
    return wrong.empty() ? "" : cat("damage ", number, " to ", kind, " of a process that was ", state, ": ", wrong);
  }

  std::string folder, good_rows;
  std::map<EvidenceId, SealedFile> good_files;
  std::size_t found = 0;
};

TEST_F(Damage, IsFoundWhereverItIs) {
  ASSERT_NO_FATAL_FAILURE(live());
  const std::uint64_t count = asked_count(400), first = first_seed();
  std::size_t bad = 0;
  for (std::uint64_t number = first; number < first + count; ++number) {
    const std::string wrong = after_damage(number);
    bad += wrong.empty() ? 0 : 1;
    EXPECT_EQ(wrong, "");
  }
  std::printf("damage: %llu cases, found %zu times, harmless in the others; %zu bad\n",
              static_cast<unsigned long long>(count), found, bad);
  EXPECT_GT(found, count / 2);
  proved("P7", count, bad);
}

/// What was not damaged must not be found so: a rebuild costs the analyst's notes.
TEST_F(Damage, IsNotSeenWhereThereIsNone) {
  ASSERT_NO_FATAL_FAILURE(live());
  for (const char* state : {"killed", "ended"}) {
    copy(cat(folder, "/", state), folder + "/whole");
    EXPECT_EQ(verdict_on_the_store(folder + "/whole"), "");
    EXPECT_EQ(verdict_on_the_files(folder + "/whole"), "");
  }
  EXPECT_EQ(found, 0U);
}

}  // namespace
}  // namespace exhibit::test
