"""Makes docs/pictures from the running demo: the ticket as analyst and as customer, the evidence page before and after
its capture arrives, at 1280 and at 390 px.  usage: pictures.py FOLDER"""

import pathlib
import subprocess
import sys
import time

from browser import Browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDTHS = (1280, 390)


class Demo:
    def __init__(self):
        self.process = subprocess.Popen([ROOT / "build/bin/exhibit", "demo"], stdout=subprocess.PIPE, text=True)
        said = dict(self.process.stdout.readline().rstrip("\n").split(" ", 1) for _ in range(3))
        self.desk, self.evidence = said["desk"], said["evidence"]
        self.user, self.password = said["sign-in"].split(" ")

    def ticket_of(self, seconds=20):
        """Number and link of the first ticket as it is made."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            words = self.process.stdout.readline().split()
            if words and words[0] == "ticket" and words[1].endswith("2"):
                return words[1], words[2]
        raise TimeoutError("no ticket was made")

    def close(self):
        self.process.terminate()
        self.process.wait()


def sign_in(browser, demo):
    browser.run("document.querySelector('[name=user],[name=name],[type=text]').value = arguments[0];"
                "document.querySelector('[type=password]').value = arguments[1];"
                "document.querySelector('form').submit();", demo.user, demo.password)


def pictures(folder):
    browser = Browser()
    demo = Demo()
    try:
        # Signed in before there is a ticket, whose capture comes within seconds.
        browser.open(f"{demo.evidence}/e/of-a-ticket")
        browser.resize(390)
        browser.picture(folder / "sign-in-390.png")
        sign_in(browser, demo)
        browser.wait("return !document.querySelector('[type=password]')")
        number, link = demo.ticket_of()
        browser.open(link)
        for width in WIDTHS:
            browser.resize(width)
            browser.picture(folder / f"evidence-before-{width}.png")
        if browser.run("return document.body.innerText.includes('HTTP 404')"):
            raise TimeoutError("the capture came before its page was taken without it")
        browser.wait("return document.body.innerText.includes('HTTP 404')", 30)
        time.sleep(1)
        for width in WIDTHS:
            browser.resize(width)
            browser.picture(folder / f"evidence-after-{width}.png")
        for who in ("analyst", "customer"):
            browser.open(f"{demo.desk}/ticket/{number}?as={who}")
            for width in WIDTHS:
                browser.resize(width)
                browser.picture(folder / f"ticket-{who}-{width}.png")
    finally:
        browser.close()
        demo.close()


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    pictures(target)
