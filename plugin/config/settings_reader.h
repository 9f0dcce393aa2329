#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"

namespace exhibit {

/// Reads a checked document; what a schema cannot say becomes a mistake here, at its place.
class SettingsReader {
 public:
  SettingsReader(const YamlDocument& document, std::vector<Mistake>& mistakes)
      : document_(document), mistakes_(mistakes) {}

  void wrong(const std::string& pointer, std::string what, std::string hint = {}) {
    const auto place = document_.places.find(pointer);
    const Place at = place == document_.places.end() ? Place{} : place->second;
    mistakes_.push_back({at.line, at.column, pointer, std::move(what), std::move(hint)});
  }

  void warn(const std::string& pointer, std::string what, std::string hint) {
    wrong(pointer, std::move(what), std::move(hint));
    mistakes_.back().warning = true;
  }

  static const Json* member(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  static void duration(const Json& object, const char* key, Nanoseconds& out) {
    if (const auto parsed = parse_duration(text_at(object, key))) out = *parsed;
  }

  /// One text or a list of them.
  static std::vector<std::string> texts(const Json& object, const char* key) {
    const Json* found = member(object, key);
    if (!found) return {};
    return found->is_array() ? found->get<std::vector<std::string>>()
                             : std::vector<std::string>{found->get<std::string>()};
  }

  static Login login(const Json& object) {
    const Json* found = member(object, "login");
    if (!found) return {};
    Login login{text_at(*found, "user"), {}};
    if (const Json* secret = member(*found, "password")) {
      for (const auto& [key, kind] : {std::pair{"env", SecretReference::Kind::env},
                                      {"file", SecretReference::Kind::file},
                                      {"host", SecretReference::Kind::host}})
        if (secret->contains(key)) login.password = {kind, text_at(*secret, key)};
    }
    return login;
  }

  /// `under` with what `object` has in "templates" over it; each of those is tried out.
  TicketTemplates templates(const Json& object, const std::string& pointer, TicketTemplates under);

  /// `most` with what "keep" of the document has in its place.
  Keep keep(const Json& document, Keep most);

  /// "while_down" of a desk or the operators' mail; nothing, and a mistake said, when it cannot be sent.
  std::optional<MailToPeople> mail_to_people(const Json& object, const std::string& pointer, const HostSettings& host);

 private:
  void warn_of_inbox(const std::string& address, const std::string& pointer, const DeskId& through,
                     const HostSettings& host);

  const YamlDocument& document_;
  std::vector<Mistake>& mistakes_;
};

/// The document when it is YAML and fits the schema, else every mistake.
std::optional<YamlDocument> checked(std::string_view yaml, std::string_view schema, std::vector<Mistake>& mistakes);

}  // namespace exhibit
