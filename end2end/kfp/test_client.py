"""Every public method of kfp.Client. What differs from Kubeflow's own server stands in docs/pipelines.md, and is tested as it stands there."""

import base64
import json
import os
import re
import tarfile
import time
from pathlib import Path

import kfp
import pytest
from conftest import CALLED, PATIENCE, URL, predicates, public_methods
from kfp import dsl
from kfp_server_api.exceptions import ApiException


@dsl.component
def add(a: float, b: float) -> float:
    return a + b


@dsl.component
def note(value: float, text: dsl.Output[dsl.Artifact]):
    with open(text.path, "w") as file:
        file.write(f"the sum is {value}")


@dsl.pipeline(name="sums", description="Adds two numbers.")
def sums(a: float = 1.0, b: float = 2.0):
    note(value=add(a=a, b=b).output)


@dsl.component
def once_more(seen: str):
    import os
    import sys

    if not os.path.exists(seen):
        open(seen, "w").close()
        sys.exit("not this time")


@dsl.pipeline(name="second-time-lucky")
def lucky(seen: str):
    once_more(seen=seen).set_caching_options(False)


@dsl.component
def sleep():
    import time

    time.sleep(3600)


@dsl.pipeline(name="sleeps")
def sleeps():
    sleep()


def equals(key, value):
    return {"operation": 1, "key": key, "stringValue": value}


def refused(status, call, *args, **kwargs):
    """The answer of a call that is refused: in the shape of Kubeflow Pipelines."""
    with pytest.raises(ApiException) as caught:
        call(*args, **kwargs)
    assert caught.value.status == status, caught.value.body
    body = json.loads(caught.value.body)
    assert body["error"] == body["message"] and isinstance(body["code"], int) and isinstance(body["details"], list)
    return body


# ---- the portal and the namespace


def test_health_and_namespace(client, team, unique):
    assert client.get_kfp_healthz().multi_user is True
    assert client.get_user_namespace() == ""
    client.set_user_namespace(team)
    assert client.get_user_namespace() == team
    again = kfp.Client(host=URL, existing_token=os.environ["SLIPWAY_TOKEN"])
    assert again.get_user_namespace() == team
    again.create_experiment(unique("exp"))
    again.set_user_namespace(unique("nowhere"))
    refused(404, again.list_runs)
    Path(kfp.Client._LOCAL_KFP_CONTEXT).unlink()
    named = kfp.Client(host=URL, namespace=team, existing_token=os.environ["SLIPWAY_TOKEN"])
    assert named.list_experiments().total_size >= 1


def test_a_token_is_needed():
    stranger = kfp.Client(host=URL, existing_token="slip_wrong", namespace="x")
    assert refused(401, stranger.list_runs)["code"] == 16


# ---- experiments


def test_experiments(client, team, unique):
    name = unique("exp")
    with pytest.raises(ValueError, match="No experiment is found"):
        client.get_experiment(experiment_name=name)
    made = client.create_experiment(name, description="cats", namespace=team)
    assert (made.display_name, made.description, made.namespace, made.storage_state) == (name, "cats", team, "AVAILABLE")
    assert client.create_experiment(name).experiment_id == made.experiment_id, "one that is there is taken"
    assert client.get_experiment(experiment_id=made.experiment_id).created_at == made.created_at
    assert client.get_experiment(experiment_name=name).experiment_id == made.experiment_id

    client.archive_experiment(made.experiment_id)
    assert client.get_experiment(experiment_id=made.experiment_id).storage_state == "ARCHIVED"
    put_away = client.list_experiments(filter=predicates(equals("storage_state", "ARCHIVED"), equals("display_name", name)))
    assert [e.experiment_id for e in put_away.experiments] == [made.experiment_id]
    client.unarchive_experiment(made.experiment_id)
    assert client.get_experiment(experiment_id=made.experiment_id).storage_state == "AVAILABLE"
    client.delete_experiment(made.experiment_id)
    assert client.get_experiment(experiment_id=made.experiment_id).storage_state == "ARCHIVED", "as MLflow deletes"

    for _ in range(3):
        client.create_experiment(unique("page"))
    pages, token = [], ""
    while True:
        page = client.list_experiments(page_size=2, page_token=token, sort_by="created_at desc", namespace=team)
        pages.append(page)
        token = page.next_page_token
        if not token:
            break
    ids = [e.experiment_id for page in pages for e in page.experiments]
    assert len(ids) == len(set(ids)) == pages[0].total_size
    times = [e.created_at for page in pages for e in page.experiments]
    assert times == sorted(times, reverse=True)


# ---- pipelines and their versions


def test_pipelines_and_versions(client, team, unique, compiled, tmp_path):
    name, file = unique("sums"), compiled(sums)
    made = client.upload_pipeline(file, pipeline_name=name, description="adds", namespace=team)
    assert (made.name, made.display_name, made.description, made.namespace) == (name, name, "adds", team)
    assert client.get_pipeline_id(name) == made.pipeline_id
    assert client.get_pipeline_id(unique()) is None
    assert client.get_pipeline(made.pipeline_id).created_at == made.created_at
    assert refused(409, client.upload_pipeline, file, pipeline_name=name)["code"] == 6

    second = client.upload_pipeline_version(file, "second", pipeline_id=made.pipeline_id, description="the same")
    assert (second.name, second.description, second.pipeline_id) == ("second", "the same", made.pipeline_id)
    third = client.upload_pipeline_version_from_pipeline_func(lucky, "third", pipeline_name=name)
    assert third.pipeline_spec["pipelineInfo"]["name"] == "second-time-lucky"
    got = client.get_pipeline_version(made.pipeline_id, second.pipeline_version_id)
    assert got.pipeline_spec["root"]["dag"]["tasks"].keys() == {"add", "note"}
    found = client.list_pipeline_versions(made.pipeline_id, sort_by="created_at desc", page_size=2)
    assert [v.display_name for v in found.pipeline_versions] == ["third", "second"]
    rest = client.list_pipeline_versions(made.pipeline_id, sort_by="created_at desc", page_size=2, page_token=found.next_page_token)
    assert [v.display_name for v in rest.pipeline_versions] == [name] and not rest.next_page_token
    only = client.list_pipeline_versions(made.pipeline_id, filter=predicates(equals("display_name", "second")))
    assert [v.pipeline_version_id for v in only.pipeline_versions] == [second.pipeline_version_id]

    assert refused(400, client.delete_pipeline, made.pipeline_id)["code"] == 9, "it has versions"
    for version in found.pipeline_versions + rest.pipeline_versions:
        client.delete_pipeline_version(made.pipeline_id, version.pipeline_version_id)
    refused(404, client.get_pipeline_version, made.pipeline_id, second.pipeline_version_id)
    client.delete_pipeline(made.pipeline_id)
    assert refused(404, client.get_pipeline, made.pipeline_id)["code"] == 5

    from_func = client.upload_pipeline_from_pipeline_func(sums, pipeline_name=unique("func"), description="d")
    assert client.get_pipeline(from_func.pipeline_id).description == "d"
    packed = tmp_path / "pipeline.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(file, arcname="pipeline.yaml")
    from_tar = client.upload_pipeline(str(packed), pipeline_name=unique("tar"))
    listed = client.list_pipelines(page_size=100, sort_by="created_at desc", namespace=team)
    assert [p.pipeline_id for p in listed.pipelines][:2] == [from_tar.pipeline_id, from_func.pipeline_id]
    part = {"operation": "IS_SUBSTRING", "key": "display_name", "string_value": from_tar.name[4:]}
    assert [p.name for p in client.list_pipelines(filter=json.dumps({"predicates": [part]})).pipelines] == [from_tar.name]


# ---- runs


def test_a_run_from_a_function_to_its_end(client, unique):
    experiment = unique("exp")
    result = client.create_run_from_pipeline_func(sums, arguments={"a": 40.0}, run_name=unique("run"), experiment_name=experiment)
    done = result.wait_for_run_completion(timeout=PATIENCE)
    assert done.state == "SUCCEEDED", done.error
    assert done.run_id == result.run_id and done.finished_at >= done.created_at
    assert [s.state for s in done.state_history] == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert done.experiment_id == client.get_experiment(experiment_name=experiment).experiment_id
    assert done.runtime_config.parameters["a"] == 40.0
    assert done.pipeline_spec["pipelineInfo"]["name"] == "sums"
    tasks = {t.display_name: t for t in done.run_details.task_details}
    assert tasks.keys() == {"add", "note"}
    assert all(t.state == "SUCCEEDED" and t.start_time <= t.end_time and t.run_id == done.run_id for t in tasks.values())
    [uri] = tasks["note"].outputs["text"].artifact_ids
    assert uri.startswith("mlflow-artifacts:/")
    path = f"/apis/v2beta1/runs/{done.run_id}/nodes/{tasks['note'].task_id}/artifacts/text:read"
    read = client._run_api.api_client.call_api(path, "GET", response_type="object", auth_settings=["Bearer"], _return_http_data_only=True)
    assert base64.b64decode(read["data"]).startswith(b"the sum is 42")
    linked = done.plugins_output["mlflow"]
    assert linked.entries["experiment_id"].value == done.experiment_id

    again = client.create_run_from_pipeline_func(sums, arguments={"a": 40.0}, experiment_id=done.experiment_id)
    done = client.wait_for_run_completion(again.run_id, timeout=PATIENCE, sleep_duration=1)
    assert done.state == "SUCCEEDED", done.error
    own = client.create_run_from_pipeline_func(sums, arguments={"a": 40.0}, enable_caching=False)
    done = client.wait_for_run_completion(own.run_id, timeout=PATIENCE, sleep_duration=1)
    assert done.state == "SUCCEEDED", done.error
    assert done.pipeline_spec["root"]["dag"]["tasks"]["add"]["cachingOptions"] == {}


def test_a_run_of_a_version_is_listed_and_put_away(client, team, unique, compiled):
    experiment = client.create_experiment(unique("exp")).experiment_id
    pipeline = client.upload_pipeline(compiled(sums), pipeline_name=unique("sums"))
    [version] = client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
    made = [
        client.run_pipeline(experiment, f"run {n}", params={"b": n}, pipeline_id=pipeline.pipeline_id, version_id=version.pipeline_version_id)
        for n in range(3)
    ]
    assert made[0].pipeline_version_reference.pipeline_version_id == version.pipeline_version_id
    assert made[2].runtime_config.parameters["b"] == 2
    for run in made:
        client.wait_for_run_completion(run.run_id, timeout=PATIENCE, sleep_duration=1)
    first = client.list_runs(experiment_id=experiment, page_size=2, sort_by="created_at desc")
    assert [r.display_name for r in first.runs] == ["run 2", "run 1"] and first.total_size == 3
    rest = client.list_runs(experiment_id=experiment, page_size=2, sort_by="created_at desc", page_token=first.next_page_token)
    assert [r.display_name for r in rest.runs] == ["run 0"] and not rest.next_page_token
    assert client.list_runs(namespace=team, filter=predicates(equals("id", made[1].run_id))).runs[0].run_id == made[1].run_id
    ended = predicates(equals("state", "SUCCEEDED"), equals("experiment_id", experiment))
    assert client.list_runs(filter=ended).total_size == 3

    client.archive_run(made[0].run_id)
    assert client.get_run(made[0].run_id).storage_state == "ARCHIVED"
    there = predicates(equals("storage_state", "AVAILABLE"))
    assert client.list_runs(experiment_id=experiment, filter=there).total_size == 2
    client.unarchive_run(made[0].run_id)
    assert client.list_runs(experiment_id=experiment, filter=there).total_size == 3
    client.delete_run(made[0].run_id)
    assert refused(404, client.get_run, made[0].run_id)["code"] == 5
    assert client.list_runs(experiment_id=experiment).total_size == 2


def test_a_run_that_failed_goes_on(client, unique, compiled, ended, tmp_path):
    result = client.create_run_from_pipeline_package(compiled(lucky), arguments={"seen": str(tmp_path / "seen")}, run_name=unique("run"))
    failed = ended(result.run_id, "FAILED")
    assert failed.error.message and failed.run_details.task_details[0].state == "FAILED"
    assert "not this time" in failed.run_details.task_details[0].error.message
    client.runs.run_service_retry_run(run_id=result.run_id)
    assert ended(result.run_id, "SUCCEEDED").run_details.task_details[0].state == "SUCCEEDED"
    assert refused(400, client.runs.run_service_retry_run, run_id=result.run_id)["code"] == 9


def test_a_run_is_terminated(client, unique, ended):
    result = client.create_run_from_pipeline_func(sleeps, run_name=unique("run"))
    with pytest.raises(TimeoutError):
        client.wait_for_run_completion(result.run_id, timeout=0, sleep_duration=0)
    assert refused(400, client.delete_run, result.run_id)["code"] == 9, "it has not ended"
    client.terminate_run(result.run_id)
    assert ended(result.run_id, "CANCELED").finished_at
    refused(400, client.terminate_run, result.run_id)


def test_what_a_run_cannot_have_here(client, unique, compiled):
    file, experiment = compiled(sums), client.create_experiment(unique("exp")).experiment_id
    for given in ({"pipeline_root": "gs://bucket"}, {"service_account": "robot"}):
        answer = refused(400, client.run_pipeline, experiment, "r", pipeline_package_path=file, **given)
        assert next(iter(given)) in answer["message"]
    wrong = refused(400, client.run_pipeline, experiment, "r", pipeline_package_path=file, params={"c": 1})
    assert "c" in wrong["message"]


# ---- recurring runs


def until(seen, good):
    """Asks until the answer is good."""
    end = time.monotonic() + PATIENCE
    while not good(answer := seen()):
        assert time.monotonic() < end, answer
        time.sleep(0.5)
    return answer


def test_a_recurring_run_with_a_cron(client, unique, compiled):
    experiment, name = client.create_experiment(unique("exp")).experiment_id, unique("cron")
    pipeline = client.upload_pipeline(compiled(sums), pipeline_name=unique("p"))
    version = client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions[0]
    made = client.create_recurring_run(
        experiment, name, description="Adds at night.", cron_expression="0 0 2 ? * 1-5", max_concurrency=3, no_catchup=True, params={"a": 3.0},
        pipeline_id=pipeline.pipeline_id, version_id=version.pipeline_version_id, end_time="2999-01-01T00:00:00Z",
    )
    seen = client.get_recurring_run(made.recurring_run_id)
    assert (seen.display_name, seen.description, seen.status, seen.mode) == (name, "Adds at night.", "ENABLED", "ENABLE")
    assert (seen.max_concurrency, seen.no_catchup, seen.experiment_id) == ("3", True, experiment)
    assert seen.trigger.cron_schedule.cron == "0 0 2 ? * 1-5" and seen.trigger.cron_schedule.end_time.year == 2999
    assert seen.pipeline_version_reference.pipeline_version_id == version.pipeline_version_id
    assert seen.runtime_config.parameters == {"a": 3.0}

    listed = client.list_recurring_runs(experiment_id=experiment).recurring_runs
    assert [r.recurring_run_id for r in listed] == [made.recurring_run_id]
    found = client.list_recurring_runs(filter=predicates(equals("display_name", name)), sort_by="created_at desc")
    assert [r.display_name for r in found.recurring_runs] == [name] and found.total_size == 1

    client.disable_recurring_run(made.recurring_run_id)
    assert client.get_recurring_run(made.recurring_run_id).status == "DISABLED"
    client.enable_job(made.recurring_run_id)
    assert client.get_recurring_run(job_id=made.recurring_run_id, recurring_run_id="").status == "ENABLED"
    client.disable_job(made.recurring_run_id)
    client.enable_recurring_run(made.recurring_run_id)
    client.delete_recurring_run(made.recurring_run_id)
    refused(404, client.get_recurring_run, made.recurring_run_id)


def test_a_recurring_run_with_an_interval_runs(client, unique, compiled, ended):
    experiment = client.create_experiment(unique("exp")).experiment_id
    made = client.create_recurring_run(
        experiment, unique("interval"), interval_second=1, params={"a": 1.0, "b": "[[Index]]"}, pipeline_package_path=compiled(sums), max_concurrency=1,
    )
    of = predicates(equals("recurring_run_id", made.recurring_run_id))
    runs = until(lambda: client.list_runs(experiment_id=experiment, filter=of, sort_by="created_at").runs or [], lambda runs: len(runs) > 1)
    client.disable_recurring_run(made.recurring_run_id)
    first = ended(runs[0].run_id, "SUCCEEDED")
    assert first.recurring_run_id == made.recurring_run_id and first.runtime_config.parameters == {"a": 1.0, "b": 1.0}
    times = [run.scheduled_at for run in runs]
    assert len(set(times)) == len(times), "no time makes two runs"
    client.delete_job(made.recurring_run_id)
    for run in client.list_runs(experiment_id=experiment, filter=of, page_size=100).runs:
        if run.state in ("PENDING", "RUNNING"):
            client.terminate_run(run.run_id)


def test_a_recurring_run_that_cannot_be_is_refused(client, unique, compiled):
    experiment, file = client.create_experiment(unique("exp")).experiment_id, compiled(sums)
    for given, place in (
        ({"cron_expression": "0 2 * * *"}, "trigger.cron_schedule.cron"),
        ({"interval_second": 60, "end_time": "2001-01-01T00:00:00Z"}, "trigger.periodic_schedule.end_time"),
        ({"interval_second": 60, "max_concurrency": 11}, "max_concurrency"),
        ({"interval_second": 60, "params": {"c": 1}}, "runtime_config.parameters.c"),
        ({"interval_second": 60, "service_account": "x"}, "service_account"),
    ):
        answer = refused(400, client.create_recurring_run, experiment, "r", pipeline_package_path=file, **given)
        assert answer["details"][0]["field_violations"][0]["field"] == place, answer


# ---- the table


def test_every_method_stands_in_the_table():
    document = Path(__file__).parents[2] / "docs" / "pipelines.md"
    rows = re.findall(r"^\| (`[^|]+`) \|", document.read_text(), re.M)
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    missing = public_methods(kfp.Client) - told
    assert not missing, f"docs/pipelines.md says nothing of {sorted(missing)}"


def test_every_method_was_called(request):
    if len({item.name for item in request.session.items}) < 12:
        pytest.skip("only a part of the suite runs")
    assert not public_methods(kfp.Client) - CALLED
