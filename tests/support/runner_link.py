"""Drives an adapter module through exhibit-adapter-runner, as the plugin does: frames over a socket of packets.

A frame is length, kind, flags, reserved, call, payload (plugin/base/frame.h). One call at a time on each link.
"""
import array
import json
import os
import socket
import struct
import subprocess
import threading

HELLO, OPEN, PROBE, APPLY, FIND, READ, CANCEL, RESULT, LOG, POLL = range(1, 11)
OK, RETRY, BUSY, REJECTED, DENIED, UNSUPPORTED, BADARG, STATE, UNKNOWN, INTERNAL, GONE, ABSENT = range(12)
ENSURE, NOTE, LINK, ATTACH, CHANGE_STATE = range(1, 6)
HEAD = struct.Struct("<IHBBQ")
PIECE = (64 << 10) - HEAD.size


class Runner:
    """One runner process with one module; a thread reads its answers."""

    def __init__(self, build, module, environment=None):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        self.process = subprocess.Popen(
            [f"{build}/bin/exhibit-adapter-runner", "--socket", str(theirs.fileno()), "--module",
             f"{build}/lib/libexhibit-adapter-{module}.so"],
            pass_fds=[theirs.fileno()], env=environment or {}, stdin=subprocess.DEVNULL)
        theirs.close()
        self._changed = threading.Condition()
        self._answers, self._parts, self.logs = {}, {}, []
        self._hello, self._ended, self._call = None, False, 0
        threading.Thread(target=self._read, daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: self._hello is not None or self._ended, 30)
        self.hello = self._hello

    def _read(self):
        while True:
            try:
                packet = self._socket.recv(64 << 10)
            except OSError:
                packet = b""
            with self._changed:
                if not packet:
                    self._ended = True
                    self._changed.notify_all()
                    return
                _, kind, flags, _, call = HEAD.unpack(packet[:HEAD.size])
                self._parts[call] = self._parts.get(call, b"") + packet[HEAD.size:]
                if flags & 1:
                    continue
                message = json.loads(self._parts.pop(call) or b"{}")
                if kind == HELLO:
                    self._hello = message
                elif kind == LOG:
                    self.logs.append(message)
                elif kind == RESULT:
                    self._answers[call] = message
                self._changed.notify_all()

    def call(self, kind, payload, files=(), timeout=60):
        """(rc, result); an answer that never comes, or a runner that died, is UNKNOWN as it is for the engine."""
        body = json.dumps(payload).encode()
        with self._changed:
            self._call += 1
            number = self._call
            pieces = [body[at:at + PIECE] for at in range(0, len(body), PIECE)] or [b""]
            for index, piece in enumerate(pieces):
                frame = HEAD.pack(len(piece), kind, 1 if index + 1 < len(pieces) else 0, 0, number) + piece
                beside = []
                if index == 0 and files:
                    beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
                self._socket.sendmsg([frame], beside)
            if not self._changed.wait_for(lambda: number in self._answers or self._ended, timeout) or \
                    number not in self._answers:
                return UNKNOWN, {"cause": "runner-ended"}
            answer = self._answers.pop(number)
        return answer["rc"], answer.get("result", {})

    def close(self):
        """The runner ends by itself when its socket closes."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.process.wait(10)


class Link:
    """One link of a runner; `number` names it."""

    def __init__(self, runner, config, number=0):
        self.runner, self.number = runner, number
        self.opened = runner.call(OPEN, {"link": number, "config": config})

    def probe(self):
        return self.runner.call(PROBE, {"link": self.number})

    def poll(self, request):
        return self.runner.call(POLL, {"link": self.number, "request": request})

    def apply(self, kind, op_id, body, correlation_id="EXH1-AAAA", ticket="", attempt=1, evidence=(), deadline_ms=30000):
        """`evidence`: (name, mime, sha256, bytes) each, handed over as read-only descriptors."""
        handles, blobs = [], []
        for name, mime, sha256, data in evidence:
            handle = os.memfd_create(name)
            os.write(handle, data)
            handles.append(handle)
            blobs.append({"name": name, "mime": mime, "sha256": sha256, "length": len(data)})
        op = {"kind": kind, "op_id": op_id, "correlation_id": correlation_id, "ticket": ticket, "seq": 1,
              "attempt": attempt, "deadline_ms": deadline_ms, "body": body}
        if blobs:
            op["blobs"] = blobs
        try:
            return self.runner.call(APPLY, {"link": self.number, "op": op}, handles, deadline_ms / 1000 + 20)
        finally:
            for handle in handles:
                os.close(handle)
