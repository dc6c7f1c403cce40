"""The real MLflow client against a running server.

SLIPWAY_URL says where the server is, SLIPWAY_TOKEN is a token of a team's editor (none for a server without
sign-in, such as the reference). Every test makes things of its own under names never used before, so the suite
can run any number of times against the same server.
"""

import json
import os
import urllib.request
import uuid

import pytest

URL = os.environ.get("SLIPWAY_URL", "")
if URL:
    os.environ["MLFLOW_TRACKING_URI"] = URL
    os.environ.pop("MLFLOW_RUN_ID", None)
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)
    if os.environ.get("SLIPWAY_TOKEN"):
        os.environ["MLFLOW_TRACKING_TOKEN"] = os.environ["SLIPWAY_TOKEN"]
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MPLBACKEND", "Agg")

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402


def pytest_collection_modifyitems(items):
    if not URL:
        raise pytest.UsageError("SLIPWAY_URL must name the server to test, such as http://127.0.0.1:8080")


@pytest.fixture
def client() -> MlflowClient:
    return MlflowClient()


@pytest.fixture
def unique():
    """A name that nothing has yet."""
    return lambda prefix="t": f"{prefix}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def experiment(client, unique) -> str:
    """The id of an experiment of this test's own, also the active one."""
    made = mlflow.set_experiment(unique("exp"))
    return made.experiment_id


def portal(method, path, body=None, cookie=""):
    """Asks the portal's own API; the answer and the cookie that it set."""
    headers = {"Content-Type": "application/json", "Origin": URL, "Cookie": cookie}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers, method=method)) as answer:
        return json.loads(answer.read() or "null"), (answer.headers["Set-Cookie"] or "").split(";")[0]


@pytest.fixture
def production():
    """Lets every member set Production, as MLflow's own server does, and protects it again afterwards; gives its policy as it was."""
    if not os.environ.get("SLIPWAY_TOKEN"):
        yield None
        return
    who = {"user": os.environ["SLIPWAY_USER"], "password": os.environ["SLIPWAY_PASSWORD"]}
    _, cookie = portal("POST", "/api/v1/session", who)
    path = f"/api/v1/teams/{os.environ['SLIPWAY_TEAM']}/stages"
    stages, _ = portal("GET", path, cookie=cookie)
    was = next(s for s in stages if s["stage"] == "Production")
    portal("PUT", f"{path}/Production", {"protect": False, "approvals": 0}, cookie)
    yield was
    kept = {k: was[k] for k in ("alias", "gates", "approvals", "protect") if k in was}
    portal("PUT", f"{path}/Production", kept, cookie)


@pytest.fixture(autouse=True)
def nothing_left_active():
    yield
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def run(client, experiment) -> str:
    return client.create_run(experiment).info.run_id
