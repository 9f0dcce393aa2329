#include "tests/guest/process/cycle.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <exhibit/host_tickets.h>
#include <exhibit/plugin.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stdexcept>

namespace exhibit::guest {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto patience = 20s;

exh_str borrowed(const std::string& text) { return {text.data(), text.size()}; }

exh_sink into(std::string& text) {
  return {&text, [](void* to, const char* bytes, size_t count) -> int32_t {
            static_cast<std::string*>(to)->append(bytes, count);
            return 0;
          }};
}

/// What the host's side does when it is called.
enum class Mood { kind, slow, throws, keeps_no_secret };

/// The host's own tickets, its secrets and its log.
class HostSide {
 public:
  explicit HostSide(Mood mood) : mood_(mood) {}

  exh_host table() {
    static const std::string name = "guest_host", version = "1";
    return {sizeof(exh_host),
            EXH_PLUGIN_ABI_MAJOR,
            EXH_PLUGIN_ABI_MINOR,
            0,
            this,
            borrowed(name),
            borrowed(version),
            log,
            secret,
            extension};
  }
  bool wait_for_call() { return wait(called_); }
  bool wait_for_ticket() { return wait(tickets_); }
  void plugin(const exh_plugin* plugin) { plugin_ = plugin; }

 private:
  static HostSide& self(void* ctx) { return *static_cast<HostSide*>(ctx); }

  bool wait(const int& count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return count > 0; });
  }
  int count(int& what) {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
    return ++what;
  }

  static void log(void* ctx, int32_t, exh_str, exh_str, exh_str) {
    HostSide& side = self(ctx);
    if (side.mood_ == Mood::throws) throw std::runtime_error("the host's log is full");
    // A host that calls back although it should not.
    std::string ignored;
    if (side.mood_ == Mood::keeps_no_secret && side.plugin_ != nullptr) side.plugin_.load()->describe(into(ignored));
  }

  static exh_rc secret(void* ctx, exh_str, exh_str, exh_sink out) {
    HostSide& side = self(ctx);
    if (side.mood_ == Mood::keeps_no_secret) {
      side.count(side.called_);
      throw std::runtime_error("the host's safe is locked");
    }
    out.put(out.ctx, "guest-secret", 12);
    return EXH_OK;
  }

  static const void* extension(void* ctx, const char* id) {
    HostSide& side = self(ctx);
    side.own_ = {sizeof side.own_, 0, ctx, ensure, find, take, take, nullptr};
    return std::string_view(id) == EXH_HOST_TICKETS ? &side.own_ : nullptr;
  }

  static exh_rc ensure(void* ctx, exh_str, const exh_op*, exh_sink result) {
    HostSide& side = self(ctx);
    const int calls = side.count(side.called_);
    if (side.mood_ == Mood::slow) std::this_thread::sleep_for(300ms);
    if (side.mood_ == Mood::throws && calls == 1) throw std::runtime_error("the host's tickets are locked");
    constexpr std::string_view said = R"({"ticket":"t1","number":"HOST-1"})";
    result.put(result.ctx, said.data(), said.size());
    side.count(side.tickets_);
    return EXH_OK;
  }
  static exh_rc find(void*, exh_str, const exh_op*, exh_sink) { return EXH_ABSENT; }
  static exh_rc take(void*, exh_str, const exh_op*, exh_sink) { return EXH_OK; }

  const Mood mood_;
  exh_host_tickets own_{};
  std::atomic<const exh_plugin*> plugin_{nullptr};
  std::mutex mutex_;
  std::condition_variable changed_;
  int called_ = 0, tickets_ = 0;
};

/// A peer on loopback that lets one connect, and then says nothing until it hangs up.
class SilentPeer {
 public:
  SilentPeer() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listening_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listening_, 16);
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  SilentPeer(const SilentPeer&) = delete;
  SilentPeer& operator=(const SilentPeer&) = delete;
  ~SilentPeer() {
    if (heard_ >= 0) ::close(heard_);
    ::close(listening_);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  bool wait_for_call() {
    pollfd wanted{listening_, POLLIN, 0};
    if (::poll(&wanted, 1, 20'000) != 1) return false;
    heard_ = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    pollfd request{heard_, POLLIN, 0};
    return ::poll(&request, 1, 20'000) == 1;
  }

 private:
  int listening_, heard_ = -1, port_ = 0;
};

/// The library, as a host gets at it.
class Guest {
 public:
  explicit Guest(const std::string& library) : library_(::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) throw std::runtime_error(::dlerror());
    const auto entry = reinterpret_cast<const exh_plugin* (*)(std::uint32_t, std::uint32_t)>(
        ::dlsym(library_, "exhibit_plugin_entry"));
    plugin_ = entry != nullptr ? entry(EXH_PLUGIN_ABI_MAJOR, EXH_PLUGIN_ABI_MINOR) : nullptr;
    if (plugin_ == nullptr) throw std::runtime_error("no table");
  }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest() { ::dlclose(library_); }
  const exh_plugin* operator->() const { return plugin_; }
  [[nodiscard]] const exh_plugin* table() const { return plugin_; }

 private:
  void* library_;
  const exh_plugin* plugin_ = nullptr;
};

std::string provider_yaml(const std::string& state, const std::string& desk) {
  return "public_url: http://127.0.0.1:1\nstate: " + state +
         "\nweb: {listen: '127.0.0.1:0'}\ndesks:\n  own: {adapter: host, settle: 0 s, retry: 1 s}\n  far: {adapter: "
         "rest, profile: servicenow, "
         "url: '" +
         desk + "', login: {user: exhibit, password: {host: desk}}, settle: 0 s, retry: 1 s}\n";
}

std::string tenant_yaml(const std::string& sensor, const std::string& pin, const std::string& desk) {
  const bool tls = sensor.starts_with("https");
  return "tenant: acme\nsensors: [{name: s1, kind: cisco-sdee, url: '" + sensor +
         "', login: {user: exhibit, password: {host: sensor}}, force: true, log_time: 1 s, margin: 1 s, retry: 1 s, "
         "long_poll: 1 s" +
         (tls ? ", tls: legacy, pin: '" + pin + "'" : "") + "}]\ndesk: {use: " + desk + ", attach: trigger_packet}\n";
}

/// Until every incident's ticket stands on the far desk.
bool wait_for_desk(const exh_plugin* plugin, exh_engine* engine) {
  const std::string tenant = "acme", verb = "report", arguments = "{}";
  for (const auto end = Clock::now() + patience; Clock::now() < end; std::this_thread::sleep_for(10ms)) {
    std::string report;
    plugin->command(engine, borrowed(tenant), borrowed(verb), borrowed(arguments), into(report));
    if (report.find("\"incidents\":0") == std::string::npos &&
        report.find("\"open_deliveries\":0,") != std::string::npos)
      return true;
  }
  return false;
}

std::string hash(const std::string& text) {
  std::uint64_t value = 14695981039346656037ULL;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return std::to_string(text.size()) + "/" + std::to_string(value);
}

std::string decoded(const exh_plugin* plugin, const std::string& file) {
  const std::string nobody, verb = "decode", arguments = "{\"file\":\"" + file + "\",\"json\":true}";
  std::string out;
  const exh_rc rc = plugin->command(nullptr, borrowed(nobody), borrowed(verb), borrowed(arguments), into(out));
  return std::to_string(rc) + "/" + hash(out);
}

long timed_stop(const exh_plugin* plugin, exh_engine* engine) {
  const auto began = Clock::now();
  plugin->stop(engine);
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count());
}

/// How one kind of cycle is set up, and what it waits for before the stop.
struct Kind {
  Mood mood = Mood::kind;
  bool silent_sensor = false, silent_desk = false, far = false, starts = true;
  std::function<bool(const exh_plugin*, exh_engine*, HostSide&, SilentPeer&)> wait = [](auto&&...) { return true; };
};

Kind kind_of(int number) {
  const auto ticket = [](auto, auto, HostSide& side, auto&) { return side.wait_for_ticket(); };
  const auto call = [](auto, auto, HostSide& side, auto&) { return side.wait_for_call(); };
  const auto peer = [](auto, auto, auto&, SilentPeer& silent) { return silent.wait_for_call(); };
  switch (number % kinds_of_cycle) {
    case 0: return {.wait = ticket};
    case 1: return {};
    case 2: return {.starts = false};
    case 3: return {.silent_sensor = true, .wait = peer};
    case 4:
      return {.far = true,
              .wait = [](auto* plugin, auto* engine, auto&, auto&) { return wait_for_desk(plugin, engine); }};
    case 5: return {.silent_desk = true, .far = true, .wait = peer};
    case 6: return {.mood = Mood::slow, .wait = call};
    case 7: return {.mood = Mood::throws, .wait = ticket};
    default: return {.mood = Mood::keeps_no_secret, .wait = call};
  }
}

void work(const Guest& guest, exh_engine* engine, const Kind& kind, HostSide& side, SilentPeer& silent, CycleEnd& end) {
  const auto expect = [&](bool holds, const char* claim) {
    if (!holds) end.complaints.emplace_back(claim);
  };
  std::string report, text;
  if (kind.starts) {
    expect(guest->start(engine, into(report)) == EXH_OK, "start");
    expect(kind.wait(guest.table(), engine, side, silent), "nothing came before the stop");
    expect(guest->health(engine, into(text)) == EXH_OK && guest->metrics(engine, into(text)) == EXH_OK,
           "health, metrics");
  }
  end.stop_ms = timed_stop(guest.table(), engine);
  if (!report.empty()) end.complaints.push_back(report);
}

}  // namespace

CycleEnd one_cycle(const World& world, int number) {
  const std::string state = world.state + "/" + std::to_string(number);
  const Kind kind = kind_of(number);
  CycleEnd end;
  {
    const Guest guest(world.library);
    HostSide side(kind.mood);
    SilentPeer silent;
    const exh_host table = side.table();
    const std::string provider = provider_yaml(state, kind.silent_desk ? silent.url() : world.desk);
    const std::string tenant =
        tenant_yaml(kind.silent_sensor ? silent.url() : world.sensor, world.pin, kind.far ? "far" : "own");
    std::string report;
    exh_engine* engine = nullptr;
    if (guest->create(&table, borrowed(provider), into(report), &engine) != EXH_OK ||
        guest->tenant_put(engine, borrowed(tenant), 1, into(report)) != EXH_OK) {
      end.complaints.push_back(report);
      return end;
    }
    side.plugin(guest.table());
    work(guest, engine, kind, side, silent, end);
    end.decoded = decoded(guest.table(), world.capture);
    guest->destroy(engine);
  }
  std::filesystem::remove_all(state);
  return end;
}

CycleEnd bare_cycle(const World& world) {
  const Guest guest(world.library);
  HostSide side(Mood::kind);
  const exh_host table = side.table();
  std::string report;
  exh_engine* engine = nullptr;
  CycleEnd end;
  guest->create(&table, {nullptr, 0}, into(report), &engine);
  guest->start(engine, into(report));
  end.stop_ms = timed_stop(guest.table(), engine);
  guest->destroy(engine);
  return end;
}

}  // namespace exhibit::guest
