#include "adapters/rest/rest_request.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

/// Each part of the path is filled and encoded by itself: a value cannot become another path.
std::string path_of(std::string_view pattern, const Values& values) {
  std::string path;
  for (const std::string_view part : split(pattern, "/")) path += cat("/", percent_encoded(filled(part, values)));
  return path;
}

/// Writes the tree; where the evidence goes, `slot` gets the place between the quotes.
void write(JsonWriter& json, const Json& value, std::size_t& slot) {
  if (value.is_binary()) {
    json.value("");
    slot = json.text().size() - 1;
  } else if (value.is_object()) {
    json.object();
    for (const auto& [name, held] : value.items()) {
      json.key(name);
      write(json, held, slot);
    }
    json.end();
  } else if (value.is_array()) {
    json.array();
    for (const Json& held : value) write(json, held, slot);
    json.end();
  } else if (value.is_string()) {
    json.value(value.get_ref<const std::string&>());
  } else {
    json.raw(value.dump());
  }
}

/// `over` wins where both say something.
void merge(Json& under, const Json& over) {
  if (!under.is_object() || !over.is_object()) {
    under = over;
    return;
  }
  for (const auto& [name, value] : over.items())
    under.contains(name) ? merge(under[name], value) : void(under[name] = value);
}

Json with_fields(const Request& request, Json body, const std::string& fields_json) {
  const Result<Json> fields = parse_json(fields_json);
  if (request.fields == FieldsAs::none || !fields || fields->empty()) return body;
  if (request.fields == FieldsAs::patch) {
    if (!body.is_array()) body = Json::array();
    for (const auto& [name, value] : fields->items())
      body.push_back({{"op", "replace"}, {"path", cat("/", name)}, {"value", value}});
    return body;
  }
  Json under = Json::object();
  if (request.fields_under.empty())
    under = *fields;
  else
    under[Json::json_pointer(request.fields_under)] = *fields;
  merge(under, body);
  return under;
}

void add_json(const Request& request, const Values& values, const std::string& fields_json, HttpRequest& made) {
  const Json empty = request.json->is_array() ? Json::array() : Json::object();
  const Json body = with_fields(request, instantiated(*request.json, values).value_or(empty), fields_json);
  JsonWriter json;
  std::size_t slot = std::string::npos;
  write(json, body, slot);
  made.content_type = "application/json";
  made.body = json.take();
  if (slot == std::string::npos) return;
  made.evidence = EvidenceAs::base64;
  made.tail = made.body.substr(slot);
  made.body.resize(slot);
}

/// RFC 7578: what would end the quoted text is percent-encoded.
std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const bool breaks = c == '"' || static_cast<unsigned char>(c) < 0x20;
    out += breaks ? percent_encoded(std::string_view(&c, 1)) : std::string(1, c);
  }
  return out + '"';
}

void add_parts(const Request& request, const Values& values, HttpRequest& made) {
  // Nobody who writes packets can know it, so no content can hold it.
  const std::string boundary = cat("exhibit-", hex(sha256(filled("{mark} {correlation_id} {ticket}", values))));
  made.content_type = cat("multipart/form-data; boundary=", boundary);
  std::string* out = &made.body;
  for (const Part& part : request.parts) {
    const std::string filename = filled(part.filename, values), type = filled(part.type, values);
    *out += cat("--", boundary, "\r\nContent-Disposition: form-data; name=", quoted_text(part.name));
    if (!filename.empty()) *out += cat("; filename=", quoted_text(filename));
    *out += cat("\r\n", type.empty() ? "" : cat("Content-Type: ", filled("{x|line}", {{"x", type}}), "\r\n"), "\r\n");
    if (part.evidence) {
      made.evidence = EvidenceAs::raw;
      out = &made.tail;
    } else if (part.json) {
      JsonWriter json;
      std::size_t slot = 0;
      write(json, instantiated(*part.json, values).value_or(Json::object()), slot);
      *out += json.text();
    } else {
      *out += filled(part.text, values);
    }
    *out += "\r\n";
  }
  *out += cat("--", boundary, "--\r\n");
}

std::string form_of(const Values& form, const Values& values) {
  std::string out;
  for (const auto& [name, pattern] : form)
    if (const std::string value = filled(pattern, values); !value.empty())
      out += cat(out.empty() ? "" : "&", percent_encoded(name), "=", percent_encoded(value));
  return out;
}

void add_evidence(const Values& values, HttpRequest& made) {
  const auto mime = values.find("mime");
  made.content_type = mime == values.end() || mime->second.empty() ? "application/octet-stream" : mime->second;
  made.evidence = EvidenceAs::raw;
}

void add_headers(const Values& headers, const Values& values, HttpRequest& made) {
  for (const auto& [name, pattern] : headers)
    if (const std::string value = filled("{x|line}", {{"x", filled(pattern, values)}}); !value.empty())
      made.headers.emplace_back(name, value);
}

}  // namespace

HttpRequest request_of(const Profile& profile, const Request& request, const Values& values,
                       const std::string& fields_json) {
  HttpRequest made{.method = request.method, .target = path_of(request.path, values), .content_type = {}, .body = {}};
  char separator = '?';
  for (const auto& [name, pattern] : request.query) {
    const std::string value = filled(pattern, values);
    if (value.empty()) continue;
    made.target += cat(separator, percent_encoded(filled(name, values)), "=", percent_encoded(value));
    separator = '&';
  }
  switch (request.body) {
    case BodyKind::none:
      if (request.method != "GET") made.body = "{}";  // A writing request without a body could be sent twice.
      if (request.method != "GET") made.content_type = "application/json";
      break;
    case BodyKind::json: add_json(request, values, fields_json, made); break;
    case BodyKind::multipart: add_parts(request, values, made); break;
    case BodyKind::evidence: add_evidence(values, made); break;
    case BodyKind::form:
      made.content_type = "application/x-www-form-urlencoded";
      made.body = form_of(request.form, values);
      break;
  }
  if (!request.type.empty()) made.content_type = filled(request.type, values);
  add_headers(profile.headers, values, made);
  add_headers(request.headers, values, made);
  return made;
}

}  // namespace exhibit::rest
