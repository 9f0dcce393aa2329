#include "store/sqlite.h"

#include "base/text.h"
#include "store/checked_pages.h"

namespace exhibit::sqlite {

Error error_of(sqlite3* database, std::string_view doing) {
  const int code = sqlite3_errcode(database) & 0xFF;
  const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || saw_damage(database);
  return {damaged ? Errc::corrupt : Errc::unavailable, cat("store: ", doing, ": ", sqlite3_errmsg(database))};
}

Result<void> execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return error_of(database, std::string_view(sql).substr(0, 40));
  return {};
}

Statement::Statement(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  failed_ = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                               &statement, nullptr) != SQLITE_OK;
  statement_.reset(statement);
}

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text64(statement_.get(), next_bound_++, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(std::string&& text) {
  sqlite3_bind_text64(statement_.get(), next_bound_++, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), next_bound_++, number);
  return *this;
}

Statement& Statement::bind(const std::optional<WallTime>& time) {
  if (time) return bind(*time);
  sqlite3_bind_null(statement_.get(), next_bound_++);
  return *this;
}

bool Statement::step() {
  if (!statement_) return false;
  const int code = sqlite3_step(statement_.get());
  next_read_ = 0;
  failed_ = code != SQLITE_ROW && code != SQLITE_DONE;
  return code == SQLITE_ROW;
}

bool Statement::run() {
  step();
  const bool fine = !failed_;
  reset();
  return fine;
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  next_bound_ = 1;
}

std::string Statement::text() {
  const int column = next_read_++;
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return bytes ? std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)))
               : std::string();
}

std::int64_t Statement::number() { return sqlite3_column_int64(statement_.get(), next_read_++); }

std::optional<WallTime> Statement::maybe_time() {
  if (sqlite3_column_type(statement_.get(), next_read_) != SQLITE_NULL) return time();
  ++next_read_;
  return std::nullopt;
}

}  // namespace exhibit::sqlite
