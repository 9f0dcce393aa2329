"""A proxy before a mail server that cuts the connection at a chosen step of the conversation, and counts."""
import socket
import threading


class CuttingProxy:
    """`cut(direction, line, number)` is asked for each line; True: both sides are reset before that line goes on.

    direction is ">" from the client, "<" from the server. `after` instead lets the line pass and cuts behind it.
    """

    def __init__(self, port, cut=lambda *_: False, after=lambda *_: False):
        self.target, self.cut, self.after = port, cut, after
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        ends = threading.Event()
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            back = threading.Thread(target=self._pump, args=("<", server, client, ends), daemon=True)
            back.start()
            self._pump(">", client, server, ends)
            back.join()

    def _pump(self, direction, source, sink, ends):
        held, number = b"", 0
        try:
            while not ends.is_set():
                piece = source.recv(65536)
                if not piece:
                    break
                held += piece
                while b"\n" in held:
                    line, held = held.split(b"\n", 1)
                    number += 1
                    if self.cut(direction, line + b"\n", number):
                        self.cuts += 1
                        return
                    sink.sendall(line + b"\n")
                    if self.after(direction, line + b"\n", number):
                        self.cuts += 1
                        return
        except OSError:
            pass
        finally:
            ends.set()
            for one in (source, sink):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
