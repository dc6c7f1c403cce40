import math
import time

import mlflow
import pytest
from mlflow.entities import Metric


def test_history_is_in_the_order_of_logging(client, run):
    for step, value in enumerate([3.0, 1.0, 2.0]):
        client.log_metric(run, "m", value, timestamp=1_700_000_000_000 + step, step=step)
    history = client.get_metric_history(run, "m")
    assert [(p.value, p.step, p.timestamp) for p in history] == [
        (3.0, 0, 1_700_000_000_000),
        (1.0, 1, 1_700_000_000_001),
        (2.0, 2, 1_700_000_000_002),
    ]
    assert client.get_run(run).data.metrics["m"] == 2.0


def test_the_latest_is_that_of_the_highest_step(client, run):
    client.log_metric(run, "m", 5.0, step=10)
    client.log_metric(run, "m", 1.0, step=3)
    assert client.get_run(run).data.metrics["m"] == 5.0
    client.log_metric(run, "m", 7.0, step=10, timestamp=int(time.time() * 1000) + 60_000)
    assert client.get_run(run).data.metrics["m"] == 7.0


def test_negative_steps_and_extreme_numbers(client, run):
    client.log_metric(run, "m", 1.0, step=-5)
    assert client.get_metric_history(run, "m")[0].step == -5
    for key, value in {"tiny": 5e-324, "huge": 1.7e308, "exact": 0.1 + 0.2, "minus": -0.0, "int": 2**53}.items():
        client.log_metric(run, key, value)
        assert client.get_run(run).data.metrics[key] == value


def test_nan_and_infinities(client, run):
    client.log_metric(run, "nan", float("nan"))
    client.log_metric(run, "up", float("inf"))
    client.log_metric(run, "down", float("-inf"))
    metrics = client.get_run(run).data.metrics
    assert math.isnan(metrics["nan"])
    # MLflow's SQL stores keep the largest double for an infinity; a server that keeps infinity is right, too.
    assert metrics["up"] >= 1.7e308 and metrics["down"] <= -1.7e308
    assert math.isnan(client.get_metric_history(run, "nan")[0].value)
    now = int(time.time() * 1000)
    client.log_batch(run, metrics=[Metric("b", float("nan"), now, 0), Metric("b", 1.0, now, 1)])
    assert client.get_run(run).data.metrics["b"] == 1.0
    client.log_metric(run, "b", float("nan"), step=2)
    assert math.isnan(client.get_run(run).data.metrics["b"])


def test_the_same_point_twice(client, run):
    point = dict(timestamp=1_700_000_000_000, step=1)
    client.log_metric(run, "m", 1.0, **point)
    client.log_metric(run, "m", 1.0, **point)
    assert len(client.get_metric_history(run, "m")) == 1
    client.log_metric(run, "m", 2.0, **point)
    assert len(client.get_metric_history(run, "m")) == 2


def test_odd_keys(client, run):
    for key in ("val/loss", "a b", "a.b-c_d", "ümlaut", "x" * 250):
        client.log_metric(run, key, 1.0)
        assert len(client.get_metric_history(run, key)) == 1
    assert set(client.get_run(run).data.metrics) >= {"val/loss", "a b", "ümlaut"}


def test_history_of_nothing(client, run):
    assert client.get_metric_history(run, "never") == []


def test_asynchronous_logging(client, experiment):
    with mlflow.start_run() as run:
        for step in range(300):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.log_params({"a": 1, "b": 2}, synchronous=False)
        mlflow.set_tag("t", "1", synchronous=False)
        operation = mlflow.log_metrics({"x": 1.0, "y": 2.0}, step=1, synchronous=False)
        operation.wait()
        mlflow.flush_async_logging()
    data = client.get_run(run.info.run_id).data
    assert len(client.get_metric_history(run.info.run_id, "m")) == 300
    assert data.metrics["m"] == 299 and data.metrics["y"] == 2.0
    assert data.params == {"a": "1", "b": "2"} and data.tags["t"] == "1"


def test_long_history_in_pages(client, run):
    """The client asks for 25 000 points at a time at most; we log more than one batch."""
    for start in range(0, 3000, 1000):
        client.log_batch(run, metrics=[Metric("m", i, 1_700_000_000_000 + i, i) for i in range(start, start + 1000)])
    history = client.get_metric_history(run, "m")
    assert [point.step for point in history] == list(range(3000))


def test_system_metrics(client, experiment):
    pytest.importorskip("psutil")
    mlflow.set_system_metrics_sampling_interval(0.5)
    mlflow.set_system_metrics_samples_before_logging(1)
    try:
        with mlflow.start_run(log_system_metrics=True) as run:
            time.sleep(3)
    finally:
        mlflow.set_system_metrics_sampling_interval(None)
        mlflow.set_system_metrics_samples_before_logging(None)
    metrics = client.get_run(run.info.run_id).data.metrics
    assert "system/cpu_utilization_percentage" in metrics
    assert client.get_metric_history(run.info.run_id, "system/cpu_utilization_percentage")
