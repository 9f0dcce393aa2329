"""The mail module against servers that are rude, slow or mad, on loopback: blunt_server_test.py BUILD_DIR

Every call ends by its deadline, and only a lost answer behind the final dot is unknown.
"""
import pathlib
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import runner_link as rl  # noqa: E402

BUILD = sys.argv.pop(1)
HELLO = b"250-blunt.example\r\n250 SIZE 1000000\r\n"
GOOD = {b"EHLO": HELLO, b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"DATA": b"354 go\r\n", b".\r\n": b"250 queued\r\n"}


class Blunt:
    """Answers by the first four bytes of each line; an answer of None is silence, b"" hangs up, a function drips."""

    def __init__(self, greeting=b"220 blunt.example\r\n", **changes):
        self.greeting, self.answers, self.lines = greeting, dict(GOOD), []
        self.answers.update({name.encode() if name != "dot" else b".\r\n": answer for name, answer in changes.items()})
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def say(self, peer, answer):
        if callable(answer):
            answer(peer)
        elif answer:
            peer.sendall(answer)
        return answer is None or callable(answer) or len(answer) > 0

    def serve(self, peer):
        with peer:
            try:
                if not self.say(peer, self.greeting):
                    return
                in_message = False
                for line in peer.makefile("rb"):
                    self.lines.append(line)
                    if in_message and line != b".\r\n":
                        continue
                    answer = self.answers.get(line[:4].strip() if line != b".\r\n" else line, b"500 what?\r\n")
                    in_message = line.startswith(b"DATA") and answer == GOOD[b"DATA"]
                    if not self.say(peer, answer):
                        return
            except OSError:
                pass


def drip(peer):
    while True:
        peer.sendall(b"2")
        time.sleep(0.05)


def flood(peer):
    while True:
        peer.sendall(b"250-more and more of it\r\n" * 1000)


class BluntServers(unittest.TestCase):
    def send(self, deadline_ms=1500, **changes):
        server = Blunt(**changes)
        self.addCleanup(server.listener.close)
        runner = rl.Runner(BUILD, "email")
        self.addCleanup(runner.close)
        link = rl.Link(runner, {"url": f"smtp://127.0.0.1:{server.port}", "allow": ["127.0.0.1"],
                                "map": {"from": "a@msp.example", "to": ["soc@msp.example"]}})
        self.assertEqual(link.opened[0], rl.OK, link.opened)
        began = time.monotonic()
        rc, result = link.apply(rl.ENSURE, "inc-1-1", {"title": "HIGH", "internal_text": "x"}, deadline_ms=deadline_ms)
        self.assertLess(time.monotonic() - began, deadline_ms / 1000 + 1.5)
        self.server = server
        return rc, result.get("cause")

    def test_a_server_with_good_manners_gets_the_mail(self):
        self.assertEqual(self.send(), (rl.OK, None))

    def test_silence_garbage_and_hanging_up_before_the_dot_are_a_retry(self):
        for where in ("greeting", "EHLO", "MAIL", "RCPT", "DATA"):
            for how in (None, b"", b"<html>\r\n", drip, flood):
                with self.subTest(where=where, how=how):
                    self.assertEqual(self.send(**{where: how})[0], rl.RETRY)

    def test_behind_the_dot_they_are_unknown(self):
        for how in (None, b"", b"<html>\r\n", b"354 again?\r\n", drip, flood):
            with self.subTest(how=how):
                self.assertEqual(self.send(dot=how)[0], rl.UNKNOWN)

    def test_what_is_said_clearly_is_understood(self):
        for where, answer, rc, cause in (("greeting", b"554 go away\r\n", rl.DENIED, "server-refuses"),
                                         ("greeting", b"421 later\r\n", rl.RETRY, "server-busy"),
                                         ("MAIL", b"550 who are you\r\n", rl.DENIED, "sender-refused"),
                                         ("MAIL", b"530 log in\r\n", rl.DENIED, "login-missing"),
                                         ("DATA", b"554 no\r\n", rl.REJECTED, "content-refused"),
                                         ("dot", b"552 too much\r\n", rl.REJECTED, "too-large"),
                                         ("dot", b"554 5.7.1 attack\r\n", rl.REJECTED, "content-refused"),
                                         ("dot", b"451 busy\r\n", rl.RETRY, "server-busy"),
                                         ("EHLO", b"250-x\r\n250 SIZE 100\r\n", rl.REJECTED, "too-large")):
            with self.subTest(where=where, answer=answer):
                self.assertEqual(self.send(**{where: answer}), (rc, cause))
                if cause == "too-large" and where == "EHLO":
                    self.assertNotIn(b"MAIL", b"".join(self.server.lines))

    def test_a_server_that_offers_no_tls_never_hears_a_login_meant_for_it(self):
        server = Blunt(EHLO=b"250-x\r\n250 AUTH PLAIN LOGIN\r\n")
        self.addCleanup(server.listener.close)
        runner = rl.Runner(BUILD, "email")
        self.addCleanup(runner.close)
        link = rl.Link(runner, {"url": f"smtp://127.0.0.1:{server.port}", "allow": ["127.0.0.1"], "login": {"user": "u", "password": "S3cret"},
                                "map": {"from": "a@msp.example", "to": ["soc@msp.example"], "tls": "required"}})
        rc, result = link.apply(rl.ENSURE, "inc-1-1", {"title": "HIGH"})
        self.assertEqual((rc, result["cause"]), (rl.DENIED, "tls-missing"))
        self.assertNotIn(b"AUTH", b"".join(server.lines))


unittest.main()
