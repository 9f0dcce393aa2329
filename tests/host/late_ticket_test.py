"""The second channel, from outside: a desk that is down, people who read mail, a server that is killed. late_ticket_test.py BUILD_DIR

Each incident is one mail while the desk is down, over a kill, too; when the desk is back each has one ticket, which names the mail.
"""
import email
import email.policy
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

BUILD = sys.argv.pop(1)
SECRETS = {"DESK_PASSWORD": "desk-password-of-this-test", "SENSOR_PASSWORD": "sensor-password-of-this-test"}
INCIDENTS = 5


class MailServer:
    """Takes every mail and keeps it."""

    def __init__(self):
        self.mails, self.listener = [], socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with peer, peer.makefile("rb") as lines:
            peer.sendall(b"220 mail.test\r\n")
            body = None
            for line in lines:
                if body is not None:
                    if line == b".\r\n":
                        self.mails.append(email.message_from_bytes(b"".join(body), policy=email.policy.default))
                        body = None
                        peer.sendall(b"250 queued\r\n")
                    else:
                        body.append(line[1:] if line.startswith(b"..") else line)
                elif line[:4].upper() == b"DATA":
                    body = []
                    peer.sendall(b"354 go\r\n")
                elif line[:4].upper() == b"QUIT":
                    peer.sendall(b"221 bye\r\n")
                    return
                else:
                    peer.sendall(b"250 ok\r\n")


class Gate:
    """The way to the desk: closed, nobody listens on its port."""

    def __init__(self, port):
        self.target, self.listener = port, socket.socket()
        self.listener.bind(("127.0.0.1", 0))  # Held, so that nobody else gets the port while nobody listens.
        self.port = self.listener.getsockname()[1]

    def open(self):
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            peer, _ = self.listener.accept()
            desk = socket.create_connection(("127.0.0.1", self.target))
            for a, b in ((peer, desk), (desk, peer)):
                threading.Thread(target=self.pass_on, args=(a, b), daemon=True).start()

    @staticmethod
    def pass_on(a, b):
        try:
            while piece := a.recv(65536):
                b.sendall(piece)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def wait_for(what, seconds):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


class LateTicket(unittest.TestCase):
    def simulator(self, name, *words):
        process = subprocess.Popen([f"{BUILD}/bin/{name}", "--user", "exhibit", *words, "--until-stdin-closes"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **SECRETS}, text=True)
        self.addCleanup(lambda: (process.stdin.close(), process.stdout.close(), process.wait(10)))
        return json.loads(process.stdout.readline())

    def serve(self):
        self.log = open(f"{self.folder}/server.log", "a")
        self.addCleanup(self.log.close)
        return subprocess.Popen([f"{BUILD}/bin/exhibit", "serve", "--config", f"{self.folder}/exhibit.yaml", "--tenants",
                                 f"{self.folder}/tenants"], stdout=self.log, stderr=self.log, env={**os.environ, **SECRETS})

    def configure(self, gate, mail, sensor):
        with socket.create_server(("127.0.0.1", 0)) as chosen:
            web = f"127.0.0.1:{chosen.getsockname()[1]}"
        os.mkdir(f"{self.folder}/tenants")
        host = {"public_url": f"http://{web}", "state": f"{self.folder}/state", "web": {"listen": web}, "desks": {
            "snow": {"adapter": "rest", "profile": "servicenow", "url": f"http://127.0.0.1:{gate.port}", "settle": "0 s",
                     "login": {"user": "exhibit", "password": {"env": "DESK_PASSWORD"}}, "retry": "250 ms", "deadline": "2 s",
                     "while_down": {"mail": "soc@msp.example", "after": "2 s"}},
            "post": {"adapter": "email", "url": f"smtp://127.0.0.1:{mail.port}", "map": {"from": "exhibit@msp.example"}}}}
        tenant = {"tenant": "acme", "desk": {"use": "snow"}, "sensors": [
            {"name": "acme-ips1", "kind": "cisco-sdee", "url": sensor["url"], "pin": sensor["pin"], "log_time": "1 s", "margin": "1 s",
             "retry": "500 ms", "long_poll": "1 s", "login": {"user": "exhibit", "password": {"env": "SENSOR_PASSWORD"}}}]}
        for name, value in (("exhibit.yaml", host), ("tenants/acme.yaml", tenant)):  # JSON is YAML.
            pathlib.Path(self.folder, name).write_text(json.dumps(value))

    def test_people_hear_by_mail_once_and_the_ticket_names_the_mail(self):
        temporary = tempfile.TemporaryDirectory(prefix="exhibit-late-")
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        desk = self.simulator("exhibit-sim-desk", "--password-env", "DESK_PASSWORD")
        sensor = self.simulator("exhibit-sim-sensor", "--password-env", "SENSOR_PASSWORD", "--name", "acme-ips1", "--log-seconds", "1",
                                "--scenario", "load", "--alerts", str(INCIDENTS))
        port = int(desk["url"].rsplit(":", 1)[1].strip("/"))
        mail, gate = MailServer(), Gate(port)
        self.configure(gate, mail, sensor)
        server = self.serve()
        self.addCleanup(lambda: (server.kill(), server.wait(10)))
        self.assertTrue(wait_for(lambda: len(mail.mails) >= INCIDENTS, 30), pathlib.Path(self.folder, "server.log").read_text()[-2000:])
        for one in mail.mails:
            self.assertTrue(one["Subject"].startswith("NO TICKET YET: "), one["Subject"])
            self.assertEqual(one["To"], "soc@msp.example")
            self.assertIn("This mail stands in its place", " ".join(one.get_body().get_content().split()))
        server.send_signal(signal.SIGKILL)
        server.wait(10)
        server = self.serve()
        self.addCleanup(lambda: (server.terminate(), server.wait(20)))
        time.sleep(5)  # More than twice what it waits before it mails.
        gate.open()

        def tickets():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/sim/tickets", timeout=5) as answer:
                return json.load(answer)["tickets"]

        self.assertTrue(wait_for(lambda: len(tickets()) >= INCIDENTS, 60), "the tickets follow")
        time.sleep(1)
        made = tickets()
        self.assertEqual(len(made), INCIDENTS)
        for ticket in made:
            self.assertIn("Mailed to soc@msp.example on", json.dumps(ticket).replace("\\n", " "))
        self.assertEqual(len(mail.mails), INCIDENTS, "one mail an incident, over the kill, too")
        self.assertEqual(len({one["Message-ID"] for one in mail.mails}), INCIDENTS)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
