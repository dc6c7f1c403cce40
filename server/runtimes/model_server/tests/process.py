"""The server as a process, and the plainest client for it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

PACKAGE = Path(__file__).parent.parent

# The child may talk to nobody: a look-up or a connection outside this machine ends it.
NO_NETWORK = """
import runpy, socket, sys
real = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
        print("TRIED THE NETWORK:", address, file=sys.stderr, flush=True)
        raise OSError("no network here")
    return real(self, address)
def getaddrinfo(host, *rest, **more):
    print("TRIED THE NETWORK:", host, file=sys.stderr, flush=True)
    raise OSError("no network here")
socket.socket.connect = connect
socket.getaddrinfo = getaddrinfo
sys.argv = ["slipway_model_server", *sys.argv[1:]]
runpy.run_module("slipway_model_server", run_name="__main__", alter_sys=True)
"""


def command(*arguments) -> list[str]:
    return [sys.executable, "-c", NO_NETWORK, *map(str, arguments)]


def environment() -> dict:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": f"{PACKAGE}:{Path(__file__).parent}",
        "OMP_NUM_THREADS": "1",
    }


class Answer:
    def __init__(self, response: http.client.HTTPResponse):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    @property
    def json(self):
        return json.loads(self.text, parse_constant=_not_json)

    @property
    def error(self) -> str:
        return self.json["error"]


def _not_json(word: str):
    raise AssertionError(f"{word} is not JSON")


class Served:
    """One server for one model."""

    def __init__(self, folder: Path, name: str, unix_socket: Path | None = None, more=()):
        self.name, self.unix_socket, self.address = name, unix_socket, None
        where = ("--unix-socket", unix_socket) if unix_socket else ("--port", 0)
        self.process = subprocess.Popen(
            command("--model-dir", folder, "--name", name, "--version", "7", *where, *more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self.log: list[str] = []
        self._ready = threading.Event()
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream) -> None:
        for line in stream:
            self.log.append(line.rstrip("\n"))
            if line.startswith('{"event": "ready"'):
                self.address = json.loads(line)["address"]
                self._ready.set()

    def wait_ready(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not self._ready.wait(0.1):
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError("not ready:\n" + "\n".join(self.log))

    def says(self, text: str, seconds: float = 30) -> bool:
        """Whether its log has the text: what it prints may come after its answer."""
        until = time.monotonic() + seconds
        while not any(text in line for line in list(self.log)):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def connection(self) -> http.client.HTTPConnection:
        if self.unix_socket is None:
            return http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=30)
        connection = http.client.HTTPConnection("model", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(30)
        connection.sock.connect(str(self.unix_socket))
        return connection

    def call(self, method: str, path: str, body=None, headers=None) -> Answer:
        connection = self.connection()
        try:
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def predict(self, body, version: str = "") -> Answer:
        return self.call("POST", f"/v1/models/{self.name}{version}:predict", body)

    def infer(self, *tensors, **more) -> Answer:
        return self.call("POST", f"/v2/models/{self.name}/infer", {"inputs": list(tensors), **more})

    def stop(self, seconds: float = 20) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(5)
        return code


def tensor(name: str, datatype: str, shape: list[int], data: list) -> dict:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}
