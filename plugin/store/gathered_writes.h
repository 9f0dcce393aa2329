#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>

/// Writes to one file that follow each other, made as one. SQLite writes each frame of its log in two pieces and knows
/// of no more: a commit of 200 alerts was 1,600 calls, a sixth of all its time.
namespace exhibit {

/// Nothing is told to be on the disk that is still held: whoever owns one flushes it before the file is synchronised,
/// read or asked for its size. What cannot be written then is that call's error, which may be one that SQLite takes for
/// a statement's alone: whoever uses the database takes the whole transaction back when any statement failed.
class GatheredWrites {
 public:
  /// Without memory to hold anything each write goes through as it comes.
  GatheredWrites();

  /// SQLITE_OK, or what writing the pieces before this one, or this one, ended with.
  int write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at);
  /// What cannot be written is given up: SQLite takes back the transaction that it belongs to.
  int flush(sqlite3_file* file);

 private:
  static constexpr int room = 1 << 16;

  std::unique_ptr<std::array<std::uint8_t, room>> held_;
  int bytes_ = 0;
  sqlite3_int64 begin_ = 0;
};

}  // namespace exhibit
