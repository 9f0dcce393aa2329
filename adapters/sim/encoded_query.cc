#include "adapters/sim/encoded_query.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace exhibit::sim {
namespace {

using Operator = EncodedQuery::Operator;
using Condition = EncodedQuery::Condition;

struct Spelling {
  std::string_view text;
  Operator op;
};
constexpr Spelling spellings[] = {{"!=", Operator::differs},          {"=", Operator::equals},
                                  {"LIKE", Operator::contains},       {"STARTSWITH", Operator::starts_with},
                                  {"IN", Operator::one_of},           {"ISEMPTY", Operator::empty},
                                  {"ISNOTEMPTY", Operator::not_empty}};

std::optional<Condition> read_condition(std::string_view text) {
  const auto name_end = std::find_if(text.begin(), text.end(), [](char c) {
    return !(c == '_' || c == '.' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
  });
  const std::string_view field = text.substr(0, static_cast<std::size_t>(name_end - text.begin()));
  const std::string_view rest = text.substr(field.size());
  if (field.empty()) return std::nullopt;
  for (const auto& [spelling, op] : spellings)
    if (rest.starts_with(spelling)) return Condition{std::string(field), op, std::string(rest.substr(spelling.size()))};
  return std::nullopt;
}

bool holds(const Condition& condition, const Record& record) {
  const std::string_view held = field_of(record, condition.field);
  switch (condition.op) {
    case Operator::equals: return equal_ignoring_case(held, condition.value);  // The real database compares so.
    case Operator::differs: return !equal_ignoring_case(held, condition.value);
    case Operator::contains: return to_lower(held).find(to_lower(condition.value)) != std::string::npos;
    case Operator::starts_with: return to_lower(held).starts_with(to_lower(condition.value));
    case Operator::one_of: {
      const auto values = split(condition.value, ",");
      return std::find(values.begin(), values.end(), held) != values.end();
    }
    case Operator::empty: return held.empty();
    case Operator::not_empty: return !held.empty();
  }
  return false;
}

bool read_order(std::string_view text, EncodedQuery& query) {
  if (!text.starts_with("ORDERBY")) return false;
  const bool descending = text.starts_with("ORDERBYDESC");
  query.orders.push_back({std::string(text.substr(descending ? 11 : 7)), descending});
  return true;
}

}  // namespace

std::string_view field_of(const Record& record, std::string_view name) {
  const auto found = record.find(name);
  return found == record.end() ? std::string_view{} : std::string_view(found->second);
}

EncodedQuery parse_query(std::string_view text, const std::function<bool(std::string_view)>& field_exists) {
  EncodedQuery query;
  for (std::string_view piece : split(text, "^")) {
    if (piece == "EQ" || read_order(piece, query)) continue;
    const bool alternative = piece.starts_with("OR");
    const auto condition = read_condition(alternative ? piece.substr(2) : piece);
    if (!condition || !field_exists(condition->field)) {
      query.has_invalid = true;
      continue;
    }
    if (!alternative || query.parts.empty()) query.parts.emplace_back();
    query.parts.back().push_back(*condition);
  }
  return query;
}

bool matches(const EncodedQuery& query, const Record& record) {
  return std::all_of(query.parts.begin(), query.parts.end(), [&](const std::vector<Condition>& part) {
    return std::any_of(part.begin(), part.end(), [&](const Condition& condition) { return holds(condition, record); });
  });
}

void sort_by(const EncodedQuery& query, std::vector<const Record*>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [&](const Record* left, const Record* right) {
    for (const auto& [field, descending] : query.orders) {
      const std::string_view a = field_of(*left, field), b = field_of(*right, field);
      if (a != b) return descending ? b < a : a < b;
    }
    return false;
  });
}

}  // namespace exhibit::sim
