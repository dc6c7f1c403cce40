"""The V1 dialect, which is also TensorFlow Serving's: {"instances": [...]} or {"inputs": ...} in, predictions out."""

from dataclasses import dataclass

import numpy as np

from slipway_model_server import answers, inputs, parameters, tensors
from slipway_model_server.loading import LoadedModel
from slipway_model_server.problems import invalid, some


@dataclass(frozen=True)
class Question:
    data: object
    rows: int | None
    parameters: dict | None
    by_column: bool


def decode(body: dict, model: LoadedModel) -> Question:
    given = [key for key in ("instances", "inputs") if key in body]
    if len(given) != 1:
        raise invalid(
            'the body must hold "instances" (a list with one entry per row)'
            + (' or "inputs" (one list per column), not both' if given else "")
        )
    params = parameters.check(body.get("params"), model.signature.parameters)
    if given == ["inputs"]:
        return Question(_by_column(body["inputs"], model), None, params, True)
    rows = body["instances"]
    if not isinstance(rows, list):
        raise invalid('"instances" must be a list with one entry per row')
    return Question(_by_row(rows, model), len(rows), params, False)


def encode(output, question: Question) -> dict:
    if question.by_column:
        return {"outputs": answers.plain(output)}
    return {"predictions": answers.plain(answers.rows_of_named(output, question.rows))}


def _by_row(rows: list, model: LoadedModel):
    takes = model.signature.inputs
    if model.signature.from_type_hint:
        inputs.some_rows(len(rows))
        return rows
    if takes.columns:
        return inputs.table_of_rows(rows, takes.columns)
    if not takes.tensors:
        return inputs.without_signature(rows, model.input_names, model.input_width)
    inputs.some_rows(len(rows))
    if len(takes.tensors) == 1 and not takes.tensors[0].name:
        if any(isinstance(row, dict) for row in rows):
            raise invalid(
                "the model takes rows of plain values, without column names: write each instance as a list, "
                f"the shape is {tensors.shape_words(takes.tensors[0].shape)}"
            )
        return tensors.cast(rows, takes.tensors[0])
    if len(takes.tensors) == 1 and not any(isinstance(row, dict) for row in rows):
        return {takes.tensors[0].name: tensors.cast(rows, takes.tensors[0])}
    if not all(isinstance(row, dict) for row in rows):
        raise invalid(f"the model takes several inputs, write each instance as an object with {some(takes.names)}")
    for row in rows:
        _check_tensor_names(row, takes.names)
    return {
        tensor.name: tensors.cast([row[tensor.name] for row in rows], tensor) for tensor in takes.tensors
    }


def _by_column(given, model: LoadedModel):
    takes = model.signature.inputs
    if takes.columns and isinstance(given, dict):
        for name, items in given.items():
            if not isinstance(items, list):
                raise invalid(f'"inputs" must hold one list per column, but column \'{name}\' is not a list')
        return inputs.table({name: _unwrapped(items) for name, items in given.items()}, takes.columns)
    if takes.tensors and isinstance(given, dict):
        _check_tensor_names(given, [name or "input-0" for name in takes.names])
        cast = {tensor.name: tensors.cast(given[tensor.name or "input-0"], tensor) for tensor in takes.tensors}
        return cast[None] if None in cast else cast
    if not takes.known and isinstance(given, dict):
        if not all(isinstance(items, list) for items in given.values()):
            raise invalid('"inputs" must hold one list per column')
        return {name: np.asarray(items) for name, items in given.items()} if _deep(given) else inputs.without_signature(
            [dict(zip(given, row)) for row in zip(*given.values())], model.input_names, model.input_width
        )
    if isinstance(given, list):
        return _by_row(given, model)
    raise invalid('"inputs" must be an object with one list per column, or a list of rows')


def _unwrapped(items: list) -> list:
    """[[1], [2]] is a column of two rows as well as [1, 2] is."""
    if items and all(isinstance(item, list) and len(item) == 1 for item in items):
        return [item[0] for item in items]
    return items


def _deep(given: dict) -> bool:
    return any(isinstance(item, list) for items in given.values() for item in items[:1])


def _check_tensor_names(given: dict, names: list) -> None:
    for name in names:
        if name not in given:
            raise invalid(f"input '{name}' is missing: the model takes {some(names)}")
    for name in given:
        if name not in names:
            raise invalid(f"'{name}' is not an input of the model, leave it out: it takes {some(names)}")
