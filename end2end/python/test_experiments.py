import mlflow
import pytest
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException


def test_create_get_and_by_name(client, unique):
    name = unique("exp")
    made = client.create_experiment(name, tags={"owner": "ada", "ümlaut": "ja"})
    by_id, by_name = client.get_experiment(made), client.get_experiment_by_name(name)
    assert by_id.name == by_name.name == name
    assert by_id.experiment_id == by_name.experiment_id == made
    assert by_id.lifecycle_stage == "active"
    assert by_id.tags["owner"] == "ada" and by_id.tags["ümlaut"] == "ja"
    assert by_id.artifact_location
    assert by_id.creation_time > 1_600_000_000_000 and by_id.last_update_time >= by_id.creation_time


def test_set_experiment_makes_it_once(unique):
    name = unique("exp")
    first, second = mlflow.set_experiment(name), mlflow.set_experiment(name)
    assert first.experiment_id == second.experiment_id
    assert mlflow.set_experiment(experiment_id=first.experiment_id).name == name


def test_the_default_experiment(client):
    default = client.get_experiment("0")
    assert default.experiment_id == "0" and default.name == "Default"
    assert client.get_experiment_by_name("Default").experiment_id == "0"


def test_rename_tag_delete_restore(client, unique):
    made = client.create_experiment(unique("exp"))
    other = unique("renamed")
    client.rename_experiment(made, other)
    client.set_experiment_tag(made, "stage", "one")
    client.set_experiment_tag(made, "stage", "two")
    assert client.get_experiment(made).name == other
    assert client.get_experiment(made).tags["stage"] == "two"

    run = client.create_run(made)
    client.delete_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "deleted"
    with pytest.raises(MlflowException):
        client.create_run(made)
    client.restore_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "active"
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "active"


def test_delete_experiment_tag(client, unique):
    made = client.create_experiment(unique("exp"), tags={"a": "1", "b": "2"})
    client.delete_experiment_tag(made, "a")
    assert client.get_experiment(made).tags.get("a") is None
    assert client.get_experiment(made).tags["b"] == "2"


def test_search(client, unique):
    prefix = unique("s")
    names = [f"{prefix}-{letter}" for letter in "abc"]
    ids = [client.create_experiment(name, tags={"group": prefix, "n": str(i)}) for i, name in enumerate(names)]
    client.delete_experiment(ids[2])

    def found(filter_string, **more):
        return [e.name for e in client.search_experiments(filter_string=filter_string, **more)]

    assert found(f"name LIKE '{prefix}-%'", order_by=["name ASC"]) == names[:2]
    assert found(f"name ILIKE '{prefix.upper()}-%'", order_by=["name DESC"]) == [names[1], names[0]]
    assert found(f"attribute.name = '{names[0]}'") == [names[0]]
    assert found(f"tags.group = '{prefix}' AND tags.n = '1'") == [names[1]]
    assert found(f"tags.group = '{prefix}' AND name != '{names[0]}'") == [names[1]]
    assert found(f"tags.group = '{prefix}'", view_type=ViewType.DELETED_ONLY) == [names[2]]
    assert sorted(found(f"tags.group = '{prefix}'", view_type=ViewType.ALL)) == names
    assert found(f"tags.group = '{prefix}' AND creation_time > 4000000000000") == []


def test_search_by_pages(client, unique):
    prefix = unique("p")
    for number in range(5):
        client.create_experiment(f"{prefix}-{number}")
    seen, token = [], None
    while True:
        page = client.search_experiments(
            filter_string=f"name LIKE '{prefix}-%'", max_results=2, order_by=["name"], page_token=token
        )
        seen += [e.name for e in page]
        assert len(page) <= 2
        token = page.token
        if not token:
            break
    assert seen == [f"{prefix}-{number}" for number in range(5)]
