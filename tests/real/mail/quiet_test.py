"""The quiet mail desk against real Postfix and Dovecot: quiet_test.py BUILD_DIR [unittest arguments]."""
import json
import os
import sys
import threading
import time
import unittest

from cutting_proxy import CuttingProxy
from mail_world import PCAP, MailTest, ensure_body, evidence, parsed, proof, rl


class Delivery(MailTest):
    def test_the_mail_says_what_it_is_and_reads_as_it_was_written(self):
        link = self.link()
        self.assertEqual(link.probe()[0], rl.OK)
        title = "HIGH: R\u00e9seau \u2192 \u65e5\u672c\u8a9e " + "x" * 90
        rc, result = link.apply(rl.ENSURE, "inc-1-1", ensure_body(title=title, public_text="Gr\u00fc\u00dfe\n.\nFrom here\n" + "z" * 2000))
        self.assertEqual(rc, rl.OK, result)
        self.assertNotIn("ticket", result, "the desk gave no id")
        (raw,) = self.servers.settled("soc", 1)
        mail = parsed(raw)
        self.assertEqual(mail["Message-ID"], "<inc.EXH1-AAAA@exhibit.test>")
        self.assertEqual(mail["Subject"], title + " [EXH1-AAAA]")
        self.assertEqual(mail["From"], "Exhibit <exhibit@exhibit.test>")
        self.assertEqual(mail["To"], "soc@exhibit.test")
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        self.assertEqual(mail["List-Id"], "<acme.exhibit.exhibit.test>")
        self.assertEqual(mail["X-Exhibit-Incident"], "EXH1-AAAA")
        self.assertIsNotNone(mail["Date"].datetime)
        self.assertIsNone(mail["In-Reply-To"])
        text = mail.get_content()
        self.assertTrue(text.startswith("Gr\u00fc\u00dfe\n.\nFrom here\n" + "z" * 2000 + "\n"), text[:80])
        self.assertIn("Packets   https://ev.msp.example/e/k2qx5dm3", text)
        self.assertLessEqual(max(map(len, raw.split(b"\n"))), 998)
        self.assertEqual(mail.defects, [])

    def test_a_follow_up_hangs_below_the_first_mail(self):
        link = self.link(map={"follow_ups": True})
        _, first = link.apply(rl.ENSURE, "inc-1-1", ensure_body())
        rc, result = link.apply(rl.NOTE, "inc-1-2", {"text": "CAPTURE READY", "public": False, "tenant": "acme"},
                                ticket=first.get("ticket", ""))
        self.assertEqual(rc, rl.OK, result)
        mails = {parsed(raw)["Message-ID"]: parsed(raw) for raw in self.servers.settled("soc", 2)}
        opening = mails.pop("<inc.EXH1-AAAA@exhibit.test>")
        (note,) = mails.values()
        self.assertEqual(note["In-Reply-To"], opening["Message-ID"])
        self.assertEqual(note["References"], opening["Message-ID"])
        self.assertEqual(note["Subject"], opening["Subject"])

    def test_a_follow_up_by_another_link_has_the_same_subject(self):
        first = self.link(map={"follow_ups": True})
        _, made = first.apply(rl.ENSURE, "inc-1-1", ensure_body(), correlation_id="EXH1-SUBJECT2")
        other = rl.Link(first.runner, self.config(map={"follow_ups": True}), 1)
        self.assertEqual(other.apply(rl.NOTE, "inc-1-2", {"text": "x"}, "EXH1-SUBJECT2", made.get("ticket", ""))[0], rl.OK)
        subjects = {parsed(raw)["Subject"] for raw in self.servers.settled("soc", 2)}
        self.assertEqual(subjects, {ensure_body()["title"] + " [EXH1-SUBJECT2]"})

    def test_a_quiet_desk_gets_one_mail_per_incident(self):
        link = self.link()
        link.apply(rl.ENSURE, "inc-1-1", ensure_body())
        for kind in (rl.NOTE, rl.LINK):
            rc, result = link.apply(kind, f"inc-1-{kind}", {"text": "CAPTURE READY"}, ticket="inc.EXH1-AAAA@exhibit.test")
            self.assertEqual((rc, result["already_there"]), (rl.OK, True))
        self.assertEqual(link.apply(rl.CHANGE_STATE, "inc-1-9", {"fields": {}})[0], rl.UNSUPPORTED)
        self.assertEqual(len(self.servers.settled("soc", 1)), 1)

    def test_the_capture_arrives_byte_for_byte(self):
        link = self.link()
        link.apply(rl.ENSURE, "inc-1-1", ensure_body(), evidence=[evidence()])
        rc, result = link.apply(rl.ATTACH, "inc-1-2", {}, ticket="inc.EXH1-AAAA@exhibit.test",
                                evidence=[evidence(bytes(reversed(PCAP)), "r\u00e9seau ../x.pcap")])
        self.assertEqual(rc, rl.OK, result)
        parts = [list(parsed(raw).iter_attachments()) for raw in self.servers.settled("soc", 2)]
        got = {part.get_filename(): part.get_content() for (part,) in parts}
        self.assertEqual(got["acme-ips1-iplog-17-aabbcc.pcap"], PCAP)
        self.assertEqual(got["r\u00e9seau .._x.pcap"], bytes(reversed(PCAP)))
        self.assertEqual({part.get_content_type() for (part,) in parts}, {"application/vnd.tcpdump.pcap"})


class Recipients(MailTest):
    def send(self, *to, port="smtp", **changes):
        link = self.link(port, map={"to": list(to)}, **changes)
        return link.apply(rl.ENSURE, "inc-1-1", ensure_body())

    def test_each_refusing_recipient_means_what_its_number_says(self):
        for name, expected, cause in (("defer", rl.RETRY, "recipient-deferred"), ("greylist", rl.RETRY, "recipient-deferred"),
                                      ("reject", rl.REJECTED, "recipient-refused"), ("over", rl.REJECTED, "recipient-refused"),
                                      ("nobody", rl.REJECTED, "recipient-refused")):
            rc, result = self.send(f"{name}@exhibit.test")
            self.assertEqual((rc, result["cause"]), (expected, cause), name)
        rc, result = self.send("someone@elsewhere.example")
        self.assertEqual((rc, result["cause"]), (rl.REJECTED, "recipient-refused"))
        self.assertEqual(self.send("reject@exhibit.test", "defer@exhibit.test")[0], rl.RETRY)
        self.assertEqual(self.servers.mails("soc"), [])

    def test_who_is_accepted_gets_one_mail_and_the_others_are_named(self):
        rc, result = self.send("soc@exhibit.test", "reject@exhibit.test", "analyst@exhibit.test", "defer@exhibit.test")
        self.assertEqual(rc, rl.OK, result)
        self.assertIn("reject@exhibit.test: 550", result["text"])
        self.assertIn("defer@exhibit.test: 450", result["text"])
        outcomes = {one["address"].split("@")[0]: one["outcome"] for one in result["document"]["recipients"]}
        self.assertEqual(outcomes, {"soc": "accepted", "reject": "refused", "analyst": "accepted", "defer": "deferred"})
        for box in ("soc", "analyst"):
            self.assertEqual(len(self.servers.settled(box, 1)), 1)

    def test_a_server_that_refuses_everybody_is_told_apart_from_one_that_waits(self):
        self.assertEqual(self.send("soc@exhibit.test", port="defer")[0], rl.RETRY)
        rc, result = self.send("soc@exhibit.test", port="reject")
        self.assertEqual((rc, result["cause"]), (rl.REJECTED, "recipient-refused"))


class Refusals(MailTest):
    def test_too_large_is_known_before_it_is_sent_and_the_link_alone_gets_through(self):
        link = self.link("small")
        rc, result = link.apply(rl.ENSURE, "inc-1-1", ensure_body(), evidence=[evidence(bytes(120_000))])
        self.assertEqual((rc, result["cause"]), (rl.REJECTED, "too-large"))
        self.assertIn("100,000", result["text"])
        self.assertEqual(link.apply(rl.ENSURE, "inc-1-1", ensure_body(), attempt=2)[0], rl.OK)
        self.assertEqual(len(self.servers.settled("soc", 1)), 1)

    def test_a_server_that_dislikes_the_content_gets_a_shorter_one(self):
        link = self.link("picky")
        for number, text in enumerate(("GET /cgi-bin/phf?/bin/cat%20/etc/passwd", "q=<script>alert(1)", "X: ${jndi:ldap://x}")):
            correlation = {"correlation_id": f"EXH1-P{number}"}
            rc, result = link.apply(rl.ENSURE, f"inc-{number}-1", ensure_body(internal_text=text), **correlation)
            self.assertEqual((rc, result["cause"]), (rl.REJECTED, "content-refused"), text)
            short = ensure_body(internal_text="", public_text="See the link.")
            self.assertEqual(link.apply(rl.ENSURE, f"inc-{number}-1", short, attempt=2, **correlation)[0], rl.OK, text)
        self.assertEqual(len(self.servers.settled("soc", 3)), 3)

    def test_a_wrong_login_stops_the_desk_and_no_secret_is_told(self):
        for login in (self.login(password="wrong-Passw0rd"), {"user": self.at["user"], "token": "wrong-T0ken"}):
            link = self.link("submission", login=login, ca=self.at["ca"])
            for rc, result in (link.probe(), link.apply(rl.ENSURE, "inc-1-1", ensure_body())):
                self.assertEqual((rc, result["cause"]), (rl.DENIED, "login-refused"))
                self.assertNotIn("wrong-", json.dumps(result) + json.dumps(link.runner.logs))

    def test_no_login_where_one_is_needed_is_told_in_the_servers_words(self):
        rc, result = self.link("submission", ca=self.at["ca"]).apply(rl.ENSURE, "inc-1-1", ensure_body())
        self.assertEqual(rc, rl.REJECTED)
        self.assertIn("Access denied", result["text"])

    def test_an_address_that_may_not_be_reached_is_not(self):
        rc, result = self.link(allow=[]).apply(rl.ENSURE, "inc-1-1", ensure_body())
        self.assertEqual((rc, result["cause"]), (rl.DENIED, "egress-forbidden"))

    def test_a_broken_configuration_stops_at_open(self):
        runner = rl.Runner(self.build, "email")
        self.addCleanup(runner.close)
        wrong = [{"url": "http://127.0.0.1:1"}, {"map": {"from": "a@b\r\nBcc: x@y.example"}}, {"map": {"to": []}},
                 {"map": {"to": ["a@b.example>\r\nRCPT TO:<c@d.example"]}}, {"mode": "loud"}, {"mode": "conversational"}]
        for number, change in enumerate(wrong):
            self.assertEqual(rl.Link(runner, self.config(**change), number).opened[0], rl.REJECTED, change)


class Tls(MailTest):
    def test_each_way_in_works_when_the_certificate_is_the_right_one(self):
        token = {"user": self.at["user"], "token": self.at["token"]}
        for number, (port, login) in enumerate((("smtp", None), ("submission", self.login()), ("smtps", self.login()),
                                                ("submission", token), ("smtps", token))):
            link = self.link(port, ca=self.at["ca"], **({"login": login} if login else {}))
            rc, result = link.apply(rl.ENSURE, f"inc-{number}-1", ensure_body(), correlation_id=f"EXH1-T{'A' * number}")
            self.assertEqual(rc, rl.OK, (port, result))
        received = b"\n".join(self.servers.settled("soc", 5))
        self.assertEqual(received.count(b"(using TLSv1.3"), 5)

    def test_a_certificate_of_somebody_else_stops_the_desk(self):
        for port in ("smtp", "smtps"):
            link = self.link(port, ca=self.at["other_ca"])
            rc, result = link.apply(rl.ENSURE, "inc-1-1", ensure_body())
            self.assertEqual((rc, result["cause"]), (rl.DENIED, "certificate-refused"))
        # Login without `ca` on this machine: the system's authorities do not know this one.
        rc, result = self.link("submission", login=self.login()).apply(rl.ENSURE, "inc-1-1", ensure_body())
        self.assertEqual((rc, result["cause"]), (rl.DENIED, "certificate-refused"))
        self.assertEqual(self.link(ca="/nonexistent").apply(rl.ENSURE, "inc-1-1", ensure_body())[0], rl.DENIED)

    def test_where_tls_is_stripped_on_the_way_nothing_is_sent(self):
        server = self.at["submission"]

        class Stripper(CuttingProxy):
            def _pump(self, direction, source, sink, ends):
                class Sink:
                    def sendall(self, line):
                        sink.sendall(line.replace(b"STARTTLS", b"XXXXXXXX"))

                    def shutdown(self, how):
                        sink.shutdown(how)
                super()._pump(direction, source, Sink(), ends)

        proxy = Stripper(server)
        self.addCleanup(proxy.close)
        rc, result = self.link(proxy.port, login=self.login(), ca=self.at["ca"]).apply(rl.ENSURE, "inc-1-1", ensure_body())
        self.assertEqual((rc, result["cause"]), (rl.DENIED, "tls-missing"))


class Cuts(MailTest):
    """The connection is cut before and behind every line of the conversation; then the engine sends again."""

    STEPS = [(d, word) for d, word in ((">", b"EHLO"), (">", b"MAIL"), (">", b"RCPT"), (">", b"DATA"), (">", b"Subject"),
                                       (">", b".\r\n"), ("<", b"220 "), ("<", b"250 "), ("<", b"354 "))]

    def deliver(self, proxy, number):
        """As the engine does for a desk with a stable id and no look-up."""
        link = self.link(proxy.port)
        seen = []
        for attempt in range(1, 4):
            rc, result = link.apply(rl.ENSURE, f"inc-{number}-1", ensure_body(), attempt=attempt,
                                    correlation_id=f"EXH1-C{chr(65 + number)}")
            seen.append(rc)
            if rc == rl.OK:
                return seen
            self.assertIn(rc, (rl.RETRY, rl.UNKNOWN), result)
        return seen

    def test_nothing_is_lost_and_a_repeat_has_the_same_message_id(self):
        number, surely_not_sent = 0, set()
        for moment in ("cut", "after"):
            for direction, word in self.STEPS:
                with self.subTest(moment=moment, direction=direction, word=word):
                    once = [True]

                    def hit(way, line, _, direction=direction, word=word, once=once):
                        found = way == direction and line.startswith(word) and once[0]
                        once[0] = once[0] and not found
                        return found

                    proxy = CuttingProxy(self.at["smtp"], **{moment: hit})
                    self.addCleanup(proxy.close)
                    seen = self.deliver(proxy, number)
                    self.assertEqual(proxy.cuts, 1)
                    self.assertEqual(seen[-1], rl.OK)
                    # Once the final dot may have left us the outcome is unknown, before it surely not.
                    under_way = word in (b"Subject", b"354 ") or (moment, word) == ("after", b"DATA")
                    if not under_way:
                        self.assertEqual(seen[:-1], [rl.UNKNOWN if word == b".\r\n" else rl.RETRY])
                    if seen[0] == rl.RETRY:
                        surely_not_sent.add(f"<inc.EXH1-C{chr(65 + number)}@exhibit.test>")
                number += 1
        counts = {}
        for raw in self.servers.settled("soc", number):
            counts[parsed(raw)["Message-ID"]] = counts.get(parsed(raw)["Message-ID"], 0) + 1
        self.assertEqual(len(counts), number)
        # Where we said that nothing was sent, nothing was: one mail. Where we did not know, there may be two.
        self.assertGreater(len(surely_not_sent), 8)
        self.assertEqual({counts[name] for name in surely_not_sent}, {1})
        self.assertLessEqual(max(counts.values()), 2)

    def test_a_runner_that_is_killed_at_any_step_costs_a_repeat_and_no_mail(self):
        for number, (direction, word) in enumerate(self.STEPS):
            with self.subTest(direction=direction, word=word):
                runner, killed = [], []

                def kill(way, line, _, direction=direction, word=word, runner=runner, killed=killed):
                    found = way == direction and line.startswith(word)
                    if found:
                        killed.append(line)
                        runner[0].process.kill()
                        runner[0].process.wait()
                    return found

                proxy = CuttingProxy(self.at["smtp"], cut=kill)
                self.addCleanup(proxy.close)
                link = self.link(proxy.port)
                runner.append(link.runner)
                correlation = f"EXH1-K{chr(65 + number)}"
                rc, _ = link.apply(rl.ENSURE, f"inc-{number}-1", ensure_body(), correlation)
                self.assertEqual((rc, len(killed)), (rl.UNKNOWN, 1))
                again = self.link()
                self.assertEqual(again.apply(rl.ENSURE, f"inc-{number}-1", ensure_body(), correlation, attempt=2)[0], rl.OK)
        ids = [parsed(raw)["Message-ID"] for raw in self.servers.settled("soc", len(self.STEPS))]
        self.assertEqual(len(set(ids)), len(self.STEPS))
        self.assertEqual(len(ids), len(set(ids)))  # No dot had reached the server yet.

    def test_an_answer_lost_after_the_final_dot_is_unknown_and_the_repeat_looks_the_same(self):
        last = [0]

        def lose(way, line, _):
            last[0] += way == "<" and line.startswith(b"250 2.0.0 Ok: queued")
            return way == "<" and line.startswith(b"250 2.0.0 Ok: queued") and last[0] == 1

        proxy = CuttingProxy(self.at["smtp"], cut=lose)
        self.addCleanup(proxy.close)
        self.assertEqual(self.deliver(proxy, 0), [rl.UNKNOWN, rl.OK])
        mails = [parsed(raw) for raw in self.servers.settled("soc", 2)]
        self.assertEqual(len(mails), 2)  # No look-up is possible by mail: the weaker promise, stated.
        self.assertEqual(len({mail["Message-ID"] for mail in mails}), 1)


class Load(MailTest):
    COUNT = int(os.environ.get("EXHIBIT_REAL_COUNT", 50))

    def test_many_mails_with_sixteen_at_once_arrive_once_each(self):
        began = time.monotonic()
        runner = rl.Runner(self.build, "email")
        self.addCleanup(runner.close)
        links = [rl.Link(runner, self.config(), number) for number in range(16)]
        wanted, results, lock = list(range(self.COUNT)), [], threading.Lock()

        def work(link):
            while True:
                with lock:
                    if not wanted:
                        return
                    number = wanted.pop()
                rc, _ = link.apply(rl.ENSURE, f"inc-{number}-1", ensure_body(), correlation_id=f"EXH1-L{number}",
                                   evidence=[evidence()])
                with lock:
                    results.append(rc)

        threads = [threading.Thread(target=work, args=(link,)) for link in links]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        self.assertEqual(results, [rl.OK] * self.COUNT)
        mails = [parsed(raw) for raw in self.servers.settled("soc", self.COUNT, 120)]
        self.assertEqual(len(mails), self.COUNT)
        self.assertEqual(len({mail["Message-ID"] for mail in mails}), self.COUNT)
        print(f"{self.COUNT} mails with 16 at once in {took:.1f} s")
        self.assertEqual({part.get_content() for mail in mails for part in mail.iter_attachments()}, {PCAP})
        proof.proved("P2b", self.COUNT, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
