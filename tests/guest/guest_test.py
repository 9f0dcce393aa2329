#!/usr/bin/env python3
"""The plugin as a good guest (P22): so many lives of it in a host that uses TLS, speaks other languages or has no standard
descriptors, and nothing of the process is different afterwards. Then a rude guest, each of whose deeds must be caught.

    guest_test.py SOURCE_FOLDER BUILD_FOLDER     (EXHIBIT_COUNT lives in all)
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import packages  # noqa: E402
from proof import asked_count, proved  # noqa: E402

SOURCE, BUILD = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
LIVES_IN_CI = 50
GROWTH_MAX = 1 << 20
STOP_MAX_MS = 5000
# Not sigaction, which Asio holds ready and nobody calls, and not kill, which the failpoints of a test build do: the spy sees both.
FORBIDDEN_IMPORTS = {"atexit", "exit", "_exit", "_Exit", "quick_exit", "fork", "vfork", "system", "popen", "daemon", "signal",
                     "sigprocmask", "setlocale", "umask", "chdir", "fchdir", "setenv", "unsetenv", "putenv", "clearenv", "srand",
                     "srandom", "tzset", "setrlimit", "prlimit", "alarm", "setitimer", "raise", "openlog", "syslog",
                     "__register_atfork", "mallopt", "setuid", "setgid", "setsid", "nice", "setpriority"}
LOCALES = ["de_DE", "tr_TR"]


def made_locales(folder: pathlib.Path) -> dict[str, str]:
    """The languages, compiled here, since a system has those that its owner speaks; one that cannot be made is left out."""
    try:
        packages.need("locales")
    except SystemExit:
        pass
    for name in LOCALES:
        subprocess.run(["localedef", "-i", name, "-f", "UTF-8", str(folder / f"{name}.UTF-8")], check=False, capture_output=True)
        if not (folder / f"{name}.UTF-8" / "LC_NUMERIC").exists():
            print(f"skipped: the locale {name} cannot be made here")
    return {"LOCPATH": str(folder)}


class Peers:
    """A simulated sensor with TLS and a simulated desk."""

    def __init__(self) -> None:
        self.programs = []
        sensor = self.start("exhibit-sim-sensor", "--log-seconds", "1", "--scenario", "load", "--alerts", "2", "--tls", "legacy")
        self.words = [f"sensor={sensor['url']}", f"pin={sensor['pin']}", f"desk={self.start('exhibit-sim-desk')['url']}",
                      f"capture={SOURCE}/tests/fuzz/seeds/capture_read/pcap"]

    def start(self, name: str, *words: str) -> dict:
        program = subprocess.Popen(
            [BUILD / "bin" / name, "--user", "exhibit", "--password-env", "GUEST", "--until-stdin-closes", *words],
            env={**os.environ, "GUEST": "guest-secret"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.programs.append(program)
        return json.loads(program.stdout.readline())

    def close(self) -> None:
        for program in self.programs:
            program.stdin.close()
            program.stdout.close()
            program.wait(20)


class Report:
    """What one host said of its guest, what the spy saw, and what stood on the standard outputs."""

    def __init__(self, library: pathlib.Path, lives: int, words: list[str], environment: dict[str, str]):
        with tempfile.TemporaryDirectory(prefix="exhibit-guest-") as name:
            folder = pathlib.Path(name)
            (folder / "state").mkdir()
            spied = folder / "spied"
            with open(folder / "output", "wb") as output:
                self.status = subprocess.run(
                    [BUILD / "bin" / "guest_host", library, folder / "state", folder / "report", str(lives), *words],
                    env={**os.environ, **environment, "LD_PRELOAD": str(BUILD / "lib" / "libguest_spy.so"), "GUEST_SPY_FILE": str(spied)},
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, timeout=lives * 20 + 60, check=False).returncode
            self.output = (folder / "output").read_text(errors="replace")
            lines = (folder / "report").read_text().splitlines() if (folder / "report").exists() else []
            self.calls = spied.read_text().splitlines() if spied.exists() else []
        self.found = [line for line in lines if line.startswith(("difference", "complaint"))]
        self.values = dict(line.split(" ", 1) for line in lines if line not in self.found and " " in line)

    def number(self, name: str) -> int:
        return int(self.values.get(name, -1))

    def problems(self, lives: int, stop_max_ms: int = STOP_MAX_MS) -> list[str]:
        found = self.found + [f"forbidden call {call}" for call in sorted(set(self.calls))]
        if self.status != 0 or self.number("cycles") != lives:
            found.append(f"the host ended with {self.status}")
        if self.output:
            found.append(f"output: {self.output[:300]}")
        if self.number("growth_bytes") > GROWTH_MAX:
            found.append(f"growth: {self.number('growth_bytes'):,} bytes after life 10")
        if self.number("stop_max_ms") > stop_max_ms:
            found.append(f"slow stop: {self.number('stop_max_ms')} ms")
        if self.number("failed_handshakes") != 0:
            found.append(f"the host's own TLS failed {self.number('failed_handshakes')} times")
        return found


def imports_of(library: pathlib.Path) -> set[str]:
    """What the library itself calls elsewhere, and whether it registers something for the end of the process."""
    def names(*words: str) -> list[list[str]]:
        out = subprocess.run(["nm", *words, library], capture_output=True, text=True, check=True).stdout
        return [line.split() for line in out.splitlines()]
    called = {line[-1].split("@")[0] for line in names("-D", "--undefined-only")}
    return called | {line[-1] for line in names() if line[-1] == "atexit"}


def lives_of_the_plugin(lives: int) -> int:
    failures = 0
    library = BUILD / "lib" / "libexhibit.so"
    wrong = imports_of(library) & FORBIDDEN_IMPORTS
    if wrong:
        failures += 1
        print(f"the library calls {', '.join(sorted(wrong))}")
    peers = Peers()
    locales = pathlib.Path(tempfile.mkdtemp(prefix="exhibit-locales-"))
    spoken = made_locales(locales)
    some = max(5, lives // 10)
    ways = [("as it is", lives - 4 * some, []), ("de_DE", some, ["locale=de_DE.UTF-8"]),
            ("tr_TR", some, ["locale=tr_TR.UTF-8", "first=4"]), ("no standard descriptors", some, ["closed=1", "first=3"]),
            ("a locale that moves", some, ["restless=1", "first=6"])]
    decoded, lived = set(), 0
    for name, count, words in ways:
        report = Report(library, count, peers.words + words, spoken)
        if report.status == 77:
            print(f"{name}: left out, the host does not speak it")
            continue
        problems = report.problems(count)
        decoded.add(report.values.get("decoded"))
        failures += len(problems)
        lived += count
        print(f"{name}: {count} lives, slowest stop {report.number('stop_max_ms')} ms, growth after life 10 "
              f"{report.number('growth_bytes'):,} bytes, {report.number('handshakes')} own handshakes, {len(problems)} problems",
              *problems[:20], sep="\n  ")
    if len(decoded) != 1:
        failures += 1
        print(f"a capture reads differently in another language: {decoded}")
    peers.close()
    shutil.rmtree(locales)
    proved("P22", lived, failures)
    return failures


def rude_ones() -> int:
    """Each deed of the rude guest must be found, and a guest that does nothing must not."""
    library = BUILD / "lib" / "librude_guest.so"
    names = subprocess.run([sys.executable, "-c", "import ctypes, sys\nfound = []\n"
                            "call = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(lambda name: found.append(name.decode()))\n"
                            "ctypes.CDLL(sys.argv[1]).rude_guest_names(call)\nprint('\\n'.join(found))", library],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    missed = []
    for name in names + ["nothing"]:
        lives = 30 if name == "growth" else 1
        report = Report(library, lives, ["bare=1"], {"RUDE": name})
        problems = report.problems(lives, stop_max_ms=300)
        wanted = name.removeprefix("difference:")
        if name == "nothing":
            missed += problems
        elif not any(wanted in problem for problem in problems):
            missed.append(f"{name}: not found among {problems}")
    print(f"a rude guest: {len(names)} deeds, {len(missed)} not caught", *missed, sep="\n  ")
    return len(missed)


def main() -> int:
    failures = rude_ones()
    failures += lives_of_the_plugin(asked_count(LIVES_IN_CI))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
