"""Builds what the model is called with: a table, a tensor, several named tensors, or plain values."""

from itertools import chain

import numpy as np
import pandas as pd

from slipway_model_server import casting, tensors
from slipway_model_server.problems import Problem, invalid, some
from slipway_model_server.signature import Column


def table(values: dict, columns: tuple[Column, ...]) -> pd.DataFrame:
    """From one list of values per column. Columns that are missing, extra or of another length are refused."""
    check_names(values, columns)
    lengths = {name: len(items) for name, items in values.items()}
    if len(set(lengths.values())) > 1:
        longest, shortest = max(lengths, key=lengths.get), min(lengths, key=lengths.get)
        raise invalid(
            f"all columns must have the same number of rows, but column '{longest}' has {lengths[longest]} "
            f"and column '{shortest}' has {lengths[shortest]}"
        )
    rows = next(iter(lengths.values()), 0)
    some_rows(rows)
    if casting.all_double(columns) and len(values) == len(columns):
        if set(map(type, chain.from_iterable(values.values()))) <= casting.NUMBERS:
            names = [column.name for column in columns]
            array = np.array([values[name] for name in names], dtype=np.float64)
            return pd.DataFrame(array.T, columns=names, copy=False)
    present = [column for column in columns if column.name in values]  # optional ones may be left out
    return pd.DataFrame({column.name: casting.column(values[column.name], column) for column in present}, copy=False)


def table_of_rows(rows: list, columns: tuple[Column, ...]) -> pd.DataFrame:
    """From rows written as objects by column name, as lists in the order of the columns, or as single values."""
    some_rows(len(rows))
    kinds = set(map(type, rows))
    if kinds == {dict}:
        return table(_columns_of_objects(rows, columns), columns)
    if dict in kinds:
        raise invalid("all instances must be written the same way: objects by column name, or lists, not both")
    if kinds == {list}:
        width = len(columns)
        for position, row in enumerate(rows):
            if len(row) != width:
                raise invalid(
                    f"instance {position + 1} has {len(row)} values, but the model has {width} columns: "
                    f"{some(column.name for column in columns)}"
                )
        if casting.all_double(columns) and set(map(type, chain.from_iterable(rows))) <= casting.NUMBERS:
            return pd.DataFrame(
                np.array(rows, dtype=np.float64), columns=[column.name for column in columns], copy=False
            )
        return table({column.name: list(items) for column, items in zip(columns, zip(*rows))}, columns)
    if len(columns) != 1:
        raise invalid(
            f"the model has {len(columns)} columns ({some(column.name for column in columns)}): "
            "write each instance as an object by column name, or as a list in this order"
        )
    return table({columns[0].name: rows}, columns)


def check_names(given, columns: tuple[Column, ...]) -> None:
    known = {column.name for column in columns}
    missing = [column.name for column in columns if column.required and column.name not in given]
    extra = [name for name in given if name not in known]
    if not missing and not extra:
        return
    faults = []
    if missing:
        faults.append(f"{_columns(missing)} missing: the model needs a value in every row")
    if extra:
        faults.append(f"{_columns(extra)} not known to the model: leave out what it does not take")
    raise invalid(f"{'; '.join(faults)}. Its columns are {some(column.name for column in columns)}")


def some_rows(rows: int) -> None:
    if rows == 0:
        raise invalid("there is no row to predict for: send at least one")


def without_signature(rows: list, names: tuple[str, ...] | None, width: int | None):
    """A model that does not say what it takes gets tables for objects and arrays for lists."""
    some_rows(len(rows))
    columns = tuple(Column(name, "any") for name in names) if names else None
    if isinstance(rows[0], dict):
        if columns is None:
            columns = tuple(Column(name, "any") for name in rows[0])
        return _inferred(table_of_rows(rows, columns))
    if columns is not None and isinstance(rows[0], list):
        return _inferred(table_of_rows(rows, columns))
    array = tensors.rectangular(rows, "instances")
    if width is not None and (array.ndim != 2 or array.shape[1] != width):
        sent = f"rows of {array.shape[1]}" if array.ndim == 2 else f"the shape {tensors.shape_words(array.shape)}"
        raise invalid(f"the model takes rows of {width} values, but {sent} were sent")
    if array.dtype.kind == "U":
        return np.array(rows, dtype=object)
    if array.dtype.kind == "O":
        return _nulls_to_nan(array)
    return array


def missing_value(data) -> str | None:
    """Where the first missing value is, for the sentence when the model does not like it."""
    if isinstance(data, pd.DataFrame):
        found = np.argwhere(pd.isna(data).to_numpy())
        if len(found):
            row, position = found[0]
            return f"column '{data.columns[position]}' has no value (null) in row {row + 1}"
    elif isinstance(data, np.ndarray) and data.dtype.kind in "fO":
        found = np.argwhere(pd.isna(data))
        if len(found):
            return f"the input has no value (null) in row {found[0][0] + 1}"
    elif isinstance(data, dict):
        for name, value in data.items():
            where = missing_value(value)
            if where:
                return where.replace("the input", f"input '{name}'")
    return None


def _columns_of_objects(rows: list[dict], columns: tuple[Column, ...]) -> dict:
    width = len(columns)
    try:
        if all(len(row) == width for row in rows):
            return {column.name: [row[column.name] for row in rows] for column in columns}
    except KeyError:
        pass
    for position, row in enumerate(rows):
        try:
            check_names(row, columns)
        except Problem as problem:
            raise invalid(f"instance {position + 1}: {problem.sentence}") from None
    present = [column for column in columns if any(column.name in row for row in rows)]
    return {column.name: [row.get(column.name) for row in rows] for column in present}


def _inferred(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.infer_objects()


def _nulls_to_nan(array: np.ndarray) -> np.ndarray:
    numbers = all(item is None or isinstance(item, (int, float)) for item in array.flat)
    return array.astype(np.float64) if numbers else array


def _columns(names: list) -> str:
    quoted = some((f"'{name}'" if isinstance(name, str) else str(name + 1) for name in names), 6)
    return f"column {quoted} is" if len(names) == 1 else f"columns {quoted} are"
