#pragma once

#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/values.h"

/// The little of SQLite that the store uses, with owners for its handles. Errors are kept until `Statement::error`.
namespace exhibit::sqlite {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

Error error_of(sqlite3* database, std::string_view doing);
Result<void> execute(sqlite3* database, const char* sql);

/// One prepared statement, bound and stepped again and again. Not thread-safe.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);

  /// Kept as it is, not copied: it must stand until the statement has run.
  Statement& bind(std::string_view text);
  Statement& bind(std::string&& text);
  Statement& bind(std::int64_t number);
  Statement& bind(std::uint64_t number) { return bind(static_cast<std::int64_t>(number)); }
  Statement& bind(int number) { return bind(static_cast<std::int64_t>(number)); }
  Statement& bind(bool flag) { return bind(static_cast<std::int64_t>(flag)); }
  Statement& bind(WallTime time) { return bind(ns_of(time)); }
  Statement& bind(const std::optional<WallTime>& time);
  template <typename Tag>
  Statement& bind(const Id<Tag>& id) {
    return bind(std::string_view(id.text));
  }

  /// True: a row stands. False: done, or failed (see `failed`).
  bool step();
  /// Runs a statement that gives no rows, and makes it ready for the next use.
  bool run();
  void reset();
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool prepared() const { return statement_ != nullptr; }

  std::string text();
  std::int64_t number();
  bool flag() { return number() != 0; }
  WallTime time() { return wall_from_ns(number()); }
  std::optional<WallTime> maybe_time();

 private:
  std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement_;
  int next_bound_ = 1;
  int next_read_ = 0;
  bool failed_ = false;
};

/// Ends a statement's use, however that ends: one that stands on a row would hold the log that it reads from.
class Use {
 public:
  explicit Use(Statement& statement) : statement_(statement) {}
  ~Use() { statement_.reset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  Statement& statement_;
};

}  // namespace exhibit::sqlite
