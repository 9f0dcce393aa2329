#include "adapters/webhook/webhook_request.h"

#include <nlohmann/json.hpp>

#include "adapters/webhook/incident_body.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit::webhook {
namespace {

using Headers = std::vector<adapter::HttpHeader>;

constexpr std::size_t key_bytes_min = 24, key_bytes_max = 64;

Result<Bytes> key_of(const Json& secret) {
  constexpr std::string_view prefix = "whsec_";
  const Error wrong{Errc::bad_input, "a secret of the webhook is not whsec_ and base64 of 24 to 64 bytes"};
  if (!secret.is_string()) return wrong;
  std::string_view text = secret.get_ref<const std::string&>();
  if (!text.starts_with(prefix)) return wrong;
  Result<Bytes> key = decode_base64(text.substr(prefix.size()), key_bytes_max);
  if (!key || key->size() < key_bytes_min) return wrong;
  return key;
}

Result<std::vector<Bytes>> keys_of(const Json& login) {
  std::vector<Bytes> keys;
  const auto secrets = login.find("secrets");
  if (secrets == login.end() || !secrets->is_array() || secrets->empty())
    return Error{Errc::bad_input, "the webhook's login has no secrets"};
  for (const Json& secret : *secrets) {
    Result<Bytes> key = key_of(secret);
    if (!key) return key.error();
    keys.push_back(*std::move(key));
  }
  return keys;
}

void add_cloudevents(const Settings& settings, const Json& incident, std::string_view id, Headers& headers) {
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) headers.push_back({name, cloudevents_value(value)});
  };
  add("ce-specversion", "1.0");
  add("ce-id", id);
  add("ce-source", settings.source.empty() ? cat("/exhibit/", text_at(incident, "tenant")) : settings.source);
  add("ce-type", cat("exhibit.incident.", text_at(incident, "what")));
  add("ce-time", text_at(incident, "at"));
  add("ce-subject", text_at(incident, "correlation_id"));
}

}  // namespace

Result<Settings> settings_of(std::string_view config_json) {
  const Result<Json> config = parse_json(config_json);
  if (!config || !config->is_object()) return Error{Errc::bad_input, "the configuration is no JSON object"};
  Settings settings;
  if (const auto login = config->find("login"); login != config->end() && login->is_object() && !login->empty()) {
    Result<std::vector<Bytes>> keys = keys_of(*login);
    if (!keys) return keys.error();
    settings.keys = *std::move(keys);
  }
  const auto found = config->find("map");
  const Json map = found != config->end() && found->is_object() ? *found : Json::object();
  const std::string style = text_at(map, "style");
  if (style != "" && style != "exhibit" && style != "ocsf")
    return Error{Errc::bad_input, cat("no style of a webhook: ", harmless(cut_utf8(style, 40)))};
  settings.style = style == "ocsf" ? Style::ocsf : Style::exhibit;
  if (const auto flag = map.find("cloudevents"); flag != map.end())
    settings.cloudevents = flag->is_boolean() ? flag->get<bool>() : text_at(map, "cloudevents") == "true";
  settings.source = text_at(map, "source");
  return settings;
}

std::string webhook_id(std::string_view op_id) { return cat("msg_", hex(sha256(op_id)).substr(0, 32)); }

std::string signature(const std::vector<Bytes>& keys, std::string_view id, std::int64_t epoch_seconds,
                      std::string_view body) {
  const std::string signed_text = cat(id, '.', epoch_seconds, '.', body);
  std::string header;
  for (const Bytes& key : keys) {
    const Digest digest = hmac_sha256(key, signed_text);
    header += cat(header.empty() ? "" : " ", "v1,", encode_base64(digest));
  }
  return header;
}

std::string cloudevents_value(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char character : to_utf8(text)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte > 0x20 && byte < 0x7F && character != '"' && character != '%')
      out += character;
    else
      out += cat('%', digits[byte >> 4], digits[byte & 15]);
  }
  return out;
}

Result<adapter::HttpRequest> request_of(const Settings& settings, const Event& event, std::int64_t epoch_seconds) {
  const std::string id = webhook_id(event.op_id);
  Result<Json> incident = Json::object();
  if (settings.style == Style::ocsf || settings.cloudevents) {
    incident = incident_of(event.kind, event.correlation_id, event.body_json);
    if (!incident) return incident.error();
  }
  adapter::HttpRequest request{.method = "POST", .target = ""};
  Result<std::string> body = settings.style == Style::ocsf
                                 ? ocsf_body(*incident, id)
                                 : exhibit_body(event.kind, event.correlation_id, event.body_json);
  if (!body) return body.error();
  request.body = *std::move(body);
  request.headers = {{"Content-Type", "application/json"}, {"webhook-id", id}};
  request.headers.push_back({"webhook-timestamp", cat(epoch_seconds)});
  if (!settings.keys.empty())
    request.headers.push_back({"webhook-signature", signature(settings.keys, id, epoch_seconds, request.body)});
  if (settings.cloudevents) add_cloudevents(settings, *incident, id, request.headers);
  return request;
}

}  // namespace exhibit::webhook
