// A plugin without manners: in `start` it does the one thing that RUDE names. Shows that the host which looks after its
// guests, and the spy before it, see each of them.

#include <dlfcn.h>
#include <exhibit/plugin.h>
#include <fcntl.h>
#include <grp.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <locale>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

const exh_host* host = nullptr;

void nothing(int) {}
void nothing_at_all() {}
/// Or the compiler would see that nobody needs it.
void keep(void* memory) {
  static std::atomic<void*> kept;
  kept = memory;
}

/// Of a library that nobody here links: the host has loaded it.
template <typename Function>
Function* loaded(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

struct Rude {
  const char* what;
  void (*act)();
};

const Rude deeds[] = {
    {"signal", [] { signal(SIGUSR1, nothing); }},
    {"sigaction",
     [] {
       struct sigaction act {};
       act.sa_handler = SIG_IGN;
       sigaction(SIGPIPE, &act, nullptr);
     }},
    {"sigprocmask",
     [] {
       sigset_t set;
       sigemptyset(&set);
       sigprocmask(SIG_BLOCK, &set, nullptr);
     }},
    {"sigaltstack",
     [] {
       stack_t none{};
       none.ss_flags = SS_DISABLE;
       sigaltstack(&none, nullptr);
     }},
    {"alarm", [] { alarm(0); }},
    {"kill", [] { kill(getpid(), 0); }},
    {"raise", [] { raise(SIGURG); }},
    {"exit", [] { exit(3); }},
    {"_exit", [] { _exit(3); }},
    {"quick_exit", [] { quick_exit(3); }},
    {"abort", [] { abort(); }},
    {"setlocale", [] { setlocale(LC_NUMERIC, "C.UTF-8"); }},
    {"std::locale::global", [] { std::locale::global(std::locale("C.UTF-8")); }},
    {"umask", [] { umask(077); }},
    {"chdir",
     [] {
       if (chdir("/") != 0) return;
     }},
    {"setenv", [] { setenv("RUDE_GUEST", "1", 1); }},
    {"unsetenv", [] { unsetenv("HOME"); }},
    {"putenv",
     [] {
       static char pair[] = "RUDE_GUEST=2";
       putenv(pair);
     }},
    {"srand", [] { srand(1); }},
    {"srandom", [] { srandom(1); }},
    {"tzset", [] { tzset(); }},
    {"dup2", [] { dup2(1, 2); }},
    {"setrlimit",
     [] {
       rlimit now{};
       getrlimit(RLIMIT_CORE, &now);
       now.rlim_cur = 0;
       setrlimit(RLIMIT_CORE, &now);
     }},
    {"prlimit",
     [] {
       rlimit now{};
       getrlimit(RLIMIT_NOFILE, &now);
       prlimit(0, RLIMIT_NOFILE, &now, nullptr);
     }},
    {"setuid",
     [] {
       if (setuid(getuid()) != 0) return;
     }},
    {"setsid", [] { setsid(); }},
    {"setpgid", [] { setpgid(0, 0); }},
    {"nice",
     [] {
       if (nice(1) == -1) return;
     }},
    {"openlog", [] { openlog("rude", 0, LOG_USER); }},
    {"fork",
     [] {
       const pid_t child = fork();
       if (child == 0) _exit(0);
       waitpid(child, nullptr, 0);
     }},
    {"system",
     [] {
       if (system(":") != 0) return;
     }},
    {"popen",
     [] {
       FILE* const pipe = popen(":", "r");
       if (pipe) pclose(pipe);
     }},
    {"__register_atfork", [] { pthread_atfork(nullptr, nullptr, nullptr); }},
    {"std::set_terminate", [] { std::set_terminate(std::get_terminate()); }},
    {"std::set_new_handler", [] { std::set_new_handler(nothing_at_all); }},
    {"EVP_set_default_properties",
     [] { loaded<int(void*, const char*)>("EVP_set_default_properties")(nullptr, "?provider=default"); }},
    {"OSSL_PROVIDER_load", [] { loaded<void*(void*, const char*)>("OSSL_PROVIDER_load")(nullptr, "default"); }},
    // What no call tells, but the difference between before and after.
    {"difference:descriptors", [] { (void)!open("/dev/null", O_RDONLY); }},
    {"difference:threads", [] { std::thread([] { pause(); }).detach(); }},
    {"difference:mask",
     [] {
       sigset_t set;
       sigemptyset(&set);
       sigaddset(&set, SIGUSR2);
       pthread_sigmask(SIG_BLOCK, &set, nullptr);
     }},
    {"difference:uselocale", [] { uselocale(newlocale(LC_ALL_MASK, "C.UTF-8", nullptr)); }},
    {"difference:children", [] { loaded<pid_t()>("vfork")() == 0 ? _exit(0) : void(); }},
    {"difference:environment",
     [] {
       static char pair[] = "X=1";
       static char* list[] = {pair, nullptr};
       environ = list;
     }},
    {"growth", [] { keep(std::memset(malloc(300'000), 1, 300'000)); }},
    {"slow stop", nothing_at_all},
    {"output",
     [] {
       std::puts("rude");
       std::fflush(stdout);
     }},
};

exh_rc describe(exh_sink) { return EXH_OK; }
exh_rc create(const exh_host* from, exh_str, exh_sink, exh_engine** out) {
  host = from;
  *out = reinterpret_cast<exh_engine*>(&host);
  return EXH_OK;
}
void destroy(exh_engine*) {}
exh_rc start(exh_engine*, exh_sink) {
  const char* const wanted = getenv("RUDE");
  for (const Rude& rude : deeds)
    if (wanted && std::strcmp(rude.what, wanted) == 0) rude.act();
  return EXH_OK;
}
exh_rc drain(exh_engine*, uint32_t) { return EXH_OK; }
exh_rc stop(exh_engine*) {
  const char* const wanted = getenv("RUDE");
  if (wanted && std::string(wanted) == "slow stop") usleep(400'000);
  return EXH_OK;
}
exh_rc check(exh_engine*, exh_str, exh_sink) { return EXH_OK; }
exh_rc put(exh_engine*, exh_str, uint64_t, exh_sink) { return EXH_OK; }
exh_rc drop(exh_engine*, exh_str, uint32_t) { return EXH_OK; }
exh_rc submit(exh_engine*, exh_str, exh_str, exh_str, exh_sink) { return EXH_OK; }
exh_rc command(exh_engine*, exh_str, exh_str, exh_str, exh_sink) { return EXH_OK; }
exh_rc tell(exh_engine*, exh_sink) { return EXH_OK; }
const void* extension(exh_engine*, const char*) { return nullptr; }

const exh_plugin table = {sizeof table,
                          EXH_PLUGIN_ABI_MAJOR,
                          EXH_PLUGIN_ABI_MINOR,
                          0,
                          describe,
                          create,
                          destroy,
                          start,
                          drain,
                          stop,
                          check,
                          put,
                          drop,
                          submit,
                          command,
                          tell,
                          tell,
                          extension};

}  // namespace

extern "C" EXH_EXPORT const exh_plugin* exhibit_plugin_entry(uint32_t, uint32_t) { return &table; }

/// The names of all that it can do, one a line; for the test that walks through them.
extern "C" EXH_EXPORT void rude_guest_names(void (*each)(const char* name)) {
  for (const Rude& rude : deeds) each(rude.what);
}
