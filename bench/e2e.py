"""End to end: alerts of about 2.1 KB in, one POST for each out, the product beside Alertmanager and syslog-ng in turn."""
import pathlib
import statistics
import tempfile

import posts
import product
import rivals

FLAT = {"product": 20000, "alertmanager": 10000, "syslog-ng": 40000}
PACED, PACED_ALERTS = 500, 4000


START_NS = 1_000_000_000  # Left out of everybody's latencies: connections are made then.


def p99(pairs):
    """Of [(composed, arrived)] in ns: ms, without the start; of all where the start is all there is."""
    first = min(composed for composed, _ in pairs)
    steady = [pair for pair in pairs if pair[0] - first >= START_NS]
    times = sorted((arrived - composed) / 1e6 for composed, arrived in steady or pairs)
    return times[int(len(times) * 0.99)], statistics.median(times)


def of_product(build, folder, alerts, rate, in_flight=product.IN_FLIGHT):
    with posts.Sink(build) as sink, product.Product(build, folder, sink.url, alerts, rate, in_flight=in_flight) as ours:
        accepted = ours.accepted(120)
        whole = rivals.wait_for(sink, alerts, 120)
        arrived = rivals.marks(sink)
        composed = ours.composed()
        cpu, memory, threads = rivals.cpu_of(ours.process), rivals.memory_of(ours.process), rivals.threads_of(ours.process)
        if not whole:
            raise RuntimeError(f"{len(arrived)} of {alerts} were delivered: {ours.log.read_text()[-400:]}")
    late, middle = p99([(composed[mark], at) for mark, at in arrived if mark in composed])
    took = (max(at for _, at in arrived) - min(at for _, at in arrived)) / 1e9
    return {"accepted": alerts / accepted, "delivered": alerts / took, "cpu_us": cpu * 1e6 / alerts, "p99": late, "p50": middle, "memory": memory,
            "threads": threads[0] - 1}  # The first is the host's own.


def of_peer(build, unpacked, folder, name, alerts, rate):
    start = rivals.alertmanager if name == "alertmanager" else rivals.syslog_ng
    batch = 100 if name == "alertmanager" and rate == 0 else 1
    with posts.Sink(build) as sink, start(unpacked, folder, sink.url) as peer:
        sent = posts.one([f"{build}/bin/bench-load", "alertmanager" if name == "alertmanager" else "lines", str(peer.port), str(alerts), str(rate), str(batch)])
        whole = rivals.wait_for(sink, alerts, 120)
        arrived = rivals.marks(sink)
        cpu, memory = rivals.cpu_of(peer.process), rivals.memory_of(peer.process)
        if not whole:
            raise RuntimeError(f"{name}: {len(arrived)} of {alerts} came")
    late, middle = p99(arrived)
    took = (max(at for _, at in arrived) - min(mark for mark, _ in arrived)) / 1e9
    return {"accepted": alerts / sent["seconds"], "delivered": alerts / took, "cpu_us": cpu * 1e6 / alerts, "p99": late, "p50": middle, "memory": memory}


def round_of(build, unpacked, folder, say):
    """One turn of each; {(who, how): figures}"""
    held = {}
    for who in ("product", "alertmanager", "syslog-ng"):
        for how, rate in (("flat", 0), ("paced", PACED)):
            alerts = PACED_ALERTS if rate else FLAT[who]
            place = pathlib.Path(folder) / f"{who}-{how}"
            held[who, how] = of_product(build, place, alerts, rate) if who == "product" else of_peer(build, unpacked, place, who, alerts, rate)
            say(who, how, {name: round(value, 2) for name, value in held[who, how].items()})
    half = int(held["product", "flat"]["delivered"] / 2)
    held["product", "half"] = of_product(build, pathlib.Path(folder) / "half", half * 6 // 4 * 4, half)
    say("product at half of its flat rate", {name: round(value, 2) for name, value in held["product", "half"].items()})
    return held


def through_the_store(build, rounds, say):
    """{in flight: deliveries a second of the whole product}, medians: alerts read, committed, claimed, posted and marked done."""
    held = {}
    for in_flight in (1, 16):  # A desk gets 16 at most.
        turns = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(prefix="exhibit-e2e-") as folder:
                turns.append(of_product(build, pathlib.Path(folder) / "own", 8000, 0, in_flight)["delivered"])
        held[in_flight] = statistics.median(turns)
        say(f"{in_flight} in flight, through the store: {held[in_flight]:.0f}/s")
    return held


def storm(build, unpacked, folder, alerts, peer_alerts, say):
    """G6: (ours, Alertmanager's) MB after so many alerts against a sink that answers nothing."""
    with posts.Sink(build) as sink:
        rivals.hold(sink)
        with product.Product(build, pathlib.Path(folder) / "storm", sink.url, alerts, 0) as ours:
            ours.accepted(300)
            mine = rivals.memory_of(ours.process)
    with posts.Sink(build) as sink:
        rivals.hold(sink)
        with rivals.alertmanager(unpacked, pathlib.Path(folder) / "storm-am", sink.url) as peer:
            posts.one([f"{build}/bin/bench-load", "alertmanager", str(peer.port), str(peer_alerts), "0", "100"])
            theirs = rivals.memory_of(peer.process)
    say(f"after the storm: {mine:.0f} MB, Alertmanager {theirs:.0f} MB")
    return mine, theirs


def measure(build, rounds, say):
    """({goal: ratio}, {(who, how): medians}), or nothing where the peers cannot be had."""
    unpacked = rivals.unpack(build, say)
    if unpacked is None:
        return {}, {}
    turns = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="exhibit-e2e-") as folder:
            turns.append(round_of(build, unpacked, folder, say))
    with tempfile.TemporaryDirectory(prefix="exhibit-e2e-") as folder:
        mine, theirs = storm(build, unpacked, folder, 100000, 10000, say)

    def ratio(top, what, bottom, of):
        return statistics.median(turn[top][what] / turn[bottom][of] for turn in turns)

    ours, flat_am, flat_sn = ("product", "flat"), ("alertmanager", "flat"), ("syslog-ng", "flat")
    measured = {"G1": ratio(ours, "accepted", flat_am, "delivered"), "G2": ratio(ours, "accepted", flat_sn, "delivered"),
                "G3": ratio(ours, "cpu_us", flat_am, "cpu_us"), "G4": ratio(("product", "paced"), "p99", ("syslog-ng", "paced"), "p99"),
                "G4 in ms": statistics.median(turn["product", "paced"]["p99"] for turn in turns),
                "G5": statistics.median(turn["product", "half"]["p99"] for turn in turns), "G6": mine / theirs, "G6 in MB": mine,
                "G20": max(turn[ours]["threads"] for turn in turns)}
    medians = {key: {name: statistics.median(turn[key][name] for turn in turns) for name in turns[0][key]} for key in turns[0]}
    return measured, medians

