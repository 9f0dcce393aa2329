#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/rest/profile.h"

/// Reads a profile's JSON member by member and remembers the first mistake with its place. Pure.
namespace exhibit::rest {

class ProfileReader {
 public:
  /// The first mistake, such as "operations/find: unknown member 'metod'"; empty: none.
  [[nodiscard]] const std::string& mistake() const { return mistake_; }
  void fail(std::string_view place, std::string_view why);

  /// Any member of `object` that is not named here is a mistake; so is a value that is no object.
  bool known(const Json& object, std::string_view place, std::initializer_list<std::string_view> names);

  std::string text(const Json& object, std::string_view place, const char* key, bool needed = false);
  bool flag(const Json& object, std::string_view place, const char* key);
  std::uint64_t number(const Json& object, std::string_view place, const char* key, std::uint64_t other = 0);
  Values texts(const Json& object, std::string_view place, const char* key);
  std::vector<std::string> list(const Json& object, std::string_view place, const char* key);
  std::vector<int> numbers(const Json& object, std::string_view place, const char* key);
  /// One of the names; the first one when it is not said.
  std::size_t choice(const Json& object, std::string_view place, const char* key,
                     std::initializer_list<std::string_view> names);

  Request request(const Json& object, const std::string& place);
  /// One request, or a list of them.
  std::vector<Request> requests(const Json& value, const std::string& place);

 private:
  Proof proof(const Json& object, const std::string& place);
  void body(const Json& object, const std::string& place, Request& request);
  void rows(const Json& object, const std::string& place, Request& request);
  std::vector<Part> parts(const Json& list, const std::string& place);
  void captures(const Json& object, const std::string& place, Request& request);
  void expressions(const Values& expressions, const std::string& place);

  std::string mistake_;
};

}  // namespace exhibit::rest
