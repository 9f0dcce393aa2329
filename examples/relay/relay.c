/* A complete adapter in plain C: it relays every operation to one address, as it is.
 *
 *   POST /relay   Idempotency-Key: the operation's id; the operation's body as JSON
 *
 * A relay cannot be searched, but it drops a key that it has seen. So `describe` says stable_id, and after a lost answer
 * the engine sends the same operation again under the same key. Explained in docs/writing-an-adapter.md. */

#include <exhibit/adapter.h>
#include <stdlib.h>
#include <string.h>

struct exh_link {
  const exh_http *http; /* Lives until close. */
};

static exh_str text(const char *zero_terminated) {
  exh_str made = {zero_terminated, strlen(zero_terminated)};
  return made;
}

static void say(exh_sink sink, const char *json) {
  if (sink.put) sink.put(sink.ctx, json, strlen(json));
}

static exh_rc describe(exh_sink json) {
  say(json, "{\"adapter\":\"relay\",\"version\":\"1\",\"operations\":[\"ensure\",\"note\",\"link\",\"state\"],"
            "\"look_up\":false,\"stable_id\":true,\"poll\":false,\"limits\":{}}");
  return EXH_OK;
}

static exh_rc open_link(const exh_services *services, exh_str config, exh_sink report, exh_link **out) {
  const exh_http *http = services->extension(services->ctx, "exh.http/1");
  exh_link *link = NULL;
  (void)config; /* The runner knows the address; a relay needs nothing else. */
  if (!http) {
    say(report, "a relay needs the runner's HTTP");
    return EXH_REJECTED;
  }
  link = malloc(sizeof *link);
  if (!link) return EXH_INTERNAL;
  link->http = http;
  *out = link;
  return EXH_OK;
}

static void close_link(exh_link *link) { free(link); }

/* A relay can only be written to, so there is nothing to ask. */
static exh_rc probe(exh_link *link, exh_sink report) {
  (void)link;
  say(report, "{}");
  return EXH_OK;
}

static exh_rc judge(exh_rc rc, int32_t status) {
  if (rc != EXH_OK) return rc; /* The runner knows whether anything was sent. */
  if (status / 100 == 2) return EXH_OK;
  if (status == 429 || status == 503) return EXH_RETRY;
  if (status == 401 || status == 404) return EXH_DENIED;
  if (status / 100 == 4) return EXH_REJECTED;
  return EXH_UNKNOWN; /* It may have been kept. */
}

static exh_rc apply(exh_link *link, const exh_op *op, exh_sink result) {
  const exh_http_header headers[] = {{text("Content-Type"), text("application/json")}, {text("Idempotency-Key"), op->op_id}};
  const exh_sink nowhere = {NULL, NULL};
  exh_http_request request;
  exh_http_answer answer;
  exh_rc rc;
  if (op->kind == EXH_OP_ATTACH) return EXH_UNSUPPORTED;
  memset(&request, 0, sizeof request);
  memset(&answer, 0, sizeof answer);
  request.size = sizeof request;
  request.method = text("POST");
  request.target = text("/relay");
  request.headers = headers;
  request.header_count = 2;
  request.body = op->body;
  answer.size = sizeof answer;
  rc = link->http->ask(link->http->ctx, &request, &answer, nowhere, nowhere);
  rc = judge(rc, answer.status);
  say(result, rc == EXH_OK ? "{}" : "{\"cause\":\"relay-refused\",\"text\":\"the relay did not take it\"}");
  return rc;
}

/* Members that are not set stay NULL: this module has no find, read, cancel and poll. */
static const exh_adapter table = {
    .size = sizeof(exh_adapter),
    .abi_major = EXH_ADAPTER_MAJOR,
    .abi_minor = EXH_ADAPTER_MINOR,
    .describe = describe,
    .open = open_link,
    .close = close_link,
    .probe = probe,
    .apply = apply,
};

EXH_EXPORT const exh_adapter *exhibit_adapter_entry(uint32_t engine_major, uint32_t engine_minor) {
  (void)engine_minor; /* A newer engine asks with EXH_HAS. */
  return engine_major == EXH_ADAPTER_MAJOR ? &table : NULL;
}
