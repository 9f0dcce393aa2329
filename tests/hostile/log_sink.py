"""The log of the real server while strangers' words come back to it: the reasons of a desk that refuses everything, and names at the sign-in."""
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import unicodedata
import urllib.parse
import urllib.request

import feed
import judge

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (debug|info|warning|error) \[[a-z0-9-]+ [A-Za-z0-9 ._-]+\] \S.*")
SIGN_INS = 12  # A password's hash takes a while.
REASON = 240  # So much of a reason is kept, our escapes included.
SHOWN_MIN = 100  # So many bytes of it can be read back at least.


class Refuser(http.server.BaseHTTPRequestHandler):
    """Finds nothing, and refuses each ticket with a string of its own."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.say(200, {"result": []})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode() if "Content-Length" in self.headers else self.chunks()
        ticket = re.search(r"EXH1-[A-Z2-7]{26}", body)[0]
        with self.server.lock:
            number = self.server.tickets.setdefault(ticket, len(self.server.tickets))
        self.say(400, {"error": {"message": self.server.strings[number % len(self.server.strings)]}})

    def chunks(self):
        body = b""
        while length := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(length + 2)[:-2]
        self.rfile.readline()
        return body.decode()

    def say(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def marked(number, value):
    return f"<{number}>{value}<{number}.>"


def reasons(texts):
    """As many strings in one reason as the log will keep; a long one is alone."""
    gathered, room = [""], REASON - len("HTTP 400: ")
    for number, text in enumerate(texts):
        one = marked(number, text)
        size = sum(10 if unicodedata.category(c)[0] in "CZM" and c != " " else len(c.encode()) for c in one)  # As escapes.
        if not gathered[-1] or size > room:
            gathered.append("")
            room = REASON - len("HTTP 400: ")
        gathered[-1] += one
        room -= size
    return gathered[1:]


def desk(strings):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuser)
    server.daemon_threads, server.strings, server.tickets, server.lock = True, strings, {}, threading.Lock()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def sign_in(port, names):
    """Wrong passwords of users who are called so."""
    for name in names:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=20) as form:
            token, cookie = re.search(rb'name="token" value="([^"]*)"', form.read())[1], form.headers["Set-Cookie"].split(";")[0]
        body = urllib.parse.urlencode({"user": name, "password": "wrong", "token": token, "to": "/"}).encode()
        try:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/sign-in", body, {"Cookie": cookie}), timeout=20)
        except urllib.error.HTTPError as refused:
            refused.read()


def written(build, folder, port, strings):
    """The log after each string has come back as the reason of a dead letter."""
    folder = pathlib.Path(folder)
    (folder / "tenants").mkdir(parents=True)
    (folder / "state").mkdir(mode=0o700)
    words = reasons(value.decode("utf-8", "replace") for value in strings)
    refuser = desk(words)
    sensor = feed.serve(feed.alert(number + 1, "ips1", "high", 1795313561123000000 + number, 1000 + number) for number in range(len(words)))
    desks = {"snow": {"adapter": "rest", "profile": "servicenow", "url": f"http://127.0.0.1:{refuser.server_address[1]}", "settle": "0 s", "retry": "100 ms",
                      "concurrency": 8, "login": {"user": "u", "password": {"env": "SECRET"}}}}
    host = {"public_url": f"http://127.0.0.1:{port}", "state": str(folder / "state"), "web": {"listen": f"127.0.0.1:{port}"}, "desks": desks}
    tenant = {"tenant": "acme", "desk": {"use": "snow"}, "sensors": [{"name": "ips1", "kind": "cisco-sdee", "url": f"http://127.0.0.1:{sensor}", "long_poll": "1 s",
                                                                    "login": {"user": "u", "password": {"env": "SECRET"}}}]}
    for name, value in (("exhibit.yaml", host), ("tenants/acme.yaml", tenant)):  # JSON is YAML.
        (folder / name).write_text(json.dumps(value))
    path = folder / "server.log"
    with open(path, "wb") as log, subprocess.Popen([f"{build}/bin/exhibit", "serve", "--config", folder / "exhibit.yaml"], stderr=log,
                                                   env=os.environ | {"SECRET": "s"}) as server:
        until = time.monotonic() + 120
        while path.read_bytes().count(b"a person decides") < len(words) and time.monotonic() < until and server.poll() is None:
            time.sleep(0.2)
        sign_in(port, [value.decode("utf-8", "replace") for value in strings[::len(strings) // SIGN_INS]])
        server.send_signal(signal.SIGTERM)
    return path.read_bytes()


def unescaped(text):
    """Of a line and of what it was told: a literal escape among the words reads like one of ours."""
    return judge.ESCAPE.sub(judge.byte_of, text)


def is_cut(line, wanted):
    """As much of it as is kept, and the mark of a cut."""
    begun = judge.BEGUN.sub(b"", line)
    at = begun.find(wanted[:wanted.index(b">") + 1])
    return at >= 0 and begun.endswith(b"..") and len(begun) - at > SHOWN_MIN and wanted.startswith(begun[at:-2])


def judge_log(log, strings, fail):
    """One event, one line, calm; and every string can be read back from its line, whole or as far as its reason is kept and then marked as cut."""
    text = log.decode("utf-8", "replace")
    lines = text.split("\n")[:-1]
    if text.encode() != log or len(text.splitlines()) != len(lines):
        fail("log", "lines that other readers see", len(text.splitlines()), len(lines))
    told = []
    for line in lines:
        if not LINE.fullmatch(line) or not judge.is_calm(line):
            fail("log", "no calm line of the log", line)
        if "a person decides" in line:
            told.append(unescaped(line.encode()))
    joined = b"\n".join(told)
    for number, raw in enumerate(strings):
        wanted = unescaped(marked(number, raw.decode("utf-8", "replace")).encode())
        if wanted not in joined and not any(is_cut(line, wanted) for line in told):
            fail("log", raw, [line for line in told if b"<%d>" % number in line] or "no line")
    names = sum("a sign-in as" in line for line in lines)
    if names < SIGN_INS:
        fail("log", "sign-ins", names)
