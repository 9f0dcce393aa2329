#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "adapters/email/email_message.h"
#include "adapters/email/email_words.h"
#include "base/text.h"
#include "exhibit/adapter.h"

namespace exhibit::email {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const WallTime noon{Nanoseconds(1'795'313'562'500'000'000)};

Settings settings(Mode mode = Mode::quiet) {
  Settings made;
  made.from = made.envelope_sender = "exhibit@msp.example";
  made.from_name = "Exhibit";
  made.to = {"soc@msp.example"};
  made.mode = mode;
  return made;
}

Mail mail(std::uint32_t kind = EXH_OP_ENSURE) {
  return {.kind = kind,
          .op_id = "inc-1-1",
          .correlation_id = "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE",
          .tenant = "acme",
          .title = "HIGH: 192.0.2.10 > 198.51.100.20:80 WWW phf",
          .text = "line one\n\nline three",
          .ticket = ticket_name("", "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE", "msp.example"),
          .attachment = {}};
}

std::string head_of(const std::string& message) { return message.substr(0, message.find("\r\n\r\n") + 2); }

/// No bare CR or LF, no long line, no line with a dot in front, nothing but ASCII.
void expect_fit_for_the_wire(const std::string& message) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    ASSERT_TRUE(c == '\r' || c == '\n' || (c >= 0x20 && c < 0x7F)) << i << ": " << static_cast<int>(c);
    ASSERT_EQ(c == '\n', i > 0 && message[i - 1] == '\r') << i;
    ASSERT_FALSE(c == '.' && length == 0) << i;
    length = c == '\n' ? 0 : length + 1;
    ASSERT_LE(length, 998U);
  }
  EXPECT_THAT(message, EndsWith("\r\n"));
}

TEST(EmailMessage, HasEveryHeaderOfAQuietMail) {
  const std::string message = message_text(mail(), settings(), noon);
  expect_fit_for_the_wire(message);
  EXPECT_EQ(message,
            "Date: Sun, 22 Nov 2026 02:12:42 +0000\r\n"
            "From: Exhibit <exhibit@msp.example>\r\n"
            "To: soc@msp.example\r\n"
            "Subject: HIGH: 192.0.2.10 > 198.51.100.20:80 WWW phf\r\n"
            " [EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE]\r\n"
            "Message-ID: <inc.EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE@msp.example>\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "List-Id: <acme.exhibit.msp.example>\r\n"
            "X-Exhibit-Incident: EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "line one\r\n\r\nline three\r\n");
}

TEST(EmailMessage, OnlyTheFirstMailOfAConversationMayBeAnswered) {
  const Settings talks = settings(Mode::conversational);
  EXPECT_THAT(message_text(mail(), talks, noon), Not(HasSubstr("Auto-Submitted")));
  EXPECT_THAT(message_text(mail(EXH_OP_NOTE), talks, noon), HasSubstr("Auto-Submitted: auto-generated"));
}

TEST(EmailMessage, ARepeatIsTheSameMailAndAFollowUpIsAnotherBelowIt) {
  const Settings quiet = settings();
  Mail note = mail(EXH_OP_NOTE), other = mail(EXH_OP_NOTE);
  note.op_id = "inc-1-2";
  other.op_id = "inc-1-3";
  EXPECT_EQ(message_id(mail(), quiet), message_id(mail(), quiet));
  EXPECT_EQ(message_id(note, quiet), message_id(note, quiet));
  EXPECT_NE(message_id(note, quiet), message_id(other, quiet));
  EXPECT_NE(message_id(note, quiet), message_id(mail(), quiet));
  const std::string head = head_of(message_text(note, quiet, noon));
  EXPECT_THAT(head, HasSubstr("In-Reply-To: <inc.EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE@msp.example>\r\n"));
  EXPECT_THAT(head, HasSubstr("References: <inc.EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE@msp.example>\r\n"));
}

TEST(EmailMessage, TheDesksTagStandsBeforeTheTitleOnceItIsKnown) {
  Mail note = mail(EXH_OP_NOTE);
  note.ticket = ticket_name("inc.EXH1-A@old.example [rt.example #42]", "EXH1-A", "msp.example");
  EXPECT_EQ(note.ticket.text(), "inc.EXH1-A@old.example [rt.example #42]");
  const std::string head = head_of(message_text(note, settings(), noon));
  EXPECT_THAT(head, HasSubstr("Subject: [rt.example #42] HIGH: 192.0.2.10"));
  EXPECT_THAT(head, HasSubstr("In-Reply-To: <inc.EXH1-A@old.example>"));
}

TEST(EmailMessage, ATicketIsUnderstoodHoweverTheEngineKeepsIt) {
  struct Row {
    const char *ticket, *id, *tag;
  };
  const Row table[] = {{"", "inc.EXH1-A@d.example", ""},
                       {"inc.EXH1-A@old.example", "inc.EXH1-A@old.example", ""},
                       {"inc.EXH1-A@old.example [rt #7]", "inc.EXH1-A@old.example", "[rt #7]"},
                       {"[rt.example #42]", "inc.EXH1-A@d.example", "[rt.example #42]"},
                       {"rt.example #42", "inc.EXH1-A@d.example", "[rt.example #42]"},
                       {"inc.x@y>\r\nBcc: z", "inc.EXH1-A@d.example", ""},
                       {"[a\r\nb #1]", "inc.EXH1-A@d.example", ""}};
  for (const Row& row : table) {
    const TicketName name = ticket_name(row.ticket, "EXH1-A", "d.example");
    EXPECT_EQ(name.message_id, row.id) << row.ticket;
    EXPECT_EQ(name.tag, row.tag) << row.ticket;
  }
}

TEST(EmailMessage, ATagIsTheDesksAndNeverOurs) {
  EXPECT_EQ(desk_tag("Re: [rt.example #42] HIGH [EXH1-A]"), "[rt.example #42]");
  EXPECT_EQ(desk_tag("HIGH [EXH1-A]"), "");
  EXPECT_EQ(desk_tag("[urgent] [Help Desk #7]"), "[Help Desk #7]");
  EXPECT_EQ(desk_tag("[ #7] [a #x] [a #] ["), "");
}

TEST(EmailMessage, AnAttachmentIsAPartOfItsOwn) {
  Mail with = mail();
  with.attachment =
      Attachment{"trigger.pcap", "application/vnd.tcpdump.pcap", std::string("\xd4\xc3\xb2\xa1\0\r\n.\r\n", 10)};
  const std::string message = message_text(with, settings(), noon);
  expect_fit_for_the_wire(message);
  EXPECT_THAT(message, HasSubstr("Content-Type: application/vnd.tcpdump.pcap;\r\n name=\"trigger.pcap\"\r\n"));
  EXPECT_THAT(message,
              HasSubstr("Content-Disposition: attachment;\r\n filename=\"trigger.pcap\"\r\n\r\n1MOyoQANCi4NCg==\r\n"));
  with.attachment->mime = "text/html\r\nX: y";
  EXPECT_THAT(message_text(with, settings(), noon), HasSubstr("application/octet-stream"));
}

TEST(EmailMessage, NothingForeignBecomesAHeader) {
  Mail bad = mail();
  bad.title = "a\r\nBcc: victim@x.example\r\n\r\n<script>\0";
  bad.tenant = "acme>\r\nX-Evil: 1";
  bad.correlation_id = "EXH1\r\nX-Evil: 2";
  bad.op_id = "x\r\ny";
  bad.text = "a\rb\n.\nFrom me\n\x1b[31m\x00 end";
  const std::string message = message_text(bad, settings(), noon);
  expect_fit_for_the_wire(message);
  EXPECT_THAT(head_of(message), Not(HasSubstr("\r\nBcc")));
  EXPECT_THAT(head_of(message), Not(HasSubstr("\r\nX-Evil")));
  EXPECT_THAT(message, HasSubstr("a\\x0db\r\n=2E\r\n=46rom me\r\n\\x1b[31m"));
}

TEST(EmailWords, AHeaderIsPlainEncodedAndFoldedAsItMustBe) {
  EXPECT_EQ(header("Subject", "plain words"), "Subject: plain words\r\n");
  EXPECT_EQ(header("Subject", ""), "Subject: \r\n");
  EXPECT_EQ(header("Subject", "caf\u00E9"), "Subject: =?utf-8?B?Y2Fmw6k=?=\r\n");
  EXPECT_EQ(header("Subject", "=?utf-8?Q?trick?="), "Subject: =?utf-8?B?PT91dGYtOD9RP3RyaWNrPz0=?=\r\n");
  EXPECT_THAT(header("Subject", "two  blanks"), HasSubstr("=?utf-8?B?"));
  EXPECT_THAT(header("Subject", std::string(2000, 'x')), HasSubstr("?=\r\n =?utf-8?B?"));
  for (const std::string& value :
       {std::string(300, 'x'), std::string(300, ' '), join(std::vector<std::string>(90, "word"), " ")}) {
    const std::string folded = header("Subject", value);
    for (const std::string_view line : split(folded.c_str(), "\r\n")) EXPECT_LE(line.size(), 76U) << line;
  }
}

TEST(EmailWords, QuotedPrintableKeepsEveryByteAndEveryLineShort) {
  EXPECT_EQ(quoted_printable("a=b"), "a=3Db\r\n");
  EXPECT_EQ(quoted_printable("end \n"), "end=20\r\n");
  EXPECT_EQ(quoted_printable("\u20AC"), "=E2=82=AC\r\n");
  EXPECT_EQ(quoted_printable(".dot\nFrom x\n"), "=2Edot\r\n=46rom x\r\n");
  for (std::size_t at = 60; at < 80; ++at)
    for (const char* trap : {".", "From x", "\u20AC."}) {
      const std::string encoded = quoted_printable(cat(std::string(at, 'x'), trap, "tail"));
      EXPECT_THAT(encoded, Not(HasSubstr("\n."))) << at;
      EXPECT_THAT(encoded, Not(HasSubstr("\nFrom "))) << at;
    }
}

TEST(EmailWords, AFileNameIsNoPathAndAParameterIsOneLine) {
  EXPECT_EQ(file_name("../../etc/passwd"), "evidence.._.._etc_passwd");
  EXPECT_EQ(file_name(""), "evidence");
  EXPECT_LE(file_name(std::string(500, 'a')).size(), 120U);
  EXPECT_EQ(parameter("filename", "a.pcap"), "filename=\"a.pcap\"");
  EXPECT_EQ(parameter("filename", "r\u00E9.pcap"), "filename*0*=utf-8''r%C3%A9.pcap");
  EXPECT_EQ(parameter("filename", "a\"b"), "filename*0*=utf-8''a%22b");
  EXPECT_THAT(parameter("filename", std::string(100, 'a')), HasSubstr(";\r\n filename*1*="));
}

TEST(EmailSettings, WhatIsWrongIsSaidWithoutASecret) {
  const auto config = [](const std::string& more) {
    return cat(R"({"url":"smtp://mail.example:25","map":{"from":"a@b.example","to":["c@d.example"]})", more, "}");
  };
  const Result<Settings> good = settings_of(config(R"(,"login":{"user":"u","password":"p"})"));
  ASSERT_TRUE(good) << good.error().text;
  EXPECT_EQ(good->smtp.tls, Tls::required);
  EXPECT_EQ(good->smtp.port, "25");
  EXPECT_EQ(good->envelope_sender, "a@b.example");
  for (const char* bad :
       {R"(,"login":{"password":"S3cret"})", R"(,"login":{"user":"u","password":"S3cret\r\n"})", R"(,"mode":"loud")",
        R"(,"mode":"conversational")", R"(,"mode":"conversational","mailbox":{"url":"imap://x","login":{}})"}) {
    const Result<Settings> made = settings_of(config(bad));
    ASSERT_FALSE(made) << bad;
    EXPECT_THAT(made.error().text, Not(HasSubstr("S3cret")));
  }
  for (const char* url : {"", "http://x", "smtp://", "smtp://a/b", "smtp://u@x", "smtp://x:99999", "imap://x"})
    EXPECT_FALSE(settings_of(replace_all(config(""), "smtp://mail.example:25", url))) << url;
  for (const char* address : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\\r\\nBcc: x", "<a@b>", "\u00E9@b.example"})
    EXPECT_FALSE(settings_of(replace_all(config(""), "c@d.example", address))) << address;
}

TEST(EmailSettings, ATenantsMailGoesToHisOwnPeople) {
  const Settings desk =
      *settings_of(R"({"url":"smtp://mail.example:25","map":{"from":"a@b.example","to":"c@d.example"}})");
  EXPECT_EQ(for_tenant(desk, "{}")->to, std::vector<std::string>{"c@d.example"});
  const Result<Settings> own = for_tenant(desk, R"({"to":["e@f.example"],"audience":"customer"})");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->to, std::vector<std::string>{"e@f.example"});
  EXPECT_TRUE(own->customer_only);
  EXPECT_FALSE(for_tenant(desk, R"({"to":"a b"})"));
  EXPECT_FALSE(for_tenant(desk, R"({"to":[]})"));

  const Settings nobody = *settings_of(R"({"url":"smtp://mail.example:25","map":{"from":"a@b.example"}})");
  EXPECT_FALSE(for_tenant(nobody, "{}")) << "somebody must read it";
  EXPECT_TRUE(for_tenant(nobody, R"({"to":"e@f.example"})"));
}

TEST(EmailSettings, TlsIsLeftOutOnlyOnThisMachineOrByTheOperatorsOwnWord) {
  struct Row {
    const char *url, *more, *map;
    Tls tls;
  };
  const Row table[] = {{"smtp://mail.example", "", "", Tls::required},
                       {"smtps://mail.example", "", "", Tls::implicit},
                       {"smtp://mail.example", "", R"(,"tls":"none")", Tls::none},
                       {"smtp://127.0.0.1:25", "", "", Tls::none},
                       {"smtp://[::1]:25", "", "", Tls::none},
                       {"smtp://127.0.0.1", R"(,"ca":"/ca.pem")", "", Tls::required},
                       {"smtp://127.0.0.1", R"(,"login":{"user":"u","password":"p"})", "", Tls::if_offered},
                       {"smtp://127.0.0.1", "", R"(,"tls":"required")", Tls::required}};
  for (const Row& row : table) {
    const Result<Settings> made = settings_of(cat(
        R"({"url":")", row.url, R"(","map":{"from":"a@b.example","to":"c@d.example")", row.map, "}", row.more, "}"));
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_EQ(made->smtp.tls, row.tls) << row.url << row.more << row.map;
  }
}

}  // namespace
}  // namespace exhibit::email
