"""V1, and TensorFlow Serving's form of it."""

import pytest
from models import homes
from sklearn.datasets import load_digits

DIGITS = load_digits().data[:3].tolist()
HOMES = homes().to_dict("records")


def test_lists_the_model(served):
    server = served("tensor")
    assert server.get("/v1/models").json == {"models": ["tensor"]}
    answer = server.get("/v1/models/tensor").json
    assert answer["name"] == "tensor" and answer["ready"] is True
    assert answer["model_version_status"][0]["state"] == "AVAILABLE"
    assert server.get("/v1/models/other").status == 404
    assert "only 'tensor'" in server.get("/v1/models/other").error


def test_rows_of_numbers(served):
    answer = served("tensor").predict({"instances": DIGITS})
    assert answer.status == 200 and answer.json == {"predictions": [0, 1, 2]}
    assert served("tensor").predict({"instances": DIGITS}, "/versions/7").status == 200
    assert served("tensor").predict({"instances": DIGITS}, "/versions/8").status == 404


def test_column_form(served):
    assert served("tensor").predict({"inputs": DIGITS}).json == {"outputs": [0, 1, 2]}
    by_column = {name: [row[name] for row in HOMES] for name in HOMES[0]}
    assert served("columns").predict({"inputs": by_column}).json["outputs"] == pytest.approx([100, 170, 260, 140])


@pytest.mark.parametrize(
    "rows",
    [
        HOMES,
        [list(row.values()) for row in HOMES],
        [{name: row[name] for name in ("garden", "city", "rooms", "area")} for row in HOMES],
        [{**row, "rooms": float(row["rooms"])} for row in HOMES],
    ],
    ids=["objects", "lists", "another order", "2.0 is 2"],
)
def test_rows_of_a_table(served, rows):
    answer = served("columns").predict({"instances": rows})
    assert answer.json.get("predictions") == pytest.approx([100, 170, 260, 140])


HOME = HOMES[0]


@pytest.mark.parametrize(
    "row, says",
    [
        ({**HOME, "area": "50"}, "column 'area' must hold numbers, but row 1 has \"50\""),
        ({**HOME, "area": True}, "column 'area' must hold numbers, but row 1 has true"),
        ({**HOME, "rooms": 2.5}, "column 'rooms' must hold whole numbers of 64 bits, but row 1 has 2.5"),
        ({**HOME, "rooms": 2**70}, "column 'rooms' must hold whole numbers"),
        ({**HOME, "rooms": None}, "column 'rooms' must hold whole numbers of 64 bits, but row 1 has no value (null)"),
        ({**HOME, "city": 5}, "column 'city' must hold texts, but row 1 has 5"),
        ({**HOME, "city": None}, "column 'city' must hold texts, but row 1 has no value"),
        ({**HOME, "garden": 1}, "column 'garden' must hold true or false, but row 1 has 1"),
        ({**HOME, "area": None}, "column 'area' has no value (null) in row 1"),
        ({"area": 1.0, "rooms": 1, "city": "bonn"}, "column 'garden' is missing"),
        ({**HOME, "roof": 1}, "column 'roof' is not known to the model"),
        ([50.0, 2, "bonn"], "instance 1 has 3 values, but the model has 4 columns: area, rooms, city, garden"),
        (50.0, "the model has 4 columns"),
    ],
)
def test_what_does_not_fit_names_the_column(served, row, says):
    answer = served("columns").predict({"instances": [row]})
    assert answer.status == 400
    assert says in answer.error


@pytest.mark.parametrize(
    "body, says",
    [
        (b"", "no body"),
        (b"{", "not valid JSON"),
        (b"[1, 2]", "must be a JSON object"),
        (b'{"instances": [[NaN]]}', "send null for a missing number"),
        (b'{"instances": [[1e999]]}', "not valid JSON"),
        (b"[" * 5000, "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        ({}, '"instances"'),
        ({"instances": [], "inputs": []}, "not both"),
        ({"instances": []}, "at least one"),
        ({"instances": {}}, '"instances" must be a list'),
        ({"instances": None}, '"instances" must be a list'),
        ({"inputs": 3}, '"inputs" must be'),
        ({"inputs": "text"}, '"inputs" must be'),
        ({"instances": [[1.0] * 63]}, "must have 64 values in each row"),
        ({"instances": [[1.0] * 64, [1.0] * 3]}, "row 1 has 64 values, row 2 has 3"),
        ({"instances": [1.0, 2.0]}, "must have the shape [-1, 64]"),
        ({"instances": [["x"] * 64]}, 'but row 1, position 1 has "x"'),
        ({"instances": [[True] * 64]}, "must hold a number"),
        ({"instances": [[{}] * 64]}, "must hold a number"),
        ({"instances": [{"a": 1}]}, "without column names"),
        ({"instances": [[None] + [0.0] * 63]}, "no value (null) in row 1"),
        ({"instances": [[0.0] * 64], "params": {"x": 1}}, "'x' is not a parameter of the model"),
    ],
)
def test_malformed(served, body, says):
    answer = served("tensor").predict(body)
    assert answer.status == 400, answer.text
    assert says in answer.error


def test_without_signature(served):
    server = served("bare")
    row = [5.1, 3.5, 1.4, 0.2]
    assert server.predict({"instances": [row, row]}).json == {"predictions": [0, 0]}
    assert server.predict({"inputs": [row]}).json == {"outputs": [0]}
    answer = server.predict({"instances": [row[:3]]})
    assert answer.status == 400 and "rows of 4 values, but rows of 3 were sent" in answer.error
    answer = server.predict({"instances": [["x", *row[:3]]]})
    assert answer.status == 400 and "the model refuses this input: could not convert" in answer.error


def test_every_column_type(served):
    row = {
        "small": 3,
        "big": 2**62,
        "single": 0.5,
        "share": 0.25,
        "payload": {"b64": "AAE="},
        "when": "2026-01-31T13:00:00+01:00",
    }
    answer = served("kinds").predict({"instances": [row, {**row, "payload": "//8="}]})
    assert answer.status == 200, answer.text
    first, second = answer.json["predictions"]
    assert first["dtypes"].startswith(
        "small:int32,big:int64,single:float32,share:float64,payload:object,when:datetime64[ns]"
    )
    assert (first["payload"], second["payload"]) == ("0001", "ffff")
    assert first["when"].startswith("2026-01-31T12:00:00")
    with_note = served("kinds").predict({"instances": [{**row, "note": None, "age": 7}]})
    assert "note:" in with_note.json["predictions"][0]["dtypes"]

    for name, value, says in [
        ("small", 2**40, "whole numbers of 32 bits"),
        ("single", 1e300, "numbers of 32 bits"),
        ("payload", "not base64!", "base64"),
        ("when", "yesterday", "times such as"),
        ("when", 5, "times such as"),
    ]:
        answer = served("kinds").predict({"instances": [{**row, name: value}]})
        assert answer.status == 400 and says in answer.error and f"'{name}'" in answer.error, answer.text


def test_parameters(served):
    row = {"small": 3, "big": 1, "single": 1, "share": 1, "payload": "", "when": "2026-01-31"}
    answer = served("kinds").predict({"instances": [row], "params": {"factor": 2}})
    assert answer.status == 200, answer.text
    assert answer.json["predictions"][0]["scaled"] == 6.0
    answer = served("kinds").predict({"instances": [row], "params": {"factor": "two"}})
    assert answer.status == 400 and "parameter 'factor' must be of type double" in answer.error
    answer = served("kinds").predict({"instances": [row], "params": {"faktor": 2}})
    assert answer.status == 400 and "it takes factor, mode" in answer.error


def test_named_tensors(served):
    server = served("named_tensors")
    rows = [{"a": [1, 2, 3], "b": 10}, {"a": [4, 5, 6], "b": 20}]
    assert server.predict({"instances": rows}).json == {
        "predictions": [{"sum": 16.0, "first": 1.0}, {"sum": 35.0, "first": 4.0}]
    }
    columns = {"a": [[1, 2, 3]], "b": [10]}
    assert server.predict({"inputs": columns}).json == {"outputs": {"sum": [16.0], "first": [1.0]}}
    assert "input 'b' is missing" in server.predict({"inputs": {"a": [[1, 2, 3]]}}).error
    assert "input 'a' must have 3 values" in server.predict({"inputs": {"a": [[1, 2]], "b": [1]}}).error
    assert "whole number" in server.predict({"inputs": {"a": [[1, 2, 3]], "b": [1.5]}}).error


def test_signature_from_a_type_hint(served):
    assert served("hinted").predict({"instances": ["a", "b"]}).json == {"predictions": ["A", "B"]}
    assert served("hinted").predict({"instances": [1]}).status == 400


@pytest.mark.parametrize(
    "ask, predictions",
    [
        ("dict", {"label": "cat", "score": None, "parts": [1.0, None]}),
        ("texts", ["a", "ü", None]),
        ("nan", [1.5, None, None]),
        ("objects", ["x", 2, None, {"deep": [1]}]),
        ("scalar", 2.5),
        ("bytes", [{"b64": "AAE="}]),
        ("times", ["2026-01-31T12:00:00", None]),
        ("frame", [{"n": 1, "f": 0.5, "t": "a"}, {"n": 2, "f": None, "t": None}]),
    ],
)
def test_whatever_a_model_returns_is_json(served, ask, predictions):
    answer = served("puppet").predict({"instances": [ask]})
    assert answer.status == 200, answer.text
    assert answer.json == {"predictions": predictions}


def test_a_failing_model_is_a_500_without_a_trace(served):
    server = served("puppet")
    answer = server.predict({"instances": ["raise"]})
    assert answer.status == 500
    assert "the model failed on this input (RuntimeError)" in answer.error
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert server.says("secret detail of the model")
    answer = server.predict({"instances": ["unwritable"]})
    assert answer.status == 500 and "cannot be written as JSON" in answer.error
