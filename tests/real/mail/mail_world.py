"""The real mail servers and the module before them, for the tests beside this file."""
import email
import email.policy
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support"))
import proof  # noqa: E402
import runner_link as rl  # noqa: E402

PCAP = b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(16) + bytes(range(256)) * 40 + b"\r\n.\r\n\n\r.\nFrom me"


def new_folder():
    folder = tempfile.TemporaryDirectory(prefix="exhibit-mail-", ignore_cleanup_errors=True)
    os.chmod(folder.name, 0o755)
    return folder


class Servers:
    """One fresh pair of Postfix and Dovecot; ends with this process, since its standard input closes."""

    def __init__(self, *options, folder=None):
        self.folder = folder or new_folder()
        self.process = subprocess.Popen([HERE / "start-mail.sh", self.folder.name, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline().strip()
        if not said.startswith("READY"):
            if self.process.wait(10) == 77:
                print(said)
                sys.exit(77)
            raise RuntimeError(f"the mail servers did not start: {said}")
        self.at = json.loads(pathlib.Path(said.split(" ", 1)[1]).read_text())

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.folder.cleanup()

    def mails(self, box="soc"):
        """What the mailbox holds, as files."""
        return [path.read_bytes() for folder in ("new", "cur")
                for path in sorted((pathlib.Path(self.at["maildir"]) / box / folder).glob("*"))]

    def queue(self):
        return subprocess.run(["postqueue", "-c", f"{self.folder.name}/postfix/etc", "-j"], capture_output=True,
                              text=True).stdout.count("\n")

    def settled(self, box, wanted, patience=30):
        """The mails of a box once there are `wanted` of them and nothing waits in the server's queue."""
        end = time.monotonic() + patience
        while time.monotonic() < end and (len(self.mails(box)) < wanted or self.queue()):
            time.sleep(0.05)
        return self.mails(box)


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def evidence(data=PCAP, name="acme-ips1-iplog-17-aabbcc.pcap"):
    return (name, "application/vnd.tcpdump.pcap", hashlib.sha256(data).hexdigest(), data)


def ensure_body(**changes):
    return {"tenant": "acme", "link": "https://ev.msp.example/e/k2qx5dm3", "title": "HIGH: 192.0.2.10 > 198.51.100.20:80 WWW phf",
            "public_text": "An outside host sent a known web attack.", "severity": "high", "priority": 2, "fields": {},
            "internal_text": "192.0.2.10 asked for /cgi-bin/phf.\n\nPackets   https://ev.msp.example/e/k2qx5dm3", **changes}


class MailTest(unittest.TestCase):
    servers = None
    build = sys.argv[1] if len(sys.argv) > 1 else "build"

    @classmethod
    def setUpClass(cls):
        cls.servers = Servers()

    @classmethod
    def tearDownClass(cls):
        cls.servers.close()

    def setUp(self):
        self.at = self.servers.at
        for box in ("soc", "analyst", "connector"):
            for folder in ("new", "cur"):
                for path in (pathlib.Path(self.at["maildir"]) / box / folder).glob("*"):
                    path.unlink()

    def config(self, port="smtp", **changes):
        number = port if isinstance(port, int) else self.at[port]
        scheme = "smtps" if port == "smtps" else "smtp"
        config = {"url": f"{scheme}://127.0.0.1:{number}", "adapter": "email", "mode": "quiet", "allow": ["127.0.0.1"],
                  "map": {"from": "Exhibit <exhibit@exhibit.test>", "to": ["soc@exhibit.test"]}}
        config["map"].update(changes.pop("map", {}))
        config.update(changes)
        return config

    def link(self, port="smtp", **changes):
        """A link of its own runner, since all links of a runner share one configuration."""
        runner = rl.Runner(self.build, "email")
        self.addCleanup(runner.close)
        link = rl.Link(runner, self.config(port, **changes))
        self.assertEqual(link.opened[0], rl.OK, link.opened)
        return link

    def login(self, **changes):
        return {"user": self.at["user"], "password": self.at["password"], **changes}
