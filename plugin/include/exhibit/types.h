/* exhibit/types.h: what both C interfaces of Exhibit share. C11, no dependency.
 *
 * Rules: strings are UTF-8, pointer plus length, borrowed until the call returns, never needing a NUL. Nobody frees the
 * other side's memory: output goes to a sink that its caller owns. Every struct that crosses begins with its size;
 * members are only added at the end; a reader asks EXH_HAS before it uses one. No exception crosses. */
#ifndef EXHIBIT_TYPES_H
#define EXHIBIT_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True when the other side's table is long enough to hold the member, and set it. */
#define EXH_HAS(table, type, member) \
  ((table)->size >= offsetof(type, member) + sizeof((table)->member) && (table)->member)

typedef int32_t exh_rc;    /* Fixed width on purpose; an enum's width is not portable. */
#define EXH_OK 0
#define EXH_RETRY 1        /* A passing fault: nothing was done; retry_after_ms in the result. */
#define EXH_BUSY 2         /* Back pressure: not taken, nothing kept, offer it again later. */
#define EXH_REJECTED 3     /* This item's content can never succeed. */
#define EXH_DENIED 4       /* Login, licence or policy: stop the link, not the item. */
#define EXH_UNSUPPORTED 5
#define EXH_BADARG 6
#define EXH_STATE 7        /* The call is not legal in this state of the life cycle. */
#define EXH_UNKNOWN 8      /* Sent, answer lost: ask find before sending again. */
#define EXH_INTERNAL 9     /* A bug of ours, caught; the report says more. */
#define EXH_GONE 10        /* The ticket is no longer there. */

typedef struct exh_str {
  const char *ptr;
  size_t len;
} exh_str;

/* put may be called many times; a value other than 0 from it means: stop writing. put may be NULL: nobody listens. */
typedef struct exh_sink {
  void *ctx;
  int32_t (*put)(void *ctx, const char *bytes, size_t count);
} exh_sink;

#define EXH_LOG_DEBUG 0
#define EXH_LOG_INFO 1
#define EXH_LOG_WARNING 2
#define EXH_LOG_ERROR 3

#ifdef __cplusplus
}
#endif
#endif
