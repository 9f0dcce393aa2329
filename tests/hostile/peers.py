"""Peers that keep no rule of HTTP, as a table, and a server that is one of them at a time (P13). Whoever calls a stranger is put before them."""
import contextlib
import gzip
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import threading
import time

DEADLINE = 1.0
GROWTH_MAX = 16 << 20
HEAD = b"HTTP/1.1 200 OK\r\n"
JSON = HEAD + b"Content-Type: application/json\r\n"
GOOD = JSON + b"Content-Length: 17\r\n\r\n{\"result\": [ ] }\n"
OWN = HEAD + b"Content-Length: %d\r\n\r\n%s"
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
    """Says no more; but a request that asks for an answer of its own gets it, as from a peer that is good again."""
    while asked := connection.recv(65536):
        if own := re.match(rb"GET /own/(\d+) ", asked):
            connection.sendall(OWN % (len(own[1]), own[1]))


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
    "two answers": said(GOOD + GOOD), "one more answer": said(GOOD, said(GOOD)), "reset in header": said(JSON, reset), "reset in body": said(JSON + b"Content-Length: 99\r\n\r\n{", reset),
    "deep JSON": said(JSON + b"Content-Length: 900000\r\n\r\n" + b"[" * 900000), "wide JSON": said(JSON + b"Content-Length: 900001\r\n\r\n[" + b"1," * 449999 + b"1]"),
    "broken UTF-8": said(JSON + b"Content-Length: 8\r\n\r\n{\"\xff\xfe\":1}"),
}
PEERS |= {f"reset at byte {cut}": said(GOOD[:cut], reset) for cut in range(1, len(GOOD))}
PEERS |= {f"closed at byte {cut}": said(GOOD[:cut], close) for cut in range(1, len(GOOD), 3)}


class Server:
    """One peer at a time, by name; `unread` never takes the request, `garbage` speaks before TLS does. Good again, it answers as `silence` says."""

    def __init__(self, folder=None, patience=4 * DEADLINE):
        self.peer, self.patience, self.held_longest, self.open = close, patience, 0.0, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.context = None
        if folder:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
        threading.Thread(target=self.accept, daemon=True).start()

    def become(self, peer):
        """From the next connection on. A hostile one keeps no connection; a good one goes on with what the hostile one has left open."""
        self.peer = peer
        if peer != "good":
            while self.open:
                with contextlib.suppress(OSError):
                    self.open.pop().shutdown(socket.SHUT_RDWR)

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection, self.peer), daemon=True).start()

    def serve(self, connection, peer):
        began = time.monotonic()
        with contextlib.suppress(OSError, ValueError), connection:
            connection.settimeout(self.patience)
            try:
                if isinstance(peer, str):
                    self.open.append(connection)
                if peer == "garbage":
                    connection.sendall(bytes(range(256)) * 20)
                    return silence(connection)
                if peer == "unread":
                    return time.sleep(self.patience / 2)
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                self.open.append(connection)
                if peer == "good":
                    return silence(connection)
                self.meet(connection, peer)
                if self.context:  # Cut without close_notify.
                    socket.socket(fileno=connection.detach()).close()
            finally:
                if peer != "good":
                    self.held_longest = max(self.held_longest, time.monotonic() - began)


    def meet(self, connection, peer):
        connection.recv(65536)
        peer(connection)


def certificate(folder):
    """A self-made one for 127.0.0.1 and localhost: cert.pem and key.pem; gives its pin."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                   check=True, stderr=subprocess.DEVNULL)
    key = subprocess.run(f"openssl x509 -in {folder}/cert.pem -pubkey -noout | openssl pkey -pubin -outform der | sha256sum", shell=True,
                         stdout=subprocess.PIPE, text=True, check=True)
    return key.stdout.split()[0]


def of_process(pid, name):
    """A number of /proc/PID/status."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1])


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


class Growth:
    """By how many bytes a process grew at most since this began."""

    def __init__(self, pid):
        self.pid = pid
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # The peak begins anew.
        self.before = of_process(pid, "VmRSS")

    def peak(self):
        return max(0, of_process(self.pid, "VmHWM") - self.before) << 10
