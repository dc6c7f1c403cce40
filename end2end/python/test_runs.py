import time

import mlflow
import pytest
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType
from mlflow.exceptions import MlflowException


def test_start_and_end(client, experiment, unique):
    name = unique("run")
    with mlflow.start_run(run_name=name, tags={"a": "1"}, description="what it is") as run:
        assert client.get_run(run.info.run_id).info.status == "RUNNING"
    stored = client.get_run(run.info.run_id)
    assert stored.info.status == "FINISHED"
    assert stored.info.run_name == name
    assert stored.info.experiment_id == experiment
    assert stored.info.end_time >= stored.info.start_time > 0
    assert stored.info.artifact_uri
    assert stored.data.tags["a"] == "1"
    assert stored.data.tags["mlflow.note.content"] == "what it is"
    assert stored.data.tags["mlflow.runName"] == name


def test_a_name_is_given_when_none_is(client, experiment):
    assert client.create_run(experiment).info.run_name


def test_an_exception_fails_the_run(client, experiment):
    with pytest.raises(ZeroDivisionError):
        with mlflow.start_run() as run:
            1 / 0
    assert client.get_run(run.info.run_id).info.status == "FAILED"


def test_nested(client, experiment):
    with mlflow.start_run() as parent:
        with mlflow.start_run(nested=True) as child:
            pass
    assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id


def test_resume(client, run):
    client.set_terminated(run)
    with mlflow.start_run(run_id=run):
        assert client.get_run(run).info.status == "RUNNING"
        mlflow.log_metric("m", 1.0)
    assert client.get_run(run).info.status == "FINISHED"


def test_statuses_and_rename(client, run, unique):
    for status in ("KILLED", "FAILED", "FINISHED"):
        client.set_terminated(run, status=status)
        assert client.get_run(run).info.status == status
    client.update_run(run, status=RunStatus.to_string(RunStatus.SCHEDULED))
    assert client.get_run(run).info.status == "SCHEDULED"
    name = unique("renamed")
    client.update_run(run, name=name)
    assert client.get_run(run).info.run_name == name
    assert client.get_run(run).data.tags["mlflow.runName"] == name


def test_end_time_is_kept_as_said(client, run):
    client.set_terminated(run, end_time=1_700_000_000_123)
    assert client.get_run(run).info.end_time == 1_700_000_000_123


def test_delete_and_restore(client, experiment, run):
    client.delete_run(run)
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    assert run not in [r.info.run_id for r in client.search_runs([experiment])]
    assert run in [r.info.run_id for r in client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)]
    with pytest.raises(MlflowException):
        client.log_metric(run, "m", 1.0)
    client.restore_run(run)
    assert client.get_run(run).info.lifecycle_stage == "active"


def test_params(client, run):
    client.log_param(run, "lr", 0.1)
    client.log_param(run, "lr", 0.1)  # the same again is fine
    client.log_param(run, "long", "x" * 6000)
    client.log_param(run, "empty", "")
    client.log_param(run, "a/b.c-d e", "ü")
    params = client.get_run(run).data.params
    assert params["lr"] == "0.1" and len(params["long"]) == 6000
    assert params["empty"] == "" and params["a/b.c-d e"] == "ü"
    with pytest.raises(MlflowException) as raised:
        client.log_param(run, "lr", 0.2)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.get_run(run).data.params["lr"] == "0.1"


def test_tags(client, run):
    client.set_tag(run, "t", "1")
    client.set_tag(run, "t", "2")
    client.set_tag(run, "long", "y" * 5000)
    assert client.get_run(run).data.tags["t"] == "2"
    client.delete_tag(run, "t")
    assert "t" not in client.get_run(run).data.tags
    with pytest.raises(MlflowException) as raised:
        client.delete_tag(run, "t")
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_fluent_tags_and_params(client, experiment):
    with mlflow.start_run() as run:
        mlflow.set_tags({"x": 1, "y": "z"})
        mlflow.log_params({f"p{i}": i for i in range(250)})  # more than one batch of 100
        mlflow.delete_tag("x")
    data = client.get_run(run.info.run_id).data
    assert "x" not in data.tags and data.tags["y"] == "z"
    assert data.params == {f"p{i}": str(i) for i in range(250)}


def test_log_batch(client, run):
    now = int(time.time() * 1000)
    client.log_batch(
        run,
        metrics=[Metric("loss", 1.0 / (step + 1), now + step, step) for step in range(1000)],
        params=[Param(f"p{i}", str(i)) for i in range(100)],
        tags=[RunTag(f"t{i}", str(i)) for i in range(100)],
    )
    stored = client.get_run(run).data
    assert stored.metrics["loss"] == pytest.approx(0.001)
    assert len(stored.params) == 100 and stored.tags["t99"] == "99"
    assert len(client.get_metric_history(run, "loss")) == 1000


def test_log_batch_is_all_or_nothing(client, run):
    client.log_param(run, "lr", "1")
    with pytest.raises(MlflowException):
        client.log_batch(run, metrics=[], params=[Param("lr", "2"), Param("new", "1")], tags=[])
    assert "new" not in client.get_run(run).data.params


def test_log_batch_empty(client, run):
    client.log_batch(run)
