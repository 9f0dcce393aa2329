#include "config/settings_reader.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace exhibit {
namespace {

std::vector<std::string> addresses_in(const std::string& map_json, const char* key) {
  return SettingsReader::texts(parse_json(map_json).value_or(Json::object()), key);
}

bool holds(const std::vector<std::string>& addresses, const std::string& address) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const std::string& one) { return equal_ignoring_case(one, address); });
}

/// "https://msp.service-now.example/x" gives "msp.service-now.example".
std::string host_of(std::string_view url) {
  url.remove_prefix(std::min(url.size(), url.find("://") + 3));
  return to_lower(url.substr(0, url.find_first_of(":/?#")));
}

/// Why mail to this address would be read by the desk; empty: nothing speaks for it.
std::string how_it_reads(const DeskSettings& desk, const std::string& address, bool carries_the_mail) {
  if (holds(desk.inbox, address)) return "is the inbox";
  const Json mailbox = parse_json(desk.mailbox_json).value_or(Json::object());
  if (equal_ignoring_case(text_at(mailbox.value("login", Json::object()), "user"), address)) return "is the mailbox";
  if (desk.adapter == "email") {
    if (holds(addresses_in(desk.map_json, "from"), address)) return "is the sender";
    return !carries_the_mail && holds(addresses_in(desk.map_json, "to"), address) ? "is the recipient" : "";
  }
  // The inbox that a service gives to each customer: msp@service-now.example for msp.service-now.example.
  const std::size_t at = address.find('@');
  const std::string host = host_of(desk.url), domain = to_lower(address.substr(at + 1));
  const bool own = !host.empty() && (domain == host || cat(to_lower(address.substr(0, at)), ".", domain) == host);
  return own ? "looks like the inbox" : "";
}

}  // namespace

TicketTemplates SettingsReader::templates(const Json& object, const std::string& pointer, TicketTemplates under) {
  const Json* own = member(object, "templates");
  if (!own) return under;
  TicketTemplates given;
  for (const auto& [key, text] : {std::pair{"title", &TicketTemplates::title},
                                  {"public_text", &TicketTemplates::public_text},
                                  {"internal_text", &TicketTemplates::internal_text},
                                  {"note", &TicketTemplates::note}})
    if (member(*own, key)) under.*text = given.*text = text_at(*own, key);
  for (TemplateMistake& mistake : check_templates(given))
    wrong(cat(pointer, "/templates/", mistake.sink), std::move(mistake.what));
  return under;
}

Keep SettingsReader::keep(const Json& document, Keep most) {
  constexpr std::uint64_t least = 16U << 20;
  const Json* found = member(document, "keep");
  if (!found) return most;
  duration(*found, "age", most.age);
  if (most.age < std::chrono::hours{24}) wrong("/keep/age", "less than a day", "sensors may repeat what is younger");
  for (const auto& [key, size] : {std::pair{"rows", &Keep::rows}, {"captures", &Keep::captures}}) {
    const std::string text = text_at(*found, key);
    if (text.empty()) continue;
    most.*size = parse_bytes(text).value_or(0);
    if (most.*size < least) wrong(cat("/keep/", key), "less than 16 MiB");
  }
  return most;
}

std::optional<MailToPeople> SettingsReader::mail_to_people(const Json& object, const std::string& pointer,
                                                           const HostSettings& host) {
  MailToPeople people;
  people.through = {text_at(object, "through")};
  if (people.through.empty()) {
    for (const auto& [name, desk] : host.desks)
      if (desk.adapter == "email") people.through = name;
  }
  const auto through = host.desks.find(people.through);
  if (through == host.desks.end() || through->second.adapter != "email") {
    wrong(cat(pointer, "/through"), "mail goes out through a desk with the adapter \"email\"",
          "name one of your desks");
    return std::nullopt;
  }
  people.mail = texts(object, "mail");
  duration(object, "after", people.after);
  for (std::size_t i = 0; i < people.mail.size(); ++i)
    warn_of_inbox(people.mail[i], cat(pointer, "/mail/", i), people.through, host);
  return people;
}

/// Mail to a desk's own inbox would become a ticket there, and a second one beside ours.
void SettingsReader::warn_of_inbox(const std::string& address, const std::string& pointer, const DeskId& through,
                                   const HostSettings& host) {
  for (const auto& [name, desk] : host.desks) {
    const std::string how = how_it_reads(desk, address, name == through);
    if (!how.empty())
      warn(pointer, cat(address, " ", how, " of desk ", name.text, ": each mail could become a ticket there"),
           "give an address that people read");
  }
}

std::optional<YamlDocument> checked(std::string_view yaml, std::string_view schema, std::vector<Mistake>& mistakes) {
  Result<YamlDocument> document = read_yaml(yaml, mistakes);
  if (!document) {
    if (mistakes.empty()) mistakes.push_back({1, 1, "", document.error().text, ""});
    return std::nullopt;
  }
  check_schema(*document, schema, mistakes);
  return !any_mistake(mistakes) ? std::optional(std::move(*document)) : std::nullopt;
}

}  // namespace exhibit
