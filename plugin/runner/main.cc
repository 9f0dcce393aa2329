#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "runner/channel.h"
#include "runner/desk_http.h"
#include "runner/egress.h"
#include "runner/link_thread.h"
#include "runner/module.h"

/// exhibit-adapter-runner: keeps an adapter module, and the HTTP library it needs, out of the host's process.
///
/// It is told what to do over one socket, and ends at once when that closes: with `_exit`, since the HTTP library is
/// known to crash in an orderly end. Its lock descriptor is held by inheritance and never touched: while it is held, a
/// request of this runner may still be on its way.
namespace exhibit {
namespace {

constexpr std::size_t links_max = 64;

void limit_itself() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0}, files{.rlim_cur = 256, .rlim_max = 256};
  ::setrlimit(RLIMIT_CORE, &none);
  ::setrlimit(RLIMIT_NOFILE, &files);
#ifndef __SANITIZE_THREAD__
#ifndef __SANITIZE_ADDRESS__
  const rlimit memory{.rlim_cur = 2UL << 30, .rlim_max = 2UL << 30};
  ::setrlimit(RLIMIT_AS, &memory);
#endif
#endif
  ::prctl(PR_SET_DUMPABLE, 0);  // It holds a desk's password.
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

std::vector<std::string> texts_at(const Json& object, const char* key) {
  std::vector<std::string> texts;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return texts;
  for (const Json& value : *found)
    if (value.is_string()) texts.push_back(value.get<std::string>());
  return texts;
}

/// The login itself is the module's business; what it needs besides is where a token may be had.
DeskHttp::Settings http_settings(const Json& config) {
  const Json login = config.value("login", Json::object()), oauth = login.value("oauth2", Json::object());
  const Json certificate = config.value("client_certificate", Json::object());
  DeskHttp::Settings settings{.url = text_at(config, "url"),
                              .also = texts_at(config, "also"),
                              .certificate = text_at(certificate, "certificate"),
                              .key = text_at(certificate, "key"),
                              .refusals = egress::refusals};
  if (const std::string token_url = text_at(oauth, "token_url"); !token_url.empty()) settings.also.push_back(token_url);
  return settings;
}

class Runner {
 public:
  Runner(int socket, const exh_adapter& adapter) : channel_(socket), adapter_(adapter) {}

  void greet() {
    TextSink description;
    adapter_.describe(description.sink());
    channel_.send({.kind = FrameKind::hello, .call = 0, .payload = description.text});
  }

  /// Until the plugin leaves, or breaks the rules.
  void serve() {
    Message message;
    Descriptors descriptors;
    while (channel_.receive(message, descriptors)) {
      if (message.kind == FrameKind::cancel) {
        for (auto& [number, link] : links_) link->cancel(message.call);
        continue;
      }
      // Only for whom it is: its link reads the rest, while the next one is received.
      const auto number = parse_number<std::uint64_t>(raw_member(message.payload, "link"));
      LinkThread* const link = number ? link_of(*number) : nullptr;
      if (link == nullptr || !link->submit(std::move(message), std::move(descriptors))) return;
    }
  }

 private:
  LinkThread* link_of(std::uint64_t number) {
    if (number >= links_max) return nullptr;
    auto& link = links_[number];
    if (!link)
      link = std::make_unique<LinkThread>(
          adapter_, [this](const Json& config) { return http_for(config); },
          [this](const Message& answer) { channel_.send(answer); },
          [this](int level, std::string_view text) {
            JsonWriter json;
            json.object().member("level", level).member("text", text).end();
            channel_.send({.kind = FrameKind::log, .call = 0, .payload = json.take()});
          });
    return link.get();
  }

  /// One client for the whole desk: all links of a runner have the same configuration. A desk that is no HTTP server,
  /// such as a mail server, has none; the egress rules are the same for it.
  std::shared_ptr<DeskHttp> http_for(const Json& config) {
    const std::lock_guard lock(http_mutex_);
    if (configured_) return http_;
    if (const auto allowed = egress::allow(texts_at(config, "allow")); !allowed)
      throw std::invalid_argument(allowed.error().text);
    const std::string scheme = to_lower(text_at(config, "url").substr(0, 4));
    if (scheme == "smtp" || scheme == "imap") {
      configured_ = true;
      return nullptr;
    }
    DeskHttp::initialise();
    http_ = std::make_shared<DeskHttp>(http_settings(config));
    configured_ = true;
    return http_;
  }

  Channel channel_;
  const exh_adapter& adapter_;
  std::map<std::uint64_t, std::unique_ptr<LinkThread>> links_;
  std::mutex http_mutex_;
  std::shared_ptr<DeskHttp> http_;
  bool configured_ = false;
};

int run(int socket, const std::string& module) {
  limit_itself();
  std::signal(SIGPIPE, SIG_IGN);
  const Result<const exh_adapter*> adapter = load_module(module);
  if (!adapter) {
    JsonWriter json;
    json.object().member("error", adapter.error().text).end();
    Channel(socket).send({.kind = FrameKind::hello, .call = 0, .payload = json.take()});
    return 1;
  }
  static Runner* const runner = new Runner(socket, **adapter);  // Its threads use it until the process ends.
  runner->greet();
  runner->serve();
  return 0;
}

}  // namespace
}  // namespace exhibit

int main(int argc, char** argv) {
  CLI::App app{"Runs an adapter module for Exhibit; started by it", "exhibit-adapter-runner"};
  int socket = -1;
  std::string module;
  app.add_option("--socket", socket, "Descriptor of the socket to the plugin")->required();
  app.add_option("--module", module, "Path of the adapter module")->required();
  CLI11_PARSE(app, argc, argv);
  int code = 2;
  try {
    code = exhibit::run(socket, module);
  } catch (const std::exception&) {
    // A broken runner ends; the plugin sees it and starts another.
  }
  ::_exit(code);
}
