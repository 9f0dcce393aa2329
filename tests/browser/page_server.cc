#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "tests/web/fake_tenant.h"
#include "web/web_server.h"

/// exhibit_page_server [PORT [CERTIFICATE KEY]]: the evidence page with made-up incidents, for browser tests and for
/// looking at it. Prints its address; a line "seal" on standard input lets the first incident's capture arrive; the end
/// of the input ends the program. EXHIBIT_PATIENCE_MS shortens every wait for a visitor.
namespace {

using namespace exhibit;

PageRows lost_incident(const TenantId& tenant, const Zone& zone) {
  PageRows rows = test::phf_incident(tenant, test::link_of("lost"), zone);
  rows.incident.number = "INC0012349";
  rows.captures[0].state = rows.view.captures[0].state = CaptureState::lost;
  rows.captures[0].cause = rows.view.captures[0].cause = CaptureCause::overwritten;
  rows.view.captures[0].proof = {"acme-ips1 said errNotFound for log 1734556221 at 02:41:07 UTC",
                                 "unreachable 02:13:02 - 02:40:58 UTC (timeouts)", "ring forecast end 02:34 UTC"};
  return rows;
}

PageRows demand_incident(const TenantId& tenant, const Zone& zone) {
  PageRows rows = test::phf_incident(tenant, test::link_of("demand"), zone);
  rows.incident.number = "INC0012350";
  rows.captures[0].state = rows.view.captures[0].state = CaptureState::expected;
  rows.captures[0].on_demand = rows.view.captures[0].on_demand = true;
  return rows;
}

/// Each field that strangers fill holds markup: a browser must show it and do nothing.
PageRows hostile_incident(const TenantId& tenant, const Zone& zone) {
  const std::string evil =
      "</dd></pre></title><script>alert(1)</script><img src=x onerror=alert(2)>\" onfocus=\"alert(3)";
  PageRows rows = test::phf_incident(tenant, test::link_of("evil"), zone);
  Alert alert = *rows.alert;
  for (std::string* field : {&alert.signature_name, &alert.signature_details, &alert.event_id, &alert.interface,
                             &alert.attacker->locality, &alert.targets[0].os, &alert.actions[0], &rows.raw,
                             &rows.tenant_name, &rows.incident.number, &rows.captures[0].key.locator})
    *field = evil;
  alert.trigger_packet.insert(alert.trigger_packet.end(), evil.begin(), evil.end());
  rows.alert = std::make_shared<const Alert>(std::move(alert));
  rows.view.first = rows.alert.get();
  return rows;
}

void share(PageRows& rows) {
  for (const std::string_view number : {"INC0012346", "INC0012347"}) {
    IncidentRow other = rows.incident;
    other.id = IncidentId{std::string(number)};
    other.number = std::string(number);
    rows.captures[0].incidents.push_back(other.id);
    rows.sharing.push_back(std::move(other));
  }
}

WebServer::Limits limits_asked() {
  const char* asked = std::getenv("EXHIBIT_PATIENCE_MS");
  if (!asked) return {};
  const std::chrono::milliseconds patience{parse_number<int>(asked).value_or(1000)};
  return {.header = patience, .body = patience, .idle = patience, .write = patience};
}

}  // namespace

int main(int count, char** words) {
  const auto tenant = std::make_shared<test::FakeTenant>("acme");
  const Zone zone = load_zone("Europe/Berlin").value_or(Zone());
  const LinkId recording = test::link_of("rec"), sealed = test::link_of("sealed");
  const TenantId name = tenant->settings().tenant;
  tenant->incidents[recording] = test::phf_incident(name, recording, zone);
  tenant->incidents[sealed] = test::phf_incident(name, sealed, zone);
  share(tenant->incidents[sealed]);
  tenant->seal(sealed, test::phf_capture(100));
  const LinkId big = test::link_of("big");
  tenant->incidents[big] = test::phf_incident(name, big, zone);
  tenant->seal(big, test::phf_capture(20'000));
  tenant->incidents[test::link_of("evil")] = hostile_incident(name, zone);
  tenant->incidents[test::link_of("lost")] = lost_incident(name, zone);
  tenant->incidents[test::link_of("demand")] = demand_incident(name, zone);

  HostSettings settings;
  settings.web_port = 0;
  settings.public_url = "http://localhost";
  if (count > 1) settings.web_port = parse_number<std::uint16_t>(words[1]).value_or(0);
  if (count > 3) settings.web_certificate = words[2], settings.web_key = words[3];
  if (count > 3) settings.public_url = "https://localhost";
  settings.users = {{"kim", scrypt_hash("correct horse", Bytes(16, 7)), {TenantId{"*"}}, false}};
  Executors executors(2, 2);
  const SystemClock clock;
  auto server =
      start_web_server(settings,
                       {executors, clock, [](LogLevel, std::string_view, std::string_view, std::string_view) {},
                        [tenant] { return std::vector<std::shared_ptr<TenantRuntime>>{tenant}; }},
                       limits_asked());
  if (!server) return 1;
  std::printf("http://127.0.0.1:%d kim correct horse\n", (*server)->port());
  std::fflush(stdout);
  for (char line[64]; std::fgets(line, sizeof line, stdin);)
    if (std::string_view(line) == "seal\n") tenant->seal(recording, test::phf_capture(100));
  (*server)->stop({});
  server = Error{Errc::unavailable, "ended"};
  executors.join();
  return 0;
}
