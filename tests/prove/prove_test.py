"""What ./dev prove promises of itself, and that docs/promises.md is what the kept lines say."""
import json
import pathlib
import sys
import tempfile
import unittest

import prove
import scoreboard
from promises import PROMISES, Part, Promise

GOOD = """
import os, sys
sys.path.insert(0, sys.argv[1])
import proof
open(sys.argv[2], "a").write(f"{proof.first_seed()}+{proof.asked_count(3)} ")
if proof.first_seed() == int(os.environ.get("BREAK", 0)):
    sys.exit(1)
proof.proved("P1", proof.asked_count(3), 0)
"""


class Prove(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name)
        self.calls = self.build / "calls"
        self.addCleanup(setattr, scoreboard, "LINES", scoreboard.LINES)
        self.addCleanup(setattr, scoreboard, "PAGE", scoreboard.PAGE)
        scoreboard.LINES, scoreboard.PAGE = self.build / "lines", self.build / "page"

    def promise(self, code=GOOD, **more):
        command = ["python3", "-c", code, str(prove.ROOT / "tests" / "support"), str(self.calls)]
        return Promise("P1", "Title", parts=[Part("part", command, 3, 100, portion=40, **more)])

    def run_it(self, promise, commit="c1", scale="full", deadline=None):
        return prove.Run(self.build, commit, scale, deadline).promise(promise)

    def called(self):
        text = self.calls.read_text() if self.calls.exists() else ""
        self.calls.unlink(missing_ok=True)
        return text.split()

    def test_the_long_count_is_run_in_portions_by_seed(self):
        line = self.run_it(self.promise())
        self.assertEqual(self.called(), ["1+40", "41+40", "81+20"])
        self.assertEqual((line["count"], line["failures"], line["seeds"], line["scale"]), (100, 0, [1, 100], "full"))
        self.assertEqual(self.run_it(self.promise(), "c2", "tenth")["count"], 10)
        self.assertEqual(self.run_it(self.promise(), "c3", "ci")["count"], 3)

    def test_what_was_good_at_this_commit_is_not_run_again(self):
        broken = self.promise(environment={"BREAK": "41"})
        self.run_it(broken)
        self.called()
        self.assertEqual(self.run_it(self.promise())["failures"], 0)
        self.assertEqual(self.called(), ["41+40"])
        self.run_it(self.promise(), "c2")
        self.assertEqual(len(self.called()), 3)

    def test_a_test_that_fails_or_tells_less_than_was_asked_breaks_the_promise(self):
        less = GOOD.replace('proof.asked_count(3), 0)', 'proof.asked_count(3) - 1, 0)')
        self.assertGreater(self.run_it(self.promise(less))["failures"], 0)
        self.assertGreater(self.run_it(self.promise("raise SystemExit(1)"), "c2")["failures"], 0)
        found = GOOD.replace('proof.asked_count(3), 0)', 'proof.asked_count(3), 2)')
        self.assertEqual(self.run_it(self.promise(found), "c3")["failures"], 6)

    def test_a_skipped_test_or_one_that_the_time_did_not_reach_shows_nothing(self):
        self.assertIsNone(self.run_it(self.promise("raise SystemExit(77)")))
        self.assertIsNone(self.run_it(self.promise("pass")))
        self.assertIsNone(self.run_it(self.promise(), deadline=0))

    def test_a_shown_promise_is_skipped_only_at_its_commit_and_its_count(self):
        promise = self.promise()
        line = self.run_it(promise)
        prove.keep(line)
        lines = scoreboard.read_lines(scoreboard.LINES)
        self.assertTrue(prove.already_shown(promise, lines, "c1", "full"))
        self.assertTrue(prove.already_shown(promise, lines, "c1", "tenth"))
        self.assertFalse(prove.already_shown(promise, lines, "c2", "full"))
        self.assertFalse(prove.already_shown(promise, [{**line, "scale": "tenth", "parts": []}], "c1", "full"))


class Scoreboard(unittest.TestCase):
    LINE = {"id": "P1", "title": "t", "scale": "tenth", "count": 5, "failures": 0, "seconds": 61, "seeds": [1, 5],
            "parts": [{"name": "kills", "count": 1000}], "version": "1.2.3", "commit": "abc", "date": "2026-11-20"}

    def shown(self, *lines):
        return scoreboard.page(list(lines), "1.2.3").splitlines()[-len(PROMISES)]

    def test_the_page_is_what_the_generator_makes_of_the_lines(self):
        self.assertEqual(scoreboard.PAGE.read_text(), scoreboard.made_page(), "run python3 tests/prove/scoreboard.py")

    def test_every_promise_has_its_row(self):
        self.assertEqual([p.id for p in PROMISES if p.id != "P2b"], [f"P{number}" for number in range(1, 25)])
        self.assertEqual(self.shown(), "| **P1** Nothing acknowledged is lost | not shown | | | | | | |")

    def test_a_line_says_count_date_and_commit(self):
        self.assertIn("| a tenth | kills: 1,000 | 0 | 1–5 | 1 min | 2026-11-20 | abc |", self.shown(self.LINE))

    def test_what_is_old_of_another_version_or_of_no_commit_is_not_shown(self):
        newer = {**self.LINE, "id": "P2", "date": "2026-12-25"}
        for stale in [{**self.LINE, "version": "1.2.2"}, {**self.LINE, "commit": "abc+"}]:
            self.assertIn("not shown", self.shown(stale))
        self.assertIn("not shown", self.shown(self.LINE, newer))

    def test_the_largest_count_since_the_last_failure_is_told(self):
        ci, bad = {**self.LINE, "scale": "ci"}, {**self.LINE, "failures": 3}
        self.assertIn("| a tenth |", self.shown(self.LINE, ci))
        self.assertIn("**broken**", self.shown(self.LINE, bad))
        self.assertIn("| CI |", self.shown(self.LINE, bad, ci))

    def test_the_lines_that_are_kept_can_be_read(self):
        for line in scoreboard.read_lines(scoreboard.LINES):
            self.assertEqual(sorted(line), sorted([*self.LINE]), json.dumps(line))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
