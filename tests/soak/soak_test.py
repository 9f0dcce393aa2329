"""Bounded resources (P24): soak_test.py BUILD_DIR, for EXHIBIT_COUNT minutes of real soak.

The real `exhibit serve` with 50 simulated sensors of five tenants over TLS, and a webhook that takes what it is sent. The load is ten times
that of promises.md P18, whose quiet tenants have one alert a second: here one a second is the rate of all fifty sensors, so ten a second is
the load. First come 24 minutes' worth of it for each minute of soak (2.4 hours for six minutes, a day for an hour), as fast as the product
takes it beside this test, then, once it is through, that minute at the rate itself. Of ten alerts four name an IP log. Bounds are so small that they are met over
and over: what one alert leaves is some 5 KB.

Held: resident memory of the server and its runner together, at each look; descriptors and threads of both, flat over the soak; each
tenant's store and captures, at each look; every alert has its ticket within ten seconds of the end, and none has two.
"""
import asyncio
import json
import math
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from proof import asked_count, proved  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
MINUTES = asked_count(1)
TENANTS, SENSORS, RATE = 5, 10, 10.0  # Sensors of each; alerts a second of all.
SPED_UP = 24
RUSH = float(os.environ.get("EXHIBIT_SOAK_RUSH", "350"))  # Alerts a second: what two busy cores take beside sensors and sink.
LOAD = int(MINUTES * SPED_UP * 60 * RATE) // (TENANTS * SENSORS)  # Of each sensor.
SOAK = 8 * int(MINUTES * 60 * RATE) // (TENANTS * SENSORS)  # More than are needed: the soak begins once the load came through.
KEPT_MIB = 16
CALM_AFTER = 10.0  # Seconds after the load until its connections are closed; and so long a ticket may take.
RESIDENT_MAX = 512 << 20
LOOK_EVERY = 2.0


class Sink:
    """Takes every message and keeps what it was about."""

    def __init__(self):
        self.tickets, self.messages, self.loop = {}, 0, asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = await reader.readexactly(int(re.search(rb"(?i)content-length: *(\d+)", head)[1]))
                self.keep(json.loads(body))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def keep(self, said):
        self.messages += 1
        if said["what"] == "opened":
            of = self.tickets.setdefault((said["alert"]["sensor"], said["alert"]["event_id"]), set())
            of.add(said["correlation_id"])


class Sensor:
    def __init__(self, folder, number):
        self.name, self.file = f"ips{number}", folder / f"sensor{number}.log"
        words = [f"{BUILD}/bin/exhibit-sim-sensor", "--user", "exhibit", "--password-env", "SENSOR_PASSWORD", "--name", self.name, "--scenario", "load",
                 "--alerts", str(LOAD + SOAK), "--first", str(LOAD), "--first-rate", str(RUSH / TENANTS / SENSORS), "--rate", str(RATE / TENANTS / SENSORS),
                 "--seed", str(number * 100), "--packet-bytes", "1000", "--log-seconds", "1", "--until-stdin-closes"]
        with open(self.file, "wb") as out:
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, env=os.environ | {"SENSOR_PASSWORD": "s"})

    def said(self):
        return [json.loads(line) for line in self.file.read_text().splitlines() if line.endswith("}")]

    def ready(self):
        while not self.file.read_text().endswith("}\n"):
            time.sleep(0.02)
        return self.said()[0]

    def raised(self, until):
        return {(self.name, said["event_id"]) for said in self.said() if said["event"] == "alert" and int(said["composed_ns"]) < until}


def configure(folder, sensors, port):
    (folder / "tenants").mkdir()
    (folder / "state").mkdir(mode=0o700)
    keep = {"rows": f"{KEPT_MIB} MiB", "captures": "16 MiB"}
    host = {"public_url": "https://ev.example", "state": str(folder / "state"), "web": {"listen": "127.0.0.1:0"}, "keep": keep,
            "desks": {"hook": {"adapter": "webhook", "url": f"http://127.0.0.1:{port}/", "login": {"secrets": [{"env": "HOOK"}]}, "concurrency": 16, "poll": "5 s"}}}
    (folder / "exhibit.yaml").write_text(json.dumps(host))  # JSON is YAML.
    for tenant in range(TENANTS):
        listed = []
        for sensor in sensors[tenant * SENSORS:(tenant + 1) * SENSORS]:
            ready = sensor.ready()
            listed.append({"name": sensor.name, "kind": "cisco-sdee", "url": ready["url"], "pin": ready["pin"], "log_time": "1 s", "margin": "500 ms",
                           "login": {"user": "exhibit", "password": {"env": "SENSOR_PASSWORD"}}})
        (folder / f"tenants/t{tenant}.yaml").write_text(json.dumps({"tenant": f"t{tenant}", "sensors": listed, "desk": {"use": "hook"}}))


def of_process(pid, name):
    return int(re.search(rf"^{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def family(pid):
    """The server and its runner."""
    children = pathlib.Path(f"/proc/{pid}/task")
    return [pid] + [int(child) for task in children.iterdir() for child in (task / "children").read_text().split()]


def on_disk(path):
    """Bytes in blocks; what goes while we look is not there any more."""
    total = 0
    for root, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total


class Look:
    """One sample."""

    def __init__(self, server, state):
        pids = family(server.pid)
        self.at = time.monotonic()
        self.resident = sum(of_process(pid, "VmRSS") << 10 for pid in pids)
        self.descriptors = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)
        self.threads = sum(of_process(pid, "Threads") for pid in pids)
        tenants = [state / "tenants" / f"t{number}" for number in range(TENANTS)]
        self.rows = max(sum(file.stat().st_blocks * 512 for file in tenant.glob("exhibit.db*") if file.exists()) for tenant in tenants)
        self.captures = max(on_disk(tenant / "evidence") for tenant in tenants)


def rise(looks, name):
    """(how much it rose from the first look to the last, by least squares; what of it one standard error is)"""
    times, values = [look.at for look in looks], [getattr(look, name) for look in looks]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in times)
    slope = sum((at - middle) * (value - mean) for at, value in zip(times, values)) / spread
    wrong = sum((value - mean - slope * (at - middle)) ** 2 for at, value in zip(times, values))
    length = times[-1] - times[0]
    return slope * length, math.sqrt(wrong / max(1, len(looks) - 2) / spread) * length


def judge_looks(looks, soak, fail):
    def most(name):
        return max(getattr(look, name) for look in looks)
    if most("resident") > RESIDENT_MAX:
        fail(f"{most('resident') >> 20} MiB were resident")
    for name, bound in (("rows", KEPT_MIB << 20), ("captures", 16 << 20)):
        if most(name) > bound * 1.1:
            fail(f"{name} took {most(name) / 2**20:.1f} MiB of {bound >> 20}")
    said = []
    for name in ("descriptors", "threads"):
        rose, error = rise(soak, name)
        said.append(f"{name} {soak[0].__dict__[name]} to {soak[-1].__dict__[name]}, slope over the soak {rose:+.2f} (standard error {error:.2f})")
        if rose > max(1.0, error):
            fail(said[-1])
    rose, error = rise(soak, "resident")
    print(f"resident at most {most('resident') / 2**20:.0f} MiB, over the soak {rose / 2**20:+.1f} (standard error {error / 2**20:.1f}) MiB; " + "; ".join(said))
    print(f"the largest store {most('rows') / 2**20:.1f} of {KEPT_MIB} MiB, the most captures {most('captures') / 2**20:.1f} of 16 MiB")


def judge_tickets(sensors, sink, until, fail):
    raised = set().union(*(sensor.raised(until) for sensor in sensors))
    stand = dict(sink.tickets)  # More may come.
    lost = raised - stand.keys()
    twice = [alert for alert, tickets in stand.items() if len(tickets) > 1]
    if lost or twice or len(raised) < LOAD * len(sensors):
        fail(f"{len(raised)} alerts raised, {len(lost)} without a ticket, {len(twice)} with two", sorted(lost)[:3])
    print(f"{len(raised)} alerts, {len(stand)} tickets, {sink.messages} messages")


def judge_stores(state, fail):
    """That the bounds were met, and that what went is in the ledger."""
    for number in range(TENANTS):
        with sqlite3.connect(state / "tenants" / f"t{number}" / "exhibit.db") as database:
            def one(what):
                return database.execute(f"select {what}").fetchone()[0]
            alerts, last, gone, removals = (one(what) for what in ("count(*) from alerts", "max(sequence) from alerts", "incidents from removed",
                                                                   "count(*) from ledger where action = 'removed'"))
            gaps = one("(select count(*) from gaps) + gaps from removed")
            waiting = one("count(*) from deliveries where state in ('dead', 'unknown')")
        print(f"t{number}: {last} alerts came, {alerts} are left, {gone} incidents went, {removals} entries tell of their captures")
        if gone * 4 < last or not removals or gaps or waiting:
            fail(f"t{number}: its bounds were hardly met, or {gaps} gaps, {waiting} deliveries that are dead or unknown")


def follow(server, folder, sensors, sink, fail):
    """All looks, those of the soak, and until when alerts must have their tickets."""
    looks, soak, load, through = [], [], LOAD * len(sensors), None
    began, length = time.monotonic(), MINUTES * 60
    until = began + load / RUSH * 8 + length + 300
    while (not soak or looks[-1].at - soak[0].at < length) and time.monotonic() < until and server.poll() is None:
        looks.append(Look(server, folder / "state"))
        at = looks[-1].at
        due = load + RATE * (at - began - load / RUSH - CALM_AFTER)  # By their sensors' clocks.
        if not through and len(sink.tickets) >= max(load, due):
            through = at
        if through and at - through > CALM_AFTER:
            soak.append(looks[-1])
        time.sleep(LOOK_EVERY)
    asked = time.time_ns()
    time.sleep(CALM_AFTER)  # For their tickets, and the notes about their captures.
    print(f"the load took {(through or looks[-1].at) - looks[0].at:.0f} s, the soak {soak[-1].at - soak[0].at if soak else 0:.0f} s")
    if not soak or soak[-1].at - soak[0].at < length:
        fail("the load came through too late, or not at all:", len(sink.tickets), "tickets")
    return looks, soak, asked


def play(folder, fail):
    sink = Sink()
    sensors = [Sensor(folder, number) for number in range(TENANTS * SENSORS)]
    server = None
    try:
        configure(folder, sensors, sink.port)
        with open(folder / "server.log", "wb") as log:
            server = subprocess.Popen([f"{BUILD}/bin/exhibit", "serve", "--config", folder / "exhibit.yaml"], stdout=log, stderr=log,
                                      env=os.environ | {"SENSOR_PASSWORD": "s", "HOOK": "whsec_" + "A" * 32})
        time.sleep(LOOK_EVERY)
        looks, soak, asked = follow(server, folder, sensors, sink, fail)
        if len(soak) > 5:
            judge_looks(looks, soak, fail)
        judge_tickets(sensors, sink, asked, fail)
    finally:
        if server:
            server.terminate()
            if server.wait(60) != 0:
                fail("the server ended with", server.returncode)
        for sensor in sensors:
            sensor.process.kill()
            sensor.process.wait(10)
    judge_stores(folder / "state", fail)
    said = [line for line in (folder / "server.log").read_text(errors="replace").splitlines() if " warning" in line or " error" in line]
    print(f"{len(said)} warnings and errors in the log", *said[:5], sep="\n  ")


def main():
    failures = []
    folder = pathlib.Path(tempfile.mkdtemp(prefix="exhibit-soak-"))
    try:
        play(folder, lambda *what: failures.append(what))
    finally:
        if os.environ.get("EXHIBIT_KEEP") is None:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print("kept", folder)
    for failure in failures[:20]:
        print("FAILED", *(str(one)[:300] for one in failure))
    proved("P24", MINUTES, len(failures))
    return 1 if failures else 0


sys.exit(main())
