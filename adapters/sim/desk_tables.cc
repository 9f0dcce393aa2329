#include "adapters/sim/desk_tables.h"

#include <algorithm>
#include <array>

#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"

namespace exhibit::sim {
namespace {

using Names = std::vector<std::string_view>;

const Names& task_fields() {
  static const Names names{"active",
                           "approval",
                           "assigned_to",
                           "assignment_group",
                           "business_service",
                           "caller_id",
                           "category",
                           "close_code",
                           "close_notes",
                           "closed_at",
                           "cmdb_ci",
                           "comments",
                           "company",
                           "contact_type",
                           "correlation_id",
                           "correlation_display",
                           "description",
                           "due_date",
                           "escalation",
                           "hold_reason",
                           "impact",
                           "incident_state",
                           "location",
                           "number",
                           "opened_at",
                           "opened_by",
                           "parent",
                           "priority",
                           "resolved_at",
                           "severity",
                           "short_description",
                           "state",
                           "subcategory",
                           "sys_class_name",
                           "sys_created_by",
                           "sys_created_on",
                           "sys_domain",
                           "sys_id",
                           "sys_updated_by",
                           "sys_updated_on",
                           "u_evidence_link",
                           "urgency",
                           "watch_list",
                           "work_notes"};
  return names;
}

const Names& journal_fields() {
  static const Names names{"sys_id", "name", "element", "element_id", "value", "sys_created_by", "sys_created_on"};
  return names;
}

const Names& attachment_fields() {
  static const Names names{"sys_id",     "table_name", "table_sys_id",  "file_name",      "content_type",
                           "size_bytes", "hash",       "download_link", "sys_created_by", "sys_created_on"};
  return names;
}

struct Cut {
  std::string_view field;
  std::size_t length;
};
constexpr std::array cuts{Cut{"short_description", 160}, Cut{"correlation_id", 100}, Cut{"correlation_display", 100},
                          Cut{"description", 4000}, Cut{"u_evidence_link", 1024}};

std::string cut_to_column(std::string_view field, const std::string& value) {
  for (const auto& [name, length] : cuts)
    if (name == field) return std::string(cut_utf8(value, length));
  return value;
}

bool is_read_only(std::string_view field) { return field == "number" || field.starts_with("sys_"); }
bool is_journal(std::string_view field) { return field == "work_notes" || field == "comments"; }

/// "2026-11-22 02:12:41", in GMT.
std::string desk_time(WallTime time) {
  std::string text = iso_utc(time).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string priority_of(const Record& record) {
  const int sum = parse_number<int>(field_of(record, "impact")).value_or(3) +
                  parse_number<int>(field_of(record, "urgency")).value_or(3);
  return std::to_string(std::clamp(sum - 1, 1, 5));
}

}  // namespace

bool DeskTables::is_task_table(std::string_view table) { return table == "incident" || table == "sn_si_incident"; }

bool DeskTables::exists(std::string_view table) {
  return is_task_table(table) || table == "sys_journal_field" || table == "sys_attachment";
}

bool DeskTables::has_field(std::string_view table, std::string_view field) {
  const Names& names = is_task_table(table)        ? task_fields()
                       : table == "sys_attachment" ? attachment_fields()
                                                   : journal_fields();
  return std::find(names.begin(), names.end(), field) != names.end();
}

Record& DeskTables::insert(std::string_view table, Record record, std::string_view user) {
  const WallTime now = clock_();
  const std::string seed = cat(table, '#', ++serial_, '@', ns_of(now));
  record["sys_id"] = hex(sha256(seed)).substr(0, 32);
  record["sys_created_on"] = desk_time(now);
  record["sys_created_by"] = user;
  made_[record["sys_id"]] = now;
  auto& rows = tables_[std::string(table)];
  return rows.emplace_back(std::move(record));
}

void DeskTables::write_journal(const std::string& table, const Record& record, std::string_view element,
                               std::string_view text, std::string_view user) {
  insert("sys_journal_field",
         {{"name", table},
          {"element", std::string(element)},
          {"element_id", std::string(field_of(record, "sys_id"))},
          {"value", std::string(text)}},
         user);
}

void DeskTables::apply(const std::string& table, Record& record, const Record& fields, std::string_view user) {
  for (const auto& [name, value] : fields) {
    if (!has_field(table, name) || is_read_only(name)) continue;
    if (!is_journal(name))
      record[name] = cut_to_column(name, value);
    else if (!value.empty())
      write_journal(table, record, name, value, user);
  }
  if (!fields.contains("priority")) record["priority"] = priority_of(record);
  const std::string_view state = field_of(record, "state");
  record["incident_state"] = state;
  record["active"] = state == "7" || state == "8" ? "false" : "true";
  record["sys_updated_on"] = desk_time(clock_());
  record["sys_updated_by"] = user;
}

const Record& DeskTables::create(const std::string& table, const Record& fields, std::string_view user) {
  Record blank;
  for (const std::string_view name : task_fields()) blank[std::string(name)] = "";
  blank["state"] = "1";
  blank["impact"] = blank["urgency"] = "3";
  blank["sys_class_name"] = table;
  blank["opened_by"] = user;
  blank["opened_at"] = desk_time(clock_());
  const std::string serial = std::to_string(10001 + rows(table).size());
  blank["number"] =
      cat(table == "incident" ? "INC" : "SIR", std::string(7 - std::min<std::size_t>(7, serial.size()), '0'), serial);
  Record& record = insert(table, std::move(blank), user);
  apply(table, record, fields, user);
  return record;
}

const Record* DeskTables::update(const std::string& table, std::string_view sys_id, const Record& fields,
                                 std::string_view user) {
  const Record* const found = find(table, sys_id);
  if (found == nullptr) return nullptr;
  auto& rows = tables_[table];
  Record& record = rows[static_cast<std::size_t>(found - rows.data())];
  apply(table, record, fields, user);
  return &record;
}

const Record& DeskTables::attach(const std::string& table, std::string_view sys_id, std::string_view name,
                                 std::string_view type, std::string bytes, std::string_view user) {
  Record& record = insert("sys_attachment",
                          {{"table_name", table},
                           {"table_sys_id", std::string(sys_id)},
                           {"file_name", std::string(name)},
                           {"content_type", std::string(type)},
                           {"size_bytes", std::to_string(bytes.size())},
                           {"hash", hex(sha256(bytes))}},
                          user);
  contents_[record["sys_id"]] = std::move(bytes);
  return record;
}

const Record* DeskTables::find(std::string_view table, std::string_view sys_id) const {
  const auto& all = rows(table);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Record& row) { return field_of(row, "sys_id") == sys_id; });
  return found == all.end() ? nullptr : &*found;
}

const std::vector<Record>& DeskTables::rows(std::string_view table) const {
  static const std::vector<Record> none;
  const auto found = tables_.find(table);
  return found == tables_.end() ? none : found->second;
}

const std::string* DeskTables::content(std::string_view attachment_id) const {
  const auto found = contents_.find(attachment_id);
  return found == contents_.end() ? nullptr : &found->second;
}

std::vector<const Record*> DeskTables::journal(std::string_view sys_id, std::string_view element) const {
  std::vector<const Record*> found;
  for (const Record& row : rows("sys_journal_field"))
    if (field_of(row, "element_id") == sys_id && field_of(row, "element") == element) found.push_back(&row);
  return found;
}

std::vector<const Record*> DeskTables::attachments(std::string_view sys_id) const {
  std::vector<const Record*> found;
  for (const Record& row : rows("sys_attachment"))
    if (field_of(row, "table_sys_id") == sys_id) found.push_back(&row);
  return found;
}

Nanoseconds DeskTables::age(std::string_view sys_id) const {
  const auto found = made_.find(sys_id);
  return found == made_.end() ? Nanoseconds::max() : clock_() - found->second;
}

}  // namespace exhibit::sim
