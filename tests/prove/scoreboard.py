"""docs/promises.md, made of the kept lines in docs/promises.jsonl: `python3 tests/prove/scoreboard.py` writes it anew."""
import datetime
import json
import pathlib
import re

import coverage
from promises import PROMISES, Promise

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES, PAGE = ROOT / "docs" / "promises.jsonl", ROOT / "docs" / "promises.md"
FRESH_DAYS = 30
SCALES = ["ci", "tenth", "full"]

HEAD = """# What was shown

Made by `./dev prove` from `docs/promises.jsonl`; edit neither. A promise is shown by a line of this version, not more than
{days} days older than the newest line; without one it reads "not shown". *Full* is the count before a release, *a tenth* and
*CI* are less of the same run; `tests/prove/promises.py` names the tests and their counts.

Version {version}.

| promise | shown | count | failures | seeds | took | date | commit |
|---|---|---|---|---|---|---|---|
"""


def version_of(cmake: str) -> str:
    return re.search(r"project\(exhibit VERSION ([0-9.]+)", cmake)[1]


def read_lines(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def fresh(line: dict, version: str, newest: str) -> bool:
    day = datetime.date.fromisoformat
    return (line["version"] == version and "+" not in line["commit"]
            and (day(newest) - day(line["date"])).days <= FRESH_DAYS)


def best(promise: str, lines: list[dict], version: str) -> dict | None:
    """The largest count that was shown since the last failure; that failure when nothing was shown since."""
    newest = max((line["date"] for line in lines), default="")
    chosen = None
    for line in lines:
        if line["id"] != promise or not fresh(line, version, newest):
            continue
        better = chosen is None or bool(chosen["failures"]) or SCALES.index(line["scale"]) >= SCALES.index(chosen["scale"])
        if line["failures"] or better:
            chosen = line
    return chosen


def duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes == 0:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def row(promise: Promise, line: dict | None) -> str:
    title = f"**{promise.id}** {promise.title}" + (f" ({promise.scope})" if promise.scope else "")
    if line is None:
        return f"| {title} | not shown | | | | | | |\n"
    shown = "**broken**" if line["failures"] else {"ci": "CI", "tenth": "a tenth", "full": "full"}[line["scale"]]
    seeds = "{}–{}".format(*line["seeds"]) if line["seeds"] else ""
    parts = "<br>".join(f"{part['name']}: {part['count']:,}" for part in line["parts"])
    return (f"| {title} | {shown} | {parts} | {line['failures']} | {seeds} | {duration(line['seconds'])} | {line['date']} |"
            f" {line['commit'][:10]} |\n")


def page(lines: list[dict], version: str) -> str:
    rows = [row(promise, best(promise.id, lines, version)) for promise in PROMISES]
    return HEAD.format(days=FRESH_DAYS, version=version) + "".join(rows)


def made_page() -> str:
    return page(read_lines(LINES), version_of((ROOT / "CMakeLists.txt").read_text())) + f"\n{coverage.sentence()}\n"


if __name__ == "__main__":
    PAGE.write_text(made_page())
