import os

import mlflow
import pytest
from mlflow.exceptions import MlflowException


@pytest.fixture
def model(client, unique):
    name = unique("model")
    client.create_registered_model(name, tags={"team": "blue"}, description="what it is")
    return name


def add(client, name, run_id=None, **more):
    """A version made from the artifacts of a run; another run each time unless one is given."""
    run_id = run_id or client.create_run("0").info.run_id
    return client.create_model_version(name, source=source(client, run_id), run_id=run_id, **more)


def source(client, run_id):
    return client.get_run(run_id).info.artifact_uri + "/model"


def test_create_get_update_delete(client, model):
    found = client.get_registered_model(model)
    assert found.name == model and found.description == "what it is" and found.tags == {"team": "blue"}
    assert found.last_updated_timestamp >= found.creation_timestamp > 0
    client.update_registered_model(model, description="better")
    client.set_registered_model_tag(model, "k", "v")
    client.delete_registered_model_tag(model, "team")
    found = client.get_registered_model(model)
    assert found.description == "better" and found.tags == {"k": "v"}
    client.delete_registered_model(model)
    with pytest.raises(MlflowException) as raised:
        client.get_registered_model(model)
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_rename_takes_all_along(client, model, unique):
    add(client, model)
    client.set_registered_model_alias(model, "best", "1")
    other = unique("renamed")
    client.rename_registered_model(model, other)
    assert client.get_registered_model(other).name == other
    assert client.get_model_version_by_alias(other, "best").version in (1, "1")
    assert client.get_model_version(other, "1").name == other
    with pytest.raises(MlflowException):
        client.get_registered_model(model)


def test_rename_to_a_taken_name(client, model, unique):
    other = unique("model")
    client.create_registered_model(other)
    with pytest.raises(MlflowException) as raised:
        client.rename_registered_model(model, other)
    assert raised.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_versions(client, model, run):
    client.log_text(run, "x", "model/MLmodel")
    first = add(client, model, run_id=run, description="one", tags={"a": "1"})
    second = add(client, model)
    assert (str(first.version), str(second.version)) == ("1", "2")
    found = client.get_model_version(model, "1")
    assert found.description == "one" and found.tags == {"a": "1"} and found.run_id == run
    assert found.status == "READY" and found.source == source(client, run)
    assert found.current_stage == "None"
    assert client.get_model_version_download_uri(model, "1")
    client.update_model_version(model, "1", description="uno")
    client.set_model_version_tag(model, "1", "b", "2")
    client.delete_model_version_tag(model, "1", "a")
    found = client.get_model_version(model, "1")
    assert found.description == "uno" and found.tags == {"b": "2"}

    client.delete_model_version(model, "2")
    with pytest.raises(MlflowException) as raised:
        client.get_model_version(model, "2")
    assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert str(add(client, model).version) in ("2", "3")  # MLflow counts on from the highest that is left


def test_aliases(client, model):
    add(client, model), add(client, model)
    client.set_registered_model_alias(model, "champion", "1")
    client.set_registered_model_alias(model, "rival", "2")
    assert str(client.get_model_version_by_alias(model, "champion").version) == "1"
    client.set_registered_model_alias(model, "champion", "2")
    assert str(client.get_model_version_by_alias(model, "champion").version) == "2"
    assert sorted(client.get_model_version(model, "2").aliases) == ["champion", "rival"]
    assert {k: str(v) for k, v in client.get_registered_model(model).aliases.items()} == {
        "champion": "2",
        "rival": "2",
    }
    client.delete_registered_model_alias(model, "rival")
    with pytest.raises(MlflowException):
        client.get_model_version_by_alias(model, "rival")
    with pytest.raises(MlflowException):
        client.set_registered_model_alias(model, "champion", "9")
    client.delete_model_version(model, "2")
    with pytest.raises(MlflowException):
        client.get_model_version_by_alias(model, "champion")


@pytest.mark.filterwarnings("ignore")
def test_stages(client, model, production):
    for _ in range(3):
        add(client, model)
    assert client.transition_model_version_stage(model, "1", "Production").current_stage == "Production"
    client.transition_model_version_stage(model, "2", "staging")
    assert client.get_model_version(model, "2").current_stage == "Staging"
    client.transition_model_version_stage(model, "3", "Production", archive_existing_versions=True)
    assert client.get_model_version(model, "1").current_stage == "Archived"
    latest = {v.current_stage: str(v.version) for v in client.get_latest_versions(model)}
    assert latest == {"Archived": "1", "Staging": "2", "Production": "3"}
    assert [str(v.version) for v in client.get_latest_versions(model, ["Staging"])] == ["2"]
    with pytest.raises(MlflowException) as raised:
        client.transition_model_version_stage(model, "1", "Nowhere")
    assert raised.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.skipif(not os.environ.get("SLIPWAY_TOKEN"), reason="MLflow's own server protects no stage")
@pytest.mark.filterwarnings("ignore")
def test_a_protected_stage_says_what_to_do(client, model):
    add(client, model)
    for attempt, instead in (
        (lambda: client.set_registered_model_alias(model, "production", "1"), "slipway promotion request"),
        (lambda: client.delete_registered_model_alias(model, "production"), "Promote another version"),
        (lambda: client.transition_model_version_stage(model, "1", "Production"), "slipway promotion request"),
    ):
        with pytest.raises(MlflowException) as raised:
            attempt()
        assert raised.value.error_code == "PERMISSION_DENIED"
        assert instead in str(raised.value)
    client.transition_model_version_stage(model, "1", "Staging")
    client.set_registered_model_alias(model, "champion", "1")


def test_search_models(client, unique):
    prefix = unique("s")
    for letter in "abc":
        client.create_registered_model(f"{prefix}-{letter}", tags={"group": prefix, "letter": letter})

    def found(text, **more):
        return [m.name for m in client.search_registered_models(text, **more)]

    names = [f"{prefix}-{letter}" for letter in "abc"]
    assert found(f"name LIKE '{prefix}-%'") == names
    assert found(f"name ILIKE '{prefix.upper()}%'", order_by=["name DESC"]) == names[::-1]
    assert found(f"name = '{names[1]}'") == [names[1]]
    assert found(f"tags.group = '{prefix}' AND tags.letter != 'a'") == names[1:]
    first = client.search_registered_models(f"name LIKE '{prefix}-%'", max_results=2)
    assert len(first) == 2 and first.token
    rest = client.search_registered_models(f"name LIKE '{prefix}-%'", max_results=2, page_token=first.token)
    assert [m.name for m in rest] == names[2:]
    assert found(f"name LIKE '{prefix}-%'", order_by=["last_updated_timestamp DESC"])[0] == names[2]
    with pytest.raises(MlflowException):
        found("nonsense = 3")


def test_latest_versions_come_along(client, model):
    add(client, model), add(client, model)
    found = client.search_registered_models(f"name = '{model}'")[0]
    assert [str(v.version) for v in found.latest_versions] == ["2"]


def test_search_versions(client, model, run):
    add(client, model, run_id=run, tags={"k": "1"})
    add(client, model, tags={"k": "2"})
    third = add(client, model)

    def found(text, **more):
        return [str(v.version) for v in client.search_model_versions(text, **more)]

    assert sorted(found(f"name = '{model}'")) == ["1", "2", "3"]
    assert found(f"name = '{model}' AND run_id = '{run}'") == ["1"]
    assert found(f"name = '{model}' AND tags.k = '2'") == ["2"]
    assert found(f"name = '{model}' AND source_path = '{third.source}'") == ["3"]
    assert found(f"name = '{model}'", order_by=["version_number ASC"]) == ["1", "2", "3"]
    assert found(f"name = '{model}'", order_by=["version_number DESC"], max_results=1) == ["3"]
    assert found(f"name LIKE '{model[:-2]}%' AND version_number > 1", order_by=["version_number"]) == ["2", "3"]
    assert sorted(found(f"run_id IN ('{run}') AND name = '{model}'")) == ["1"]


def test_register_model_links_the_run(client, experiment, unique):
    name = unique("model")
    with mlflow.start_run() as run:
        mlflow.log_text("artifact_path: model\nflavors: {}\n", "model/MLmodel")
    version = mlflow.register_model(f"runs:/{run.info.run_id}/model", name, tags={"a": "b"})
    assert str(version.version) == "1" and version.name == name
    assert client.get_model_version(name, "1").run_id == run.info.run_id
    again = mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    assert str(again.version) == "2"


def test_errors(client, model, unique):
    with pytest.raises(MlflowException) as raised:
        client.create_registered_model(model)
    assert raised.value.error_code == "RESOURCE_ALREADY_EXISTS"
    for call in (
        lambda: client.get_registered_model(unique()),
        lambda: add(client, unique()),
        lambda: client.get_model_version(model, "1"),
        lambda: client.delete_registered_model(unique()),
        lambda: client.update_registered_model(unique(), "x"),
    ):
        with pytest.raises(MlflowException) as raised:
            call()
        assert raised.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    for name in ("", "a/b", "a:b"):
        with pytest.raises(MlflowException) as raised:
            client.create_registered_model(name)
        assert raised.value.error_code == "INVALID_PARAMETER_VALUE"
