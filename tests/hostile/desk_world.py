"""A real ticketing system, our adapter before it, and its pages in a browser."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "support"), str(HERE.parent / "browser")]
import packages  # noqa: E402
import runner_link as rl  # noqa: E402
from browser import Browser  # noqa: E402, F401

LINK = "https://ev.example/e/" + "a" * 26
BODIES = re.compile(r"https://ev\.example/e/[a-z2-7]{26}")
SLOTS = (HERE / "slots.js").read_text()


class Desk:
    """Started fresh; `link` is our module, logged in."""

    def __init__(self, build):
        self.folder = tempfile.TemporaryDirectory(prefix="exhibit-sink-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen([HERE.parent / "real" / f"start-{self.name}", self.folder.name],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline().strip()
        if not said.startswith("READY"):
            print(said)
            sys.exit(77 if said.startswith("skipped") else 1)
        self.at = dict(word.split("=", 1) for word in said.split()[1:])
        self.url = f"http://127.0.0.1:{self.at['port']}"
        self.runner = rl.Runner(build, "rest")
        profile = json.loads((HERE.parents[1] / f"adapters/rest/profiles/{self.profile}.json").read_text())
        config = {"url": self.url, "allow": ["127.0.0.1"], "login": {"token": self.at["connector_token"]},
                  "map": self.map(), "profile": profile}
        self.link = rl.Link(self.runner, config)
        if self.link.opened[0] != rl.OK:
            raise RuntimeError(f"the adapter does not open: {self.link.opened}")
        self.made = 0

    def close(self):
        self.runner.close()
        self.process.stdin.close()
        self.process.wait(30)
        self.folder.cleanup()

    def ask(self, method, path, body):
        """Past our adapter, as an analyst."""
        request = urllib.request.Request(self.url + path, method=method, data=json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"} | self.token())
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read() or b"null")

    def ticket(self, title, public, internal):
        """Makes one through the adapter; gives its number."""
        self.made += 1
        correlation = f"EXH1-SINK{self.made:08d}"
        body = {"tenant": "acme", "correlation_id": correlation, "title": title, "public_text": public,
                "internal_text": internal, "link": LINK, "severity": "high", "priority": 2, "fields": {}}
        for attempt in range(1, 6):  # An answer may get lost: the adapter looks before it makes one again.
            rc, result = self.link.apply(rl.ENSURE, f"{correlation}-ensure", body, correlation, attempt=attempt)
            if rc == rl.OK:
                return result["ticket"]
        raise RuntimeError(f"no ticket: {rc} {result}")


class RequestTracker(Desk):
    name, profile = "rt", "rt5"
    batch_bytes = 150_000

    def map(self):
        return {"queue": "Incidents", "correlation_field": "ExternalId"}

    def sign_in(self, browser):
        browser.open(self.url)
        browser.run("document.querySelector('#login [name=user]').value = 'analyst';"
                    "document.querySelector('#login [name=pass]').value = arguments[0];"
                    "document.querySelector('#login').submit();", self.at["analyst"])
        browser.wait("return document.readyState == 'complete' && !document.querySelector('#login')")

    def page(self, ticket):
        return f"{self.url}/Ticket/History.html?id={ticket}"

    def list_page(self):
        return f"{self.url}/Search/Results.html?Query=Priority>0&Rows=200&Format='__id__','__Subject__'"

    def blank_tickets(self, count):
        made = self.ask("POST", "/REST/2.0/tickets/bulk", [{"Queue": "Incidents", "Subject": "none", "Priority": 7}] * count)
        return [one["id"] for one in made]

    def retitle(self, titles):
        self.ask("PUT", "/REST/2.0/tickets/bulk", [{"id": ticket, "Subject": title} for ticket, title in titles.items()])

    def token(self):
        return {"Authorization": f"token {self.at['analyst_token']}"}


class Redmine(Desk):
    name, profile = "redmine", "redmine5"
    batch_bytes = 40_000

    def map(self):
        return {"project": "incidents", "tracker_id": self.at["tracker"], "correlation_field": self.at["field"]}

    def sign_in(self, browser):
        browser.open(f"{self.url}/login")
        browser.run("document.querySelector('#username').value = 'analyst';"
                    "document.querySelector('#password').value = arguments[0];"
                    "document.querySelector('#login-form form').submit();", self.at["analyst"])
        browser.wait("return document.readyState == 'complete' && !document.querySelector('#login-form')")

    def page(self, ticket):
        return f"{self.url}/issues/{ticket}"

    def list_page(self):
        return f"{self.url}/projects/incidents/issues?set_filter=1&per_page=100&sort=priority:desc"

    def blank_tickets(self, count):
        issue = {"project_id": "incidents", "tracker_id": self.at["tracker"], "subject": "none"}
        return [self.ask("POST", "/issues.json", {"issue": issue})["issue"]["id"] for _ in range(count)]

    def retitle(self, titles):
        for ticket, title in titles.items():
            self.ask("PUT", f"/issues/{ticket}.json", {"issue": {"subject": title, "priority_id": 5}})

    def token(self):
        return {"X-Redmine-API-Key": self.at["analyst_token"]}
