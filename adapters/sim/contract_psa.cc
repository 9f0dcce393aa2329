#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/sim/contract_desks.h"
#include "base/base64.h"
#include "base/text.h"

namespace exhibit::sim {
namespace {

class ConnectWise final : public ContractDesk {
 public:
  [[nodiscard]] std::string login_members() const override {
    return R"("login":{"user":"publickey","password":"private-key-123"},"company":"acme","client_id":"client-id-123")";
  }
  [[nodiscard]] std::string map() const override { return R"({"board":"Security","company_identifier":"ACME"})"; }

 private:
  [[nodiscard]] bool logged_in(const HttpRequest& request) const override {
    const auto login = basic_login(request.header("Authorization"));
    return login && login->first == "acme+publickey" && login->second == "private-key-123" &&
           request.header("clientId") == "client-id-123" &&
           request.header("Accept").starts_with("application/vnd.connectwise.com+json; version=");
  }

  HttpReply answer(const Call& call) override {
    const auto& path = call.path;
    if (path.size() < 5 || path[0] != "v4_6_release" || path[1] != "apis" || path[2] != "3.0") return nothing(404);
    if (path[3] == "system" && path[4] == "documents") return documents(call);
    if (path[3] != "service" || path[4] != "tickets") return nothing(404);
    if (path.size() == 5) return call.request.method == "POST" ? create(call.body) : search(call);
    StoredTicket* const ticket = find(path[5]);
    if (ticket == nullptr) return json(404, {{"code", "NotFound"}, {"message", "Service Ticket not found"}});
    if (path.size() == 7 && path[6] == "notes") return notes(call, *ticket);
    if (call.request.method == "PATCH") {
      for (const Json& change : call.body)
        if (change.at("op") == "replace" && change.at("path") == "status/name") ticket->state = change.at("value");
      return json(200, row(*ticket));
    }
    return json(200, row(*ticket));
  }

  [[nodiscard]] static Json row(const StoredTicket& ticket) {
    return {{"id", parse_number<int>(ticket.id).value_or(0)},
            {"summary", ticket.title},
            {"initialDescription", ticket.public_text},
            {"externalXRef", ticket.correlation},
            {"status", {{"name", ticket.state}}}};
  }

  HttpReply create(const Json& body) {
    if (body.at("board").at("name") != "Security" || code_points(body.at("summary").get<std::string>()) > 100)
      return json(400, {{"code", "InvalidObject"}, {"message", "ticket object is invalid"}});
    StoredTicket& made = add(std::to_string(5000 + ++serial_), body.at("externalXRef"));
    made.title = body.at("summary");
    made.public_text = body.at("initialDescription");
    if (const std::string text = body.value("initialInternalAnalysis", ""); !text.empty())
      made.notes.push_back({std::to_string(++serial_), text, "bot", false});
    return json(201, row(made));
  }
  HttpReply search(const Call& call) {
    Json rows = Json::array();
    const std::string condition = value_of(call.query, "conditions");
    for (const auto& ticket : tickets_)
      if (condition == cat("externalXRef=\"", ticket->correlation, '"')) rows.push_back(row(*ticket));
    return json(200, rows);
  }
  HttpReply notes(const Call& call, StoredTicket& ticket) {
    if (call.request.method == "POST") {
      const bool is_public = call.body.at("detailDescriptionFlag");
      ticket.notes.push_back({std::to_string(++serial_), call.body.at("text"), "bot", is_public});
      return json(201, {{"id", serial_}, {"text", call.body.at("text")}});
    }
    const bool internal = !value_of(call.query, "conditions").empty();
    Json rows = Json::array();
    for (const StoredNote& note : ticket.notes)
      if (!internal || !note.is_public) rows.push_back({{"id", note.id}, {"text", note.text}});
    return json(200, rows);
  }
  HttpReply documents(const Call& call) {
    if (call.request.method == "POST") {
      auto parts = parts_of(call.request);
      if (parts.empty()) return json(415, {{"code", "UnsupportedMediaType"}});
      StoredTicket* const ticket = find(parts["recordId"]);
      if (ticket == nullptr || parts["recordType"] != "Ticket" || !parts.contains("file/filename")) return nothing(400);
      ticket->files.push_back({std::to_string(++serial_), parts["title"], parts["file"]});
      return json(201, {{"id", serial_}, {"title", parts["title"]}});
    }
    Json rows = Json::array();
    if (const StoredTicket* const ticket = find(value_of(call.query, "recordId")))
      for (const StoredFile& file : ticket->files)
        rows.push_back({{"id", file.id}, {"title", file.name}, {"size", file.bytes.size()}});
    return json(200, rows);
  }
};

class Autotask final : public ContractDesk {
 public:
  [[nodiscard]] std::string login_members() const override {
    return R"("login":{"user":"bot@acme","password":"autotask-secret"},"integration_code":"INTEGRATION123")";
  }

 private:
  [[nodiscard]] bool logged_in(const HttpRequest& request) const override {
    return request.header("ApiIntegrationCode") == "INTEGRATION123" && request.header("UserName") == "bot@acme" &&
           request.header("Secret") == "autotask-secret";
  }

  HttpReply answer(const Call& call) override {
    const auto& path = call.path;
    if (path.size() < 3 || path[0] != "ATServicesRest" || path[1] != "V1.0") return nothing(404);
    if (path[2] == "TicketNotes") return notes(call.body);
    if (path[2] != "Tickets") return nothing(404);
    if (path.size() == 3) return call.request.method == "POST" ? create(call.body) : patch(call.body);
    if (path[3] == "query") return search(call.body);
    StoredTicket* const ticket = find(path[3]);
    if (ticket == nullptr) return json(404, {{"errors", {"no such ticket"}}});
    if (path.size() == 4) return json(200, {{"item", row(*ticket)}});
    return path[4] == "Notes" ? note(call.body, *ticket) : attachments(call, *ticket);
  }

  [[nodiscard]] static Json row(const StoredTicket& ticket) {
    return {{"id", parse_number<int>(ticket.id).value_or(0)},
            {"ticketNumber", cat("T20261122.", ticket.id)},
            {"title", ticket.title},
            {"description", ticket.public_text},
            {"status", parse_number<int>(ticket.state).value_or(1)},
            {"externalID", ticket.correlation}};
  }
  HttpReply create(const Json& body) {
    for (const char* needed : {"companyID", "status", "priority"})
      if (!body.contains(needed) || !body.at(needed).is_number_integer())
        return json(500, {{"errors", {cat("missing required field: ", needed)}}});
    StoredTicket& made = add(std::to_string(7000 + ++serial_), body.at("externalID"));
    made.title = body.at("title");
    made.public_text = body.at("description");
    made.state = std::string("1");
    return json(200, {{"itemId", parse_number<int>(made.id).value_or(0)}});
  }
  HttpReply patch(const Json& body) {
    StoredTicket* const ticket = find(body.at("id").dump());
    if (ticket == nullptr) return json(404, {{"errors", {"no such ticket"}}});
    if (body.contains("status")) ticket->state = body.at("status").dump();
    return json(200, {{"itemId", body.at("id")}});
  }
  HttpReply search(const Json& body) {
    const Json& filter = body.at("filter").at(0);
    Json rows = Json::array();
    for (const auto& ticket : tickets_)
      if (filter.at("op") == "eq" && filter.at("field") == "externalID" && filter.at("value") == ticket->correlation)
        rows.push_back(row(*ticket));
    return json(200, {{"items", rows}, {"pageDetails", {{"count", rows.size()}}}});
  }
  HttpReply note(const Json& body, StoredTicket& ticket) {
    if (!body.at("publish").is_number_integer() || code_points(body.at("description").get<std::string>()) > 3200)
      return json(500, {{"errors", {"description is too long"}}});
    ticket.notes.push_back({std::to_string(++serial_), body.at("description"), "bot", body.at("publish") == 1});
    return json(200, {{"itemId", serial_}});
  }
  HttpReply notes(const Json& body) {
    Json rows = Json::array();
    if (const StoredTicket* const ticket = find(body.at("filter").at(0).at("value").get<std::string>()))
      for (const StoredNote& one : ticket->notes) rows.push_back({{"id", one.id}, {"description", one.text}});
    return json(200, {{"items", rows}});
  }
  HttpReply attachments(const Call& call, StoredTicket& ticket) {
    if (call.request.method == "POST") {
      const Result<Bytes> bytes = decode_base64(call.body.at("data").get<std::string>(), 6'000'000);
      if (!bytes || call.body.at("attachmentType") != "FILE_ATTACHMENT") return json(500, {{"errors", {"data"}}});
      ticket.files.push_back({std::to_string(++serial_), call.body.at("title"), std::string(as_text(*bytes))});
      return json(200, {{"itemId", serial_}});
    }
    Json rows = Json::array();
    for (const StoredFile& file : ticket.files)
      rows.push_back({{"id", file.id}, {"title", file.name}, {"fileSize", file.bytes.size()}});
    return json(200, {{"items", rows}});
  }
};

}  // namespace

std::unique_ptr<ContractDesk> make_connectwise() { return std::make_unique<ConnectWise>(); }
std::unique_ptr<ContractDesk> make_autotask() { return std::make_unique<Autotask>(); }

}  // namespace exhibit::sim
