"""Every hostile string on a terminal, in JSON, in file names and in the log: plain_test.py SOURCE_DIR BUILD_DIR

Terminal: `exhibit decode` of packets that hold the strings and `exhibit check` of keys that are them, drawn by a terminal
emulator: what stands on its screen is what was printed, one line each. JSON: `decode --json`, and the incident that a desk is
sent, read alike by Python and node. File names: of our attachments and downloads, as two libraries read the header. Log: the real
server's, while a desk refuses tickets with the strings as its reasons, and strangers sign in under such names.
"""
import base64
import email.message
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import judge
import log_sink
import packages
from proof import proved

SOURCE, BUILD = map(os.path.abspath, sys.argv[1:3])
STRINGS_MIN = 1000
NODE_JSON = ("const lines = require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean);"
             "for (const line of lines) console.log(JSON.stringify(JSON.parse(line)));")
NODE_NAMES = ("const {parse} = require(process.argv[1] + '/content-disposition');"
              "const lines = require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean);"
              "for (const line of lines) console.log(JSON.stringify(parse(JSON.parse(line))));")
failed = 0


def fail(*what):
    global failed
    failed += 1
    if failed <= 10:
        print("FAILED", *(repr(one)[:400] for one in what), flush=True)


def node(script, *arguments, lines):
    done = subprocess.run(["node", "-e", script, *arguments], input="\n".join(lines).encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]


def samples(program):
    with subprocess.Popen([f"{BUILD}/bin/{program}"], stdout=subprocess.PIPE) as made:
        yield from map(json.loads, made.stdout)


def capture(path, strings):
    """A request for each string, from a port of its own."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number, value in enumerate(strings):
            payload = b"GET /" + value + b" HTTP/1.0\r\nHost: " + value + b"\r\n\r\n"
            tcp = struct.pack(">HHIIHHHH", 1024 + number, 80, 1, 1, 0x5018, 8192, 0, 0) + payload
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(tcp), number & 0xFFFF, 0, 64, 6, 0, 0xC000020A, 0xC6336414) + tcp
            packet = bytes(12) + b"\x08\x00" + ip
            file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)


def judge_screen(what, printed, count_min):
    """A screen as wide as the longest line: where nothing is obeyed, it shows the lines as they were printed."""
    import pyte
    lines = printed.decode("utf-8", "replace").split("\n")[:-1]
    if len(lines) < count_min:
        fail(what, "lines", len(lines), lines[:1])
    if printed.decode("utf-8", "replace").encode() != printed:
        fail(what, "is not UTF-8")
    for start in range(0, len(lines), 200):
        some = lines[start:start + 200]
        screen = pyte.Screen(2 * max(map(len, some)) + 1, len(some) + 1)
        pyte.Stream(screen).feed("\r\n".join(some))
        for line, seen in zip(some, screen.display):
            # Wide characters take two columns, of which the second is empty; marks join the one before.
            if seen.rstrip() != pyte_text(line).rstrip() or not judge.is_calm(line):
                fail(what, line, seen.rstrip())
        if screen.title or any(screen.display[len(some):][0].strip()):
            fail(what, "the screen obeyed", screen.title)
    return len(lines)


def pyte_text(line):
    """How pyte keeps characters that are there, when none is a control: composed with the marks behind them."""
    import unicodedata
    out = []
    for character in line:
        if unicodedata.combining(character) and out:
            out[-1] = unicodedata.normalize("NFC", out[-1] + character)
        else:
            out.append(character)
    return "".join(out)


def yaml_quoted(text):
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text) + '"'


def terminal(folder, strings):
    done = subprocess.run([f"{BUILD}/bin/exhibit", "decode", f"{folder}/all.pcap"], stdout=subprocess.PIPE, check=True)
    count = judge_screen("decode", done.stdout, len(strings))
    desks = "".join(f"  d{number}: {{{yaml_quoted(value.decode('utf-8', 'replace')[:80] + '!')}: 1}}\n" for number, value in enumerate(strings))
    (folder / "exhibit.yaml").write_text("public_url: https://ev.example\ndesks:\n" + desks)
    (folder / "tenants").mkdir()
    done = subprocess.run([f"{BUILD}/bin/exhibit", "check", "--config", f"{folder}/exhibit.yaml"], stderr=subprocess.PIPE, check=False)
    count += judge_screen("check", done.stderr, len(strings))
    return count


def is_json(line):
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


def both_json(folder, strings):
    done = subprocess.run([f"{BUILD}/bin/exhibit", "decode", "--json", f"{folder}/all.pcap"], stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode("utf-8", "replace").split("\n")[:-1]
    if len(lines) != len(strings) or "\n".join([*lines, ""]).encode() != done.stdout:
        fail("decode --json", len(lines))
    misread = [line for line in lines if not is_json(line)]
    if misread:
        fail("no JSON", len(misread), misread[0])
        return len(lines)
    for line, other in zip(lines, node(NODE_JSON, lines=lines), strict=True):
        if json.loads(line) != other:
            fail("readers", line)
    return len(lines)


def file_names():
    names = {text["text"] for program in ("ticket_samples", "page_samples") for one in samples(program)
             for text in one["texts"] if text["kind"] == "file"}
    headers = [f'attachment; filename="{name}"' for name in sorted(names)]
    for header, other in zip(headers, node(NODE_NAMES, f"{BUILD}/npm/node_modules", lines=map(json.dumps, headers)), strict=True):
        message = email.message.Message()
        message["Content-Disposition"] = header
        name = message.get_filename()
        if other["type"] != "attachment" or other["parameters"] != {"filename": name} or not re.fullmatch(r"[A-Za-z0-9_-]{1,110}\.pcap", name):
            fail("name", header, name, other)
    if len(names) < 2:
        fail("names", len(names))
    return len(names)


def log(folder, strings):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    printed = log_sink.written(BUILD, folder / "served", port, strings)
    log_sink.judge_log(printed, strings, fail)
    judge_screen("log", printed, log_sink.SIGN_INS)
    return len(strings)


def main():
    packages.need("python3-pyte")
    fetched = subprocess.run([f"{SOURCE}/tests/support/npm.sh", BUILD, "content-disposition@0.5.4"], stdout=subprocess.PIPE, text=True, check=False)
    if fetched.returncode:
        print(fetched.stdout.strip())
        return fetched.returncode
    started = time.monotonic()
    strings = sorted({base64.b64decode(one["value"]) for one in samples("page_samples")})
    if len(strings) < STRINGS_MIN:
        fail("too few strings", len(strings))
    with tempfile.TemporaryDirectory(prefix="exhibit-plain-") as name:
        folder = pathlib.Path(name)
        capture(folder / "all.pcap", strings)
        counts = {"terminal": terminal(folder, strings), "json": both_json(folder, strings), "file names": file_names(),
                  "log": log(folder, strings)}
    print(f"{len(strings)} strings: {', '.join(f'{sink} {count}' for sink, count in counts.items())} judged, {failed} failed, "
          f"{time.monotonic() - started:.0f} s")
    proved("P15", sum(counts.values()), failed)
    return 1 if failed else 0


sys.exit(main())
