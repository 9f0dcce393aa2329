/* A connector host in C11: loads the plugin by its one symbol, and walks an engine through its life and through wrong
 * turns. Usage: c_host LIBRARY STATE_FOLDER. Prints what failed; 0: all held. */
#include <dlfcn.h>
#include <exhibit/plugin.h>
#include <stdio.h>
#include <string.h>

static int failures = 0;
static int logged = 0;

static void expect(int holds, const char* claim) {
  if (holds) return;
  ++failures;
  fprintf(stderr, "does not hold: %s\n", claim);
}

static exh_str text(const char* s) {
  exh_str borrowed = {s, strlen(s)};
  return borrowed;
}

struct buffer {
  char bytes[65536];
  size_t used;
};

static int32_t put(void* ctx, const char* bytes, size_t count) {
  struct buffer* out = ctx;
  if (out->used + count >= sizeof out->bytes) return 1;
  memcpy(out->bytes + out->used, bytes, count);
  out->used += count;
  out->bytes[out->used] = 0;
  return 0;
}

static exh_sink sink_of(struct buffer* out) {
  exh_sink sink = {out, put};
  out->used = 0;
  out->bytes[0] = 0;
  return sink;
}

static void take_log(void* ctx, int32_t level, exh_str tenant, exh_str component, exh_str message) {
  (void)ctx, (void)level, (void)tenant, (void)component, (void)message;
  ++logged;
}

static const char tenant[] =
    "tenant: acme\nsensors: [{name: s1, kind: cisco-sdee, url: 'http://127.0.0.1:9', login: {user: u, password: {env: "
    "NONE}}}]\ndesk: {use: d}\n";

static void describe_needs_no_engine(const exh_plugin* plugin, struct buffer* out) {
  exh_sink silent = {NULL, NULL};
  expect(plugin->describe(sink_of(out)) == EXH_OK && strstr(out->bytes, "\"config_schema\"") != NULL,
         "describe gives the schema");
  expect(plugin->describe(silent) == EXH_OK, "a sink without put is allowed");
  expect(plugin->command(NULL, text(""), text("decode"), text("{\"file\":\"/nowhere\"}"), sink_of(out)) == EXH_BADARG,
         "decode without an engine answers");
}

static void wrong_turns(const exh_plugin* plugin, struct buffer* out, const exh_host* host) {
  exh_engine* engine = NULL;
  exh_host other = *host;
  other.abi_major = 99;
  expect(plugin->create(NULL, text(""), sink_of(out), &engine) == EXH_BADARG, "create without a host is refused");
  expect(plugin->create(&other, text(""), sink_of(out), &engine) == EXH_UNSUPPORTED, "another major is refused");
  expect(plugin->create(host, text("nonsense: true"), sink_of(out), &engine) == EXH_BADARG && engine == NULL,
         "a bad configuration makes no engine");
  expect(strstr(out->bytes, "\"line\":1") != NULL, "the report names the place");
  plugin->destroy(NULL);
  expect(plugin->stop(NULL) == EXH_BADARG && plugin->start(NULL, sink_of(out)) == EXH_BADARG, "no engine, no call");
}

static void life(const exh_plugin* plugin, struct buffer* out, const exh_host* host, const char* state) {
  char config[4096];
  exh_engine* engine = NULL;
  snprintf(config, sizeof config,
           "public_url: http://127.0.0.1:1\nstate: %s\nweb: {listen: '127.0.0.1:0'}\ndesks: {d: {adapter: rest, "
           "profile: servicenow, url: 'http://127.0.0.1:9'}}\n",
           state);
  expect(plugin->create(host, text(config), sink_of(out), &engine) == EXH_OK, "create takes a good configuration");
  if (!engine) return;
  expect(plugin->drain(engine, 10) == EXH_STATE, "drain before start is out of order");
  expect(plugin->command(engine, text("acme"), text("report"), text("{}"), sink_of(out)) == EXH_STATE,
         "commands need a running engine");
  expect(plugin->tenant_check(engine, text("tenant: x"), sink_of(out)) == EXH_BADARG, "tenant_check finds mistakes");
  expect(plugin->tenant_put(engine, text(tenant), 1, sink_of(out)) == EXH_OK, "a tenant before start");
  expect(plugin->tenant_put(engine, text(tenant), 1, sink_of(out)) == EXH_REJECTED, "a generation must rise");
  for (int round = 0; round < 3; ++round) {
    expect(plugin->start(engine, sink_of(out)) == EXH_OK, "start, again and again");
    expect(plugin->health(engine, sink_of(out)) == EXH_OK && strstr(out->bytes, "\"acme\"") != NULL,
           "health names the tenant");
    expect(plugin->metrics(engine, sink_of(out)) == EXH_OK && strstr(out->bytes, "exhibit_alerts_total") != NULL,
           "metrics are there");
    expect(plugin->command(engine, text("acme"), text("no-such-verb"), text("{}"), sink_of(out)) == EXH_UNSUPPORTED,
           "an unknown verb is said to be one");
    expect(plugin->command(engine, text("other"), text("report"), text("{}"), sink_of(out)) == EXH_REJECTED,
           "an unknown tenant is refused");
    expect(plugin->tenant_put(engine, text(tenant), (uint64_t)round + 2, sink_of(out)) == EXH_OK,
           "a tenant is replaced while running");
    expect(plugin->stop(engine) == EXH_OK, "stop");
    expect(plugin->stop(engine) == EXH_OK, "stop again");
  }
  plugin->destroy(engine);
}

int main(int argc, char** argv) {
  static struct buffer out;
  static const char name[] = "c-host";
  if (argc != 3) return 2;
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const exh_plugin* (*entry)(uint32_t, uint32_t);
  *(void**)(&entry) = dlsym(library, "exhibit_plugin_entry");
  expect(entry != NULL && entry(99, 0) == NULL, "another major gets no table");
  const exh_plugin* plugin = entry ? entry(EXH_PLUGIN_ABI_MAJOR, EXH_PLUGIN_ABI_MINOR) : NULL;
  if (!plugin) return 1;
  expect(plugin->size == sizeof *plugin, "the table has the size of its header");
  const exh_host host = {sizeof host,
                         EXH_PLUGIN_ABI_MAJOR,
                         EXH_PLUGIN_ABI_MINOR,
                         0,
                         NULL,
                         {name, sizeof name - 1},
                         {"1", 1},
                         take_log,
                         NULL,
                         NULL};
  describe_needs_no_engine(plugin, &out);
  wrong_turns(plugin, &out, &host);
  life(plugin, &out, &host, argv[2]);
  expect(logged > 0, "the plugin logs through its host");
  if (failures == 0) puts("c host: all held");
  return failures == 0 ? 0 : 1;
}
