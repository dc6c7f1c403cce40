"""A portal whose S3 server is away, or takes its time:  end2end/s3/run.sh sh -c '"$TEST_S3_PYTHON" end2end/s3/away.py PROGRAM'

Gates wait until the store answers, and for a file that it is still putting in its place though whoever sent it has gone. Between the two is a
server of ours that passes everything on, refuses it, or keeps what is to be written until it is told to go on. Standard library only.
"""

import http.client
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from portal import Portal, free_ports, new_password  # noqa: E402

TEAM = "/api/v1/teams/tests"
MLFLOW = "/api/2.0/mlflow"
BARE = b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
SIGNED = BARE + b"signature:\n  inputs: '[{\"type\": \"double\", \"name\": \"x\"}]'\n  outputs: '[{\"type\": \"double\"}]'\n"


class Between(ThreadingHTTPServer):
    """Stands between portal and S3."""

    daemon_threads = True

    def __init__(self, to: str):
        super().__init__(("127.0.0.1", 0), Handler)
        self.to, self.away, self.kept = urlsplit(to), False, 0
        self.go_on = threading.Event()
        self.go_on.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def pass_on(self):
        between, length = self.server, int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if between.away:
            return self.answer(503, {}, b"")
        if self.command == "PUT" and not between.go_on.is_set():
            between.kept += 1
            between.go_on.wait()
        line = http.client.HTTPConnection(between.to.hostname, between.to.port, timeout=60)
        line.request(self.command, self.path, body, dict(self.headers))
        answer = line.getresponse()
        self.answer(answer.status, dict(answer.getheaders()), answer.read())
        line.close()

    def answer(self, status: int, headers: dict, body: bytes):
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        length = headers.get("Content-Length", len(body)) if self.command == "HEAD" else len(body)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

    def log_message(self, *_):
        pass


def until(what: str, seen, seconds: float = 120):
    end = time.monotonic() + seconds
    while not (found := seen()):
        if time.monotonic() > end:
            raise SystemExit(f"not seen within {seconds:.0f} s: {what}")
        time.sleep(0.1)
    return found


def main() -> None:
    binary = os.path.abspath(sys.argv[1])
    between = Between(os.environ["TEST_S3"])
    os.environ["TEST_S3"] = f"http://127.0.0.1:{between.server_port}"
    data = Path(tempfile.mkdtemp(prefix="slipway-s3-"))
    user, password, port = "admin", new_password(), free_ports()[0]
    portal = Portal(binary, data, port, user, password)
    try:
        api = portal.ready()
        api.call("POST", "/api/v1/session", {"user": user, "password": password})
        api.call("POST", "/api/v1/teams", {"name": "tests", "display_name": "Tests"})
        api.token = api.call("POST", "/api/v1/tokens", {"name": "s3", "team": "tests", "role": "maintainer", "expires_in": 3600})["token"]
        api.call("PUT", f"{TEAM}/stages/Staging", {"gates": ["signature"], "approvals": 0, "protect": True})

        def version() -> tuple[int, str]:
            run = api.call("POST", f"{MLFLOW}/runs/create", {"experiment_id": "0"})["run"]["info"]
            path = "/api/2.0/mlflow-artifacts/artifacts/" + run["artifact_uri"].removeprefix("mlflow-artifacts:/").lstrip("/") + "/model/MLmodel"
            api.raw("PUT", path, SIGNED, content_type="application/octet-stream")
            made = api.call("POST", f"{TEAM}/model-versions", {"model": "m", "run_id": run["run_id"], "source": "model"})
            return made["version"], path

        def asked(number: int):
            made = api.call("POST", f"{TEAM}/promotions", {"model": "m", "version": number, "stage": "Staging"})
            return lambda: api.call("GET", f"{TEAM}/promotions/{made['id']}")

        first, _ = version()
        between.away = True
        promotion = asked(first)
        waits = until("it says what it waits for", lambda: promotion().get("reason"))
        assert "artifact store" in waits, waits
        seen = promotion()
        assert (seen["state"], seen["gates"][0]["state"]) == ("checking", "open"), seen
        between.away = False
        until("it is promoted once the store answers", lambda: promotion()["state"] == "promoted")

        second, path = version()
        between.go_on.clear()
        with socket.create_connection(("127.0.0.1", port)) as gone:
            head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\nContent-Length: {len(BARE)}\r\n\r\n"
            gone.sendall(head.encode() + BARE)
            until("S3 was asked to write it", lambda: between.kept)
        promotion = asked(second)
        waits = until("it says what it waits for", lambda: promotion().get("reason"))
        assert "under way" in waits, waits
        assert promotion()["state"] == "checking", promotion()
        between.go_on.set()
        until("it is decided once that is done", lambda: promotion()["state"] != "checking")
        seen = promotion()
        assert (seen["state"], seen["gates"][0]["state"]) == ("refused", "failed"), seen
        assert api.raw("GET", path) == BARE
        assert api.call("GET", f"{TEAM}/models/m")["aliases"] == {"staging": first}
        print("ok: gates look at what the store has once it answers, and not at what it is about to replace")
    finally:
        portal.stop()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
