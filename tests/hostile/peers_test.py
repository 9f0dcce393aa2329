"""Peers that keep no rule of HTTP, before each client that speaks to desks, and clients that keep none before our own pages (P13):
peers_test.py BUILD_DIR

Held for each call: it ends by its deadline and one second, the runner grows by at most 16 MiB, and no thread stays behind. Held for
the pages: with 2,000 connections that never finish their request, a good one is answered within 200 ms.
"""
import contextlib
import gzip
import json
import os
import pathlib
import re
import resource
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import runner_link as rl  # noqa: E402
from proof import proved  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
PROFILE = json.loads((pathlib.Path(__file__).resolve().parents[2] / "adapters/rest/profiles/rt5.json").read_text())
DEADLINE = 1.0
GROWTH_MAX = 16 << 20
HALF_OPEN = 2000
HEAD = b"HTTP/1.1 200 OK\r\n"
JSON = HEAD + b"Content-Type: application/json\r\n"
GOOD = JSON + b"Content-Length: 17\r\n\r\n{\"result\": [ ] }\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"


def endless(first, again, pause=0.0):
    def peer(connection):
        connection.sendall(first)
        while True:
            connection.sendall(again)
            time.sleep(pause)
    return peer


def drip(answer, pause=0.2):
    def peer(connection):
        for byte in answer:
            connection.sendall(bytes([byte]))
            time.sleep(pause)
        silence(connection)
    return peer


def silence(connection):
    while connection.recv(65536):
        pass


def said(answer, then=silence):
    def peer(connection):
        connection.sendall(answer)
        then(connection)
    return peer


def close(_):
    pass


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_close(connection):
    connection.shutdown(socket.SHUT_WR)
    silence(connection)


BOMB = gzip.compress(bytes(64 << 20), 9)
LINE = b"X-Line: " + b"x" * 1000 + b"\r\n"
PEERS = {
    "silence": silence, "close": close, "reset": reset, "half close": half_close,
    "endless headers": endless(HEAD, LINE), "one endless header": endless(HEAD + b"X: ", b"x" * 65536),
    "endless status line": endless(b"HTTP/1.1 200 ", b"O" * 65536), "10,000 headers": said(HEAD + b"A: b\r\n" * 10000 + b"\r\n"),
    "cookie flood": said(HEAD + b"Set-Cookie: a=b\r\n" * 5000 + b"Content-Length: 0\r\n\r\n"),
    "header drip": drip(GOOD), "header drip of lines": endless(HEAD, b"A: b\r\n", 0.2), "status drip": drip(HEAD, 0.3),
    "endless body": endless(JSON + b"\r\n", b"x" * 65536), "endless chunks": endless(CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "body drip": endless(JSON + b"Content-Length: 1000\r\n\r\n", b"x", 0.2), "chunk drip": endless(CHUNKED, b"1\r\nx\r\n", 0.4),
    "late chunk drip": endless(CHUNKED, b"1\r\nx\r\n", DEADLINE - 0.1), "bad chunk": said(CHUNKED + b"zz\r\nx\r\n"),
    "huge chunk": said(CHUNKED + b"ffffffffffffffff\r\nx"), "negative chunk": said(CHUNKED + b"-1\r\nx\r\n"),
    "chunk without end": said(CHUNKED + b"3\r\nxxxxxxxx"), "endless chunk extension": endless(CHUNKED + b"1;", b"a=b;" * 1000),
    "endless trailers": endless(CHUNKED + b"0\r\n", LINE), "gzip bomb": said(JSON + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB),
    "gzip bomb in chunks": said(JSON + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BOMB) + BOMB + b"\r\n0\r\n\r\n"),
    "deflate lie": said(JSON + b"Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\nabcd"),
    "unknown coding": said(JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"),
    "100 flood": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "102 flood": endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n", 0.05),
    "103 with headers": endless(b"", b"HTTP/1.1 103 Early Hints\r\n" + LINE * 20 + b"\r\n"), "101": said(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    "100 then answer": said(b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD), "too long, cut": said(JSON + b"Content-Length: 9999\r\n\r\nx", close),
    "too long, silence": said(JSON + b"Content-Length: 9999\r\n\r\nx"), "too short": said(JSON + b"Content-Length: 2\r\n\r\n{}xxxxxxxx"),
    "negative length": said(JSON + b"Content-Length: -1\r\n\r\nx"), "overflowing length": said(JSON + b"Content-Length: 99999999999999999999\r\n\r\nx"),
    "1 GiB promised": said(JSON + b"Content-Length: 1073741824\r\n\r\nx"), "two lengths": said(JSON + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}"),
    "length and chunks": said(JSON + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "no number": said(JSON + b"Content-Length: many\r\n\r\n{}"), "HTTP/0.9": said(b"<html>hello</html>", close), "HTTP/2": said(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "status 999": said(b"HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n"), "status -1": said(b"HTTP/1.1 -1 x\r\nContent-Length: 0\r\n\r\n"),
    "status 20000000000": said(b"HTTP/1.1 20000000000 x\r\nContent-Length: 0\r\n\r\n"), "line feeds only": said(GOOD.replace(b"\r\n", b"\n")),
    "no reason": said(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}"), "NUL in header": said(HEAD + b"A: \0b\r\nContent-Length: 2\r\n\r\n{}"),
    "no colon": said(HEAD + b"nonsense\r\nContent-Length: 2\r\n\r\n{}"), "folded": said(HEAD + b"A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}"),
    "bare CR": said(HEAD + b"A: b\rC: d\r\nContent-Length: 2\r\n\r\n{}"), "long reason": said(b"HTTP/1.1 200 " + b"x" * 60000 + b"\r\nContent-Length: 0\r\n\r\n"),
    "redirect to itself": said(b"HTTP/1.1 302 x\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), "redirect to nowhere": said(b"HTTP/1.1 302 x\r\n\r\n"),
    "401 flood": said(b"HTTP/1.1 401 x\r\n" + b"WWW-Authenticate: Basic realm=x\r\n" * 1000 + b"Content-Length: 0\r\n\r\n"),
    "204 with body": said(b"HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\nhello"), "304": said(b"HTTP/1.1 304 x\r\n\r\n"),
    "two answers": said(GOOD + GOOD), "reset in header": said(JSON, reset), "reset in body": said(JSON + b"Content-Length: 99\r\n\r\n{", reset),
    "deep JSON": said(JSON + b"Content-Length: 900000\r\n\r\n" + b"[" * 900000), "wide JSON": said(JSON + b"Content-Length: 900001\r\n\r\n[" + b"1," * 449999 + b"1]"),
    "broken UTF-8": said(JSON + b"Content-Length: 8\r\n\r\n{\"\xff\xfe\":1}"),
}
PEERS |= {f"reset at byte {cut}": said(GOOD[:cut], reset) for cut in range(1, len(GOOD))}
PEERS |= {f"closed at byte {cut}": said(GOOD[:cut], close) for cut in range(1, len(GOOD), 3)}


class Server:
    """One peer at a time, by name; `unread` never takes the request."""

    def __init__(self, folder=None):
        self.peer = close
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.context = None
        if folder:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection, self.peer), daemon=True).start()

    def serve(self, connection, peer):
        with contextlib.suppress(OSError, ValueError), connection:
            connection.settimeout(4 * DEADLINE)
            if peer == "garbage":
                connection.sendall(bytes(range(256)) * 20)
                return silence(connection)
            if peer == "unread":
                return time.sleep(2 * DEADLINE)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            connection.recv(65536)
            peer(connection)
            if self.context:  # Cut without close_notify.
                socket.socket(fileno=connection.detach()).close()


def of_process(pid, name):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1])


class Client:
    """One adapter in a runner of its own, before one server."""

    def __init__(self, name, adapter, config, server):
        self.name, self.adapter, self.config, self.server, self.failures, self.calls = name, adapter, config, server, [], 0
        self.begin()

    def begin(self):
        self.runner = rl.Runner(BUILD, self.adapter)
        self.link = rl.Link(self.runner, self.config)
        if self.link.opened[0] != rl.OK:
            self.failures.append((self.name, self.link.opened))

    def run(self):
        pid, threads = self.runner.process.pid, 0
        body = {"tenant": "acme", "correlation_id": "EXH1-A", "title": "t", "public_text": "p" * 400000, "internal_text": "i",
                "link": "https://ev.example/e/a", "severity": "high", "priority": 2, "incident": {"what": "opened"}, "fields": {}}
        for name, peer in (PEERS | {"unread": "unread"} | ({"garbage": "garbage"} if self.server.context else {})).items():
            self.server.peer = peer
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # The peak begins anew.
            before, began = of_process(pid, "VmRSS"), time.monotonic()
            if name == "unread":
                body["public_text"] = "p" * 700_000
            try:
                rc, result = self.link.apply(rl.ENSURE, f"op-{self.calls}", body, deadline_ms=int(DEADLINE * 1000))
            except OSError:
                rc, result = rl.UNKNOWN, "runner-ended"
            took = time.monotonic() - began
            self.calls += 1
            if self.runner.process.poll() is not None or "runner-ended" in str(result):
                self.expect(False, name, "ended the runner", self.runner.process.poll())
                self.begin()
                pid, threads = self.runner.process.pid, 99
                continue
            peak = (of_process(pid, "VmHWM") - before) << 10
            self.expect(took <= DEADLINE + 1, name, f"took {took:.1f} s", rc)
            self.expect(peak <= GROWTH_MAX or self.calls == 1 or name == "unread", name, f"grew by {peak >> 20} MiB", rc)
            self.expect(rc != rl.INTERNAL, name, rc, result)
            if self.calls == 20:
                threads = of_process(pid, "Threads")
        self.expect(of_process(pid, "Threads") <= threads, "threads", threads, of_process(pid, "Threads"))

    def expect(self, held, *what):
        if not held:
            self.failures.append((self.name, *what))


def clients(folder):
    plain, secure, second, tokens = Server(), Server(folder), Server(), Server()
    hook = {"login": {"secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}, "map": {}, "allow": ["127.0.0.1"]}
    rest = {"map": {"queue": "q"}, "profile": PROFILE, "allow": ["127.0.0.1"]}
    yield "webhook", "webhook", hook | {"url": f"http://127.0.0.1:{plain.port}/"}, plain
    yield "webhook over TLS", "webhook", hook | {"url": f"https://127.0.0.1:{secure.port}/", "ca": f"{folder}/cert.pem"}, secure
    yield "rest", "rest", rest | {"url": f"http://127.0.0.1:{second.port}", "login": {"token": "t"}}, second
    oauth = {"token_url": f"http://127.0.0.1:{tokens.port}/token", "grant": "client_credentials", "client_id": "c", "client_secret": "s"}
    yield "token server", "rest", rest | {"url": f"http://127.0.0.1:{tokens.port}", "login": {"oauth2": oauth}}, tokens


def pages():
    """Half-open connections before our own server."""
    server = subprocess.Popen([f"{BUILD}/bin/exhibit_page_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = int(re.search(r":(\d+)", server.stdout.readline())[1])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held, worst = [], 0.0
    try:
        for number in range(HALF_OPEN):
            one = socket.create_connection(("127.0.0.1", port), 5)
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "[:number % 36])
            held.append(one)
        for number in range(40):
            for one in held[number::40]:  # Each goes on, slowly.
                with contextlib.suppress(OSError):
                    one.sendall(b"x")
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", port), 5) as good:
                good.sendall(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = good.recv(65536)
            took = time.monotonic() - began
            worst = max(worst, took)
            if not answer.startswith(b"HTTP/1.1 ") or took > 0.2:
                yield "pages", f"answered after {took * 1000:.0f} ms", answer[:60]
    finally:
        for one in held:
            one.close()
        server.stdin.close()
        server.wait(10)
    print(f"pages: {len(held)} half-open connections, the slowest of 40 good answers took {worst * 1000:.0f} ms")


def main():
    failures, calls, began = [], 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="exhibit-peers-") as folder:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, stderr=subprocess.DEVNULL)
        working = [Client(*one) for one in clients(folder)]
        threads = [threading.Thread(target=client.run) for client in working]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in working:
            client.runner.close()
            failures += client.failures
            calls += client.calls
    failures += pages()
    for failure in failures[:20]:
        print("FAILED", *(str(one)[:200] for one in failure))
    print(f"{len(PEERS) + 2} peers before 4 clients: {calls} calls, {len(failures)} failed, {time.monotonic() - began:.0f} s")
    proved("P13", calls, len(failures))
    return 1 if failures or calls < 200 else 0


sys.exit(main())
