#include "config/settings.h"

#include <gmock/gmock.h>

#include "base/text.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

const std::string host_yaml = R"(public_url: https://ev.msp.example
state: /var/lib/exhibit
web: {listen: 0.0.0.0:8443, certificate: c.pem, key: k.pem}
users: [{name: kim, scrypt: "scrypt$x", tenants: [acme], role: analyst}]
desks:
  snow: {adapter: rest, profile: servicenow, url: https://msp.service-now.example/, login: {user: exhibit, password: {file: snow}}}
)";
const std::string tenant_yaml = R"(tenant: acme
zone: Europe/Berlin
networks: [198.51.100.0/24]
sensors:
  - {name: acme-ips1, kind: cisco-sdee, url: "https://203.0.113.11", login: {user: exhibit, password: {env: PW}}, pin: "sha256:0000000000000000000000000000000000000000000000000000000000000000"}
desk: {use: snow, map: {company: 7c2a, assignment_group: 91bd}}
)";

std::optional<HostSettings> host(const std::string& yaml, std::vector<Mistake>& mistakes) {
  return read_host_settings(yaml, mistakes);
}

std::vector<Mistake> tenant_mistakes(const std::string& yaml) {
  std::vector<Mistake> mistakes;
  const auto settings = host(host_yaml, mistakes);
  (void)read_tenant_settings(yaml, *settings, mistakes);
  return mistakes;
}

TEST(Settings, TheExamplesOfTheManualAreGoodAndHaveGoodDefaults) {
  std::vector<Mistake> mistakes;
  const auto provider = host(host_yaml, mistakes);
  ASSERT_TRUE(provider) << mistakes_json(mistakes);
  EXPECT_EQ(provider->web_port, 8443);
  EXPECT_EQ(provider->session, 12h);
  EXPECT_EQ(provider->desks.at({"snow"}).url, "https://msp.service-now.example");
  EXPECT_EQ(provider->desks.at({"snow"}).login_json, R"({"password":{"file":"snow"},"user":"exhibit"})");
  const auto tenant = read_tenant_settings(tenant_yaml, *provider, mistakes);
  ASSERT_TRUE(tenant) << mistakes_json(mistakes);
  EXPECT_EQ(tenant->disclosure, Disclosure::masked);
  EXPECT_EQ(tenant->attach, AttachPolicy::none);
  EXPECT_EQ(tenant->policy.ticket_from, Severity::high);
  EXPECT_EQ(tenant->policy.ticket_from_risk, 70);
  EXPECT_EQ(tenant->sensors[0].captures.ring.files, 64);
  EXPECT_EQ(tenant->sensors[0].captures.ring.log_time, 30s);
  EXPECT_EQ(tenant->sensors[0].port, 443);
  EXPECT_FALSE(tenant->sensors[0].subscription.force);
}

/// A provider whose desks are one that takes REST and one that is written to by mail.
std::vector<Mistake> mistakes_with_mail(const std::string& desk_of_tenant, const std::string& map_of_mail) {
  std::vector<Mistake> mistakes;
  const auto provider =
      host(cat(host_yaml, "  post: {adapter: email, url: smtp://127.0.0.1:25, map: {from: exhibit@msp.example",
               map_of_mail, "}}\n"),
           mistakes);
  EXPECT_TRUE(provider) << mistakes_json(mistakes);
  mistakes.clear();
  if (provider)
    (void)read_tenant_settings(tenant_yaml.substr(0, tenant_yaml.rfind("desk:")) + "desk: " + desk_of_tenant + "\n",
                               *provider, mistakes);
  return mistakes;
}

TEST(Settings, ATenantsMailNeedsSomebodyWhoGetsIt) {
  const std::vector<Mistake> nobody = mistakes_with_mail("{use: post}", "");
  ASSERT_THAT(nobody, SizeIs(1)) << mistakes_json(nobody);
  EXPECT_THAT(nobody[0].what, HasSubstr("nobody gets this tenant's mail"));
  EXPECT_THAT(mistakes_with_mail("{use: post, map: {to: [soc@customer.example]}}", ""), SizeIs(0));
  EXPECT_THAT(mistakes_with_mail("{use: post}", ", to: all@msp.example"), SizeIs(0));
}

TEST(Settings, ATenantMayNameItsOwnPeopleForWhileItsDeskIsDown) {
  EXPECT_THAT(mistakes_with_mail("{use: snow, while_down: {mail: soc@customer.example, through: post}}", ""),
              SizeIs(0));
  const std::vector<Mistake> wrong =
      mistakes_with_mail("{use: snow, while_down: {mail: soc@customer.example, through: snow}}", "");
  ASSERT_THAT(wrong, SizeIs(1)) << mistakes_json(wrong);
  EXPECT_EQ(wrong[0].where, "/desk/while_down/through");
}

TEST(Settings, TheDesksMapHoldsForATenantThatDoesNotSayOtherwise) {
  std::vector<Mistake> mistakes;
  const std::string yaml =
      cat("public_url: http://127.0.0.1\nstate: /tmp/x\ndesks:\n  rt: {adapter: rest, profile: rt5, url: ",
          "http://127.0.0.1:9, login: {token: {env: T}}, map: {queue: Incidents, owner: kim}}\n");
  const auto provider = host(yaml, mistakes);
  ASSERT_TRUE(provider) << mistakes_json(mistakes);
  const auto tenant = read_tenant_settings(
      "tenant: acme\nsensors: [{name: s, kind: cisco-sdee, url: https://203.0.113.11, login: {user: u, password: {env: "
      "P}}}]\n"
      "desk: {use: rt, map: {queue: Acme}}\n",
      *provider, mistakes);
  ASSERT_TRUE(tenant) << mistakes_json(mistakes);
  EXPECT_EQ(tenant->map_json, R"({"owner":"kim","queue":"Acme"})");
}

TEST(Settings, ATenantsRulesGivePrioritiesAndFields) {
  std::vector<Mistake> mistakes;
  const auto provider = host(host_yaml, mistakes);
  const std::string yaml = cat(tenant_yaml,
                               "policy:\n"
                               "  rules:\n"
                               "    - {severity_from: high, risk_from: 90, priority: 1}\n"
                               "    - {signatures: [\"3200\", \"3201/1\"], targets: [198.51.100.0/28], priority: 2, "
                               "fields: {assignment_group: 91bd}}\n");
  const auto tenant = read_tenant_settings(yaml, *provider, mistakes);
  ASSERT_TRUE(tenant) << mistakes_json(mistakes);
  ASSERT_EQ(tenant->policy.rules.size(), 2U);
  EXPECT_EQ(tenant->policy.rules[0].severity_from, Severity::high);
  EXPECT_EQ(tenant->policy.rules[1].signatures, (std::vector<std::string>{"3200", "3201/1"}));
  EXPECT_EQ(tenant->policy.rules[1].fields_json, R"({"assignment_group":"91bd"})");

  EXPECT_FALSE(read_tenant_settings(cat(tenant_yaml, "policy:\n  rules: [{targets: [198.51.100.7/28], priority: 2}]\n"),
                                    *provider, mistakes));
  ASSERT_FALSE(mistakes.empty());
  EXPECT_EQ(mistakes[0].where, "/policy/rules/0/targets/0");
}

TEST(Settings, ATenantsTemplatesStandOverTheDesks) {
  std::vector<Mistake> mistakes;
  const auto with = [](const std::string& templates) {
    return cat(
        "public_url: http://127.0.0.1\nstate: /tmp/x\ndesks:\n  snow: {adapter: webhook, url: http://127.0.0.1:9, ",
        "templates: ", templates, "}\n");
  };
  const auto provider = host(with("{title: \"{{tenant}}: {{title}}\", note: \"{{text}} --\"}"), mistakes);
  ASSERT_TRUE(provider) << mistakes_json(mistakes);
  std::string yaml = tenant_yaml;
  yaml.replace(yaml.find("{use: snow"), 10, "{use: snow, templates: {title: \"{{title}}!\"}");
  const auto tenant = read_tenant_settings(yaml, *provider, mistakes);
  ASSERT_TRUE(tenant) << mistakes_json(mistakes);
  EXPECT_EQ(tenant->templates.title, "{{title}}!");
  EXPECT_EQ(tenant->templates.note, "{{text}} --");

  EXPECT_FALSE(host(with("{title: \"{{titel}}\"}"), mistakes));
  ASSERT_FALSE(mistakes.empty());
  EXPECT_EQ(mistakes[0].where, "/desks/snow/templates/title");
  EXPECT_EQ(mistakes[0].what, "there is no name {{titel}}");
  EXPECT_EQ(mistakes[0].line, 4);
}

class WhileDown : public testing::Test {
 protected:
  std::optional<HostSettings> read(const std::string& while_down, const std::string& more = "") {
    mistakes.clear();
    return host(
        cat("public_url: http://127.0.0.1\nstate: /tmp/x\ndesks:\n",
            "  snow: {adapter: webhook, url: https://msp.service-now.example, inbox: triage@msp.example, "
            "while_down: ",
            while_down, "}\n  post: {adapter: email, url: smtp://127.0.0.1:25, map: {from: exhibit@msp.example, ",
            "to: all@msp.example}}\n", more),
        mistakes);
  }
  [[nodiscard]] std::vector<std::string> said() const {
    std::vector<std::string> all;
    for (const Mistake& mistake : mistakes) all.push_back(cat(mistake.warning ? "warning " : "", mistake.where));
    return all;
  }
  std::vector<Mistake> mistakes;
};

TEST_F(WhileDown, PeopleAreToldThroughAnEMailDesk) {
  const auto good =
      read("{mail: soc@msp.example, after: 5 min}", "operator: {desk: snow, mail: [platform@msp.example]}\n");
  ASSERT_TRUE(good) << mistakes_json(mistakes);
  EXPECT_THAT(mistakes, testing::IsEmpty());
  const MailToPeople& people = *good->desks.at({"snow"}).while_down;
  EXPECT_EQ(people.through.text, "post");
  EXPECT_EQ(people.mail, std::vector<std::string>{"soc@msp.example"});
  EXPECT_EQ(people.after, 5min);
  EXPECT_EQ(good->operator_mail->mail, std::vector<std::string>{"platform@msp.example"});

  EXPECT_FALSE(read("{mail: soc@msp.example, through: snow}"));
  EXPECT_THAT(said(), testing::ElementsAre("/desks/snow/while_down/through"));
  EXPECT_FALSE(read("{mail: nobody}"));
}

TEST_F(WhileDown, AnAddressThatADeskReadsIsWarnedOf) {
  for (const char* address : {"triage@msp.example", "Triage@MSP.example", "msp@service-now.example",
                              "any@msp.service-now.example", "exhibit@msp.example"}) {
    EXPECT_TRUE(read(cat("{mail: [soc@msp.example, ", address, "]}"))) << "it is a warning and no more";
    EXPECT_THAT(said(), testing::ElementsAre("warning /desks/snow/while_down/mail/1")) << address;
  }
  EXPECT_TRUE(read("{mail: soc@service-now.example}"));
  EXPECT_THAT(said(), testing::IsEmpty());
}

TEST(Settings, ASecretWrittenOutInALoginIsAMistake) {
  for (const char* login : {"{user: kim, password: hunter2}", "{token: abc}", "{secrets: [abc]}",
                            "{oauth2: {token_url: \"https://id.example/t\", client_secret: abc}}"}) {
    std::vector<Mistake> mistakes;
    EXPECT_FALSE(host(cat("public_url: http://127.0.0.1\nstate: /tmp/x\ndesks:\n  d: {adapter: webhook, url: ",
                          "https://d.example, login: ", login, "}\n"),
                      mistakes))
        << login;
  }
}

TEST(Settings, EveryMistakeComesAtOnceWithItsPlaceAndAHint) {
  const auto mistakes = tenant_mistakes(
      "tenant: Acme!\nzoen: Europe/Berlin\nsensors:\n  - {name: s, kind: cisco, url: https://x, login: {user: u, "
      "password: {env: P}}}\ndesk: {use: snow, disclosure: all}\n");
  ASSERT_THAT(mistakes, SizeIs(4)) << mistakes_json(mistakes);
  EXPECT_EQ(mistake_text("acme.yaml", mistakes[0]).substr(0, 22), "acme.yaml:1:1: /tenant");
  EXPECT_THAT(mistake_text("acme.yaml", mistakes[1]),
              HasSubstr("acme.yaml:2:1: /zoen: unknown key \"zoen\" (did you mean \"zone\"?)"));
  EXPECT_THAT(mistake_text("acme.yaml", mistakes[2]),
              HasSubstr("acme.yaml:4:15: /sensors/0/kind: this value is not allowed (one of cisco-sdee)"));
  EXPECT_THAT(mistake_text("acme.yaml", mistakes[3]),
              HasSubstr("/desk/disclosure: this value is not allowed (one of full, masked, headers, none)"));
}

TEST(Settings, WhatIsMissingIsNamed) {
  const auto mistakes = tenant_mistakes("tenant: acme\n");
  ASSERT_THAT(mistakes, SizeIs(2)) << mistakes_json(mistakes);
  EXPECT_THAT(mistakes[0].what + mistakes[1].what,
              testing::AllOf(HasSubstr("\"sensors\" is missing"), HasSubstr("\"desk\" is missing")));
}

struct Case {
  const char *from, *to, *says;
};

TEST(Settings, WhatASchemaCannotSayIsCheckedToo) {
  const Case cases[] = {{"use: snow", "use: snwo", "no desk has this name"},
                        {"198.51.100.0/24", "198.51.100.1/24", "no network"},
                        {"https://203.0.113.11", "https://203.0.113.11:99999", "the port is no port"},
                        {"pin: \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"",
                         "tls: legacy", "legacy TLS needs a pin"},
                        {"{env: PW}", "hunter2", "never the secret itself"}};
  for (const Case& given : cases) {
    const auto mistakes = tenant_mistakes(replace_all(tenant_yaml, given.from, given.to));
    ASSERT_FALSE(mistakes.empty()) << given.says;
    EXPECT_THAT(mistake_text("f", mistakes[0]), HasSubstr(given.says));
    EXPECT_GT(mistakes[0].line, 0) << given.says;
  }
}

TEST(Settings, PlainHttpIsOnlyServedOnLoopback) {
  std::vector<Mistake> mistakes;
  EXPECT_FALSE(host(replace_all(host_yaml, ", certificate: c.pem, key: k.pem", ""), mistakes));
  EXPECT_THAT(mistakes[0].what, HasSubstr("only served on loopback"));
  mistakes.clear();
  EXPECT_TRUE(host(replace_all(host_yaml, "0.0.0.0:8443, certificate: c.pem, key: k.pem", "127.0.0.1:0"), mistakes));
}

TEST(Settings, ASecretIsNeverQuotedInAMistake) {
  for (const Mistake& mistake : tenant_mistakes(replace_all(tenant_yaml, "{env: PW}", "hunter2")))
    EXPECT_EQ(mistake_text("f", mistake).find("hunter2"), std::string::npos);
}

TEST(Yaml, AKeyGivenTwiceIsAMistake) {
  const auto mistakes = tenant_mistakes("tenant: acme\ntenant: other\n");
  EXPECT_THAT(mistakes[0].what, HasSubstr("given twice"));
  EXPECT_EQ(mistakes[0].line, 2);
}

TEST(Yaml, TextsThatAreNotYamlNameThePlace) {
  const auto mistakes = tenant_mistakes("tenant: [\n  x\n}\n");
  ASSERT_FALSE(mistakes.empty());
  EXPECT_GT(mistakes[0].line, 0);
}

TEST(Yaml, ALineThatIsNoUtf8IsAMistakeAndNeverThrown) {
  const std::vector<Mistake> mistakes = tenant_mistakes("tenant: acme\nname: M\xFCller\n");
  ASSERT_THAT(mistakes, SizeIs(1));
  EXPECT_EQ(mistakes[0].line, 2);
  EXPECT_THAT(mistakes[0].what, HasSubstr("UTF-8"));
}

TEST(Yaml, AliasesCannotBlowItUp) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i)
    bomb += cat("a", i, ": &a", i, " [*a", i - 1, ", *a", i - 1, ", *a", i - 1, ", *a", i - 1, ", *a", i - 1, ", *a",
                i - 1, ", *a", i - 1, ", *a", i - 1, "]\n");
  EXPECT_FALSE(tenant_mistakes(bomb).empty());
}

TEST(Durations, HaveAUnit) {
  EXPECT_EQ(parse_duration("30 s"), 30s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("12h"), 12h);
  for (const char* bad : {"", "30", "s", "-1 s", "1 y", "99999999 d"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace exhibit
