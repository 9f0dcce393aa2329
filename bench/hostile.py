"""What a peer that never ends costs whoever calls it (G19): memory for each connection, and when it is cut. Our sensors' client beside curl."""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "hostile"))
from peers import PEERS, Growth, Server, of_process  # noqa: E402

CONNECTIONS = 100
DEADLINE = 1.0
KINDS = ("endless headers", "endless body", "body drip")


def ours(build, peer, connections=CONNECTIONS):
    """(MB a connection, seconds until the last was cut)"""
    servers = [Server() for _ in range(connections)]
    with tempfile.TemporaryDirectory(prefix="exhibit-hostile-") as folder, \
            subprocess.Popen([f"{build}/bin/sensor_calls", f"{folder}/evidence", str(int(DEADLINE * 1000))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as caller:
        def call(peer, path):
            for one in servers:
                one.become(peer)
            caller.stdin.write("".join(f"{one.port} feed {path}\n" for one in servers))
            caller.stdin.flush()
            return [caller.stdout.readline() for _ in servers]

        call("good", "/own/1")
        growth, began = Growth(caller.pid), time.monotonic()
        call(peer, "/")
        return growth.peak() / connections / 1e6, time.monotonic() - began


def curl(peer):
    servers = [Server() for _ in range(CONNECTIONS)]
    for one in servers:
        one.become(peer)
    words = ["curl", "-sS", "-Z", "--parallel-max", str(CONNECTIONS), "-m", str(DEADLINE)] + [word for one in servers for word in ("-o", "/dev/null", f"http://127.0.0.1:{one.port}/own/1")]
    began, most = time.monotonic(), 0
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as caller:
        while caller.poll() is None:
            try:
                most = max(most, of_process(caller.pid, "VmHWM") << 10)
            except (OSError, TypeError):
                break
            time.sleep(0.005)
    return most, time.monotonic() - began


def measure(build, rounds, say):
    """({goal: MB a connection at most}, {kind: (ours, seconds, curl's, seconds, ours alone)})"""
    if not os.path.exists(f"{build}/bin/sensor_calls"):
        say("skipped: sensor_calls is not built (G19)")
        return {}, {}
    idle = statistics.median(curl("good")[0] for _ in range(rounds))
    held = {}
    for kind in KINDS:
        mine = [ours(build, PEERS[kind]) for _ in range(rounds)]
        theirs = [curl(PEERS[kind]) for _ in range(rounds)]
        alone = statistics.median(ours(build, PEERS[kind], 1)[0] for _ in range(rounds))
        held[kind] = (statistics.median(one[0] for one in mine), max(one[1] for one in mine),
                      max(0.0, statistics.median(one[0] for one in theirs) - idle) / CONNECTIONS / 1e6, max(one[1] for one in theirs), alone)
        say(f"{kind}: ours {held[kind][0]:.3f} MB a connection of {CONNECTIONS}, {alone:.3f} alone, cut after {held[kind][1]:.1f} s; curl {held[kind][2]:.3f} MB, {held[kind][3]:.1f} s")
    return {"G19": max(one[0] for one in held.values())}, held
