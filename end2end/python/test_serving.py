"""A deployment under load, in front of real model servers: another version takes over without a failed request, a killed server
comes back by itself, and a stopped one starts again. Only against Slipway: MLflow's own server deploys nothing."""

import os
import signal
import threading
import time
from pathlib import Path

import mlflow
import pytest
import requests

URL, TOKEN, TEAM = (os.environ.get(f"SLIPWAY_{name}", "") for name in ("URL", "TOKEN", "TEAM"))
API = f"{URL}/api/v1/teams/{TEAM}"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
RATE, CLIENTS = 200, 8

pytestmark = pytest.mark.skipif(not TEAM, reason="needs Slipway with a team")


def call(method, path, body=None, status=(200, 201, 204)):
    answer = requests.request(method, API + path, json=body, headers=HEADERS, timeout=60)
    assert answer.status_code in status, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
    return answer.json() if answer.content else None


def until(what, condition, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.2)
    pytest.fail(f"not within {seconds} s: {what}; {call('GET', '/deployments')['items']}")


@pytest.fixture(scope="module")
def model():
    """A model with two versions that answer 1 and 2."""
    from sklearn.dummy import DummyRegressor

    name = f"steady-{os.getpid()}"
    for answer in (1.0, 2.0):
        fitted = DummyRegressor(strategy="constant", constant=answer).fit([[0.0], [1.0]], [0.0, 1.0])
        with mlflow.start_run():
            mlflow.sklearn.log_model(fitted, name="model", registered_model_name=name, serialization_format="skops", pip_requirements=["scikit-learn"])
    return name


@pytest.fixture(scope="module")
def deployment(model):
    until("the environment", lambda: call("GET", "/environments/serve")["latest"]["build"] == "ready", 600)
    name = f"steady-{os.getpid()}"
    call("POST", "/deployments", {"name": name, "model": model, "version": 1, "cpu": "500m", "memory": "768Mi"})
    until("the deployment", lambda: call("GET", f"/deployments/{name}")["state"] == "running")
    yield name
    call("DELETE", f"/deployments/{name}")


def predict(name, session=requests):
    url = f"{URL}/serve/{TEAM}/{name}/v1/models/{name}:predict"
    return session.post(url, json={"instances": [[0.5]]}, headers=HEADERS, timeout=30)


class Load:
    """So many requests a second from several clients, each answer kept."""

    def __init__(self, name):
        self.name, self.answers, self.over = name, [], threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(CLIENTS)]

    def run(self, client):
        session, begun, sent = requests.Session(), time.monotonic() + client / RATE, 0
        while not self.over.is_set():
            time.sleep(max(0.0, begun + sent * CLIENTS / RATE - time.monotonic()))
            sent += 1
            try:
                answer = predict(self.name, session)
                self.answers.append((answer.status_code, answer.json().get("predictions") if answer.ok else answer.text[:200]))
            except requests.RequestException as e:
                self.answers.append((0, str(e)))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_another_version_takes_over_without_a_failed_request(deployment):
    begun = time.monotonic()
    with Load(deployment) as load:
        time.sleep(2)
        call("POST", f"/deployments/{deployment}/redeploy", {"version": 2})
        until("version 2", lambda: load.answers[-1] == (200, [2.0]))
        # The old server drains and goes away while requests keep coming.
        time.sleep(max(4.0, begun + 10 - time.monotonic()))
    seconds = time.monotonic() - begun
    failed = [a for a in load.answers if a[0] != 200]
    print(f"{len(load.answers)} requests in {seconds:.1f} s, {len(load.answers) / seconds:.0f}/s, {len(failed)} failed")
    assert not failed, failed[:5]
    assert len(load.answers) > 50 * seconds, "the load was no load"
    answers = [a[1][0] for a in load.answers]
    assert answers[0] == 1.0 and answers[-1] == 2.0


# Each starts a model server, which is most of what it costs: ROLL_OUTS=20 takes a quarter of an hour of a small machine that is busy.
ROLL_OUTS = max(4, int(os.environ.get("ROLL_OUTS", "6")))


def test_roll_outs_without_a_failed_request(deployment):
    serving = call("GET", f"/deployments/{deployment}")["serving"]
    first, version = serving["number"], serving["version"]
    begun = time.monotonic()
    with Load(deployment) as load:
        time.sleep(1)
        for turn in range(ROLL_OUTS):
            version = 3 - version
            # Every fourth is a way back, to the revision before the one that serves.
            if turn % 4 == 3:
                call("POST", f"/deployments/{deployment}/roll-back", {"to": first + turn - 1})
            else:
                call("POST", f"/deployments/{deployment}/redeploy", {"version": version})
            until(f"roll-out {turn + 1}", lambda: call("GET", f"/deployments/{deployment}")["serving"]["number"] == first + turn + 1)
            until("its answer", lambda: load.answers[-1] == (200, [float(version)]))
        time.sleep(4)
    seconds = time.monotonic() - begun
    failed = [a for a in load.answers if a[0] != 200]
    print(f"{ROLL_OUTS} roll-outs: {len(load.answers)} requests in {seconds:.1f} s, {len(load.answers) / seconds:.0f}/s, {len(failed)} failed")
    assert not failed, failed[:5]
    assert len(load.answers) > 50 * ROLL_OUTS, "the load was no load"
    entries = call("GET", f"/deployments/{deployment}/ledger?page_size={ROLL_OUTS + 1}")["items"]
    assert [e["revision"] for e in entries] == list(range(first + ROLL_OUTS, first - 1, -1))
    assert [e.get("until") for e in entries] == [None, *[e["from"] for e in entries[:-1]]], "one follows the other without a gap"
    for entry in (entries[1], entries[-2]):
        at = call("GET", f"/deployments/{deployment}/ledger?at={entry['from']}")["items"]
        assert [e["revision"] for e in at] == [entry["revision"]]


def servers(name):
    """Model servers of a deployment on this machine, by process id."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if b"slipway_model_server" in words and name.encode() in words:
            found.append(int(folder.name))
    return found


def test_a_killed_server_comes_back(deployment):
    before = until("a server", lambda: servers(deployment))
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert predict(deployment).status_code in (200, 502, 503)
    until("another server", lambda: predict(deployment).status_code == 200)
    assert not set(before) & set(servers(deployment))
    # Killed again it waits a little longer, and comes back all the same.
    for pid in servers(deployment):
        os.kill(pid, signal.SIGKILL)
    until("yet another server", lambda: predict(deployment).status_code == 200)


def test_stopped_and_started(deployment):
    call("POST", f"/deployments/{deployment}/stop")
    until("it is off", lambda: call("GET", f"/deployments/{deployment}")["state"] == "stopped")
    refused = predict(deployment)
    assert refused.status_code == 503 and "stopped" in refused.text
    until("no process is left", lambda: not servers(deployment), 30)
    call("POST", f"/deployments/{deployment}/start")
    until("it runs", lambda: predict(deployment).status_code == 200)
