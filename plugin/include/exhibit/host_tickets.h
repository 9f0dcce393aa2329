/* exh.host.tickets/1: the connector host's own tickets. C11 and C++.
 *
 * A host that keeps tickets itself offers this table through exh_host.extension("exh.host.tickets/1"); a desk with
 * `adapter: host` then hands it the operations of adapter.h. This is the one adapter that runs inside the host's process,
 * so no network library is involved.
 *
 * Calls come one at a time from a thread of the plugin, never from one that follows sensors: a call may block up to its
 * op's deadline_ms. No call may throw or keep a borrowed pointer. Results are one JSON object as adapter.h has it:
 * {"ticket", "number", "url", "cause", "text", "matches"}. */
#ifndef EXHIBIT_HOST_TICKETS_H
#define EXHIBIT_HOST_TICKETS_H

#include <exhibit/adapter.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EXH_HOST_TICKETS "exh.host.tickets/1"

typedef struct exh_host_tickets {
  uint32_t size, reserved;
  void *ctx;

  /* Makes the ticket of op->correlation_id, or names the one that is there: the same op may come twice. Required: yes. [any] */
  exh_rc (*ensure)(void *ctx, exh_str tenant, const exh_op *op, exh_sink result);

  /* Whether this op is done. EXH_OK: it is, and `ticket` says where; EXH_ABSENT: it is not; EXH_RETRY: nobody can say
   * now. Required: yes. [any] */
  exh_rc (*find)(void *ctx, exh_str tenant, const exh_op *op, exh_sink result);

  /* Adds a note to op->ticket, once for each op_id. Required: yes. [any] */
  exh_rc (*note)(void *ctx, exh_str tenant, const exh_op *op, exh_sink result);

  /* Keeps op->blobs[0] beside op->ticket, once for each op_id. Required: no: tickets then carry the link only. [any] */
  exh_rc (*attach)(void *ctx, exh_str tenant, const exh_op *op, exh_sink result);

  /* Sets op's "state" and "fields". Required: no. [any] */
  exh_rc (*state)(void *ctx, exh_str tenant, const exh_op *op, exh_sink result);
} exh_host_tickets;

#ifdef __cplusplus
}
#endif
#endif
