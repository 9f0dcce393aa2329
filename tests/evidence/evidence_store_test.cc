#include "evidence/evidence_store.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "evidence/ledger.h"
#include "files.h"

namespace exhibit {
namespace {

namespace fs = std::filesystem;

class EvidenceStoreTest : public testing::Test {
 protected:
  EvidenceStoreTest() {
    folder = (fs::temp_directory_path() / "exhibit-evidence-XXXXXX").string();
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    reopen();
  }
  ~EvidenceStoreTest() override { fs::remove_all(folder); }
  void reopen(std::uint64_t quota = 1'000'000) { store = std::move(*open_evidence_folder(folder, quota)); }
  EvidenceId seal(std::string_view text) {
    EvidenceIntake intake = std::move(*store->begin(1000));
    for (const char& c : text) EXPECT_TRUE(intake.append(as_bytes({&c, 1})));
    return *store->seal(std::move(intake), {"s1", "77", 0, {}, true});
  }
  fs::path file_of(const EvidenceId& id) const { return fs::path(folder) / id.text.substr(0, 2) / (id.text + ".pcap"); }

  std::string folder;
  std::unique_ptr<EvidenceStore> store;
};

TEST_F(EvidenceStoreTest, SealsUnderTheHashOfTheBytes) {
  const EvidenceId id = seal("abc");
  EXPECT_EQ(id.text, hex(sha256("abc")));
  EXPECT_EQ(as_text(*store->read(id)), "abc");
  reopen();
  EXPECT_EQ(as_text(*store->read(id)), "abc");
}

TEST_F(EvidenceStoreTest, TheSameBytesTwiceAreOneFile) {
  EXPECT_EQ(seal("abc"), seal("abc"));
  EXPECT_EQ(std::distance(fs::directory_iterator(file_of(seal("abc")).parent_path()), fs::directory_iterator()),
            2);  // With its origin.
}

TEST_F(EvidenceStoreTest, AChangedFileIsNeverServedAsGood) {
  const EvidenceId id = seal("abc");
  test::write_file(file_of(id), "abd");
  EXPECT_EQ(store->read(id).error().code, Errc::corrupt);
  EXPECT_EQ(seal("abc"), id);  // A good copy mends it.
  EXPECT_TRUE(store->read(id));
  test::write_file(file_of(id), "ab");
  EXPECT_EQ(store->read(id).error().code, Errc::corrupt);
}

TEST_F(EvidenceStoreTest, AFileThatWasCheckedIsCheckedAgainOnceItChanged) {
  store = std::move(*open_evidence_folder(folder, 1'000'000, Nanoseconds{0}));
  const EvidenceId id = seal("abc");
  for (int turn = 0; turn < 2; ++turn) {
    const Result<EvidenceFile> open = store->open_checked(id);
    ASSERT_TRUE(open);
    EXPECT_EQ(open->size, 3U);
  }
  test::write_file(file_of(id), "ab");
  EXPECT_EQ(store->open_checked(id).error().code, Errc::corrupt);
  EXPECT_EQ(seal("abc"), id);
  EXPECT_TRUE(store->open_checked(id));
  EXPECT_EQ(store->open_checked({std::string(64, 'a')}).error().code, Errc::not_found);
}

TEST_F(EvidenceStoreTest, WhatIsNotThereIsNotFoundAndNamesCannotLeaveTheFolder) {
  EXPECT_EQ(store->read({std::string(64, 'a')}).error().code, Errc::not_found);
  for (const char* name : {"", "../../etc/passwd", "ABC"}) EXPECT_EQ(store->read({name}).error().code, Errc::not_found);
}

TEST_F(EvidenceStoreTest, WhatIsNotSealedLeavesNothing) {
  { const EvidenceIntake intake = std::move(*store->begin(1000)); }
  EXPECT_TRUE(fs::is_empty(folder + "/intake"));
  test::write_file(folder + "/intake/99", "left by a dead process");
  reopen();
  EXPECT_TRUE(fs::is_empty(folder + "/intake"));
}

TEST_F(EvidenceStoreTest, BoundsHold) {
  EvidenceIntake intake = std::move(*store->begin(4));
  EXPECT_TRUE(intake.append(as_bytes("abcd")));
  EXPECT_EQ(intake.append(as_bytes("e")).error().code, Errc::too_large);
  reopen(10);
  EXPECT_EQ(store->begin(1000).error().code, Errc::too_large);
}

TEST_F(EvidenceStoreTest, ARemovedFileIsGoneAndItsRoomIsFree) {
  const EvidenceId id = seal("abc"), other = seal("abd");
  EXPECT_EQ(store->used(), 4U * 4096) << "two captures, each with its origin";
  EXPECT_FALSE(*store->remove(id, std::chrono::minutes{1})) << "its row may not be written yet";
  EXPECT_TRUE(store->read(id));
  EXPECT_TRUE(*store->remove(id, Nanoseconds{0}));
  EXPECT_TRUE(*store->remove(id, Nanoseconds{0})) << "an earlier process may have come so far";
  EXPECT_EQ(store->read(id).error().code, Errc::not_found);
  EXPECT_TRUE(store->read(other));
  EXPECT_EQ(store->used(), 2U * 4096);
  EXPECT_EQ(store->sealed().size(), 1U);
  reopen();
  EXPECT_EQ(store->used(), 2U * 4096);
}

TEST_F(EvidenceStoreTest, FilesThatNoRowKnowsAreSetAside) {
  const EvidenceId known = seal("known"), orphan = seal("orphan");
  EXPECT_EQ(*store->set_orphans_aside({known}), 1U);
  EXPECT_TRUE(store->read(known));
  EXPECT_EQ(store->read(orphan).error().code, Errc::not_found);
  EXPECT_TRUE(fs::exists(folder + "/orphans/" + orphan.text + ".pcap"));
}

std::vector<LedgerEntry> chain(int length) {
  std::vector<LedgerEntry> entries;
  std::string previous(64, '0');
  for (int i = 1; i <= length; ++i) {
    LedgerEntry entry{
        static_cast<std::uint64_t>(i), wall_from_ns(i), "user:kim", "viewed", cat("object ", i), "", previous, {}};
    entry.hash = ledger_hash(entry);
    previous = entry.hash;
    entries.push_back(entry);
  }
  return entries;
}

TEST(Ledger, AGoodChainHasNoBreak) {
  EXPECT_FALSE(verify_ledger(chain(100)));
  EXPECT_FALSE(verify_ledger({}));
}

TEST(Ledger, EveryTamperingIsFoundAtItsPlace) {
  const std::vector<LedgerEntry> good = chain(20);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int field = 0; field < 6; ++field) {
      std::vector<LedgerEntry> bad = good;
      LedgerEntry& entry = bad[at];
      (field == 0   ? entry.actor
       : field == 1 ? entry.action
       : field == 2 ? entry.object
       : field == 3 ? entry.detail
       : field == 4 ? entry.hash
                    : entry.previous) += "x";
      ASSERT_TRUE(verify_ledger(bad)) << at << " " << field;
      EXPECT_EQ(verify_ledger(bad)->sequence, at + 1);
    }
    std::vector<LedgerEntry> missing = good;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(at));
    // Only the last entry can go unseen: that is what checkpoints sent elsewhere are for.
    EXPECT_EQ(verify_ledger(missing).has_value(), at + 1 < good.size());
  }
}

}  // namespace
}  // namespace exhibit
