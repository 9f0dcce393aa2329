"""Every hostile string in every field, through our Markdown and HTML renderers: markup_test.py BUILD_DIR [SINK]

Markdown is read by cmark-gfm (tables, autolinks, task lists and all), HTML is taken as it is; Chromium parses both and
executes what it may. Held for each: the same elements as the harmless twin's and no other, no script, no request, and the text
that is seen tells the string's bytes.
"""
import base64
import pathlib
import re
import http.server
import json
import subprocess
import sys
import threading
import time

import judge
from desk_world import BODIES, LINK, SLOTS, Browser, packages
from proof import proved

STRINGS_MIN = 1000
MODULE = pathlib.Path(__file__).resolve().parents[2] / "plugin/web/pages/evidence.js"
TEXTS_A_PAGE = 1500
OURS = re.compile(r"filter=[A-Za-z0-9%._~-]*")  # Our own links hold the reader's filter, percent-encoded.
GITHUB = ["--extension", "table", "--extension", "strikethrough", "--extension", "autolink", "--extension", "tasklist",
          "--unsafe", "--validate-utf8"]


class Pages:
    """Serves one page at a time, on loopback; counts what else is asked of it."""

    def __init__(self):
        pages = self
        self.page, self.data, self.asked = b"", "", []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if not self.path.startswith("/page"):
                    pages.asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(pages.page)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Sink:
    """Pieces of HTML, each in a slot of a page. `made_by`: the command that prints the samples."""

    def __init__(self, name, made_by, browser, pages):
        self.name, self.made_by, self.browser, self.pages = name, made_by, browser, pages
        self.twins, self.strings, self.judged, self.failed = {}, set(), 0, 0

    def fail(self, *what):
        self.failed += 1
        if self.failed <= 10:
            print("FAILED", self.name, *(repr(one)[:600] for one in what), flush=True)

    def samples(self):
        known = set()
        with subprocess.Popen(self.made_by, stdout=subprocess.PIPE) as made:
            for line in made.stdout:
                one = json.loads(line)
                self.strings.add(one["value"])
                for text in one["texts"]:
                    key = (one["field"], text["kind"], text["markup"], text["text"])
                    if (text["told"] or one["class"] == "twin") and key not in known and text["kind"] != "file":
                        known.add(key)
                        yield one, text

    def run(self):
        some = []
        for sample in self.samples():
            some.append(sample)
            if len(some) == TEXTS_A_PAGE:
                self.judge_page(some)
                some = []
        self.judge_page(some)
        if len(self.strings) < STRINGS_MIN:
            self.fail("too few strings", len(self.strings))
        return self

    def as_html(self, texts):
        return [text["markup"] for text in texts]

    def judge_page(self, samples):
        pieces = self.as_html([text for _, text in samples])
        # A marked slot each, in elements of their own: what does not close its own element breaks the next one's path.
        self.pages.page = ("<!doctype html><meta charset=utf-8><body>" + "".join(
            f"<div>SLOT{number:06d}B<div>{piece}</div>SLOT{number:06d}E</div>" for number, piece in enumerate(pieces))).encode()
        self.browser.open(self.pages.url + "/page")
        self.fill()
        while dialog := self.browser.dialog():
            self.fail("a script ran", dialog)
        strange = [one for one in self.browser.requests() if not one.startswith(self.pages.url + "/page") and not one.endswith("/favicon.ico")]
        if strange:
            self.fail("asked for", strange)
        slots = {slot["number"]: slot for slot in self.browser.run(SLOTS)}
        for number, (one, text) in enumerate(samples):
            if number not in slots and len(samples) > 1:
                return [self.judge_page(samples[:len(samples) // 2]), self.judge_page(samples[len(samples) // 2:])]
        for number, (one, text) in enumerate(samples):
            self.judge(one, text, slots.get(number))

    def fill(self):
        """What the page's own script does to it."""

    def told(self, _, text):
        return text["told"]

    def judge(self, one, text, slot):
        self.judged += 1
        if slot is None:
            return self.fail("not in its place", text["text"])
        where = (one["field"], text["kind"])
        form = [sorted({OURS.sub("filter=", BODIES.sub(LINK, element)) for element in slot["elements"]}), slot["begins"], slot["ends"]]
        if one["class"] == "twin":
            self.twins.setdefault(where, form)
        seen = slot["text"].replace("\n\n", "\n").strip("\n")
        foreign = [element for element in form[0] if element not in self.allowed(where)]
        if foreign or form[1:] != self.twins[where][1:]:
            return self.fail("elements", foreign, form[1:], text["text"], text["markup"])
        if not judge.is_calm(seen):
            return self.fail("not calm", text["text"], seen)
        told = [base64.b64decode(raw) for raw in self.told(one, text)]
        if (missing := judge.lost(one["field"], seen, told)) is not None:
            return self.fail("lost", missing, text["text"], seen)
        return None

    def allowed(self, where):
        return self.twins[where][0]


class Markdown(Sink):
    def allowed(self, where):
        # What would become a link by itself stands in a code span; a paragraph may be divided.
        return [*super().allowed(where), "xhtml code", "xhtml p"]

    def read(self, text):
        done = subprocess.run(["cmark-gfm", *GITHUB], input=text.encode(), stdout=subprocess.PIPE, check=True)
        return done.stdout.decode()

    def as_html(self, texts):
        """One process for all: marks between them pass through as raw HTML. A piece that swallows one is read alone."""
        mark, markups = "<!--cut-->", [text["markup"] for text in texts]
        pieces = self.read(f"\n\n{mark}\n\n".join(markups)).split(mark)
        return pieces if len(pieces) == len(texts) else [self.read(markup) for markup in markups]


class Module(Sink):
    """Our pages once more, as their own script builds them."""

    def as_html(self, texts):
        self.pages.data = "[" + ",".join(text["module"] for text in texts) + "]"
        return ["" for _ in texts]

    def told(self, one, text):
        return text["told"] if one["field"] == "packets" else []  # Of an incident it builds only what may change.

    def fill(self):
        script = re.search(r"^const tags = .*?^}$", MODULE.read_text(), re.M | re.S)[0]
        self.browser.run(script + "const holders = [...document.querySelectorAll('div > div')];"
                         "JSON.parse(arguments[0]).forEach((piece, at) => holders[at].append(build(piece)));", self.pages.data)


def main():
    build = sys.argv[1]
    packages.need("chromium", "chromium-driver", "cmark-gfm")
    failed = 0
    browser, pages = Browser(watch=True), Pages()
    try:
        browser.open(pages.url + "/page")
        browser.requests()
        tickets, ours = f"{build}/bin/ticket_samples", f"{build}/bin/page_samples"
        for sink in (Sink("html", [tickets, "html"], browser, pages), Markdown("markdown", [tickets, "markdown"], browser, pages),
                     Sink("page", [ours], browser, pages), Module("page's script", [ours], browser, pages)):
            if sys.argv[2:] not in ([], [sink.name]):
                continue
            started = time.monotonic()
            sink.run()
            failed += sink.failed
            proved("P15", sink.judged, sink.failed)
            print(f"{sink.name}: {len(sink.strings) - 1} strings, {sink.judged} texts in {len(sink.twins)} fields judged in Chromium, "
                  f"{sink.failed} failed, {time.monotonic() - started:.0f} s", flush=True)
    finally:
        browser.close()
    return 1 if failed else 0


sys.exit(main())
