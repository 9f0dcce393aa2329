#!/usr/bin/env python3
"""So many executions of one fuzz target under its sanitizers, for `./dev prove`: runs.py NAME PROMISE BUILD_FOLDER.

The fuzz build stands beside the build folder (`./dev prove` makes it), and what it learns stays in its corpus. A finding
goes to tests/fuzz/crashes/NAME.
"""
import os
import pathlib
import re
import subprocess
import sys

FUZZ = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FUZZ.parent / "support"))
from proof import asked_count, first_seed, proved  # noqa: E402


def main() -> int:
    name, promise, build = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
    program = build.with_name(build.name + "-fuzz") / "bin" / f"{name}_fuzz"
    if not program.exists():
        print(f"skipped: {program} is not built")
        return 77
    corpus, crashes = program.parent.parent / "corpus" / name, FUZZ / "crashes" / name
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    wanted = asked_count(20_000)
    # A stack for each allocation costs more than the target itself, and so does the schedule that weighs rare features
    # (entropic); findings are run again with the first.
    # A process that was stopped for a while is no finding; how long anything may take is the target's own demand.
    options = ":".join([os.environ.get("ASAN_OPTIONS", ""), "malloc_context_size=0", "quarantine_size_mb=8"]).strip(":")
    out = subprocess.run([program, f"-runs={wanted}", f"-seed={first_seed()}", "-max_len=1024", "-entropic=0",
                          "-report_slow_units=1000000", f"-artifact_prefix={crashes}/", corpus, FUZZ / "seeds" / name, crashes],
                         env={**os.environ, "ASAN_OPTIONS": options}, capture_output=True, check=False)
    said = out.stderr.decode(errors="replace")
    done = re.search(r"^Done (\d+) runs", said, re.M)
    count = int(done[1]) if done else 0
    print("\n".join(said.splitlines()[-15:]) if out.returncode else f"{name}: {count} executions")
    proved(promise, count, 1 if out.returncode else 0)
    if not any(crashes.iterdir()):
        crashes.rmdir()
    return 1 if out.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
