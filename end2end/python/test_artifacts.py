import json
import os

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
from mlflow.exceptions import MlflowException


def listed(client, run, path=None):
    return {item.path: (item.is_dir, item.file_size) for item in client.list_artifacts(run, path)}


def test_files_and_folders(client, run, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "b.bin").write_bytes(bytes(range(256)))
    (tmp_path / "deep" / "empty").write_bytes(b"")
    client.log_artifact(run, tmp_path / "a.txt")
    client.log_artifact(run, tmp_path / "a.txt", "sub")
    client.log_artifacts(run, tmp_path, "all")
    assert listed(client, run) == {"a.txt": (False, 5), "sub": (True, None), "all": (True, None)}
    assert listed(client, run, "all") == {"all/a.txt": (False, 5), "all/deep": (True, None)}
    deep = listed(client, run, "all/deep")
    assert set(deep) == {"all/deep/empty", "all/deep/er"} and deep["all/deep/er"][0]
    assert deep["all/deep/empty"] in ((False, 0), (False, None))  # the client's wire format cannot tell them apart
    assert listed(client, run, "nowhere") == {}
    fetched = mlflow.artifacts.download_artifacts(run_id=run, artifact_path="all", dst_path=tmp_path / "out")
    assert (tmp_path / "out/all/deep/er/b.bin").read_bytes() == bytes(range(256))
    assert os.path.isfile(os.path.join(fetched, "deep/empty"))
    one = client.download_artifacts(run, "sub/a.txt", str(tmp_path))
    assert open(one).read() == "hello"


def test_overwrite(client, run):
    client.log_text(run, "first, and longer", "t.txt")
    client.log_text(run, "second", "t.txt")
    uri = client.get_run(run).info.artifact_uri
    assert mlflow.artifacts.load_text(f"{uri}/t.txt") == "second"
    assert listed(client, run) == {"t.txt": (False, 6)}


def test_text_and_dict(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_text("ümläut\n", "notes/n.txt")
        mlflow.log_dict({"a": [1, {"b": None}]}, "d.json")
        mlflow.log_dict({"a": 1}, "d.yaml")
    uri = run.info.artifact_uri
    assert mlflow.artifacts.load_text(f"{uri}/notes/n.txt") == "ümläut\n"
    assert mlflow.artifacts.load_dict(f"{uri}/d.json") == {"a": [1, {"b": None}]}
    assert "a: 1" in mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/d.yaml")


@pytest.mark.parametrize("name", ["with space.txt", "ümlaut.txt", "plus+sign.txt", "a&b=c.txt", "comma,.txt"])
def test_odd_names(client, run, name, tmp_path):
    (tmp_path / name).write_text(name)
    client.log_artifact(run, tmp_path / name, "odd")
    assert list(listed(client, run, "odd")) == [f"odd/{name}"]
    mlflow.artifacts.download_artifacts(run_id=run, artifact_path="odd", dst_path=tmp_path / "out")
    assert (tmp_path / "out/odd" / name).read_text() == name


def test_figure_and_images(client, experiment):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    with mlflow.start_run() as run:
        mlflow.log_figure(figure, "plots/f.png")
        mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), "i.png")
        mlflow.log_image(np.full((8, 8), 128, dtype=np.uint8), key="sample", step=3)
        mlflow.flush_artifact_async_logging()
    plt.close(figure)
    found = listed(client, run.info.run_id)
    assert "i.png" in found and "plots" in found
    assert listed(client, run.info.run_id, "plots")["plots/f.png"][1] > 1000
    images = listed(client, run.info.run_id, "images")
    assert len(images) == 2 and all("sample" in name for name in images)
    assert mlflow.artifacts.load_image(f"{run.info.artifact_uri}/i.png").size == (8, 8)


def test_table_grows(client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_table({"q": ["a", "b"], "n": [1, 2]}, "t.json")
        mlflow.log_table(pd.DataFrame({"q": ["c"], "n": [3]}), "t.json")
    table = mlflow.load_table("t.json", run_ids=[run.info.run_id])
    assert table["q"].tolist() == ["a", "b", "c"] and table["n"].tolist() == [1, 2, 3]
    tag = client.get_run(run.info.run_id).data.tags["mlflow.loggedArtifacts"]
    assert json.loads(tag) == [{"path": "t.json", "type": "table"}]


def test_large(client, run, tmp_path):
    data = os.urandom(12 * 1024 * 1024)
    (tmp_path / "large.bin").write_bytes(data)
    client.log_artifact(run, tmp_path / "large.bin")
    assert listed(client, run)["large.bin"] == (False, len(data))
    back = mlflow.artifacts.download_artifacts(run_id=run, artifact_path="large.bin", dst_path=tmp_path / "out")
    assert open(back, "rb").read() == data


def test_many_at_once(client, run, tmp_path):
    for number in range(40):
        (tmp_path / f"{number:02}.txt").write_text(str(number))
    client.log_artifacts(run, tmp_path)
    assert len(listed(client, run)) == 40


def test_by_uri(client, run, tmp_path):
    client.log_text(run, "x", "a/b.txt")
    for uri in (f"runs:/{run}/a/b.txt", client.get_run(run).info.artifact_uri + "/a/b.txt"):
        assert open(mlflow.artifacts.download_artifacts(uri, dst_path=tmp_path)).read() == "x"
    assert [item.path for item in mlflow.artifacts.list_artifacts(f"runs:/{run}/a")] == ["a/b.txt"]


def test_what_is_not_there(client, run, tmp_path):
    with pytest.raises(Exception):
        mlflow.artifacts.download_artifacts(run_id=run, artifact_path="nothing.txt", dst_path=tmp_path)


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a/%2e%2e/%2e%2e/%2e%2e/x"])
def test_traversal_is_refused(client, run, path):
    with pytest.raises((MlflowException, requests.HTTPError)) as raised:
        client.list_artifacts(run, path)
    assert "400" in str(raised.value) or "INVALID_PARAMETER_VALUE" in str(raised.value)
