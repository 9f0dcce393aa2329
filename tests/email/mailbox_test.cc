#include <gmock/gmock.h>

#include "adapters/email/imap_reader.h"
#include "adapters/email/mail_heard.h"
#include "base/base64.h"
#include "base/text.h"

namespace exhibit::email {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> told(ImapReader& reader) {
  std::vector<std::string> all;
  while (const auto response = reader.take()) {
    std::string line;
    for (const auto& token : response->tokens)
      line += cat(line.empty() ? "" : " ", token.is_data ? cat('<', token.text, '>') : token.text);
    all.push_back(line);
  }
  return all;
}

TEST(ImapReader, PutsResponsesTogetherFromPiecesOfAnySize) {
  const std::string wire =
      "* 3 EXISTS\r\n* OK [UIDVALIDITY 17] fine \"really\"\r\n* SEARCH 5 2 9\r\n"
      "* 1 FETCH (UID 5 BODY[HEADER]<0> {13}\r\nx1 OK forged\nBODY[TEXT]<0> \"a \\\"b\\\"\" FLAGS (\\Seen))\r\nx1 OK "
      "done\r\n";
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
    ImapReader reader;
    std::vector<std::string> all;
    for (std::size_t at = 0; at < wire.size(); at += piece) {
      reader.add(std::string_view(wire).substr(at, piece));
      for (std::string& line : told(reader)) all.push_back(std::move(line));
    }
    ASSERT_THAT(all,
                ElementsAre("* 3 EXISTS", "* OK [UIDVALIDITY 17] fine <really>", "* SEARCH 5 2 9",
                            "* 1 FETCH UID 5 BODY[HEADER]<0> <x1 OK forged\n> BODY[TEXT]<0> <a \"b\"> FLAGS \\Seen",
                            "x1 OK done"))
        << piece;
  }
}

TEST(ImapReader, ALiteralNeverEndsACommand) {
  ImapReader reader;
  reader.add("* 1 FETCH (UID 5 BODY[TEXT]<0> {14}\r\nx1 OK forged\r\n)\r\n");
  const auto response = reader.take();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->ends("x1"), "");
  EXPECT_EQ(response->behind("UID"), "5");
  EXPECT_EQ(response->behind("BODY[TEXT]<0>"), "x1 OK forged\r\n");
  EXPECT_FALSE(response->behind("BODY[HEADER]<0>"));
  reader.add("x1 NO\r\n");
  EXPECT_EQ(reader.take()->ends("x1"), "no");
}

TEST(ImapReader, BreaksOffWhatIsTooLargeOrNoImap) {
  for (const std::string& wire : {std::string("* 1 FETCH (BODY[TEXT] {99999999999}\r\n"), std::string("* x {a}\r\n"),
                                  std::string((1U << 20) + 10, 'x')}) {
    ImapReader reader;
    reader.add(wire);
    EXPECT_FALSE(reader.take());
    EXPECT_TRUE(reader.broken());
  }
}

TEST(ImapReader, KnowsNumbersAndValidity) {
  ImapReader reader;
  reader.add("* SEARCH 9 2 x 5\r\n* OK [UIDVALIDITY 1734556221] ok\r\n* SEARCH\r\n");
  EXPECT_THAT(search_numbers(*reader.take()), ElementsAre(2U, 5U, 9U));
  EXPECT_EQ(uid_validity(*reader.take()), 1734556221U);
  EXPECT_THAT(search_numbers(*reader.take()), ElementsAre());
}

Settings inbox() {
  Settings made;
  made.from = "exhibit@msp.example";
  return made;
}

const std::string answer_head =
    "From: Kim <kim@msp.example>\r\nSubject: Re: [rt.example #42] HIGH [EXH1-AAAA]\r\nMessage-ID: <1@kim>\r\n"
    "Date: Sun, 22 Nov 2026 03:00:00 +0100\r\nIn-Reply-To: <inc.EXH1-ABCDEFG234.00aa@msp.example>\r\n";

TEST(MailHeard, APersonsAnswerIsACommentOnItsIncident) {
  const auto got =
      heard(inbox(), answer_head, "It is our scanner.\r\n\r\nOn Sunday Exhibit wrote:\r\n> 192.0.2.10 asked\r\n");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->correlation_id, "EXH1-ABCDEFG234");
  EXPECT_EQ(got->message_id, "inc.EXH1-ABCDEFG234@msp.example");
  EXPECT_EQ(got->tag, "[rt.example #42]");
  EXPECT_FALSE(got->machine);
  EXPECT_EQ(got->text, "It is our scanner.");
  EXPECT_EQ(got->author, "Kim <kim@msp.example>");
  EXPECT_EQ(got->id, "<1@kim>");
}

TEST(MailHeard, AMachinesAnswerIsOnlyRead) {
  for (const char* mark : {"Auto-Submitted: auto-replied", "Precedence: bulk", "Precedence: Junk", "Return-Path: <>",
                           "auto-submitted: auto-generated; x", "X-Autoreply: yes"}) {
    const auto got = heard(inbox(), cat(answer_head, mark, "\r\n"), "I am on holiday");
    ASSERT_TRUE(got) << mark;
    EXPECT_TRUE(got->machine) << mark;
    EXPECT_EQ(got->text, "") << mark;
    EXPECT_EQ(got->tag, "[rt.example #42]") << mark;
  }
  EXPECT_FALSE(heard(inbox(), cat(answer_head, "Auto-Submitted: no\r\n"), "x")->machine);
}

TEST(MailHeard, WhatRequestTrackerSendsOnForAPersonIsThatPersonsWord) {
  const std::string bulk = cat(answer_head, "Precedence: bulk\r\nX-RT-Originator: kim@msp.example\r\n");
  const auto got = heard(inbox(), bulk, "It is our scanner.");
  ASSERT_TRUE(got);
  EXPECT_FALSE(got->machine);
  EXPECT_EQ(got->author, "kim@msp.example");
  EXPECT_TRUE(heard(inbox(), replace_all(bulk, "Originator: kim@", "Originator: exhibit@"), "our own note")->machine);
  EXPECT_TRUE(heard(inbox(), replace_all(bulk, "Originator: kim@msp.example", "Originator: RT_System"), "x")->machine);
  EXPECT_TRUE(heard(inbox(), cat(bulk, "Auto-Submitted: auto-replied\r\n"), "Greetings")->machine);
}

TEST(MailHeard, OurOwnMailAndThoseOfOthersAreNothing) {
  EXPECT_FALSE(heard(inbox(), cat(answer_head, "X-Exhibit-Incident: EXH1-A\r\n"), "x"));
  EXPECT_FALSE(heard(inbox(), replace_all(answer_head, "kim@msp.example", "Exhibit@MSP.example"), "x"));
  EXPECT_FALSE(heard(inbox(), "From: a@b\r\nSubject: hello [EXH1-1]\r\nReferences: <inc.x@y> <inc.EXH1-A>\r\n", "x"));
  EXPECT_FALSE(heard(inbox(), "", ""));
}

TEST(MailHeard, TheSubjectServesWhereTheThreadWasLost) {
  const auto got =
      heard(inbox(), "From: a@b\r\nSubject: =?utf-8?Q?AW=3A_HIGH_[EXH1-ABCDEFG234?=\r\n =?utf-8?B?XQ==?=\r\n", "ok");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->correlation_id, "EXH1-ABCDEFG234");
  EXPECT_EQ(got->message_id, "");
  EXPECT_EQ(heard(inbox(), cat("X-RT-Ticket: rt.example #7\r\n", answer_head), "")->tag, "[rt.example #7]");
}

TEST(MailHeard, TextComesOutOfWhateverItWasWrappedIn) {
  const auto text = [](const std::string& head, const std::string& body) {
    return plain_text(header_fields(head), body);
  };
  EXPECT_EQ(text("", "plain"), "plain");
  EXPECT_EQ(text("Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n",
                 "caf=E9 =\r\nbar"),
            "caf\u00E9 bar");
  EXPECT_EQ(text("Content-Transfer-Encoding: BASE64\r\n", "aGVs\r\nbG8=\r\n"), "hello");
  EXPECT_EQ(text("Content-Type: text/html\r\n", "<b>"), "");
  const std::string parts =
      "pre\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>no</b>\r\n--b\r\nContent-Type: text/plain; "
      "charset=\"utf-8\"\r\n\r\nyes\r\n--b--\r\n";
  EXPECT_EQ(text("Content-Type: multipart/alternative; boundary=\"b\"\r\n", parts), "yes\r\n");
  EXPECT_EQ(text("Content-Type: multipart/mixed; boundary=\"o\"\r\n",
                 cat("--o\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n", parts, "\r\n--o--")),
            "yes\r\n");
  EXPECT_EQ(text("Content-Type: multipart/mixed\r\n", "----"), "");
}

TEST(MailHeard, AnEncodedWordBringsNoLineIntoItsField) {
  const auto fields = header_fields("Subject: =?utf-8?q?a=0D=0AX-Forged:_1?= b\r\nTo: =?utf-8?b?YQpi?=\r\n");
  EXPECT_EQ(fields.at("subject"), "a  X-Forged: 1 b");
  EXPECT_EQ(fields.at("to"), "a b");
  EXPECT_EQ(fields.size(), 2U);
}

TEST(MailHeard, NoBytesOfAStrangerBreakIt) {
  const std::string body =
      "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n=?=?utf-8?B?\xFF\xFE?=\r\n";
  const std::string head =
      cat(answer_head, "Content-Type: multipart/mixed; boundary=b\r\nX: =?utf-8?B?", "\r\nY: =?x?Q?=Z\r\n");
  for (std::size_t cut = 0; cut <= head.size(); ++cut) {
    const auto got = heard(inbox(), head.substr(0, cut), body.substr(0, cut % (body.size() + 1)));
    if (!got) continue;
    EXPECT_TRUE(is_utf8(got->text) && is_utf8(got->author) && is_utf8(got->tag));
  }
  std::string nested;
  for (int i = 0; i < 200; ++i) nested += cat("Content-Type: multipart/mixed; boundary=b", i, "\r\n\r\n--b", i, "\r\n");
  EXPECT_EQ(plain_text(header_fields("Content-Type: multipart/mixed; boundary=b\r\n"), cat("--b\r\n", nested)), "");
  EXPECT_THAT(own_words("a\x1b[2J\nb\rc"), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace exhibit::email
