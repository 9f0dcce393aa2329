"""Every hostile string in every field that strangers fill, through the product's own texts and profile into a real
ticketing system, whose pages are opened in headless Chromium. desks_test.py rt|redmine BUILD_DIR

Held for each: no script ran and no dialog opened; the page asked nobody but its own host; the text's place in the page holds
the elements that the harmless twin's holds, and no other; what is seen is what was sent, and tells the string's bytes.
Many texts share a ticket, each between marks of its own; where a page's marks are out of order, its texts go one by one.
"""
import base64
import json
import os
import subprocess
import sys
import time

import desk_world
import judge
from desk_world import BODIES, LINK, SLOTS, Browser, packages
from proof import proved

STRINGS_MIN = 1000
TITLES_AT_ONCE = 100


class Text:
    def __init__(self, field, kind, text, told, twin):
        self.field, self.kind, self.told, self.twin = field, kind, told, twin
        self.text = BODIES.sub(LINK, text)
        self.number = 0

    def __repr__(self):
        return f"{self.kind} of {self.field}: {self.text[:400]!r}"


def samples(build, kinds):
    """Every text of the samples once; the twins first."""
    strings, texts, known = set(), [], set()
    with subprocess.Popen([f"{build}/bin/ticket_samples"], stdout=subprocess.PIPE) as made:
        for line in made.stdout:
            one = json.loads(line)
            strings.add(one["value"])
            for text in one["texts"]:
                twin = one["class"] == "twin"
                if text["kind"] not in kinds or not (text["told"] or twin):
                    continue
                new = Text(one["field"], text["kind"], text["text"], [base64.b64decode(told) for told in text["told"]], twin)
                if (new.field, new.kind, new.text) not in known:
                    known.add((new.field, new.kind, new.text))
                    texts.append(new)
    return len(strings) - 1, sorted(texts, key=lambda text: not text.twin)


def marked(text):
    return f"SLOT{text.number:06d}B\n{text.text}\nSLOT{text.number:06d}E\n"


class Judge:
    def __init__(self, desk, browser):
        self.desk, self.browser = desk, browser
        self.twins, self.failures, self.judged, self.foreign = {}, [], 0, None

    def fail(self, *what):
        self.failures.append(what)
        if len(self.failures) <= 10:
            print("FAILED", *(repr(one)[:600] for one in what), flush=True)

    def see(self, url):
        """The slots of a page, by number; the page as a whole is judged at once."""
        self.browser.open(url)
        while dialog := self.browser.dialog():
            self.fail("a script ran", url, dialog)
        strange = {one for one in self.browser.requests() if not one.startswith(self.desk.url + "/")}
        if self.foreign is None:
            self.foreign = strange  # Of the twins' page: pictures that the desk's own style sheets hold.
        if strange - self.foreign:
            self.fail("the page asked for", strange - self.foreign)
        return {slot["number"]: slot for slot in self.browser.run(SLOTS)}

    def judge(self, text, slot):
        self.judged += 1
        form = [slot["elements"], slot["begins"], slot["ends"]]
        if text.twin:
            self.twins.setdefault((text.field, text.kind), form)
        # A word joiner is the renderer's own: any other would have come as its escape.
        seen = slot["text"].replace("\r\n", "\n").replace("\u00a0", " ").replace("\u2060", "").strip("\n")
        seen = seen.replace('" \n', '"\n')  # Redmine puts a blank behind a quotation mark at a line's end.
        if form != self.twins[(text.field, text.kind)]:
            self.fail("elements", text, form)
        elif seen != text.text.replace('" \n', '"\n').strip("\n"):
            self.fail("seen otherwise", text, seen)
        elif not judge.is_calm(seen):
            self.fail("not calm", text, seen)
        elif (missing := judge.lost(text.field, seen, text.told)) is not None:
            self.fail("lost", text, missing)

    def deliver(self, public, internal):
        """One ticket; gives its page's slots."""
        ticket = self.desk.ticket("HIGH: harmless", "".join(map(marked, public)) or "none", "".join(map(marked, internal)) or "none")
        return self.see(self.desk.page(ticket))

    def batch(self, public, internal):
        slots = self.deliver(public, internal)
        for side, texts in (("public", public), ("internal", internal)):
            if all(text.number in slots for text in texts):
                for text in texts:
                    self.judge(text, slots[text.number])
            elif len(texts) == 1:
                self.fail("not in its place", texts[0])
            else:
                for half in (texts[:len(texts) // 2], texts[len(texts) // 2:]):
                    self.batch(*((half, []) if side == "public" else ([], half)))

    def texts(self, texts):
        room = {"public": [[]], "internal": [[]]}
        for number, text in enumerate(texts, 1):
            text.number = number
            batches = room["public" if text.kind == "public" else "internal"]
            if sum(len(one.text) + 30 for one in batches[-1]) + len(text.text) > self.desk.batch_bytes:
                batches.append([])
            batches[-1].append(text)
        for index in range(max(map(len, room.values()))):
            self.batch(*(batches[index] if index < len(batches) else [] for batches in room.values()))

    def titles(self, titles):
        """On the desk's own list. The first stand as the adapter made them; the others take their places."""
        tickets = [self.desk.ticket(f"SLOT{number:06d}B{text.text}SLOT{number:06d}E", "none", "none")
                   for number, text in enumerate(titles[:2], 1)]
        tickets += self.desk.blank_tickets(TITLES_AT_ONCE - len(tickets))
        for start in range(0, len(titles), TITLES_AT_ONCE):
            some = titles[start:start + TITLES_AT_ONCE]
            self.desk.retitle({ticket: f"SLOT{number:06d}B{text.text}SLOT{number:06d}E"
                               for number, (ticket, text) in enumerate(zip(tickets, some), 1)})
            slots = self.see(self.desk.list_page())
            for number, text in enumerate(some, 1):
                if number in slots:
                    self.judge(text, slots[number])
                else:
                    self.fail("not in its place", text)


def main():
    name, build = sys.argv[1:3]
    if name == "redmine" and os.environ.get("EXHIBIT_LONG") != "1":
        print("skipped: Redmine's pages are for the long run; EXHIBIT_LONG=1 opens them")
        return 77
    packages.need("chromium", "chromium-driver")
    started = time.monotonic()
    desk = {"rt": desk_world.RequestTracker, "redmine": desk_world.Redmine}[name](build)
    browser = Browser(watch=True)
    try:
        desk.sign_in(browser)
        browser.requests()
        judged = Judge(desk, browser)
        strings, texts = samples(build, ("public", "internal", "note"))
        judged.texts(texts)
        judged.titles(samples(build, ("title",))[1])
    finally:
        browser.close()
        desk.close()
    if strings < STRINGS_MIN or not judged.twins:
        judged.fail("too few strings", strings)
    count, bad = judged.judged, len(judged.failures)
    print(f"{name}: {strings} strings, {count} texts in {len(judged.twins)} fields judged in Chromium, {bad} failed, "
          f"{time.monotonic() - started:.0f} s")
    proved("P15", count, bad)
    return 1 if bad else 0


sys.exit(main())
