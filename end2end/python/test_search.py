"""The grammar of search_runs: every kind of field, every comparator, order and pages."""

import mlflow
import numpy as np
import pytest
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException


@pytest.fixture(scope="module")
def runs():
    """Five runs of one experiment: r0 .. r4, by name."""
    import uuid

    client = mlflow.MlflowClient()
    experiment = client.create_experiment(f"search-{uuid.uuid4().hex[:12]}")
    made = {}
    for number in range(5):
        with mlflow.start_run(experiment_id=experiment, run_name=f"r{number}") as run:
            mlflow.log_metric("acc", number / 10)
            mlflow.log_metric("val/loss", 1 - number / 10)
            mlflow.log_params({"model": "SVM" if number % 2 else "svm-tree", "depth": number})
            mlflow.set_tag("team", "blue" if number < 2 else "red")
            if number == 3:
                mlflow.set_tag("odd key", "it's")
                mlflow.log_metric("rare", float("nan"))
            if number == 4:
                mlflow.log_param("extra", "yes")
                mlflow.log_input(
                    mlflow.data.from_numpy(np.zeros((2, 2)), name="digits"), context="training"
                )
        made[f"r{number}"] = run.info.run_id
    client.set_terminated(made["r2"], status="FAILED")
    return experiment, made


ALL = ["r0", "r1", "r2", "r3", "r4"]


def names(runs, filter_string="", **more):
    experiment, _ = runs
    found = mlflow.MlflowClient().search_runs([experiment], filter_string, **more)
    return [run.info.run_name for run in found]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ALL),
        ("metrics.acc > 0.2", ["r3", "r4"]),
        ("metrics.acc >= 0.2", ["r2", "r3", "r4"]),
        ("metrics.acc < 0.1", ["r0"]),
        ("metrics.acc <= 0.1", ["r0", "r1"]),
        ("metrics.acc = 0.1", ["r1"]),
        ("metrics.acc != 0.1", ["r0", "r2", "r3", "r4"]),
        ("metric.acc > 0.2", ["r3", "r4"]),
        ("metrics.`val/loss` < 0.65", ["r4"]),
        ('metrics."val/loss" < 0.65', ["r4"]),
        ("metrics.acc > 0 and metrics.acc < 0.3", ["r1", "r2"]),
        ("metrics.acc > -1", ALL),
        ("metrics.acc > 1e-1", ["r2", "r3", "r4"]),
        ("metrics.nothing > 0", []),
        ("params.model = 'SVM'", ["r1", "r3"]),
        ('params.model = "SVM"', ["r1", "r3"]),
        ("params.model != 'SVM'", ["r0", "r2", "r4"]),
        ("params.model LIKE 'svm%'", ["r0", "r2", "r4"]),
        ("params.model like '%tree'", ["r0", "r2", "r4"]),
        ("params.model ILIKE 'svm%'", ALL),
        ("params.model LIKE 'S_M'", ["r1", "r3"]),
        ("params.depth = '3'", ["r3"]),
        ("parameters.depth = '3'", ["r3"]),
        ("param.depth = '3'", ["r3"]),
        ("tags.team = 'blue'", ["r0", "r1"]),
        ("tag.team != 'blue'", ["r2", "r3", "r4"]),
        ("tags.`odd key` = \"it's\"", ["r3"]),
        ("tags.mlflow.runName = 'r2'", ["r2"]),
        ("tags.`mlflow.runName` LIKE 'r%'", ALL),
        ("attributes.status = 'FAILED'", ["r2"]),
        ("attribute.status != 'FAILED'", ["r0", "r1", "r3", "r4"]),
        ("status = 'FINISHED'", ["r0", "r1", "r3", "r4"]),
        ("attributes.run_name = 'r1'", ["r1"]),
        ("attributes.`run name` = 'r1'", ["r1"]),
        ("attributes.\"Run name\" = 'r1'", ["r1"]),
        ("run_name LIKE 'r%' and run_name != 'r0'", ["r1", "r2", "r3", "r4"]),
        ("attributes.start_time > 0", ALL),
        ("attributes.created > 0", ALL),
        ("attributes.end_time < 1000", []),
        ("start_time >= 4000000000000", []),
        ("dataset.name = 'digits'", ["r4"]),
        ("datasets.name LIKE 'dig%'", ["r4"]),
        ("dataset.context = 'training'", ["r4"]),
        ("dataset.name IN ('digits', 'others')", ["r4"]),
        ("dataset.name = 'others'", []),
        ("params.extra IS NULL", ["r0", "r1", "r2", "r3"]),
        ("params.extra IS NOT NULL", ["r4"]),
        ("tags.`odd key` IS NULL", ["r0", "r1", "r2", "r4"]),
        ("tags.`odd key` is not null", ["r3"]),
        ("metrics.acc > 0.1 AND params.model = 'SVM' AND tags.team = 'red' AND status = 'FINISHED'", ["r3"]),
    ],
)
def test_filters(runs, text, expected):
    assert sorted(names(runs, text)) == expected


def test_by_run_id(runs):
    _, ids = runs
    quoted = ", ".join(f"'{ids[name]}'" for name in ("r1", "r4"))
    assert sorted(names(runs, f"attributes.run_id IN ({quoted})")) == ["r1", "r4"]
    assert sorted(names(runs, f"attributes.run_id NOT IN ({quoted})")) == ["r0", "r2", "r3"]
    assert names(runs, f"run_id = '{ids['r3']}'") == ["r3"]


@pytest.mark.parametrize(
    "text",
    [
        "metrics.acc > 'x'",
        "metrics.acc LIKE '1'",
        "params.model > 'a'",
        "params.model = SVM",
        "nonsense",
        "metrics.acc >",
        "what.ever = 'x'",
        "attributes.nothing = 'x'",
        "status IN 'FINISHED'",
        "metrics.acc > 0.1 OR metrics.acc < 0",
        "start_time = 'soon'",
        "params.model = 'a' ; drop table runs",
    ],
)
def test_what_is_no_filter(runs, text):
    with pytest.raises(MlflowException) as raised:
        names(runs, text)
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
    assert raised.value.get_http_status_code() == 400


@pytest.mark.parametrize(
    "order, expected",
    [
        (["metrics.acc DESC"], ALL[::-1]),
        (["metrics.acc ASC"], ALL),
        (["metrics.acc"], ALL),
        (["metrics.`val/loss`"], ALL[::-1]),
        (["params.depth DESC"], ALL[::-1]),
        (["attributes.run_name desc"], ALL[::-1]),
        (["run_name"], ALL),
        (["start_time"], ALL),
        (["attributes.start_time DESC"], ALL[::-1]),
        (["tags.team", "metrics.acc DESC"], ["r1", "r0", "r4", "r3", "r2"]),
        (["status", "run_name"], ["r2", "r0", "r1", "r3", "r4"]),
        ([], ALL[::-1]),
    ],
)
def test_order(runs, order, expected):
    assert names(runs, order_by=order) == expected


def test_order_by_what_some_lack_puts_them_last(runs):
    assert names(runs, order_by=["params.extra ASC", "run_name"])[0] == "r4"
    assert names(runs, order_by=["params.extra DESC", "run_name"])[0] == "r4"
    assert names(runs, order_by=["metrics.rare DESC", "run_name"]) == ["r3", "r0", "r1", "r2", "r4"]


@pytest.mark.parametrize("order", ["metrics.acc UP", "what.ever", "metrics", "'"])
def test_what_is_no_order(runs, order):
    with pytest.raises(MlflowException) as raised:
        names(runs, order_by=[order])
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("order", [[], ["metrics.acc DESC"], ["params.extra", "run_name"], ["tags.team"]])
def test_pages(runs, order):
    experiment, _ = runs
    client, seen, token, sizes = mlflow.MlflowClient(), [], None, []
    while True:
        page = client.search_runs([experiment], max_results=2, order_by=order, page_token=token)
        sizes.append(len(page))
        seen += [run.info.run_name for run in page]
        token = page.token
        if not token:
            break
    assert sizes == [2, 2, 1] and sorted(seen) == ALL
    assert seen == names(runs, order_by=order)


def test_max_results(runs):
    assert len(names(runs, max_results=1)) == 1
    with pytest.raises(MlflowException):
        names(runs, max_results=50_001)
    with pytest.raises(MlflowException):
        names(runs, page_token="no token of ours")


def test_as_a_table(runs):
    experiment, _ = runs
    table = mlflow.search_runs([experiment], "metrics.acc >= 0.3", order_by=["metrics.acc"])
    assert table["metrics.acc"].tolist() == [0.3, 0.4]
    assert table["params.depth"].tolist() == ["3", "4"]
    assert table["tags.team"].tolist() == ["red", "red"]


def test_several_experiments_and_none(runs, client, unique):
    experiment, _ = runs
    other = client.create_experiment(unique("exp"))
    client.create_run(other, run_name="elsewhere")
    found = client.search_runs([experiment, other], order_by=["run_name"])
    assert [run.info.run_name for run in found] == ["elsewhere", *ALL]
    assert client.search_runs([other], run_view_type=ViewType.DELETED_ONLY) == []


def test_what_search_tells_of_a_run(runs, client):
    experiment, ids = runs
    found = client.search_runs([experiment], "run_name = 'r4'")[0]
    same = client.get_run(ids["r4"])
    assert found.data.metrics == same.data.metrics
    assert found.data.params == same.data.params
    assert found.data.tags == same.data.tags
    assert found.inputs.dataset_inputs[0].dataset.name == "digits"
