"""A token opens the API in both forms that MLflow's client knows. The reference has no tokens."""

import os
import subprocess
import sys

import mlflow
import pytest
import requests
from conftest import URL

TOKEN = os.environ.get("SLIPWAY_TOKEN")
pytestmark = pytest.mark.skipif(not TOKEN, reason="the server is run without sign-in")


def ask(**how):
    return requests.get(f"{URL}/api/2.0/mlflow/experiments/get?experiment_id=0", timeout=10, **how)


def test_bearer():
    assert ask(headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_basic_with_the_token_as_password():
    assert ask(auth=("anybody", TOKEN)).status_code == 200


@pytest.mark.parametrize("how", [{}, {"headers": {"Authorization": "Bearer wrong"}}, {"auth": ("a", "wrong")}])
def test_nobody(how):
    answer = ask(**how)
    assert answer.status_code == 401
    assert answer.json()["error_code"] == "UNAUTHENTICATED" and answer.json()["message"]


@pytest.fixture
def team():
    """The workspace is the token's team; nothing of it is left to the next test."""
    yield os.environ["SLIPWAY_TEAM"]
    mlflow.set_workspace(None)


def test_a_workspace_is_a_team(team, unique):
    assert [w.name for w in mlflow.list_workspaces()] == [team]
    found = mlflow.get_workspace(team)
    assert found.name == team and found.description
    mlflow.set_workspace(team)
    mlflow.set_experiment(unique("workspace"))
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 1)
        mlflow.log_text("hello", "notes/hello.txt")
    assert mlflow.get_run(run.info.run_id).data.metrics == {"m": 1}
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/hello.txt") == "hello"


def test_another_team_is_no_workspace_of_this_token(team):
    mlflow.set_workspace("elsewhere")
    with pytest.raises(mlflow.exceptions.RestException) as refused:
        mlflow.search_experiments()
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    with pytest.raises(mlflow.exceptions.RestException):
        mlflow.get_workspace("elsewhere")


@pytest.mark.parametrize("change", [
    lambda: mlflow.create_workspace("new-one"),
    lambda: mlflow.update_workspace("tests", description="x"),
    lambda: mlflow.delete_workspace("tests"),
])
def test_teams_are_made_in_slipway(change):
    with pytest.raises(mlflow.exceptions.RestException) as refused:
        change()
    assert refused.value.error_code == "FEATURE_DISABLED" and "teams" in str(refused.value)


def test_a_process_with_the_workspace_in_its_environment(team):
    """As notebooks and runs have it."""
    script = "import mlflow\nwith mlflow.start_run(experiment_id='0') as r: mlflow.log_metric('m', 1)\nprint(r.info.run_id)"
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | {"MLFLOW_WORKSPACE": team}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert mlflow.get_run(done.stdout.split()[-1]).data.metrics == {"m": 1}


@pytest.mark.parametrize("path", ["/v1/traces", "/api/3.0/mlflow/traces", "/api/2.0/mlflow/nothing", "/api/2.0/mlflow", "/ajax-api/2.0/mlflow/gateway", "/ajax-api/9"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_there(method, path):
    answer = requests.request(method, URL + path, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
    assert answer.status_code == 404 and answer.json()["error_code"] == "ENDPOINT_NOT_FOUND"
