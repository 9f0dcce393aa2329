#include "tests/guest/process/process_state.h"

#include <dirent.h>
#include <locale.h>
#include <malloc.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <locale>
#include <new>
#include <set>
#include <sstream>

namespace exhibit::guest {
namespace {

template <typename Each>
void for_entries(const std::string& folder, Each each) {
  DIR* const open = ::opendir(folder.c_str());
  if (open == nullptr) return;
  while (const dirent* const entry = ::readdir(open))
    if (entry->d_name[0] != '.' && std::to_string(::dirfd(open)) != entry->d_name) each(std::string(entry->d_name));
  ::closedir(open);
}

std::string signal_table() {
  std::ostringstream out;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction held {};
    if (::sigaction(number, nullptr, &held) != 0) continue;
    if (held.sa_handler != SIG_DFL || held.sa_flags != 0)
      out << number << '=' << reinterpret_cast<const void*>(held.sa_handler) << '/' << held.sa_flags << ' ';
  }
  return out.str();
}

std::string mask() {
  sigset_t held;
  std::string out;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &held);
  for (int number = 1; number < NSIG; ++number)
    if (sigismember(&held, number) == 1) out += std::to_string(number) + ' ';
  return out;
}

std::string line_of_status(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name)) return line;
  return {};
}

std::string descriptors() {
  std::set<std::string> all;
  for_entries("/proc/self/fd", [&](const std::string& name) {
    char target[512] = "";
    if (::readlink(("/proc/self/fd/" + name).c_str(), target, sizeof target - 1) > 0) all.insert(name + ">" + target);
  });
  std::string out;
  for (const std::string& one : all) out += one + ' ';
  return out;
}

std::string threads() {
  std::multiset<std::string> all;
  for_entries("/proc/self/task", [&](const std::string& name) {
    std::string comm;
    std::ifstream file("/proc/self/task/" + name + "/comm");
    if (std::getline(file, comm)) all.insert(comm);
  });
  std::string out;
  for (const std::string& one : all) out += one + ' ';
  return out;
}

std::string environment() {
  std::string out;
  for (char** one = environ; one != nullptr && *one != nullptr; ++one) out += std::string(*one) + "; ";
  return out;
}

std::string limits() {
  std::string out;
  for (int which = 0; which < RLIM_NLIMITS; ++which) {
    rlimit held{};
    ::getrlimit(static_cast<__rlimit_resource>(which), &held);
    out += std::to_string(held.rlim_cur) + '/' + std::to_string(held.rlim_max) + ' ';
  }
  return out;
}

/// What the next user of TLS in this process begins with.
std::string tls_defaults() {
  SSL_CTX* const context = SSL_CTX_new(TLS_method());
  std::string out = "level " + std::to_string(SSL_CTX_get_security_level(context)) + ", from " +
                    std::to_string(SSL_CTX_get_min_proto_version(context)) + ", options " +
                    std::to_string(SSL_CTX_get_options(context));
  SSL_CTX_free(context);
  for (const char* provider : {"default", "legacy", "fips"})
    out += std::string(", ") + provider + (OSSL_PROVIDER_available(nullptr, provider) == 1 ? " on" : " off");
  return out;
}

std::string children() {
  siginfo_t child{};
  if (::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0) return "none";
  return child.si_pid == 0 ? "running" : "ended, and not waited for";
}

std::string folder() {
  char path[4096] = "";
  return ::getcwd(path, sizeof path) == nullptr ? "" : path;
}

}  // namespace

ProcessState process_state(bool moves) {
  const auto number = [](auto value) { return std::to_string(static_cast<long long>(value)); };
  return {{"signals", signal_table()},
          {"mask", mask()},
          {"locale", moves ? "" : ::setlocale(LC_ALL, nullptr)},
          {"C++ locale", std::locale().name()},
          {"uselocale", ::uselocale(nullptr) == LC_GLOBAL_LOCALE ? "global" : "its own"},
          {"umask", line_of_status("Umask:")},
          {"folder", folder()},
          {"environment", environment()},
          {"descriptors", descriptors()},
          {"threads", threads()},
          {"limits", limits()},
          {"priority", number(::getpriority(PRIO_PROCESS, 0))},
          {"users",
           number(::geteuid()) + ' ' + number(::getegid()) + ' ' + number(::getsid(0)) + ' ' + number(::getpgid(0))},
          {"terminate", number(reinterpret_cast<std::intptr_t>(std::get_terminate()))},
          {"new handler", number(reinterpret_cast<std::intptr_t>(std::get_new_handler()))},
          {"TLS", tls_defaults()},
          {"children", children()}};
}

std::vector<std::string> differences(const ProcessState& before, const ProcessState& after) {
  std::vector<std::string> all;
  for (const auto& [name, held] : before)
    if (after.at(name) != held) all.push_back(name + ": " + held + " -> " + after.at(name));
  return all;
}

std::size_t resident_bytes() {
  ::malloc_trim(0);  // What the allocator holds ready for whoever comes next is not kept by anybody.
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace exhibit::guest
