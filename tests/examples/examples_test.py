"""The two example adapters, run through the runner, and the page that explains them: examples_test.py SOURCE_DIR BUILD_DIR"""
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

SOURCE, BUILD = sys.argv[1:3]
del sys.argv[1:3]
sys.path.insert(0, f"{SOURCE}/tests/support")
import runner_link as rl  # noqa: E402


class Desk(http.server.ThreadingHTTPServer):
    """The notebook, and the relay that drops keys it has seen. `fault` makes the next POST answer so, after keeping it."""
    daemon_threads = True

    def __init__(self):
        self.pages, self.relayed, self.fault, self.ignores_filter, self.posts = [], {}, None, False, 0
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def changed(self, page):
        page["changed"] = max([one["changed"] for one in self.pages], default=0) + 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, document):
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):  # noqa: N802
        if self.headers["Authorization"] != "Bearer S3cret":
            return self.answer(401, {})
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        pages = self.server.pages
        if "ref" in query and not self.server.ignores_filter:
            pages = [page for page in pages if page["ref"] == query["ref"]]
        if "changed_after" in query:
            pages = [page for page in pages if page["changed"] > int(query["changed_after"])]
        self.answer(200, pages)

    def do_POST(self):  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        desk = self.server
        desk.posts += 1
        if self.path == "/relay":
            desk.relayed.setdefault(self.headers["Idempotency-Key"], body)
            return self.finish_post({})
        if self.path == "/pages":
            page = {"id": f"P{len(desk.pages) + 1}", **body, "comments": [], "closed": False, "changed": 0}
            desk.changed(page)
            desk.pages.append(page)
            return self.finish_post({"id": page["id"]})
        page = next((one for one in desk.pages if self.path == f"/pages/{one['id']}/comments"), None)
        if page is None:
            return self.answer(404, {})
        page["comments"].append({**body, "author": "exhibit"})
        desk.changed(page)
        return self.finish_post({})

    def finish_post(self, document):
        fault, self.server.fault = self.server.fault, None
        self.answer(fault or 201, document if not fault else {})

    def log_message(self, *_):
        pass


class Examples(unittest.TestCase):
    def setUp(self):
        self.desk = Desk()
        self.addCleanup(self.desk.server_close)
        self.addCleanup(self.desk.shutdown)

    def link(self, module, **changes):
        runner = rl.Runner(BUILD, module)
        self.addCleanup(runner.close)
        return rl.Link(runner, {"url": f"http://127.0.0.1:{self.desk.server_port}", "login": {"token": "S3cret"}, "map": {},
                                "allow": ["127.0.0.1"], **changes})

    def ensure(self, link, attempt=1):
        return link.apply(rl.ENSURE, "inc-1-1", {"title": "HIGH", "internal_text": "phf"}, correlation_id="EXH1-A", attempt=attempt)

    def test_the_notebook_makes_one_page_however_often_it_is_asked(self):
        link = self.link("notebook")
        self.assertEqual(link.runner.hello["look_up"], True)
        self.assertEqual(link.runner.hello["poll"], True)
        self.assertEqual(link.probe()[0], rl.OK)
        rc, made = self.ensure(link)
        self.assertEqual((rc, made["ticket"]), (rl.OK, "P1"))
        rc, again = self.ensure(link, attempt=2)
        self.assertEqual((rc, again["ticket"], again["already_there"]), (rl.OK, "P1", True))
        self.assertEqual(self.desk.posts, 1)

    def test_the_notebook_looks_after_a_lost_answer(self):
        link = self.link("notebook")
        self.desk.fault = 500
        self.assertEqual(self.ensure(link)[0], rl.UNKNOWN)
        self.assertEqual(self.ensure(link, attempt=2)[1]["ticket"], "P1")
        self.desk.fault = 502
        note = lambda attempt: link.apply(rl.NOTE, "inc-1-2", {"text": "READY"}, "EXH1-A", "P1", attempt)
        self.assertEqual(note(1)[0], rl.UNKNOWN)
        self.assertEqual(note(2)[0], rl.OK)
        self.assertEqual(len(self.desk.pages), 1)
        self.assertEqual(len(self.desk.pages[0]["comments"]), 1)

    def test_a_desk_whose_search_lies_gets_no_second_page(self):
        link = self.link("notebook")
        self.desk.pages.append({"id": "P9", "ref": "another", "comments": [], "changed": 1})
        self.desk.ignores_filter = True
        rc, result = self.ensure(link)
        self.assertEqual((rc, result["cause"]), (rl.RETRY, "look-up-lies"))
        self.assertEqual(self.desk.posts, 0)

    def test_what_people_write_in_the_notebook_comes_home_and_our_own_words_do_not(self):
        link = self.link("notebook")
        self.ensure(link)
        link.apply(rl.NOTE, "inc-1-2", {"text": "READY"}, "EXH1-A", "P1")
        page = self.desk.pages[0]
        page["comments"].append({"author": "kim", "text": "our scanner"})
        page["closed"] = True
        self.desk.changed(page)
        rc, result = link.poll({"tickets": [{"ticket": "P1", "correlation_id": "EXH1-A"}]})
        (told,) = result["document"]["tickets"]
        self.assertEqual((rc, told["correlation_id"], told["closed"]), (rl.OK, "EXH1-A", True))
        self.assertEqual([one["text"] for one in told["comments"]], ["our scanner"])

    def test_a_wrong_login_is_denied_and_a_missing_one_refused(self):
        self.assertEqual(self.link("notebook", login={"token": "wrong"}).probe()[0], rl.DENIED)
        self.assertEqual(self.link("notebook", login={}).opened[0], rl.REJECTED)

    def test_the_relay_sends_again_under_the_same_key(self):
        link = self.link("relay")
        self.assertEqual(link.runner.hello["stable_id"], True)
        self.assertEqual((link.opened[0], link.probe()[0]), (rl.OK, rl.OK))
        self.desk.fault = 500
        self.assertEqual(self.ensure(link)[0], rl.UNKNOWN)
        self.assertEqual(self.ensure(link, attempt=2)[0], rl.OK)
        self.assertEqual((self.desk.posts, list(self.desk.relayed)), (2, ["inc-1-1"]))
        self.assertEqual(self.desk.relayed["inc-1-1"]["title"], "HIGH")
        self.assertEqual(link.apply(rl.ATTACH, "inc-1-3", {}, evidence=[("a", "b/c", "00", b"x")])[0], rl.UNSUPPORTED)
        for status, rc in ((429, rl.RETRY), (401, rl.DENIED), (422, rl.REJECTED), (302, rl.UNKNOWN)):
            self.desk.fault = status
            self.assertEqual(self.ensure(link)[0], rc, status)


class Page(unittest.TestCase):
    def test_every_piece_of_code_on_the_page_is_in_an_example(self):
        page = pathlib.Path(SOURCE, "docs/writing-an-adapter.md").read_text()
        code = {"cpp": pathlib.Path(SOURCE, "examples/notebook/notebook.cc").read_text(),
                "c": pathlib.Path(SOURCE, "examples/relay/relay.c").read_text()}
        blocks = re.findall(r"```(cpp|c)\n(.*?)```", page, re.S)
        self.assertGreater(len(blocks), 5)
        for language, block in blocks:
            self.assertIn(block, code[language])

    def test_the_commands_on_the_page_make_modules(self):
        page = pathlib.Path(SOURCE, "docs/writing-an-adapter.md").read_text()
        commands = re.findall(r"^    (c(?:\+\+|c) .*)$", page, re.M)
        self.assertEqual(len(commands), 2)
        with tempfile.TemporaryDirectory() as folder:
            for command in commands:
                words = [f"{SOURCE}/examples/{word.split('.')[0]}/{word}" if word.endswith((".cc", ".c")) else word
                         for word in command.split()]
                subprocess.run([*words[:1], f"-I{SOURCE}/plugin/include", *words[1:]], cwd=folder, check=True)
            self.assertEqual(len(list(pathlib.Path(folder).glob("libexhibit-adapter-*.so"))), 2)


unittest.main()
