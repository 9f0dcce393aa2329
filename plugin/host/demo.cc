#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/demo_document.h"
#include "host/demo_world.h"
#include "host/verbs.h"

namespace exhibit::host {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto once_budget = 55s;       // With the simulated desk.
constexpr auto budget_of_a_desk = 60s;  // And more for each real one, which takes its time.
constexpr timespec poll_every{0, 100'000'000};

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : "-"; }

std::string answer_words(const json& answer) {
  if (!answer.is_object()) return "";
  const std::string kind = answer.value("kind", "");
  if (kind == "none-in-capture") return ", no answer in the capture";
  std::string words = ", answered: " + kind;
  if (answer["status"].is_number()) words += " " + std::to_string(answer["status"].get<int>());
  return words + ", " + std::to_string(answer.value("bytes", 0ULL)) + " bytes";
}

/// Says each ticket as it is made, and each capture as it settles, once.
class Narrator {
 public:
  void tell(const json& report) {
    for (const json& ticket : report["tickets"]) {
      const std::string correlation = text_of(ticket["correlation_id"]);
      const std::string number = text_of(ticket["number"]);
      if (ticket["number"].is_string() && told_.emplace(correlation, "made").second)
        std::printf("ticket  %s  %s\n", number.c_str(), text_of(ticket["link"]).c_str());
      for (const json& capture : ticket["captures"]) {
        const std::string state = text_of(capture["state"]);
        if (state != "lost" && !state.starts_with("sealed")) continue;
        if (!told_.emplace(correlation + text_of(capture["log"]), state).second) continue;
        const std::string more = state == "lost" ? ": " + text_of(capture["cause"]) : answer_words(capture["answer"]);
        std::printf("capture %s  log %s %s%s\n", number.c_str(), text_of(capture["log"]).c_str(), state.c_str(),
                    more.c_str());
      }
    }
    std::fflush(stdout);
  }

 private:
  std::map<std::string, std::string> told_;
};

std::vector<json> reports_of(DemoWorld& world) {
  std::vector<json> reports;
  for (const DemoTenant& tenant : world.tenants()) reports.push_back(world.report(tenant));
  return reports;
}

bool is_over(const DemoWorld& world, const std::vector<json>& reports) {
  return std::all_of(world.tenants().begin(), world.tenants().end(),
                     [](const DemoTenant& tenant) { return tenant.scenario_over; }) &&
         std::all_of(reports.begin(), reports.end(), [](const json& report) { return report.value("settled", false); });
}

void print_summary(const json& document) {
  std::printf("%llu alerts, %llu incidents, %zu tickets, %llu duplicates, %llu gaps\n",
              document["alerts"].get<unsigned long long>(), document["incidents"].get<unsigned long long>(),
              document["tickets"].size(), document["duplicates"].get<unsigned long long>(),
              document["gaps"].get<unsigned long long>());
  for (const json& ticket : document["tickets"]) {
    const json& capture = ticket["capture"];
    const std::string cause = capture["cause"].is_string() ? " (" + capture["cause"].get<std::string>() + ")" : "";
    std::printf("  %-12s %-80s %s%s\n", text_of(ticket["number"]).c_str(), text_of(ticket["title"]).c_str(),
                text_of(capture["state"]).c_str(), cause.c_str());
  }
}

int play_once(const DemoOptions& options, DemoWorld& world, const sigset_t& ends) {
  const auto budget = once_budget + budget_of_a_desk * options.desks.size();
  const auto deadline = std::chrono::steady_clock::now() + budget;
  std::vector<json> reports = reports_of(world);
  while (!is_over(world, reports) && std::chrono::steady_clock::now() < deadline) {
    if (sigtimedwait(&ends, nullptr, &poll_every) > 0) throw Failure("interrupted", 130);
    world.listen();
    reports = reports_of(world);
  }
  const bool over = is_over(world, reports);
  const json document = demo_document(options, world, reports);
  world.stop();
  if (options.json)
    std::printf("%s\n", document.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  else
    print_summary(document);
  if (!over)
    std::fprintf(stderr, "the scenario did not come to its end within %lld s\n",
                 static_cast<long long>(std::chrono::seconds(budget).count()));
  const bool well = demo_succeeded(document);
  if (!well) std::fprintf(stderr, "not every incident has exactly one ticket, or not every capture is settled\n");
  return over && well ? 0 : 1;
}

int play_on(DemoWorld& world, const sigset_t& ends) {
  std::printf("desk %s\nevidence %s\nsign-in %s %s\n", world.desk_url().c_str(), world.evidence_url().c_str(),
              world.user().c_str(), world.password().c_str());
  std::fflush(stdout);
  Narrator narrator;
  while (sigtimedwait(&ends, nullptr, &poll_every) <= 0) {
    world.listen();
    for (const json& report : reports_of(world)) narrator.tell(report);
  }
  world.stop();
  return 0;
}

}  // namespace

int demo(const DemoOptions& options) {
  if (!options.once && options.json) throw Failure("--json goes with --once", 2);
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&ends, signal);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  set_quiet(!options.once || options.json);
  DemoWorld world(options);
  world.start();
  return options.once ? play_once(options, world, ends) : play_on(world, ends);
}

}  // namespace exhibit::host
