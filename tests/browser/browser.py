"""A headless Chromium, driven by WebDriver (W3C) over chromedriver, with nothing but Python's own library."""

import base64
import contextlib
import json
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars"]

NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """`watch`: remembers every request, reaches nothing but loopback, and leaves dialogs open for `dialog`."""

    def __init__(self, width=1280, height=900, watch=False):
        port = free_port()
        self.profile = tempfile.TemporaryDirectory(prefix="exhibit-browser-")
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{port}"
        self.session = None
        deadline = time.monotonic() + 20
        while self.session is None:
            try:
                args = FLAGS + [f"--user-data-dir={self.profile.name}", f"--window-size={width},{height}"]
                wanted = {"goog:chromeOptions": {"args": args + ([NOWHERE] if watch else [])}}
                if watch:
                    wanted |= {"goog:loggingPrefs": {"performance": "ALL"}, "unhandledPromptBehavior": "ignore"}
                made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
                self.session = made["sessionId"]
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def call(self, method, path, body=None):
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def do(self, method, path, body=None):
        return self.call(method, f"/session/{self.session}{path}", body)

    def open(self, url):
        self.do("POST", "/url", {"url": url})

    def requests(self):
        """Addresses asked for since the last call; only when watching."""
        said = (json.loads(one["message"])["message"] for one in self.do("POST", "/se/log", {"type": "performance"}))
        return [one["params"]["request"]["url"] for one in said if one["method"] == "Network.requestWillBeSent"]

    def dialog(self):
        """The text of an open alert, which is closed; None when there is none."""
        try:
            text = self.do("GET", "/alert/text")
            self.do("POST", "/alert/dismiss")
            return text
        except urllib.error.HTTPError:
            return None

    def url(self):
        return self.do("GET", "/url")

    def run(self, script, *arguments):
        return self.do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def resize(self, width, height=900):
        # Narrower than a desktop window can be, as a phone is.
        self.do("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride",
                                              "params": {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}})

    def wait(self, script, seconds=20):
        deadline = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > deadline:
                raise TimeoutError(script)
            time.sleep(0.1)

    def picture(self, path, height_max=2400):
        height = min(int(self.run("return document.documentElement.scrollHeight")), height_max)
        width = int(self.run("return window.innerWidth"))
        self.resize(width, max(height, 500))
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.do("GET", "/screenshot")))

    def close(self):
        with contextlib.suppress(OSError):
            self.do("DELETE", "")
        self.driver.terminate()
        self.driver.wait()
        self.profile.cleanup()
