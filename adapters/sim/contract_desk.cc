#include "adapters/sim/contract_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "adapters/sim/contract_desks.h"
#include "base/text.h"

namespace exhibit::sim {

ContractDesk::ContractDesk() = default;
ContractDesk::~ContractDesk() = default;

std::unique_ptr<ContractDesk> ContractDesk::make(const std::string& profile) {
  if (profile == "jira2") return make_jira(2);
  if (profile == "jira3") return make_jira(3);
  if (profile == "thehive5") return make_thehive();
  if (profile == "connectwise") return make_connectwise();
  if (profile == "autotask") return make_autotask();
  if (profile == "pagerduty") return make_pagerduty();
  if (profile.starts_with("servicenow")) return make_servicenow(profile);
  return nullptr;
}

HttpReply ContractDesk::handle(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  if (!logged_in(request)) return json(401, {{"message", "Unauthorized"}});
  Call call{.request = request, .path = {}, .query = parse_form(request.query), .body = {}};
  for (const std::string_view part : split(std::string_view(request.path), "/"))
    call.path.push_back(percent_decoded(part, false));
  const std::string_view type = request.header("Content-Type");
  const bool is_json = type.starts_with("application/json");
  if (is_json) {
    Result<Json> body = parse_json(request.body, 64U << 20);
    if (!body) return json(400, {{"message", "the body is no JSON"}});
    call.body = *std::move(body);
  }
  try {
    return answer(call);
  } catch (const nlohmann::json::exception& error) {
    return json(400, {{"message", error.what()}});
  }
}

StoredTicket* ContractDesk::find(std::string_view id) {
  const auto found = std::find_if(tickets_.begin(), tickets_.end(), [&](const auto& one) { return one->id == id; });
  return found == tickets_.end() ? nullptr : found->get();
}

StoredTicket& ContractDesk::add(std::string id, std::string correlation) {
  tickets_.push_back(std::make_unique<StoredTicket>());
  tickets_.back()->id = std::move(id);
  tickets_.back()->correlation = std::move(correlation);
  return *tickets_.back();
}

HttpReply ContractDesk::json(int status, const Json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

HttpReply ContractDesk::nothing(int status) { return {.status = status}; }

std::map<std::string, std::string> ContractDesk::parts_of(const HttpRequest& request) {
  std::map<std::string, std::string> parts;
  const std::string_view type = request.header("Content-Type");
  const std::size_t at = type.find("boundary=");
  if (!type.starts_with("multipart/form-data") || at == std::string_view::npos) return parts;
  const std::string mark = cat("--", type.substr(at + 9));
  const auto attribute = [](std::string_view head, std::string_view name) {
    const std::size_t begin = head.find(cat(name, "=\""));
    if (begin == std::string_view::npos) return std::string();
    const std::string_view rest = head.substr(begin + name.size() + 2);
    return percent_decoded(rest.substr(0, rest.find('"')), false);
  };
  for (std::size_t begin = request.body.find(mark); begin != std::string::npos;) {
    const std::size_t end = request.body.find(cat("\r\n", mark), begin + mark.size());
    const std::size_t blank = request.body.find("\r\n\r\n", begin);
    if (end == std::string::npos || blank == std::string::npos || blank > end) break;
    const std::string_view head = std::string_view(request.body).substr(begin, blank - begin);
    const std::string name = attribute(head, " name");
    parts[name] = request.body.substr(blank + 4, end - blank - 4);
    if (const std::string file = attribute(head, "filename"); !file.empty()) parts[name + "/filename"] = file;
    begin = end + 2;
  }
  return parts;
}

std::size_t ContractDesk::tickets(const std::string& correlation) {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(tickets_.begin(), tickets_.end(),
                                                [&](const auto& one) { return one->correlation == correlation; }));
}

std::size_t ContractDesk::all_tickets() {
  const std::lock_guard lock(mutex_);
  return tickets_.size();
}

std::size_t ContractDesk::notes_with(const std::string& ticket, const std::string& text) {
  const std::lock_guard lock(mutex_);
  const StoredTicket* const held = find(ticket);
  return held == nullptr ? 0
                         : static_cast<std::size_t>(std::count_if(
                               held->notes.begin(), held->notes.end(),
                               [&](const StoredNote& note) { return note.text.find(text) != std::string::npos; }));
}

std::vector<std::string> ContractDesk::files(const std::string& ticket) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  if (const StoredTicket* const held = find(ticket))
    for (const StoredFile& file : held->files) all.push_back(file.bytes);
  return all;
}

void ContractDesk::person_says(const std::string& ticket, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (StoredTicket* const held = find(ticket)) {
    held->notes.push_back({std::to_string(++serial_), text, "kim", false});
    ++held->changes;
  }
}

void ContractDesk::person_closes(const std::string& ticket) {
  const std::lock_guard lock(mutex_);
  if (StoredTicket* const held = find(ticket)) {
    held->state = "closed";
    ++held->changes;
  }
}

}  // namespace exhibit::sim
