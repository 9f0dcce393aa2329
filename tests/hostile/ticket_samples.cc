#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "adapters/rest/rest_text.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/tenant_engine.h"
#include "tests/hostile/strings.h"
#include "tests/packet/compose.h"
#include "tests/support/acme_engine.h"

/// Puts every hostile string into every field that strangers fill, lets the engine make its tickets and notes of it,
/// and prints them for the judges: one JSON object a line,
///   {"field", "class", "value", "texts": [{"kind", "text", "told": [...]}]}
/// value and told in base64. What a text has `told` must be readable in it. The first of each field is the harmless
/// twin, which all others must look like. With "html" or "markdown" as argument each text has "markup" as well.
namespace exhibit {
namespace {

using namespace std::chrono_literals;
using test::HostileString;

const SensorId sensor{"acme-ips1"};
constexpr std::int64_t alert_ns = 1'795'313'561'123'000'000;
constexpr const char* log_locator = "1734556221";

Now at(Nanoseconds since) { return {wall_from_ns(alert_ns) + since, MonoTime{1h} + since}; }

EngineSettings settings() {
  EngineSettings s = test::acme_engine(sensor);
  s.disclosure = Disclosure::full;
  s.attach = AttachPolicy::trigger_packet;
  s.round_trip = true;
  return s;
}

IdsAlert plain_alert() {
  IdsAlert alert;
  alert.event_id = "1182522900045587005";
  alert.severity = "high";
  alert.originator.host_id = "acme-ips1";
  alert.time = {alert_ns, cat(alert_ns), {}, {}};
  alert.signature.id = "3200", alert.signature.subsig_id = "0", alert.signature.description = "WWW phf";
  alert.signature.version = "S37";
  alert.interface_group = "vs0", alert.interface = "ge0_1", alert.protocol = "tcp";
  alert.attackers = {
      {.address = "192.0.2.10", .port = 40112, .locality = "OUT", .os_type = {}, .os_source = {}, .os_relevance = {}}};
  alert.targets = {{.address = "198.51.100.20",
                    .port = 80,
                    .locality = "IN",
                    .os_type = "linux",
                    .os_source = "learned",
                    .os_relevance = {}}};
  alert.risk_rating = alert.threat_rating = 85;
  return alert;
}

IdsAlert with_packet(IdsAlert alert, const Bytes& payload) {
  alert.trigger_packet.bytes = compose::eth(0x0800, compose::ipv4({}, compose::tcp({}, payload)));
  return alert;
}

/// One text for a desk, and what must be readable in it.
struct Text {
  std::string kind, text;
  std::vector<std::string> told;
};

/// An engine with one incident, and a desk that says what it is told to say.
class Story {
 public:
  explicit Story(const IdsAlert& alert) { hear(alert, 0s); }

  void hear(const IdsAlert& alert, Nanoseconds when) {
    SensorSaid said{sensor, {}};
    said.batch.events.emplace_back(alert);
    keep(engine_.on(said, at(when)));
  }
  void input(const Input& input, Nanoseconds when) { keep(engine_.on(input, at(when))); }
  /// Answers all that was sent, until nothing more comes.
  void answer(DeliveryOutcome::Kind kind, Nanoseconds when, const std::string& why = {},
              const std::string& number = "INC1") {
    for (const SendDelivery& one : std::exchange(sent_, {}))
      input(DeliveryEnded{one.id, {kind, ticket_, number, "", {}, why, false}}, when);
  }
  void new_ticket(std::string name) { ticket_ = std::move(name); }
  [[nodiscard]] IncidentId incident() const { return incident_; }

  std::vector<Text> texts;

 private:
  void keep(const Reaction& reaction) {
    for (const Fact& fact : reaction.facts)
      if (const auto* row = std::get_if<IncidentRow>(&fact)) incident_ = row->id;
    for (const Effect& effect : reaction.effects)
      if (const auto* send = std::get_if<SendDelivery>(&effect)) {
        sent_.push_back(*send);
        const Json body = parse_json(send->body).value_or(Json());
        for (const auto& [kind, member] : {std::pair{"title", "title"},
                                           {"public", "public_text"},
                                           {"internal", "internal_text"},
                                           {"note", "text"},
                                           {"file", "name"}})
          if (std::string text = text_at(body, member); !text.empty()) texts.push_back({kind, std::move(text), {}});
      }
  }

  TenantEngine engine_{settings()};
  std::vector<SendDelivery> sent_;
  IncidentId incident_;
  std::string ticket_ = "7";
};

void tell(std::vector<Text>& texts, std::string_view kind, const std::vector<std::string>& told) {
  for (Text& text : texts)
    if (text.kind == kind) text.told = told;
}

std::vector<Text> alert_texts(const std::string& value) {
  IdsAlert alert = plain_alert();
  alert.signature.id = alert.signature.subsig_id = alert.signature.version = alert.signature.description = value;
  alert.event_id = alert.interface_group = alert.interface = alert.vlan = value;
  Story story(alert);
  tell(story.texts, "title", {value});
  tell(story.texts, "public", {value});
  tell(story.texts, "internal", {value});
  alert.signature.description.clear();
  Story nameless(alert);
  tell(nameless.texts, "internal", {value});
  story.texts.insert(story.texts.end(), nameless.texts.begin(), nameless.texts.end());
  return std::move(story.texts);
}

std::vector<Text> host_texts(const std::string& value) {
  IdsAlert alert = plain_alert();
  alert.attackers[0].locality = alert.targets[0].os_type = alert.targets[0].os_source = alert.protocol = value;
  alert.originator.host_id = alert.originator.app_name = value;
  alert.trigger_packet.problem = value;
  Story story(alert);
  tell(story.texts, "internal", {value});
  return std::move(story.texts);
}

std::vector<Text> address_texts(const std::string& value) {
  IdsAlert alert = plain_alert();
  alert.attackers[0].address = alert.targets[0].address = value;
  Story story(alert);
  tell(story.texts, "internal", {value});
  return std::move(story.texts);
}

std::vector<Text> payload_texts(const std::string& value) {
  Story story(with_packet(plain_alert(), compose::bytes_of(value)));
  tell(story.texts, "internal", {value});
  return std::move(story.texts);
}

std::vector<Text> request_texts(const std::string& value) {
  const std::string request = cat("GET /?q=", value, " HTTP/1.0\r\nHost: ", value, "\r\n\r\n");
  Story story(with_packet(plain_alert(), compose::bytes_of(request)));
  tell(story.texts, "internal", {request});
  return std::move(story.texts);
}

std::vector<Text> name_texts(const std::string& value) {
  IdsAlert alert = plain_alert();
  alert.protocol = "udp";
  const std::string label(std::string_view(value).substr(0, 63));
  alert.trigger_packet.bytes = compose::eth(
      0x0800, compose::ipv4({.protocol = ip_protocol::udp},
                            compose::udp(40112, 53, compose::dns_query(compose::name({label, "example"})))));
  Story asked(alert);
  Story hello(with_packet(plain_alert(), compose::client_hello(std::string_view(value).substr(0, 255))));
  std::vector<Text> texts = std::move(asked.texts);
  texts.insert(texts.end(), hello.texts.begin(), hello.texts.end());
  return texts;
}

/// What a sensor answers when it is asked for its recording, and what stands in that.
std::vector<Text> sensor_texts(const std::string& value) {
  IdsAlert alert = plain_alert();
  alert.ip_logs = {1734556221};
  const CaptureKey key{sensor, log_locator, 0};
  Story lost(alert), broken(alert);
  lost.answer(DeliveryOutcome::Kind::done, 1s);
  lost.texts.clear();
  lost.input(Tick{}, 60s);
  lost.input(FetchEnded{key, FetchEnded::Kind::login_refused, {}, 0, value}, 60s);
  lost.input(Tick{}, 2h);
  lost.input(FetchEnded{key, FetchEnded::Kind::login_refused, {}, 0, value}, 2h);
  tell(lost.texts, "note", {value});
  broken.answer(DeliveryOutcome::Kind::done, 1s);
  broken.texts.clear();
  broken.input(FetchEnded{key, FetchEnded::Kind::whole, EvidenceId{"aa"}, 100, ""}, 60s);
  CaptureReport report;
  report.packets = 7, report.broken = true, report.broken_text = value;
  broken.input(CaptureExamined{key, broken.incident(), report}, 61s);
  tell(broken.texts, "note", {value});
  std::vector<Text> texts = std::move(lost.texts);
  texts.insert(texts.end(), broken.texts.begin(), broken.texts.end());
  return texts;
}

/// What the desk itself says: why it refuses, its number, how a person closed the ticket.
std::vector<Text> desk_texts(const std::string& value) {
  const IdsAlert alert = with_packet(plain_alert(), compose::http_request());
  Story refused(alert);
  refused.texts.clear();
  refused.answer(DeliveryOutcome::Kind::rejected, 1s, value);
  tell(refused.texts, "internal", {value});
  std::vector<Text> texts = std::move(refused.texts);

  Story closed(alert);
  closed.answer(DeliveryOutcome::Kind::done, 1s, {}, value);  // The ticket's number; its attachment goes out.
  closed.texts.clear();
  closed.answer(DeliveryOutcome::Kind::rejected, 2s, value);  // The attachment is refused.
  tell(closed.texts, "note", {value});
  closed.answer(DeliveryOutcome::Kind::done, 3s);
  TicketChange change;
  change.ticket = "7", change.version = "2", change.state = change.assignee = change.close_code = value;
  change.closed = true;
  closed.input(DeskSaid{{change}, "{}", false}, 4s);
  closed.new_ticket("8");
  IdsAlert later = alert;
  later.event_id = "2", later.time = {alert_ns + 172'800'000'000'000, {}, {}, {}};
  const std::size_t before = closed.texts.size();
  closed.hear(later, 48h);
  for (std::size_t i = before; i < closed.texts.size(); ++i)
    if (closed.texts[i].kind == "internal") closed.texts[i].told = {value};
  texts.insert(texts.end(), closed.texts.begin(), closed.texts.end());
  return texts;
}

struct Field {
  const char* name;
  std::vector<Text> (*texts)(const std::string& value);
};
constexpr Field fields[] = {{"alert", alert_texts},     {"host", host_texts},       {"address", address_texts},
                            {"payload", payload_texts}, {"request", request_texts}, {"name", name_texts},
                            {"sensor", sensor_texts},   {"desk", desk_texts}};

std::string base64(std::string_view text) { return encode_base64(as_bytes(text)); }

void print(const Field& field, std::string_view kind, const std::string& value, rest::TextFormat format) {
  JsonWriter line;
  line.object().member("field", field.name).member("class", kind).member("value", base64(value)).key("texts").array();
  for (const Text& text : field.texts(value)) {
    line.object().member("kind", text.kind).member("text", text.text).key("told").array();
    for (const std::string& told : text.told) line.value(base64(told));
    line.end();
    if (format != rest::TextFormat::plain) {
      const std::size_t link = text.text.find("https://ev.example/e/");
      const bool prose = text.kind == "public" || text.kind == "title";
      line.member("markup", rest::rendered(text.text, format, prose ? rest::Layout::prose : rest::Layout::columns,
                                           link == std::string::npos ? std::string() : text.text.substr(link, 47)));
    }
    line.end();
  }
  std::puts(line.end().end().text().c_str());
}

}  // namespace
}  // namespace exhibit

int main(int count, char** words) {
  using namespace exhibit;
  const rest::TextFormat format = rest::text_format(count > 1 ? words[1] : "plain");
  std::vector<test::HostileString> values = test::hostile_corpus();
  for (const Field& field : fields) {
    print(field, "twin", "harmless", format);
    for (const test::HostileString& one : values) print(field, token(one.kind), one.text, format);
  }
  return 0;
}
