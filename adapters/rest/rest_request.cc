#include "adapters/rest/rest_request.h"

#include <nlohmann/json.hpp>

#include "adapters/rest/neutralise.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

std::string as_value(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() || value.is_boolean() ? value.dump() : std::string();
}

Json object_of(std::string_view json) {
  const Result<Json> parsed = parse_json(json);
  return parsed && parsed->is_object() ? *parsed : Json::object();
}

/// Each part of the path is filled and encoded by itself: a value cannot become another path.
std::string path_of(std::string_view pattern, const Values& values) {
  std::string path;
  for (const std::string_view part : split(pattern, "/")) path += cat("/", percent_encoded(filled(part, values)));
  return path;
}

}  // namespace

std::string mark_of(std::string_view op_id) {
  const Digest digest = sha256(op_id);
  return cat("EXH1N-", encode_base32(ByteView(digest).first(10)));
}

Values fields_of(std::string_view body_json) {
  Values fields;
  const Json body = object_of(body_json);
  if (const auto found = body.find("fields"); found != body.end() && found->is_object())
    for (const auto& [name, value] : found->items()) fields[name] = as_value(value);
  return fields;
}

Values values_of(const Profile& profile, const std::string& base, const OpText& op) {
  Values values = profile.values;
  const Json body = object_of(op.body_json);
  for (const auto& [name, value] : body.items())
    if (const std::string text = as_value(value); !text.empty()) values[name] = neutralised(text, profile.neutralise);
  values["base"] = base;
  values["correlation_id"] = op.correlation_id;
  values["ticket"] = op.ticket;
  values["mark"] = mark_of(op.op_id);
  values["name"] = op.name;
  values["mime"] = op.mime;
  values["sha256"] = op.sha256;
  values["bytes"] = std::to_string(op.bytes);
  if (const auto text = values.find("text"); text != values.end()) {
    const auto said = body.find("public");
    const bool is_public = said != body.end() && said->is_boolean() && said->get<bool>();
    values[is_public ? "public_note" : "internal_note"] = cat(text->second, "\n", filled(profile.note_marker, values));
  }
  for (const auto& [name, map] : profile.maps) {
    const auto of = values.find(map.of);
    const auto value = of == values.end() ? map.values.end() : map.values.find(of->second);
    values[name] = value == map.values.end() ? map.other : value->second;
  }
  return values;
}

HttpRequest request_of(const Operation& operation, const Values& values, const Values& fields) {
  HttpRequest request{
      .method = operation.method, .target = path_of(operation.path, values), .content_type = {}, .body = {}};
  char separator = '?';
  for (const auto& [name, pattern] : operation.query) {
    request.target += cat(separator, percent_encoded(name), "=", percent_encoded(filled(pattern, values)));
    separator = '&';
  }
  if (operation.method == "GET") return request;
  request.evidence = operation.evidence;
  if (operation.evidence) {
    const auto mime = values.find("mime");
    request.content_type = mime == values.end() || mime->second.empty() ? "application/octet-stream" : mime->second;
    return request;
  }
  request.content_type = "application/json";
  JsonWriter body;
  body.object();
  if (operation.takes_fields)
    for (const auto& [name, value] : fields)
      if (!operation.body.contains(name)) body.member(name, value);
  for (const auto& [name, pattern] : operation.body)
    if (const std::string value = filled(pattern, values); !value.empty()) body.member(name, value);
  request.body = body.end().take();
  return request;
}

}  // namespace exhibit::rest
