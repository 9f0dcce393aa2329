#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/values.h"
#include "evidence/evidence_store.h"

/// Requests and responses as values, so that every route can be tested without a socket. Pure; any thread.
namespace exhibit::web {

/// What a route may know of a request. Header values are foreign and unread.
struct Request {
  std::string method = "GET";  ///< GET, HEAD or POST: the server refuses the rest.
  std::string path = "/";      ///< By `normal_path`: decoded, no empty, "." or ".." segment.
  std::string query{};         ///< As sent, without the "?".
  std::string cookie{}, range{}, if_range{}, if_none_match{}, origin{}, fetch_site{};
  std::string body{};  ///< Of a form; bounded by the server.
  std::string peer{};  ///< The other end's address.
  std::string authorization{};
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct Response {
  int status = 200;
  std::string content_type = "text/html; charset=utf-8";
  std::string body{};
  HeaderList headers{};                      ///< Beside those that every response carries.
  std::shared_ptr<const FileHandle> file{};  ///< Instead of `body`: `count` bytes from `from`.
  std::uint64_t from = 0, count = 0;
  bool cacheable = false;  ///< Only for our own static files, whose address holds their hash.
};

/// Every header of a response but Date, Connection and Content-Length. The same security headers on each.
HeaderList all_headers(const Response& response, bool tls);

/// The path of a request target, decoded. Nothing for what no page of ours can be called: no leading slash, a
/// backslash, a control character, NUL, an encoded slash, an empty, "." or ".." segment, ill-formed escapes or UTF-8.
std::optional<std::string> normal_path(std::string_view raw);

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank);
/// Everything but RFC 3986's unreserved characters becomes %NN.
std::string percent_encoded(std::string_view text);
/// The first field of that name in an urlencoded form or query; empty if there is none or it is ill-formed.
std::string form_field(std::string_view form, std::string_view name);
/// The first cookie of that name, or empty.
std::string cookie_value(std::string_view header, std::string_view name);

/// Where sign-in may lead back to: "/" or a path under /e/ with harmless characters. Everything else becomes "/".
std::string local_target(std::string_view wanted);

/// One byte range of a file.
struct ByteRange {
  enum class Kind { whole, part, unsatisfiable };
  Kind kind = Kind::whole;
  std::uint64_t from = 0, count = 0;
  bool operator==(const ByteRange&) const = default;
};
/// No header, another unit and several ranges give the whole; anything ill-formed or outside is unsatisfiable.
ByteRange byte_range(std::string_view header, std::uint64_t size);

}  // namespace exhibit::web
