"""Casts the values of one column to the type that the signature names, or says which value does not fit.

Nothing is guessed: a text is not turned into a number, nor 1 into true, nor 1.5 into 1. What JSON cannot tell
apart is taken either way (2.0 for a whole number). null in a column of numbers with a fraction is NaN, which
is what pandas would have read; elsewhere null is refused unless the signature says the column is optional.
"""

import base64
import binascii

import numpy as np

from slipway_model_server.problems import Problem, invalid, short
from slipway_model_server.signature import Column

NUMBERS = frozenset((int, float))
_DTYPES = {
    "double": np.dtype("float64"),
    "float": np.dtype("float32"),
    "long": np.dtype("int64"),
    "integer": np.dtype("int32"),
}


def called(column: Column) -> str:
    return f"column '{column.name}'" if isinstance(column.name, str) else f"column {column.name + 1}"


def column(values: list, column: Column):
    """The values of one column as what pandas should hold."""
    if column.type in ("double", "float"):
        return _numbers(values, column)
    if column.type in ("long", "integer"):
        return _whole_numbers(values, column)
    return {"boolean": _booleans, "string": _texts, "binary": _bytes, "datetime": _times}.get(
        column.type, _as_they_are
    )(values, column)


def all_double(columns) -> bool:
    return all(column.type == "double" for column in columns)


def _refuse(values: list, fits, column: Column, wanted: str) -> Problem:
    """Names the first value that does not fit."""
    for row, value in enumerate(values):
        if fits(value):
            continue
        where = f"{called(column)} must hold {wanted}"
        if value is None:
            return invalid(f"{where}, but row {row + 1} has no value (null): fill it in")
        return invalid(f"{where}, but row {row + 1} has {short(value)}")
    return invalid(f"{called(column)} must hold {wanted}")


def _number(value) -> bool:
    return type(value) in NUMBERS or value is None


def _numbers(values: list, column: Column) -> np.ndarray:
    kinds = set(map(type, values))
    if not kinds <= NUMBERS:
        if not kinds <= NUMBERS | {type(None)}:
            raise _refuse(values, _number, column, "numbers")
        values = [np.nan if value is None else value for value in values]
    array = np.array(values, dtype=np.float64)
    if column.type == "float":
        with np.errstate(over="ignore"):
            array32 = array.astype(np.float32)
        if not np.array_equal(np.isinf(array32), np.isinf(array)):
            raise _refuse(
                values, lambda value: abs(value) <= 3.4028235e38 or value != value, column, "numbers of 32 bits"
            )
        return array32
    return array


def _whole_numbers(values: list, column: Column) -> np.ndarray:
    dtype = _DTYPES[column.type]
    limits = np.iinfo(dtype)

    def fits(value) -> bool:
        return type(value) in NUMBERS and value == int(value) and limits.min <= value <= limits.max

    kinds = set(map(type, values))
    try:
        if kinds == {int}:
            return np.array(values, dtype=dtype)
    except OverflowError:
        pass
    if not all(map(fits, values)):
        raise _refuse(values, fits, column, f"whole numbers of {dtype.itemsize * 8} bits")
    return np.array([int(value) for value in values], dtype=dtype)


def _booleans(values: list, column: Column) -> np.ndarray:
    if set(map(type, values)) <= {bool}:
        return np.array(values, dtype=np.bool_)
    raise _refuse(values, lambda value: type(value) is bool, column, "true or false")


def _texts(values: list, column: Column) -> np.ndarray:
    allowed = {str} if column.required else {str, type(None)}
    if not set(map(type, values)) <= allowed:
        raise _refuse(values, lambda value: type(value) in allowed, column, "texts")
    return _objects(values)


def _bytes(values: list, column: Column) -> np.ndarray:
    def decoded(value):
        if value is None and not column.required:
            return None
        if isinstance(value, dict) and set(value) == {"b64"}:
            value = value["b64"]
        if isinstance(value, str):
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                pass
        raise _refuse([value], lambda _: False, column, "bytes, written in base64")

    return _objects([decoded(value) for value in values])


def _times(values: list, column: Column):
    import pandas as pd

    def fits(value) -> bool:
        if value is None:
            return not column.required
        if not isinstance(value, str):
            return False
        try:
            pd.Timestamp(value)
        except (ValueError, TypeError):
            return False
        return True

    wanted = 'times such as "2026-01-31T12:00:00Z"'
    if not all(isinstance(value, str) or (value is None and not column.required) for value in values):
        raise _refuse(values, fits, column, wanted)
    try:
        parsed = pd.to_datetime(values, format="ISO8601", utc=True)
        return parsed.tz_localize(None).astype("datetime64[ns]")
    except (ValueError, TypeError, OverflowError):
        raise _refuse(values, fits, column, wanted) from None


def _as_they_are(values: list, column: Column) -> np.ndarray:
    return _objects(values)


def _objects(values: list) -> np.ndarray:
    """One element per row, whatever it is (numpy would make a table of lists of equal length)."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
