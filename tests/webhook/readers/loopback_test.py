"""The webhook module in its runner, against a receiver on loopback: what is asked, and what each answer leads to."""
import http.server
import json
import pathlib
import socket
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import runner_link as rl  # noqa: E402

BUILD = sys.argv.pop(1)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        self.seen, self.status, self.headers_out = [], 200, {}
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), body))
        if self.server.status == 0:  # The answer is lost after the message was kept.
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers_out.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Webhook(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)
        self.runner = rl.Runner(BUILD, "webhook")
        self.addCleanup(self.runner.close)
        self.url = f"http://127.0.0.1:{self.receiver.server_port}/hooks/in?source=exhibit"

    def link(self, **changes):
        config = {"url": self.url, "adapter": "webhook", "login": {"secrets": [SECRET]}, "map": {},
                  "allow": ["127.0.0.1"], **changes}
        return rl.Link(self.runner, config)

    def test_it_describes_a_stable_id_and_no_look_up(self):
        self.assertEqual(self.runner.hello["stable_id"], True)
        self.assertEqual(self.runner.hello["look_up"], False)
        self.assertEqual(self.runner.hello["poll"], False)

    def test_the_incident_arrives_at_the_address_that_the_operator_wrote(self):
        link = self.link()
        self.assertEqual(link.opened[0], rl.OK, link.opened)
        self.assertEqual(link.probe()[0], rl.OK)
        self.assertEqual(self.receiver.seen, [])
        rc, result = link.apply(rl.ENSURE, "inc-1-1", {"tenant": "acme", "internal_text": "phf \u20ac"})
        self.assertEqual(rc, rl.OK, result)
        path, headers, body = self.receiver.seen[0]
        self.assertEqual(path, "/hooks/in?source=exhibit")
        self.assertEqual(json.loads(body)["text"], "phf \u20ac")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertTrue(headers["webhook-signature"].startswith("v1,"))

    def test_a_lost_answer_is_unknown_and_the_repeat_has_the_same_id(self):
        link = self.link()
        self.receiver.status = 0
        self.assertEqual(link.apply(rl.ENSURE, "inc-1-1", {"tenant": "acme"})[0], rl.UNKNOWN)
        self.receiver.status = 204
        self.assertEqual(link.apply(rl.ENSURE, "inc-1-1", {"tenant": "acme"}, attempt=2)[0], rl.OK)
        ids = {headers["webhook-id"] for _, headers, _ in self.receiver.seen}
        self.assertEqual((len(ids), len(self.receiver.seen)), (1, 2))

    def test_retry_after_and_410_are_obeyed_and_a_redirect_is_not_followed(self):
        link = self.link()
        self.receiver.status, self.receiver.headers_out = 429, {"Retry-After": "17"}
        rc, result = link.apply(rl.NOTE, "inc-1-2", {"text": "x"})
        self.assertEqual((rc, result["retry_after_ms"]), (rl.RETRY, 17000))
        self.receiver.status, self.receiver.headers_out = 410, {}
        rc, result = link.apply(rl.NOTE, "inc-1-2", {"text": "x"})
        self.assertEqual((rc, result["cause"]), (rl.DENIED, "endpoint-gone"))
        other = Receiver()
        self.receiver.status = 307
        self.receiver.headers_out = {"Location": f"http://127.0.0.1:{other.server_port}/elsewhere"}
        self.assertEqual(link.apply(rl.NOTE, "inc-1-2", {"text": "x"})[0], rl.UNKNOWN)
        self.assertEqual(other.seen, [])

    def test_an_attachment_is_said_to_be_impossible_and_a_dead_receiver_is_a_retry(self):
        link = self.link()
        self.assertEqual(link.apply(rl.ATTACH, "inc-1-3", {}, evidence=[("a.pcap", "x/y", "00", b"abc")])[0], rl.UNSUPPORTED)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            other = rl.Runner(BUILD, "webhook")  # The links of one runner share one configuration.
            self.addCleanup(other.close)
            config = {"url": f"http://127.0.0.1:{closed.getsockname()[1]}/", "allow": ["127.0.0.1"]}
            self.assertEqual(rl.Link(other, config).apply(rl.NOTE, "inc-1-4", {"text": "x"})[0], rl.RETRY)

    def test_a_secret_that_is_none_stops_at_open_and_is_not_quoted(self):
        rc, report = self.link(login={"secrets": ["whsec_c2hvcnQ="]}).opened
        self.assertEqual(rc, rl.REJECTED)
        self.assertNotIn("c2hvcnQ", json.dumps(report))


unittest.main()
