"""The real MLflow client against a running server.

SLIPWAY_URL says where the server is, SLIPWAY_TOKEN is a token of a team's editor (none for a server without
sign-in, such as the reference). Every test makes things of its own under names never used before, so the suite
can run any number of times against the same server.
"""

import os
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


@pytest.fixture(autouse=True)
def nothing_left_active():
    yield
    while mlflow.active_run():
        mlflow.end_run()


@pytest.fixture
def run(client, experiment) -> str:
    return client.create_run(experiment).info.run_id
