"""A hundred and more sensors that keep no rule of HTTP, all at once before the real server (P13): sensors_test.py BUILD_DIR

`exhibit serve` follows one sensor for each peer of peers.py, every second one over TLS. Each opens a subscription well and is a peer
to every get, until all become good. Held: each call ends by its deadline and one second, memory stays bounded, no thread stays behind,
and every feed goes on by itself: its alert arrives.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import feed  # noqa: E402
from peers import PEERS, Growth, Server, certificate, descriptors, of_process  # noqa: E402
from proof import proved  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
DEADLINE = 16.0  # A long poll of a second and the grace of 15.
MEMORY_MAX = 512 << 20


class Sensor(Server):
    """Opens well; a get meets the peer, or brings an alert once it is good."""

    def __init__(self, name, peer, folder):
        self.name, self.hostile, self.met, self.longest = name, peer, 0, 0.0
        super().__init__(folder, patience=3 * DEADLINE)
        self.peer = peer if isinstance(peer, str) else "get"

    def come_back(self):
        self.become("get")  # As after a restart: nothing stays open.
        self.hostile = None

    def serve(self, connection, peer):
        if isinstance(peer, str) and peer != "get":
            self.met += 1
        super().serve(connection, peer)

    def meet(self, connection, peer):
        while asked := connection.recv(65536):
            if b"action=open" in asked:
                connection.sendall(feed.answer(feed.OPENED))
            elif self.hostile:
                self.met += 1
                began = time.monotonic()
                try:
                    return self.hostile(connection)
                finally:
                    self.longest = max(self.longest, time.monotonic() - began)
            else:
                time.sleep(0.5)  # Its long poll.
                connection.sendall(feed.answer(feed.events([feed.alert(1, self.name)])))
        return None


def configure(folder, sensors, pin):
    (folder / "tenants").mkdir()
    (folder / "state").mkdir(mode=0o700)
    listed = [{"name": one.name, "kind": "cisco-sdee", "url": f"http{'s' if one.context else ''}://127.0.0.1:{one.port}", "retry": "700 ms", "long_poll": "1 s",
               "login": {"user": "exhibit", "password": {"env": "SENSOR_PASSWORD"}}} | ({"pin": f"sha256:{pin}"} if one.context else {}) for one in sensors]
    host = {"public_url": "https://ev.example", "state": str(folder / "state"), "web": {"listen": "127.0.0.1:0"},
            "desks": {"none": {"adapter": "webhook", "url": "http://127.0.0.1:9/", "login": {"secrets": [{"env": "HOOK"}]}}}}
    tenant = {"tenant": "acme", "sensors": listed, "desk": {"use": "none"}}
    for name, value in (("exhibit.yaml", host), ("tenants/acme.yaml", tenant)):  # JSON is YAML.
        (folder / name).write_text(json.dumps(value))


def exhibit(folder, *words):
    return subprocess.run([f"{BUILD}/bin/exhibit", *words, "--state", folder / "state"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False).stdout


def status(folder):
    said = exhibit(folder, "status", "--json")
    return {"sensors": [], "alerts": 0} | (json.loads(said)["tenants"][0] if said.startswith("{") else {})


def waited(seconds, held):
    until = time.monotonic() + seconds
    while not held() and time.monotonic() < until:
        time.sleep(0.2)
    return held()


def play(folder, pin, fail):
    peers = PEERS | {"unread": "unread", "garbage": "garbage"}
    sensors = [Sensor("s-" + re.sub(r"[^A-Za-z0-9]+", "-", name)[:30] + f"-{number}", peer, str(folder) if number % 2 or name == "garbage" else None)
               for number, (name, peer) in enumerate(peers.items())]
    configure(folder, sensors, pin)
    began = time.monotonic()
    server = subprocess.Popen([f"{BUILD}/bin/exhibit", "serve", "--config", folder / "exhibit.yaml"], env=os.environ | {"SENSOR_PASSWORD": "s", "HOOK": "whsec_" + "A" * 32},
                              stderr=open(folder / "server.log", "w"))
    try:
        if not waited(20, lambda: status(folder)["sensors"]):
            fail("does not serve", (folder / "server.log").read_text()[-500:])
        growth, threads = Growth(server.pid), of_process(server.pid, "Threads")
        waited(DEADLINE + 2.5, lambda: False)
        if unmet := [one.name for one in sensors if not one.met]:
            fail("were never asked", unmet)
        peak = growth.peak()
        for one in sensors:
            one.come_back()
        halted = [one["name"] for one in status(folder)["sensors"] if one["state"] == "halted"]
        for name in halted:  # Who said 401 twice: an operator's word, as it must be.
            exhibit(folder, "resume", "acme", name)
        waited(45, lambda: status(folder)["alerts"] >= len(sensors))
        took, now = time.monotonic() - began, status(folder)
        back = {one["name"] for one in now["sensors"] if one["state"] == "following"}
        for one in sensors:
            if one.name not in back:
                fail(one.name, "did not come back", [held for held in now["sensors"] if held["name"] == one.name])
            if one.longest > DEADLINE + 2:  # Who drips sees the end at its next drop.
                fail(one.name, f"was held for {one.longest:.1f} s")
        if now["alerts"] != len(sensors) or len(halted) > 2:
            fail(now["alerts"], "alerts of", len(sensors), "halted:", halted)
        if peak > MEMORY_MAX or of_process(server.pid, "Threads") > threads or descriptors(server.pid) > len(sensors) + 60:
            fail(f"{peak >> 20} MiB, {of_process(server.pid, 'Threads')} of {threads} threads, {descriptors(server.pid)} descriptors")
        print(f"{len(sensors)} hostile sensors at once, {sum(one.met for one in sensors)} calls, the longest {max(one.longest for one in sensors):.1f} s, grew by "
              f"{peak >> 10} KiB in all, {(peak >> 10) // len(sensors)} each; all back after {took:.0f} s, {len(halted)} by an operator's word")
        return sum(one.met for one in sensors)
    finally:
        server.terminate()
        if server.wait(20) != 0:
            fail("the server ended with", server.returncode)


def main():
    failures = []
    with tempfile.TemporaryDirectory(prefix="exhibit-sensors-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        calls = play(folder, certificate(name), lambda *what: failures.append(what))
    for failure in failures[:20]:
        print("FAILED", *(str(one)[:300] for one in failure))
    proved("P13", calls, len(failures))
    return 1 if failures or calls < 150 else 0


sys.exit(main())
