"""Evidence downloads of 1 MB (G11) and idle connections (G13): the product's page beside nginx, one worker, sendfile, under wrk in turn."""
import http.client
import pathlib
import re
import shutil
import socket
import statistics
import struct
import subprocess
import tempfile
import time
import urllib.parse

import posts
import product
import rivals

IDLE = 500  # The page takes 512 connections.


def large_flow(path):
    """A capture of one attacker's request that goes on for 1 MB."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number in range(680):
            payload = b"GET /cgi-bin/phf?Qalias=x HTTP/1.0\r\nX: " + b"a" * 1400
            tcp = struct.pack(">HHIIHHHH", 40112, 80, 1 + number * len(payload), 1, 0x5018, 8192, 0, 0) + payload
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(tcp), number, 0, 64, 6, 0, 0xC000020A, 0xC6336414) + tcp
            packet = bytes(12) + b"\x08\x00" + ip
            file.write(struct.pack("<IIII", 1000 + number // 500, number % 500 * 2000, len(packet), len(packet)) + packet)


def asked(connection, method, path, body=None, headers=None):
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    return text, "; ".join(value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie")


def signed_in(port, password):
    """The cookie of a session."""
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    form, cookie = asked(page, "GET", "/sign-in")
    token = re.search(r'name="token" value="([^"]*)"', form)[1]
    order = urllib.parse.urlencode({"user": "kim", "password": password, "token": token, "to": "/"})
    return asked(page, "POST", "/sign-in", order, {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"})[1]


def nginx(folder, root, file):
    (root / "files").mkdir(parents=True)
    shutil.copy(file, root / "files/capture")
    root.chmod(0o755)
    port = rivals.free_port()
    (root / "conf").write_text(f"""daemon off; master_process off; pid {root}/pid; error_log {root}/error;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; keepalive_requests 1000000; client_body_temp_path {root}/a; proxy_temp_path {root}/b;
  fastcgi_temp_path {root}/c; uwsgi_temp_path {root}/d; scgi_temp_path {root}/e; server {{ listen 127.0.0.1:{port}; root {root}/files; }} }}
""")
    return rivals.Peer([f"{folder}/usr/sbin/nginx", "-c", f"{root}/conf", "-p", str(root), "-e", f"{root}/error", "-g", "user root;"], port)


def under_wrk(folder, process, url, connections, *headers):
    """(downloads a second, the server's CPU us for each)"""
    before = rivals.cpu_of(process)
    words = [f"{folder}/usr/bin/wrk", "-t1", f"-c{connections}", "-d3s", *[word for header in headers for word in ("-H", header)], url]
    said = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env=rivals.environment(folder)).stdout
    if "Non-2xx" in said or not re.search(r"(\d+) requests in", said):
        raise RuntimeError(said)
    count = int(re.search(r"(\d+) requests in", said)[1])
    return float(re.search(r"Requests/sec:\s*([\d.]+)", said)[1]), (rivals.cpu_of(process) - before) * 1e6 / max(count, 1)


def idle_kilobytes(process, port, path):
    """KB that a connection costs once it was answered and waits."""
    before, held = rivals.memory_of(process), []
    for _ in range(IDLE):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        one.recv(65536)
        held.append(one)
    time.sleep(0.5)
    after = rivals.memory_of(process)
    for one in held:
        one.close()
    return (after - before) * 1024 / IDLE


def sealed(root, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for found in (root / "state/tenants/acme/evidence").glob("??/*.pcap"):
            return found
        time.sleep(0.1)
    raise RuntimeError("nothing was sealed")


def measure(build, rounds, say):
    """({goal: measured}, {who: (rate, CPU us)})"""
    unpacked = rivals.unpack(build, say)
    if unpacked is None:
        return {}, {}
    with tempfile.TemporaryDirectory(prefix="exhibit-downloads-") as name, posts.Sink(build) as sink:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        large_flow(folder / "large.pcap")
        password = "correct horse battery"
        with product.Product(build, folder / "ours", sink.url, capture=folder / "large.pcap", password=password) as ours:
            file = sealed(folder / "ours", 60)
            time.sleep(3)  # A file that was written just now is hashed at each download.
            cookie = signed_in(ours.port, password)
            page = http.client.HTTPConnection("127.0.0.1", ours.port, timeout=20)
            link = re.search(r"/e/[a-z2-7]{26}", asked(page, "GET", "/", headers={"Cookie": cookie})[0])[0]
            mine = f"http://127.0.0.1:{ours.port}{link}/capture/0"
            with nginx(unpacked, folder / "nginx", file) as peer:
                turns = []
                for _ in range(rounds):
                    turns.append((under_wrk(unpacked, ours.process, mine, 4, f"Cookie: {cookie}"),
                                  under_wrk(unpacked, peer.process, f"http://127.0.0.1:{peer.port}/capture", 4)))
                    say(f"downloads of {file.stat().st_size} bytes a second, CPU us: {turns[-1][0]}, nginx {turns[-1][1]}")
            idle = idle_kilobytes(ours.process, ours.port, "/sign-in")
    middle = [tuple(statistics.median(turn[who][what] for turn in turns) for what in (0, 1)) for who in (0, 1)]
    say(f"an idle connection: {idle:.1f} KB")
    return {"G11": statistics.median(a[0] / b[0] for a, b in turns), "G11 CPU": statistics.median(a[1] / b[1] for a, b in turns), "G13": idle}, \
        dict(zip(("product", "nginx"), middle))
