#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sim/http_server.h"
#include "base/json.h"

/// Small servers that speak as ticketing systems do which cannot be had here, written from their vendors' documents.
/// They hold their side of the contract strictly: what the document says is required, is.
namespace exhibit::sim {

struct StoredTicket;

/// What every contract server keeps, and how its JSON answers look.
class ContractDesk {
 public:
  virtual ~ContractDesk();
  /// jira2 jira3 thehive5 connectwise autotask pagerduty servicenow servicenow-sir servicenow-import; nullptr: none.
  static std::unique_ptr<ContractDesk> make(const std::string& profile);

  HttpReply handle(const HttpRequest& request);
  /// Members of a module's configuration that log in here: "login" and what the profile wants beside it.
  [[nodiscard]] virtual std::string login_members() const = 0;
  [[nodiscard]] virtual std::string map() const { return "{}"; }

  /// What is truly held, whatever was answered.
  [[nodiscard]] virtual std::size_t tickets(const std::string& correlation);
  [[nodiscard]] virtual std::size_t notes_with(const std::string& ticket, const std::string& text);
  [[nodiscard]] virtual std::vector<std::string> files(const std::string& ticket);
  [[nodiscard]] virtual std::size_t all_tickets();
  /// What a person does on the desk.
  virtual void person_says(const std::string& ticket, const std::string& text);
  virtual void person_closes(const std::string& ticket);

 protected:
  ContractDesk();
  struct Call {
    const HttpRequest& request;
    std::vector<std::string> path;
    Parameters query;
    Json body;
  };
  virtual HttpReply answer(const Call& call) = 0;
  [[nodiscard]] virtual bool logged_in(const HttpRequest& request) const = 0;

  StoredTicket* find(std::string_view id);
  StoredTicket& add(std::string id, std::string correlation);
  static HttpReply json(int status, const Json& body);
  static HttpReply nothing(int status);
  /// The parts of a multipart body: name to content, and "NAME/filename".
  static std::map<std::string, std::string> parts_of(const HttpRequest& request);

  std::vector<std::unique_ptr<StoredTicket>> tickets_;
  std::size_t serial_ = 0;
  std::mutex mutex_;
};

struct StoredNote {
  std::string id, text, author;
  bool is_public = false;
};
struct StoredFile {
  std::string id, name, bytes;
};
struct StoredTicket {
  std::string id, correlation, title, public_text, internal_text, state = "open";
  std::vector<StoredNote> notes = {};
  std::vector<StoredFile> files = {};
  std::size_t changes = 0;
};

}  // namespace exhibit::sim
