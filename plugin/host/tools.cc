#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "host/plugin_library.h"
#include "host/verbs.h"

/// The small verbs: decode, status, user hash.
namespace exhibit::host {
namespace {

constexpr char separator = '\x1e';  // What follows it in a reply is a sentence about what went wrong.

/// Prints as it comes, so that a large capture needs no memory; keeps what follows the separator.
struct Printer {
  std::string trouble;
  bool in_trouble = false;

  static int32_t put(void* ctx, const char* bytes, size_t count) {
    auto& self = *static_cast<Printer*>(ctx);
    const char* end = self.in_trouble ? bytes : static_cast<const char*>(std::memchr(bytes, separator, count));
    const std::size_t printed = end ? static_cast<std::size_t>(end - bytes) : count;
    const bool failed = std::fwrite(bytes, 1, printed, stdout) != printed;
    if (end) {
      self.trouble.append(self.in_trouble ? end : end + 1, bytes + count);
      self.in_trouble = true;
    }
    return failed ? 1 : 0;
  }
};

std::string exchange(const std::string& path, const std::string& request) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw Failure("the path is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    throw Failure("no server answers at " + path + " (is `exhibit serve` running, and are you its user?)");
  }
  std::string reply;
  char piece[4096];
  ssize_t got = ::write(fd, request.data(), request.size());
  while (got > 0 && (got = ::read(fd, piece, sizeof piece)) > 0) reply.append(piece, static_cast<std::size_t>(got));
  ::close(fd);
  return reply;
}

void print_tenant(const nlohmann::json& tenant) {
  const std::string failed =
      tenant.contains("failed") && tenant["failed"].is_string() ? tenant["failed"].get<std::string>() : "";
  std::printf("%s: %s\n", tenant.value("tenant", "").c_str(), failed.empty() ? "serving" : failed.c_str());
  if (!tenant.contains("alerts")) return;
  std::printf("  %llu alerts, %llu incidents, %llu gaps, %llu deliveries open\n", tenant.value("alerts", 0ULL),
              tenant.value("incidents", 0ULL), tenant.value("gaps", 0ULL), tenant.value("open_deliveries", 0ULL));
  for (const auto& sensor : tenant["sensors"])
    std::printf("  sensor %s: %s%s\n", sensor.value("name", "").c_str(), sensor.value("state", "").c_str(),
                sensor["why"].is_string() ? (", " + sensor["why"].get<std::string>()).c_str() : "");
  for (const auto& condition : tenant["conditions"]) std::printf("  ! %s\n", condition.value("text", "").c_str());
}

}  // namespace

std::string ask_server(const std::string& state, const std::string& verb, const std::string& tenant,
                       const nlohmann::json& args) {
  const nlohmann::json request = {{"verb", verb}, {"tenant", tenant}, {"args", args}};
  const std::string reply =
      exchange(state + "/control.sock", request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  if (!reply.starts_with("ok\n")) throw Failure(reply.substr(0, reply.find('\n')));
  return reply.substr(3);
}

int decode(const DecodeOptions& options) {
  Printer printer;
  const std::string args =
      nlohmann::json{{"file", options.file}, {"json", options.json}, {"filter", options.filter}}.dump(
          -1, ' ', false, nlohmann::json::error_handler_t::replace);
  const exh_rc rc =
      plugin_library().command(nullptr, borrow(""), borrow("decode"), borrow(args), {&printer, &Printer::put});
  std::fflush(stdout);
  if (!printer.trouble.empty()) std::fprintf(stderr, "%s\n", printer.trouble.c_str());
  return rc == EXH_OK ? 0 : rc == EXH_REJECTED ? 3 : 2;
}

int status(const std::string& state, bool json) {
  const nlohmann::json health =
      nlohmann::json::parse(ask_server(state, "health", "", nlohmann::json::object()), nullptr, false);
  if (!health.is_object()) throw Failure("the server's answer cannot be read");
  if (json) {
    std::printf("%s\n", health.dump().c_str());
    return 0;
  }
  std::printf("exhibit %s, evidence at %s\n", health.value("version", "").c_str(),
              health.value("public_url", "").c_str());
  bool well = true;
  for (const auto& tenant : health["tenants"]) {
    print_tenant(tenant);
    well = well && !(tenant.contains("failed") && tenant["failed"].is_string());
  }
  return well ? 0 : 1;
}

int resume(const std::string& state, const std::string& tenant, const std::string& what) {
  (void)ask_server(state, "resume", tenant, {{"what", what}});
  return 0;
}

int user_hash() {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  termios before{};
  if (terminal) {
    std::fprintf(stderr, "Password: ");
    ::tcgetattr(STDIN_FILENO, &before);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string password;
  std::getline(std::cin, password);
  if (terminal) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fprintf(stderr, "\n");
  }
  Collected reply;
  const std::string args =
      nlohmann::json{{"password", password}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const exh_rc rc = plugin_library().command(nullptr, borrow(""), borrow("user-hash"), borrow(args), reply.sink());
  if (rc != EXH_OK) throw Failure(reply.text.substr(reply.text.find(separator) + 1), 2);
  std::printf("%s\n", reply.text.c_str());
  return 0;
}

}  // namespace exhibit::host
