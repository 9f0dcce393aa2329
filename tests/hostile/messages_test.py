"""Every hostile string in every field of a mail and of a webhook, judged by readers that others wrote:
Python's email and json, npm's mailparser and node's JSON. messages_test.py SOURCE_DIR BUILD_DIR

Held for each: the mail has the same headers, recipients and parts as its harmless twin; what is shown holds no character
that moves, hides or controls; whatever could be read of the original can still be read; both readers see the same.
"""
import base64
import email
import email.policy
import json
import re
import subprocess
import sys
import unicodedata

SOURCE, BUILD = sys.argv[1:3]
STRINGS_MIN = 1000
checks = failures = 0


def decoded(text):
    return base64.b64decode(text)


def expect(held, *what):
    global checks, failures
    checks += 1
    if not held:
        failures += 1
        if failures <= 20:
            print("FAILED", *[repr(one)[:300] for one in what])


def is_calm(text):
    return not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") for c in text)


def is_kept(value, shown):
    """Each printable character of the value is in what is shown, in order."""
    rest = iter(shown)
    return all(c in rest for c in value.decode("utf-8", "ignore") if c.isalnum() or 0x20 < ord(c) < 0x7F)


def read_mail(wire):
    mail = email.message_from_bytes(wire, policy=email.policy.default)
    files, text, defects = [], "", list(mail.defects)
    for part in mail.walk():
        defects += part.defects
        if part.is_multipart():
            continue
        if part.get_content_disposition() == "attachment":
            files.append([part.get_content_type(), part.get_filename() or "", part.get_payload(decode=True)])
        else:
            text += part.get_content().replace("\r\n", "\n")
    return {"names": [name.lower() for name in mail.keys()], "to": [one.addr_spec for one in mail["to"].addresses],
            "from": [one.addr_spec for one in mail["from"].addresses], "subject": mail["subject"], "text": text, "id": mail["message-id"],
            "parents": [mail["in-reply-to"], mail["references"]], "files": files, "defects": defects,
            "types": [part.get_content_type() for part in mail.walk()]}


def node_mail(line):
    seen = json.loads(line)
    for name in ("subject", "text"):
        seen[name] = decoded(seen[name]).decode()
    seen["files"] = [[kind, decoded(name).decode(), decoded(data)] for kind, name, data in seen["files"]]
    return seen


def judge_mail(field, value, wire, seen, other, twin):
    expect(not seen["defects"], field, value, seen["defects"])
    expect(seen["names"] == twin["names"] and other["names"] == twin["names"], "headers", field, value, seen["names"])
    expect(seen["to"] == other["to"] == ["soc@msp.example"] and seen["from"] == other["from"] == ["exhibit@msp.example"], "addresses", field, value)
    expect(other["html"] is None and (field == "type" or seen["types"] == twin["types"]), "parts", field, value, seen["types"])
    expect(seen["id"] == other["id"] and re.fullmatch(r"<inc\.[A-Za-z0-9_.-]+@msp\.example>", seen["id"]), "id", field, value, seen["id"])
    expect(seen["parents"] == other["parents"], "parents", field, value, seen["parents"], other["parents"])
    expect(seen["subject"] == other["subject"], "subjects", field, value, seen["subject"], other["subject"])
    expect(seen["text"].rstrip("\n") == other["text"].rstrip("\n"), "texts", field, value, seen["text"], other["text"])
    expect(seen["files"] == other["files"], "files", field, value, seen["files"], other["files"])
    expect(is_calm(seen["subject"]) and is_calm(seen["text"].replace("\n", "")), "calm", field, value, seen["subject"], seen["text"])
    expect(max(map(len, wire.split(b"\r\n"))) <= 998 and b"\n" not in wire.replace(b"\r\n", b"") and wire.isascii(), "wire", field, value)
    kind, name, data = seen["files"][0]
    if field == "title":
        expect(is_kept(value, seen["subject"]), "lost", value, seen["subject"])
    elif field == "text":
        expect(is_kept(value, seen["text"]), "lost", value, seen["text"])
    elif field == "evidence":
        expect(data == value, "bytes", value, data)
    elif field == "file":
        expect(is_calm(name) and 0 < len(name) <= 120 and not re.search(r'[/\\:*?"<>|]|^\.', name), "name", value, name)
    elif field == "type":
        expect(re.fullmatch(r"[!#$%&'*+./^_`{|}~A-Za-z0-9-]+/[!#$%&'*+./^_`{|}~A-Za-z0-9-]+", kind), "type", value, kind)


def judge_webhook(field, value, headers, wire, other):
    seen = json.loads(wire)
    text = value.decode("utf-8", "replace")
    expect(seen == json.loads(decoded(other["json"])), "readers", field, value)
    for name, header in headers.items():
        expect(header.isascii() and header.isprintable(), name, value, header)
    return seen, text


def flat(document):
    """Every text in a document."""
    if isinstance(document, dict):
        return [text for one in document.values() for text in flat(one)]
    if isinstance(document, list):
        return [text for one in document for text in flat(one)]
    return [document] if isinstance(document, str) else []


def main():
    fetched = subprocess.run([f"{SOURCE}/tests/support/npm.sh", BUILD, "mailparser@3.14.2"], stdout=subprocess.PIPE, text=True)
    if fetched.returncode:
        print(fetched.stdout.strip())
        return fetched.returncode
    samples = f"{BUILD}/hostile-samples.jsonl"
    with open(samples, "wb") as file:
        subprocess.run([f"{BUILD}/bin/message_samples"], stdout=file, check=True)
    node = subprocess.Popen(["node", f"{SOURCE}/tests/hostile/read_messages.mjs", f"{BUILD}/npm/node_modules", samples],
                            stdout=subprocess.PIPE, text=True)
    twins, values = {}, set()
    with open(samples) as lines:
        for line, read in zip(lines, node.stdout, strict=True):
            one = json.loads(line)
            value, wire = decoded(one["value"]), decoded(one["wire"])
            values.add(value)
            where = (one["sink"], one["field"])
            if one["sink"] == "mail":
                seen = read_mail(wire)
                judge_mail(one["field"], value, wire, seen, node_mail(read), twins.setdefault(where, seen))
                continue
            seen, text = judge_webhook(one["field"], value, json.loads(one["headers"]), wire, json.loads(read))
            if one["sink"] == "exhibit":
                # Ill-formed bytes become one or more U+FFFD, by reader; all else is as it was.
                mend = lambda it: re.sub("\ufffd+", "\ufffd", it)
                expect(mend(seen[one["field"]]) == mend(text), "lost", one["field"], value, seen[one["field"]])
            twin = twins.setdefault(where, seen)
            expect(set(seen) == set(twin), "members", one["field"], value)
    expect(node.wait() == 0, "node")
    expect(len(values) >= STRINGS_MIN, "strings", len(values))
    print(f"{len(values)} strings in {len(twins)} fields: {checks} checks, {failures} failed")
    return 1 if failures else 0


sys.exit(main())
