"""Request bodies to try the model with: from its own input example, else made up from its signature."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from slipway_model_server import jsons, v2
from slipway_model_server.datatypes import of_numpy
from slipway_model_server.loading import LoadedModel
from slipway_model_server.signature import Column, Tensor

log = logging.getLogger("slipway_model_server")

MOST_ROWS = 5
_MADE_UP = {
    "boolean": False,
    "integer": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "string": "text",
    "binary": "",
    "datetime": "2026-01-01T00:00:00Z",
}


@dataclass(frozen=True)
class Example:
    v1: dict
    v2: dict | None
    source: str  # "example", "signature" or "guess"
    detail: str

    @property
    def own(self) -> bool:
        return self.source == "example"


def of(model: LoadedModel) -> Example:
    saved = _saved(model)
    if saved is not None:
        return Example(saved, _as_v2(saved, model), "example", "from the model's own input example")
    if model.signature.inputs.known:
        made = _from_signature(model)
        detail = "the model has no input example: made up from its signature"
        return Example(made, _as_v2(made, model), "signature", detail)
    made = {"instances": [_fitted_row(model)]}
    return Example(
        made, _as_v2(made, model), "guess", "the model has neither an input example nor a signature: only a guess"
    )


def _saved(model: LoadedModel) -> dict | None:
    """The body that MLflow saved for serving, in V1's words."""
    for name in ("serving_input_example.json", "input_example.json"):
        path = model.folder / name
        if not path.is_file():
            continue
        try:
            return _as_v1(_json(path), model)
        except Exception as error:
            log.warning("%s is not understood: %s", path, error)
    return None


def _json(path: Path):
    text = path.read_bytes()
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # MLflow writes NaN
        return json.loads(text, parse_constant=lambda _: None)


def _as_v1(saved, model: LoadedModel) -> dict | None:
    params = None
    if isinstance(saved, dict):
        params = saved.get("params")
        if "dataframe_split" in saved:
            saved = saved["dataframe_split"]
        elif "dataframe_records" in saved:
            saved = saved["dataframe_records"]
        elif "instances" in saved:
            saved = saved["instances"]
        elif "inputs" in saved:
            saved = saved["inputs"]
    if isinstance(saved, dict) and isinstance(saved.get("data"), list):
        columns = saved.get("columns") or [column.name for column in model.signature.inputs.columns]
        named = columns and all(isinstance(name, str) for name in columns)
        saved = [dict(zip(columns, row)) for row in saved["data"]] if named else saved["data"]
    body: dict
    if isinstance(saved, list):
        body = {"instances": _few(saved, model)}
    elif isinstance(saved, dict):
        lists = all(isinstance(value, list) for value in saved.values())
        body = {"inputs": saved} if lists else {"instances": [saved]}
    else:
        body = {"instances": [saved]}
    if params:
        body["params"] = params
    return body


def _few(rows: list, model: LoadedModel) -> list:
    fixed = any(tensor.shape and tensor.shape[0] != -1 for tensor in model.signature.inputs.tensors)
    return rows if fixed else rows[:MOST_ROWS]


def _from_signature(model: LoadedModel) -> dict:
    takes = model.signature.inputs
    if takes.columns:
        if all(isinstance(column.name, str) for column in takes.columns):
            return {"instances": [{column.name: _MADE_UP.get(column.type, []) for column in takes.columns}]}
        return {"instances": [[_MADE_UP.get(column.type, []) for column in takes.columns]]}
    made = {tensor.name: _zeros(tensor) for tensor in takes.tensors}
    if list(made) == [None]:
        return {"instances": made[None]}
    return {"inputs": made}


def _zeros(tensor: Tensor) -> list:
    shape = tuple(1 if size == -1 else size for size in tensor.shape)
    if tensor.dtype.kind in "USO":
        return np.full(shape, "text", dtype=object).tolist()
    if tensor.dtype.kind == "M":
        return np.full(shape, _MADE_UP["datetime"], dtype=object).tolist()
    return np.zeros(shape, dtype=tensor.dtype).tolist()


def _fitted_row(model: LoadedModel):
    if model.input_names:
        return {name: 0.0 for name in model.input_names}
    return [0.0] * (model.input_width or 1)


def _as_v2(body: dict, model: LoadedModel) -> dict | None:
    """The same rows as typed tensors; nothing where the protocol has no words for them."""
    try:
        tensors = _tensors(body, model)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    made = {"inputs": tensors}
    if body.get("params"):
        made["parameters"] = body["params"]
    return made


def _tensors(body: dict, model: LoadedModel) -> list[dict]:
    takes = model.signature.inputs
    if takes.tensors:
        values = body["inputs"] if "inputs" in body else {takes.tensors[0].name: body["instances"]}
        if not isinstance(values, dict):
            values = {takes.tensors[0].name: values}
        return [
            _tensor(tensor.name or v2.UNNAMED_INPUT, of_numpy(tensor.dtype), np.asarray(values[tensor.name]))
            for tensor in takes.tensors
        ]
    by_column = _by_column(body, takes.columns)
    if by_column is None:
        array = np.asarray(body["instances"])
        return [_tensor(v2.UNNAMED_INPUT, of_numpy(array.dtype), array)]
    types = {column.name: column for column in takes.columns}
    return [_column(name, items, types.get(name)) for name, items in by_column.items()]


def _by_column(body: dict, columns: tuple[Column, ...]) -> dict | None:
    if "inputs" in body:
        return body["inputs"]
    rows = body["instances"]
    if all(isinstance(row, dict) for row in rows):
        return {name: [row.get(name) for row in rows] for name in rows[0]}
    if not columns:
        return None
    if all(isinstance(row, list) for row in rows):
        return {column.name: [row[at] for row in rows] for at, column in enumerate(columns)}
    return {columns[0].name: rows}


def _column(name, items: list, column: Column | None) -> dict:
    if column is None:
        datatype = of_numpy(np.asarray(items).dtype)
    else:
        datatype = column.datatype
    if datatype == "BYTES":
        items = [item if isinstance(item, str) or item is None else jsons.write(item).decode() for item in items]
    return {"name": str(name), "shape": [len(items), 1], "datatype": datatype, "data": items}


def _tensor(name: str, datatype: str, array: np.ndarray) -> dict:
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "data": array.reshape(-1).tolist()}
