"""Stands between a portal and the API server: lets everything through but what it is told to refuse, and cuts watches. What comes through is real."""

import http.client
import json
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

WORDS = {
    409: ("Conflict", "the object has been modified; please apply your changes to the latest version and try again"),
    429: ("TooManyRequests", "too many requests, please try again later"),
    500: ("InternalError", "etcdserver: request timed out"),
}


class Refusing(ThreadingHTTPServer):
    """`every`: which of the calls that change something are refused, every so many; 0 for none. `watch_seconds`: how long a watch lives."""

    daemon_threads = True

    def __init__(self, folder: Path, user: str):
        super().__init__(("127.0.0.1", 0), Handler)
        place = json.loads((folder / "cluster.json").read_text())
        self.address = (f"10.99.{place['number']}.2", place["port"])
        pki = folder / "pki"
        self.tls = ssl.create_default_context(cafile=pki / "ca.crt")
        self.tls.load_cert_chain(pki / f"{user}.crt", pki / f"{user}.key")
        self.every, self.watch_seconds, self.changes = 0, 3600.0, 0
        self.refused: dict[int, int] = {}
        self.cut = 0
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
        behind = http.client.HTTPSConnection(*self.server.address, context=self.server.tls, timeout=60)
        skip = ("host", "connection", "accept-encoding", "content-length")
        behind.request(self.command, self.path, body or None, {k: v for k, v in self.headers.items() if k.lower() not in skip})
        found = behind.getresponse()
        try:
            if "watch=true" in urlsplit(self.path).query and found.status == 200:
                self.follow(behind, found)
            else:
                self.tell(found.status, found.read(), {"Content-Type": found.headers.get("Content-Type", "application/json")})
        finally:
            behind.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def tell(self, status: int, body: bytes, headers: dict) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def follow(self, behind, found) -> None:
        """Passes a watch on as it comes, and breaks it off."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        until = time.monotonic() + self.server.watch_seconds
        while (left := until - time.monotonic()) > 0:
            behind.sock.settimeout(min(left, 30))
            try:
                piece = found.read1(65536)
            except (TimeoutError, socket.timeout):
                continue
            if not piece:
                return
            self.wfile.write(piece)
            self.wfile.flush()
        with self.server.door:
            self.server.cut += 1
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_) -> None:
        pass
