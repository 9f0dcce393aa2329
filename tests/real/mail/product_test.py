"""The whole product before real mail servers: `exhibit demo` with a mail desk. product_test.py BUILD_DIR [unittest arguments]"""
import hashlib
import json
import os
import subprocess
import sys
import unittest

from mail_world import MailTest, parsed


class Product(MailTest):
    def demo(self, port, **members):
        """The demo's document, and the mails that came of it."""
        desk = {"name": "mail", "adapter": "email", "url": f"smtp://127.0.0.1:{self.at[port]}", "mode": "quiet",
                "map": {"from": "exhibit@exhibit.test", "to": ["soc@exhibit.test"]}, "attach": "trigger_packet",
                "disclosure": "full", **members}
        path = f"{self.servers.folder.name}/desk.yaml"
        with open(path, "w") as file:
            json.dump(desk, file)  # JSON is YAML.
        ran = subprocess.run([f"{self.build}/bin/exhibit", "demo", "--once", "--json", "--desk", path], capture_output=True,
                             text=True, timeout=240, env=dict(os.environ, MAIL_PASSWORD=self.at["password"]))
        self.assertEqual(ran.returncode, 0, ran.stderr[-2000:])
        self.assertNotIn(self.at["password"], ran.stdout + ran.stderr)
        document = json.loads(ran.stdout)
        sent = len(document["tickets"]) + sum(len(ticket["attachments"]) for ticket in document["tickets"])
        return document, [parsed(raw) for raw in self.servers.settled("soc", sent)]

    def check(self, document, mails):
        """One first mail for each incident, every follow-up below one of them, every attachment as the document has it."""
        ids = [mail["Message-ID"] for mail in mails]
        self.assertEqual(len(set(ids)), len(ids))
        first = {mail["X-Exhibit-Incident"]: mail for mail in mails if not mail["In-Reply-To"]}
        self.assertEqual(sorted(first), sorted(ticket["correlation_id"] for ticket in document["tickets"]))
        self.assertEqual(len(first), document["incidents"])
        for mail in mails:
            self.assertEqual(mail["Subject"], first[mail["X-Exhibit-Incident"]]["Subject"])
        for ticket in document["tickets"]:
            got = sorted(hashlib.sha256(part.get_content()).hexdigest() for mail in mails
                         if mail["X-Exhibit-Incident"] == ticket["correlation_id"] for part in mail.iter_attachments())
            self.assertEqual(got, sorted(one["sha256"] for one in ticket["attachments"]))
            self.assertIn(ticket["link"], first[ticket["correlation_id"]].get_body().get_content())
        return first

    def first_mails(self):
        document, mails = self.demo("submission", ca=self.at["ca"],
                                    login={"user": self.at["user"], "password": {"env": "MAIL_PASSWORD"}})
        return self.check(document, mails)

    def test_each_incident_is_one_mail_with_its_packet_below_it(self):
        self.first_mails()

    def test_a_server_that_dislikes_attacks_gets_shorter_mails_that_say_so(self):
        disliked = ("/etc/passwd", "<script>", "${jndi:")
        whole = [mail.get_body().get_content() for mail in self.first_mails().values()]
        attacks = [text for text in whole if any(word in text for word in disliked)]
        self.assertGreaterEqual(len(attacks), 2)
        self.setUp()  # Empty boxes.
        texts = [mail.get_body().get_content() for mail in self.check(*self.demo("picky")).values()]
        self.assertEqual([text for text in texts if any(word in text for word in disliked)], [])
        self.assertEqual(len([text for text in texts if "content-refused" in text]), len(attacks))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
