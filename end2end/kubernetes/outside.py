#!/usr/bin/env python3
"""A portal outside of the cluster that has to reach pods through the API server: a notebook, its kernel over a WebSocket, and many requests at once.

    end2end/kubernetes/outside.py PROGRAM      where end2end/cluster/cluster.py says that a cluster for tests has a node

Standard library only.
"""

import base64
import json
import os
import secrets
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from portal import Api, Portal, free_ports, new_password, where  # noqa: E402

TEAM = "outside"
LARGE = 8 << 20


class WebSocket:
    """As much of RFC 6455 as a kernel's channel takes."""

    def __init__(self, host: str, port: int, path: str, headers: "dict[str, str]"):
        self.socket = socket.create_connection((host, port), timeout=60)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Key: {key}", *(f"{name}: {value}" for name, value in headers.items())]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0], head.decode()

    def more(self) -> bytes:
        data = self.socket.recv(1 << 16)
        assert data, "the connection ended"
        return data

    def take(self, n: int) -> bytes:
        while len(self.buffer) < n:
            self.buffer += self.more()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def send(self, text: str) -> None:
        data, mask = text.encode(), secrets.token_bytes(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 127]) + struct.pack(">Q", len(data))
        self.socket.sendall(b"\x81" + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive(self) -> str:
        """The next text, whole; what is no text is passed over."""
        text = b""
        while True:
            first, second = self.take(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(self.take(2 if size == 126 else 8), "big")
            data = self.take(size)
            if first & 0x0F in (0, 1, 2):
                text += data
                if first & 0x80:
                    return text.decode()


def runs(browser: Api, base: str, code: str) -> str:
    """What a kernel of the notebook answers to this code, over its WebSocket."""
    kernel = browser.call("POST", f"{base}/api/kernels", {"name": "python3"})["id"]
    host, port = browser.url.removeprefix("http://").split(":")
    cookies = "; ".join(f"{c.name}={c.value}" for c in browser.cookies)
    channel = WebSocket(host, int(port), f"{base}/api/kernels/{kernel}/channels", {"Cookie": cookies, "Origin": browser.url})
    message = uuid.uuid4().hex
    channel.send(json.dumps({
        "channel": "shell", "parent_header": {}, "metadata": {}, "buffers": [],
        "header": {"msg_id": message, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex, "version": "5.3"},
        "content": {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False},
    }))  # fmt: skip
    while True:
        answer = json.loads(channel.receive())
        if answer.get("parent_header", {}).get("msg_id") == message and answer["msg_type"] in ("execute_result", "error"):
            return answer["content"].get("data", answer["content"]).get("text/plain", str(answer["content"]))


def main(program: str) -> None:
    os.environ["TEST_CLUSTER_REACH"] = "portforward"
    with tempfile.TemporaryDirectory(prefix="slipway-outside-") as folder:
        port, _ = free_ports()
        portal = Portal(program, Path(folder), port, "admin", password := new_password())
        try:
            api = portal.ready()
            doctor(program, Path(folder), port)
            work(api, password)
        except BaseException:
            print(portal.last_words(), file=sys.stderr)
            raise
        finally:
            portal.stop()


def doctor(program: str, folder: Path, port: int) -> None:
    """It says so, and finds nothing that is wrong."""
    looked = subprocess.run([program, "doctor", *where(port), "--data", str(folder)], capture_output=True, text=True)
    print(looked.stdout)
    assert looked.returncode == 0 and "through the API server by port-forward" in looked.stdout, looked.stderr


def work(api: Api, password: str) -> None:
    api.call("POST", "/api/v1/session", {"user": "admin", "password": password})
    api.call("POST", "/api/v1/teams", {"name": TEAM, "display_name": "Outside"})
    team = f"/api/v1/teams/{TEAM}"
    until(lambda: api.call("GET", f"{team}/environments/notebook")["latest"]["build"] == "ready", "its environment")
    api.call("POST", f"{team}/notebooks", {"name": "lab", "environment": "notebook", "cpu": "500m", "memory": "1Gi"})
    try:
        until(lambda: api.call("GET", f"{team}/notebooks/lab")["state"] == "running", "the notebook")
        browser = Api(api.call("POST", f"{team}/notebooks/lab/open", {})["url"].split("/notebook/")[0])
        browser.raw("GET", api.call("POST", f"{team}/notebooks/lab/open", {})["url"])
        base = f"/notebook/{TEAM}/lab"
        print("a kernel over its WebSocket:", said := runs(browser, base, "sum(range(101))"))
        assert said == "5050"
        # More than fits into any buffer on the way, in both directions.
        text = secrets.token_hex(LARGE // 2)
        since = time.monotonic()
        browser.call("PUT", f"{base}/api/contents/large.txt", {"type": "file", "format": "text", "content": text})
        assert browser.call("GET", f"{base}/api/contents/large.txt?content=1")["content"] == text
        print(f"{LARGE >> 20} MiB there and back: {time.monotonic() - since:.1f} s")
        since = time.monotonic()
        with ThreadPoolExecutor(20) as many:
            answers = list(many.map(lambda _: "kernels" in browser.call("GET", f"{base}/api/status"), range(200)))
        print(f"200 requests, 20 at once: {time.monotonic() - since:.1f} s")
        assert all(answers)
    finally:
        api.call("DELETE", f"{team}/notebooks/lab")
        until(lambda: not api.call("GET", f"{team}/notebooks")["items"], "its end")


def until(is_so, what: str, seconds: float = 480) -> None:
    late = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > late:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.3)


if __name__ == "__main__":
    main(sys.argv[1])
