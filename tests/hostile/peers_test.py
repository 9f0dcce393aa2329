"""Peers that keep no rule of HTTP, before each client that speaks to desks and before the one that speaks to sensors (P13): peers_test.py BUILD_DIR

Held for each call: it ends by its deadline and one second, the caller grows by at most 16 MiB, and no thread or descriptor stays
behind. A sensor's client is asked to get a good answer afterwards: it must be the answer to that request, not what an earlier peer
left on a kept connection.
"""
import json
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import runner_link as rl  # noqa: E402
from peers import DEADLINE, GROWTH_MAX, PEERS, Growth, Server, certificate, descriptors, of_process  # noqa: E402
from proof import asked_count, proved  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
PROFILE = json.loads((pathlib.Path(__file__).resolve().parents[2] / "adapters/rest/profiles/rt5.json").read_text())


class Client:
    """A process that calls one server; `begin` starts it, `call` lets it call once and tells what came of it, or None: it ended."""

    def __init__(self, name, server, more):
        self.name, self.server, self.more, self.failures, self.calls, self.most = name, server, more, [], 0, 0
        self.begin()

    def run(self, rounds):
        peers = PEERS | {"unread": "unread"} | ({"garbage": "garbage"} if self.server.context else {})
        threads = handles = 0
        for name, peer in list(peers.items()) * rounds:
            self.server.become(peer)
            growth, began = Growth(self.pid()), time.monotonic()
            said = self.call(name)
            took = time.monotonic() - began
            self.calls += 1
            if said is None:
                self.expect(False, name, "ended the caller")
                self.begin()
                threads = handles = 99
                continue
            peak = growth.peak() if self.calls > 1 and name != "unread" else 0  # There our own request is the large one.
            self.most = max(self.most, peak)
            self.expect(took <= DEADLINE + 1, name, f"took {took:.1f} s", said)
            self.expect(peak <= GROWTH_MAX, name, f"grew by {peak >> 20} MiB", said)
            self.afterwards(name, said)
            if self.calls == 20:
                threads, handles = of_process(self.pid(), "Threads"), descriptors(self.pid()) + 1  # One connection is kept.
        self.expect(of_process(self.pid(), "Threads") <= threads, "threads", threads, of_process(self.pid(), "Threads"))
        self.expect(descriptors(self.pid()) <= handles, "descriptors", handles, descriptors(self.pid()))

    def expect(self, held, *what):
        if not held:
            self.failures.append((self.name, *what))


class DeskClient(Client):
    """An adapter in a runner of its own."""

    def begin(self):
        adapter, config = self.more
        self.runner = rl.Runner(BUILD, adapter)
        self.link = rl.Link(self.runner, config)
        self.expect(self.link.opened[0] == rl.OK, self.link.opened)

    def pid(self):
        return self.runner.process.pid

    def call(self, name):
        body = {"tenant": "acme", "correlation_id": "EXH1-A", "title": "t", "public_text": "p" * (700_000 if name == "unread" else 400_000),
                "internal_text": "i", "link": "https://ev.example/e/a", "severity": "high", "priority": 2, "incident": {"what": "opened"}, "fields": {}}
        try:
            rc, result = self.link.apply(rl.ENSURE, f"op-{self.calls}", body, deadline_ms=int(DEADLINE * 1000))
        except OSError:
            return None
        if self.runner.process.poll() is not None or "runner-ended" in str(result):
            return None
        return rc, result

    def afterwards(self, name, said):
        self.expect(said[0] != rl.INTERNAL, name, *said)

    def close(self):
        self.runner.close()


class SensorClient(Client):
    """The client of sensors behind a pipe (sensor_calls)."""

    def begin(self):
        self.kind, folder, *pin = self.more
        self.process = subprocess.Popen([f"{BUILD}/bin/sensor_calls", folder, str(int(DEADLINE * 1000)), *pin], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.said = queue.Queue()
        threading.Thread(target=lambda out=self.process.stdout, to=self.said: [to.put(line) for line in out], daemon=True).start()

    def pid(self):
        return self.process.pid

    def call(self, name, target="/peer"):
        """The status and the body, or what went wrong."""
        try:
            self.process.stdin.write(f"{self.server.port} {self.kind} {target}\n")
            self.process.stdin.flush()
            _, status, _, _, text = self.said.get(timeout=DEADLINE + 10).rstrip("\n").split(" ", 4)
        except (OSError, queue.Empty):
            return None
        return int(status), text

    def afterwards(self, name, said):
        """The peer is good again: at the second call at the latest, and no answer is another's."""
        self.server.become("good")
        for turn in range(2):
            own = str(self.calls * 2 + turn)
            said = self.call(name, f"/own/{own}")
            if said == (200, own):
                return
            self.expect(said and said[1].startswith("! "), name, "then for", own, said)
        self.expect(False, name, "was not reached again", said)

    def close(self):
        self.process.stdin.close()
        self.expect(self.process.wait(10) == 0, "ended with", self.process.returncode)


def clients(folder, pin):
    plain, secure, second, tokens = Server(), Server(folder), Server(), Server()
    hook = {"login": {"secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}, "map": {}, "allow": ["127.0.0.1"]}
    rest = {"map": {"queue": "q"}, "profile": PROFILE, "allow": ["127.0.0.1"]}
    yield DeskClient("webhook", plain, ("webhook", hook | {"url": f"http://127.0.0.1:{plain.port}/"}))
    yield DeskClient("webhook over TLS", secure, ("webhook", hook | {"url": f"https://127.0.0.1:{secure.port}/", "ca": f"{folder}/cert.pem"}))
    yield DeskClient("rest", second, ("rest", rest | {"url": f"http://127.0.0.1:{second.port}", "login": {"token": "t"}}))
    oauth = {"token_url": f"http://127.0.0.1:{tokens.port}/token", "grant": "client_credentials", "client_id": "c", "client_secret": "s"}
    yield DeskClient("token server", tokens, ("rest", rest | {"url": f"http://127.0.0.1:{tokens.port}", "login": {"oauth2": oauth}}))
    for kind in ("feed", "log"):
        yield SensorClient(f"sensor's {kind}", Server(), (kind, f"{folder}/{kind}"))
        yield SensorClient(f"sensor's {kind} over TLS", Server(folder), (kind, f"{folder}/{kind}-tls", pin))


def main():
    failures, calls, began = [], 0, time.monotonic()
    rounds = -(-asked_count(1) // (8 * len(PEERS))) or 1
    with tempfile.TemporaryDirectory(prefix="exhibit-peers-") as folder:
        working = list(clients(folder, certificate(folder)))
        threads = [threading.Thread(target=client.run, args=(rounds,)) for client in working]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in working:
            client.close()
            failures += client.failures
            calls += client.calls
    for failure in failures[:20]:
        print("FAILED", *(str(one)[:200] for one in failure))
    print(", ".join(f"{client.name} grew by {client.most >> 10} KiB at most" for client in working))
    print(f"{len(PEERS) + 2} peers before {len(working)} clients: {calls} calls, {len(failures)} failed, {time.monotonic() - began:.0f} s")
    proved("P13", calls, len(failures))
    return 1 if failures or calls < 1000 else 0


sys.exit(main())
