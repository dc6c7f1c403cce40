import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Dataset, DatasetInput, InputTag


def test_pandas_and_numpy(client, experiment):
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_pandas(frame, name="table", targets="y"), context="training")
        mlflow.log_input(mlflow.data.from_numpy(np.zeros((4, 2)), name="array"), context="eval", tags={"k": "v"})
    inputs = {item.dataset.name: item for item in client.get_run(run.info.run_id).inputs.dataset_inputs}
    assert set(inputs) == {"table", "array"}
    table = inputs["table"]
    assert table.dataset.digest and "num_rows" in table.dataset.profile and table.dataset.schema
    assert {tag.key: tag.value for tag in table.tags}["mlflow.data.context"] == "training"
    assert {tag.key: tag.value for tag in inputs["array"].tags}["k"] == "v"


def test_several_at_once_and_the_same_again(client, run):
    inputs = [
        DatasetInput(
            Dataset(name=f"d{number}", digest="abc", source_type="local", source='{"uri": "/x"}'),
            [InputTag("mlflow.data.context", "training")],
        )
        for number in range(3)
    ]
    client.log_inputs(run, datasets=inputs)
    client.log_inputs(run, datasets=inputs[:1])
    stored = client.get_run(run).inputs.dataset_inputs
    assert sorted(item.dataset.name for item in stored) == ["d0", "d1", "d2"]
    assert stored[0].dataset.source_type == "local" and stored[0].dataset.source == '{"uri": "/x"}'


def test_two_runs_share_a_dataset(client, experiment):
    data = mlflow.data.from_numpy(np.ones((2, 2)), name="shared")
    ids = []
    for _ in range(2):
        with mlflow.start_run() as run:
            mlflow.log_input(data)
        ids.append(run.info.run_id)
    digests = {client.get_run(run).inputs.dataset_inputs[0].dataset.digest for run in ids}
    assert len(digests) == 1
    assert len(client.search_runs([experiment], f"dataset.digest = '{digests.pop()}'")) == 2
