"""Deliveries over HTTP: the webhook adapter in the product's runner beside bare cpprestsdk and libcurl, in turn."""
import contextlib
import json
import statistics
import subprocess
import urllib.request


class Sink:
    """Takes every POST; one process."""

    def __init__(self, build, certificate=None):
        words = [f"{build}/bin/bench-sink", *(certificate or ())]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.url = f"http{'s' if certificate else ''}://{'localhost' if certificate else '127.0.0.1'}:{self.port}/"

    def stats(self):
        with urllib.request.urlopen(self.url + "stats", timeout=5) as answer:
            return json.load(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait(10)


def one(words, environment=None):
    done = subprocess.run(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=120, check=True, env=environment)
    return json.loads(done.stdout)


def runner_words(build, url, in_flight, count, *trusted):
    return [f"{build}/bin/bench-runner", f"{build}/bin/exhibit-adapter-runner", f"{build}/lib/libexhibit-adapter-webhook.so", url,
            str(in_flight), str(count), *trusted]


def rates(build, rounds, say):
    """{in flight: (ours, bare, ratio)}: medians of the rounds, the two in turn in each."""
    results = {}
    with Sink(build) as sink:
        one(runner_words(build, sink.url, 4, 400))  # Warm.
        held = sink.stats()
        size = str(held["bytes"] // max(held["requests"], 1))
        for in_flight, count in ((1, 3000), (16, 16000), (64, 16000)):
            ours, bare = [], []
            for _ in range(rounds):
                ours.append(one(runner_words(build, sink.url, in_flight, count))["per_second"])
                bare.append(one([f"{build}/bin/bench-posts", "cpprest", sink.url, str(in_flight), str(count), size])["per_second"])
            ratios = [a / b for a, b in zip(ours, bare)]
            results[in_flight] = (statistics.median(ours), statistics.median(bare), statistics.median(ratios))
            say(f"{in_flight} in flight: {results[in_flight][0]:.0f}/s in the runner, {results[in_flight][1]:.0f}/s bare, ratio {results[in_flight][2]:.2f}")
    return results, int(size)


def new_certificate(folder):
    """(certificate, key) for localhost"""
    certificate, key = f"{folder}/cert.pem", f"{folder}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    return certificate, key


def first_post(build, folder, processes, say):
    """G16: one POST over TLS of a fresh process; (ours, curl, ratio) in ms, medians."""
    certificate, key = new_certificate(folder)
    ours, curl = [], []
    with Sink(build, (certificate, key)) as sink:
        for _ in range(processes):
            # The trust file of a desk is a file of its own: the library would load the system's for every connection.
            ours.append(one(runner_words(build, sink.url, 1, 1, certificate), {"SSL_CERT_FILE": certificate})["p50_ms"])
            curl.append(one([f"{build}/bin/bench-posts", "curl", sink.url, "1", "1", "3800", certificate])["p50_ms"])
    result = statistics.median(ours), statistics.median(curl), statistics.median(a / b for a, b in zip(ours, curl))
    say(f"first POST over TLS: {result[0]:.2f} ms in the runner, {result[1]:.2f} ms libcurl, ratio {result[2]:.2f}")
    return result


if __name__ == "__main__":
    import sys
    import tempfile
    rates(sys.argv[1], int(sys.argv[2]), print)
    with tempfile.TemporaryDirectory() as name:
        first_post(sys.argv[1], name, 15, print)
