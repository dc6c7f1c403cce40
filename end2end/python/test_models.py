"""Logged models, and the ways to load one."""

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

ROWS = np.array([[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 3.0]])
MODEL = LinearRegression().fit(ROWS, ROWS @ [1.0, 2.0] + 3)
NEEDS = ["scikit-learn", "skops"]


def log_model(**more):
    return mlflow.sklearn.log_model(
        MODEL,
        name=more.pop("name", "model"),
        signature=infer_signature(ROWS, MODEL.predict(ROWS)),
        input_example=ROWS[:2],
        pip_requirements=NEEDS,
        **more,
    )


def predicts(model):
    return np.allclose(model.predict(np.array([[3.0, 5.0]])), [16.0])


def test_log_and_get(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_metric("before", 0.5)
        info = log_model(params={"depth": 3}, tags={"k": "v"}, model_type="regressor")
    model = client.get_logged_model(info.model_id)
    assert model.status == "READY" and model.name == "model"
    assert model.source_run_id == run.info.run_id and model.experiment_id == experiment
    assert model.params == {"depth": "3"} and model.tags["k"] == "v"
    assert model.model_type == "regressor"
    assert model.artifact_location
    outputs = client.get_run(run.info.run_id).outputs.model_outputs
    assert [output.model_id for output in outputs] == [info.model_id]
    files = {item.path for item in mlflow.artifacts.list_artifacts(f"models:/{info.model_id}")}
    assert {"MLmodel", "model.skops", "input_example.json"} <= {path.split("/")[-1] for path in files}


def test_load_by_run_and_by_id(experiment):
    with mlflow.start_run() as run:
        info = log_model()
    assert predicts(mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model"))
    assert predicts(mlflow.sklearn.load_model(f"models:/{info.model_id}"))
    assert predicts(mlflow.pyfunc.load_model(info.model_uri))


def test_load_by_version_and_alias(client, experiment, unique):
    name = unique("model")
    with mlflow.start_run():
        info = log_model(registered_model_name=name)
    assert info.registered_model_version in (1, "1")
    client.set_registered_model_alias(name, "champion", "1")
    for uri in (f"models:/{name}/1", f"models:/{name}@champion", f"models:/{name}/latest"):
        assert predicts(mlflow.pyfunc.load_model(uri))


def test_metrics_of_a_model(client, experiment):
    with mlflow.start_run():
        info = log_model()
        mlflow.log_metric("score", 0.9, model_id=info.model_id)
        data = mlflow.data.from_numpy(ROWS, name="rows")
        mlflow.log_metric("on_data", 0.8, model_id=info.model_id, dataset=data)
    metrics = {metric.key: metric for metric in client.get_logged_model(info.model_id).metrics}
    assert metrics["score"].value == 0.9
    assert metrics["on_data"].value == 0.8 and metrics["on_data"].dataset_name == "rows"


def test_life_of_a_logged_model(client, experiment):
    model = client.create_logged_model(experiment, name="by_hand", tags={"a": "1"}, params={"p": "1"})
    assert model.status == "PENDING"
    assert client.finalize_logged_model(model.model_id, "READY").status == "READY"
    client.set_logged_model_tags(model.model_id, {"b": "2"})
    client.delete_logged_model_tag(model.model_id, "a")
    tags = client.get_logged_model(model.model_id).tags
    assert tags.get("b") == "2" and "a" not in tags
    client.delete_logged_model(model.model_id)
    with pytest.raises(MlflowException) as raised:
        client.get_logged_model(model.model_id)
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_search(client, experiment):
    for number in range(3):
        model = client.create_logged_model(
            experiment, name=f"m{number}", tags={"n": str(number)}, params={"depth": str(number)}
        )
        with mlflow.start_run():
            mlflow.log_metric("acc", number / 10, model_id=model.model_id)

    def found(text=None, **more):
        return [m.name for m in client.search_logged_models([experiment], filter_string=text, **more)]

    assert sorted(found()) == ["m0", "m1", "m2"]
    assert found("name = 'm1'") == ["m1"]
    assert found("name LIKE 'm%' AND tags.n = '2'") == ["m2"]
    assert found("params.depth = '0'") == ["m0"]
    assert sorted(found("metrics.acc >= 0.1")) == ["m1", "m2"]
    order = [{"field_name": "metrics.acc", "ascending": False}]
    assert found(order_by=order) == ["m2", "m1", "m0"]
    page = client.search_logged_models([experiment], max_results=2, order_by=[{"field_name": "name"}])
    assert [m.name for m in page] == ["m0", "m1"]
    rest = client.search_logged_models(
        [experiment], max_results=2, order_by=[{"field_name": "name"}], page_token=page.token
    )
    assert [m.name for m in rest] == ["m2"] and not rest.token
    assert len(mlflow.search_logged_models([experiment])) == 3


def test_model_without_a_run(client, experiment):
    info = log_model(name="alone")
    assert client.get_logged_model(info.model_id).name == "alone"
    assert predicts(mlflow.pyfunc.load_model(f"models:/{info.model_id}"))


def test_autolog(client, experiment):
    mlflow.sklearn.autolog(log_datasets=True)
    try:
        with mlflow.start_run() as run:
            fitted = LinearRegression().fit(ROWS, ROWS @ [1.0, 2.0])
            fitted.score(ROWS, ROWS @ [1.0, 2.0])
    finally:
        mlflow.sklearn.autolog(disable=True)
    stored = client.get_run(run.info.run_id)
    assert stored.data.params["fit_intercept"] == "True"
    assert "training_mean_squared_error" in stored.data.metrics
    assert any(key.startswith("LinearRegression_score") for key in stored.data.metrics)
    assert len(stored.outputs.model_outputs) == 1
    assert stored.inputs.dataset_inputs
    assert stored.info.status == "FINISHED"
