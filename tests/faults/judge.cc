#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "base/text.h"
#include "tests/faults/world.h"

/// What must hold after every fault, seen from outside.
namespace exhibit::test {
namespace {

std::vector<std::string> all_matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) found.push_back(at->str());
  return found;
}

std::string all_text(const Json& ticket) {
  std::string text =
      cat(ticket["fields"].value("short_description", ""), "\n", ticket["fields"].value("description", ""), "\n");
  for (const char* journal : {"work_notes", "comments"})
    for (const Json& entry : ticket[journal]) text += cat(text_at(entry, "value"), "\n");
  return text;
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
  kills += other.kills, alerts += other.alerts, tickets += other.tickets, notes += other.notes;
  attachments += other.attachments, captures += other.captures, lost += other.lost, doubled += other.doubled;
  wrong += other.wrong, unsettled += other.unsettled;
  complaints.insert(complaints.end(), other.complaints.begin(), other.complaints.end());
  return *this;
}

std::string Counts::text() const {
  return cat(kills, " kills, ", alerts, " alerts, ", tickets, " tickets, ", notes, " notes, ", attachments,
             " attachments, ", captures, " captures; lost ", lost, ", double ", doubled, ", wrong ", wrong,
             ", unsettled ", unsettled);
}

struct World::Judge {
  Counts& counts;
  const World& world;
  std::map<std::string, std::vector<const Json*>> held = {};  ///< The desk's tickets by correlation id.
  std::set<std::string> marks = {}, packets = {};

  void complain(std::size_t& kind, std::string what) {
    ++kind;
    counts.complaints.push_back(std::move(what));
  }
  void incident(const Json& incident);
  void captures(const Json& incident, const std::string& event);
  void ticket(const Json& ticket, const Json& incident);
  void attachments(const Json& ticket, const std::string& id, const std::string& text);
};

/// Each alert that the sensor raised has an incident of its own here, and each incident exactly one ticket.
void World::Judge::incident(const Json& incident) {
  const std::string id = text_at(incident, "correlation_id");
  const auto found = held.find(id);
  if (found == held.end()) return complain(counts.lost, cat(id, " has no ticket"));
  if (found->second.size() > 1) complain(counts.doubled, cat(id, " has ", found->second.size(), " tickets"));
  if (text_at(incident, "remote_id") != found->second[0]->at("fields").value("sys_id", ""))
    complain(counts.wrong, cat(id, " points at another ticket"));
  ticket(*found->second[0], incident);
}

void World::Judge::ticket(const Json& ticket, const Json& incident) {
  const std::string id = text_at(incident, "correlation_id"), text = all_text(ticket);
  static const std::regex reference("Ref +EXH1-[A-Z2-7]+"), mark("EXH1N-[A-Z2-7]+"), page("/e/[a-z2-7]+");
  for (const std::string& named : all_matches(text, reference))
    if (!named.ends_with(id)) complain(counts.wrong, cat(id, " holds a text about ", named));
  const std::string link = text_at(incident, "link");
  for (const std::string& shown : all_matches(text, page))
    if (!link.ends_with(shown)) complain(counts.wrong, cat(id, " shows the link of another"));
  for (const std::string& one : all_matches(text, mark)) {
    ++counts.notes;
    if (!marks.insert(one).second) complain(counts.doubled, cat(id, " holds the note ", one, " twice"));
  }
  std::set<std::string> heads;
  for (const Json& entry : ticket["work_notes"])
    if (!heads.insert(text_at(entry, "value")).second) complain(counts.doubled, cat(id, " says the same twice"));
  const bool pending = text.find("NOT YET KNOWN") != std::string::npos;
  if (pending && text.find("\nCAPTURE ") == std::string::npos)
    complain(counts.lost, cat(id, " was never told what became of its capture"));
  attachments(ticket, id, text);
}

/// The trigger packet says which alert it is of ("n=17"), and so does the ticket's text, unless it had to be cut short.
void World::Judge::attachments(const Json& ticket, const std::string& id, const std::string& text) {
  std::set<std::string> names;
  for (const Json& file : ticket["attachments"]) {
    ++counts.attachments;
    if (!names.insert(text_at(file, "file_name")).second)
      complain(counts.doubled, cat(id, " holds ", text_at(file, "file_name"), " twice"));
    static const std::regex serial("phf\\?n=[0-9]+ ");
    const auto packet = all_matches(world.attached_bytes(text_at(file, "sys_id")), serial);
    const bool cut_short = text.find("desk refused a longer text") != std::string::npos;
    if (packet.size() != 1 || !packets.insert(packet[0]).second ||
        (!cut_short && text.find(trim(packet[0])) == std::string::npos))
      complain(counts.wrong, cat(id, " holds the packet of another alert"));
  }
  if (names.size() != 1) complain(counts.lost, cat(id, " has ", names.size(), " attachments"));
}

void World::Judge::captures(const Json& incident, const std::string& event) {
  const std::string& log = world.alerts_.at(event);
  bool named = log.empty();
  for (const Json& capture : incident["captures"]) {
    ++counts.captures;
    const std::string state = text_at(capture, "state");
    named = named || text_at(capture, "log") == log;
    if (!state.starts_with("sealed-") && !(state == "lost" && capture["cause"].is_string()))
      complain(counts.unsettled, cat("the capture of log ", text_at(capture, "log"), " is ", state));
  }
  if (!named) complain(counts.lost, cat("alert ", event, " named log ", log, ", and its incident does not know it"));
}

std::string World::end_of_log() const {
  constexpr std::size_t shown = 600;
  std::ifstream file(folder_ + "/server.log");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return text.substr(text.size() - std::min(text.size(), shown));
}

Counts World::judge() {
  Counts counts;
  counts.kills = kills_;
  counts.alerts = alerts_.size();
  const Json desk_holds = desk(), now = report();
  Judge judge{counts, *this};
  if (!now.is_object()) {
    judge.complain(counts.lost, cat("the server does not answer; its log ends: ", end_of_log()));
    return counts;
  }
  counts.tickets = desk_holds["tickets"].size();
  for (const Json& ticket : desk_holds["tickets"])
    judge.held[ticket["fields"].value("correlation_id", "")].push_back(&ticket);
  std::set<std::string> known, events;
  for (const Json& incident : now["tickets"]) {
    known.insert(text_at(incident, "correlation_id"));
    const std::string event = text_at(incident, "event_id");
    if (!alerts_.contains(event) || !events.insert(event).second) {
      judge.complain(counts.wrong, cat("an incident of the alert ", event, ", which was not raised, or twice"));
      continue;
    }
    judge.incident(incident);
    judge.captures(incident, event);
  }
  for (const auto& [event, log] : alerts_)
    if (!events.contains(event)) judge.complain(counts.lost, cat("alert ", event, " has no incident"));
  for (const auto& [id, tickets] : judge.held)
    if (!known.contains(id)) judge.complain(counts.wrong, cat("a ticket that no incident knows: ", id));
  if (now.value("gaps", 0) != 0) judge.complain(counts.lost, "a gap was noted");
  return counts;
}

}  // namespace exhibit::test
