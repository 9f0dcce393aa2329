"""Debian packages for a test's readers: installed as root where they are missing."""
import pathlib
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "real" / "packages.sh"


def need(*packages):
    """Ends the test as skipped where they cannot be had."""
    with tempfile.NamedTemporaryFile() as log:
        words = ["sh", "-c", '. "$0"; need_packages "$@"', str(SCRIPT), log.name, *packages]
        if subprocess.run(words, stdout=subprocess.DEVNULL, check=False).returncode:
            print(f"skipped: not installed, and cannot be: {' '.join(packages)}")
            sys.exit(77)
