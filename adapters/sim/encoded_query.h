#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace exhibit::sim {

using Record = std::map<std::string, std::string, std::less<>>;

/// The desk's "encoded query":
///
///   query     = part *( "^" part )          every part holds ...
///   part      = condition *( "^OR" condition )   ... when one of its conditions does
///   condition = field ( "=" | "!=" | "LIKE" | "STARTSWITH" | "IN" ) value | field ( "ISEMPTY" | "ISNOTEMPTY" )
///   order     = "ORDERBY" field | "ORDERBYDESC" field    stands where a part may stand
struct EncodedQuery {
  enum class Operator { equals, differs, contains, starts_with, one_of, empty, not_empty };
  struct Condition {
    std::string field;
    Operator op = Operator::equals;
    std::string value;
  };
  struct Order {
    std::string field;
    bool descending = false;
  };

  std::vector<std::vector<Condition>> parts;
  std::vector<Order> orders;
  bool has_invalid = false;  ///< A condition was left out, since its field does not exist or it cannot be read.
};

/// An invalid condition is left out, as the real desk does by default: then the query finds MORE rows than was meant.
EncodedQuery parse_query(std::string_view text, const std::function<bool(std::string_view)>& field_exists);
bool matches(const EncodedQuery& query, const Record& record);
void sort_by(const EncodedQuery& query, std::vector<const Record*>& rows);

/// The field's value, or the empty text.
std::string_view field_of(const Record& record, std::string_view name);

}  // namespace exhibit::sim
