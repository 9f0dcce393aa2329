"""A profile that was written from a vendor's page, proven without a line of C++. zammad_test.py BUILD_DIR"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from zammad_desk import Zammad

BUILD = sys.argv.pop(1)
TOKEN = "zammad-token-of-this-test"


class ZammadProfile(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="exhibit-zammad-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.desk = Zammad(TOKEN)
        self.addCleanup(self.desk.close)

    def members(self):
        return {"adapter": "rest", "profile": "zammad", "url": self.desk.url, "login": {"token": {"env": "ZAMMAD_TOKEN"}},
                "map": {"group": "Security", "customer": "soc@msp.example"}, "settle": "0 s"}

    def exhibit(self, *words):
        ran = subprocess.run([f"{BUILD}/bin/exhibit", *words], capture_output=True, text=True, timeout=120,
                             env={**os.environ, "ZAMMAD_TOKEN": TOKEN})
        self.assertNotIn(TOKEN, ran.stdout + ran.stderr)
        return ran

    def config(self):
        path = self.folder / "exhibit.yaml"
        path.write_text(json.dumps({"public_url": "http://127.0.0.1", "state": str(self.folder / "state"), "desks": {"zammad": self.members()}}))
        return str(path)

    def test_the_desk_test_makes_reads_notes_and_closes_one_ticket(self):
        ran = self.exhibit("desk", "test", "zammad", "--config", self.config(), "--json")
        steps = json.loads(ran.stdout)["steps"]
        self.assertEqual(ran.returncode, 0, steps)
        self.assertEqual([step["name"] for step in steps if not step["ok"]], [])
        self.assertEqual(self.desk.tickets[1]["state"], "closed")
        again = self.exhibit("desk", "test", "zammad", "--config", self.config(), "--json", "--read-only")
        self.assertEqual(again.returncode, 0, again.stdout)
        self.assertEqual(len(self.desk.tickets), 1)

    def test_the_whole_scenario_runs_on_it(self):
        path = self.folder / "zammad.yaml"
        path.write_text(json.dumps({"name": "zammad", "attach": "trigger_packet", **self.members()}))
        ran = self.exhibit("demo", "--once", "--json", "--desk", str(path))
        self.assertEqual(ran.returncode, 0, ran.stderr[-2000:])
        document = json.loads(ran.stdout)
        self.assertEqual(document["duplicates"], 0)
        self.assertEqual(len(self.desk.tickets), document["incidents"])
        held = [one["data"] for article in self.desk.articles for one in article["attachments"]]
        self.assertEqual(len(held), sum(len(ticket["attachments"]) for ticket in document["tickets"]))
        for article in self.desk.articles:
            first = next(one for one in self.desk.articles if one["ticket_id"] == article["ticket_id"])
            self.assertEqual(article["internal"], article is not first, "the customer reads the first article and no other")

    def test_a_wrong_map_is_said_in_the_desks_own_words(self):
        members = self.members()
        members["map"] = {"group": "Security"}
        path = self.folder / "exhibit.yaml"
        path.write_text(json.dumps({"public_url": "http://127.0.0.1", "state": str(self.folder / "state"), "desks": {"zammad": members}}))
        ran = self.exhibit("desk", "test", "zammad", "--config", str(path), "--json")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("customer is missing", ran.stdout)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
