/* A connector host in C11 that keeps the tickets itself: exh.host.tickets/1. Usage: c_host_tickets LIBRARY STATE SENSOR_URL
 * TICKETS. Serves the sensor until so many tickets stand, each with its note and its file, and prints them. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <exhibit/host_tickets.h>
#include <exhibit/plugin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICKETS_MAX 64

struct ticket {
  char correlation[64], title[160];
  int notes, files;
  uint64_t file_bytes;
};

/* What the desk knows; its lock, since calls come from a thread of the plugin. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct ticket tickets[TICKETS_MAX];
  int count, asked_twice;
  char done[512][96]; /* op ids that were carried out */
  int done_count;
} desk = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {{{0}, {0}, 0, 0, 0}}, 0, 0, {{0}}, 0};

static exh_str text(const char* s) {
  exh_str borrowed = {s, strlen(s)};
  return borrowed;
}

static void copy(char* to, size_t room, exh_str from) {
  size_t n = from.len < room - 1 ? from.len : room - 1;
  memcpy(to, from.ptr, n);
  to[n] = 0;
}

static int is_done(exh_str id) {
  for (int i = 0; i < desk.done_count; ++i)
    if (strlen(desk.done[i]) == id.len && memcmp(desk.done[i], id.ptr, id.len) == 0) return 1;
  return 0;
}

static void mark_done(exh_str id) {
  if (is_done(id)) ++desk.asked_twice;
  if (!is_done(id) && desk.done_count < 512) copy(desk.done[desk.done_count++], 96, id);
}

/* The ticket of this correlation id, or of this id of ours; -1: none. */
static int place_of(exh_str correlation) {
  for (int i = 0; i < desk.count; ++i)
    if (strlen(desk.tickets[i].correlation) == correlation.len &&
        memcmp(desk.tickets[i].correlation, correlation.ptr, correlation.len) == 0)
      return i;
  return -1;
}

static void say(exh_sink result, int place) {
  char json[128];
  int n = snprintf(json, sizeof json, "{\"ticket\":\"t%d\",\"number\":\"HOST-%d\"}", place, place + 1);
  if (result.put) result.put(result.ctx, json, (size_t)n);
}

static exh_rc ensure(void* ctx, exh_str tenant, const exh_op* op, exh_sink result) {
  (void)ctx, (void)tenant;
  pthread_mutex_lock(&desk.lock);
  int place = place_of(op->correlation_id);
  if (place < 0 && desk.count < TICKETS_MAX) {
    place = desk.count++;
    copy(desk.tickets[place].correlation, sizeof desk.tickets[place].correlation, op->correlation_id);
    copy(desk.tickets[place].title, sizeof desk.tickets[place].title, op->body);
  }
  mark_done(op->op_id);
  pthread_mutex_unlock(&desk.lock);
  if (place < 0) return EXH_BUSY;
  say(result, place);
  return EXH_OK;
}

static exh_rc find(void* ctx, exh_str tenant, const exh_op* op, exh_sink result) {
  (void)ctx, (void)tenant;
  pthread_mutex_lock(&desk.lock);
  int place = is_done(op->op_id) ? place_of(op->correlation_id) : -1;
  pthread_mutex_unlock(&desk.lock);
  if (place < 0) return EXH_ABSENT;
  say(result, place);
  return EXH_OK;
}

static exh_rc note(void* ctx, exh_str tenant, const exh_op* op, exh_sink result) {
  (void)ctx, (void)tenant, (void)result;
  pthread_mutex_lock(&desk.lock);
  int place = place_of(op->correlation_id);
  if (place >= 0 && !is_done(op->op_id)) ++desk.tickets[place].notes;
  mark_done(op->op_id);
  pthread_cond_broadcast(&desk.changed);
  pthread_mutex_unlock(&desk.lock);
  return place < 0 ? EXH_GONE : EXH_OK;
}

static exh_rc attach(void* ctx, exh_str tenant, const exh_op* op, exh_sink result) {
  char bytes[4096];
  uint64_t all = 0;
  (void)ctx, (void)tenant, (void)result;
  if (op->blob_count != 1) return EXH_BADARG;
  for (int64_t got; (got = op->blobs->read(op->blobs->ctx, all, bytes, sizeof bytes)) > 0;) all += (uint64_t)got;
  pthread_mutex_lock(&desk.lock);
  int place = place_of(op->correlation_id);
  if (place >= 0 && all == op->blobs->length) {
    ++desk.tickets[place].files;
    desk.tickets[place].file_bytes = all;
  }
  mark_done(op->op_id);
  pthread_cond_broadcast(&desk.changed);
  pthread_mutex_unlock(&desk.lock);
  return place < 0 ? EXH_GONE : EXH_OK;
}

static const exh_host_tickets tickets = {sizeof tickets, 0, NULL, ensure, find, note, attach, NULL};

static const void* extension(void* ctx, const char* id) {
  (void)ctx;
  return strcmp(id, EXH_HOST_TICKETS) == 0 ? &tickets : NULL;
}

static void nothing(void* ctx, int32_t level, exh_str tenant, exh_str component, exh_str message) {
  (void)ctx, (void)level, (void)tenant, (void)component, (void)message;
}

/* Waits until `wanted` tickets have a note and a file each. */
static int wait_for(int wanted) {
  struct timespec end;
  int whole = 0, late = 0;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += 30;
  pthread_mutex_lock(&desk.lock);
  while (!late) {
    whole = 0;
    for (int i = 0; i < desk.count; ++i) whole += desk.tickets[i].notes > 0 && desk.tickets[i].files > 0;
    if (whole >= wanted) break;
    late = pthread_cond_timedwait(&desk.changed, &desk.lock, &end) != 0;
  }
  pthread_mutex_unlock(&desk.lock);
  return whole;
}

static int32_t discard(void* ctx, const char* bytes, size_t count) {
  (void)ctx;
  fwrite(bytes, 1, count, stderr);
  return 0;
}

int main(int argc, char** argv) {
  static const char name[] = "c-host-tickets";
  static char config[2048], tenant[2048];
  const exh_sink report = {NULL, discard};
  exh_engine* engine = NULL;
  if (argc != 5) return 2;
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  const exh_plugin* (*entry)(uint32_t, uint32_t) = NULL;
  if (library) *(void**)(&entry) = dlsym(library, "exhibit_plugin_entry");
  const exh_plugin* plugin = entry ? entry(EXH_PLUGIN_ABI_MAJOR, EXH_PLUGIN_ABI_MINOR) : NULL;
  if (!plugin) return 1;
  const exh_host host = {sizeof host,         EXH_PLUGIN_ABI_MAJOR, EXH_PLUGIN_ABI_MINOR, 0,   NULL,
                         {name, sizeof name - 1}, {"1", 1},         nothing,              NULL, extension};
  snprintf(config, sizeof config,
           "public_url: http://127.0.0.1:1\nstate: %s\nweb: {listen: '127.0.0.1:0'}\ndesks: {own: {adapter: host}}\n", argv[2]);
  snprintf(tenant, sizeof tenant,
           "tenant: acme\nsensors: [{name: s1, kind: cisco-sdee, url: '%s', login: {user: exhibit, password: {env: "
           "SENSOR_PASSWORD}}, log_time: 1 s, margin: 1 s, retry: 1 s, long_poll: 1 s}]\ndesk: {use: own, attach: trigger_packet}\n",
           argv[3]);
  if (plugin->create(&host, text(config), report, &engine) != EXH_OK) return 1;
  if (plugin->tenant_put(engine, text(tenant), 1, report) != EXH_OK || plugin->start(engine, report) != EXH_OK) return 1;
  const int whole = wait_for(atoi(argv[4]));
  plugin->stop(engine);
  plugin->destroy(engine);
  for (int i = 0; i < desk.count; ++i)
    printf("HOST-%d %s notes %d files %d of %llu bytes\n", i + 1, desk.tickets[i].correlation, desk.tickets[i].notes,
           desk.tickets[i].files, (unsigned long long)desk.tickets[i].file_bytes);
  printf("%d whole of %d, %d asked twice\n", whole, desk.count, desk.asked_twice);
  return whole == atoi(argv[4]) && desk.count == whole ? 0 : 1;
}
