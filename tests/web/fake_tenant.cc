#include "tests/web/fake_tenant.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/sha256.h"
#include "base/text.h"
#include "packet/capture_read.h"
#include "packet/capture_write.h"
#include "tests/packet/compose.h"

namespace exhibit::test {
namespace {

using namespace std::chrono_literals;

// Sun 22 Nov 2026 02:12:41.123 UTC
constexpr std::int64_t alert_ns = 1'795'313'561'123'000'000;

Bytes to_target(const compose::Tcp& tcp, const Bytes& payload) {
  return compose::eth(0x0800, compose::ipv4({}, compose::tcp(tcp, payload)));
}

Bytes to_attacker(compose::Tcp tcp, const Bytes& payload) {
  std::swap(tcp.source, tcp.target);
  return compose::eth(0x0800, compose::ipv4({.source = "198.51.100.20", .target = "192.0.2.10", .ttl = 63},
                                            compose::tcp(tcp, payload)));
}

Bytes phf_request() {
  return compose::bytes_of(
      "GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd HTTP/1.0\r\nHost: www.example.com\r\n"
      "User-Agent: Mozilla/4.0 (compatible)\r\nCookie: sid=0123456789ab\r\nAccept: */*\r\n\r\n");
}

}  // namespace

Result<Bytes> MemoryEvidence::read(const EvidenceId& id) const {
  events_.push_back(cat("read ", id.text.substr(0, 4)));
  const auto it = files.find(id);
  if (it == files.end()) return Error{Errc::not_found, "never sealed"};
  if (damaged) return Error{Errc::corrupt, "the bytes no longer match their name"};
  return it->second;
}

Result<EvidenceFile> MemoryEvidence::open_checked(const EvidenceId& id) const {
  const Result<Bytes> bytes = read(id);
  if (!bytes) return bytes.error();
  FileHandle file(::memfd_create("capture", 0));
  const bool whole = ::write(file.get(), bytes->data(), bytes->size()) == static_cast<ssize_t>(bytes->size());
  return whole ? Result<EvidenceFile>(EvidenceFile{std::move(file), bytes->size()})
               : Error{Errc::unavailable, "no room"};
}

FakeTenant::FakeTenant(std::string name) {
  settings_.tenant = TenantId{name};
  settings_.name = to_lower(name) == "acme" ? "ACME" : name;
}

void FakeTenant::page(const LinkId& link, std::function<void(Result<PageRows>)> done) {
  if (store_fails) return done(Error{Errc::unavailable, "the disk"});
  std::optional<PageRows> rows;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = incidents.find(link); it != incidents.end()) rows = it->second;
  }
  if (rows) rows->view.first = rows->alert.get();
  done(rows ? Result<PageRows>(std::move(*rows)) : Error{Errc::not_found, "no such link"});
}

void FakeTenant::note_in_ledger(std::string actor, std::string action, std::string object, std::string detail,
                                std::function<void(Result<void>)> done) {
  if (ledger_refuses) return done(Error{Errc::unavailable, "the disk"});
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(cat(actor, " ", action, " ", object.substr(0, 26), detail.empty() ? "" : ": ", detail));
  }
  done({});
}

void FakeTenant::fetch_now(const CaptureKey& key, std::string by, std::function<void(Result<void>)> done) {
  fetched.insert(cat(key.text(), " by ", by));
  done({});
}

void FakeTenant::list(std::size_t limit, std::size_t, std::function<void(Result<std::vector<IncidentRow>>)> done) {
  std::vector<IncidentRow> rows;
  for (const auto& [link, page] : incidents)
    if (rows.size() < limit) rows.push_back(page.incident);
  done(std::move(rows));
}

std::vector<std::string> FakeTenant::log() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

void FakeTenant::seal(const LinkId& link, Bytes file) {
  const std::lock_guard lock(mutex_);
  PageRows& rows = incidents.at(link);
  const EvidenceId id{hex(sha256(file))};
  CaptureView& view = rows.view.captures.front();
  CaptureRow& row = rows.captures.front();
  view.state = row.state = CaptureState::sealed_complete;
  view.evidence = row.evidence = id;
  view.bytes = row.bytes = file.size();
  const auto flow = alert_flow(*rows.alert);
  if (flow)
    if (const auto told = exhibit::report(file, *flow, rows.alert->trigger_packet)) view.report = *told;
  evidence_.files[id] = std::move(file);
}

LinkId link_of(std::string_view word) { return LinkId{std::string(26 - word.size(), 'a') + std::string(word)}; }

PageRows phf_incident(const TenantId& tenant, const LinkId& link, const Zone& zone) {
  Alert alert;
  alert.identity = "0123456789abcdef0123456789abcdef";
  alert.tenant = tenant;
  alert.sensor = SensorId{"acme-ips1"};
  alert.event_id = "1182522900045587005";
  alert.time = wall_from_ns(alert_ns);
  alert.received = alert.time + 1400ms;
  alert.signature_id = "3200", alert.subsignature_id = "0", alert.signature_name = "WWW phf";
  alert.signature_version = "S37", alert.signature_details = "cgi-bin/phf";
  alert.risk = 85, alert.threat = 85;
  alert.attacker = Endpoint{"192.0.2.10", 40112, "OUT", ""};
  alert.targets = {Endpoint{"198.51.100.20", 80, "IN", "learned: linux"}};
  alert.protocol = "tcp", alert.virtual_sensor = "vs0", alert.interface = "ge0_1";
  alert.actions = {"ipLoggingActivated", "produceVerboseAlert"};
  alert.logs = {"1734556221"};
  alert.trigger_packet = to_target({}, phf_request());

  PageRows rows;
  rows.tenant = tenant;
  rows.tenant_name = "ACME";
  rows.raw =
      "<evIdsAlert eventId=\"1182522900045587005\" severity=\"high\">\n  <signature id=\"3200\"/>\n</evIdsAlert>";
  rows.incident.id = IncidentId{"8a7f0000-0000-8000-8000-000000000001"};
  rows.incident.link = link;
  rows.incident.correlation = CorrelationId{"EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE"};
  rows.incident.group = "3200/0 192.0.2.10 198.51.100.20";
  rows.incident.first_time = alert.time;
  rows.incident.opened = alert.received;
  rows.incident.ticket = "6f1e", rows.incident.number = "INC0012345";
  CaptureRow capture;
  capture.key = {alert.sensor, "1734556221", 0};
  capture.state = CaptureState::recording;
  capture.incidents = {rows.incident.id};
  rows.incident.captures = {capture.key};
  CaptureView view;
  view.log = capture.key.locator;
  view.state = CaptureState::recording;
  view.ready_expected = alert.time + 34s;
  view.safe_until = alert.time + 22min;
  rows.view.captures = {view};
  rows.captures = {capture};
  rows.view.tenant_name = rows.tenant_name;
  rows.view.priority = priority_of(alert);
  rows.view.zone = zone;
  rows.view.networks = {*Network::parse("198.51.100.0/24")};
  rows.view.correlation = rows.incident.correlation.text;
  rows.alert = std::make_shared<const Alert>(std::move(alert));
  rows.view.first = rows.alert.get();
  return rows;
}

Bytes phf_capture(std::size_t noise) {
  using namespace tcp_flag;
  Bytes file = capture_header(link_type::ethernet);
  WallTime at = wall_from_ns(alert_ns) + 7ms;
  const auto add = [&](const Bytes& packet, Nanoseconds later) {
    at += later;
    append_packet(file, at, packet);
  };
  const Bytes request = phf_request();
  const auto size = static_cast<std::uint32_t>(request.size());
  add(to_target({.sequence = 999, .acknowledgement = 0, .flags = syn}, {}), 0ms);
  add(to_attacker({.sequence = 4999, .acknowledgement = 1000, .flags = syn | ack}, {}), 2ms);
  add(to_target({.flags = ack}, {}), 38ms);
  add(to_target({}, request), 1ms);
  add(to_attacker({.sequence = 5000, .acknowledgement = 1000 + size, .flags = ack}, {}), 2ms);
  const Bytes answer = compose::bytes_of(
      "HTTP/1.0 404 Not Found\r\nServer: Apache/1.3\r\nContent-Type: text/html\r\nContent-Length: 43\r\n\r\n"
      "<html><body><h1>Not Found</h1></body></html");
  add(to_attacker({.sequence = 5000, .acknowledgement = 1000 + size}, answer), 39ms);
  add(to_target({.sequence = 1000 + size, .acknowledgement = 5139, .flags = static_cast<std::uint16_t>(fin | ack)}, {}),
      40ms);
  for (std::size_t i = 0; i < noise; ++i) {
    const auto port = static_cast<std::uint16_t>(40113 + i);
    add(to_target({.source = port, .sequence = 1, .flags = syn}, {}), 137ms);
    add(to_attacker({.source = port, .sequence = 1, .acknowledgement = 2, .flags = rst | ack}, {}), 2ms);
  }
  return file;
}

}  // namespace exhibit::test
