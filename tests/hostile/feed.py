"""The smallest sensor: SDEE documents, and a server that has some alerts."""
import http.server
import threading

ENVELOPE = ('<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope" '
            'xmlns:sd="http://example.org/2003/08/sdee"><env:Body>%s</env:Body></env:Envelope>')
ALERT = ('<sd:evIdsAlert eventId="%d" severity="%s"><sd:originator><sd:hostId>%s</sd:hostId></sd:originator>'
         '<sd:time offset="0" timeZone="UTC">%d</sd:time><sd:signature description="WWW phf" id="%d"/><sd:participants><sd:attacker>'
         '<sd:addr>192.0.2.10</sd:addr></sd:attacker><sd:target><sd:addr>198.51.100.20</sd:addr></sd:target></sd:participants>'
         '</sd:evIdsAlert>')
OPENED = ENVELOPE % "<sd:subscriptionId>sub-1</sd:subscriptionId>"


def alert(number, host, severity="low", time_ns=1795313561123000000, signature=3200):
    return ALERT % (number, severity, host, time_ns, signature)


def events(alerts):
    return ENVELOPE % f"<sd:events>{''.join(alerts)}</sd:events>"


def answer(document):
    body = document.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Sensor(http.server.BaseHTTPRequestHandler):
    """Gives its server's `alerts`, a hundred a get, each once."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if "action=open" in self.path:
            document = OPENED
        else:
            some, self.server.alerts = self.server.alerts[:100], self.server.alerts[100:]
            if not some:
                self.server.done.wait(0.5)  # Its long poll.
            document = events(some)
        self.wfile.write(answer(document))

    def log_message(self, *_):
        pass


def serve(alerts):
    """The port of a sensor that has these."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sensor)
    server.daemon_threads, server.alerts, server.done = True, list(alerts), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
