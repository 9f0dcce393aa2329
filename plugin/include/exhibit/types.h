/* What both interfaces of Exhibit share: result codes, borrowed text, sinks. C11 and C++, no dependency.
 *
 * Nobody frees the other side's memory: input is borrowed for the call, output goes to a sink that the caller owns.
 * Every table and struct that crosses the border begins with its size; members are only ever appended. */
#ifndef EXHIBIT_TYPES_H
#define EXHIBIT_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True when the other side's table is long enough to hold this member, and has set it. */
#define EXH_HAS(table, type, member) \
  ((table)->size >= offsetof(type, member) + sizeof((table)->member) && (table)->member)

/* Marks the one symbol that a library exports. */
#if defined(__GNUC__)
#define EXH_EXPORT __attribute__((visibility("default")))
#else
#define EXH_EXPORT
#endif

/* Of fixed width on purpose: the width of an enum is not portable. */
typedef int32_t exh_rc;
#define EXH_OK 0
#define EXH_RETRY 1       /* a passing fault and surely nothing was done; the result may say retry_after_ms */
#define EXH_BUSY 2        /* back pressure: not taken, nothing kept, offer it again later */
#define EXH_REJECTED 3    /* this item can never succeed as it is; the result says cause and text */
#define EXH_DENIED 4      /* credentials, rights or policy: stop the desk, not the item */
#define EXH_UNSUPPORTED 5 /* this side cannot do that */
#define EXH_BADARG 6      /* a broken argument: a mistake in the program */
#define EXH_STATE 7       /* the call is not legal in this state of the life cycle */
#define EXH_UNKNOWN 8     /* sent, and the answer was lost: look before sending again */
#define EXH_INTERNAL 9    /* the callee's own fault, such as memory */
#define EXH_GONE 10       /* the ticket that was named is no longer there */
#define EXH_ABSENT 11     /* a look-up that is proven good found nothing */

/* Borrowed text or bytes: valid until the call returns, may be empty, never needs a NUL. Text is UTF-8. */
typedef struct exh_str {
  const char *ptr;
  size_t len;
} exh_str;

/* Takes output. `put` may be called many times; any value but 0 means: stop writing. A NULL put takes nothing. */
typedef struct exh_sink {
  void *ctx;
  int32_t (*put)(void *ctx, const char *bytes, size_t length);
} exh_sink;

#ifdef __cplusplus
}
#endif
#endif
