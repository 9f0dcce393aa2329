#pragma once

#include <cstdint>
#include <exhibit/adapter.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/values.h"

/// From an operation to the signed request (Standard Webhooks 1.0.0, CloudEvents 1.0 in binary mode). Pure: the time of
/// the attempt is passed in.
namespace exhibit::webhook {

enum class Style { exhibit, ocsf };

struct Settings {
  std::vector<Bytes> keys;  ///< Decoded; the first is the one in use, the others let a receiver change over.
  Style style = Style::exhibit;
  bool cloudevents = false;
  std::string source;  ///< Of the CloudEvents; empty: "/exhibit/TENANT".
};

/// bad_input: a secret that is not "whsec_" and base64 of 24 to 64 bytes, an empty list of them, or an unknown style. A
/// configuration without login is one whose requests are not signed. The error never holds a secret.
Result<Settings> settings_of(std::string_view config_json);

/// What of an operation becomes a request.
struct Event {
  std::uint32_t kind = EXH_OP_ENSURE;
  std::string_view op_id, correlation_id, body_json;
};

/// bad_input: the operation's body is no JSON object.
Result<adapter::HttpRequest> request_of(const Settings& settings, const Event& event, std::int64_t epoch_seconds);

/// The same on every attempt of an operation: the receiver's idempotency key. Holds no dot.
std::string webhook_id(std::string_view op_id);

/// "v1,BASE64" for each key, in order, with a blank between.
std::string signature(const std::vector<Bytes>& keys, std::string_view id, std::int64_t epoch_seconds,
                      std::string_view body);

/// As CloudEvents writes a header value: blank, quote, percent sign and all but printable ASCII in percent form.
std::string cloudevents_value(std::string_view text);

}  // namespace exhibit::webhook
