#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "packet/capture_read.h"
#include "packet/capture_write.h"
#include "packet/decode.h"
#include "tests/hostile/strings.h"
#include "tests/packet/compose.h"
#include "tests/web/fake_tenant.h"
#include "web/pages.h"

/// Puts every hostile string into every field of our own pages that strangers fill, and prints them for the judges, as
/// ticket_samples does; "markup" is the page as HTML, "module" what the page's own script makes it of. Each field holds
/// the string with a number of its own behind it, so that none can be read in another's place.
namespace exhibit {
namespace {

/// The value with the field's number; remembers what the page is told.
class Told {
 public:
  explicit Told(std::string value) : value_(std::move(value)) {}
  std::string next() {
    all_.push_back(cat(value_, "#", all_.size(), ";"));
    return all_.back();
  }
  [[nodiscard]] const std::vector<std::string>& all() const { return all_; }

 private:
  std::string value_;
  std::vector<std::string> all_;
};

std::string base64(std::string_view text) { return encode_base64(as_bytes(text)); }

struct Shown {
  web::Node page, by_module;
  std::string file = {};
};

void print(std::string_view field, std::string_view kind, std::string_view value, const std::vector<std::string>& told,
           const Shown& shown) {
  JsonWriter line;
  line.object().member("field", field).member("class", kind).member("value", base64(value)).key("texts").array();
  line.object().member("kind", "page").member("text", "").member("markup", web::to_html(shown.page));
  line.member("module", web::to_json(shown.by_module)).key("told").array();
  for (const std::string& one : told) line.value(base64(one));
  line.end().end();
  if (!shown.file.empty())
    line.object()
        .member("kind", "file")
        .member("text", shown.file)
        .member("markup", "")
        .key("told")
        .array()
        .end()
        .end();
  std::puts(line.end().end().text().c_str());
}

PageRows hostile_rows(const std::string& value, Told& told) {
  const TenantId tenant{"acme"};
  PageRows rows = test::phf_incident(tenant, test::link_of("evil"));
  Alert alert = *rows.alert;
  for (std::string* field :
       {&alert.signature_name, &alert.signature_details, &alert.signature_id, &alert.subsignature_id,
        &alert.signature_version, &alert.event_id, &alert.interface, &alert.virtual_sensor, &alert.vlan,
        &alert.attacker->locality, &alert.attacker->os, &alert.targets[0].os, &alert.actions[0], &rows.incident.number})
    *field = told.next();
  alert.protocol = value;  // Only part of a sentence, and cut short in it.
  alert.trigger_packet.clear();
  alert.trigger_problem = told.next();
  CommentRow comment;
  comment.author = told.next(), comment.text = told.next(), comment.at = told.next();
  rows.comments = {comment};
  IncidentRow other = rows.incident;
  other.id = IncidentId{"other"}, other.number = told.next();
  rows.captures[0].incidents.push_back(other.id);
  rows.sharing = {other};
  rows.captures[0].state = rows.view.captures[0].state = CaptureState::lost;
  rows.captures[0].cause = rows.view.captures[0].cause = CaptureCause::overwritten;
  rows.view.captures[0].proof = {told.next()};
  rows.captures[0].key.locator = rows.view.captures[0].log = told.next();
  rows.alert = std::make_shared<const Alert>(std::move(alert));
  rows.view.first = rows.alert.get();
  return rows;
}

void print_incident(std::string_view kind, const std::string& value) {
  Told told(value);
  const PageRows rows = hostile_rows(value, told);
  const web::IncidentPage page{rows, "", "csrf"};
  print(
      "incident", kind, value, told.all(),
      {web::incident_page(page, 0, {}), web::element("div", "", {web::head_part(page), web::capture_part(page, 0, {})}),
       web::capture_file_name(rows, rows.captures[0])});
}

void print_packets(std::string_view kind, const std::string& value) {
  PageRows rows = test::phf_incident(TenantId{"acme"}, test::link_of("evil"));
  rows.raw = value;
  const Bytes payload = compose::bytes_of(cat("GET /", value, " HTTP/1.0\r\nHost: ", value, "\r\n\r\n"));
  const Bytes packet = compose::eth(0x0800, compose::ipv4({}, compose::tcp({}, payload)));
  Bytes file = capture_header(link_type::ethernet);
  append_packet(file, rows.alert->time, packet);
  const auto list = web::list_packets(file, alert_flow(*rows.alert), "", 0);
  const auto detail = web::packet_detail(ByteView(file), 1);
  if (!list || !detail) return;
  const web::IncidentPage page{rows, "", "csrf"};
  const web::Node table = web::packet_table({page, 0, value}, *list, web::detail_node(*detail), 1);
  print("packets", kind, value, {value}, {table, table});
}

}  // namespace
}  // namespace exhibit

int main() {
  using namespace exhibit;
  const std::vector<test::HostileString> values = test::hostile_corpus();
  for (void (*const page)(std::string_view, const std::string&) : {print_incident, print_packets}) {
    page("twin", "harmless");
    for (const test::HostileString& one : values) page(token(one.kind), one.text);
  }
  return 0;
}
