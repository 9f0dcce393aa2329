"""Peers of the end-to-end bench: Alertmanager and syslog-ng, unpacked from Debian's packages and run as plain processes on loopback."""
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

PACKAGES = ("prometheus-alertmanager", "syslog-ng-core", "syslog-ng-mod-http", "wrk", "nginx-light", "nginx")


def unpack(build, say):
    """The folder with the programs in it, or None. Unpacked, never installed: so no service is started and nothing of the system changes."""
    folder = pathlib.Path(build) / "peers"
    if (folder / "whole").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    words = ["apt-get", "install", "-s", "--no-install-recommends", *PACKAGES]
    plan = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    names = {line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")} | set(PACKAGES)
    got = subprocess.run(["apt-get", "download", "-qq", *sorted(names)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if got.returncode:
        say(f"skipped: cannot be had from Debian: {' '.join(PACKAGES)}")
        return None
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)
        package.unlink()
    (folder / "whole").touch()
    return folder


def environment(folder):
    return os.environ | {"LD_LIBRARY_PATH": f"{folder}/usr/lib/x86_64-linux-gnu:{folder}/usr/lib/syslog-ng"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process):
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"{process.args[0]} did not start")


def family(process):
    """The process and its children, as long as it lives."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], stdout=subprocess.PIPE, text=True, check=False).stdout.split()
    return [process.pid, *map(int, listed)]


def cpu_of(process):
    """Seconds of user and system time of the process and its living children."""
    ticks = 0
    for pid in family(process):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_of(process):
    """MB resident."""
    lines = [line for pid in family(process) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return sum(int(line.split()[1]) for line in lines) / 1024


def threads_of(process):
    return [len(os.listdir(f"/proc/{pid}/task")) for pid in family(process)]


class Peer:
    """A process that ends with the block."""

    def __init__(self, words, port, env=None):
        self.port = port
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=env)

    def __enter__(self):
        wait_for_port(self.port, self.process)
        return self

    def __exit__(self, *_):
        self.process.kill()  # Nothing of it is needed any more, and with a full buffer it would take its time.
        self.process.wait(20)


def alertmanager(folder, root, url):
    """Each alert its own group and its own POST, at once; memory only."""
    root.mkdir()
    port = free_port()
    (root / "am.yml").write_text("route: {receiver: sink, group_by: ['...'], group_wait: 0s, group_interval: 5m, repeat_interval: 4h}\n"
                                 f"receivers: [{{name: sink, webhook_configs: [{{url: '{url}', send_resolved: false}}]}}]\n")
    # It reads a template by a path that Debian has built in: so it gets a /usr/share of its own.
    there = ["unshare", "-rm", "sh", "-c", 'mount --bind "$0/usr/share" /usr/share && exec "$0/usr/bin/prometheus-alertmanager" "$@"', str(folder)]
    return Peer([*there, f"--config.file={root}/am.yml", f"--storage.path={root}", "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{port}",
                 "--log.level=error"], port)


def syslog_ng(folder, root, url):
    """A TCP line in, a POST out by 8 workers, through the reliable disk buffer, which writes but never syncs."""
    root.mkdir()
    port = free_port()
    (root / "conf").write_text(f"""@version: 3.38
options {{ log-msg-size(65536); stats-level(0); time-reopen(1); }};
source s {{ network(ip("127.0.0.1") port({port}) transport("tcp") flags(no-parse) log-iw-size(10000)); }};
destination d {{ http(url("{url}") method("POST") workers(8) body("${{MESSAGE}}")
  disk-buffer(reliable(yes) mem-buf-size(20000000) disk-buf-size(1000000000) dir("{root}"))); }};
log {{ source(s); destination(d); flags(flow-control); }};
""")
    modules = next((folder / "usr/lib/syslog-ng").glob("[0-9]*"))
    return Peer([f"{folder}/usr/sbin/syslog-ng", "-F", "--no-caps", "-f", f"{root}/conf", "-R", f"{root}/persist", "-p", f"{root}/pid", "-c",
                 f"{root}/control", f"--module-path={modules}"], port, environment(folder))


def hold(sink):
    urllib.request.urlopen(sink.url + "hold", timeout=5).close()


def marks(sink):
    """[(mark, arrival in ns)] of every POST."""
    with urllib.request.urlopen(sink.url + "marks", timeout=60) as answer:
        return [tuple(map(int, line.split())) for line in answer.read().decode().splitlines()]


def wait_for(sink, count, seconds):
    """True once the sink has so many."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if sink.stats()["requests"] >= count:
            return True
        time.sleep(0.01)
    return False
