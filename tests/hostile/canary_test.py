"""No secret gets out (P16 a): canary_test.py BUILD_DIR

The whole product at work against desks, mail servers and a sensor that fail in every way and send back all that they were
sent: 401, 500 with the request in its body, redirects, silence, a runner that is killed. Each secret is a canary of its own.
Afterwards no canary, plain or in base64, percent or hex, may stand in logs, tickets, letters, reports, pages, the store, command
lines or environments, and no host that a redirect names was asked for anything.
"""
import base64
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from proof import proved  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
EXHIBIT = f"{BUILD}/bin/exhibit"
RUN_SECONDS = 14
FAILURES = ("500", "400", "json", "redirect", "422", "reason", "cut", "403", "409", "silence", "429", "415", "401")
ALERT = """<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Body><sd:events xmlns:sd="s"><sd:evIdsAlert
 eventId="1" severity="high"><sd:originator><sd:hostId>ips1</sd:hostId></sd:originator><sd:time>1795313561123000000</sd:time>
<sd:signature description="WWW phf" id="3200"/><sd:participants><sd:attacker><sd:addr>192.0.2.10</sd:addr></sd:attacker>
<sd:target><sd:addr>198.51.100.20</sd:addr></sd:target></sd:participants></sd:evIdsAlert></sd:events></env:Body></env:Envelope>"""
failed = 0


def fail(*what):
    global failed
    failed += 1
    print("FAILED", *(str(one)[:300] for one in what), flush=True)


class Canaries:
    def __init__(self, folder):
        self.folder, self.all = folder, {}

    def new(self, name):
        """A secret in a file of its own; gives the reference for the configuration."""
        self.all[name] = f"canary-{name}-{secrets.token_hex(12)}"
        if name.startswith("webhook"):
            self.all[name] = "whsec_" + base64.b64encode(f"{name}-{secrets.token_hex(12)}".encode()).decode()
        (self.folder / name).write_text(self.all[name])
        (self.folder / name).chmod(0o600)
        return f"{{file: {name}}}"

    def forms(self):
        """Every way in which a canary may be written."""
        for name, value in self.all.items():
            raw = value.encode()
            yield name, raw
            yield name, value.removeprefix("whsec_").encode()
            yield name, urllib.parse.quote(value, safe="").encode()
            yield name, raw.hex().encode()
            for user in (b"", b"exhibit:", b"client:", b"\0exhibit\0"):
                for cut in range(3):  # Inside a longer text base64 looks different at each offset.
                    coded = base64.b64encode(b"x" * cut + user + raw)
                    yield name, coded[4 if cut else 0:-4]


class Echo(http.server.BaseHTTPRequestHandler):
    """Fails in turn, and says all that it heard."""
    protocol_version = "HTTP/1.1"

    def work(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else b""
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            while length := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(length + 2)[:-2]
            self.rfile.readline()
        # What logs people in comes first: an error's text is cut short where it is kept.
        login = [f"{value}" for name, value in self.headers.items() if name.lower() in ("authorization", "x-key")]
        heard = " ".join(login).encode() + body + f" {self.command} {self.path}\r\n{self.headers}".encode()
        world = self.server.world
        if self.server.trap:
            world.trapped.append(heard[:200])
        world.turn += 1
        form, kind = "text/plain", FAILURES[world.turn % len(FAILURES)]
        if self.path.startswith("/token") and world.turn % 4 == 0:
            return self.say(200, json.dumps({"access_token": world.access, "token_type": "Bearer", "expires_in": 5,
                                             "refresh_token": world.canaries.all["refresh-token"]}).encode(), "application/json")
        if kind == "silence":
            time.sleep(1.5)
            return self.close()
        if kind == "cut":
            return self.close()
        if kind == "redirect":
            return self.say(302, heard, "text/plain", {"Location": f"http://127.0.0.1:{world.trap_port}/{self.path}"})
        if kind == "json":
            text = heard.decode("latin-1")
            return self.say(200, json.dumps({"error": {"message": text}, "message": text, "errors": [text]}).encode(), "application/json")
        if kind == "reason":
            reason = " ".join(value for name, value in self.headers.items() if name.lower() in ("authorization", "x-key"))
            return self.say(500, heard, "text/html", reason=reason or "no")
        if world.turn % 2:
            text = heard.decode("latin-1")
            heard, form = json.dumps({"error": {"message": text}, "message": text, "errors": [text]}).encode(), "application/json"
        return self.say(int(kind), heard, form, {"WWW-Authenticate": "Basic realm=x"})

    def say(self, status, body, kind, more=None, reason=None):
        self.send_response(status, reason)
        for name, value in {"Content-Type": kind, "Content-Length": len(body), **(more or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def close(self):
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = work

    def log_message(self, *_):
        pass


class Mail(socketserver.StreamRequestHandler):
    """SMTP or IMAP, which repeats every line it refuses; the login with its continuation too."""

    def handle(self):
        imap = self.server.imap
        with contextlib.suppress(OSError):
            self.wfile.write(b"* OK hello\r\n" if imap else b"220 hello\r\n")
            while line := self.rfile.readline(4096):
                word = line.strip()
                if imap:
                    tag = word.split(b" ")[0]
                    self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK\r\n" if b"CAPABILITY" in word else
                                     tag + b" NO [AUTHENTICATIONFAILED] " + word + b"\r\n")
                elif word.upper().startswith(b"EHLO"):
                    self.wfile.write(b"250-mail\r\n250 AUTH PLAIN LOGIN\r\n")
                elif word.upper().startswith(b"AUTH"):
                    self.wfile.write(b"535 5.7.8 no: " + word + b"\r\n")
                else:
                    self.wfile.write(b"550 no: " + word + b"\r\n")


class World:
    def __init__(self, folder):
        self.folder, self.turn, self.trapped, self.processes = folder, 0, [], []
        (folder / "state/secrets").mkdir(parents=True)
        (folder / "tenants").mkdir()
        (folder / "state").chmod(0o700)
        (folder / "state/secrets").chmod(0o700)
        self.canaries = Canaries(folder / "state/secrets")
        self.access = self.canaries.all["access-token"] = f"canary-access-{secrets.token_hex(12)}"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                       check=True, stderr=subprocess.DEVNULL)
        self.trap_port = self.http(trap=True)
        self.desk_port, self.sensor_port = self.http(), self.http(tls=True)
        self.smtp_port, self.imap_port = self.mail(False), self.mail(True)
        self.web_port = free_port()

    def serve(self, server, tls):
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{self.folder}/cert.pem", f"{self.folder}/key.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]

    def http(self, tls=False, trap=False):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        server.world, server.trap = self, trap
        return self.serve(server, tls)

    def mail(self, imap):
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
        server.daemon_threads, server.imap = True, imap
        return self.serve(server, True)

    def simulator(self, name, *words):
        # Their passwords are in their own environment: they are the tests', not the product's.
        process = subprocess.Popen([f"{BUILD}/bin/exhibit-sim-{name}", *words, "--until-stdin-closes"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env=os.environ | {"SIM_PASSWORD": self.canaries.all[f"{name}-password"]})
        self.processes.append(process)
        return json.loads(process.stdout.readline())

    def close(self):
        for process in self.processes:
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.wait(10)


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pin_of(folder):
    key = subprocess.run(f"openssl x509 -in {folder}/cert.pem -pubkey -noout | openssl pkey -pubin -outform der | sha256sum", shell=True,
                         stdout=subprocess.PIPE, text=True, check=True)
    return "sha256:" + key.stdout.split()[0]


def configure(world):
    new, folder = world.canaries.new, world.folder
    sensor_login, desk_login = new("sensor-password"), new("desk-password")
    page_hash = subprocess.run([EXHIBIT, "user", "hash"], input=(new("page-password") and world.canaries.all["page-password"]) + "\n",
                               stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    new("api-token")
    token = subprocess.run(["sha256sum"], input=world.canaries.all["api-token"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[0]
    snow = world.simulator("desk", "--user", "exhibit", "--password-env", "SIM_PASSWORD")
    world.snow = snow["url"]
    mad = f"http://127.0.0.1:{world.desk_port}"
    often = "settle: 0 s, retry: 200 ms, deadline: 1 s, poll: 1 s"
    desks = {
        "snow": f"{{adapter: rest, profile: servicenow, url: \"{snow['url']}\", login: {{user: exhibit, password: {desk_login}}}, {often}}}",
        "basic": f"{{adapter: rest, profile: servicenow, url: \"{mad}\", login: {{user: exhibit, password: {new('basic-password')}}}, {often}}}",
        "bearer": f"{{adapter: rest, profile: rt5, url: \"{mad}\", login: {{token: {new('bearer-token')}}}, {often}}}",
        "header": f"{{adapter: rest, profile: thehive5, url: \"{mad}\", login: {{token: {new('hive-token')}, headers: {{X-Key: {new('header-key')}}}}}, {often}}}",
        "oauth": f"{{adapter: rest, profile: jira3, url: \"{mad}\", login: {{oauth2: {{token_url: \"{mad}/token\", grant: refresh_token, client_id: client, "
                 f"client_secret: {new('client-secret')}, refresh_token: {new('refresh-token')}}}}}, {often}}}",
        "hook": f"{{adapter: webhook, url: \"{mad}/hook\", login: {{secrets: [{new('webhook-new')}, {new('webhook-old')}]}}, {often}}}",
        "post": f"{{adapter: email, url: \"smtps://localhost:{world.smtp_port}\", login: {{user: exhibit, password: {new('smtp-password')}}}, "
                f"ca: {folder}/cert.pem, mode: conversational, map: {{from: a@msp.example, to: [b@msp.example]}}, "
                f"mailbox: {{url: \"imaps://localhost:{world.imap_port}\", login: {{user: exhibit, password: {new('imap-password')}}}}}, {often}}}",
    }
    listed = "".join(f"  {name}: {desk}\n" for name, desk in desks.items())
    (folder / "exhibit.yaml").write_text(
        f"public_url: http://127.0.0.1:{world.web_port}\nstate: {folder}/state\nweb: {{listen: \"127.0.0.1:{world.web_port}\"}}\n"
        f"users: [{{name: kim, scrypt: {json.dumps(page_hash)}, tenants: [\"*\"], role: operator}}]\n"
        f"api: [{{name: soar, sha256: {token}, tenants: [snow]}}]\ndesks:\n{listed}operator: {{desk: snow}}\n")
    pin = pin_of(folder)
    for name in desks:
        sensor = world.simulator("sensor", "--user", "exhibit", "--password-env", "SIM_PASSWORD", "--name", "ips1", "--log-seconds",
                                 "1", "--scenario", "load", "--alerts", "12", "--rate", "2")
        sensors = [f"{{name: ips1, kind: cisco-sdee, url: \"{sensor['url']}\", login: {{user: exhibit, password: {sensor_login}}}, "
                   f"pin: \"{sensor['pin']}\", log_time: 1 s, margin: 1 s, retry: 300 ms, long_poll: 1 s}}",
                   f"{{name: mad-{name}, kind: cisco-sdee, url: \"https://127.0.0.1:{world.sensor_port}\", login: {{user: exhibit, "
                   f"password: {new('mad-sensor-' + name)}}}, pin: \"{pin}\", retry: 300 ms, long_poll: 1 s}}"]
        (folder / f"tenants/{name}.yaml").write_text(f"tenant: {name}\nsensors: [{', '.join(sensors)}]\ndesk: {{use: {name}}}\n")
    return list(desks)


def runners(server):
    """Its children, by /proc."""
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == server:
                yield int(entry.name)


def page_work(world, seen):
    """Signs in wrong and right, reads what there is, adopts; every answer is kept."""
    page = http.client.HTTPConnection("127.0.0.1", world.web_port, timeout=20)

    def ask(method, path, body=None, headers=None):
        page.request(method, path, body, headers or {})
        answer = page.getresponse()
        text = answer.read()
        cookies = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
        seen(f"page {path}", text)
        seen(f"headers of {path}", str([one for one in answer.getheaders() if one[0].lower() != "set-cookie"]).encode())
        return text.decode("utf-8", "replace"), cookies

    def form_of(path):
        text, cookies = ask("GET", path)
        token = re.search(r'name="token" value="([^"]*)"', text)
        return token[1] if token else "", "; ".join(cookie.split(";")[0] for cookie in cookies)

    good = world.canaries.all["page-password"]
    for password in (good + "x", good):
        token, cookie = form_of("/sign-in")
        _, cookies = ask("POST", "/sign-in", urllib.parse.urlencode({"user": "kim", "password": password, "token": token, "to": "/"}),
                         {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"})
        session = "; ".join(one.split(";")[0] for one in cookies)
    for one in session.split("; "):
        if len(one.partition("=")[2]) > 15:
            world.canaries.all["session " + one.partition("=")[0]] = one.partition("=")[2]
    held = {"Cookie": session}
    listed, _ = ask("GET", "/", headers=held)
    for link in sorted(set(re.findall(r"/e/[a-z2-7]{26}", listed)))[:20]:
        ask("GET", link, headers=held)
    ask("GET", "/metrics", headers=held)
    for token in (world.canaries.all["api-token"], world.canaries.all["api-token"] + "x"):
        ask("POST", "/api/adopt", json.dumps({"tenant": "snow", "desk": "snow", "sensor": "ips1", "event_id": "1", "ticket": "x", "number": "INC1"}),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    return "session" in str(world.canaries.all.keys())


def tools(world, desks, seen):
    state, config = f"{world.folder}/state", f"{world.folder}/exhibit.yaml"
    alert = f"{world.folder}/alert.xml"
    commands = [["status", "--state", state, "--json"], ["status", "--state", state], ["check", "--config", config]]
    for name in desks:
        commands += [["desk", "letters", name, "--state", state, "--json"], ["desk", "letters", name, "--state", state]]
        commands += [["desk", "preview", name, "--config", config, "--alert", alert, "--json"], ["desk", "preview", name, "--config", config, "--alert", alert]]
        commands += [["desk", "test", name, "--config", config, "--read-only", "--json"]]
    for words in commands:
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run([EXHIBIT, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False)
            seen("exhibit " + " ".join(words[:3]), done.stdout)


def look_at_processes(server, seen):
    for pid in [server, *runners(server)]:
        with contextlib.suppress(OSError):
            seen(f"command line of {pid}", pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())
            seen(f"environment of {pid}", pathlib.Path(f"/proc/{pid}/environ").read_bytes())


def main():
    outputs = []

    def seen(where, what):
        outputs.append((where, what))

    with tempfile.TemporaryDirectory(prefix="exhibit-canary-") as name:
        folder = pathlib.Path(name)
        world = World(folder)
        try:
            desks = configure(world)
            (folder / "alert.xml").write_text(ALERT)
            with open(folder / "log", "wb") as log:
                server = subprocess.Popen([EXHIBIT, "serve", "--config", f"{folder}/exhibit.yaml"], stdout=log, stderr=log)
                try:
                    until = time.monotonic() + RUN_SECONDS
                    time.sleep(RUN_SECONDS / 3)
                    look_at_processes(server.pid, seen)
                    found = list(runners(server.pid))
                    if not found:
                        fail("no runner")
                    for pid in found[:2]:
                        os.kill(pid, signal.SIGKILL)
                    if not page_work(world, seen):
                        fail("no session")
                    while time.monotonic() < until:  # A refused login rests a desk until a person says so.
                        for one in desks:
                            for what in ("desk", f"mad-{one}"):
                                subprocess.run([EXHIBIT, "resume", one, what, "--state", f"{folder}/state"], stderr=subprocess.DEVNULL, check=False)
                        time.sleep(0.5)
                    look_at_processes(server.pid, seen)
                    tools(world, desks, seen)
                finally:
                    server.terminate()
                    server.wait(20)
            seen("log", (folder / "log").read_bytes())
            with contextlib.closing(http.client.HTTPConnection(world.snow.split("//")[1])) as desk:
                desk.request("GET", "/sim/tickets")
                tickets = desk.getresponse().read()
            if b"EXH1-" not in tickets:
                fail("the good desk has no ticket")
            seen("tickets of the good desk", tickets)
            for path in sorted((folder / "state").rglob("*")):
                if path.is_file() and path.parent.name != "secrets":
                    seen(f"store: {path.name}", path.read_bytes())
        finally:
            world.close()
        hits = {(where, name) for where, text in outputs for name, form in world.canaries.forms() if len(form) > 12 and form in text}
        for where, name in sorted(hits):
            fail(f"{name} stands in: {where}")
        if world.trapped:
            fail("a redirect was followed", world.trapped[0])
        if world.turn < 100:
            fail("the desks were hardly asked", world.turn)
        size = sum(len(text) for _, text in outputs)
        print(f"{len(world.canaries.all)} secrets, {world.turn} answers that repeat the request, {len(outputs)} outputs with {size} bytes: "
              f"{len(hits)} leaks, {failed} failed")
        proved("P16", len(world.canaries.all) * len(outputs), failed)
    return 1 if failed else 0


sys.exit(main())
