#include "store/gathered_writes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "store/checked_pages.h"

namespace exhibit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

/// Keeps what is written, and fails when it is told to.
struct FakeFile {
  sqlite3_file base{};
  std::vector<std::pair<sqlite3_int64, std::string>> written{};
  int answer = SQLITE_OK;

  FakeFile() {
    static const sqlite3_io_methods methods = [] {
      sqlite3_io_methods made{};
      made.iVersion = 1;
      made.xWrite = [](sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at) {
        auto& self = *reinterpret_cast<FakeFile*>(file);
        if (self.answer == SQLITE_OK)
          self.written.emplace_back(at, std::string(static_cast<const char*>(from), static_cast<std::size_t>(bytes)));
        return self.answer;
      };
      return made;
    }();
    base.pMethods = &methods;
  }
};

class GatheredWritesTest : public ::testing::Test {
 protected:
  int write(sqlite3_int64 at, const std::string& bytes) {
    return writes.write(&file.base, bytes.data(), static_cast<int>(bytes.size()), at);
  }
  int flush() { return writes.flush(&file.base); }

  FakeFile file;
  GatheredWrites writes;
};

TEST_F(GatheredWritesTest, PiecesThatFollowEachOtherAreWrittenAsOneWhenFlushed) {
  EXPECT_EQ(write(32, "head"), SQLITE_OK);
  EXPECT_EQ(write(36, "page"), SQLITE_OK);
  EXPECT_THAT(file.written, IsEmpty());
  EXPECT_EQ(flush(), SQLITE_OK);
  EXPECT_THAT(file.written, ElementsAre(Pair(32, "headpage")));
  EXPECT_EQ(flush(), SQLITE_OK);
  EXPECT_EQ(file.written.size(), 1U) << "what was written is not written again";
}

TEST_F(GatheredWritesTest, APieceElsewhereComesAfterThoseBeforeIt) {
  EXPECT_EQ(write(0, "aa"), SQLITE_OK);
  EXPECT_EQ(write(8, "bb"), SQLITE_OK);
  EXPECT_EQ(write(1, "cc"), SQLITE_OK);  // Over what was written already.
  EXPECT_EQ(flush(), SQLITE_OK);
  EXPECT_THAT(file.written, ElementsAre(Pair(0, "aa"), Pair(8, "bb"), Pair(1, "cc")));
}

TEST_F(GatheredWritesTest, HoldsABoundedAmountAndWhatIsLargerGoesThrough) {
  const std::string page(4096, 'p'), large(1 << 20, 'l');
  for (int i = 0; i < 20; ++i) EXPECT_EQ(write(i * 4096, page), SQLITE_OK);
  EXPECT_EQ(file.written.size(), 1U);
  EXPECT_EQ(write(20 * 4096, large), SQLITE_OK);
  ASSERT_EQ(file.written.size(), 3U);
  sqlite3_int64 reached = 0;
  for (const auto& [at, bytes] : file.written) {
    EXPECT_EQ(at, reached);
    reached += static_cast<sqlite3_int64>(bytes.size());
  }
  EXPECT_EQ(reached, 20 * 4096 + (1 << 20));
}

TEST_F(GatheredWritesTest, WhatCannotBeWrittenIsToldByTheCallThatTriedAndGivenUp) {
  EXPECT_EQ(write(0, "aa"), SQLITE_OK);
  file.answer = SQLITE_FULL;
  EXPECT_EQ(write(100, "bb"), SQLITE_FULL) << "the pieces before it could not be written";
  EXPECT_EQ(write(0, "cc"), SQLITE_OK);
  EXPECT_EQ(flush(), SQLITE_FULL);
  file.answer = SQLITE_OK;
  EXPECT_EQ(flush(), SQLITE_OK);
  EXPECT_THAT(file.written, IsEmpty());
}

/// A database's log, as SQLite opens it.
class LogFileTest : public ::testing::Test {
 protected:
  LogFileTest() : memory(static_cast<std::size_t>(vfs->szOsFile)) { std::filesystem::create_directory(folder); }
  void SetUp() override {
    std::ofstream(folder / "db").flush();  // Whose mode the log takes.
    constexpr int flags = SQLITE_OPEN_WAL | SQLITE_OPEN_CREATE | SQLITE_OPEN_READWRITE;
    ASSERT_EQ(vfs->xOpen(vfs, path.c_str(), log(), flags, nullptr), SQLITE_OK);
    ASSERT_EQ(log()->pMethods->xWrite(log(), "frame", 5, 0), SQLITE_OK);
    EXPECT_EQ(on_disk(), 0U) << "held";
  }
  ~LogFileTest() override {
    if (log()->pMethods) (void)log()->pMethods->xClose(log());
    std::filesystem::remove_all(folder);
  }
  sqlite3_file* log() { return reinterpret_cast<sqlite3_file*>(memory.data()); }
  [[nodiscard]] std::uintmax_t on_disk() const { return std::filesystem::file_size(folder / "db-wal"); }

  sqlite3_vfs* const vfs = sqlite3_vfs_find(checked_vfs());
  std::vector<char> memory;
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / cat("exhibit-log-", ::getpid());
  const std::string path = (folder / "db-wal").string() + std::string(2, '\0');  // SQLite looks for options behind it.
};

TEST_F(LogFileTest, WhatIsHeldIsWrittenBeforeItIsSynchronisedReadMeasuredOrClosed) {
  char read[5] = {};
  EXPECT_EQ(log()->pMethods->xRead(log(), read, 5, 0), SQLITE_OK);
  EXPECT_EQ(std::string(read, 5), "frame");
  EXPECT_EQ(log()->pMethods->xWrite(log(), "more!", 5, 5), SQLITE_OK);
  sqlite3_int64 size = 0;
  EXPECT_EQ(log()->pMethods->xFileSize(log(), &size), SQLITE_OK);
  EXPECT_EQ(size, 10);
  EXPECT_EQ(log()->pMethods->xWrite(log(), "again", 5, 10), SQLITE_OK);
  EXPECT_EQ(log()->pMethods->xSync(log(), SQLITE_SYNC_NORMAL), SQLITE_OK);
  EXPECT_EQ(on_disk(), 15U);
  EXPECT_EQ(log()->pMethods->xWrite(log(), "last.", 5, 15), SQLITE_OK);
  EXPECT_EQ(log()->pMethods->xClose(log()), SQLITE_OK);
  log()->pMethods = nullptr;
  EXPECT_EQ(on_disk(), 20U);
}

}  // namespace
}  // namespace exhibit
