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

int desk_preview(const DeskPreviewOptions& options) {
  set_quiet(true);
  EngineHandle engine(options.config, read_text(options.config));
  const json args = {{"desk", options.desk}, {"alert", read_text(options.alert)}, {"disclosure", options.disclosure}};
  const json shown =
      json::parse(engine.command("", "desk-preview", args.dump(-1, ' ', false, json::error_handler_t::replace)));
  if (options.json) {
    std::printf("%s\n", shown.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return 0;
  }
  for (const json& operation : shown["operations"])
    for (const json& request : operation["requests"]) {
      std::printf("# %s\n%s %s\n", request.value("operation", operation.value("operation", "")).c_str(),
                  request.value("method", "").c_str(), request.value("target", "").c_str());
      if (request.contains("headers")) std::printf("%s", request.value("headers", "").c_str());
      if (request.contains("content_type"))
        std::printf("Content-Type: %s\n", request.value("content_type", "").c_str());
      if (request.contains("body")) std::printf("\n%s\n", request.value("body", "").c_str());
      std::printf("\n");
    }
  return 0;
}

int desk_letters(const LettersOptions& options) {
  if (options.id.empty() != options.decision.empty()) throw Failure("a letter's id and a decision go together", 2);
  if (!options.decision.empty()) {
    (void)ask_server(
        options.state, "letter", options.tenant,
        {{"id", options.id}, {"what", options.decision}, {"ticket", options.ticket}, {"number", options.number}});
    return 0;
  }
  const json letters = json::parse(ask_server(options.state, "letters", options.tenant, json::object()));
  if (options.json) {
    std::printf("%s\n", letters.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return 0;
  }
  for (const json& letter : letters) {
    std::printf("%s  %s %s, %d attempts: %s\n", letter.value("id", "").c_str(), letter.value("kind", "").c_str(),
                letter.value("subject", "").c_str(), letter.value("attempts", 0), letter.value("cause", "").c_str());
    if (letter["body"].is_object() && letter["body"].contains("title"))
      std::printf("    %s\n", letter["body"].value("title", "").c_str());
    if (letter["link"].is_string()) std::printf("    %s\n", letter["link"].get<std::string>().c_str());
  }
  return 0;
}

}  // namespace exhibit::host
