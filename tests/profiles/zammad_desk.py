"""A Zammad as the vendor's page describes it, as far as a profile speaks to it. Our own; holds its tickets in memory.

Its search knows a new ticket only after `lag` seconds, as the real one's index does.
"""
import base64
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

STATES = {"new": 1, "open": 2, "closed": 4}
PRIORITIES = {"1 low": 1, "2 normal": 2, "3 high": 3}


class Zammad:
    def __init__(self, token, lag=0.0):
        self.token, self.lag = token, lag
        self.tickets, self.articles, self.lock = {}, [], threading.Lock()
        self.creates = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *of: Request(self, *of))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path, query, body):
        route = [(method, re.fullmatch(pattern, path), act) for wanted, pattern, act in (
            ("GET", r"/api/v1/users/me", self.me), ("GET", r"/api/v1/tickets/search", self.search),
            ("POST", r"/api/v1/tickets", self.create), ("GET", r"/api/v1/tickets/(\d+)", self.read),
            ("PUT", r"/api/v1/tickets/(\d+)", self.update), ("POST", r"/api/v1/ticket_articles", self.add_article),
            ("GET", r"/api/v1/ticket_articles/by_ticket/(\d+)", self.of_ticket),
            ("GET", r"/api/v1/ticket_attachment/(\d+)/(\d+)/(\d+)", self.download)) if wanted == method]
        for _, match, act in route:
            if match:
                with self.lock:
                    return act(*[int(group) for group in match.groups()], query=query, body=body)
        return 404, {"error": "No route matches"}

    @staticmethod
    def me(query, body):
        return 200, {"id": 3, "login": "exhibit@msp.example"}

    def search(self, query, body):
        wanted, now = query["query"][0], time.monotonic()
        field = re.fullmatch(r'exhibit_id:"([^"]*)"', wanted)
        number = re.fullmatch(r"number:(\d+)", wanted)
        ids = re.fullmatch(r"id:\(([0-9OR ]+)\)", wanted)
        known = [one for one in self.tickets.values() if now - one["since"] >= self.lag]
        if field:
            found = [one for one in known if one["exhibit_id"] == field[1]]
        elif number:
            found = [one for one in known if one["number"] == number[1]]
        elif ids:
            found = [one for one in known if str(one["id"]) in ids[1].split(" OR ")]
        else:
            return 422, {"error": f"cannot parse the query {wanted}"}
        return 200, [self.shown(one) for one in sorted(found, key=lambda one: one["id"])]

    def create(self, query, body):
        self.creates += 1
        for field in ("title", "group", "customer", "article"):
            if not body.get(field):
                return 422, {"error": f"Missing required value for field '{field}'!", "error_human": f"{field} is missing"}
        if body.get("priority", "2 normal") not in PRIORITIES:
            return 422, {"error": "No lookup value found for 'priority'"}
        number = len(self.tickets) + 1
        self.tickets[number] = {"id": number, "number": f"22{number:03}", "title": body["title"], "state": "new", "owner": "-",
                                "group": body["group"], "exhibit_id": body.get("exhibit_id"), "since": time.monotonic(), "changes": 0}
        self.put_article(number, body["article"])
        return 201, self.shown(self.tickets[number])

    @staticmethod
    def shown(ticket):
        shown = {key: value for key, value in ticket.items() if key not in ("since", "changes")}
        return {**shown, "updated_at": f"2026-11-23T03:00:{ticket['changes']:02}.000Z"}

    def read(self, number, query, body):
        return (200, self.shown(self.tickets[number])) if number in self.tickets else self.unknown(number)

    def update(self, number, query, body):
        if number not in self.tickets:
            return self.unknown(number)
        if "state" in body and body["state"] not in STATES:
            return 422, {"error": "No lookup value found for 'state'"}
        self.tickets[number]["state"] = body.get("state", self.tickets[number]["state"])
        self.tickets[number]["changes"] += 1
        return 200, self.shown(self.tickets[number])

    @staticmethod
    def unknown(number):
        return 404, {"error": f"Couldn't find Ticket with 'id'={number}"}

    def put_article(self, ticket, given):
        article = {"id": len(self.articles) + 1, "ticket_id": ticket, "from": "Exhibit", "subject": given.get("subject"),
                   "body": given["body"], "content_type": given.get("content_type"), "internal": given.get("internal", False),
                   "created_at": "2026-11-23T03:00:00.000Z", "attachments": []}
        for one in given.get("attachments", []):
            data = base64.b64decode(one["data"], validate=True)
            article["attachments"].append({"id": len(article["attachments"]) + 1, "filename": one["filename"], "size": str(len(data)),
                                           "preferences": {"Mime-Type": one["mime-type"]}, "data": data})
        self.articles.append(article)
        self.tickets[ticket]["changes"] += 1
        return article

    @staticmethod
    def shown_article(article):
        files = [{key: value for key, value in one.items() if key != "data"} for one in article["attachments"]]
        return {**article, "attachments": files}

    def add_article(self, query, body):
        number = body.get("ticket_id")
        if number not in self.tickets:
            return self.unknown(number)
        if not body.get("body"):
            return 422, {"error": "Need at least article: { body: \"some text\" }"}
        return 201, self.shown_article(self.put_article(number, body))

    def of_ticket(self, number, query, body):
        return 200, [self.shown_article(one) for one in self.articles if one["ticket_id"] == number]

    def download(self, ticket, article, attachment, query, body):
        return 200, self.articles[article - 1]["attachments"][attachment - 1]["data"]


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, desk, *of):
        self.desk = desk
        super().__init__(*of)

    def log_message(self, *of):
        pass

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        split = urlsplit(self.path)
        if self.headers.get("Authorization") != f"Token token={self.desk.token}":
            status, value = 401, {"error": "Invalid BasicAuth credentials"}
        else:
            status, value = self.desk.answer(self.command, unquote(split.path), parse_qs(split.query), json.loads(raw) if raw else {})
        answer = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if isinstance(value, bytes) else "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = handle_any
