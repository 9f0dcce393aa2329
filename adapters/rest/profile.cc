#include "adapters/rest/profile.h"

#include <nlohmann/json.hpp>

#include "adapters/rest/profile_reader.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

constexpr std::string_view root = "at its top";

Json member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? Json() : *found;
}

void read_maps(ProfileReader& reader, const Json& document, Profile& profile) {
  const Json maps = member(document, "maps");
  if (maps.is_null()) return;
  if (!maps.is_object()) return reader.fail("maps", "must be an object");
  for (const auto& [name, map] : maps.items()) {
    const std::string place = cat("maps/", name);
    if (reader.known(map, place, {"of", "other", "values"}))
      profile.maps[name] = {.of = reader.text(map, place, "of", true),
                            .other = reader.text(map, place, "other"),
                            .values = reader.texts(map, place, "values")};
  }
}

void read_auth(ProfileReader& reader, const Json& document, Profile& profile) {
  const Json ways = member(document, "auth");
  if (ways.is_null()) return;
  if (!ways.is_array()) return reader.fail("auth", "must be a list of ways to log in");
  for (const Json& way : ways) {
    if (!reader.known(way, "auth", {"needs", "headers", "basic", "oauth2", "values"})) continue;
    AuthWay made{.needs = reader.list(way, "auth", "needs"),
                 .headers = reader.texts(way, "auth", "headers"),
                 .user = {},
                 .password = {},
                 .oauth2 = reader.flag(way, "auth", "oauth2"),
                 .values = reader.texts(way, "auth", "values")};
    if (const Json basic = member(way, "basic"); basic.is_object()) {
      made.user = reader.text(basic, "auth/basic", "user", true);
      made.password = reader.text(basic, "auth/basic", "password");
    }
    profile.auth.push_back(std::move(made));
  }
}

void read_errors(ProfileReader& reader, const Json& document, Profile& profile) {
  const Json rules = member(document, "errors");
  if (rules.is_null()) return;
  if (!rules.is_array()) return reader.fail("errors", "must be a list of rules");
  for (const Json& rule : rules) {
    if (!reader.known(rule, "errors", {"status", "matches", "as", "cause"})) continue;
    (void)reader.choice(rule, "errors", "as", {"retry", "denied", "gone", "rejected", "unknown", "exists", "done"});
    profile.errors.push_back({.status = reader.numbers(rule, "errors", "status"),
                              .matches = reader.texts(rule, "errors", "matches"),
                              .as = reader.text(rule, "errors", "as", true),
                              .cause = reader.text(rule, "errors", "cause")});
  }
}

void read_rate(ProfileReader& reader, const Json& document, Profile& profile) {
  using Kind = RateHeader::Kind;
  const Json headers = member(document, "rate");
  if (headers.is_null()) return;
  if (!headers.is_array()) return reader.fail("rate", "must be a list of headers");
  const Kind kinds[] = {Kind::seconds_left, Kind::epoch_s, Kind::iso8601, Kind::http_date};
  for (const Json& header : headers)
    if (reader.known(header, "rate", {"header", "kind"}))
      profile.rate.push_back(
          {.kind = kinds[reader.choice(header, "rate", "kind", {"seconds_left", "epoch_s", "iso8601", "http_date"})],
           .header = reader.text(header, "rate", "header", true)});
}

void read_limits(ProfileReader& reader, const Json& document, Profile& profile) {
  const Json limits = member(document, "limits");
  if (limits.is_null() || !reader.known(limits, "limits",
                                        {"title", "public_text", "internal_text", "note", "attachment_bytes",
                                         "json_bytes", "calls_per_hour", "parallel"}))
    return;
  profile.limits = {.title = reader.number(limits, "limits", "title"),
                    .public_text = reader.number(limits, "limits", "public_text"),
                    .internal_text = reader.number(limits, "limits", "internal_text"),
                    .note = reader.number(limits, "limits", "note"),
                    .attachment_bytes = reader.number(limits, "limits", "attachment_bytes"),
                    .json_bytes = reader.number(limits, "limits", "json_bytes")};
}

OneOf one_of(ProfileReader& reader, const Json& rules, const char* key) {
  const Json rule = member(rules, key);
  const std::string place = cat("poll/", key);
  if (rule.is_null() || !reader.known(rule, place, {"of", "values"})) return {};
  return {reader.text(rule, place, "of", true), reader.text(rule, place, "values", true)};
}

void read_poll(ProfileReader& reader, const Json& document, Profile& profile) {
  const Json rules = member(document, "poll");
  if (rules.is_null() || !reader.known(rules, "poll", {"batch", "item", "join", "overlap_s", "closed", "public"}))
    return;
  profile.poll = {.batch = std::max<std::size_t>(1, reader.number(rules, "poll", "batch", 25)),
                  .item = reader.text(rules, "poll", "item"),
                  .join = reader.text(rules, "poll", "join"),
                  .overlap_s = static_cast<std::int64_t>(reader.number(rules, "poll", "overlap_s", 300)),
                  .closed = one_of(reader, rules, "closed"),
                  .is_public = one_of(reader, rules, "public")};
  if (profile.poll.item.empty()) profile.poll.item = "{ticket}";
  if (profile.poll.join.empty()) profile.poll.join = ",";
}

/// What every profile must be able to do, and what must prove itself.
void check_operations(ProfileReader& reader, const Profile& profile) {
  for (const char* needed : {"create", "note"})
    if (profile.find(needed) == nullptr) reader.fail(root, cat("has no operation ", needed));
  if (profile.repeatable) return;
  if (profile.find("find") == nullptr) reader.fail(root, "has no operation find, and is not repeatable");
  for (const auto& [look, write] : {std::pair{"find_note", "note"}, {"find_attachment", "attach"}})
    if (profile.find(write) != nullptr && profile.find(look) == nullptr)
      reader.fail(root, cat("has no operation ", look));
  for (const char* look : {"find", "find_number", "find_note", "find_attachment"})
    if (const Operation* const operation = profile.find(look))
      if (operation->requests.empty() || !operation->requests.back().has_rows ||
          operation->requests.back().proof.empty())
        reader.fail(cat("operations/", look), "needs rows, and something that proves a row to be ours");
}

void check_proofs(ProfileReader& reader, const Profile& profile) {
  for (const char* write : {"create", "note", "state", "attach"}) {
    const Operation* const operation = profile.find(write);
    if (operation == nullptr) continue;
    const auto& requests = operation->requests;
    const bool proven = std::any_of(requests.begin(), requests.end(), [](const Request& one) {
      return !one.proof.empty() || !one.done_if.empty() || one.status == std::vector<int>{202};
    });
    if (!proven) reader.fail(cat("operations/", write), "says nothing that proves it");
  }
}

void read_operations(ProfileReader& reader, const Json& document, Profile& profile) {
  const Json operations = member(document, "operations");
  if (!operations.is_object()) return reader.fail(root, "has no operations");
  if (!reader.known(
          operations, "operations",
          {"probe", "create", "find", "find_number", "note", "find_note", "attach", "find_attachment", "state", "link",
           "find_link", "read_ticket", "read_notes", "read_attachments", "poll", "poll_comments"}))
    return;
  for (const auto& [name, value] : operations.items())
    profile.operations[name] = {reader.requests(value, cat("operations/", name))};
  check_operations(reader, profile);
  check_proofs(reader, profile);
}

Profile read_profile(ProfileReader& reader, const Json& document) {
  Profile profile;
  if (!reader.known(document, root, {"profile",    "version",        "about",      "text", "internal_text",
                                     "repeatable", "fields_as_text", "values",     "maps", "headers",
                                     "auth",       "errors",         "error_text", "rate", "limits",
                                     "ticket_url", "note_marker",    "neutralise", "poll", "operations"}))
    return profile;
  profile.name = reader.text(document, root, "profile", true);
  profile.about = reader.list(document, root, "about");
  profile.ticket_url = reader.text(document, root, "ticket_url");
  profile.note_marker = reader.text(document, root, "note_marker");
  (void)reader.choice(document, root, "text", {"plain", "unfolded", "html", "markdown", "textile", "wiki", "adf"});
  if (const std::string format = reader.text(document, root, "text"); !format.empty()) profile.text_format = format;
  profile.internal_as_note = reader.choice(document, root, "internal_text", {"create", "note"}) == 1;
  profile.repeatable = reader.flag(document, root, "repeatable");
  profile.fields_as_text = reader.flag(document, root, "fields_as_text");
  profile.values = reader.texts(document, root, "values");
  profile.headers = reader.texts(document, root, "headers");
  profile.error_text = reader.list(document, root, "error_text");
  profile.neutralise = reader.list(document, root, "neutralise");
  for (const std::string& tag : profile.neutralise)
    if (tag.empty() || tag.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos)
      reader.fail("neutralise", "takes lower-case letters only");
  read_maps(reader, document, profile);
  read_auth(reader, document, profile);
  read_errors(reader, document, profile);
  read_rate(reader, document, profile);
  read_limits(reader, document, profile);
  read_poll(reader, document, profile);
  read_operations(reader, document, profile);
  return profile;
}

/// A map of the profile takes a table for itself, or one value for everything.
void override_map(Mapping& mapping, const Json& value) {
  if (!value.is_object()) {
    mapping = {.of = mapping.of, .other = scalar_text(value), .values = {}};
    return;
  }
  for (const auto& [key, one] : value.items()) mapping.values[key] = scalar_text(one);
}

}  // namespace

const Operation* Profile::find(std::string_view operation) const {
  const auto found = operations.find(operation);
  return found == operations.end() ? nullptr : &found->second;
}

Result<Profile> parse_profile(std::string_view json) {
  const Result<Json> document = parse_json(json);
  if (!document) return document.error();
  ProfileReader reader;
  Profile profile = read_profile(reader, *document);
  if (!reader.mistake().empty()) return Error{Errc::bad_input, cat("the profile is wrong ", reader.mistake())};
  return profile;
}

Dialect dialect_of(const Profile& profile, const Json& map) {
  Dialect dialect{.values = profile.values, .maps = profile.maps};
  Json fields = Json::object();
  if (!map.is_object()) return dialect;
  for (const auto& [name, value] : map.items()) {
    if (const auto found = dialect.maps.find(name); found != dialect.maps.end())
      override_map(found->second, value);
    else if (dialect.values.contains(name))
      dialect.values[name] = scalar_text(value);
    else
      fields[name] = profile.fields_as_text && !value.is_structured() ? Json(scalar_text(value)) : value;
  }
  dialect.fields_json = fields.dump(-1, ' ', false, Json::error_handler_t::replace);
  return dialect;
}

}  // namespace exhibit::rest
