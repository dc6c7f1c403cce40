"""Open Inference Protocol V2."""

import pytest
from models import homes
from process import tensor
from sklearn.datasets import load_digits

DIGITS = load_digits().data[:3].tolist()
FLAT = [value for row in DIGITS for value in row]


def home_tensors(**changed):
    columns = {
        "area": tensor("area", "FP32", [4, 1], homes()["area"].tolist()),
        "rooms": tensor("rooms", "INT32", [4, 1], homes()["rooms"].tolist()),
        "city": tensor("city", "BYTES", [4, 1], homes()["city"].tolist()),
        "garden": tensor("garden", "BOOL", [4], homes()["garden"].tolist()),
    }
    columns.update(changed)
    return [value for value in columns.values() if value is not None]


def test_server_and_health(served):
    server = served("tensor")
    assert server.get("/v2").json["name"] == "slipway-model-server"
    assert server.get("/v2/health/live").json == {"live": True}
    assert server.get("/v2/health/ready").json == {"ready": True}
    assert server.get("/v2/models/tensor/ready").json == {"name": "tensor", "ready": True}
    assert server.get("/v2/models/tensor/versions/7/ready").status == 200
    assert server.get("/v2/models/other/ready").status == 404
    assert server.get("/healthz").json["status"] == "ok"


def test_metadata(served):
    assert served("tensor").get("/v2/models/tensor").json == {
        "name": "tensor",
        "versions": ["7"],
        "platform": "mlflow_sklearn",
        "inputs": [{"name": "input-0", "datatype": "FP64", "shape": [-1, 64]}],
        "outputs": [{"name": "output-0", "datatype": "INT64", "shape": [-1]}],
    }
    inputs = served("columns").get("/v2/models/columns/versions/7").json["inputs"]
    assert [(column["name"], column["datatype"], column["shape"]) for column in inputs] == [
        ("area", "FP64", [-1, 1]),
        ("rooms", "INT64", [-1, 1]),
        ("city", "BYTES", [-1, 1]),
        ("garden", "BOOL", [-1, 1]),
    ]
    assert served("tensor").get("/v2/models/tensor/versions/8").status == 404
    assert served("bare").get("/v2/models/bare").json["inputs"] == []


@pytest.mark.parametrize("datatype", ["FP64", "FP32", "FP16", "INT64", "UINT8"])
@pytest.mark.parametrize("nested", [False, True])
def test_any_number_type_is_cast(served, datatype, nested):
    data = [[int(value) for value in row] for row in DIGITS] if nested else [int(value) for value in FLAT]
    answer = served("tensor").infer(tensor("anything", datatype, [3, 64], data), id="abc")
    assert answer.status == 200, answer.text
    assert answer.json == {
        "model_name": "tensor",
        "model_version": "7",
        "id": "abc",
        "outputs": [{"name": "output-0", "datatype": "INT64", "shape": [3], "data": [0, 1, 2]}],
    }


def test_by_version_and_without_id(served):
    server, body = served("tensor"), {"inputs": [tensor("x", "FP64", [1, 64], FLAT[:64])]}
    answer = server.call("POST", "/v2/models/tensor/versions/7/infer", body)
    assert answer.status == 200 and "id" not in answer.json
    assert server.call("POST", "/v2/models/tensor/versions/8/infer", body).status == 404
    assert server.call("POST", "/v2/models/other/infer", body).status == 404


def test_columns(served):
    answer = served("columns").infer(*home_tensors())
    assert answer.status == 200, answer.text
    output = answer.json["outputs"][0]
    assert (output["datatype"], output["shape"]) == ("FP64", [4])
    assert output["data"] == pytest.approx([100, 170, 260, 140])


@pytest.mark.parametrize(
    "changed, says",
    [
        ({"city": None}, "column 'city' is missing"),
        ({"roof": tensor("roof", "FP64", [4], [1] * 4)}, "column 'roof' is not known to the model"),
        ({"rooms": tensor("rooms", "FP64", [4], [1, 2, 3, 4.5])}, "column 'rooms' must hold whole numbers"),
        ({"rooms": tensor("rooms", "INT8", [4], [1, 2, 3, 400])}, "is declared as INT8, but its data holds 400"),
        ({"city": tensor("city", "INT64", [4], [1, 2, 3, 4])}, "column 'city' must hold texts"),
        ({"city": tensor("city", "BYTES", [4], [1, 2, 3, 4])}, "'city' is declared as BYTES, but its data holds 1"),
        ({"area": tensor("area", "FP64", [4, 2], [1.0] * 8)}, "its shape must be [n] or [n, 1]"),
        ({"area": tensor("area", "FP64", [3], [1.0] * 3)}, "column 'area' has 3"),
        ({"area": tensor("area", "FP64", [4], [1.0, 2.0, 3.0, None])}, "column 'area' has no value (null) in row 4"),
        ({"garden": tensor("garden", "BOOL", [4], [1, 0, 2, 0])}, "'garden' is declared as BOOL"),
    ],
)
def test_columns_that_do_not_fit(served, changed, says):
    answer = served("columns").infer(*home_tensors(**changed))
    assert answer.status == 400, answer.text
    assert says in answer.error


@pytest.mark.parametrize(
    "item, says",
    [
        (5, "must be an object"),
        ({}, "has no name"),
        (tensor("x", "FP64", "1", [1]), "needs a shape"),
        (tensor("x", "FP64", [-1, 64], [1]), "needs a shape"),
        (tensor("x", "FLOAT", [1, 64], FLAT[:64]), "the datatype \"FLOAT\""),
        (tensor("x", [[]], [1, 64], FLAT[:64]), "the datatype [[]]"),
        (tensor("x", "FP64", [1, 64], FLAT[:63]), "takes 64 values, but its data has 63"),
        (tensor("x", "FP64", [1, 63], FLAT[:63]), "must have 64 values in each row"),
        (tensor("x", "FP64", [64], FLAT[:64]), "must have the shape [-1, 64]"),
        (tensor("x", "FP64", [1, 64], ["a"] * 64), "declared as FP64, but its data holds \"a\""),
        (tensor("x", "BYTES", [1, 64], ["a"] * 64), "must hold a number"),
        ({"name": "x", "datatype": "FP64", "shape": [1, 64]}, "needs \"data\""),
        (
            {**tensor("x", "FP64", [1, 64], []), "parameters": {"binary_data_size": 512}},
            "binary data, which this server does not take",
        ),
        ({**tensor("x", "FP64", [10**9, 10**9], []), "parameters": None}, "its data has 0"),
    ],
)
def test_tensors_that_do_not_fit(served, item, says):
    answer = served("tensor").infer(item)
    assert answer.status == 400, answer.text
    assert says in answer.error


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"inputs": []}', b'{"inputs": {}}', b'{"inputs": null}'])
def test_malformed(served, body):
    answer = served("tensor").call("POST", "/v2/models/tensor/infer", body)
    assert answer.status == 400 and answer.error


def test_asked_outputs(served):
    server = served("named_tensors")
    inputs = [tensor("a", "FP32", [1, 3], [1, 2, 3]), tensor("b", "INT64", [1], [10])]
    assert [output["name"] for output in server.infer(*inputs).json["outputs"]] == ["sum", "first"]
    answer = server.infer(*inputs, outputs=[{"name": "first"}]).json["outputs"]
    assert answer == [{"name": "first", "datatype": "FP32", "shape": [1], "data": [1.0]}]
    assert "'third' is not an output" in server.infer(*inputs, outputs=[{"name": "third"}]).error
    assert "input 'b' is missing" in server.infer(inputs[0]).error


def test_parameters_of_clients_are_left_alone(served):
    answer = served("tensor").infer(
        tensor("x", "FP64", [1, 64], FLAT[:64]), parameters={"content_type": "np", "timeout": 5}
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    "ask, outputs",
    [
        ("texts", [tensor("output-0", "BYTES", [3], ["a", "ü", None])]),
        ("nan", [tensor("output-0", "FP64", [3], [1.5, None, None])]),
        ("scalar", [tensor("output-0", "FP64", [1], [2.5])]),
        ("times", [tensor("output-0", "BYTES", [2], ["2026-01-31T12:00:00", None])]),
        (
            "frame",
            [
                tensor("n", "INT64", [2], [1, 2]),
                tensor("f", "FP64", [2], [0.5, None]),
                tensor("t", "BYTES", [2], ["a", None]),
            ],
        ),
        (
            "dict",
            [
                tensor("label", "BYTES", [1], ["cat"]),
                tensor("score", "FP64", [1], [None]),
                tensor("parts", "FP64", [2], [1.0, None]),
            ],
        ),
    ],
)
def test_outputs_are_typed_by_what_the_model_returns(served, ask, outputs):
    answer = served("puppet").infer(tensor("what", "BYTES", [1], [ask]))
    assert answer.status == 200, answer.text
    got = answer.json["outputs"]
    for output in got:
        output["data"] = [item[:19] if isinstance(item, str) else item for item in output["data"]]
    assert got == outputs


def test_a_failing_model(served):
    answer = served("puppet").infer(tensor("what", "BYTES", [1], ["raise"]))
    assert answer.status == 500 and "RuntimeError" in answer.error and "Traceback" not in answer.text


def test_without_signature(served):
    row = [5.1, 3.5, 1.4, 0.2]
    assert served("bare").infer(tensor("x", "FP32", [2, 4], row + row)).json["outputs"][0]["data"] == [0, 0]
    assert served("bare").infer(tensor("x", "FP32", [2, 2], row)).status == 400


def test_nothing_is_loaded_or_unloaded_by_callers(served):
    for action in ("load", "unload"):
        assert served("tensor").call("POST", f"/v2/repository/models/tensor/{action}").status == 404
    assert served("tensor").call("POST", "/v2/repository/index").status == 404
