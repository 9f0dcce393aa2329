"""How a test and ./dev prove speak with each other; tests/support/proof.h says what the words mean."""
import json
import os


def asked_count(in_ci: int) -> int:
    return int(os.environ.get("EXHIBIT_COUNT") or in_ci)


def first_seed(in_ci: int = 1) -> int:
    return int(os.environ.get("EXHIBIT_SEED") or in_ci)


def proved(promise: str, count: int, failures: int) -> None:
    path = os.environ.get("EXHIBIT_PROOF")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"promise": promise, "count": count, "failures": failures}) + "\n")
