#!/usr/bin/env python3
"""The long run before a release: every promise at its long count, in portions, so that a stop costs one portion.

    ./dev prove [--hours H] [--tenth | --ci] [PROMISE...]

Portions that were good at this commit are kept in build/prove/ and not run again. Each promise whose parts are all shown,
or one of which failed, becomes one line of docs/promises.jsonl, and docs/promises.md is made anew.
"""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
from typing import Iterator

import coverage
import scoreboard
from promises import PROMISES, Part, Promise

ROOT = scoreboard.ROOT
SKIPPED = 77  # As CTest has it.


def say(text: str) -> None:
    print(f"prove: {text}", file=sys.stderr, flush=True)


def commit_of(root: pathlib.Path) -> str:
    """The commit, with a "+" when the tree differs from it; what is only written about does not count."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    changed = git("status", "--porcelain", "--", ".", ":!docs")
    return git("rev-parse", "HEAD") + ("+" if changed else "")


def wanted_count(part: Part, scale: str) -> int:
    return {"ci": part.ci, "tenth": max(part.ci, part.long // 10), "full": part.long}[scale]


def portions(part: Part, scale: str) -> Iterator[tuple[int, int]]:
    """(first seed, count) of each."""
    count = wanted_count(part, scale)
    step = part.portion or count
    for first in range(1, count + 1, step):
        yield first, min(step, count - first + 1)


class Run:
    def __init__(self, build: pathlib.Path, commit: str, scale: str, deadline: float | None):
        self.build, self.commit, self.scale, self.deadline = build, commit, scale, deadline
        self.folder = build / "prove"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kept = self.folder / "portions.jsonl"
        self.done = {tuple(line["key"]): line for line in scoreboard.read_lines(self.kept) if line["failures"] == 0}

    def over(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    def command(self, part: Part) -> list[str]:
        words = [word.replace("{build}", str(self.build)) for word in part.command]
        own = self.build / "bin" / words[0]
        found = str(own) if own.exists() else shutil.which(words[0])
        return [found or words[0], *words[1:]]

    def portion(self, promise: Promise, part: Part, first: int, count: int) -> dict:
        """What one portion told. To tell less than was asked for is a failure; a test that was skipped tells nothing."""
        proof, log = self.folder / "told.jsonl", self.folder / "log.txt"
        proof.unlink(missing_ok=True)
        environment = {**os.environ, **part.environment, part.count_in: str(count), "EXHIBIT_SEED": str(first),
                       "EXHIBIT_PROOF": str(proof)}
        began = time.monotonic()
        try:
            with open(log, "wb") as output:
                status = subprocess.run(self.command(part), cwd=ROOT, env=environment, stdout=output,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).returncode
        except OSError as error:
            log.write_text(f"{error}\n")
            status = 127
        told = [line for line in scoreboard.read_lines(proof) if line["promise"] == promise.id]
        shown, failures = sum(line["count"] for line in told), sum(line["failures"] for line in told)
        silent = status in (0, SKIPPED) and not told
        if failures == 0 and not silent and (status != 0 or shown < count * part.unit):
            failures = 1
        if silent:
            say(f"  {part.name}: told nothing: " + " ".join(log.read_text(errors="replace").strip().splitlines()[-1:]))
        if failures:
            kept = self.folder / f"{promise.id}-{part.name.replace(' ', '-').replace('/', '-')}-{first}.log"
            shutil.copy(log, kept)
            last = log.read_text(errors="replace").strip().splitlines()[-3:]
            say(f"  {part.name}: FAILED from seed {first} (status {status}, {shown} told); {kept}\n    " + "\n    ".join(last))
        return {"key": [self.commit, promise.id, part.name, first, count], "count": shown, "failures": failures,
                "seconds": round(time.monotonic() - began, 1), "silent": silent}

    def part(self, promise: Promise, part: Part) -> dict | None:
        """Nothing when it could not be shown: the time was over, or the test was skipped."""
        total, whole = {"name": part.name, "count": 0, "failures": 0, "seconds": 0.0}, wanted_count(part, self.scale)
        for first, count in portions(part, self.scale):
            line = self.done.get((self.commit, promise.id, part.name, first, count))
            if line is None:
                if self.over():
                    say("  the time is over; the next run goes on from here")
                    return None
                line = self.portion(promise, part, first, count)
                if line["silent"]:
                    return None
                with open(self.kept, "a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            for name in ("count", "failures", "seconds"):
                total[name] = round(total[name] + line[name], 1)
            done = first + count - 1
            left = scoreboard.duration(total["seconds"] / done * (whole - done))
            say(f"  {part.name}: {done:,} of {whole:,}, {total['failures']} failures, "
                f"{scoreboard.duration(total['seconds'])} so far, about {left} left")
        return total

    def promise(self, promise: Promise) -> dict | None:
        say(f"{promise.id} {promise.title}" + ("" if promise.parts else ": no test is named for it"))
        parts = []
        for part in promise.parts:
            told = self.part(promise, part)
            if told is not None:
                parts.append(told)
        whole = len(parts) == len(promise.parts)
        if not parts or not (whole or any(part["failures"] for part in parts)):
            return None
        counts = [wanted_count(part, self.scale) for part in promise.parts if part.portion]
        return {"id": promise.id, "title": promise.title, "scale": self.scale, "count": sum(p["count"] for p in parts),
                "failures": sum(p["failures"] for p in parts), "seconds": round(sum(p["seconds"] for p in parts), 1),
                "seeds": [1, max(counts)] if counts else None, "parts": parts,
                "version": scoreboard.version_of((ROOT / "CMakeLists.txt").read_text()), "commit": self.commit,
                "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat()}


def already_shown(promise: Promise, lines: list[dict], commit: str, scale: str) -> bool:
    asked = [[part.name, wanted_count(part, scale) * part.unit] for part in promise.parts]
    def covers(line: dict) -> bool:
        told = {part["name"]: part["count"] for part in line["parts"]}
        return all(told.get(name, 0) >= count for name, count in asked)
    return bool(asked) and any(line["id"] == promise.id and line["commit"] == commit and line["failures"] == 0 and
                               covers(line) for line in lines)


def keep(line: dict) -> None:
    with open(scoreboard.LINES, "a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    scoreboard.PAGE.write_text(scoreboard.made_page())


def keep_coverage(commit: str) -> None:
    """Short of what is wanted is said, and no promise broken."""
    say("coverage of the pure layers")
    try:
        coverage.measure(commit)
    except (OSError, subprocess.CalledProcessError) as error:
        return say(f"  not measured: {error}")
    scoreboard.PAGE.write_text(scoreboard.made_page())
    return say("  " + coverage.sentence())


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev prove", description="Shows the promises at their long counts.")
    parser.add_argument("--hours", type=float, help="begin no portion after this time")
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--tenth", action="store_const", const="tenth", dest="scale", help="a tenth of the long counts")
    scale.add_argument("--ci", action="store_const", const="ci", dest="scale", help="the counts of a CI run")
    parser.add_argument("promises", nargs="*", metavar="PROMISE", help="P1, P2b, coverage … (all)")
    asked = parser.parse_args()
    unknown = set(asked.promises) - {promise.id for promise in PROMISES} - {"coverage"}
    if unknown:
        parser.error(f"no such promise: {', '.join(sorted(unknown))}")
    run = Run(ROOT / "build", commit_of(ROOT), asked.scale or "full",
              time.monotonic() + asked.hours * 3600 if asked.hours is not None else None)
    broken = 0
    for promise in PROMISES:
        if asked.promises and promise.id not in asked.promises:
            continue
        if already_shown(promise, scoreboard.read_lines(scoreboard.LINES), run.commit, run.scale):
            say(f"{promise.id} was shown at this commit")
            continue
        line = run.promise(promise)
        if line is not None:
            broken += line["failures"] > 0
            keep(line)
    if (not asked.promises or "coverage" in asked.promises) and not run.over():
        keep_coverage(run.commit)
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("stopped; the next run goes on from here")
        sys.exit(130)
