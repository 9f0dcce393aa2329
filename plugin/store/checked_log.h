#pragma once

#include <sqlite3.h>

#include <string>

#include "base/result.h"
#include "store/file_handle.h"

/// The write-ahead log's own damage. SQLite ends a log at the first frame that is not whole and says nothing: right for
/// the torn end of a power cut, wrong for a byte that changed in what was committed and acknowledged.
namespace exhibit {

/// Keeps, in a small file beside the log, how many frames of which log are committed. It is written after each commit
/// and never synchronised: a cut may leave an older mark, which asks for less, but no mark asks for what was not
/// durable.
class LogMark {
 public:
  /// `database_path` is the database's own; `database` must outlive this.
  LogMark(sqlite3* database, const std::string& database_path);
  LogMark(const LogMark&) = delete;
  LogMark& operator=(const LogMark&) = delete;
  ~LogMark();

  /// That the last commit left in the log; 0 before the first one.
  [[nodiscard]] std::uint64_t log_bytes() const;

 private:
  static int committed(void* self, sqlite3* database, const char* name, int frames);
  void write(std::uint32_t frames);

  sqlite3* database_;
  FileHandle mark_, log_;
  std::string log_path_;
  std::uint32_t frames_ = 0;
};

/// Reads the log of the database at `database_path`, before SQLite opens it. corrupt: frames that were committed are no
/// longer whole. Without a log, or with one that was begun after the mark was written, there is nothing to say.
Result<void> check_log(const std::string& database_path);

}  // namespace exhibit
