#include <nlohmann/json.hpp>

#include "adapters/sim/contract_desks.h"
#include "adapters/sim/desk.h"
#include "base/base64.h"
#include "base/text.h"

namespace exhibit::sim {
namespace {

/// The simulated desk, with an import set before it whose transform map coalesces on u_correlation_id.
class ServiceNow final : public ContractDesk {
 public:
  explicit ServiceNow(const std::string& profile)
      : table_(profile == "servicenow-sir" ? "sn_si_incident" : "incident"),
        desk_(
            {.user = "", .password = ""}, [] { return WallTime(std::chrono::system_clock::now()); },
            [](const std::string&) {}) {}
  [[nodiscard]] std::string login_members() const override {
    return R"("login":{"user":"exhibit","password":"snow-secret-123"})";
  }

  [[nodiscard]] std::size_t tickets(const std::string& correlation) override {
    std::size_t count = 0;
    const Json all = held();
    for (const Json& one : all["tickets"]) count += one["fields"]["correlation_id"] == correlation ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::size_t all_tickets() override { return held()["tickets"].size(); }
  [[nodiscard]] std::size_t notes_with(const std::string& ticket, const std::string& text) override {
    std::size_t count = 0;
    const Json one = held(ticket);
    for (const char* journal : {"work_notes", "comments"})
      for (const Json& note : one.value(journal, Json::array()))
        count += text_at(note, "value").find(text) != std::string::npos ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::vector<std::string> files(const std::string& ticket) override {
    std::vector<std::string> all;
    const Json one = held(ticket);
    for (const Json& file : one.value("attachments", Json::array()))
      all.push_back(ask("GET", cat("/api/now/attachment/", text_at(file, "sys_id"), "/file"), "").body);
    return all;
  }
  void person_says(const std::string& ticket, const std::string& text) override {
    ask("PATCH", cat("/api/now/table/", table_, "/", ticket), Json{{"comments", text}}.dump(), "kim");
  }
  void person_closes(const std::string& ticket) override {
    const char* const closed = table_ == "incident" ? R"({"state":"7"})" : R"({"state":"3"})";
    ask("PATCH", cat("/api/now/table/", table_, "/", ticket), closed, "kim");
  }

 private:
  [[nodiscard]] bool logged_in(const HttpRequest& request) const override {
    const auto login = basic_login(request.header("Authorization"));
    return login && login->first == "exhibit" && login->second == "snow-secret-123";
  }

  HttpReply answer(const Call& call) override {
    if (!call.request.path.starts_with("/api/now/import/")) return desk_.handle(call.request);
    Json fields = Json::object();
    for (const auto& [name, value] : call.body.items()) {
      if (!value.is_string()) return json(400, {{"error", {{"message", "an import set takes texts only"}}}});
      fields[name.starts_with("u_") ? name.substr(2) : name] = value;
    }
    const std::string correlation = fields.value("correlation_id", "");
    const Json found = parsed(
        pass_on(call, "GET", cat("/api/now/table/", table_), cat("sysparm_query=correlation_id%3D", correlation), ""));
    const bool there = found.contains("result") && found["result"].is_array() && !found["result"].empty();
    const std::string target = there ? cat("/api/now/table/", table_, "/", text_at(found["result"][0], "sys_id"))
                                     : cat("/api/now/table/", table_);
    const HttpReply done = pass_on(call, there ? "PATCH" : "POST", target, "", fields.dump());
    if (done.status / 100 != 2) return done;
    const Json record = parsed(done)["result"];
    return json(201, {{"import_set", "ISET0010001"},
                      {"result",
                       {{{"table", table_},
                         {"status", there ? "updated" : "inserted"},
                         {"sys_id", text_at(record, "sys_id")},
                         {"display_value", text_at(record, "number")}}}}});
  }

  HttpReply pass_on(const Call& call, std::string method, std::string path, std::string query, std::string body) {
    HttpRequest request = call.request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.body = std::move(body);
    return desk_.handle(request);
  }
  HttpReply ask(std::string method, std::string path, std::string body, const std::string& user = "exhibit") {
    const std::string login = cat(user, ":", user == "exhibit" ? "snow-secret-123" : "kim-secret");
    HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.headers = {{"Authorization", cat("Basic ", encode_base64(as_bytes(login)))},
                       {"Content-Type", "application/json"}};
    request.body = std::move(body);
    return desk_.handle(request);
  }
  static Json parsed(const HttpReply& reply) { return parse_json(reply.body, 64U << 20).value_or(Json::object()); }
  Json held() { return parsed(ask("GET", "/sim/tickets", "")); }
  Json held(const std::string& ticket) {
    const Json all = held();
    for (const Json& one : all["tickets"])
      if (one["fields"]["sys_id"] == ticket) return one;
    return Json::object();
  }

  const std::string table_;
  Desk desk_;
};

}  // namespace

std::unique_ptr<ContractDesk> make_servicenow(const std::string& profile) {
  return std::make_unique<ServiceNow>(profile);
}

}  // namespace exhibit::sim
