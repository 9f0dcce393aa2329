"""The whole circle: our mail through Postfix and RT's mail gateway into a real Request Tracker, its answers through Postfix
into a Dovecot mailbox, and home by IMAP. request_tracker_test.py BUILD_DIR [unittest arguments]
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request

import mail_world
from mail_world import HERE, PCAP, MailTest, Servers, ensure_body, evidence, rl

US = "connector@exhibit.test"


class RequestTracker:
    def __init__(self, mail_folder):
        self.folder = mail_world.new_folder()
        settings = pathlib.Path(self.folder.name, "conf.d")
        settings.mkdir()
        settings.joinpath("mail.pm").write_text(
            "Set($MailCommand, 'sendmailpipe');\nSet($SendmailPath, '/usr/sbin/sendmail');\n"
            f"Set($SendmailArguments, '-C {mail_folder}/postfix/etc -oi -t');\n"
            "Set($CorrespondAddress, 'rt@exhibit.test');\nSet($CommentAddress, 'rt-comment@exhibit.test');\n1;\n")
        self.process = subprocess.Popen([HERE.parent / "start-rt", self.folder.name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline().strip()
        if not said.startswith("READY"):
            print(said)
            sys.exit(77 if said.startswith("skipped") else 1)
        self.at = dict(word.split("=", 1) for word in said.split()[1:])
        self.url = f"http://127.0.0.1:{self.at['port']}"

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.folder.cleanup()

    def ask(self, method, path, body=None, user="analyst"):
        request = urllib.request.Request(f"{self.url}/REST/2.0/{path}", method=method, data=body and json.dumps(body).encode(),
                                         headers={"Authorization": f"token {self.at[user + '_token']}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def tickets(self, word=""):
        """Numbers of the tickets with this word in their subject, oldest first."""
        query = urllib.parse.quote("Queue = 'Incidents'")
        return [one["id"] for one in self.ask("GET", f"tickets?query={query}&fields=Subject&per_page=100")["items"]
                if word in one["Subject"]]

    def attachments(self, ticket):
        import base64
        found = []
        for one in self.ask("GET", f"ticket/{ticket}/attachments?fields=Filename&per_page=100")["items"]:
            if one.get("Filename"):
                found.append(base64.b64decode(self.ask("GET", f"attachment/{one['id']}")["Content"]))
        return found

    def history(self, ticket):
        return [one["Type"] for one in self.ask("GET", f"ticket/{ticket}/history?fields=Type&per_page=100")["items"]]


def until(look, patience=60):
    """What `look` finds, once it finds something."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    return look()


class Circle(MailTest):
    @classmethod
    def setUpClass(cls):
        folder = mail_world.new_folder()
        cls.rt = RequestTracker(folder.name)
        cls.servers = Servers("--rt-url", cls.rt.url, folder=folder)

    @classmethod
    def tearDownClass(cls):
        cls.servers.close()
        cls.rt.close()

    def desk(self):
        return self.link("submission", mode="conversational", map={"from": US, "to": ["rt@exhibit.test"]}, ca=self.at["ca"],
                         login=self.login(), mailbox={"url": f"imap://127.0.0.1:{self.at['imap']}", "login": self.login()})

    def poll(self, desk, cursor=None):
        rc, result = desk.poll({"cursor": cursor, "tickets": []} if cursor else {"tickets": []})
        self.assertEqual(rc, rl.OK, result)
        return result["document"]

    def comments(self, desk, correlation):
        return [comment["text"] for told in self.poll(desk)["tickets"] if told["correlation_id"] == correlation
                for comment in told["comments"]]

    def test_one_ticket_with_its_notes_and_capture_and_the_analysts_words_come_home(self):
        desk, correlation = self.desk(), "EXH1-CIRCLE22"
        rc, made = desk.apply(rl.ENSURE, "inc-1-1", ensure_body(), correlation_id=correlation)
        self.assertEqual(rc, rl.OK, made)
        (number,) = until(lambda: self.rt.tickets(correlation))

        # The gateway's answer tells the number; nobody had to poll.
        told = until(lambda: [one for one in self.poll(desk)["tickets"] if one["number"]])
        self.assertEqual([one["number"] for one in told], [f"exhibit.test #{number}"])
        self.assertEqual(told[0]["comments"], [])

        fresh = self.desk()  # A new process that knows only what the first result said.
        rc, noted = fresh.apply(rl.NOTE, "inc-1-2", {"text": "CAPTURE READY", "title": "HIGH"}, correlation, made["ticket"])
        self.assertEqual((rc, noted["number"]), (rl.OK, f"exhibit.test #{number}"))
        rc, _ = fresh.apply(rl.ATTACH, "inc-1-3", {"title": "HIGH"}, correlation, noted["ticket"], evidence=[evidence()])
        self.assertEqual(rc, rl.OK)
        self.assertEqual(until(lambda: self.rt.attachments(number)), [PCAP])
        until(lambda: self.rt.history(number).count("Correspond") == 2)
        self.assertEqual(self.rt.history(number).count("Correspond"), 2)
        self.assertEqual(self.rt.tickets(correlation), [number])  # Every mail joined the one ticket.

        self.rt.ask("POST", f"ticket/{number}/correspond", {"ContentType": "text/plain", "Content": "It is our scanner."})
        self.assertTrue(until(lambda: self.comments(desk, correlation)))
        self.assertEqual(self.comments(desk, correlation), ["It is our scanner."])  # Ours are not among them.

    def test_a_quiet_mail_makes_one_ticket_and_no_answer(self):
        before, heard = len(self.rt.tickets()), len(self.servers.mails("connector"))
        link = self.link("submission", map={"from": US, "to": ["rt@exhibit.test"]}, ca=self.at["ca"], login=self.login())
        rc, _ = link.apply(rl.ENSURE, "inc-2-1", ensure_body(), correlation_id="EXH1-QUIET222", evidence=[evidence()])
        self.assertEqual(rc, rl.OK)
        self.assertEqual(link.apply(rl.NOTE, "inc-2-2", {"text": "CAPTURE READY"}, "EXH1-QUIET222")[0], rl.OK)
        found = until(lambda: self.rt.tickets("EXH1-QUIET222"))
        self.assertEqual(len(found), 1)
        self.assertEqual(until(lambda: self.rt.attachments(found[0])), [PCAP])
        self.servers.settled("connector", heard)
        self.assertEqual((len(self.rt.tickets()), len(self.servers.mails("connector"))), (before + 1, heard))

    def test_the_whole_product_makes_one_ticket_an_incident_and_every_note_and_packet_joins_it(self):
        desk = {"name": "mail", "adapter": "email", "url": f"smtp://127.0.0.1:{self.at['submission']}", "mode": "conversational",
                "ca": self.at["ca"], "login": {"user": US, "password": {"env": "MAIL_PASSWORD"}},
                "mailbox": {"url": f"imap://127.0.0.1:{self.at['imap']}", "login": {"user": US, "password": {"env": "MAIL_PASSWORD"}}},
                "map": {"from": US, "to": ["rt@exhibit.test"]}, "attach": "trigger_packet", "disclosure": "full"}
        path = pathlib.Path(self.servers.folder.name, "desk.yaml")
        path.write_text(json.dumps(desk))
        ran = subprocess.run([f"{self.build}/bin/exhibit", "demo", "--once", "--json", "--desk", path], capture_output=True,
                             text=True, timeout=240, env=dict(os.environ, MAIL_PASSWORD=self.at["password"]))
        self.assertEqual(ran.returncode, 0, ran.stderr[-2000:])
        told = json.loads(ran.stdout)["tickets"]
        until(lambda: self.servers.queue() == 0)
        for ticket in told:
            (number,) = self.rt.tickets(ticket["correlation_id"])
            wanted = len(ticket["notes"]) + len(ticket["attachments"])
            self.assertEqual(until(lambda: self.rt.history(number).count("Correspond") == wanted), True, ticket["title"])
            got = [hashlib.sha256(data).hexdigest() for data in self.rt.attachments(number)]
            self.assertEqual(sorted(got), sorted(one["sha256"] for one in ticket["attachments"]))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
