#include "tests/real/real_desk.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/base64.h"
#include "base/text.h"
#include "tests/loopback_client.h"

namespace exhibit::test {
namespace {

constexpr std::chrono::minutes installs{15};

class RealRt final : public RealDesk {
 public:
  [[nodiscard]] std::string profile() const override { return "rt5"; }
  [[nodiscard]] std::string map() const override { return R"({"queue":"Incidents","correlation_field":"ExternalId"})"; }
  [[nodiscard]] std::string map_with_unknown_field() const override {
    return R"({"queue":"Incidents","correlation_field":"NoSuchField"})";
  }

  std::map<std::string, std::vector<std::string>> tickets_by_correlation() override {
    std::map<std::string, std::vector<std::string>> all;
    for (int page = 1;; ++page) {
      const Json answer = analyst(cat("/REST/2.0/tickets?query=id%3E0&fields=CustomFields&per_page=100&page=", page));
      for (const Json& row : answer["items"])
        for (const Json& field : row["CustomFields"])
          if (field["name"] == "ExternalId" && !field["values"].empty())
            all[field["values"][0].get<std::string>()].push_back(row["id"].get<std::string>());
      if (answer["items"].size() < 100) return all;
    }
  }
  std::size_t notes_with(const std::string& ticket, const std::string& text) override {
    std::size_t count = 0;
    for (const Json& row : attachments(ticket))
      if (row["Filename"] == "" && text_at(row, "Content").find(text) != std::string::npos) ++count;
    return count;
  }
  std::vector<std::string> files(const std::string& ticket) override {
    std::vector<std::string> all;
    for (const Json& row : attachments(ticket)) {
      if (row["Filename"] == "") continue;
      const Json file = analyst(cat("/REST/2.0/attachment/", text_at(row, "id")));
      all.emplace_back(as_text(*decode_base64(text_at(file, "Content"), 64U << 20)));
    }
    return all;
  }
  [[nodiscard]] bool is_closed(const std::string& ticket) override {
    return analyst(cat("/REST/2.0/ticket/", ticket))["Status"] == "resolved";
  }
  void analyst_says(const std::string& ticket, const std::string& text) override {
    ask("POST", cat("/REST/2.0/ticket/", ticket, "/comment"), facts_.at("analyst_token"),
        Json{{"ContentType", "text/plain"}, {"Content", text}}.dump());
  }
  void analyst_closes(const std::string& ticket) override {
    ask("PUT", cat("/REST/2.0/ticket/", ticket), facts_.at("analyst_token"), R"({"Status":"resolved"})");
  }

 private:
  Json analyst(const std::string& target) { return ask("GET", target, facts_.at("analyst_token")); }
  Json attachments(const std::string& ticket) {
    return analyst(cat("/REST/2.0/ticket/", ticket, "/attachments?fields=Filename,Content&per_page=100"))["items"];
  }
  [[nodiscard]] std::string token_header(const std::string& token) const override {
    return cat("Authorization: token ", token, "\r\n");
  }
};

class RealRedmine final : public RealDesk {
 public:
  [[nodiscard]] std::string profile() const override { return "redmine5"; }
  [[nodiscard]] std::string map() const override { return map_with(facts_.at("field")); }
  [[nodiscard]] std::string map_with_unknown_field() const override { return map_with("4711"); }

  std::map<std::string, std::vector<std::string>> tickets_by_correlation() override {
    std::map<std::string, std::vector<std::string>> all;
    for (std::size_t offset = 0;; offset += 100) {
      const Json answer = analyst(cat("/issues.json?status_id=*&limit=100&offset=", offset));
      for (const Json& row : answer["issues"])
        for (const Json& field : row.value("custom_fields", Json::array()))
          if (const std::string id = text_at(field, "value"); !id.empty()) all[id].push_back(row["id"].dump());
      if (answer["issues"].size() < 100) return all;
    }
  }
  std::size_t notes_with(const std::string& ticket, const std::string& text) override {
    std::size_t count = 0;
    const Json held = issue(ticket);
    for (const Json& one : held["journals"])
      if (text_at(one, "notes").find(text) != std::string::npos) ++count;
    return count;
  }
  std::vector<std::string> files(const std::string& ticket) override {
    std::vector<std::string> all;
    const Json held = issue(ticket);
    for (const Json& one : held["attachments"])
      all.push_back(ask_raw(cat("/attachments/download/", one["id"].dump(), "/", text_at(one, "filename")),
                            facts_.at("analyst_token")));
    return all;
  }
  [[nodiscard]] bool is_closed(const std::string& ticket) override {
    return issue(ticket)["status"]["is_closed"] == true;
  }
  void analyst_says(const std::string& ticket, const std::string& text) override {
    ask("PUT", cat("/issues/", ticket, ".json"), facts_.at("analyst_token"), Json{{"issue", {{"notes", text}}}}.dump());
  }
  void analyst_closes(const std::string& ticket) override {
    ask("PUT", cat("/issues/", ticket, ".json"), facts_.at("analyst_token"), R"({"issue":{"status_id":5}})");
  }

 private:
  [[nodiscard]] std::string map_with(const std::string& field) const {
    return cat(R"({"project":"incidents","tracker_id":")", facts_.at("tracker"), R"(","correlation_field":")", field,
               "\"}");
  }
  Json analyst(const std::string& target) { return ask("GET", target, facts_.at("analyst_token")); }
  Json issue(const std::string& ticket) {
    return analyst(cat("/issues/", ticket, ".json?include=journals,attachments"))["issue"];
  }
  [[nodiscard]] std::string token_header(const std::string& token) const override {
    return cat("X-Redmine-API-Key: ", token, "\r\n");
  }
};

}  // namespace

std::unique_ptr<RealDesk> RealDesk::start(const std::string& name, std::string& why) {
  std::unique_ptr<RealDesk> desk;
  if (name == "rt") desk = std::make_unique<RealRt>();
  if (name == "redmine") desk = std::make_unique<RealRedmine>();
  if (!desk) throw std::runtime_error(cat("no such desk: ", name));
  char folder[] = "/tmp/exhibit-real-XXXXXX";
  desk->folder_ = ::mkdtemp(folder);
  desk->program_ = std::make_unique<Program>(cat(EXHIBIT_SOURCE_DIR, "/tests/real/start-", name),
                                             std::vector<std::string>{desk->folder_}, std::vector<std::string>{},
                                             desk->folder_ + "/errors");
  const std::string line = desk->program_->line(installs).value_or("it said nothing");
  if (line.starts_with("skipped:")) {
    why = line;
    return nullptr;
  }
  if (!line.starts_with("READY "))
    throw std::runtime_error(cat(name, " did not start: ", line, "; see ", desk->folder_));
  for (const std::string_view word : split(std::string_view(line).substr(6), " "))
    desk->facts_[std::string(word.substr(0, word.find('=')))] = word.substr(word.find('=') + 1);
  desk->port_ = parse_number<std::uint16_t>(desk->facts_.at("port")).value_or(0);
  return desk;
}

RealDesk::~RealDesk() {
  if (program_) {
    program_->close_input();
    (void)program_->status(std::chrono::seconds(20));
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string RealDesk::config(std::uint16_t port, const std::string& map_json) const {
  std::ifstream file(cat(EXHIBIT_SOURCE_DIR, "/adapters/rest/profiles/", profile(), ".json"));
  const std::string profile_json(std::istreambuf_iterator<char>(file), {});
  return cat(R"({"url":"http://127.0.0.1:)", port, R"(","allow":["127.0.0.1"],"login":{"token":")",
             facts_.at("connector_token"), R"("},"map":)", map_json, ",\"profile\":", profile_json, "}");
}

Json RealDesk::ask(std::string_view method, const std::string& target, const std::string& token,
                   const std::string& body) {
  const Answer answer = Wire(port_).ask(
      method, target,
      cat(token_header(token), "Connection: close\r\n", body.empty() ? "" : "Content-Type: application/json\r\n"),
      body);
  if (answer.status / 100 != 2)
    throw std::runtime_error(cat(method, " ", target, ": ", answer.status, " ", answer.body));
  return parse_json(answer.body, 64U << 20).value_or(Json());
}

std::string RealDesk::ask_raw(const std::string& target, const std::string& token) {
  return Wire(port_).ask("GET", target, cat(token_header(token), "Connection: close\r\n")).body;
}

}  // namespace exhibit::test
