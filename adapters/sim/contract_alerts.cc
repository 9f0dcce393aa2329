#include <nlohmann/json.hpp>

#include "adapters/sim/contract_desks.h"
#include "base/sha256.h"
#include "base/text.h"

namespace exhibit::sim {
namespace {

class TheHive final : public ContractDesk {
 public:
  [[nodiscard]] std::string login_members() const override { return R"("login":{"token":"hive-token-123"})"; }

 private:
  [[nodiscard]] bool logged_in(const HttpRequest& request) const override {
    return request.header("Authorization") == "Bearer hive-token-123";
  }

  HttpReply answer(const Call& call) override {
    const auto& path = call.path;
    if (path.size() < 3 || path[0] != "api" || path[1] != "v1") return nothing(404);
    if (path[2] == "query") return query(call.body.at("query"));
    if (path[2] == "alert" && path.size() == 3) return create(call.body);
    StoredTicket* const alert = path.size() > 3 ? find(path[3]) : nullptr;
    if (alert == nullptr) return json(404, {{"type", "NotFoundError"}, {"message", "Alert not found"}});
    if (path.size() == 4 && call.request.method == "PATCH") {
      alert->state = call.body.value("status", alert->state);
      return nothing(204);
    }
    return path.size() == 5 ? part(call, path[4], *alert) : nothing(404);
  }

  HttpReply create(const Json& body) {
    for (const char* needed : {"type", "source", "sourceRef", "title", "description"})
      if (body.value(needed, "").empty()) return json(400, {{"type", "BadRequest"}, {"message", cat("no ", needed)}});
    if (!body.at("severity").is_number_integer()) return json(400, {{"type", "BadRequest"}, {"message", "severity"}});
    const std::string reference = body.at("sourceRef");
    for (const auto& alert : tickets_)
      if (alert->correlation == reference)
        return json(400, {{"type", "CreateError"}, {"message", "Alert already exist in this organisation"}});
    StoredTicket& made = add(cat("~", 4096 + 8 * ++serial_), reference);
    made.title = body.at("title");
    made.internal_text = body.at("description");
    made.state = "New";
    return json(201, row(made));
  }

  [[nodiscard]] static Json row(const StoredTicket& alert) {
    return {{"_id", alert.id},
            {"_type", "Alert"},
            {"sourceRef", alert.correlation},
            {"title", alert.title},
            {"description", alert.internal_text},
            {"status", alert.state}};
  }

  HttpReply query(const Json& steps) {
    Json rows = Json::array();
    const std::string first = steps.at(0).at("_name");
    if (first == "listAlert") {
      const Json& filter = steps.at(1).at("_eq");
      for (const auto& alert : tickets_)
        if (filter.at("_field") == "sourceRef" && filter.at("_value") == alert->correlation)
          rows.push_back(row(*alert));
      return json(200, rows);
    }
    const StoredTicket* const alert = find(steps.at(0).at("idOrName").get<std::string>());
    if (first != "getAlert" || alert == nullptr) return json(404, {{"type", "NotFoundError"}, {"message", "no alert"}});
    const std::string what = steps.size() > 1 ? steps.at(1).at("_name") : "";
    if (what.empty()) rows.push_back(row(*alert));
    if (what == "comments")
      for (const StoredNote& note : alert->notes) rows.push_back({{"_id", note.id}, {"message", note.text}});
    if (what == "attachments")
      for (const StoredFile& file : alert->files)
        rows.push_back({{"_id", file.id},
                        {"name", file.name},
                        {"size", file.bytes.size()},
                        {"hashes", {hex(sha256(file.bytes))}}});
    return json(200, rows);
  }

  HttpReply part(const Call& call, const std::string& what, StoredTicket& alert) {
    const std::string id = cat("~", ++serial_);
    if (what == "comment") {
      alert.notes.push_back({id, call.body.at("message"), "bot", false});
      return json(201, {{"_id", id}, {"message", call.body.at("message")}});
    }
    auto parts = parts_of(call.request);
    if (what != "attachments" || !parts.contains("attachments/filename")) return nothing(400);
    alert.files.push_back({id, parts["attachments/filename"], parts["attachments"]});
    return json(201, {{"attachments", {{{"_id", id}}}}});
  }
};

class PagerDuty final : public ContractDesk {
 public:
  [[nodiscard]] std::string login_members() const override {
    return R"("login":{"token":"0123456789abcdef0123456789abcdef"})";
  }

 private:
  [[nodiscard]] bool logged_in(const HttpRequest&) const override { return true; }

  HttpReply answer(const Call& call) override {
    if (call.request.path != "/v2/enqueue") return nothing(404);
    const Json& body = call.body;
    const std::string action = body.value("event_action", ""), key = body.value("dedup_key", "");
    if (body.value("routing_key", "") != "0123456789abcdef0123456789abcdef")
      return json(
          400,
          {{"status", "invalid event"}, {"message", "Event object is invalid"}, {"errors", {"invalid routing key"}}});
    if (call.request.body.size() > 512U << 10) return nothing(413);
    const bool known = action == "trigger" || action == "acknowledge" || action == "resolve";
    if (!known || key.empty() || key.size() > 255 || (action == "trigger" && bad_payload(body.at("payload"))))
      return json(400, {{"status", "invalid event"}, {"message", "Event object is invalid"}, {"errors", {"payload"}}});
    StoredTicket* alert = find(key);
    if (alert == nullptr && action == "trigger") alert = &add(key, key);
    if (alert != nullptr) keep(*alert, action, body);
    return json(202, {{"status", "success"}, {"message", "Event processed"}, {"dedup_key", key}});
  }

  static bool bad_payload(const Json& payload) {
    const std::string summary = payload.value("summary", ""), severity = payload.value("severity", "");
    return summary.empty() || code_points(summary) > 1024 || payload.value("source", "").empty() ||
           (severity != "critical" && severity != "error" && severity != "warning" && severity != "info");
  }

  static void keep(StoredTicket& alert, const std::string& action, const Json& body) {
    if (action != "trigger") {
      alert.state = action;
      return;
    }
    const Json details = body.at("payload").value("custom_details", Json::object());
    const std::string note = details.value("note", "");
    if (note.empty()) {
      alert.title = body.at("payload").at("summary");
      alert.internal_text = details.value("analyst", "");
    } else if (std::none_of(alert.notes.begin(), alert.notes.end(),
                            [&](const StoredNote& one) { return one.text == note; })) {
      alert.notes.push_back({"", note, "bot", false});
    }
  }
};

}  // namespace

std::unique_ptr<ContractDesk> make_thehive() { return std::make_unique<TheHive>(); }
std::unique_ptr<ContractDesk> make_pagerduty() { return std::make_unique<PagerDuty>(); }

}  // namespace exhibit::sim
