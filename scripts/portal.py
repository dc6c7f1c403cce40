"""A portal to work with, for the demo and for tests: starts one, signs in, calls its API. Standard library only."""

import http.cookiejar
import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path


class Problem(Exception):
    """What the API answered instead, with its status."""

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status


class Api:
    """The REST API, with a token or with the session of whoever signed in."""

    def __init__(self, url: str, token: str = ""):
        self.url, self.token = url, token
        self.cookies = http.cookiejar.CookieJar()
        # No proxy: the portal is on this machine.
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def call(self, method: str, path: str, body=None, *, content_type="application/json", timeout=120):
        """The JSON answer of a call; bytes are sent as they are."""
        data = self.raw(method, path, body, content_type=content_type, timeout=timeout)
        return json.loads(data) if data else None

    def raw(self, method: str, path: str, body=None, *, content_type="application/json", timeout=120) -> bytes:
        url = path if path.startswith("http") else self.url + path
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        request = urllib.request.Request(url, data=body, method=method, headers={"Accept": "application/json"})
        if body is not None:
            request.add_header("Content-Type", content_type)
        if url.startswith(self.url):
            # What a session's calls need, so that no foreign page can make them.
            request.add_header("Origin", self.url)
            if self.token:
                request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with self.opener.open(request, timeout=timeout) as answer:
                return answer.read()
        except urllib.error.HTTPError as e:
            raise Problem(e.code, f"{method} {path}: {e.code} {said(e.read())}") from None
        except (urllib.error.URLError, OSError) as e:
            raise Problem(0, f"{method} {path}: {getattr(e, 'reason', e)}") from None


def said(body: bytes) -> str:
    """The sentence in a problem, or the beginning of whatever it is."""
    text = body.decode(errors="replace")
    try:
        problem = json.loads(text)
        words = [problem.get(k) for k in ("detail", "error", "title") if problem.get(k)][:1] + [problem.get("hint")]
        return " ".join(w for w in words if w) or text[:300]
    except (ValueError, AttributeError):
        return text[:300]


def port_is_free(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports() -> tuple[int, int]:
    """Two neighbours that are free now: for the portal and for its notebooks."""
    for _ in range(200):
        port = 20000 + secrets.randbelow(20000)
        if port_is_free(port) and port_is_free(port + 1):
            return port, port + 1
    raise SystemExit("no two neighbouring ports are free")


def where(port: int) -> list[str]:
    """Where it listens and runs its workloads: in pods where end2end/cluster/cluster.py says that a cluster for tests has a node;
    TEST_CLUSTER_REACH is how it reaches these then."""
    notebooks = f"127.0.0.1:{port + 1}"
    if not os.environ.get("TEST_CLUSTER_NODE"):
        return ["--listen", f"127.0.0.1:{port}", "--notebook-listen", notebooks]
    folder = Path(os.environ["TEST_CLUSTER"])
    number = json.loads((folder / "cluster.json").read_text())["number"]
    reach = os.environ.get("TEST_CLUSTER_REACH")
    # What makes pods where the cluster has Kubeflow's and KServe's controllers.
    makers = ["--kubernetes-notebooks", "notebook", "--kubernetes-runs", "trainjob", "--kubernetes-deployments", "inferenceservice"]
    return [
        *(["--kubernetes-reach", reach] if reach else []),
        *(makers if os.environ.get("TEST_CLUSTER_OPERATORS") else []),
        "--cluster", "kubernetes", "--kubeconfig", str(folder / f"{os.environ.get('TEST_CLUSTER_USER') or 'admin'}.kubeconfig"),
        "--kubernetes-image", "slipway.test/slipway:1", "--kubernetes-environment-image", "slipway.test/{name}:1",
        # This machine as pods see it.
        "--listen", f"0.0.0.0:{port}", "--workload-url", f"http://10.99.{number}.1:{port}", "--notebook-listen", notebooks,
    ]  # fmt: skip


class Portal:
    """A server as a child of ours; ends with `stop`. Its words go to a log in the data folder."""

    def __init__(self, binary: str, data: Path, port: int, user: str, password: str, more: dict[str, str] | None = None):
        self.url = f"http://127.0.0.1:{port}"
        data.mkdir(parents=True, exist_ok=True)
        self.log = data / "server.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_") or k == "SLIPWAY_CACHE"}
        env |= {"SLIPWAY_ADMIN_USER": user, "SLIPWAY_ADMIN_PASSWORD": password} | (more or {})
        command = [binary, "serve", *where(port)]
        if database := os.environ.get("TEST_DATABASE_URL"):
            env["SLIPWAY_DATABASE_URL"] = database
        if server := os.environ.get("TEST_S3"):
            # What end2end/s3/run.sh gives.
            env |= {
                "SLIPWAY_ARTIFACT_STORE": f"s3://slipway/{data.name}", "SLIPWAY_S3_ENDPOINT": server,
                "SLIPWAY_S3_ACCESS_KEY_ID": os.environ["TEST_S3_ID"], "SLIPWAY_S3_SECRET_ACCESS_KEY": os.environ["TEST_S3_SECRET"],
            }  # fmt: skip
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data", str(data)], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def ready(self, seconds: float = 180) -> Api:
        """Waits until it is ready."""
        api, until = Api(self.url), time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise SystemExit(f"Slipway did not start (exit code {self.process.returncode}). Its last words:\n{self.last_words()}")
            try:
                api.raw("GET", "/readyz", timeout=5)
                return api
            except Problem as problem:
                if time.monotonic() > until:
                    raise SystemExit(f"Slipway is not ready after {seconds:.0f} s: {problem}\n{self.last_words()}") from None
                time.sleep(0.05)

    def last_words(self, lines: int = 20) -> str:
        return "\n".join("  " + line for line in self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Drains, then quits. Workloads outlive it."""
        for _ in range(2):
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(20)
                except subprocess.TimeoutExpired:
                    continue
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def new_password() -> str:
    return "-".join(secrets.token_hex(3) for _ in range(3))
