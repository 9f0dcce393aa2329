#include <gmock/gmock.h>

#include "base/text.h"
#include "config/settings.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string full_host = R"(public_url: https://ev.msp.example
state: /var/lib/exhibit
web: {listen: "[::1]:9443", session: 30 min}
users:
  - {name: kim, scrypt: "scrypt$x", tenants: [acme, other], role: analyst}
  - {name: ops, scrypt: "scrypt$y", tenants: [acme], role: operator}
api: [{name: soar, sha256: "0000000000000000000000000000000000000000000000000000000000000000", tenants: [acme]}]
desks:
  rt: {adapter: rest, profile: rt5, url: "https://rt.example///", login: {token: {env: T}}, map: {queue: Q}, concurrency: 8,
       calls_per_hour: 500, runner: tenant, settle: 5 s, deadline: 10 s, retry: 3 s, poll: 2 min}
  post: {adapter: email, url: "smtp://127.0.0.1:25", mode: quiet, map: {from: desk@msp.example, to: all@msp.example}}
  own: {adapter: host}
operator: {desk: rt, map: {queue: Ops}, mail: [platform@msp.example], through: post}
)";

const std::string full_tenant = R"(tenant: acme
name: ACME Ltd
zone: Europe/Berlin
networks: [198.51.100.0/24, "2001:db8::/32"]
sensors:
  - {name: s1, kind: cisco-sdee, url: "https://[2001:db8::11]:8443/", login: {user: u, password: {host: pw}}, tls: legacy, force: true,
     pin: "sha256:0000000000000000000000000000000000000000000000000000000000000000", ring: 16, writers: 4, log_time: 10 s, margin: 2 s,
     retry: 4 s, long_poll: 30 s, path: /cgi-bin/other}
  - {name: s2, kind: cisco-sdee, url: "http://127.0.0.1", login: {user: u, password: {file: pw}}, ring: 3, writers: 64}
desk: {use: rt, map: {queue: Acme}, disclosure: headers, attach: capture}
policy:
  ticket_from: medium
  capture_from: low
  ticket_from_risk: 50
  group_window: 10 min
  reopen_within: 2 h
  rules:
    - {priority: 1, severity_from: high, risk_from: 90, signatures: ["3200"], attackers: [192.0.2.0/24], targets: [198.51.100.0/24], fields: {vip: "1"}}
)";

std::optional<HostSettings> host_of(const std::string& yaml, std::vector<Mistake>& mistakes) {
  return read_host_settings(yaml, mistakes);
}

TEST(AllSettings, WhatTheProviderSaysIsWhatHolds) {
  std::vector<Mistake> mistakes;
  const auto host = host_of(full_host, mistakes);
  ASSERT_TRUE(host) << mistakes_json(mistakes);
  EXPECT_EQ(host->web_address, "::1");
  EXPECT_EQ(host->web_port, 9443);
  EXPECT_EQ(host->session, 30min);
  ASSERT_EQ(host->users.size(), 2U);
  EXPECT_FALSE(host->users[0].is_operator);
  EXPECT_TRUE(host->users[1].is_operator);
  ASSERT_EQ(host->api.size(), 1U);
  EXPECT_THAT(host->api[0].tenants, ElementsAre(TenantId{"acme"}));
  const DeskSettings& rt = host->desks.at({"rt"});
  EXPECT_EQ(rt.url, "https://rt.example");
  EXPECT_EQ(rt.concurrency, 8);
  EXPECT_EQ(rt.calls_per_hour, 500);
  EXPECT_TRUE(rt.runner_per_tenant);
  EXPECT_THAT((std::vector<Nanoseconds>{rt.settle, rt.deadline, rt.retry, rt.poll}), ElementsAre(5s, 10s, 3s, 2min));
  EXPECT_EQ(host->operator_desk, DeskId{"rt"});
  EXPECT_EQ(host->operator_map_json, R"({"queue":"Ops"})");
  ASSERT_TRUE(host->operator_mail);
  EXPECT_EQ(host->operator_mail->through, DeskId{"post"});
}

TEST(AllSettings, WhatATenantSaysIsWhatHolds) {
  std::vector<Mistake> mistakes;
  const auto host = host_of(full_host, mistakes);
  const auto tenant = read_tenant_settings(full_tenant, *host, mistakes);
  ASSERT_TRUE(tenant) << mistakes_json(mistakes);
  EXPECT_EQ(tenant->name, "ACME Ltd");
  EXPECT_EQ(tenant->networks.size(), 2U);
  const SensorSettings& first = tenant->sensors.at(0);
  EXPECT_EQ(first.host, "2001:db8::11");
  EXPECT_EQ(first.port, 8443);
  EXPECT_TRUE(first.tls && first.legacy_tls && first.subscription.force);
  EXPECT_EQ(first.subscription.path, "/cgi-bin/other");
  EXPECT_EQ(first.subscription.long_poll, 30s);
  EXPECT_EQ(first.login.password, (SecretReference{SecretReference::Kind::host, "pw"}));
  EXPECT_THAT((std::vector<Nanoseconds>{first.captures.ring.log_time, first.captures.margin, first.captures.retry_first,
                                        first.captures.confirm_wait}),
              ElementsAre(10s, 2s, 4s, 4s));
  const SensorSettings& second = tenant->sensors.at(1);
  EXPECT_FALSE(second.tls);
  EXPECT_EQ(second.port, 80);
  EXPECT_EQ(second.captures.ring.writers, 1) << "a ring of three has no room for 64 writers";
  EXPECT_EQ(tenant->disclosure, Disclosure::headers);
  EXPECT_EQ(tenant->attach, AttachPolicy::capture);
  EXPECT_EQ(tenant->map_json, R"({"queue":"Acme"})");
  EXPECT_EQ(tenant->policy.ticket_from, Severity::medium);
  EXPECT_EQ(tenant->policy.capture_from, Severity::low);
  EXPECT_EQ(tenant->policy.ticket_from_risk, 50);
  EXPECT_EQ(tenant->group_window, 10min);
  EXPECT_EQ(tenant->reopen_within, 2h);
  const PriorityRule& rule = tenant->policy.rules.at(0);
  EXPECT_EQ(rule.number, 1);
  EXPECT_EQ(rule.risk_from, 90);
  EXPECT_THAT(rule.signatures, ElementsAre("3200"));
  EXPECT_EQ(rule.attackers.size() + rule.targets.size(), 2U);
}

/// One thing is changed in a good text; what is said of it, and where.
struct Change {
  const char *from, *to, *where, *what;
};

TEST(AllSettings, EachThingThatCannotBeIsSaidAtItsPlace) {
  const Change changes[] = {
      {"\"[::1]:9443\"", "\"[::1]:0x\"", "/web/listen", ""},
      {"\"[::1]:9443\"", "\"[::1]:70000\"", "/web/listen", "no address and port"},
      {"\"[::1]:9443\"", "\"192.0.2.1:80\"", "/web/listen", "plain HTTP"},
      {"session: 30 min", "session: 30 min, key: k.pem", "/web", "certificate and key go together"},
      {"name: ops", "name: kim", "/users/1/name", "two users have this name"},
      {"profile: rt5, ", "", "/desks/rt", "\"profile\" is missing"},
      {"own: {adapter: host}", "own: {adapter: webhook}", "/desks/own", "\"url\" is missing"},
      {"mode: quiet", "mode: conversational", "/desks/post", "\"mailbox\" is missing"},
      {"operator: {desk: rt", "operator: {desk: none", "/operator/desk", "no desk has this name"},
      {"through: post", "through: rt", "/operator", ""},
      {"settle: 5 s", "settle: 5 parsecs", "/desks/rt/settle", ""},
      {"public_url: https://ev.msp.example\n", "", "", "public_url"},
  };
  for (const Change& change : changes) {
    ASSERT_NE(full_host.find(change.from), std::string::npos) << change.from;
    std::vector<Mistake> mistakes;
    EXPECT_FALSE(host_of(replace_all(full_host, change.from, change.to), mistakes)) << change.to;
    EXPECT_TRUE(std::any_of(mistakes.begin(), mistakes.end(),
                            [&](const Mistake& mistake) {
                              return mistake.where.starts_with(change.where) &&
                                     mistake.what.find(change.what) != std::string::npos;
                            }))
        << change.to << ": " << mistakes_json(mistakes);
  }
}

TEST(AllSettings, EachThingOfATenantThatCannotBeIsSaidAtItsPlace) {
  const Change changes[] = {
      {":8443/", ":99999/", "/sensors/0/url", "the port is no port"},
      {":8443/", ":0/", "/sensors/0/url", "the port is no port"},
      {"     pin: \"sha256:0000000000000000000000000000000000000000000000000000000000000000\", ring", "     ring",
       "/sensors/0/tls", "legacy TLS needs a pin"},
      {"198.51.100.0/24, \"", "198.51.100.1/24, \"", "/networks/0", "no network"},
      {"attackers: [192.0.2.0/24]", "attackers: [everybody]", "/policy/rules/0/attackers/0", "no network"},
      {"use: rt", "use: elsewhere", "/desk/use", "no desk has this name"},
      {"name: s2", "name: s1", "/sensors/1", ""},
      {"disclosure: headers", "disclosure: some", "/desk/disclosure", ""},
      {"priority: 1", "priority: urgent", "/policy/rules/0/priority", ""},
      {"tenant: acme", "tenant: \"../acme\"", "/tenant", ""},
  };
  std::vector<Mistake> none;
  const auto host = host_of(full_host, none);
  for (const Change& change : changes) {
    ASSERT_NE(full_tenant.find(change.from), std::string::npos) << change.from;
    std::vector<Mistake> mistakes;
    EXPECT_FALSE(read_tenant_settings(replace_all(full_tenant, change.from, change.to), *host, mistakes)) << change.to;
    EXPECT_TRUE(std::any_of(mistakes.begin(), mistakes.end(),
                            [&](const Mistake& mistake) {
                              return mistake.where.starts_with(change.where) &&
                                     mistake.what.find(change.what) != std::string::npos;
                            }))
        << change.to << ": " << mistakes_json(mistakes);
  }
}

TEST(AllSettings, ATenantIsKeptAsTheProviderSaysOrShorter) {
  std::vector<Mistake> mistakes;
  EXPECT_EQ(host_of(full_host, mistakes)->keep, (Keep{24h * 400, 4ULL << 30, 20ULL << 30}));
  const auto host = host_of(full_host + "keep: {age: 90 d, rows: 64MiB}\n", mistakes);
  ASSERT_TRUE(host) << mistakes_json(mistakes);
  const auto tenant = read_tenant_settings(
      full_tenant + "keep: {age: 30 d, captures: 1 GiB}\non_hold: [EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE]\n", *host,
      mistakes);
  ASSERT_TRUE(tenant) << mistakes_json(mistakes);
  EXPECT_EQ(tenant->keep, (Keep{24h * 30, 64U << 20, 1U << 30}));
  EXPECT_THAT(tenant->on_hold, ElementsAre(CorrelationId{"EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE"}));
  EXPECT_FALSE(read_tenant_settings(full_tenant + "keep: {age: 91 d}\n", *host, mistakes));
  EXPECT_THAT(mistakes_json(mistakes), HasSubstr("more than exhibit.yaml keeps"));
  for (const char* bad : {"keep: {rows: 15 MiB}", "keep: {captures: 0 GiB}", "keep: {age: 23 h}", "keep: {rows: 5}",
                          "keep: {rows: 99999999 TiB}", "keep: {days: 5 d}"}) {
    mistakes.clear();
    EXPECT_FALSE(host_of(cat(full_host, bad, "\n"), mistakes)) << bad;
  }
}

TEST(AllSettings, DurationsHaveUnits) {
  const std::pair<const char*, Nanoseconds> table[] = {{"500ms", 500ms}, {"30 s", 30s}, {"2 min", 2min},
                                                       {"12h", 12h},     {"1 d", 24h},  {"0 s", 0s}};
  for (const auto& [text, duration] : table) EXPECT_EQ(parse_duration(text), duration) << text;
  for (const char* text : {"", "s", "5", "-1 s", "1.5 s", "5 weeks", "99999999999999999999 s", "5 s s"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace exhibit
