#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/rest/profile.h"

/// From an operation to the request. Pure.
namespace exhibit::rest {

struct HttpRequest {
  std::string method, target, content_type, body;
  bool evidence = false;  ///< The body is the evidence; `body` is empty.

  bool operator==(const HttpRequest&) const = default;
};

/// What an engine's operation says, as the profile's templates may use it.
struct OpText {
  std::string op_id, correlation_id, ticket;
  std::string body_json;
  std::string name, mime, sha256;  ///< Of the evidence.
  std::uint64_t bytes = 0;
};

/// The values for the templates: the profile's own, every text and number of the body, and
///   base correlation_id ticket name mime sha256 bytes mark internal_note public_note
/// A note gets its marker, so that it can be found before it is repeated.
Values values_of(const Profile& profile, const std::string& base, const OpText& op);

/// The tenant's own fields of the body; a field that the profile's template sets is never overruled.
Values fields_of(std::string_view body_json);

HttpRequest request_of(const Operation& operation, const Values& values, const Values& fields);

/// A short token of the operation: the same on every attempt, safe in a search.
std::string mark_of(std::string_view op_id);

}  // namespace exhibit::rest
