/* Engine <-> ticket adapter module. C11 and C++.
 *
 * A module is a shared object that speaks to one kind of ticketing system (a "desk"). It is loaded by
 * exhibit-adapter-runner, in a process of its own, so a crash costs one retry and no more. The engine owns queue, order,
 * retry, rate and texts; a module turns one idempotent operation into requests, and judges the answers.
 *
 * Thread tags: [module thread] one call at a time for the whole module; [link thread] one call at a time for that link,
 * different links at once; [any thread] at any time, also during another call. No call may throw, exit, print, install a
 * signal handler or keep a borrowed pointer. */
#ifndef EXHIBIT_ADAPTER_H
#define EXHIBIT_ADAPTER_H

#include <exhibit/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EXH_ADAPTER_MAJOR 1u /* layout, meaning or threading changed: refuse to load */
#define EXH_ADAPTER_MINOR 1u /* members appended: load, and ask with EXH_HAS; 1: poll, preview */

/* Evidence that an operation carries. Pulled in pieces by offset, so that a repeat can rewind. */
typedef struct exh_blob {
  uint32_t size, reserved;
  exh_str name, mime, sha256; /* sha256: lower-case hex */
  uint64_t length;
  void *ctx;
  /* Bytes read, 0 at the end, negative: -exh_rc. Required: yes. [link thread] */
  int64_t (*read)(void *ctx, uint64_t offset, void *buffer, size_t capacity);
} exh_blob;

/* ---- exh.http/1: the runner's HTTP, so that a module needs no socket, TLS, proxy or credential code ---- */

typedef struct exh_http_header {
  exh_str name, value;
} exh_http_header;

typedef struct exh_http_request {
  uint32_t size, reserved;
  exh_str method;               /* "GET", "POST" ... */
  /* Path and query, already encoded, below the desk's address; or a whole address whose origin the configuration names
   * (the desk's own, a token_url, or one of "also"). */
  exh_str target;
  const exh_http_header *headers;
  size_t header_count;
  exh_str body;
  const exh_blob *blob;         /* the body, when not NULL */
  uint32_t deadline_ms;         /* for the whole exchange; 0: what remains of the operation's deadline */
  uint32_t reserved2;
} exh_http_request;

typedef struct exh_http_answer {
  uint32_t size;
  int32_t status;               /* 200 to 599; an interim answer is never given as the answer */
  uint32_t retry_after_ms;      /* from Retry-After, within 1 s and 1 h; 0: none was given */
  uint32_t reserved;
  exh_sink headers;             /* since 1.1, set by the module: gets "name: value" lines, each ended by CRLF */
} exh_http_answer;

/* One request, exactly one bounded answer. Redirects are not followed; nothing is ever sent twice. */
typedef struct exh_http {
  uint32_t size, reserved;
  void *ctx;
  /* EXH_OK: `answer` and `body` (at most 1 MiB) are whole. EXH_RETRY: surely nothing was sent. EXH_UNKNOWN: it may have
   * been received. EXH_DENIED: the egress rules forbid it. Otherwise `body` gets a sentence that says why.
   * Required: yes. [link thread] */
  exh_rc (*ask)(void *ctx, const exh_http_request *request, exh_http_answer *answer, exh_sink content_type, exh_sink body);
} exh_http;

/* What the runner offers to a module. Lives longer than every link. */
typedef struct exh_services {
  uint32_t size, abi_major, abi_minor, reserved;
  void *ctx;
  /* level: 0 debug, 1 info, 2 warning, 3 error. Never a secret. Required: yes. [any thread] */
  void (*log)(void *ctx, int32_t level, exh_str message);
  /* "exh.http/1" gives the link's own const exh_http *; NULL when not offered. Required: yes. [link thread] */
  const void *(*extension)(void *ctx, const char *id);
} exh_services;

/* ---- operations ---- */

#define EXH_OP_ENSURE 1u /* make the ticket of this incident, or find the one that is there */
#define EXH_OP_NOTE 2u   /* add a note; body.public says for whom */
#define EXH_OP_LINK 3u   /* a note that tells of late evidence */
#define EXH_OP_ATTACH 4u /* store the blob beside the ticket */
#define EXH_OP_STATE 5u  /* change fields: severity, count, close, reopen */

typedef struct exh_op {
  uint32_t size, kind;
  exh_str op_id;          /* the same on every attempt */
  exh_str correlation_id; /* the module stores it in the ticket, so that find sees it */
  exh_str ticket;         /* the desk's own id, as the last result named it; empty before ENSURE */
  uint64_t seq;           /* order inside one incident; two of one incident never run at once */
  uint32_t attempt;       /* from 1; above 1: look first whether it is done already */
  uint32_t deadline_ms;
  /* JSON. ENSURE: {"tenant", "link", "correlation_id", "title", "public_text", "internal_text", "severity", "priority" (1 to
   * 5), "fields": {}}; NOTE, LINK: {"text", "public", "link", "correlation_id", "tenant", "fields"}; STATE: {"fields",
   * "state": "open|resolved|closed"}; ATTACH: {}. `fields` is the tenant's own map. For a webhook ENSURE, NOTE and STATE
   * also hold "incident", an object after schemas/incident.schema.json. */
  exh_str body;
  const exh_blob *blobs;
  size_t blob_count;
  size_t blob_stride;     /* sizeof(exh_blob) as the caller knows it */
} exh_op;

typedef struct exh_link exh_link;

/* Results are one JSON object, written once: {"ticket", "number", "url", "already_there", "retry_after_ms", "cause",
 * "text", "matches", "document"}; absent members are left out. `cause` is a token, `text` a sentence for people. */
typedef struct exh_adapter {
  uint32_t size, abi_major, abi_minor, reserved;

  /* Writes {"adapter", "version", "operations": [], "look_up": bool, "stable_id": bool, "poll": bool, "limits": {}}: no
   * side effect. Required: yes. [module thread] */
  exh_rc (*describe)(exh_sink json);

  /* Makes a link from {"url", "profile": {}, ...}; no network. EXH_REJECTED: `report` says what is wrong with it. `services`
   * lives until close. Required: yes. [module thread] */
  exh_rc (*open)(const exh_services *services, exh_str config, exh_sink report, exh_link **out);

  /* The last call on a link. Required: yes. [link thread] */
  void (*close)(exh_link *link);

  /* Logs in, reads what it needs, proves that a look-up can find nothing; writes nothing to the desk.
   * Required: yes. [link thread] */
  exh_rc (*probe)(exh_link *link, exh_sink report);

  /* Does one idempotent operation. EXH_UNKNOWN: sent, answer lost; the engine will call find. Required: yes. [link thread] */
  exh_rc (*apply)(exh_link *link, const exh_op *op, exh_sink result);

  /* Looks whether this operation is done, and compares byte for byte. EXH_OK: it is; `matches` above 1 says that the oldest
   * of several was taken. EXH_ABSENT: it is not, and the look-up is proven. EXH_RETRY: the look-up told nothing. With
   * "number" in the body of an ENSURE the ticket that people know by it is meant, whoever made it. Required: no; without find
   * an unknown operation is repeated only under a stable id that describe declares. [link thread] */
  exh_rc (*find)(exh_link *link, const exh_op *op, exh_sink result);

  /* The ticket as the desk stores it, as `document`: {"number", "title", "public_text", "internal_text", "notes": [],
   * "attachments": [{"name", "bytes", "sha256"}], "state", "correlation_id"}. Required: no. [link thread] */
  exh_rc (*read)(exh_link *link, exh_str ticket, exh_sink result);

  /* Makes a running call on this link return soon. Required: no: every exchange has a deadline. [any thread] */
  void (*cancel)(exh_link *link);

  /* Since minor 1. Brings home what people did in the desk: state, assignee, comments, close code. `request` is {"cursor":
   * what the last poll returned, absent at first, "tickets": [{"ticket", "correlation_id"}]} with at most 100 tickets, the
   * open ones. EXH_OK: the result's `document` is {"cursor": any JSON, "tickets": [{"ticket", "correlation_id", "number",
   * "version", "state", "closed": bool, "assignee", "close_code", "comments": [{"id", "author", "text", "at", "public":
   * bool}]}], "more": bool}. Only tickets that changed need be named. The cursor overlaps, since clocks and pages lie;
   * `version` lets the engine drop what it has seen. What we wrote ourselves never comes back. Required: no. [link thread] */
  exh_rc (*poll)(exh_link *link, exh_str request, exh_sink result);

  /* Since minor 1. What apply would send for this operation, in order, as `document`: [{"method", "target", "content_type",
   * "body"}]. Nothing leaves; logins are left out, and what only the desk can say stands in braces: {ticket}.
   * Required: no. [link thread] */
  exh_rc (*preview)(exh_link *link, const exh_op *op, exh_sink result);
} exh_adapter;

/* The only exported symbol of a module. NULL when the pair cannot work together. [any thread] */
EXH_EXPORT const exh_adapter *exhibit_adapter_entry(uint32_t engine_major, uint32_t engine_minor);

#ifdef __cplusplus
}
#endif
#endif
