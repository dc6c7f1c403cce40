"""The process: sockets, smoke test, examples, limits, metrics, the end."""

import json
import os
import stat
import subprocess
import threading
import time

import pytest
from process import Served, command, environment
from sklearn.datasets import load_digits

DIGITS = load_digits().data[:3].tolist()


def smoke(folder):
    done = subprocess.run(
        command("--model-dir", folder, "--name", "m", "--version", "1", "--smoke"),
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert "TRIED THE NETWORK" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def test_smoke_runs_the_models_own_example(folders):
    code, result, _ = smoke(folders("columns"))
    assert code == 0
    assert result["loaded"] and result["ok"] and result["example"]
    assert result["latency_ms"] > 0 and result["output_preview"].startswith("[")


def test_smoke_without_example_says_so(folders):
    code, result, _ = smoke(folders("puppet"))
    assert code == 0 and result["loaded"] and result["ok"] and not result["example"]
    assert "without an input example" in result["detail"]


def test_smoke_of_an_example_that_fails(folders):
    code, result, errors = smoke(folders("failing_example"))
    assert code == 5 and result["loaded"] and not result["ok"]
    assert "must have 64 values in each row" in result["detail"]
    assert errors.strip().splitlines()[-1].startswith("slipway_model_server: the model's own input example fails")


def test_smoke_of_a_model_that_does_not_load(folders):
    code, result, _ = smoke(folders("needs_a_package"))
    assert code == 3 and not result["loaded"] and "needs the Python package 'not_there'" in result["detail"]


@pytest.mark.parametrize(
    "name, says",
    [
        ("torn", "the model cannot be loaded: "),
        ("no_model", "holds no MLflow model"),
    ],
)
def test_a_model_that_does_not_load(folders, tmp_path, name, says):
    server = Served(folders(name), "m", unix_socket=tmp_path / "s")
    assert server.process.wait(60) == 3
    server.stop()
    last = [line for line in server.log if line.startswith("slipway_model_server: ")][-1]
    assert says in last
    assert not (tmp_path / "s").exists()


def test_wrong_arguments(folders):
    done = subprocess.run(
        command("--model-dir", folders("tensor"), "--name", "m", "--version", "1"),
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 2 and "--unix-socket PATH or --port P" in done.stderr


@pytest.mark.parametrize("name", ["tensor", "columns", "bare", "kinds", "named_tensors", "hinted"])
def test_the_example_is_a_request_that_works(served, name):
    server = served(name)
    example = server.get("/slipway/example").json
    assert example["source"] == {
        "tensor": "example", "columns": "example", "hinted": "example", "bare": "guess",
    }.get(name, "signature")
    assert example["detail"]
    answer = server.predict(example["v1"])
    assert answer.status == 200, answer.text
    answer = server.call("POST", f"/v2/models/{name}/infer", example["v2"])
    assert answer.status == 200, answer.text
    if name == "columns":
        assert example["signature"]["inputs"][2] == {"name": "city", "type": "string", "required": True}


def test_smoke_route(served):
    before = served("tensor").get("/metrics").text
    result = served("tensor").get("/slipway/smoke").json
    assert result["loaded"] and result["example"] and result["output_preview"] == "[0,1,2]"
    assert count(before, "request_predict_seconds_count") == count(
        served("tensor").get("/metrics").text, "request_predict_seconds_count"
    )


def count(metrics: str, name: str, labels: str = "") -> float:
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in metrics.splitlines()
        if line.startswith(name) and labels in line
    )


def test_metrics(served):
    server = served("tensor")
    before = server.get("/metrics").text
    server.predict({"instances": DIGITS})
    server.predict({"instances": []})
    server.call("POST", "/v2/models/nobody/infer", {})
    after = server.get("/metrics").text
    for name in ("preprocess", "predict", "postprocess"):
        name = f"request_{name}_seconds_count"
        assert count(after, name, 'model_name="tensor"') == count(before, name) + 1
    total = "slipway_model_requests_total"
    for labels in ('protocol="v1",status="200"', 'protocol="v1",status="400"', 'protocol="v2",status="404"'):
        assert count(after, total, labels) == count(before, total, labels) + 1


def test_socket_is_for_its_owner_only(served):
    assert stat.S_IMODE(os.stat(served("tensor").unix_socket).st_mode) == 0o600


def test_unknown_paths_and_methods(served):
    server = served("tensor")
    assert server.get("/nowhere").status == 404 and "/v1/models" in server.get("/nowhere").error
    for path in ("/v1/models/tensor:predict", "/v2/models/tensor/infer"):
        assert server.get(path).status == 405 and server.get(path).error


def test_nobody_tried_the_network(served):
    for name in ("tensor", "columns", "puppet"):
        assert not [line for line in served(name).log if "TRIED THE NETWORK" in line]


def test_a_long_prediction_holds_up_nothing(served):
    server = served("puppet")
    for _ in range(40):
        assert server.predict({"instances": ["count"]}).status == 200
    slow = threading.Thread(target=server.predict, args=({"instances": ["sleep 2"]},))
    slow.start()
    time.sleep(0.2)
    started = time.monotonic()
    assert server.get("/v2/health/ready").status == 200
    assert server.predict({"instances": ["count"]}).status == 200
    assert time.monotonic() - started < 1
    slow.join()


@pytest.fixture(scope="module")
def over_tcp(folders):
    server = Served(folders("puppet"), "puppet", more=["--max-body-mib", "1", "--max-pending", "2", "--threads", "1"])
    server.wait_ready()
    yield server
    server.stop()


def test_tcp_on_a_free_port(over_tcp):
    assert over_tcp.address.startswith("http://127.0.0.1:")
    assert over_tcp.predict({"instances": ["count"]}).json == {"predictions": 1}


def test_huge_bodies(over_tcp):
    answer = over_tcp.call("POST", "/v1/models/puppet:predict", b" " * (2 * 2**20))
    assert answer.status == 413 and "larger than 1 MiB" in answer.error

    def chunks():
        for _ in range(40):
            yield b" " * 2**16

    connection = over_tcp.connection()
    connection.request("POST", "/v1/models/puppet:predict", chunks(), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert over_tcp.get("/v2/health/ready").status == 200


def test_compressed_bodies_are_refused(over_tcp):
    answer = over_tcp.call("POST", "/v1/models/puppet:predict", b"x", {"Content-Encoding": "gzip"})
    assert answer.status == 415 and "send plain JSON" in answer.error


def test_too_many_at_once(over_tcp):
    busy = [
        threading.Thread(target=over_tcp.predict, args=({"instances": ["sleep 1"]},)) for _ in range(2)
    ]
    for thread in busy:
        thread.start()
    time.sleep(0.3)
    answer = over_tcp.predict({"instances": ["count"]})
    assert answer.status == 503 and "try again" in answer.error and answer.headers["retry-after"] == "1"
    assert over_tcp.get("/v2/health/live").status == 200
    for thread in busy:
        thread.join()


def test_an_address_that_is_taken(over_tcp, folders):
    port = over_tcp.address.rsplit(":", 1)[1]
    done = subprocess.run(
        command("--model-dir", folders("tensor"), "--name", "m", "--version", "1", "--port", port),
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 4
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr.splitlines()[-1]


def test_sigterm_finishes_what_was_begun(folders, tmp_path):
    path = tmp_path / "s"
    path.touch()
    path.unlink()
    server = Served(folders("puppet"), "puppet", unix_socket=path)
    server.wait_ready()
    answers = []
    asking = threading.Thread(target=lambda: answers.append(server.predict({"instances": ["sleep 1.5"]})))
    asking.start()
    time.sleep(0.5)
    assert server.stop() == 0
    asking.join()
    assert answers[0].status == 200 and answers[0].json == {"predictions": ["slept"]}
    assert not path.exists()
