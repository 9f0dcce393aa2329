#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "base/text.h"
#include "store/checked_log.h"
#include "store/checked_pages.h"
#include "store/file_handle.h"
#include "store/migrations.h"
#include "store/sqlite_store.h"

namespace exhibit {
namespace {

namespace fs = std::filesystem;

Result<sqlite::Database> opened(const std::string& path) {
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, checked_vfs());
  sqlite::Database owner(database);
  if (code != SQLITE_OK) return Error{Errc::unavailable, cat("store: cannot open ", path)};
  int reserved = page_sum_bytes;  // Of a new file, and of an old one when it is written anew.
  sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  // 8 MB of pages: identities are spread evenly, so with fewer a busy store reads and spills pages all the time.
  // Exclusive: one connection per database in the whole system. No automatic checkpoint: it would stall a commit.
  for (const char* pragma : {"pragma page_size=4096", "pragma mmap_size=0", "pragma locking_mode=exclusive",
                             "pragma journal_mode=wal", "pragma synchronous=full", "pragma wal_autocheckpoint=0",
                             "pragma foreign_keys=on", "pragma cache_size=-8000", "pragma temp_store=memory"})
    if (const Result<void> set = sqlite::execute(database, pragma); !set) return set.error();
  return owner;
}

/// Brings an older store up to date. Its pages get sums before its version says that they have.
Result<void> bring_up_to_date(sqlite3* database) {
  sqlite::Statement version(database, "pragma user_version");
  if (!version.step()) return sqlite::error_of(database, "reading its version");
  const std::int64_t found = version.number();
  version.reset();
  if (found > 0 && found <= schema_version_without_sums) {
    if (const Result<void> done = migrate(database, schema_version_without_sums); !done) return done;
    if (const Result<void> done = sqlite::execute(database, "vacuum"); !done) return done;
  }
  return migrate(database);
}

bool everything_is_in_the_file(sqlite3* database) {
  return sqlite3_wal_checkpoint_v2(database, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) == SQLITE_OK;
}

/// Under another name until it is whole, so that a file under its own name was whole once.
Result<void> create(const std::string& path, std::span<const Fact> first) {
  const std::string fresh = path + ".new";
  std::error_code ignored;
  for (const char* part : {"", "-wal", "-journal", "-mark"}) fs::remove(fresh + part, ignored);
  for (const char* part : {"-wal", "-mark"}) fs::remove(path + part, ignored);
  Result<sqlite::Database> database = opened(fresh);
  if (!database) return database.error();
  if (const Result<void> made = migrate(database->get()); !made) return made;
  if (!everything_is_in_the_file(database->get())) return sqlite::error_of(database->get(), "creating it");
  {
    const std::unique_ptr<Store> store = make_sqlite_store(std::move(*database), fresh);
    if (const Result<void> written = store->commit(first); !written) return written;
    store->checkpoint();
  }
  fs::remove(fresh + "-mark", ignored);
  const FileHandle folder(::open(fs::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fs::exists(fresh + "-wal", ignored) || ::rename(fresh.c_str(), path.c_str()) != 0 || ::fsync(folder.get()) != 0)
    return Error{Errc::unavailable, cat("store: cannot create ", path)};
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, std::span<const Fact> first) {
  std::error_code failed;
  if (!fs::exists(path, failed))
    if (const Result<void> made = create(path, first); !made) return made.error();
  if (fs::file_size(path, failed) < page_bytes) return Error{Errc::corrupt, "store: its file has been cut off"};
  if (const Result<void> whole = check_log(path); !whole) return whole.error();
  Result<sqlite::Database> database = opened(path);
  if (!database) return database.error();
  if (const Result<void> current = bring_up_to_date(database->get()); !current) return current.error();
  if (everything_is_in_the_file(database->get()))
    if (const Result<void> whole = check_pages(database->get()); !whole) return whole.error();
  return make_sqlite_store(std::move(*database), path);
}

}  // namespace exhibit
