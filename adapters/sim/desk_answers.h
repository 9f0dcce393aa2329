#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/sim/desk_tables.h"
#include "adapters/sim/http_server.h"
#include "adapters/sim/misbehaviour.h"
#include "base/json.h"

/// The simulated desk's words: how it writes records, errors and faults.
namespace exhibit::sim {

/// {"error": {"message", "detail"}, "status": "failure"}
HttpReply desk_error(int status, std::string_view message, std::string_view detail);
HttpReply json_reply(int status, std::string json);

/// Writes a record as the API does: journal fields are "", references are objects unless they were declined.
void write_record(JsonWriter& json, const Record& record, const Parameters& parameters);

/// The members of a JSON object as texts; nothing when the body is something else.
std::optional<Record> read_fields(std::string_view body);

/// What the client sees of a call that met this fault. `stored` is the true answer of what was done before.
HttpReply spoiled(const Misbehaviour& fault, HttpReply stored);

}  // namespace exhibit::sim
