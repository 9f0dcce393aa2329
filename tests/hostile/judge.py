"""What every judge of a sink asks of a shown text: that it is calm, and that what it was told can be read in it.

A text is calm when no character of it controls, hides or reorders. What it was told is readable when the bytes come back
from its escapes (`\\xNN`, `\\u{N}`), links from their defanged form, or a cut is marked as one. Blanks and line ends belong
to the layout; a literal `\\x41` in the original cannot be told from our own escape and is counted (`looks_escaped`).
"""
import re
import unicodedata

PAYLOAD = re.compile(r"^  \| (.*)$", re.M)
HEX = re.compile(r"^  [0-9a-f]{6}  ((?:[0-9a-f]{2} {1,2}){1,16})", re.M)
CUT = re.compile(r"more bytes at the link|bytes of payload; all of it at the link|more at the link")
ESCAPE = re.compile(rb"\\x([0-9a-f]{2})|\\u\{([0-9A-F ]{1,40})\}")  # A long word may be divided inside the braces, and its rest indented.
BEGUN = re.compile(rb"\\(?:x[0-9a-f]?|u(?:\{[0-9A-F]{0,8})?)(?=\.\.)")  # A cut went through what reads like an escape.


def is_calm(text):
    return not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") for c in text if c != "\n")


def looks_escaped(raw):
    return ESCAPE.search(raw) is not None


def byte_of(escape):
    return bytes([int(escape[1], 16)]) if escape[1] else chr(int(escape[2].replace(b" ", b""), 16)).encode()


def plain(data):
    """Bytes without blanks and defanging, escapes taken back."""
    data = ESCAPE.sub(byte_of, data).replace(b" ", b"").replace(b"[.]", b".")
    return re.sub(rb"(?i)h(?:tt|xx)p(?=s?://)", b"http", data)


def shown(text):
    return plain(text.replace("\n", " ").encode())


def tells_payload(text, raw):
    if PAYLOAD.search(text) or not HEX.search(text):
        # Line ends divide the lines; empty ones are left out.
        seen = shown("".join(PAYLOAD.findall(text)))
        told = plain(re.sub(rb"\r?\n|\r$", b"", raw))
    else:
        seen, told = bytes.fromhex("".join(HEX.findall(text))), raw
    return seen == told or (told.startswith(seen) and CUT.search(text) is not None)


def tells_field(seen, raw):
    """`seen` is what `shown` gave: the whole of it, or as much as fits and the mark of a cut."""
    told, cut = plain(raw), BEGUN.sub(b"", seen)
    return told in seen or any(told[:length] + b".." in held for held in (seen, cut) for length in range(min(len(told), 300), 3, -1))


def tells_packet(text, seen, raw):
    """On our own page a packet stands as text of many lines, with tabs drawn as blanks, or at least as hex."""
    dumped = re.findall(r"[0-9a-f]{6}  ((?:[0-9a-f]{2} {1,2}){1,16})", text)
    return tells_field(seen, re.sub(rb"\r?\n|\t|\r$", b"", raw)) or raw in bytes.fromhex("".join(dumped))


def lost(field, text, told):
    """The first of what the text was told that it does not tell; None when it tells all."""
    seen = shown(text)
    for raw in told:
        if field == "packets":
            held = tells_packet(text, seen, raw)
        else:
            held = tells_payload(text, raw) if field in ("payload", "request") else tells_field(seen, raw)
        if not held:
            return raw
    return None
