#include "incident/ticket_template.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "phf_alert.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;
using test::AlertXml;
using test::noon;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Templates : public testing::Test {
 protected:
  Templates() : alert(AlertXml{}.alert(noon)) {
    view.first = &alert;
    view.tenant_name = "ACME";
    view.networks = {*Network::parse("198.51.100.0/24")};
    view.priority = priority_of(alert);
    view.link = "https://ev.msp.example/e/k2qx5dm3jh4v6rtbznc7wpyaeu";
    view.correlation = "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE";
  }
  TemplatedText made(const TicketTemplates& templates) { return templated(templates, view, ticket_text(view)); }

  Alert alert;
  TicketView view;
};

std::string mistake_in(std::string TicketTemplates::*sink, std::string text) {
  TicketTemplates templates;
  templates.*sink = std::move(text);
  const auto mistakes = check_templates(templates);
  return mistakes.empty() ? "" : mistakes.front().what;
}

TEST_F(Templates, OnlyTagsThatCanBeCheckedAreTaken) {
  const std::pair<const char*, const char*> tags[] = {{"{{! a note to ourselves}}", ""},
                                                      {"{{> shared}}", "partials"},
                                                      {"{{=<% %>=}}", "other delimiters"},
                                                      {"{{#packet}}{{packet}}{{/packet}}", ""},
                                                      {"{{^blocked}}no{{/blocked}}", ""},
                                                      {"{{{sentence}}}", ""},
                                                      {"{{&sentence}}", ""},
                                                      {"{{#nothing}}{{/nothing}}", "nothing"},
                                                      {"{{{nothing}}}", "nothing"}};
  for (const auto& [tag, wrong] : tags) {
    const std::string said = mistake_in(&TicketTemplates::internal_text, cat(tag, " {{link}} {{ref}}"));
    if (*wrong == '\0')
      EXPECT_EQ(said, "") << tag;
    else
      EXPECT_THAT(said, HasSubstr(wrong)) << tag;
  }
}

TEST_F(Templates, GiveADeskItsOwnWords) {
  TicketTemplates templates;
  templates.title = "[{{tenant}}] {{signature_id}} {{attacker_address}} -> {{target_address}}:{{target_port}}";
  templates.public_text = "Dear customer,\nyour host was asked for something odd at {{when}}.";
  templates.internal_text =
      "{{sentence}}\n{{#blocked}}It was blocked.{{/blocked}}{{^blocked}}{{block}}{{/blocked}}\n"
      "{{#packet}}\n{{packet}}\n{{/packet}}\nEvidence: {{link}}\n{{ref}}";
  EXPECT_THAT(check_templates(templates), testing::IsEmpty());
  const TemplatedText text = made(templates);
  EXPECT_THAT(text.problems, testing::IsEmpty());
  EXPECT_EQ(text.text.title, "[ACME] 3200 192.0.2.10 -> 198.51.100.20:80");
  EXPECT_THAT(text.text.public_text, StartsWith("Dear customer,\nyour host"));
  EXPECT_THAT(
      text.text.internal_text,
      AllOf(StartsWith("192.0.2.10 asked 198.51.100.20 for\n/cgi-bin/phf"), HasSubstr("Blocked: none reported."),
            HasSubstr("| GET /cgi-bin/phf"), HasSubstr("Cookie: sid=[masked, 12 bytes]"),
            HasSubstr("Evidence: https://ev.msp.example/e/"), EndsWith("EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE")));
}

TEST_F(Templates, WithoutAnyTheTextIsTheBuiltInOne) {
  const TicketText built_in = ticket_text(view);
  const TemplatedText text = made({});
  EXPECT_EQ(text.text.title, built_in.title);
  EXPECT_EQ(text.text.internal_text, built_in.internal_text);
}

TEST_F(Templates, CannotLeaveOutTheLinkAndTheReference) {
  TicketTemplates templates;
  templates.internal_text = "Something happened.";
  EXPECT_EQ(made(templates).text.internal_text,
            "Something happened.\nPackets   https://ev.msp.example/e/k2qx5dm3jh4v6rtbznc7wpyaeu\n"
            "Ref       EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE (do not edit)");
  templates.internal_text = cat(std::string(5000, 'x'), "\n{{link}}\n{{ref}}");  // Cut before it comes to them.
  const std::string cut = made(templates).text.internal_text;
  EXPECT_THAT(cut, AllOf(HasSubstr(view.link), HasSubstr(view.correlation), HasSubstr("more at the link")));
  EXPECT_LE(cut.size(), 2600U);
}

TEST_F(Templates, KeepToTheLimitsOfATicket) {
  TicketTemplates templates;
  templates.title = std::string(60, 'a') + "\n" + std::string(60, 'b');
  templates.internal_text =
      "{{#packet}}" + std::string(300, 'w') + " {{sentence}}\n{{/packet}}" + std::string(200, '\n');
  const TemplatedText text = made(templates);
  EXPECT_EQ(code_points(text.text.title), 100U);
  EXPECT_THAT(text.text.title, Not(HasSubstr("\n")));
  for (const auto line : split(text.text.internal_text, "\n"))
    EXPECT_TRUE(code_points(line) <= 76 || line.find(view.link) != std::string_view::npos) << line;
}

TEST_F(Templates, ThatFailAtRunTimeFallBackAndSaySo) {
  TicketTemplates templates;
  templates.title = "{{#blocked}}only when blocked{{/blocked}}";
  templates.public_text = "{{#high}}never closed";
  const TemplatedText text = made(templates);
  const TicketText built_in = ticket_text(view);
  EXPECT_EQ(text.text.title, built_in.title);
  EXPECT_EQ(text.text.public_text, built_in.public_text);
  ASSERT_EQ(text.problems.size(), 2U);
  EXPECT_EQ(text.problems[0].sink, "title");
  EXPECT_THAT(text.text.internal_text, HasSubstr("the template \"title\" was not used: it makes an empty text"));
}

TEST_F(Templates, CarryTheReasonOfAShortText) {
  TicketTemplates templates;
  templates.internal_text = "{{link}} {{ref}}";
  view.short_because = "the desk refused a longer text (HTTP 403)";
  EXPECT_THAT(made(templates).text.internal_text, HasSubstr("short because the desk refused a longer text (HTTP 403)"));
}

TEST_F(Templates, FrameANote) {
  TicketTemplates templates;
  templates.note = "{{text}}\n-- {{tenant}} night shift";
  EXPECT_THAT(check_templates(templates), testing::IsEmpty());
  const TemplatedText note = templated_note(templates, view, cat("CAPTURE READY.\nSame link: ", view.link));
  EXPECT_EQ(note.text.internal_text, cat("CAPTURE READY.\nSame link: ", view.link, "\n-- ACME night shift"));
}

TEST_F(Templates, ValuesAreNeverReadAsTemplates) {
  alert.signature_name = "{{link}} {{#high}}";
  TicketTemplates templates;
  templates.title = "{{signature_name}}";
  EXPECT_THAT(made(templates).text.title, HasSubstr("{{link}} {{#high}}"));
}

TEST(TemplateCheck, NamesMistakesBeforeATicketMeetsThem) {
  constexpr auto title = &TicketTemplates::title;
  EXPECT_EQ(mistake_in(title, "{{attacker_adress}}"), "there is no name {{attacker_adress}}");
  EXPECT_EQ(mistake_in(title, "{{#high}}{{^blocked}}{{nobody}}{{/blocked}}{{/high}}"), "there is no name {{nobody}}");
  EXPECT_THAT(mistake_in(title, "{{#high}}x"), HasSubstr("Unclosed section"));
  EXPECT_THAT(mistake_in(title, "{{link"), HasSubstr("Unclosed tag"));
  EXPECT_THAT(mistake_in(title, "{{>other}}"), HasSubstr("partials"));
  EXPECT_THAT(mistake_in(title, "{{=<% %>=}}<%link%>"), HasSubstr("delimiters"));
  EXPECT_THAT(mistake_in(title, "{{#high}}only high ones{{/high}}"), HasSubstr("it makes an empty text (tried with"));
  EXPECT_THAT(mistake_in(title, std::string(9000, 'x')), HasSubstr("longer than 8192 bytes"));
  EXPECT_EQ(mistake_in(title, "{{! a remark }}{{{title}}} {{&link}}"), "");
}

TEST(TemplateCheck, PacketsAreNotForTheCustomer) {
  EXPECT_THAT(mistake_in(&TicketTemplates::public_text, "{{packet}}"), HasSubstr("the customer reads this text"));
  EXPECT_THAT(mistake_in(&TicketTemplates::title, "{{sentence}}"), HasSubstr("the customer reads this text"));
  EXPECT_EQ(mistake_in(&TicketTemplates::public_text, "{{internal_text}}"), "there is no name {{internal_text}}");
  EXPECT_EQ(mistake_in(&TicketTemplates::internal_text, "{{sentence}}{{packet}}{{internal_text}}"), "");
}

/// Whatever stands in a template, there is a text and no crash: cut one at every byte.
TEST_F(Templates, CutAtEveryByteStillGiveATicket) {
  const std::string whole = "{{#high}}{{! }}{{{sentence}}} {{&packet}}{{/high}}{{^high}}{{ref}}{{/high}} {{link}}";
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    TicketTemplates templates;
    templates.title = templates.public_text = templates.internal_text = templates.note = whole.substr(0, length);
    (void)check_templates(templates);
    const TemplatedText text = made(templates);
    EXPECT_FALSE(text.text.title.empty()) << length;
    EXPECT_THAT(text.text.internal_text, AllOf(HasSubstr(view.link), HasSubstr(view.correlation))) << length;
    EXPECT_FALSE(templated_note(templates, view, "note").text.internal_text.empty()) << length;
  }
}

}  // namespace
}  // namespace exhibit
