#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/sim/contract_desks.h"
#include "base/text.h"

namespace exhibit::sim {
namespace {

constexpr std::string_view login = "Basic Ym90QGV4YW1wbGUub3JnOmppcmEtdG9rZW4tMTIz";  // bot@example.org:jira-token-123

class Jira final : public ContractDesk {
 public:
  explicit Jira(int version) : version_(version) {}
  [[nodiscard]] std::string login_members() const override {
    return R"("login":{"user":"bot@example.org","token":"jira-token-123"})";
  }
  [[nodiscard]] std::string map() const override { return R"({"project":"SEC"})"; }

 private:
  [[nodiscard]] bool logged_in(const HttpRequest& request) const override {
    return request.header("Authorization") == login;
  }

  HttpReply answer(const Call& call) override {
    const auto& path = call.path;
    const std::string api = std::to_string(version_);
    if (path.size() == 4 && path[0] == "secure") return file(path[2]);
    if (path.size() < 4 || path[0] != "rest" || path[1] != "api" || path[2] != api) return nothing(404);
    if (path[3] == "search") return search(call);
    if (path[3] == "attachment" && path.size() == 6) return file(path[5]);
    if (path[3] != "issue") return nothing(404);
    if (path.size() == 4 && call.request.method == "POST") return create(call.body);
    StoredTicket* const issue = path.size() > 4 ? find(path[4]) : nullptr;
    if (issue == nullptr)
      return json(404, {{"errorMessages", {"Issue does not exist or you do not have permission to see it."}}});
    return path.size() == 5 ? whole(call, *issue) : part(call, path[5], *issue);
  }

  /// Version 3 takes document trees and nothing else, version 2 texts.
  [[nodiscard]] bool fits(const Json& text) const {
    return version_ == 3 ? text.is_object() && text.value("type", "") == "doc" && text.value("version", 0) == 1
                         : text.is_string();
  }
  [[nodiscard]] static std::string kept(const Json& text) {
    return text.is_string() ? text.get<std::string>() : text.dump();
  }
  [[nodiscard]] Json given(const std::string& text) const {
    return version_ == 3 ? Json::parse(text, nullptr, false) : Json(text);
  }

  HttpReply create(const Json& body) {
    const Json& fields = body.at("fields");
    if (fields.at("project").at("key") != "SEC" || !fits(fields.at("description")) ||
        !fields.at("issuetype").contains("name"))
      return json(400, {{"errorMessages", Json::array()}, {"errors", {{"project", "valid project is required"}}}});
    const std::string number = std::to_string(++serial_);
    StoredTicket& made = add(cat("SEC-", number), fields.at("labels").at(0));
    made.title = fields.at("summary");
    made.public_text = kept(fields.at("description"));
    return json(201, {{"id", cat("100", number)}, {"key", made.id}, {"self", "x"}});
  }

  [[nodiscard]] Json row(const StoredTicket& issue) const {
    Json files = Json::array();
    for (const StoredFile& file : issue.files)
      files.push_back({{"id", file.id}, {"filename", file.name}, {"size", file.bytes.size()}});
    const bool open = issue.state == "open";
    return {
        {"id", cat("1", issue.id.substr(4))},
        {"key", issue.id},
        {"fields",
         {{"summary", issue.title},
          {"description", given(issue.public_text)},
          {"labels", {"other", issue.correlation}},
          {"status",
           {{"name", open ? "In Progress" : "Done"}, {"statusCategory", {{"key", open ? "indeterminate" : "done"}}}}},
          {"updated", cat("2026-11-22T02:12:", 10 + issue.changes, ".000+0000")},
          {"attachment", files}}}};
  }

  HttpReply search(const Call& call) {
    const std::string jql = value_of(call.query, "jql");
    const bool by_token = call.path.size() == 5 && call.path[4] == "jql";
    if (by_token != (version_ == 3)) return nothing(410);
    if (jql.find("project = \"SEC\" AND labels = \"") == std::string::npos && jql.find("key in (") == std::string::npos)
      return json(400, {{"errorMessages", {"the query is not understood"}}});
    Json rows = Json::array();
    for (const auto& issue : tickets_)
      if (jql.find(cat('"', issue->correlation, '"')) != std::string::npos ||
          jql.find(cat('(', issue->id, ')')) != std::string::npos)
        rows.push_back(row(*issue));
    if (by_token) return json(200, {{"issues", rows}, {"isLast", true}});
    return json(200, {{"issues", rows}, {"startAt", 0}, {"maxResults", 50}, {"total", rows.size()}});
  }

  HttpReply whole(const Call& call, StoredTicket& issue) {
    if (call.request.method == "GET") return json(200, row(issue));
    ++issue.changes;
    return call.request.method == "PUT" ? nothing(204) : nothing(405);
  }

  HttpReply part(const Call& call, const std::string& what, StoredTicket& issue) {
    const bool writes = call.request.method == "POST";
    if (what == "comment") return writes ? comment(call.body, issue) : comments(issue);
    if (what == "attachments" && writes) return attach(call, issue);
    if (what == "remotelink" && writes) return json(201, {{"id", 1}, {"self", call.body.at("globalId")}});
    if (what != "transitions") return nothing(404);
    if (!writes)
      return json(200, {{"transitions",
                         {{{"id", "11"}, {"to", {{"statusCategory", {{"key", "indeterminate"}}}}}},
                          {{"id", "31"}, {"to", {{"statusCategory", {{"key", "done"}}}}}}}}});
    issue.state = call.body.at("transition").at("id") == "31" ? "closed" : "open";
    ++issue.changes;
    return nothing(204);
  }

  [[nodiscard]] Json row(const StoredNote& note) const {
    return {{"id", note.id},
            {"body", given(note.text)},
            {"author", {{"displayName", note.author}}},
            {"created", "2026-11-22T02:12:41.000+0000"},
            {"jsdPublic", note.is_public}};
  }
  HttpReply comment(const Json& body, StoredTicket& issue) {
    if (!fits(body.at("body"))) return json(400, {{"errors", {{"comment", "Comment body is not valid!"}}}});
    const bool internal = body.at("properties").at(0).at("value").at("internal");
    issue.notes.push_back({std::to_string(++serial_), kept(body.at("body")), "Bot", !internal});
    ++issue.changes;
    return json(201, row(issue.notes.back()));
  }
  HttpReply comments(const StoredTicket& issue) {
    Json rows = Json::array();
    for (const StoredNote& note : issue.notes) rows.push_back(row(note));
    return json(200, {{"comments", rows}, {"startAt", 0}, {"total", rows.size()}});
  }

  HttpReply attach(const Call& call, StoredTicket& issue) {
    auto parts = parts_of(call.request);
    if (call.request.header("X-Atlassian-Token") != "no-check" || !parts.contains("file/filename"))
      return json(403, {{"errorMessages", {"XSRF check failed"}}});
    issue.files.push_back({std::to_string(++serial_), parts["file/filename"], parts["file"]});
    ++issue.changes;
    return json(
        200,
        Json::array(
            {{{"id", issue.files.back().id}, {"filename", parts["file/filename"]}, {"size", parts["file"].size()}}}));
  }
  HttpReply file(const std::string& id) {
    for (const auto& issue : tickets_)
      for (const StoredFile& one : issue->files)
        if (one.id == id) return {.headers = {{"Content-Type", "application/octet-stream"}}, .body = one.bytes};
    return nothing(404);
  }

  void person_says(const std::string& ticket, const std::string& text) override {
    const Json tree = {{"version", 1},
                       {"type", "doc"},
                       {"content", {{{"type", "paragraph"}, {"content", {{{"type", "text"}, {"text", text}}}}}}}};
    ContractDesk::person_says(ticket, version_ == 3 ? tree.dump() : text);
  }

  const int version_;
};

}  // namespace

std::unique_ptr<ContractDesk> make_jira(int version) { return std::make_unique<Jira>(version); }

}  // namespace exhibit::sim
