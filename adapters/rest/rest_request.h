#pragma once

#include <string>
#include <string_view>

#include "adapters/rest/profile.h"
#include "adapters/rest/rest_http.h"

/// From an operation to its requests. Pure.
namespace exhibit::rest {

/// What an engine's operation says, as the profile's templates may use it.
struct OpText {
  std::string op_id, correlation_id, ticket;
  std::string body_json;
  std::string name, mime, sha256;  ///< Of the evidence.
  std::uint64_t bytes = 0;
};

/// What is the same for every operation of a link.
struct LinkText {
  std::string base;             ///< The desk's address.
  std::string map_json = "{}";  ///< The desk's own map; the tenant's arrives with each operation.
  Values auth = {};             ///< "{auth.NAME}" of the profile's login.
};

/// An operation made ready for the templates.
struct Prepared {
  Values values;
  std::string fields_json;  ///< The tenant's own fields; what the profile's template sets is never overruled.
};

/// The values: the profile's own, every text and number of the body, "incident.NAME" of its incident, and
///   base correlation_id ticket name marked_name mime sha256 bytes mark audience headline note internal_note
///   public_note has_fields
/// Texts are held to the profile's limits and rendered for the desk. A note gets its marker, so that it can be found
/// before it is repeated; a marked name holds a part of the hash, so that a file can.
Prepared prepare(const Profile& profile, const LinkText& link, const OpText& op);

HttpRequest request_of(const Profile& profile, const Request& request, const Values& values,
                       const std::string& fields_json);

/// A short token of the operation: the same on every attempt, safe in a search.
std::string mark_of(std::string_view op_id);
/// What every such token begins with.
inline constexpr std::string_view mark_begin = "EXH1N-";

/// "capture-0123456789ab.pcap" of "capture.pcap"; a name that holds the hash already stays.
std::string marked_name(std::string_view name, std::string_view sha256);

}  // namespace exhibit::rest
