#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sim/encoded_query.h"
#include "base/values.h"

namespace exhibit::sim {

/// What the simulated desk holds: task tables, their journal and their attachments, as the real one lays them out.
/// Not thread-safe.
class DeskTables {
 public:
  explicit DeskTables(std::function<WallTime()> clock) : clock_(std::move(clock)) {}

  [[nodiscard]] static bool is_task_table(std::string_view table);
  /// Task tables, sys_journal_field and sys_attachment.
  [[nodiscard]] static bool exists(std::string_view table);
  [[nodiscard]] static bool has_field(std::string_view table, std::string_view field);

  /// Fields that do not exist are dropped and over-long ones are cut, both in silence, as the real desk does.
  /// A non-empty work_notes or comments becomes a journal row.
  const Record& create(const std::string& table, const Record& fields, std::string_view user);
  /// Nothing when there is no such record.
  const Record* update(const std::string& table, std::string_view sys_id, const Record& fields, std::string_view user);
  const Record& attach(const std::string& table, std::string_view sys_id, std::string_view name, std::string_view type,
                       std::string bytes, std::string_view user);

  [[nodiscard]] const Record* find(std::string_view table, std::string_view sys_id) const;
  [[nodiscard]] const std::vector<Record>& rows(std::string_view table) const;
  /// The bytes of an attachment.
  [[nodiscard]] const std::string* content(std::string_view attachment_id) const;
  /// Journal rows of one record in the order they were written: element is work_notes or comments.
  [[nodiscard]] std::vector<const Record*> journal(std::string_view sys_id, std::string_view element) const;
  [[nodiscard]] std::vector<const Record*> attachments(std::string_view sys_id) const;
  /// How long ago the record was made.
  [[nodiscard]] Nanoseconds age(std::string_view sys_id) const;

 private:
  Record& insert(std::string_view table, Record record, std::string_view user);
  void apply(const std::string& table, Record& record, const Record& fields, std::string_view user);
  void write_journal(const std::string& table, const Record& record, std::string_view element, std::string_view text,
                     std::string_view user);

  std::function<WallTime()> clock_;
  std::map<std::string, std::vector<Record>, std::less<>> tables_;
  std::map<std::string, std::string, std::less<>> contents_;
  std::map<std::string, WallTime, std::less<>> made_;
  std::uint64_t serial_ = 0;
};

}  // namespace exhibit::sim
