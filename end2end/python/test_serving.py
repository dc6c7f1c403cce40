"""A deployment under load, in front of real model servers: another version takes over without a failed request, replicas come and go, a killed server
comes back by itself, and a stopped one starts again. Only against Slipway: MLflow's own server deploys nothing."""

import http.client
import json
import os
import signal
import threading
import time
import urllib.parse
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


def until(what, condition, seconds=360):
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
    until("the environment", lambda: call("GET", "/environments/serve")["latest"]["build"] == "ready", 900)
    name = f"steady-{os.getpid()}"
    call("POST", "/deployments", {"name": name, "model": model, "version": 1, "cpu": "500m", "memory": "768Mi"})
    until("the deployment", lambda: call("GET", f"/deployments/{name}")["state"] == "running")
    yield name
    call("DELETE", f"/deployments/{name}")


def predict(name, session=requests):
    url = f"{URL}/serve/{TEAM}/{name}/v1/models/{name}:predict"
    return session.post(url, json={"instances": [[0.5]]}, headers=HEADERS, timeout=30)


class Load:
    """So many requests a second from several clients, each answer kept. The plain client of the standard library: it costs a small machine a
    fifth of what `requests` does."""

    BODY = json.dumps({"instances": [[0.5]]})

    def __init__(self, name):
        self.name, self.answers, self.failed, self.over = name, [], [], threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(CLIENTS)]

    def run(self, client):
        place, begun, sent = urllib.parse.urlsplit(URL), time.monotonic() + client / RATE, 0
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
        path = f"/serve/{TEAM}/{self.name}/v1/models/{self.name}:predict"
        while not self.over.is_set():
            time.sleep(max(0.0, begun + sent * CLIENTS / RATE - time.monotonic()))
            sent += 1
            try:
                connection.request("POST", path, self.BODY, {**HEADERS, "Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                self.answers.append((answer.status, json.loads(text)["predictions"] if answer.status == 200 else text[:200].decode()))
            except (OSError, http.client.HTTPException) as e:
                connection.close()
                self.answers.append((0, repr(e)))
                answer = None
            if answer is None or answer.status != 200:
                self.failed.append((client, answer.status if answer is not None else 0))
        connection.close()

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
ROLL_OUTS = max(4, int(os.environ.get("ROLL_OUTS", "4")))


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


def ready(name):
    return call("GET", f"/deployments/{name}")["ready"]


def test_more_replicas_and_fewer_without_a_failed_request(deployment):
    latest = call("GET", f"/deployments/{deployment}")["latest"]["number"]
    with Load(deployment) as load:
        time.sleep(1)
        call("PUT", f"/deployments/{deployment}/scale", {"replicas": 3})
        until("three replicas", lambda: ready(deployment) == 3)
        time.sleep(3)
        call("PUT", f"/deployments/{deployment}/scale", {"replicas": 2})
        until("two are left", lambda: len(servers(deployment)) == 2)
        time.sleep(1)
    print(f"{len(load.answers)} requests while there were 1, 3 and 2 replicas, {len(load.failed)} failed")
    assert not load.failed, load.failed[:5]
    assert call("GET", f"/deployments/{deployment}")["latest"]["number"] == latest, "no revision was made"


def test_a_killed_replica_takes_with_it_what_it_had_begun_and_nothing_more(deployment):
    until("two replicas", lambda: ready(deployment) == 2)
    with Load(deployment) as load:
        time.sleep(2)
        os.kill(servers(deployment)[0], signal.SIGKILL)
        until("it is missed", lambda: ready(deployment) == 1)
        until("it is back", lambda: ready(deployment) == 2)
        time.sleep(2)
    print(f"{len(load.answers)} requests while one of two replicas was killed and came back, {len(load.failed)} failed: {load.failed}")
    # A client waits for one answer at a time: what it can lose is the one that the killed server had begun.
    clients = [client for client, _ in load.failed]
    assert len(clients) == len(set(clients)), load.failed
    assert all(status == 502 for _, status in load.failed), load.failed
    call("PUT", f"/deployments/{deployment}/scale", {"replicas": 1})
    until("one is left", lambda: len(servers(deployment)) == 1)


def served_by(name, headers):
    url = f"{URL}/serve/{TEAM}/{name}/v1/models/{name}:predict"
    answer = requests.post(url, json={"instances": [[0.5]]}, headers=HEADERS | headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return int(answer.headers["x-slipway-revision"])


def shares(name):
    open_rows = [e for e in call("GET", f"/deployments/{name}/ledger")["items"] if not e.get("until")]
    return {e["revision"]: e["share"] for e in open_rows}


def test_a_canary_takes_its_share_and_then_all(deployment):
    before = call("GET", f"/deployments/{deployment}")["serving"]
    old, version = before["number"], before["version"]
    call("PUT", f"/deployments/{deployment}/sticky", {"header": "x-user"})
    with Load(deployment) as load:
        call("POST", f"/deployments/{deployment}/redeploy", {"version": 3 - version, "canary": 20})
        canary = until("the canary", lambda: call("GET", f"/deployments/{deployment}").get("canary"))
        new = canary["revision"]["number"]
        assert shares(deployment) == {old: 80, new: 20}
        begun = len(load.answers)
        until("a thousand answers", lambda: len(load.answers) >= begun + 1000)
        answers = [a[1][0] for a in load.answers[begun:] if a[0] == 200]
        share = answers.count(float(3 - version)) / len(answers)
        print(f"{share:.1%} of {len(answers)} requests at 20 %")
        # Four standard deviations of a fair coin of that weight; the gateway keeps to it much closer.
        assert abs(share - 0.2) < 4 * (0.2 * 0.8 / len(answers)) ** 0.5
        assert [served_by(deployment, {"x-slipway-revision": str(n)}) for n in (old, new)] == [old, new]
        users = {user: served_by(deployment, {"x-user": str(user)}) for user in range(40)}
        assert set(users.values()) == {old, new}
        call("PUT", f"/deployments/{deployment}/canary", {"percent": 60})
        assert shares(deployment) == {old: 40, new: 60}
        later = {user: served_by(deployment, {"x-user": str(user)}) for user in range(40)}
        assert all(later[user] == new for user, at in users.items() if at == new), "none leaves a canary that grows"
        call("PUT", f"/deployments/{deployment}/canary", {"percent": 100})
        assert shares(deployment) == {new: 100} and served_by(deployment, {}) == new
        time.sleep(4)
    print(f"{len(load.answers)} requests from none to all of a canary, {len(load.failed)} failed")
    assert not load.failed, load.failed[:5]
    assert requests.get(f"{URL}/serve/{TEAM}/{deployment}/v2", headers=HEADERS | {"x-slipway-revision": str(old)}, timeout=30).status_code == 404
    call("PUT", f"/deployments/{deployment}/sticky", {})


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
    until("no process is left", lambda: not servers(deployment), 90)
    call("POST", f"/deployments/{deployment}/start")
    until("it runs", lambda: predict(deployment).status_code == 200)
