"""Stands between a portal and the API server: lets everything through but what it is told to refuse, cuts watches or keeps them away, and is the witness of
watches that the API server gives up. What comes through is real."""

import http.client
import json
import socket
import ssl
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from place import Place

WORDS = {
    409: ("Conflict", "the object has been modified; please apply your changes to the latest version and try again"),
    429: ("TooManyRequests", "too many requests, please try again later"),
    500: ("InternalError", "etcdserver: request timed out"),
}


class Refusing(ThreadingHTTPServer):
    """`every`: which of the calls that change something are refused, every so many; 0 for none. `watch_seconds`: how long a watch lives.

    `gone`: what the API server said when it gave up a watch with 410, by the path that was watched; `again`: which of these were listed after that."""

    daemon_threads = True

    def __init__(self, folder: Path, user: str, every: int = 0, watch_seconds: float = 3600):
        super().__init__(("127.0.0.1", 0), Handler)
        place = Place.read(folder)
        self.address = (place.address, place.port)
        pki = folder / "pki"
        self.tls = ssl.create_default_context(cafile=pki / "ca.crt")
        self.tls.load_cert_chain(pki / f"{user}.crt", pki / f"{user}.key")
        self.every, self.watch_seconds, self.changes = every, watch_seconds, 0
        self.refused: dict[int, int] = {}
        self.cut = 0
        self.gone: dict[str, str] = {}
        self.again: set[str] = set()
        self.away = False
        self.watching: set[socket.socket] = set()
        self.door = threading.Lock()
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.server_port}"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }  # fmt: skip
        (folder / "refusing.kubeconfig").write_text(json.dumps(config))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address) -> None:
        # Whoever asked, or was asked, may be killed in the midst of it.
        if not isinstance(sys.exc_info()[1], (OSError, http.client.HTTPException)):
            super().handle_error(request, client_address)

    @contextmanager
    def no_watches(self):
        """Every watch is broken off, and none is begun; all other calls come through."""
        with self.door:
            self.away = True
            for connection in self.watching:
                broken_off(connection)
        try:
            yield
        finally:
            self.away = False

    def enters(self, connection: socket.socket) -> bool:
        """Whether a watch may begin."""
        with self.door:
            if not self.away:
                self.watching.add(connection)
            return not self.away

    def leaves(self, connection: socket.socket) -> None:
        with self.door:
            self.watching.discard(connection)

    def hears(self, path: str, line: bytes) -> None:
        """A line of a watch."""
        if line.startswith(b'{"type":"ERROR"') and (said := json.loads(line)["object"]).get("code") == 410:
            with self.door:
                self.again.discard(path)
                # Another one, so that whoever looks at it meanwhile sees one state of it.
                self.gone = self.gone | {path: said["message"]}

    def lists(self, path: str) -> None:
        with self.door:
            if path in self.gone:
                self.again.add(path)

    def refusal(self, method: str) -> int:
        """The status to answer with instead, or 0."""
        with self.door:
            if method == "GET" or not self.every:
                return 0
            self.changes += 1
            if self.changes % self.every:
                return 0
            status = list(WORDS)[self.changes // self.every % len(WORDS)]
            self.refused[status] = self.refused.get(status, 0) + 1
            return status


def broken_off(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it was already


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Refusing

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if status := self.server.refusal(self.command):
            reason, message = WORDS[status]
            said = {"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": message, "metadata": {}}
            self.tell(status, json.dumps(said).encode(), {"Content-Type": "application/json", "Retry-After": "1"})
            return
        path, _, query = self.path.partition("?")
        watches = "watch=true" in query
        if watches and not self.server.enters(self.connection):
            self.close_connection = True
            return
        try:
            self.passed_on(body, path, watches)
        finally:
            self.server.leaves(self.connection)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def passed_on(self, body: bytes, path: str, watches: bool) -> None:
        behind = http.client.HTTPSConnection(*self.server.address, context=self.server.tls, timeout=60)
        skip = ("host", "connection", "accept-encoding", "content-length")
        behind.request(self.command, self.path, body or None, {k: v for k, v in self.headers.items() if k.lower() not in skip})
        found = behind.getresponse()
        try:
            if watches and found.status == 200:
                self.follow(behind, found, path)
            else:
                if self.command == "GET" and not watches and found.status == 200:
                    self.server.lists(path)
                self.tell(found.status, found.read(), {"Content-Type": found.headers.get("Content-Type", "application/json")})
        finally:
            behind.close()

    def tell(self, status: int, body: bytes, headers: dict) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def follow(self, behind, found, path: str) -> None:
        """Passes a watch on as it comes, and breaks it off."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        until, rest = time.monotonic() + self.server.watch_seconds, b""
        while (left := until - time.monotonic()) > 0:
            behind.sock.settimeout(left)
            try:
                piece = found.read1(65536)
            except TimeoutError:
                break
            if not piece:
                return
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self.server.hears(path, line)
            self.wfile.write(piece)
            self.wfile.flush()
        with self.server.door:
            self.server.cut += 1
        broken_off(self.connection)

    def log_message(self, *_) -> None:
        pass
