"""The conversational mail desk against real Postfix and Dovecot: conversation_test.py BUILD_DIR [unittest arguments].

The desk's side is played here; request_tracker_test.py has a real one.
"""
import smtplib
import sys
import unittest

from mail_world import MailTest, ensure_body, parsed, rl

US = "connector@exhibit.test"
FIRST = "<inc.EXH1-AAAA2222@exhibit.test>"


class Conversation(MailTest):
    def setUp(self):
        super().setUp()
        self.desk = self.talk()

    def talk(self, **changes):
        config = {"mode": "conversational", "map": {"from": US}, "ca": self.at["ca"], "login": self.login(),
                  "mailbox": {"url": f"imap://127.0.0.1:{self.at['imap']}", "login": self.login()}}
        config.update(changes)
        return self.link("submission", **config)

    def answer(self, subject="Re: HIGH [EXH1-AAAA2222]", headers=(), text="It is our scanner.\r\n\r\n> quoted", sender="kim@exhibit.test"):
        lines = [f"From: Kim <{sender}>", f"To: {US}", f"Subject: {subject}", *headers, "", text]
        with smtplib.SMTP("127.0.0.1", self.at["smtp"]) as server:
            server.sendmail(sender, [US], "\r\n".join(lines))
        self.servers.settled("connector", 0)

    def poll(self, cursor=None):
        rc, result = self.desk.poll({"cursor": cursor, "tickets": []} if cursor else {"tickets": []})
        self.assertEqual(rc, rl.OK, result)
        return result["document"]

    def ensure(self):
        rc, result = self.desk.apply(rl.ENSURE, "inc-1-1", ensure_body(), correlation_id="EXH1-AAAA2222")
        self.assertEqual(rc, rl.OK, result)
        return result["ticket"]

    def note(self, ticket, attempt=1):
        return self.desk.apply(rl.NOTE, "inc-1-2", {"text": "CAPTURE READY", "title": "HIGH"}, ticket=ticket, attempt=attempt,
                               correlation_id="EXH1-AAAA2222")

    def test_the_login_and_the_mailbox_are_proven_by_the_probe(self):
        self.assertEqual(self.desk.probe(), (rl.OK, {}))
        wrong = self.talk(mailbox={"url": f"imap://127.0.0.1:{self.at['imap']}", "login": self.login(password="wrong-Passw0rd")})
        rc, result = wrong.probe()
        self.assertEqual((rc, result["cause"]), (rl.DENIED, "login-refused"))
        self.assertNotIn("wrong-", str(result))
        token = self.talk(mailbox={"url": f"imap://127.0.0.1:{self.at['imap']}",
                                   "login": {"user": self.at["user"], "token": self.at["token"]}})
        self.assertEqual(token.probe(), (rl.OK, {}))

    def test_the_number_is_learnt_from_an_answer_and_later_mails_carry_it(self):
        ticket = self.ensure()
        (raw,) = self.servers.settled("soc", 1)
        self.assertIsNone(parsed(raw)["Auto-Submitted"])
        rc, result = self.note(ticket)
        self.assertEqual((rc, result["cause"]), (rl.RETRY, "number-unknown"))
        self.answer("[rt.example #42] AutoReply: HIGH", [f"In-Reply-To: {FIRST}", "X-RT-Ticket: rt.example #42",
                                                         "Auto-Submitted: auto-replied", "Precedence: bulk"])
        document = self.poll()
        (told,) = document["tickets"]
        self.assertEqual((told["correlation_id"], told["number"]), ("EXH1-AAAA2222", "rt.example #42"))
        self.assertEqual(told["comments"], [])  # A machine is only ever read.
        fresh = self.talk()  # Another process that remembers nothing, with the ticket as poll named it.
        self.desk = fresh
        rc, result = self.note(told["ticket"])
        self.assertEqual((rc, result["number"]), (rl.OK, "rt.example #42"))
        subjects = [parsed(raw)["Subject"] for raw in self.servers.settled("soc", 2)]
        self.assertIn("[rt.example #42] HIGH [EXH1-AAAA2222]", subjects)

    def test_a_note_finds_the_number_by_itself_when_nobody_polled(self):
        ticket = self.ensure()
        self.answer("[rt.example #7] AutoReply", [f"References: <x@y> {FIRST}", "Auto-Submitted: auto-replied"])
        rc, result = self.note(ticket)
        self.assertEqual((rc, result["number"]), (rl.OK, "rt.example #7"))
        self.assertEqual(result["ticket"], "inc.EXH1-AAAA2222@exhibit.test [rt.example #7]")

    def test_a_desk_that_never_tells_a_number_still_gets_the_note_below_the_first_mail(self):
        rc, _ = self.note(self.ensure(), attempt=4)
        self.assertEqual(rc, rl.OK)
        below = [parsed(raw)["In-Reply-To"] for raw in self.servers.settled("soc", 2)]
        self.assertEqual(sorted(below, key=str), [FIRST, None])

    def test_a_persons_answer_comes_home_once_and_our_own_mail_never(self):
        self.answer(headers=[f"In-Reply-To: {FIRST}", "Message-ID: <1@kim>"])
        self.answer(headers=[f"In-Reply-To: {FIRST}", "X-Exhibit-Incident: EXH1-AAAA2222", "Message-ID: <2@us>"], sender=US)
        self.answer("lunch?")
        first = self.poll()
        (told,) = first["tickets"]
        (comment,) = told["comments"]
        self.assertEqual((comment["id"], comment["text"], comment["public"]), ("<1@kim>", "It is our scanner.", True))
        again = self.poll(first["cursor"])  # The cursor overlaps; the version says that it is known.
        self.assertEqual([one["version"] for one in again["tickets"]], [told["version"]])
        self.answer(headers=[f"In-Reply-To: {FIRST}", "Message-ID: <3@kim>"], text="Closed it.")
        third = self.poll(again["cursor"])
        self.assertEqual([one["id"] for one in third["tickets"][0]["comments"]], ["<1@kim>", "<3@kim>"])
        self.assertNotEqual(third["tickets"][0]["version"], told["version"])

    def test_a_mailbox_made_anew_is_read_anew(self):
        self.answer(headers=[f"In-Reply-To: {FIRST}"])
        cursor = self.poll()["cursor"]
        self.assertEqual(len(self.poll({"validity": cursor["validity"] + 1, "uid": 4_000_000_000})["tickets"]), 1)

    def test_many_mails_come_in_portions_and_none_is_left_out(self):
        with smtplib.SMTP("127.0.0.1", self.at["smtp"]) as server:
            for number in range(120):
                correlation = "EXH1-BBBB" + "234567ABCDEFGH"[number // 12] + "234567ABCDEFGH"[number % 12]
                server.sendmail("kim@exhibit.test", [US], f"From: kim@exhibit.test\r\nSubject: [{correlation}]\r\n"
                                                          f"Message-ID: <{number}@kim>\r\n\r\nanswer {number}\r\n")
        self.servers.settled("connector", 120)
        seen, cursor, rounds, more = set(), None, 0, True
        while more:
            document = self.poll(cursor)
            seen |= {comment["id"] for told in document["tickets"] for comment in told["comments"]}
            cursor, more, rounds = document["cursor"], document["more"], rounds + 1
        self.assertEqual(len(seen), 120)
        self.assertGreater(rounds, 1)

    def test_nobody_sees_that_we_read(self):
        self.answer(headers=[f"In-Reply-To: {FIRST}"])
        self.poll()
        import imaplib
        import ssl
        with imaplib.IMAP4("127.0.0.1", self.at["imap"]) as box:
            box.starttls(ssl.create_default_context(cafile=self.at["ca"]))
            box.login(self.at["user"], self.at["password"])
            box.select("INBOX", readonly=True)
            self.assertEqual(box.search(None, "SEEN")[1], [b""])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
