"""Line and branch coverage of the pure layers by their own tests, measured with gcovr: `./dev prove coverage`, or as part of
`./dev prove`. The last figure stands in docs/coverage.json; `python3 tests/prove/coverage.py` prints it."""
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIGURE = ROOT / "docs" / "coverage.json"
BUILD = ROOT / "build-coverage"
# What is judged is the code of these layers; what judges it are their unit and property tests, and no simulation.
LAYERS = r"plugin/(base|packet|incident|engine|config)/", r"sensorproto/(sdee|iplog)/"
TESTS = ["base", "packet", "sensorproto", "incident", "engine", "config", "any_xml", "any_capture"]
LINES_WANTED, BRANCHES_WANTED = 95, 90


def measured(commit: str) -> dict:
    """Builds, runs, counts. Raises when a test fails."""
    def run(*words: str) -> str:
        return subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
                              env={name: value for name, value in os.environ.items() if name != "EXHIBIT_PROOF"}).stdout
    run("cmake", "--preset", "coverage")
    run("cmake", "--build", str(BUILD), "--target", *[f"{name}_test" for name in TESTS])
    for counted in BUILD.rglob("*.gcda"):
        counted.unlink()
    for name in TESTS:
        run(str(BUILD / "bin" / f"{name}_test"), "--gtest_brief=1")
    out = run("gcovr", "-r", ".", "--object-directory", str(BUILD), *[word for layer in LAYERS for word in ("--filter", layer)],
              "--exclude-throw-branches", "--exclude-unreachable-branches", "--exclude-directories", ".*CompilerId.*", "--print-summary")
    figure = {name: float(re.search(rf"^{name}: ([0-9.]+)%", out, re.M)[1]) for name in ("lines", "branches")}
    return {**figure, "commit": commit, "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat()}


def sentence() -> str:
    if not FIGURE.exists():
        return "Coverage of the pure layers: not measured."
    figure = json.loads(FIGURE.read_text())
    return (f"Coverage of the pure layers by their own tests: {figure['lines']} % of lines (wanted: {LINES_WANTED}), "
            f"{figure['branches']} % of branches (wanted: {BRANCHES_WANTED}); {figure['date']}, {figure['commit'][:10]}.")


def measure(commit: str) -> bool:
    """Whether both are as wanted; the figure is kept in any case."""
    figure = measured(commit)
    FIGURE.write_text(json.dumps(figure) + "\n")
    return figure["lines"] >= LINES_WANTED and figure["branches"] >= BRANCHES_WANTED


if __name__ == "__main__":
    print(sentence())
    sys.exit(0)
