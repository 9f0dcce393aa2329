#include "store/checked_pages.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <set>

#include "base/text.h"
#include "store/gathered_writes.h"

namespace exhibit {
namespace {

using Page = std::array<std::uint8_t, page_bytes>;

constexpr std::size_t sum_at = page_bytes - page_sum_bytes;
constexpr std::size_t reserve_at = 20, pages_at = 28, first_free_at = 32, version_at = 60;  // In the file's header.
constexpr std::uint32_t first_checked_version = 5;
constexpr std::uint32_t lock_page = 0x40000000 / page_bytes + 1;  // SQLite never writes it.

/// Each step is a bijection of the word it takes, so no change of a single word goes unseen. The number counts, or two
/// pages could change places.
std::uint64_t sum_of(const void* page, std::uint32_t number) {
  std::uint64_t sum = 0x9E3779B97F4A7C15ULL ^ number;
  for (std::size_t at = 0; at < sum_at; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, static_cast<const std::uint8_t*>(page) + at, 8);
    sum = (sum ^ word) * 0xD6E8FEB86659FD93ULL;
    sum ^= sum >> 32;
  }
  return sum;
}

bool is_whole(const void* page, std::uint32_t number) {
  std::uint64_t kept = 0;
  std::memcpy(&kept, static_cast<const std::uint8_t*>(page) + sum_at, page_sum_bytes);
  return kept == sum_of(page, number);
}

bool is_page(int bytes, sqlite3_int64 at) {
  return bytes == static_cast<int>(page_bytes) && at % static_cast<sqlite3_int64>(page_bytes) == 0;
}

std::uint32_t page_number(sqlite3_int64 at) {
  return static_cast<std::uint32_t>(at / static_cast<sqlite3_int64>(page_bytes)) + 1;
}

/// A database or its log. The system's own file object follows it in the memory that SQLite gave.
struct CheckedFile {
  sqlite3_file base{};
  GatheredWrites writes{};
  bool has_sums = false, saw_damage = false;

  static CheckedFile& of(sqlite3_file* file) { return *reinterpret_cast<CheckedFile*>(file); }
  static sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<CheckedFile*>(file) + 1);
  }
};

sqlite3_vfs* system_vfs(sqlite3_vfs* ours) { return static_cast<sqlite3_vfs*>(ours->pAppData); }

template <auto method, typename... Args>
int passed(sqlite3_file* file, Args... args) {
  sqlite3_file* const real = CheckedFile::real(file);
  return (real->pMethods->*method)(real, args...);
}

/// After all that was written before it.
template <auto method, typename... Args>
int in_order(sqlite3_file* file, Args... args) {
  const int code = CheckedFile::of(file).writes.flush(CheckedFile::real(file));
  return code == SQLITE_OK ? passed<method>(file, args...) : code;
}

int close(sqlite3_file* file) {
  const int written = CheckedFile::of(file).writes.flush(CheckedFile::real(file));
  const int closed = passed<&sqlite3_io_methods::xClose>(file);
  CheckedFile::of(file).~CheckedFile();
  return written == SQLITE_OK ? closed : written;
}

int write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at) {
  return CheckedFile::of(file).writes.write(CheckedFile::real(file), from, bytes, at);
}

int read_page(sqlite3_file* file, void* to, int bytes, sqlite3_int64 at) {
  const int code = in_order<&sqlite3_io_methods::xRead>(file, to, bytes, at);
  CheckedFile& checked = CheckedFile::of(file);
  if (code != SQLITE_OK || !checked.has_sums || !is_page(bytes, at) || is_whole(to, page_number(at))) return code;
  checked.saw_damage = true;
  return SQLITE_IOERR_DATA;
}

int write_page(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at) {
  if (!is_page(bytes, at)) return write(file, from, bytes, at);
  alignas(8) Page page;
  std::memcpy(page.data(), from, page.size());
  bool& has_sums = CheckedFile::of(file).has_sums;
  if (at == 0) has_sums = page[reserve_at] == page_sum_bytes;
  if (has_sums) {
    const std::uint64_t sum = sum_of(page.data(), page_number(at));
    std::memcpy(page.data() + sum_at, &sum, page_sum_bytes);
  }
  return write(file, page.data(), bytes, at);
}

using Read = int (*)(sqlite3_file*, void*, int, sqlite3_int64);
using Write = int (*)(sqlite3_file*, const void*, int, sqlite3_int64);

/// No shared memory and no mapping: one connection, and each page is read through `read_page`.
constexpr sqlite3_io_methods methods_of(Read read, Write write) {
  return {
      .iVersion = 1,
      .xClose = close,
      .xRead = read,
      .xWrite = write,
      .xTruncate = in_order<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
      .xSync = in_order<&sqlite3_io_methods::xSync, int>,
      .xFileSize = in_order<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
      .xLock = passed<&sqlite3_io_methods::xLock, int>,
      .xUnlock = passed<&sqlite3_io_methods::xUnlock, int>,
      .xCheckReservedLock = passed<&sqlite3_io_methods::xCheckReservedLock, int*>,
      .xFileControl = passed<&sqlite3_io_methods::xFileControl, int, void*>,
      .xSectorSize = passed<&sqlite3_io_methods::xSectorSize>,
      .xDeviceCharacteristics = passed<&sqlite3_io_methods::xDeviceCharacteristics>,
      .xShmMap = nullptr,
      .xShmLock = nullptr,
      .xShmBarrier = nullptr,
      .xShmUnmap = nullptr,
      .xFetch = nullptr,
      .xUnfetch = nullptr,
  };
}

constexpr sqlite3_io_methods database_methods = methods_of(read_page, write_page);
constexpr sqlite3_io_methods log_methods =
    methods_of(in_order<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>, write);

/// A file of an earlier version has no sums yet. Two places say that it has, so that no single damaged byte hides them.
bool says_sums(sqlite3_file* real) {
  std::array<std::uint8_t, 100> header{};
  if (real->pMethods->xRead(real, header.data(), header.size(), 0) != SQLITE_OK) return true;  // There is none yet.
  return header[reserve_at] == page_sum_bytes || number_at(&header[version_at]) >= first_checked_version;
}

int open(sqlite3_vfs* ours, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* const system = system_vfs(ours);
  const bool database = (flags & SQLITE_OPEN_MAIN_DB) != 0, log = (flags & SQLITE_OPEN_WAL) != 0;
  if (!database && !log) return system->xOpen(system, name, file, flags, out_flags);
  sqlite3_file* const real = CheckedFile::real(file);
  file->pMethods = nullptr;
  const int code = system->xOpen(system, name, real, flags, out_flags);
  if (code != SQLITE_OK) return code;
  CheckedFile* const opened = new (file) CheckedFile;
  opened->has_sums = database && says_sums(real);
  opened->base.pMethods = database ? &database_methods : &log_methods;
  return SQLITE_OK;
}

bool is_zero(const Page& page) {
  return page[0] == 0 && std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
}

/// The pages that are in use by nobody: they may never have been written.
Result<std::set<std::uint32_t>> free_pages(sqlite3_file* file, const Page& first, std::uint32_t count) {
  std::set<std::uint32_t> free;
  alignas(8) Page trunk;
  for (std::uint32_t number = number_at(&first[first_free_at]); number != 0; number = number_at(trunk.data())) {
    const sqlite3_int64 at = sqlite3_int64{number - 1} * static_cast<sqlite3_int64>(page_bytes);
    if (number > count || !free.insert(number).second ||
        file->pMethods->xRead(file, trunk.data(), page_bytes, at) != SQLITE_OK)
      return Error{Errc::corrupt, cat("store: page ", number, ", of free ones, is damaged")};
    const std::uint32_t leaves = number_at(&trunk[4]);
    for (std::uint32_t i = 0; i < leaves && 8 + 4 * i + 4 <= sum_at; ++i) free.insert(number_at(&trunk[8 + 4 * i]));
  }
  return free;
}

/// Nothing when the database is not ours, or has no file.
sqlite3_file* file_of(sqlite3* database) {
  sqlite3_file* file = nullptr;
  const bool known = sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK;
  return known && file != nullptr && file->pMethods == &database_methods ? file : nullptr;
}

}  // namespace

const char* checked_vfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs made = *sqlite3_vfs_find(nullptr);
    made.szOsFile += static_cast<int>(sizeof(CheckedFile));
    made.pNext = nullptr;
    made.zName = "exhibit-checked";
    made.pAppData = sqlite3_vfs_find(nullptr);
    made.xOpen = open;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  return registered == SQLITE_OK ? vfs.zName : nullptr;
}

bool saw_damage(sqlite3* database) {
  sqlite3_file* const file = file_of(database);
  return file != nullptr && CheckedFile::of(file).saw_damage;
}

Result<void> check_pages(sqlite3* database) {
  sqlite3_file* const file = file_of(database);
  if (file == nullptr) return Error{Errc::unavailable, "store: its file cannot be read"};
  sqlite3_int64 size = 0;
  alignas(8) Page page;
  if (file->pMethods->xFileSize(file, &size) != SQLITE_OK || size < static_cast<sqlite3_int64>(page_bytes) ||
      file->pMethods->xRead(file, page.data(), page_bytes, 0) != SQLITE_OK)
    return Error{Errc::corrupt, "store: its first page is damaged"};
  const std::uint32_t count = number_at(&page[pages_at]);
  if (size != sqlite3_int64{count} * static_cast<sqlite3_int64>(page_bytes))
    return Error{Errc::corrupt, cat("store: it has ", size, " bytes, and says ", count, " pages")};
  const Result<std::set<std::uint32_t>> free = free_pages(file, page, count);
  if (!free) return free.error();
  for (std::uint32_t number = 2; number <= count; ++number) {
    if (number == lock_page) continue;
    const sqlite3_int64 at = sqlite3_int64{number - 1} * static_cast<sqlite3_int64>(page_bytes);
    const int code = file->pMethods->xRead(file, page.data(), page_bytes, at);
    if (code == SQLITE_OK || (code == SQLITE_IOERR_DATA && is_zero(page) && free->contains(number))) continue;
    return Error{Errc::corrupt, cat("store: page ", number, " is not what was written")};
  }
  return {};
}

}  // namespace exhibit
