"""No desk client connects where it must not (P16 b): targets_test.py BUILD_DIR

In a network namespace of its own, where every inner address answers, and seen from outside the runner: a listener notes for
whom each connection was meant, and the kernel counts the connections that were begun, wherever they led. Each
target is given to the webhook and the REST adapter as their desk's address, in all its spellings; then a desk that may be
reached redirects to it; then names that resolve to it, at once or at the second look.
"""
import contextlib
import ipaddress
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import packages  # noqa: E402
import runner_link as rl  # noqa: E402
from proof import proved  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
TARGETS_MIN = 400
EACH = {"webhook": 1, "rest": 1, "email": 1} if os.environ.get("EXHIBIT_LONG") == "1" else {"webhook": 1, "rest": 4, "email": 6}
PROFILE = pathlib.Path(__file__).resolve().parents[2] / "adapters/rest/profiles/rt5.json"
DESK = "198.51.100.1"  # Counts as an outer address; it is ours here.
PORT = 8099
INNER4 = ["127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
INNER6 = ["::1", "::", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1"]
LOCAL = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"]
LOCAL6 = ["fc00::/7", "fec0::/10", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"]


def spellings(text):
    """An IPv4 address as a URL's host may write it."""
    number = int(ipaddress.IPv4Address(text))
    a, b, c, d = text.split(".")
    yield from (text, text + ".", str(number), hex(number), f"0{number:o}", f"{a}.{(int(b) << 16) + (int(c) << 8) + int(d)}",
                f"{a}.{b}.{(int(c) << 8) + int(d)}", f"0x{int(a):x}.0x{int(b):x}.0x{int(c):x}.0x{int(d):x}",
                f"0{int(a):o}.0{int(b):o}.0{int(c):o}.0{int(d):o}", f"[::ffff:{text}]", f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]",
                f"[::{text}]", f"[64:ff9b::{text}]", f"[64:ff9b:1::{text}]", f"[::ffff:0:{text}]",
                f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]", f"[2001:0:{number >> 16:x}:{number & 0xFFFF:x}::]",
                text.translate(str.maketrans("0123456789.", "０１２３４５６７８９。")), text.replace(".", "%2e"), f"{a}.{b}.{c}.{d}%00",
                f"{DESK}@{text}", f"{DESK}:80@{text}", f"user:{DESK}@{text}")


def hosts():
    for text in INNER4:
        yield from spellings(text)
    for text in INNER6:
        yield from (f"[{text}]", f"[{ipaddress.IPv6Address(text).exploded}]", f"[{text}%25lo]", f"[{text}%lo]", f"[{text}%251]", f"{DESK}@[{text}]")
    yield from ("localhost", "LOCALHOST", "localhost.", "ip6-localhost", "localhost.localdomain", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "xn--localhost", "127.1", "0",
                "0x0", "[0:0:0:0:0:0:0:0001]", "[::0001]", "localhost%2f", "[::1].test", "127.0.0.1.test", f"{DESK}\\@127.0.0.1", f"{DESK}#@127.0.0.1",
                f"127.0.0.1#@{DESK}", f"127.0.0.1%20@{DESK}x")
    for kind in ("inner", "mixed", "rebind", "six", "mixedsix", "alias"):
        for number in range(12):
            yield f"{kind}{number}.test"
    for number in range(4):
        yield from (f"INNER{number}.test.", f"xn--inner{number}.test", f"user@inner{number}.test")


class Listener:
    """Takes connections for any local address on some ports; a reader of HTTP for the desk's own."""

    def __init__(self):
        self.forbidden, self.desk, self.location = [], 0, None
        for port in (PORT, 80, 443, 25):
            listener = socket.socket(socket.AF_INET6)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind(("::", port))
            listener.listen(128)
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            connection, _ = listener.accept()
            meant = connection.getsockname()[0].removeprefix("::ffff:")
            if meant != DESK:
                self.forbidden.append(meant)
                connection.close()
                continue
            self.desk += 1
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(2)
            connection.recv(65536)
            where = f"Location: {self.location}\r\n" if self.location else ""
            connection.sendall((f"HTTP/1.1 {302 if where else 503} x\r\n{where}Content-Length: 0\r\nConnection: close\r\n\r\n").encode())


class Names:
    """A resolver whose names lead inside, some of them only at the second look."""

    def __init__(self):
        self.asked = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def addresses(self, name, kind):
        times = self.asked[name, kind] = self.asked.get((name, kind), 0) + 1
        word, number = name.split(".")[0].rstrip("0123456789").lower(), int("0" + "".join(filter(str.isdigit, name)))
        inner4, inner6 = INNER4[number % len(INNER4)], INNER6[number % len(INNER6)]
        four = {"inner": [inner4], "mixed": [DESK, inner4], "rebind": [DESK] if times == 1 else [inner4], "six": [], "mixedsix": [DESK],
                "alias": [inner4]}
        six = {"six": [inner6], "mixedsix": [inner6], "alias": [f"::ffff:{inner4}"]}
        return (four if kind == 1 else six if kind == 28 else {}).get(word, [])

    def serve(self):
        while True:
            data, peer = self.socket.recvfrom(1500)
            at, labels = 12, []
            while data[at]:
                labels.append(data[at + 1:at + 1 + data[at]].decode("latin-1"))
                at += 1 + data[at]
            question, kind = data[12:at + 5], struct.unpack(">H", data[at + 1:at + 3])[0]
            found = self.addresses(".".join(labels), kind) if len(labels) == 2 and labels[1].lower() == "test" else []
            records = b""
            for one in found:
                raw = ipaddress.ip_address(one).packed
                records += struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(raw)) + raw
            self.socket.sendto(data[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0) + question + records, peer)


def opened():
    """TCP connections that this namespace began, by the kernel's own count."""
    head, values = (line.split() for line in pathlib.Path("/proc/self/net/snmp").read_text().splitlines() if line.startswith("Tcp:"))
    return int(values[head.index("ActiveOpens")])


def prepare(folder):
    """The namespace's own network and resolver."""
    run = lambda words: subprocess.run(words.split(), check=True)
    for words in ("ip link set lo up", "ip link add out type veth peer name far", "ip link set far up", f"ip addr add {DESK}/32 dev out", "ip link set out up",
                  "ip route add default dev out", "ip -6 addr add 2001:db8::1/128 dev out nodad", "ip -6 route add default dev out"):
        run(words)
    for network in LOCAL[1:]:
        run(f"ip route add local {network} dev lo")
    for network in LOCAL6:
        run(f"ip -6 route add local {network} dev lo")
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    run(f"mount --bind {folder}/resolv.conf /etc/resolv.conf")


def deliver(link):
    if link.opened[0] == rl.OK:
        body = {"tenant": "acme", "correlation_id": "EXH1-AAAA", "title": "t", "public_text": "p", "internal_text": "i", "link": "https://ev.example/e/a",
                "severity": "high", "priority": 2, "incident": {"what": "opened"}, "fields": {}}
        link.probe()
        link.apply(rl.ENSURE, "op", body, deadline_ms=1500)


def configs(url):
    yield "webhook", {"url": url, "allow": [], "login": {"secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}, "map": {}}
    yield "rest", {"url": url, "allow": [], "login": {"token": "t"}, "map": {"queue": "q"}, "profile": json.loads(PROFILE.read_text())}
    yield "email", {"url": f"smtp://{url.split('//')[1].rstrip('/')}", "allow": [], "login": {},
                    "map": {"from": "a@b.example", "to": ["c@d.example"], "tls": "none"}}


def inside():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="exhibit-egress-") as name:
        prepare(pathlib.Path(name))
        listener, _ = Listener(), Names()
        proxies = {word: f"http://10.0.0.1:{PORT}" for word in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")}
        proxies |= {name: os.environ[name] for name in ("EXHIBIT_PLANT",) if name in os.environ}
        urls = [f"http://{host}:{PORT}/" for host in hosts()] + [f"https://{host}/" for host in list(hosts())[::4]]
        calls = 0

        def attempt(about, link):
            nonlocal failed, calls
            before, began, known = len(listener.forbidden), opened(), listener.desk
            deliver(link)
            calls += 1
            until = time.monotonic() + 0.5  # The listener takes a connection a little after it stands.
            while opened() - began > listener.desk - known and time.monotonic() < until:
                time.sleep(0.01)
            if opened() - began > listener.desk - known:
                failed += 1
                print("FAILED", about, "connected elsewhere", opened() - began - (listener.desk - known), listener.forbidden[before:], flush=True)

        def fresh(adapter, config):
            runner = rl.Runner(BUILD, adapter, proxies)
            return rl.Link(runner, config)

        for number, url in enumerate(urls):
            for adapter, config in configs(url):
                if number % EACH[adapter] == 0:
                    link = fresh(adapter, config)
                    attempt(f"{adapter} {url}", link)
                    link.runner.close()
        for adapter, config in configs(f"http://{DESK}:{PORT}/"):
            if adapter != "email":
                link, reached = fresh(adapter, config), listener.desk
                for listener.location in urls:  # A desk that may be reached, and sends elsewhere.
                    attempt(f"{adapter} redirected to {listener.location}", link)
                link.runner.close()
                if listener.desk - reached < len(urls):
                    failed += 1
                    print("FAILED the desk itself was not reached", adapter, listener.desk - reached)
        # The eyes are open: connections of our own are seen, one by the listener and both by the kernel.
        before, began = len(listener.forbidden), opened()
        socket.create_connection(("10.9.8.7", PORT), 2).close()
        with contextlib.suppress(OSError):
            socket.create_connection(("203.0.113.9", PORT), 0.2).close()
        time.sleep(0.1)
        if len(listener.forbidden) != before + 1 or opened() != began + 2:
            failed += 1
            print("FAILED the watch does not see", listener.forbidden[before:], opened() - began)
    if len(urls) < TARGETS_MIN:
        failed += 1
    print(f"{len(urls)} targets, {calls} deliveries with proxy variables set, {listener.desk} connections to the desk: {failed} failed")
    proved("P16", calls, failed)
    return 1 if failed else 0


def main():
    if len(sys.argv) > 2:
        return inside()
    packages.need("util-linux", "iproute2", "mount")
    if subprocess.run(["unshare", "-nm", "ip", "link", "add", "out", "type", "veth"], stderr=subprocess.DEVNULL, check=False).returncode:
        print("skipped: no network namespace can be made here")
        return 77
    return subprocess.run(["unshare", "-nm", sys.executable, __file__, BUILD, "inside"], check=False).returncode


sys.exit(main())
