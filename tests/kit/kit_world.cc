#include "tests/kit/kit_world.h"

#include <atomic>
#include <fstream>
#include <iterator>

#include "base/sha256.h"
#include "base/text.h"

namespace exhibit::kit {

KitWorld::KitWorld(const std::string& profile)
    : name(profile),
      profile_json(parse_json(profile_text(profile)).value_or(Json::object())),
      desk(sim::ContractDesk::make(profile)),
      server({}, std::nullopt, [this](const sim::HttpRequest& request) { return desk->handle(request); }),
      proxy(server.port()),
      runner(EXHIBIT_BINARY_DIR "/bin/exhibit-adapter-runner", EXHIBIT_BINARY_DIR "/lib/libexhibit-adapter-rest.so") {}

std::vector<std::string> KitWorld::profiles() {
  return {"servicenow", "servicenow-sir", "servicenow-import", "jira2",    "jira3",
          "thehive5",   "connectwise",    "autotask",          "pagerduty"};
}

std::string KitWorld::profile_text(const std::string& name) {
  std::ifstream file(cat(EXHIBIT_SOURCE_DIR, "/adapters/rest/profiles/", name, ".json"));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string KitWorld::config(const std::string& login_members) const {
  return cat(R"({"url":"http://127.0.0.1:)", proxy.port(), R"(","allow":["127.0.0.1"],)",
             login_members.empty() ? desk->login_members() : login_members, ",\"map\":", desk->map(),
             ",\"profile\":", profile_json.dump(), "}");
}

std::string KitWorld::fresh() {
  static std::atomic<int> serial = 0;
  return cat("EXH1-", hex(sha256(cat("kit", ++serial))).substr(0, 26));
}

Op KitWorld::ensure() const { return ensure_op(fresh()); }

std::string KitWorld::ticket_of(const Op& op) { return deliver(runner, 0, op).ticket; }

int KitWorld::requests_of(const Op& op) {
  proxy.arm(0, FaultProxy::Cut::none);
  (void)apply(runner, 0, op);
  return proxy.requests();
}

std::string http_answer(int status, const std::string& type, const std::string& body, const std::string& headers) {
  return cat("HTTP/1.1 ", status, " Said\r\nConnection: close\r\n", headers, "Content-Type: ", type,
             "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

}  // namespace exhibit::kit
