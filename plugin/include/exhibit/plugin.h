/* exhibit/plugin.h: ticket-system connector host <-> libexhibit.so. C11, no dependency.
 *
 * The host finds one symbol, exhibit_plugin_entry, and calls the table it gives. Life of an engine:
 *
 *   create -> tenant_put* -> start -> (running) -> drain -> stop -> destroy
 *
 * Thread tags: [control] calls come one at a time per engine; [any] may come from any thread at any time between create
 * and destroy. No call blocks longer than its comment says. Nothing here needs the library to be unloaded: it is linked
 * so that it stays, and all state hangs off the engine. */
#ifndef EXHIBIT_PLUGIN_H
#define EXHIBIT_PLUGIN_H

#include "exhibit/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EXH_PLUGIN_ABI_MAJOR 1u /* Layout or meaning changed: refuse to load. */
#define EXH_PLUGIN_ABI_MINOR 0u /* Members were added at the end: load, and ask EXH_HAS. */

#define EXH_LOG_DEBUG 0
#define EXH_LOG_INFO 1
#define EXH_LOG_WARNING 2
#define EXH_LOG_ERROR 3

/* What the host offers. Every function is thread-safe, does not block long and never calls back into the plugin. */
typedef struct exh_host {
  uint32_t size, abi_major, abi_minor, reserved;
  void *ctx;
  exh_str name, version;

  /* One event, one line. Required: no. [any thread] */
  void (*log)(void *ctx, int32_t level, exh_str tenant, exh_str component, exh_str message);

  /* Writes the secret that the configuration calls {host: NAME} to the sink. Required: only where one is used. [any thread] */
  exh_rc (*secret)(void *ctx, exh_str tenant, exh_str name, exh_sink out);

  /* Optional abilities of the host by name, e.g. "exh.host.tickets/1"; NULL when it has none such. Required: no. */
  const void *(*extension)(void *ctx, const char *id);
} exh_host;

typedef struct exh_engine exh_engine; /* Opaque. Several in one process are legal, each with a state folder of its own. */

/* Reports are JSON: [{"line","column","where","what","hint"}], one entry a mistake; [] or nothing when there is none. */
typedef struct exh_plugin {
  uint32_t size, abi_major, abi_minor, reserved;

  /* Versions, configuration schemas, verbs of command. No engine needed, no side effect. Required: yes. [any] */
  exh_rc (*describe)(exh_sink json);

  /* Checks the whole provider configuration (exhibit.yaml as text). No thread, no network, no file is touched when it has
   * a mistake. EXH_BADARG: see the report. The host table is copied; its functions must outlive the engine.
   * Required: yes. [control] */
  exh_rc (*create)(const exh_host *host, exh_str config, exh_sink report, exh_engine **out);

  /* Legal in every state; joins every thread; NULL is fine. At most 5 seconds. Required: yes. [control] */
  void (*destroy)(exh_engine *engine);

  /* Begins to follow sensors, to deliver and to serve evidence. EXH_REJECTED: e.g. the address to listen on is taken; see the report.
   * Required: yes. [control] */
  exh_rc (*start)(exh_engine *engine, exh_sink report);

  /* Stops intake and waits up to budget_ms for open deliveries. EXH_BUSY: the rest is kept on disk. Required: yes. [control] */
  exh_rc (*drain)(exh_engine *engine, uint32_t budget_ms);

  /* Ends everything within 5 seconds; what is unfinished is on disk. start is legal again. Required: yes. [control] */
  exh_rc (*stop)(exh_engine *engine);

  /* A tenant's configuration, looked at and not used. Required: yes. [any] */
  exh_rc (*tenant_check)(exh_engine *engine, exh_str config, exh_sink report);

  /* Takes a tenant's configuration whole, or leaves the one in force. generation must rise. Required: yes. [control] */
  exh_rc (*tenant_put)(exh_engine *engine, exh_str config, uint64_t generation, exh_sink report);

  /* Stops serving a tenant; its files stay. Required: yes. [control] */
  exh_rc (*tenant_drop)(exh_engine *engine, exh_str tenant, uint32_t budget_ms);

  /* Hands the plugin something that did not come from a sensor's wire. EXH_OK means durable. Kinds: see describe.
   * Required: yes. [any] */
  exh_rc (*submit)(exh_engine *engine, exh_str tenant, exh_str kind, exh_str payload, exh_sink receipt);

  /* One verb with JSON arguments; the answer goes to the sink. Waits up to 10 seconds for the tenant (desk-test: for the desk). engine may be NULL for
   * verbs that describe marks as free of an engine (decode, user-hash). EXH_UNSUPPORTED: no such verb. Required: yes. [any] */
  exh_rc (*command)(exh_engine *engine, exh_str tenant, exh_str verb, exh_str args, exh_sink reply);

  /* State of the engine and each tenant as JSON; never waits for work in progress. Required: yes. [any] */
  exh_rc (*health)(exh_engine *engine, exh_sink json);

  /* OpenMetrics text; never waits for work in progress. Required: yes. [any] */
  exh_rc (*metrics)(exh_engine *engine, exh_sink text);

  /* Optional parts by name, without a new major. Required: no. [any] */
  const void *(*extension)(exh_engine *engine, const char *id);
} exh_plugin;

/* The only exported symbol. NULL when this pair cannot work together; the host then prints both versions. */
EXH_EXPORT const exh_plugin *exhibit_plugin_entry(uint32_t host_major, uint32_t host_minor);

#ifdef __cplusplus
}
#endif
#endif
