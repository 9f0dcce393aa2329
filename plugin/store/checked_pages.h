#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "base/result.h"

/// Pages of a database that tell whether they are still what was written: each keeps the sum of its bytes and of its
/// number in its last eight bytes, which SQLite leaves to us. SQLite itself notices a changed byte only where it breaks
/// the tree.
namespace exhibit {

inline constexpr std::size_t page_bytes = 4096;
inline constexpr int page_sum_bytes = 8;

/// A number as SQLite writes it into its files.
inline std::uint32_t number_at(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

/// The name of the VFS that writes and checks the sums of a database file, and writes its log in larger pieces; all
/// else is the system's own.
const char* checked_vfs();

/// Whether a page was read that is not what was written; the codes that SQLite makes of it do not always tell.
bool saw_damage(sqlite3* database);

/// Reads every page that is in use. Call when all of the log is in the file. corrupt: the first page that is not what
/// was written, or a file of another length than it says.
Result<void> check_pages(sqlite3* database);

}  // namespace exhibit
