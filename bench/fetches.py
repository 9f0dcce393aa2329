"""IP logs of 1 MB over TLS (G17): fetched, hashed and sealed by the product's parts, beside bare libcurl to memory, in turn."""
import hashlib
import shutil
import statistics
import subprocess

import posts

IN_FLIGHT, COUNT = 4, 200


def pin_of(certificate):
    """What the product pins: SHA-256 of the public key."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], stdout=subprocess.PIPE, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key, stdout=subprocess.PIPE, check=True).stdout
    return hashlib.sha256(der).hexdigest()


def measure(build, folder, rounds, say):
    """(ratio, ours, curl), medians of fetches a second"""
    certificate, key = posts.new_certificate(folder)
    turns = []
    with posts.Sink(build, (certificate, key)) as sink:
        def fetch(who, *more):
            return posts.one([f"{build}/bin/bench-fetch", who, str(sink.port), str(IN_FLIGHT), str(COUNT), *more])["per_second"]
        for _ in range(rounds):
            turns.append((fetch("ours", pin_of(certificate), f"{folder}/evidence"), fetch("curl", certificate)))
            shutil.rmtree(f"{folder}/evidence")  # Else what is sealed already would be compared, not kept.
            say(f"IP logs of 1 MB a second: {turns[-1][0]:.0f}, libcurl to memory {turns[-1][1]:.0f}")
    ours, curl = (statistics.median(turn[who] for turn in turns) for who in (0, 1))
    return statistics.median(a / b for a, b in turns), ours, curl
