#include "adapters/rest/profile_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/text.h"

namespace exhibit::rest {
namespace {

const Json* at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

exh_rc code_named(std::string_view name) {
  if (name == "denied") return EXH_DENIED;
  if (name == "rejected") return EXH_REJECTED;
  if (name == "gone") return EXH_GONE;
  return EXH_RETRY;
}

}  // namespace

void ProfileReader::fail(std::string_view place, std::string_view why) {
  if (mistake_.empty()) mistake_ = cat(harmless(place), ": ", why);
}

bool ProfileReader::known(const Json& object, std::string_view place, std::initializer_list<std::string_view> names) {
  if (!object.is_object()) {
    fail(place, "must be an object");
    return false;
  }
  for (const auto& [name, value] : object.items())
    if (std::find(names.begin(), names.end(), name) == names.end())
      fail(place, cat("unknown member '", harmless(cut_utf8(name, 60)), "'"));
  return true;
}

std::string ProfileReader::text(const Json& object, std::string_view place, const char* key, bool needed) {
  const Json* const value = at(object, key);
  if (value == nullptr && needed) fail(place, cat("needs a ", key));
  if (value != nullptr && !value->is_string()) fail(cat(place, "/", key), "must be a text");
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

bool ProfileReader::flag(const Json& object, std::string_view place, const char* key) {
  const Json* const value = at(object, key);
  if (value != nullptr && !value->is_boolean()) fail(cat(place, "/", key), "must be true or false");
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::uint64_t ProfileReader::number(const Json& object, std::string_view place, const char* key, std::uint64_t other) {
  const Json* const value = at(object, key);
  if (value == nullptr) return other;
  if (!value->is_number_unsigned()) fail(cat(place, "/", key), "must be a whole number");
  return value->is_number_unsigned() ? value->get<std::uint64_t>() : other;
}

Values ProfileReader::texts(const Json& object, std::string_view place, const char* key) {
  Values values;
  const Json* const held = at(object, key);
  if (held == nullptr) return values;
  if (!held->is_object()) {
    fail(cat(place, "/", key), "must be an object of texts");
    return values;
  }
  for (const auto& [name, value] : held->items()) {
    if (!value.is_string()) fail(cat(place, "/", key, "/", name), "must be a text");
    values[name] = scalar_text(value);
  }
  return values;
}

std::vector<std::string> ProfileReader::list(const Json& object, std::string_view place, const char* key) {
  std::vector<std::string> texts;
  const Json* const held = at(object, key);
  if (held == nullptr) return texts;
  if (!held->is_array()) fail(cat(place, "/", key), "must be a list of texts");
  if (held->is_array())
    for (const Json& value : *held) {
      if (!value.is_string()) fail(cat(place, "/", key), "must be a list of texts");
      texts.push_back(scalar_text(value));
    }
  return texts;
}

std::vector<int> ProfileReader::numbers(const Json& object, std::string_view place, const char* key) {
  std::vector<int> numbers;
  const Json* const held = at(object, key);
  if (held == nullptr) return numbers;
  const bool good = held->is_array() && !held->empty() && std::all_of(held->begin(), held->end(), [](const Json& one) {
                      return one.is_number_integer() && one.get<std::int64_t>() >= 100 && one.get<std::int64_t>() < 600;
                    });
  if (!good) {
    fail(cat(place, "/", key), "must be a list of HTTP statuses");
    return numbers;
  }
  for (const Json& one : *held) numbers.push_back(one.get<int>());
  return numbers;
}

std::size_t ProfileReader::choice(const Json& object, std::string_view place, const char* key,
                                  std::initializer_list<std::string_view> names) {
  const std::string name = text(object, place, key);
  if (name.empty()) return 0;
  const auto* const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    fail(cat(place, "/", key), cat("no such choice: ", harmless(cut_utf8(name, 60))));
    return 0;
  }
  return static_cast<std::size_t>(found - names.begin());
}

void ProfileReader::expressions(const Values& expressions, const std::string& place) {
  for (const auto& [name, expression] : expressions) try {
      (void)std::regex(expression);
    } catch (const std::regex_error&) {
      fail(cat(place, "/", name), "is no regular expression");
    }
}

Proof ProfileReader::proof(const Json& object, const std::string& place) {
  Proof made{.equals = texts(object, place, "equals"),
             .contains = texts(object, place, "contains"),
             .matches = texts(object, place, "matches"),
             .rejects = texts(object, place, "rejects"),
             .exists = list(object, place, "exists"),
             .has = {}};
  expressions(made.matches, place + "/matches");
  expressions(made.rejects, place + "/rejects");
  if (const Json* const has = at(object, "has"); has != nullptr && has->is_object())
    for (const auto& [list, wanted] : has->items()) made.has[list] = texts(*has, place + "/has", list.c_str());
  return made;
}

std::vector<Part> ProfileReader::parts(const Json& list, const std::string& place) {
  std::vector<Part> made;
  if (!list.is_array() || list.empty()) fail(place, "must be a list of parts");
  for (const Json& object : list) {
    if (!known(object, place, {"name", "type", "filename", "text", "json", "evidence"})) continue;
    const Json* const json = at(object, "json");
    made.push_back({.name = text(object, place, "name", true),
                    .type = text(object, place, "type"),
                    .filename = text(object, place, "filename"),
                    .text = text(object, place, "text"),
                    .json = json == nullptr ? nullptr : std::make_shared<const Json>(*json),
                    .evidence = flag(object, place, "evidence")});
  }
  return made;
}

void ProfileReader::body(const Json& object, const std::string& place, Request& request) {
  const Json* const json = at(object, "body");
  const Json* const multipart = at(object, "multipart");
  const bool evidence = flag(object, place, "evidence");
  const int kinds = (json != nullptr) + (multipart != nullptr) + evidence + (at(object, "form") != nullptr);
  if (kinds > 1) fail(place, "has more than one of body, form, multipart and evidence");
  request.form = texts(object, place, "form");
  if (json != nullptr) {
    request.body = BodyKind::json;
    request.json = std::make_shared<const Json>(*json);
    if (!json->is_structured()) fail(place + "/body", "must be an object or a list");
  } else if (multipart != nullptr) {
    request.body = BodyKind::multipart;
    request.parts = parts(*multipart, place + "/multipart");
  } else if (evidence) {
    request.body = BodyKind::evidence;
  } else if (at(object, "form") != nullptr) {
    request.body = BodyKind::form;
  }
  if (const Json* const takes = at(object, "takes_fields"); takes != nullptr) {
    if (takes->is_boolean() && takes->get<bool>()) request.fields = FieldsAs::members;
    if (takes->is_string()) {
      const std::string under = takes->get<std::string>();
      request.fields = under == "patch" ? FieldsAs::patch : FieldsAs::members;
      if (under != "patch") request.fields_under = under;
    }
    if (!takes->is_boolean() && !takes->is_string())
      fail(place + "/takes_fields", "must be true, a place or \"patch\"");
    if (request.body != BodyKind::json) fail(place + "/takes_fields", "needs a JSON body");
  }
}

void ProfileReader::captures(const Json& object, const std::string& place, Request& request) {
  const Json* const held = at(object, "capture");
  if (held == nullptr) return;
  if (!held->is_object()) return fail(place + "/capture", "must be an object");
  for (const auto& [name, value] : held->items()) {
    const std::string under = cat(place, "/capture/", name);
    Capture capture;
    if (value.is_string()) {
      capture.from = value.get<std::string>();
    } else if (known(value, under, {"from", "match"})) {
      capture = {text(value, under, "from", true), text(value, under, "match")};
      expressions({{"match", capture.match}}, under);
    }
    request.capture[name] = capture;
  }
}

void ProfileReader::rows(const Json& object, const std::string& place, Request& request) {
  request.has_rows = at(object, "rows") != nullptr;
  request.rows = text(object, place, "rows");
  request.id = text(object, place, "id");
  request.number = text(object, place, "number");
  request.skips_others = flag(object, place, "skips_others");
  request.take = texts(object, place, "take");
  request.where = texts(object, place, "where");
  expressions(request.where, place + "/where");
  if (const Json* const each = at(object, "each"); each != nullptr) request.each = requests(*each, place + "/each");
  const Json* const page = at(object, "page");
  if (page == nullptr || !known(*page, place + "/page", {"kind", "parameter", "next", "first", "size"})) return;
  using Kind = Paging::Kind;
  const Kind kinds[] = {Kind::number, Kind::offset, Kind::token};
  request.page = {.kind = kinds[choice(*page, place + "/page", "kind", {"number", "offset", "token"})],
                  .parameter = text(*page, place + "/page", "parameter", true),
                  .next = text(*page, place + "/page", "next"),
                  .first = number(*page, place + "/page", "first", 1),
                  .size = number(*page, place + "/page", "size", 0)};
}

Request ProfileReader::request(const Json& object, const std::string& place) {
  Request made;
  if (!known(object, place, {"method",       "path",     "if",     "query",    "headers", "body",        "form",
                             "multipart",    "evidence", "type",   "status",   "equals",  "none_status", "contains",
                             "matches",      "rejects",  "exists", "has",      "done_if", "capture",     "takes_fields",
                             "otherwise",    "rows",     "id",     "number",   "take",    "where",       "each",
                             "skips_others", "page",     "reads",  "harmless", "once"}))
    return made;
  made.method = text(object, place, "method", true);
  made.path = text(object, place, "path", true);
  made.only_if = text(object, place, "if");
  made.query = texts(object, place, "query");
  made.headers = texts(object, place, "headers");
  made.type = text(object, place, "type");
  body(object, place, made);
  if (std::vector<int> status = numbers(object, place, "status"); !status.empty()) made.status = std::move(status);
  made.none_status = numbers(object, place, "none_status");
  made.proof = proof(object, place);
  if (const Json* const done = at(object, "done_if"); done != nullptr && done->is_object())
    made.done_if = proof(*done, place + "/done_if");
  if (const Json* const other = at(object, "otherwise");
      other != nullptr && known(*other, place + "/otherwise", {"as", "cause", "text"}))
    made.otherwise =
        Otherwise{code_named(text(*other, place + "/otherwise", "as")),
                  text(*other, place + "/otherwise", "cause", true), text(*other, place + "/otherwise", "text")};
  captures(object, place, made);
  rows(object, place, made);
  made.looks = flag(object, place, "reads") || made.method == "GET";
  made.harmless = flag(object, place, "harmless");
  made.once = flag(object, place, "once");
  if (made.method == "GET" && made.body != BodyKind::none) fail(place, "a GET has no body");
  return made;
}

std::vector<Request> ProfileReader::requests(const Json& value, const std::string& place) {
  std::vector<Request> made;
  if (!value.is_array()) {
    made.push_back(request(value, place));
    return made;
  }
  if (value.empty()) fail(place, "needs a request");
  for (std::size_t i = 0; i < value.size(); ++i) made.push_back(request(value[i], cat(place, "/", i)));
  return made;
}

}  // namespace exhibit::rest
