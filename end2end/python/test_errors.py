"""What goes wrong goes wrong in MLflow's words."""

import mlflow
import pytest
import requests
from conftest import URL
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

NOT_THERE, INVALID, TAKEN = "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS"
GHOST = "0123456789abcdef0123456789abcdef"


def refused(call, *codes):
    with pytest.raises(MlflowException) as raised:
        call()
    assert raised.value.error_code in codes, raised.value
    return raised.value


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.get_run(GHOST),
        lambda c: c.log_metric(GHOST, "m", 1.0),
        lambda c: c.log_param(GHOST, "p", 1),
        lambda c: c.set_tag(GHOST, "t", 1),
        lambda c: c.log_batch(GHOST, metrics=[Metric("m", 1.0, 1, 1)]),
        lambda c: c.delete_run(GHOST),
        lambda c: c.restore_run(GHOST),
        lambda c: c.set_terminated(GHOST),
        lambda c: c.list_artifacts(GHOST),
        lambda c: c.get_experiment("999999999999999"),
        lambda c: c.delete_experiment("999999999999999"),
        lambda c: c.rename_experiment("999999999999999", "x"),
        lambda c: c.set_experiment_tag("999999999999999", "k", "v"),
        lambda c: c.create_run("999999999999999"),
        lambda c: c.get_logged_model("m-" + GHOST),
    ],
)
def test_what_is_not_there(client, call):
    error = refused(lambda: call(client), NOT_THERE)
    assert error.get_http_status_code() == 404


def test_no_experiment_of_that_name(client, unique):
    assert client.get_experiment_by_name(unique()) is None


def test_a_taken_name(client, unique):
    name = unique("exp")
    made = client.create_experiment(name)
    refused(lambda: client.create_experiment(name), TAKEN)
    client.delete_experiment(made)
    refused(lambda: client.create_experiment(name), TAKEN)  # also while it is deleted


@pytest.mark.parametrize(
    "call",
    [
        lambda c, r: c.log_metric(r, "", 1.0),
        lambda c, r: c.log_metric(r, "m" * 251, 1.0),
        lambda c, r: c.log_metric(r, "../m", 1.0),
        lambda c, r: c.log_param(r, "p" * 251, 1),
        lambda c, r: c.set_tag(r, "t" * 251, 1),
        lambda c, r: c.log_batch(r, params=[Param("same", "1"), Param("same", "2")]),
        lambda c, r: c.create_experiment(""),
    ],
)
def test_what_is_refused(client, run, call):
    refused(lambda: call(client, run), INVALID)


def post(path, body, headers=None):
    token = mlflow.environment_variables.MLFLOW_TRACKING_TOKEN.get()
    headers = {"Content-Type": "application/json", **(headers or {})}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return requests.post(f"{URL}/api/2.0/mlflow/{path}", data=body, headers=headers, timeout=30)


@pytest.mark.parametrize(
    "path, body",
    [
        ("runs/create", "{"),
        ("runs/create", "[]"),
        ("runs/search", '{"max_results": "many"}'),
        ("runs/search", '{"experiment_ids": "1"}'),
        ("runs/log-metric", '{"run_id": "x"}'),
        ("runs/log-metric", '{"key": "m", "value": 1}'),
        ("runs/log-batch", '{"run_id": "%s", "metrics": 5}' % GHOST),
        ("runs/update", '{"run_id": "%s", "status": "DREAMING"}' % GHOST),
        ("experiments/create", "{}"),
        ("experiments/create", '{"name": 7}'),
    ],
)
def test_malformed_requests_are_the_callers_fault(path, body):
    answer = post(path, body)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["error_code"] and answer.json()["message"]


def test_batches_have_limits(client, run):
    import json

    metrics = [{"key": "m", "value": 1, "timestamp": 1, "step": i} for i in range(1001)]
    answer = post("runs/log-batch", json.dumps({"run_id": run, "metrics": metrics}))
    assert answer.status_code == 400 and answer.json()["error_code"] == INVALID
    assert client.get_run(run).data.metrics == {}


def test_unknown_endpoint():
    assert post("runs/dance", "{}").status_code == 404


def test_health_and_version():
    assert requests.get(f"{URL}/health", timeout=60).status_code == 200
    assert requests.get(f"{URL}/version", timeout=60).status_code == 200
