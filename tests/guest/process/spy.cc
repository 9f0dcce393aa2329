// Preloaded into a host: notes each call that a guest library must not make, with the library that made it, as one line
// of the file GUEST_SPY_FILE. The program's own calls, and those of the C library, are nobody's guest's.

#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <locale>
#include <new>
#include <string>

namespace {

std::atomic<bool> watching{false};  // Not while the host itself sets up its house, and at its own end.

bool is_guest(const char* path) {
  for (const char* own : {"libc.so", "ld-linux", "libguest_spy", "guest_host"})
    if (std::strstr(path, own) != nullptr) return false;
  return true;
}

void note(const char* call, const void* caller) {
  static const char* const path = std::getenv("GUEST_SPY_FILE");
  Dl_info place{};
  if (!watching || path == nullptr || dladdr(caller, &place) == 0 || place.dli_fname == nullptr ||
      !is_guest(place.dli_fname))
    return;
  const char* const slash = std::strrchr(place.dli_fname, '/');
  const std::string line = std::string(call) + " " + (slash == nullptr ? place.dli_fname : slash + 1) + "\n";
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  (void)!::write(file, line.data(), line.size());
  ::close(file);
}

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define NOTE(name) note(#name, __builtin_return_address(0))
// NAME as the C library declares it; what it does stays the same.
#define SPY(result, name, parameters, ...)                                       \
  __attribute__((visibility("default"))) result name parameters noexcept(true) { \
    NOTE(name);                                                                  \
    return real<result parameters>(#name)(__VA_ARGS__);                          \
  }
#define SPY_IF(condition, result, name, parameters, ...)                         \
  __attribute__((visibility("default"))) result name parameters noexcept(true) { \
    if (condition) NOTE(name);                                                   \
    return real<result parameters>(#name)(__VA_ARGS__);                          \
  }
#define SPY_LAST(name)                                                                    \
  __attribute__((visibility("default"), noreturn)) void name(int status) noexcept(true) { \
    NOTE(name);                                                                           \
    real<void(int)>(#name)(status);                                                       \
    __builtin_unreachable();                                                              \
  }

extern "C" {

__attribute__((visibility("default"))) void guest_spy_watch(int on) { watching = on != 0; }

using Handler = void (*)(int);

// Signals
SPY(Handler, signal, (int number, Handler handler), number, handler)
SPY(Handler, sysv_signal, (int number, Handler handler), number, handler)
SPY_IF(action != nullptr, int, sigaction, (int number, const struct sigaction* action, struct sigaction* before),
       number, action, before)
SPY_IF(set != nullptr, int, sigprocmask, (int how, const sigset_t* set, sigset_t* before), how, set, before)
SPY(int, siginterrupt, (int number, int flag), number, flag)
SPY_IF(stack != nullptr, int, sigaltstack, (const stack_t* stack, stack_t* before), stack, before)
SPY(int, kill, (pid_t process, int number), process, number)
SPY(int, killpg, (pid_t group, int number), group, number)
SPY(int, raise, (int number), number)
SPY(unsigned, alarm, (unsigned seconds), seconds)
// The end of the process
SPY_LAST(exit)
SPY_LAST(_exit)
SPY_LAST(_Exit)
SPY_LAST(quick_exit)
__attribute__((visibility("default"), noreturn)) void abort() noexcept(true) {
  NOTE(abort);
  real<void()>("abort")();
  __builtin_unreachable();
}
// What the whole process shares
SPY_IF(locale != nullptr, char*, setlocale, (int category, const char* locale), category, locale)
SPY(mode_t, umask, (mode_t mask), mask)
SPY(int, chdir, (const char* path), path)
SPY(int, fchdir, (int folder), folder)
SPY(int, chroot, (const char* path), path)
SPY(int, setenv, (const char* name, const char* value, int over), name, value, over)
SPY(int, unsetenv, (const char* name), name)
SPY(int, putenv, (char* pair), pair)
SPY(int, clearenv, (), )
SPY(void, srand, (unsigned seed), seed)
SPY(void, srandom, (unsigned seed), seed)
SPY(void, srand48, (long seed), seed)
SPY(void, tzset, (), )
SPY_IF(from >= 0 && to <= 2, int, dup2, (int from, int to), from, to)
SPY_IF(to <= 2, int, dup3, (int from, int to, int flags), from, to, flags)
SPY(int, setrlimit, (__rlimit_resource_t resource, const struct rlimit* limit), resource, limit)
SPY_IF(limit != nullptr, int, prlimit,
       (pid_t process, __rlimit_resource resource, const struct rlimit* limit, struct rlimit* before), process,
       resource, limit, before)
SPY(int, setuid, (uid_t user), user)
SPY(int, seteuid, (uid_t user), user)
SPY(int, setgid, (gid_t group), group)
SPY(int, setegid, (gid_t group), group)
SPY(int, setgroups, (size_t count, const gid_t* groups), count, groups)
SPY(pid_t, setsid, (), )
SPY(int, setpgid, (pid_t process, pid_t group), process, group)
SPY(int, nice, (int more), more)
SPY(int, setpriority, (__priority_which_t which, id_t who, int priority), which, who, priority)
SPY(int, mallopt, (int what, int value), what, value)
SPY(int, mlockall, (int flags), flags)
SPY(void, openlog, (const char* name, int options, int facility), name, options, facility)
// Copies of the process
SPY(pid_t, fork, (), )
SPY(int, system, (const char* command), command)
SPY(FILE*, popen, (const char* command, const char* mode), command, mode)
SPY(int, daemon, (int stay, int keep), stay, keep)
SPY(int, __register_atfork, (void (*before)(), void (*parent)(), void (*child)(), void* library), before, parent, child,
    library)
// Libraries that the host may use, too
SPY(void*, OSSL_PROVIDER_load, (void* context, const char* name), context, name)
SPY(int, OSSL_PROVIDER_unload, (void* provider), provider)
SPY(int, EVP_set_default_properties, (void* context, const char* properties), context, properties)
SPY(int, CONF_modules_load_file, (const char* file, const char* name, unsigned long flags), file, name, flags)
SPY(int, CRYPTO_set_mem_functions, (void* a, void* b, void* c), a, b, c)
SPY(void, OPENSSL_cleanup, (), )
SPY(int, sqlite3_shutdown, (), )
SPY(int, sqlite3_enable_shared_cache, (int on), on)
SPY(int, sqlite3_auto_extension, (void (*entry)()), entry)
}

namespace std {
__attribute__((visibility("default"))) terminate_handler set_terminate(terminate_handler handler) noexcept {
  note("std::set_terminate", __builtin_return_address(0));
  return real<terminate_handler(terminate_handler)>("_ZSt13set_terminatePFvvE")(handler);
}
__attribute__((visibility("default"))) new_handler set_new_handler(new_handler handler) noexcept {
  note("std::set_new_handler", __builtin_return_address(0));
  return real<new_handler(new_handler)>("_ZSt15set_new_handlerPFvvE")(handler);
}
__attribute__((visibility("default"))) locale locale::global(const locale& chosen) {
  note("std::locale::global", __builtin_return_address(0));
  return real<locale(const locale&)>("_ZNSt6locale6globalERKS_")(chosen);
}
}  // namespace std
