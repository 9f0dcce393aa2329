#include "adapters/kit/kit_op.h"

#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "base/text.h"
#include "exhibit/adapter.h"

namespace exhibit::kit {

std::string Op::json() const {
  JsonWriter json;
  json.object().member("kind", kind).member("op_id", id).member("correlation_id", correlation_id);
  json.member("ticket", ticket).member("seq", 1).member("attempt", attempt).member("deadline_ms", deadline_ms);
  json.key("body").raw(body_json);
  if (!name.empty()) {
    json.key("blobs").array().object().member("name", name).member("mime", mime);
    json.member("sha256", hex(sha256(bytes))).member("length", bytes.size()).end().end();
  }
  return json.end().take();
}

Op ensure_op(const std::string& correlation_id, const std::string& fields_json) {
  JsonWriter body;
  body.object().member("tenant", "acme").member("correlation_id", correlation_id);
  body.member("title", "HIGH: 192.0.2.10 > 198.51.100.20:80 WWW <phf>, no block & \"more\"");
  body.member("public_text", "An outside host sent a known web attack.\nThe sensor reported no block.");
  body.member("internal_text",
              cat("192.0.2.10 asked for /cgi-bin/phf\n\n  | GET /?x=<script>alert(1)</script> HTTP/1.0\n"
                  "  | {{macro}} h1. [x](y) *a* _b_ ]] ${x}\nPackets   https://ev.example/e/abc\nRef       ",
                  correlation_id, " (do not edit)"));
  body.member("link", "https://ev.example/e/abc").member("severity", "high").member("priority", 2);
  body.key("fields").raw(fields_json);
  return {.kind = EXH_OP_ENSURE,
          .id = cat(correlation_id, "-ensure"),
          .correlation_id = correlation_id,
          .ticket = {},
          .body_json = body.end().take()};
}

namespace {

std::string fields_of(const Op& op) {
  const Result<Json> body = parse_json(op.body_json);
  return body ? body->value("fields", Json::object()).dump() : "{}";
}

}  // namespace

Op note_op(const Op& ensured, const std::string& ticket, const std::string& id, const std::string& text,
           bool is_public) {
  JsonWriter body;
  body.object().member("text", text).member("public", is_public).member("correlation_id", ensured.correlation_id);
  body.key("fields").raw(fields_of(ensured));
  return {.kind = EXH_OP_NOTE,
          .id = id,
          .correlation_id = ensured.correlation_id,
          .ticket = ticket,
          .body_json = body.end().take()};
}

Op attach_op(const Op& ensured, const std::string& ticket, const std::string& name, const std::string& bytes) {
  return {.kind = EXH_OP_ATTACH,
          .id = cat(ensured.correlation_id, "-attach-", name),
          .correlation_id = ensured.correlation_id,
          .ticket = ticket,
          .body_json = cat("{\"fields\":", fields_of(ensured), "}"),
          .name = name,
          .bytes = bytes};
}

Op state_op(const Op& ensured, const std::string& ticket, const std::string& state) {
  return {.kind = EXH_OP_STATE,
          .id = cat(ensured.correlation_id, "-", state),
          .correlation_id = ensured.correlation_id,
          .ticket = ticket,
          .body_json = cat("{\"state\":", json_quoted(state), ",\"fields\":", fields_of(ensured), "}")};
}

Answer apply(RunnerClient& runner, int link, const Op& op) {
  return runner.apply(link, op.json(), op.name.empty() ? nullptr : &op.bytes);
}

Answer find(RunnerClient& runner, int link, const Op& op) {
  return runner.find(link, op.json(), op.name.empty() ? nullptr : &op.bytes);
}

Answer deliver(RunnerClient& runner, int link, Op op, int rounds) {
  Answer answer = apply(runner, link, op);
  while (rounds-- > 0 && answer.rc != EXH_OK) {
    if (answer.rc == EXH_UNKNOWN) {
      Answer found = find(runner, link, op);
      if (found.rc == EXH_RETRY) continue;
      if (found.rc != EXH_ABSENT) return found;
    } else if (answer.rc != EXH_RETRY) {
      return answer;
    }
    ++op.attempt;
    answer = apply(runner, link, op);
  }
  return answer;
}

}  // namespace exhibit::kit
