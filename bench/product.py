"""The product in the end-to-end bench: `exhibit serve` between simulated sensors over TLS and a webhook."""
import json
import os
import subprocess
import time

import rivals

SENSORS, IN_FLIGHT = 4, 16  # In flight at the desk, unless told otherwise.


class Sensor:
    """One simulated sensor; what it says goes to a file, so that it never waits for a reader."""

    def __init__(self, build, root, number, alerts, rate, capture):
        self.file = root / f"sensor{number}.log"
        load = ["--scenario", "load", "--alerts", str(alerts), "--rate", str(rate), "--seed", str(number * 100), "--packet-bytes", "1000", "--no-logs",
                "--store-bytes", str(1 << 30), *([] if rate else ["--unasked"])]
        words = [f"{build}/bin/exhibit-sim-sensor", "--user", "exhibit", "--password-env", "BENCH_SENSOR", "--name", f"ips{number}", "--until-stdin-closes",
                 *(["--pcap", str(capture), "--log-seconds", "1"] if capture else load)]
        with open(self.file, "wb") as out:
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, env=os.environ | {"BENCH_SENSOR": "bench"})
        ready = self.wait_for("ready", 20)
        self.url, self.pin = ready["url"], ready["pin"]
        while not rate and not capture and self.file.read_bytes().count(b'"alert"') < alerts:
            time.sleep(0.05)

    def said(self):
        return [json.loads(line) for line in self.file.read_text().splitlines() if line.endswith("}")]

    def wait_for(self, event, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if f'"{event}"'.encode() in self.file.read_bytes():
                return next(said for said in self.said() if said["event"] == event)
            time.sleep(0.01)
        raise RuntimeError(f"a sensor never said {event}")

    def end(self):
        self.process.kill()
        self.process.wait(10)


class Product:
    """`alerts` in all, at `rate` a second in all (0: they stand ready before it starts); or one sensor that replays `capture`. With a `password` the user
    kim may look at the evidence."""

    def __init__(self, build, root, url, alerts=0, rate=0, capture=None, password=None, in_flight=IN_FLIGHT):
        for name in ("state/secrets", "tenants"):
            (root / name).mkdir(parents=True)
        for path in (root / "state", root / "state/secrets"):
            path.chmod(0o700)
        (root / "state/secrets/sensor").write_text("bench")
        (root / "state/secrets/hook").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        self.sensors = []
        for number in range(1 if capture else SENSORS):
            if number > 0:
                time.sleep(1.05)  # A sensor numbers its events from the second of its start, and a mark tells no more than that number.
            self.sensors.append(Sensor(build, root, number, alerts // SENSORS, rate / SENSORS, capture))
        listed = ", ".join(f"{{name: ips{number}, kind: cisco-sdee, url: \"{sensor.url}\", login: {{user: exhibit, password: {{file: sensor}}}}, "
                           f"pin: \"{sensor.pin}\"}}" for number, sensor in enumerate(self.sensors))
        self.port = rivals.free_port()
        page = ""
        if password:
            stored = subprocess.run([f"{build}/bin/exhibit", "user", "hash"], input=password + "\n", stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
            page = f"web: {{listen: \"127.0.0.1:{self.port}\"}}\nusers: [{{name: kim, scrypt: {json.dumps(stored)}, tenants: [acme]}}]\n"
        (root / "exhibit.yaml").write_text(
            f"public_url: http://127.0.0.1:{self.port}\nstate: {root}/state\n{page}desks:\n  hook: {{adapter: webhook, url: \"{url}\", "
            f"login: {{secrets: [{{file: hook}}]}}, concurrency: {in_flight}}}\n")
        (root / "tenants/acme.yaml").write_text(f"tenant: acme\nsensors: [{listed}]\ndesk: {{use: hook}}\n")
        self.log = root / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([f"{build}/bin/exhibit", "serve", "--config", f"{root}/exhibit.yaml"], stdout=log, stderr=log)

    def accepted(self, seconds):
        """Seconds from the first subscription to the last acknowledgement, which only a committed batch gets."""
        done = [sensor.wait_for("done", seconds) for sensor in self.sensors]
        return (max(int(said["at_ns"]) for said in done) - min(int(said["opened_ns"]) for said in done)) / 1e9

    def composed(self):
        """{event id: when it was composed, ns}"""
        return {int(said["event_id"]): int(said["composed_ns"]) for sensor in self.sensors for said in sensor.said() if said["event"] == "alert"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        for sensor in self.sensors:
            sensor.end()
