#include <cstdio>
#include <nlohmann/json.hpp>

#include "host/plugin_library.h"
#include "host/verbs.h"

/// `exhibit desk …`: what an operator asks of a desk.
namespace exhibit::host {

using nlohmann::json;

int desk_test(const DeskTestOptions& options) {
  set_quiet(true);
  EngineHandle engine(options.config, read_text(options.config));
  const json args = {{"desk", options.desk}, {"read_only", options.read_only}};
  const json result =
      json::parse(engine.command("", "desk-test", args.dump(-1, ' ', false, json::error_handler_t::replace)));
  bool passed = !result["steps"].empty();
  for (const json& step : result["steps"]) passed = passed && step.value("ok", false);
  if (options.json) {
    std::printf("%s\n", result.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return passed ? 0 : 1;
  }
  for (const json& step : result["steps"])
    std::printf("%-4s %-18s %s\n", step.value("ok", false) ? "ok" : "FAIL", step.value("name", "").c_str(),
                step.value("says", "").c_str());
  return passed ? 0 : 1;
}

}  // namespace exhibit::host
