#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// A desk's dialect as data: which requests an operation is made of, and what proves that it was done. Pure.
namespace exhibit::rest {

using Values = std::map<std::string, std::string, std::less<>>;

/// One request and what its answer must hold.
struct Operation {
  std::string method, path;
  Values query;                  ///< Name to template.
  Values body;                   ///< JSON member to template; a member that becomes empty is left out.
  bool takes_fields = false;     ///< The tenant's own fields go into the body.
  bool evidence = false;         ///< The body is the evidence itself.
  std::string rows;              ///< Pointer to the list of found rows; empty: the answer is one thing.
  std::string id, number;        ///< Pointers, below a row or from the root.
  Values equals;                 ///< Pointer to template: must be equal, byte for byte.
  Values contains;               ///< Pointer to template: must be part of it.
  bool skips_others = false;     ///< Rows that are not equal are expected, and no sign of a search that lies.
  Values take;                   ///< Name to pointer: what `read` hands on.
  std::vector<int> none_status;  ///< Means: no rows.
};

struct Mapping {
  std::string of, other;
  Values values;
};

struct Profile {
  std::string name, ticket_url, note_marker;
  Values values;
  std::map<std::string, Mapping, std::less<>> maps;
  std::vector<std::string> error_text;
  std::vector<std::string> neutralise;  ///< Marks that the desk would obey in plain text, such as "code" for [code].
  std::map<std::string, Operation, std::less<>> operations;
  std::string limits_json = "{}";

  [[nodiscard]] const Operation* find(std::string_view name) const;
};

/// bad_input: what is missing or of the wrong kind, by name.
Result<Profile> parse_profile(std::string_view json);

/// Puts the values into "{name}" places; an unknown name becomes the empty text.
std::string filled(std::string_view pattern, const Values& values);

/// RFC 3986: everything but the unreserved characters becomes %XX.
std::string percent_encoded(std::string_view text);

}  // namespace exhibit::rest
