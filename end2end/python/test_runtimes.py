"""Programs as deployments, and a runtime that an admin declares in front of a real model. Only against Slipway."""

import os
import signal
import threading
import time
from pathlib import Path

import mlflow
import pytest
import requests
from conftest import portal
from test_serving import HEADERS, TEAM, URL, call, until

pytestmark = pytest.mark.skipif(not TEAM, reason="needs Slipway with a team")

# Says what it was asked, and which of its texts it is.
PROGRAM = """
import http.server, json, os, socket, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode()
        said = json.dumps({"says": sys.argv[1], "method": self.command, "path": self.path, "body": body, "cookie": self.headers.get("cookie"),
                           "greeting": os.environ.get("GREETING"), "pid": os.getpid(), "host": socket.gethostname()}).encode()
        self.send_response(204 if self.path == "/well" else 200)
        self.send_header("set-cookie", "a=b")
        if self.path != "/well":
            self.send_header("content-length", str(len(said)))
        self.end_headers()
        if self.path != "/well":
            self.wfile.write(said)
    do_GET = do_POST = do_PUT = do_DELETE = answer
    def log_message(self, *_): pass

http.server.ThreadingHTTPServer.protocol_version = "HTTP/1.1"
print("listening", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""

# The Open Inference Protocol over whatever mlflow.sklearn loads.
RUNTIME = """
import http.server, json, sys
import mlflow.sklearn, numpy

folder, name, version, port = sys.argv[1:]
model = mlflow.sklearn.load_model(folder)

class Handler(http.server.BaseHTTPRequestHandler):
    def say(self, status, said):
        text = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def do_GET(self):
        self.say(200, {"name": name, "ready": True})
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path != "/v2/models/" + name + "/infer":
            return self.say(404, {"error": self.path})
        tensor = body["inputs"][0]
        answers = model.predict(numpy.array(tensor["data"], dtype=float).reshape(tensor["shape"])).tolist()
        self.say(200, {"model_name": name, "model_version": version, "outputs": [{"name": "y", "shape": [len(answers)], "datatype": "FP64", "data": answers}]})
    def log_message(self, *_): pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""

SIZE = {"cpu": "250m", "memory": "256Mi"}


@pytest.fixture(scope="module")
def admin():
    until("the environment", lambda: call("GET", "/environments/serve")["latest"]["build"] == "ready", 900)
    _, cookie = portal("POST", "/api/v1/session", {"user": os.environ["SLIPWAY_USER"], "password": os.environ["SLIPWAY_PASSWORD"]})
    return cookie


def program(text):
    return {"command": ["python", "-c", PROGRAM, text], "ready_path": "/well", "ready_status": 204}


def serves(name, number, seconds=360):
    return until(f"revision {number}", lambda: (d := call("GET", f"/deployments/{name}")).get("serving", {}).get("number") == number and d["state"] == "running" and d, seconds)


def test_a_program_is_a_deployment(admin):
    name = f"app-{os.getpid()}"
    call("POST", "/deployments", {"name": name, "custom": program("one"), "env": {"GREETING": "hello"}, "replicas": 2, **SIZE})
    base = f"{URL}/serve/{TEAM}/{name}"
    try:
        deployment = serves(name, 1)
        assert (deployment["serving"]["runtime"], deployment["serving"]["smoke"]["detail"]) == ("custom", "Answered /well with 204.")
        until("both replicas", lambda: call("GET", f"/deployments/{name}")["ready"] == 2)
        answer = requests.put(f"{base}/orders/7?x=1", data="body", headers={**HEADERS, "Cookie": "a=b"}, timeout=30)
        said = answer.json()
        assert (said["method"], said["path"], said["body"], said["greeting"], said["cookie"]) == ("PUT", "/orders/7?x=1", "body", "hello", None)
        assert "set-cookie" not in answer.headers and "sandbox" in answer.headers["content-security-policy"]
        who = [requests.get(f"{base}/", headers=HEADERS, timeout=30).json() for _ in range(8)]
        # In pods each has the same number, and a host of its own.
        assert len({(w["host"], w["pid"]) for w in who}) == 2, "both answer"
        assert requests.get(f"{base}/", timeout=30).status_code == 401
        for path in ("/v2/repository/index", "/v2/%72epository/models/m/load", "/v2//repository/models/m/unload"):
            prepared = requests.Request("POST", base, headers=HEADERS).prepare()
            prepared.url = base + path
            assert requests.Session().send(prepared, timeout=30).status_code == 404, path

        # Another takes over while it is asked all the time, and one goes back to the first.
        answers, over = [], threading.Event()

        def ask():
            session = requests.Session()
            while not over.is_set():
                got = session.get(f"{base}/", headers=HEADERS, timeout=30)
                answers.append((got.status_code, got.json().get("says") if got.status_code == 200 else got.text[:200]))
                time.sleep(0.01)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        call("POST", f"/deployments/{name}/redeploy", {"custom": program("two")})
        serves(name, 2)
        until("the second", lambda: answers[-1] == (200, "two"))
        begun = time.monotonic()
        call("POST", f"/deployments/{name}/roll-back", {"to": 1})
        serves(name, 3)
        back = time.monotonic() - begun
        until("the first", lambda: answers[-1] == (200, "one"))
        time.sleep(3)
        over.set()
        for thread in threads:
            thread.join()
        failed = [a for a in answers if a[0] != 200]
        print(f"{len(answers)} requests over two roll-outs, {len(failed)} failed; back in {back:.1f} s")
        assert not failed, failed[:5]

        # What is killed is started again; what never is ready takes nothing.
        victim = requests.get(f"{base}/", headers=HEADERS, timeout=30).json()["pid"]
        command = Path(f"/proc/{victim}/cmdline")
        # In a pod it has another number than here.
        if command.exists() and PROGRAM.encode() in command.read_bytes():
            os.kill(victim, signal.SIGKILL)
            until("a crash", lambda: any(r["crashes"] for r in call("GET", f"/deployments/{name}/replicas")["items"]))
            until("both replicas", lambda: call("GET", f"/deployments/{name}")["ready"] == 2)
        call("POST", f"/deployments/{name}/redeploy", {"custom": {**program("three"), "ready_status": 201, "start_seconds": 3}})
        told = until("why it does not", lambda: call("GET", f"/deployments/{name}").get("reason"))
        assert "Revision 4 did not take over" in told and "/well" in told, told
        assert requests.get(f"{base}/", headers=HEADERS, timeout=30).json()["says"] == "one"
        ledger = call("GET", f"/deployments/{name}/ledger")["items"]
        assert [e["program"]["command"][-1] for e in ledger] == ["one", "two", "one"]
        assert "listening" in str(call("GET", f"/deployments/{name}/log?revision=1"))
    finally:
        call("DELETE", f"/deployments/{name}")


def test_a_declared_runtime_serves_a_real_model(admin):
    from sklearn.linear_model import LinearRegression

    name = f"declared-{os.getpid()}"
    with mlflow.start_run():
        fitted = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
        mlflow.sklearn.log_model(fitted, name="model", registered_model_name=name, serialization_format="skops", input_example=[[0.5]], pip_requirements=["scikit-learn"])
    path = f"/api/v1/runtimes/{name}"
    runtime = {
        "formats": ["sklearn"],
        "protocols": ["v2"],
        "command": ["python", "-c", RUNTIME, "{model_path}", "{model_name}", "{model_version}", "{port}"],
        "environment": "serve",
        "ready_path": "/v2/health/ready",
    }
    made, _ = portal("PUT", path, runtime, admin)
    assert (made["revision"], made["deployments"]) == (1, 0)
    call("POST", "/deployments", {"name": name, "model": name, "version": 1, "runtime": name, "cpu": "500m", "memory": "768Mi"})
    base = f"{URL}/serve/{TEAM}/{name}"
    try:
        deployment = serves(name, 1)
        assert deployment["serving"]["runtime_digest"] == made["digest"]
        assert deployment["serving"]["smoke"]["example"], "its own input example was answered"
        body = {"inputs": [{"name": "x", "shape": [2, 1], "datatype": "FP64", "data": [0.0, 2.0]}]}
        answer = requests.post(f"{base}/v2/models/{name}/infer", json=body, headers=HEADERS, timeout=30).json()
        assert answer["outputs"][0]["data"] == pytest.approx([1.0, 5.0]) and answer["model_version"] == "1"
        example = call("GET", f"/deployments/{name}/example")["v2"]
        assert requests.post(f"{base}/v2/models/{name}/infer", json=example, headers=HEADERS, timeout=30).json()["outputs"][0]["data"] == pytest.approx([2.0])
        for refused in (f"v1/models/{name}:predict", "v2/repository/index", "anything"):
            assert requests.post(f"{base}/{refused}", json={}, headers=HEADERS, timeout=30).status_code == 404, refused
        in_use = requests.delete(URL + path, headers={"Cookie": admin, "Origin": URL}, timeout=30)
        assert in_use.status_code == 409 and "1 deployment serves" in in_use.json()["detail"]
    finally:
        call("DELETE", f"/deployments/{name}")
    until("it is gone", lambda: requests.get(f"{URL}/api/v1/teams/{TEAM}/deployments/{name}", headers=HEADERS, timeout=30).status_code == 404)
    portal("DELETE", path, cookie=admin)


def test_an_image_with_a_port_of_its_own(admin):
    image = call("GET", "/environments/serve")["latest"].get("image")
    name = f"image-{os.getpid()}"
    listens = PROGRAM.replace('int(os.environ["PORT"])', "8055")
    custom = {"command": ["python", "-c", listens, "one"], "image": image or "registry.example.org/app:1", "port": 8055, "ready_path": "/well"}
    answer = requests.post(f"{URL}/api/v1/teams/{TEAM}/deployments", headers=HEADERS, timeout=30, json={"name": name, "custom": custom, **SIZE})
    if not image:
        assert (answer.status_code, answer.json()["field"]) == (422, "custom.image"), answer.text
        return
    assert answer.status_code == 201, answer.text
    try:
        assert serves(name, 1)["serving"]["environment"] == image
        assert requests.get(f"{URL}/serve/{TEAM}/{name}/a", headers=HEADERS, timeout=30).json()["says"] == "one"
    finally:
        call("DELETE", f"/deployments/{name}")


def test_what_is_no_image_is_said_before(admin):
    answer = requests.post(f"{URL}/api/v1/teams/{TEAM}/deployments", headers=HEADERS, timeout=30, json={"name": "x", "custom": {"command": ["/app"], "image": "a b"}})
    assert (answer.status_code, answer.json()["field"]) == (422, "custom.image"), answer.text
