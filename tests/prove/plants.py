"""The planted bugs of a promise, each found by the test that shows it: plants.py PROMISE BUILD_DIR

`./dev prove` builds them all beside the build, in BUILD_DIR-plants (EXHIBIT_PLANTS); EXHIBIT_PLANT chooses one for a run. A test
must be green without a plant, and say of each plant what it broke.
"""
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from proof import proved  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77


@dataclass(frozen=True)
class Plant:
    name: str
    command: tuple[str, ...]
    says: str  # What the test says once it has found it.


def gtest(program: str, test: str) -> tuple[str, ...]:
    return (f"{{build}}/bin/{program}_test", f"--gtest_filter={test}")


APART = gtest("runtime", "TenantsApart.None*")
LINKS = gtest("web", "SiteTest.UnknownAndForeign*")
MARKUP, PLAIN = ("python3", "tests/hostile/markup_test.py", "{build}"), ("/usr/bin/python3", "tests/hostile/plain_test.py", ".", "{build}")
CANARY, TARGETS = ("python3", "tests/hostile/canary_test.py", "{build}"), ("python3", "tests/egress/targets_test.py", "{build}")
PLANTS = {
    "P10": [
        Plant("store-query-without-tenant", APART, r"crossed\s+Which is: 19\b"),
        Plant("evidence-without-tenant", APART, r"crossed\s+Which is: 380\b"),
        Plant("link-without-tenant", LINKS, r"other\.status\s+Which is: 200\b"),
    ],
    "P15": [
        Plant("ticket-text-raw", (*MARKUP, "html"), r"FAILED html '(not calm|lost)'"),
        Plant("markdown-raw", (*MARKUP, "markdown"), r"FAILED markdown 'elements'"),
        Plant("page-text-raw", (*MARKUP, "page"), r"FAILED page '(a script ran|asked for|elements)'"),
        Plant("terminal-raw", PLAIN, r"FAILED 'decode'"),
        Plant("json-raw", PLAIN, r"FAILED 'no JSON'"),
        Plant("log-raw", PLAIN, r"FAILED 'log'"),
    ],
    "P16": [
        Plant("login-in-log", CANARY, r"FAILED .* stands in: log"),
        Plant("login-in-error", CANARY, r"FAILED .* stands in: "),
        Plant("inner-address-unchecked", TARGETS, r"FAILED .* connected elsewhere"),
    ],
}


def run(build: str, command: tuple[str, ...], plant: str) -> tuple[int, str]:
    words = [word.replace("{build}", build) for word in command]
    environment = os.environ | {"EXHIBIT_PLANT": plant}
    environment.pop("EXHIBIT_PROOF", None)  # What a broken product tells is no proof.
    done = subprocess.run(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def holds_plants(build: pathlib.Path) -> bool:
    return any(b"EXHIBIT_PLANT" in file.read_bytes() for file in (build / "lib/libexhibit.so", build / "bin/exhibit-adapter-runner"))


def main() -> int:
    promise, build = sys.argv[1], os.path.abspath(sys.argv[2])
    planted, plants = f"{build}-plants", PLANTS[promise]
    if not pathlib.Path(planted, "bin").is_dir():
        print("skipped: ./dev prove builds the planted bugs")
        return SKIPPED
    failed = 0
    if holds_plants(pathlib.Path(build)) or not holds_plants(pathlib.Path(planted)):
        failed += 1
        print("FAILED: the plants are not where they belong")
    for command in dict.fromkeys(plant.command for plant in plants):
        status, said = run(planted, command, "none")
        if status == SKIPPED:
            print(said[-300:])
            return SKIPPED
        if status:
            failed += 1
            print(f"FAILED: red without a plant: {' '.join(command)}\n{said[-2000:]}")
    for plant in plants:
        status, said = run(planted, plant.command, plant.name)
        found = re.search(plant.says, said) if status not in (0, SKIPPED) else None
        failed += found is None
        print(f"{plant.name}: {'found: ' + found[0] if found else f'FAILED: not found, status {status}' + chr(10) + said[-2000:]}", flush=True)
    proved(promise, len(plants), failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
