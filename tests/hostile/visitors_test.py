"""Visitors that keep no rule of HTTP before our own pages (P13): visitors_test.py BUILD_DIR

Slow headers, slow bodies, slow readers, half-open and half-shaken connections in hundreds, endless and misshapen requests, pipelines
and resets. Held: while they last a good request is answered within 200 ms, each is cut within the configured patience and one second,
no descriptor or thread stays behind, and no connection costs more than 1 MB.
"""
import contextlib
import functools
import http.client
import os
import re
import resource
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from peers import Growth, certificate, descriptors, of_process  # noqa: E402
from proof import asked_count, proved  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
PATIENCE = 1.5
CROWD = 600  # More than there is room for.
PIPELINE = 200 if asked_count(1) > 1 else 60
HALF_OPEN = 2000
ANSWER_MAX = 0.2
COST_MAX = 1 << 20
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
SIGN_IN = b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n"
ONCE = {  # What is sent, again and again if need be, and the answers that are right; 0: cut without a word.
    "endless header": (GET + b"X: ", b"x" * 4096, (431,)), "endless headers": (GET, b"X: y\r\n" * 500, (431,)),
    "endless request line": (b"GET /", b"x" * 4096, (431,)), "endless cookies": (GET, b"Cookie: a=b\r\n" * 500, (431,)),
    "endless body": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n", (413, 431)),
    "endless chunk extension": (POST + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a=b;" * 1000, (431, 400)),
    "endless trailers": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 500, (431, 400)),
    "1 TB promised": (POST + b"Content-Length: 1099511627776\r\n\r\n", b"x" * 4096, (413,)),
    "overflowing length": (POST + b"Content-Length: 99999999999999999999999\r\n\r\nx", b"", (400, 413)),
    "negative length": (POST + b"Content-Length: -1\r\n\r\nx", b"", (400,)), "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", b"", (400,)),
    "length and chunks": (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"", (400,)),
    "bad chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"", (400,)), "huge chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", b"", (400, 413)),
    "gzip, chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"", (400, 403, 501)),
    "NUL": (b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"", (400,)), "NUL in a field": (GET + b"A: \0\r\n\r\n", b"", (400,)), "bare CR": (GET + b"A: b\rC: d\r\n\r\n", b"", (400,)),
    "blank before the colon": (GET + b"A : b\r\n\r\n", b"", (400,)), "no colon": (GET + b"nonsense\r\n\r\n", b"", (400,)),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"", (400,)), "HTTP/0.9": (b"GET /\r\n", b"", (400,)), "HTTP/9.9": (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"", (400,)),
    "TLS on a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), b"", (400,)), "line ends for ever": (b"", b"\r\n" * 2000, (400, 431)),
    "CONNECT": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"", (405,)), "upgrade": (GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", b"", (200,)),
    "1,500 ranges": (GET + b"Range: bytes=0-" + b"".join(b",5-%d" % n for n in range(1500)) + b"\r\n\r\n", b"", (200,)),
    "request in a body": (POST + b"Content-Length: 5\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", b"", (403,)),
}
failures, count = [], 0


def expect(held, *what):
    global count
    count += 1
    if not held:
        failures.append(what)


class Pages:
    """The page server in a process of its own; `expect_well` says how it fares."""

    def __init__(self, *words):
        environment = os.environ | {"EXHIBIT_PATIENCE_MS": str(int(PATIENCE * 1000))}
        self.process = subprocess.Popen([f"{BUILD}/bin/exhibit_page_server", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.port = int(re.search(r":(\d+) ", self.process.stdout.readline())[1])
        self.context = None
        if words:
            self.context = ssl.create_default_context()
            self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        for _ in range(5):
            self.good()
        self.threads, self.handles = of_process(self.process.pid, "Threads"), descriptors(self.process.pid)

    def connect(self, timeout=5):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def good(self):
        """How long a good answer takes."""
        began, answer = time.monotonic(), b""
        with contextlib.suppress(OSError), self.connect() as plain:
            one = self.context.wrap_socket(plain) if self.context else plain
            one.sendall(GET + b"Connection: close\r\n\r\n")
            answer = one.recv(65536)
        expect(answer.startswith(b"HTTP/1.1 200 "), "no good answer", answer[:60])
        return time.monotonic() - began

    def cookie(self):
        page = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        page.request("GET", "/sign-in", headers={"Host": "localhost"})
        answer = page.getresponse()
        token, cookie = re.search(r'name="token" value="([^"]*)"', answer.read().decode())[1], answer.getheader("Set-Cookie").split(";")[0]
        page.request("POST", "/sign-in", urllib.parse.urlencode({"user": "kim", "password": "correct horse", "token": token, "to": "/"}),
                     {"Cookie": cookie, "Host": "localhost"})
        answer = page.getresponse()
        page.close()
        return answer.getheader("Set-Cookie").split(";")[0]

    def emptied(self, name):
        """Nothing of a crowd stays: waits for the server to have seen the ends."""
        until = time.monotonic() + PATIENCE + 3
        while descriptors(self.process.pid) > self.handles and time.monotonic() < until:
            time.sleep(0.05)
        expect(descriptors(self.process.pid) <= self.handles, name, "descriptors", descriptors(self.process.pid), self.handles)
        expect(of_process(self.process.pid, "Threads") <= self.threads, name, "threads", of_process(self.process.pid, "Threads"))

    def close(self):
        self.process.stdin.close()
        expect(self.process.wait(20) == 0, "the server ended with", self.process.returncode)


def gone(one):
    """Whether the server has cut it; what it says is thrown away."""
    try:
        return one.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def crowd(pages, name, size, first, more, reads=True):
    """`size` at once that say `first` and then `more` drop by drop; good requests between. Who reads nothing sees no end: then the server's
    descriptors tell it."""
    growth, worst, slowest, held = Growth(pages.process.pid), 0.0, 0.0, {}
    for number in range(size):
        one = socket.socket()
        if not reads:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        one.connect(("127.0.0.1", pages.port))
        one.setblocking(False)
        with contextlib.suppress(OSError):
            one.send(first(number))
        held[one] = time.monotonic()
    last = time.monotonic()
    while held:
        for one, began in list(held.items()):
            with contextlib.suppress(OSError):
                one.send(more)
            age = time.monotonic() - began
            if reads and gone(one) or age > PATIENCE + 3:
                slowest = max(slowest, age)
                one.close()
                del held[one]
        worst = max(worst, pages.good())
        if not reads and descriptors(pages.process.pid) <= pages.handles:
            slowest = time.monotonic() - last
            break
        time.sleep(0.02)
    for one in held:
        one.close()
    cost = growth.peak() // size
    expect(worst <= ANSWER_MAX, name, f"a good answer took {worst * 1000:.0f} ms")
    expect(slowest <= PATIENCE + 1, name, f"one was held for {slowest:.1f} s")
    expect(cost <= COST_MAX, name, f"{cost >> 10} KiB a connection")
    pages.emptied(name)
    print(f"{name}: {size} connections, the last cut after {slowest:.1f} s, a good answer within {worst * 1000:.0f} ms, {cost >> 10} KiB each", flush=True)


def slow(pages):
    download = b"GET " + link_of_big(pages) + b" HTTP/1.1\r\nHost: localhost\r\nCookie: " + pages.cookie().encode() + b"\r\n\r\n"
    crowd(pages, "silent", CROWD, lambda _: b"", b"")
    crowd(pages, "slow headers", CROWD, lambda n: (GET + b"X-Slow: ")[:20 + n % 30], b"x")
    crowd(pages, "slow header lines", CROWD, lambda _: GET, b"A: b\r\n")
    crowd(pages, "slow bodies", CROWD, lambda _: POST + b"Content-Length: 4000\r\n\r\n", b"x")
    crowd(pages, "slow chunks", CROWD, lambda _: POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")
    crowd(pages, "downloads that nobody reads", 50, lambda _: download, b"", reads=False)
    crowd(pages, "half-open", HALF_OPEN, lambda n: b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "[:n % 36], b"x")


def link_of_big(pages):
    """The largest capture that the pages have."""
    cookie = pages.cookie()
    page = http.client.HTTPConnection("127.0.0.1", pages.port, timeout=20)
    page.request("GET", "/", headers={"Host": "localhost", "Cookie": cookie})
    sizes = {}
    for link in set(re.findall(r"/e/[a-z2-7]{26}", page.getresponse().read().decode())):
        page.request("HEAD", link + "/capture/0", headers={"Host": "localhost", "Cookie": cookie})
        answer = page.getresponse()
        answer.read()
        if answer.status == 200:
            sizes[link] = int(answer.getheader("Content-Length"))
    page.close()
    return (max(sizes, key=sizes.get) + "/capture/0").encode()


def once(pages):
    """Each alone: the right answer, once, and the end."""
    for name, (first, again, right) in ONCE.items():
        growth, began, said = Growth(pages.process.pid), time.monotonic(), b""
        with pages.connect(PATIENCE + 3) as one:
            with contextlib.suppress(OSError):
                one.sendall(first)
                for _ in range(25_000 if again else 0):  # 100 MB, if it were taken.
                    one.sendall(again)
            with contextlib.suppress(OSError):
                while piece := one.recv(65536):
                    said += piece
        took, statuses = time.monotonic() - began, [int(code) for code in re.findall(rb"HTTP/1\.1 (\d+) ", said)]
        # A peer that still talks when it is cut may lose the answer to a reset.
        expect(statuses[:1] and statuses[0] in right or not statuses and again, name, statuses, said[:80])
        expect(set(statuses[1:]) <= {400}, name, "answers", statuses)
        expect(took <= 2 * PATIENCE + 1, name, f"took {took:.1f} s")
        expect(growth.peak() <= COST_MAX, name, f"grew by {growth.peak() >> 10} KiB")
    pages.emptied("once")


def unread_pipelines(pages):
    """A crowd that asks for much ahead and takes no answer: others go before it, and it is cut once its requests are answered."""
    growth, worst, held = Growth(pages.process.pid), 0.0, [pages.connect() for _ in range(CROWD)]
    began = time.monotonic()
    for one in held:
        one.setblocking(False)
        with contextlib.suppress(OSError):
            one.send(SIGN_IN * PIPELINE)
    while descriptors(pages.process.pid) > pages.handles and time.monotonic() - began < 60:
        worst = max(worst, pages.good())
        time.sleep(0.02)
    took, cost = time.monotonic() - began, growth.peak() // CROWD
    answered = sum(taken(one) for one in held)
    expect(worst <= ANSWER_MAX, "unread pipelines", f"a good answer took {worst * 1000:.0f} ms")
    expect(answered >= CROWD * PIPELINE // 2, "unread pipelines", f"{answered} answers")
    expect(cost <= COST_MAX, "unread pipelines", f"{cost >> 10} KiB a connection")
    pages.emptied("unread pipelines")
    print(f"unread pipelines: {CROWD} connections with {PIPELINE} requests each, {answered} answered and the last cut after {took:.1f} s, "
          f"a good answer within {worst * 1000:.0f} ms, {cost >> 10} KiB each", flush=True)


def taken(one):
    """The answers that stood in a connection all the time."""
    said = b""
    with contextlib.suppress(OSError), one:
        while piece := one.recv(1 << 20):
            said += piece
    return said.count(b"HTTP/1.1 200 ")


def pipelines(pages):
    with pages.connect() as one:
        said, wanted = b"", 1000
        one.settimeout(10)
        one.sendall(b"".join(b"GET /health?%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % n for n in range(wanted - 1)) + GET + b"Connection: close\r\n\r\n")
        while piece := one.recv(65536):
            said += piece
    expect(said.count(b"HTTP/1.1 200 OK\r\n") == wanted and said.count(b"\r\n\r\nok\n") == wanted, "pipeline", said.count(b"HTTP/1.1 200 OK\r\n"))
    unread_pipelines(pages)
    for number in range(300):  # Gone before the answer, by a reset.
        one = pages.connect()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.sendall(((GET + b"\r\n") * (number % 3 + 1))[:number + 1])
        one.close()
    expect(pages.good() <= ANSWER_MAX, "after resets")
    pages.emptied("pipelines and resets")


def half_shaken(folder):
    pages = Pages("0", f"{folder}/cert.pem", f"{folder}/key.pem")
    hello = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        pages.context.wrap_bio(ssl.MemoryBIO(), hello).do_handshake()
    hello = hello.read()
    crowd(pages, "half a hello of TLS", CROWD, lambda n: hello[:n % len(hello)], b"")
    crowd(pages, "a whole hello and no more", 100, lambda _: hello, b"")
    crowd(pages, "no TLS at all", CROWD, lambda _: GET + b"\r\n", b"")
    pages.close()


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    began, rounds = time.monotonic(), -(-asked_count(1) // 200)
    with tempfile.TemporaryDirectory(prefix="exhibit-visitors-") as folder:
        certificate(folder)
        for _ in range(rounds):
            pages = Pages()
            for part in (once, pipelines, slow):
                part(pages)
            pages.close()
            half_shaken(folder)
    for failure in failures[:20]:
        print("FAILED", *(str(one)[:200] for one in failure))
    print(f"{count} things held of {len(ONCE)} kinds of requests and 10 crowds, {len(failures)} failed, {time.monotonic() - began:.0f} s")
    proved("P13", count, len(failures))
    return 1 if failures or count < 100 else 0


sys.exit(main())
