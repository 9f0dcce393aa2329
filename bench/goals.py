"""The goals: what each is, its must and its moonshot, and what stands in the way of the moonshot."""

GOALS = {  # Goal: (what is measured, must, moonshot, what stands in the way).
    "G1": ("accepted alerts a second, each durable and decoded, against Alertmanager's (memory only), 100 a POST", 1.5, 3,
           "one strand does all of a tenant's work: rows, texts and outcomes of deliveries compete with what is accepted"),
    "G2": ("the same against syslog-ng's, reliable buffer, 8 workers, which neither syncs nor decodes", 0.4, 1.0,
           "syslog-ng touches no byte of the message; we keep rows, indices and a ticket's text for each alert"),
    "G3": ("CPU of a delivered alert against Alertmanager's, at most", 0.35, 0.15,
           "SQLite's pages and index look-ups, then the runner's HTTP library, which alone takes more than the goal, then texts of the ticket"),
    "G4": ("p99 from alert to POST at 500 a second against syslog-ng's, at most", 2, 1,
           "a durable commit stands before the POST, behind the one that may be under way; none before syslog-ng's"),
    "G4 in ms": ("the same, at most", 6, 3, "as above"),
    "G5": ("p99 in ms at half of our own flat rate, at most", 20, 8, "commits of batches hold the strand"),
    "G6": ("memory after 100,000 alerts against a desk that answers nothing, against Alertmanager's after 10,000, at most", 0.35, None,
           "every alert's identity, and a place in the desk's order for every incident, are in memory"),
    "G6 in MB": ("the same in MB, at most", 96, 48, "as above"),
    "G7": ("parse and fields against bare pugixml, without the pre-scan", 0.6, 0.7,
           "base64 of the packet, and the allocations for what an alert keeps: the raw event, the packet, long texts, lists"),
    "G8": ("document to incident JSON against bare pugixml", 0.15, 0.35,
           "the scan and three SHA-256 for the identities, which the prototype did not have; then allocations"),
    "G9": ("decode against `tshark -T json`, per core", 25, 100, ""),
    "G10 group 100": ("durable accept against raw fdatasync", 0.1, 0.5, "SQLite's pages and indices"),
    "G10 group 1": ("the same, one at a time", 0.5, 0.8, "a page for each table and index"),
    "G11": ("evidence download of 1 MB, rate against nginx with sendfile", 0.8, 1.0, "each download waits for its ledger entry to be durable, and passes through the strand, a worker and the socket's strand"),
    "G11 CPU": ("the same, CPU of a download against nginx, at most", 1.2, 0.5, "the reader sleeps behind each ledger entry and is woken for each piece; the page's rows are read and the ledger is synchronised for each download"),
    "G13": ("KB of memory for an idle download connection, at most", 4, 2, "a coroutine's frame with a request's parser"),
    "G16": ("first POST over TLS against libcurl, at most", 2.5, 1.2, "the HTTP library reads the trust store anew"),
    "G17": ("IP logs of 1 MB over TLS, hashed, written and synchronised, rate against libcurl to memory", 0.4, 0.7,
            "SHA-256, the page cache and four synchronisations for each: file, origin and two folders"),
    "G19": ("MB of memory for a sensor's connection that never ends (headers, body, a byte at a time), 100 at once, at most", 1, 1,
            "an answer may have 880 KiB; one that a sensor repeats in full, although fewer events were asked for three times, 4 MiB"),
    "G20": ("threads that the plugin adds to its host under load, at most", 8, 4, "three for strands and sockets, two for files"),
    "deliveries, 16 in flight": ("the runner against bare cpprestsdk", 0.7, None, ""),
    "deliveries, 64 in flight": ("the runner against bare cpprestsdk", 0.7, None, ""),
}
AT_MOST = {"G3", "G4", "G4 in ms", "G5", "G6", "G6 in MB", "G11 CPU", "G13", "G16", "G19", "G20"}


def verdict(goal, held):
    _, must, moonshot, _ = GOALS[goal]
    better = (lambda limit: held <= limit) if goal in AT_MOST else (lambda limit: held >= limit)
    return "moonshot" if moonshot and better(moonshot) else "must" if better(must) else "missed"


def distance(goal, held):
    """How many times away the moonshot is."""
    moonshot = GOALS[goal][2]
    if not moonshot or not held or verdict(goal, held) == "moonshot":
        return ""
    return f"{held / moonshot if goal in AT_MOST else moonshot / held:.1f}x"


def table(measured):
    """Of {goal: what was measured}; a goal that is missing was not measured."""
    lines = ["| goal | measure | measured | must | moonshot | | away | what stands in the way |", "|---|---|---:|---:|---:|---|---:|---|"]
    for goal, (what, must, moonshot, way) in GOALS.items():
        held = measured.get(goal)
        shown = ["not measured", "", "", ""] if held is None else [f"{held:.2f}", verdict(goal, held), distance(goal, held), way]
        lines.append(f"| {goal} | {what} | {shown[0]} | {must} | {moonshot or ''} | {shown[1]} | {shown[2]} | {shown[3] if shown[2] else ''} |")
    return "\n".join(lines)
