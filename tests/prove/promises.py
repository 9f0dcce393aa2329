"""The promises, and for each the tests that show it: what `./dev prove` runs. Add a Part here, and call `proved` in its
test (tests/support/proof.h, proof.py); nothing else is needed.

A part is asked for `count` by EXHIBIT_COUNT (or by `count_in`), with EXHIBIT_SEED as its first seed, `portion` at a time.
`ci` is the count of every CI run, `long` the count before a release; --tenth runs a tenth of it, never less than `ci`.
"""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    name: str
    command: list[str]  # The first word is looked for in build/bin, then on the PATH; {build} is the build folder.
    ci: int
    long: int
    portion: int = 0  # 0: all at once.
    count_in: str = "EXHIBIT_COUNT"
    environment: dict[str, str] = field(default_factory=dict)
    unit: int = 1  # What one of the asked count is worth in what the test tells: a matrix of 12 modes tells 12.


@dataclass(frozen=True)
class Promise:
    id: str
    title: str
    scope: str = ""  # What of the promise is shown here, where it is not all.
    parts: list[Part] = field(default_factory=list)


def gtest(program: str, test: str) -> list[str]:
    return [f"{program}_test", "--gtest_brief=1", f"--gtest_filter={test}"]


def plants(promise: str, count: int) -> Part:
    return Part("planted bugs found", ["python3", "tests/prove/plants.py", promise, "{build}"], count, count)


def fuzz(target: str, promise: str, long: int) -> Part:
    """Executions of a fuzz target; every CI run bends its seeds by dice instead (`fuzz_replay_*`)."""
    return Part(f"fuzz {target}", ["python3", "tests/fuzz/runs.py", target, promise, "{build}"], 20_000, long, portion=10_000_000)


PROMISES = [
    Promise("P1", "Nothing acknowledged is lost", parts=[
        Part("kills of the server", gtest("faults", "Kill.TheWholeProcessAtRandomMoments"), 200, 10_000, portion=1000),
    ]),
    Promise("P2", "One incident, one ticket", "simulated desks, Request Tracker and Redmine", [
        Part("12 ways to fail", gtest("faults", "Desk.FailsInTwelveWaysAtEveryIncidentWhileTheServerDies"), 20, 10_000,
             portion=1000, unit=12),
        Part("two instances, swapped", gtest("faults", "TwoInstances.KilledAndSwapped*"), 100, 1000, portion=1000),
        Part("Request Tracker, 16 at once", gtest("real", "*ManyAtOnce*"), 50, 500, count_in="EXHIBIT_REAL_COUNT"),
        Part("Redmine, 16 at once", gtest("real", "*ManyAtOnce*"), 16, 500, count_in="EXHIBIT_REAL_COUNT",
             environment={"EXHIBIT_REAL": "redmine", "EXHIBIT_LONG": "1"}),
    ]),
    Promise("P2b", "Mail and webhook: at least once, under one id", parts=[
        Part("lossy receivers", gtest("faults", "StableId.*"), 50, 10_000, portion=1000, unit=2),
        Part("real mail, 16 at once", ["python3", "tests/real/mail/quiet_test.py", "{build}", "Load"], 50, 500,
             count_in="EXHIBIT_REAL_COUNT"),
    ]),
    Promise("P3", "Every gap is known"),
    Promise("P4", "Replay has no effect", "in the simulated world", [
        Part("days fed twice", gtest("sim", "Simulation.ADayThatIsFedAgain*"), 10, 1000, portion=50),
    ]),
    Promise("P5", "Power-cut safe", parts=[
        Part("states after a cut", gtest("disk", "PowerCut.LosesNothing*"), 2_000, 100_000, portion=20_000),
    ]),
    Promise("P6", "Disk full safe", parts=[
        Part("each change refused", gtest("disk", "*FullDisk*"), 1_000, 1_000),
        Part("disks filled under the server", gtest("faults", "FullDisk.*"), 6, 120, portion=12),
    ]),
    Promise("P7", "Damage is found and healed", parts=[
        Part("damaged files", gtest("disk", "Damage.IsFound*"), 400, 4_000),
        Part("stores begun anew", gtest("faults", "Damage.*"), 8, 1_000, portion=200),
    ]),
    Promise("P8", "Memory failure safe", "sensor's bytes to rows and decoder, in process", [
        Part("each allocation fails", gtest("disk", "NoMemory.AtAny*"), 1_050, 1_050),
    ]),
    Promise("P9", "Evidence is provable"),
    Promise("P10", "Tenants apart", "store, rows behind pages, evidence, links", [
        Part("pairs of 20 tenants", gtest("runtime", "TenantsApart.None*"), 380, 380),
        plants("P10", 3),
    ]),
    Promise("P11", "Any XML", "SDEE; fuzzed under AddressSanitizer and UBSan", [
        Part("cut at every byte", gtest("any_xml", "*CutAnywhere*"), 20, 200),
        Part("each bit flipped in an event", gtest("any_xml", "*Flipped*"), 2, 20),
        Part("hostile documents", gtest("any_xml", "*EveryGoodAlert*"), 160, 500),
        fuzz("sdee_document", "P11", 100_000_000),
        fuzz("base64", "P11", 100_000_000),
    ]),
    Promise("P12", "Any capture", "packets and files; fuzzed under AddressSanitizer and UBSan", [
        Part("packets, 5 ms each", gtest("any_capture", "*EachPacket*"), 20_000, 1_000_000, portion=200_000),
        Part("costly files", gtest("any_capture", "*AFullFile*"), 12, 200, portion=50),
        Part("values beside TShark's", gtest("packet", "Corpus.AgreesWithTShark*"), 10_000, 10_000),
        fuzz("decode_packet", "P12", 100_000_000),
        fuzz("capture_read", "P12", 10_000_000),
    ]),
    Promise("P13", "Any HTTP peer", "desks' and sensors' clients, the pages", [
        Part("peers before each client", ["python3", "tests/hostile/peers_test.py", "{build}"], 1400, 10_000),
        Part("183 mad sensors at once", ["python3", "tests/hostile/sensors_test.py", "{build}"], 150, 150),
        Part("visitors of our pages", ["python3", "tests/hostile/visitors_test.py", "{build}"], 200, 200),
    ]),
    Promise("P14", "Links"),
    Promise("P15", "No sink is fooled", "tickets, pages, Markdown, HTML, JSON, terminal, log, file names", [
        Part("markup and pages", ["python3", "tests/hostile/markup_test.py", "{build}"], 1249, 3000, count_in="EXHIBIT_HOSTILE", unit=20),
        Part("terminal, JSON, names, log", ["/usr/bin/python3", "tests/hostile/plain_test.py", ".", "{build}"], 1249, 3000,
             count_in="EXHIBIT_HOSTILE", unit=5),
        Part("Request Tracker's pages", ["python3", "tests/hostile/desks_test.py", "rt", "{build}"], 1249, 3000, count_in="EXHIBIT_HOSTILE",
             unit=11),
        Part("Redmine's pages", ["python3", "tests/hostile/desks_test.py", "redmine", "{build}"], 1249, 3000, count_in="EXHIBIT_HOSTILE",
             unit=11, environment={"EXHIBIT_LONG": "1"}),
        plants("P15", 6),
    ]),
    Promise("P16", "No secret out, no inner address", parts=[
        Part("secrets in every output", ["python3", "tests/hostile/canary_test.py", "{build}"], 4000, 4000),
        Part("412 targets", ["python3", "tests/egress/targets_test.py", "{build}"], 1400, 1400),
        plants("P16", 3),
    ]),
    Promise("P17", "TLS per sensor", parts=[
        Part("cells", gtest("runtime", "SensorTls.OnlyAListed*"), 192, 192),
        Part("without secure renegotiation", gtest("runtime", "SensorTls.APeerWithoutSecure*"), 36, 36),
    ]),
    Promise("P18", "Fair"),
    Promise("P19", "Upgrade"),
    Promise("P20", "Any clock", "timers, in the simulated world; links and sessions", [
        Part("worlds with wild clocks", gtest("sim", "Simulation.NoClock*"), 100, 10_000, portion=250),
        Part("links under wild clocks", gtest("web", "ClockTest.NoClock*"), 10, 1_000, portion=100),
    ]),
    Promise("P21", "Privacy"),
    Promise("P22", "Good guest", parts=[
        Part("lives in a host", ["python3", "tests/guest/guest_test.py", ".", "{build}"], 50, 1000),
    ]),
    Promise("P23", "Deterministic replay", parts=[
        Part("worlds of 24 hours", gtest("sim", "Simulation.EveryAlert*"), 50, 10_000, portion=100,
             environment={"EXHIBIT_SIM_HOURS": "24"}),
        Part("equal digests", gtest("sim", "Simulation.OneSeedIsOneRun"), 3, 100, portion=25,
             environment={"EXHIBIT_SIM_HOURS": "24"}),
        Part("planted bugs found", gtest("sim_planted", "*Plant*"), 30, 30),
    ]),
    Promise("P24", "Bounded resources", "each minute of soak after 24 minutes' worth of load at ten times the rate", [
        Part("minutes of soak", ["python3", "tests/soak/soak_test.py", "{build}"], 1, 60),
    ]),
]
