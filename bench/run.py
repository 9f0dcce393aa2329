"""./dev bench: the product beside bare libraries, in turn, with medians; writes docs/performance.md.  run.py BUILD_DIR DOCUMENT [ROUNDS] [--only PIECE]"""
import argparse
import os
import pathlib
import platform
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import downloads
import e2e
import fetches
import goals
import hostile
import posts
import product


def say(*what):
    print(*what, file=sys.stderr, flush=True)


def machine():
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) >> 20
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores ({processor[1] if processor else platform.machine()}), {memory} GB, Linux {platform.release()}, load {load:.1f} before the run"


def capture(path, count):
    """HTTP requests, each from a port of its own."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number in range(count):
            payload = b"GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd HTTP/1.0\r\nHost: www.example.com\r\nCookie: sid=" + b"0" * (number % 400) + b"\r\n\r\n"
            tcp = struct.pack(">HHIIHHHH", 1024 + number % 60000, 80, 1, 1, 0x5018, 8192, 0, 0) + payload
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(tcp), number & 0xFFFF, 0, 64, 6, 0, 0xC000020A, 0xC6336414) + tcp
            packet = bytes(12) + b"\x08\x00" + ip
            file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)


def cpu_of(words):
    before = os.times()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=300)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def stages(build, folder, rounds):
    file, short = f"{folder}/packets.pcap", f"{folder}/one.pcap"
    capture(file, 20000), capture(short, 1)
    tool = f"{build}/bin/bench-stages"
    runs = [posts.one([tool, "xml"]) | posts.one([tool, "decode", file]) | posts.one([tool, "commit", folder]) for _ in range(rounds)]
    median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    say(f"one alert of {median['alert_bytes']:.0f} bytes: bare pugixml {median['bare_pugixml_us']:.2f} us, pre-scan {median['pre_scan_us']:.2f}, read "
        f"{median['read_us']:.2f}, to JSON {median['to_json_us']:.2f}; decode {median['decode_us']:.2f} us a packet")
    ratios = {"G7": median["g7"], "G8": median["g8"], "G10 group 100": median["g10_100"], "G10 group 1": median["g10_1"]}
    if shutil.which("tshark"):
        times = [cpu_of(["tshark", "-n", "-r", file, "-T", "json"]) - cpu_of(["tshark", "-n", "-r", short, "-T", "json"]) for _ in range(rounds)]
        median["tshark_us"] = statistics.median(times) * 1e6 / 20000
        ratios["G9"] = median["tshark_us"] / median["decode_us"]
    else:
        say("skipped: tshark is not here (G9)")
    return median, ratios


def words_of_stages(median):
    return f"""One alert of {median['alert_bytes']:.0f} bytes, by CPU time: bare pugixml {median['bare_pugixml_us']:.2f} us; the pre-scan alone
{median['pre_scan_us']:.2f} us; scan, parse and fields {median['read_us']:.2f} us; all the way to the incident's JSON, the packet decoded, {median['to_json_us']:.2f} us.
A packet is decoded in {median['decode_us']:.2f} us{f", by TShark in {median['tshark_us']:.0f} us" if 'tshark_us' in median else ""}. Durable alerts a second: {median['commit_100']:,.0f} in
groups of 100 (raw fdatasync {median['raw_100']:,.0f}), {median['commit_1']:,.0f} one by one ({median['raw_1']:,.0f}).
"""


def words_of_deliveries(deliveries, size, first, stored):
    rows = "\n".join(f"| {n} | {ours:,.0f} | {bare:,.0f} | {ratio:.2f} | {format(stored[n], ',.0f') if n in stored else 'a desk gets 16 at most'} |" for n, (ours, bare, ratio) in deliveries.items())
    return f"""Deliveries a second of {size} bytes over plain HTTP, one POST each, sink and driver on the same cores: the webhook adapter in the runner
beside bare cpprestsdk with two threads; the last column is the whole product, from four sensors over TLS through the store.

| in flight | in the runner | bare | ratio | through the store |
|---:|---:|---:|---:|---:|
{rows}

The first POST of a fresh process over TLS takes {first[0]:.1f} ms in the runner, {first[1]:.1f} ms with libcurl.
"""


def words_of_peers(medians):
    if not medians:
        return "End to end: not measured, the peers could not be had.\n"
    rows = "\n".join(f"| {who} | {how} | {held['accepted']:,.0f} | {held['delivered']:,.0f} | {held['cpu_us']:.0f} | {held['p50']:.2f} | {held['p99']:.2f} | "
                     f"{held['memory']:.0f} |" for (who, how), held in medians.items())
    return f"""End to end: alerts of about 2.1 KB in, one POST for each out, into a sink of one thread; sender, peer and sink share the cores. The product
reads {product.SENSORS} simulated sensors over TLS, at most 100 alerts an answer, and posts with 16 in flight. "Accepted": ours committed and acknowledged;
Alertmanager's answered; syslog-ng's written into a socket without any acknowledgement. G1 and G2 compare what we accepted with what came out
of the peer. CPU is of all of the peer's processes, for one alert. Latencies leave the first second out, in which connections are made.

| who | load | accepted a second | delivered a second | CPU us | p50 ms | p99 ms | MB after |
|---|---|---:|---:|---:|---:|---:|---:|
{rows}
"""


def words_of_downloads(rates):
    if not rates:
        return "Downloads: not measured, nginx and wrk could not be had.\n"
    said = ", ".join(f"{who} {rate:,.0f} a second at {cpu:.0f} us of CPU each" for who, (rate, cpu) in rates.items())
    return f"Downloads of 1 MB over plain HTTP, 4 connections, each of ours with its durable ledger entry before the first byte: {said}.\n"


def words_of_hostile(held):
    if not held:
        return "Hostile peers: not measured.\n"
    rows = "\n".join(f"| {kind} | {mine:.3f} | {alone:.3f} | {took:.1f} | {curl:.3f} | {took_curl:.1f} |" for kind, (mine, took, curl, took_curl, alone) in held.items())
    return f"""Peers that never end before a sensor's client, with a deadline of {hostile.DEADLINE:.0f} s: memory for each of {hostile.CONNECTIONS} connections at once, and of one alone
(an answer may have 4 MiB, which a body without end fills); curl throws the body away.

| peer | ours, MB each | alone | cut after s | curl, MB each | cut after s |
|---|---:|---:|---:|---:|---:|
{rows}
"""


def run(build, rounds, only):
    """({goal: measured}, the words below the table)"""
    measured, words = {}, []
    with tempfile.TemporaryDirectory(prefix="exhibit-bench-") as folder:
        if only in ("", "stages"):
            median, ratios = stages(build, folder, rounds)
            measured |= ratios
            words.append(words_of_stages(median))
        if only in ("", "downloads"):
            held, rates = downloads.measure(build, rounds, say)
            measured |= held
            words.append(words_of_downloads(rates))
        if only in ("", "fetches"):
            ratio, ours, curl = fetches.measure(build, folder, rounds, say)
            measured["G17"] = ratio
            words.append(f"IP logs of 1 MB over TLS, {fetches.IN_FLIGHT} at once, each sealed so that a power cut loses nothing: {ours:,.0f} a second; libcurl to memory {curl:,.0f}.\n")
        if only in ("", "deliveries"):
            deliveries, size = posts.rates(build, rounds, say)
            first = posts.first_post(build, folder, 15, say)
            measured |= {"G16": first[2]} | {f"deliveries, {n} in flight": deliveries[n][2] for n in (16, 64)}
            words.append(words_of_deliveries(deliveries, size, first, e2e.through_the_store(build, rounds, say)))
        if only in ("", "hostile"):
            held, kinds = hostile.measure(build, rounds, say)
            measured |= held
            words.append(words_of_hostile(kinds))
        if only in ("", "e2e"):
            held, medians = e2e.measure(build, rounds, say)
            measured |= held
            words.append(words_of_peers(medians))
    return measured, "\n".join(words)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build"), parser.add_argument("document", type=pathlib.Path), parser.add_argument("rounds", type=int, nargs="?", default=3)
    parser.add_argument("--only", choices=("stages", "downloads", "fetches", "deliveries", "hostile", "e2e"), default="", help="this piece alone; nothing is written")
    given = parser.parse_args()
    here = machine()
    say(here)
    measured, words = run(given.build, given.rounds, given.only)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    text = f"""# How fast it is

Made by `./dev bench` on {time.strftime('%Y-%m-%d')} at {commit}: {here}. Medians of {given.rounds} rounds, ours and its peers in turn. Only
the ratios mean anything on another machine.

{goals.table(measured)}

{words}"""
    if given.only:
        print(text)
    else:
        given.document.write_text(text)
        print(goals.table(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
