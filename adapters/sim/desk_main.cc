#include <CLI/CLI.hpp>
#include <cstdio>

#include "adapters/sim/desk.h"
#include "adapters/sim/process.h"
#include "base/text.h"

/// exhibit-sim-desk: a desk to develop against. It keeps its tickets in memory and ends with its process.
namespace exhibit::sim {
namespace {

struct Settings {
  std::string listen = "127.0.0.1:0", user = "exhibit", password_variable;
  std::vector<std::string> misbehaviours;
  bool strict_query = false, until_stdin_closes = false;
  int settle_hidden_ms = 0;
};

void declare(CLI::App& app, Settings& settings) {
  app.add_option("--listen", settings.listen, "Address and port; port 0 lets the system choose");
  app.add_option("--user", settings.user, "The only user that may log in");
  app.add_option("--password-env", settings.password_variable, "Environment variable that holds the password");
  app.add_option("--misbehave", settings.misbehaviours,
                 "MODE[:on=create,times=1,after=0,reused=true,match=TEXT,wait=SECONDS]")
      ->expected(1)
      ->take_all();
  app.add_flag("--strict-query", settings.strict_query, "An invalid query finds nothing");
  app.add_option("--settle-hidden-ms", settings.settle_hidden_ms, "A new ticket is not found by a search for so long");
  app.add_flag("--until-stdin-closes", settings.until_stdin_closes, "End when standard input does");
}

int refuse(std::string_view why) {
  std::fprintf(stderr, "exhibit-sim-desk: %.*s\n", static_cast<int>(why.size()), why.data());
  return 2;
}

int serve(const Settings& settings) {
  const Result<Endpoint> endpoint = parse_endpoint(settings.listen);
  if (!endpoint) return refuse(endpoint.error().text);
  Desk desk(
      {.user = settings.user,
       .password = from_environment(settings.password_variable),
       .strict_query = settings.strict_query,
       .settle_hidden = std::chrono::milliseconds(settings.settle_hidden_ms)},
      [] { return WallTime(std::chrono::system_clock::now()); }, say);
  for (const std::string& text : settings.misbehaviours) {
    Result<Misbehaviour> order = parse_misbehaviour(text);
    if (!order) return refuse(order.error().text);
    desk.order(*std::move(order));
  }
  hold_stop_signals();
  const HttpServer server(*endpoint, std::nullopt, [&](const HttpRequest& request) { return desk.handle(request); });
  say(cat(R"({"event":"ready","url":"http://)", endpoint->address, ":", server.port(), R"("})"));
  wait_for_stop(settings.until_stdin_closes);
  return 0;
}

}  // namespace
}  // namespace exhibit::sim

int main(int argc, char** argv) {
  CLI::App app{"A ServiceNow-style desk for tests and demonstrations", "exhibit-sim-desk"};
  exhibit::sim::Settings settings;
  exhibit::sim::declare(app, settings);
  CLI11_PARSE(app, argc, argv);
  try {
    return exhibit::sim::serve(settings);
  } catch (const std::exception& error) {
    return exhibit::sim::refuse(error.what());
  }
}
