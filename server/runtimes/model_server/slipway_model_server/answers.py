"""What a model returned, as plain values (V1) or as typed tensors (V2)."""

from dataclasses import dataclass
from inspect import isgenerator

import numpy as np
import pandas as pd

from slipway_model_server import datatypes, jsons


@dataclass(frozen=True)
class OutputTensor:
    name: str
    datatype: str
    shape: list[int]
    data: object

    def as_json(self) -> dict:
        return {"name": self.name, "datatype": self.datatype, "shape": self.shape, "data": self.data}


def plain(output):
    """Values that JSON can hold; a table becomes one object per row."""
    if isinstance(output, pd.DataFrame):
        names = [str(name) for name in output.columns]
        columns = [_items(output.iloc[:, position]) for position in range(len(names))]
        return [dict(zip(names, row)) for row in zip(*columns)]
    if isinstance(output, (pd.Series, pd.Index)):
        return _items(output)
    if isinstance(output, np.ndarray):
        return _array(output)
    if isinstance(output, dict):
        return {str(key): plain(value) for key, value in output.items()}
    if isinstance(output, tuple) or isgenerator(output):
        return [plain(item) for item in output]
    if isinstance(output, list):
        return [plain(item) for item in output] if _nested(output) else output
    if hasattr(output, "toarray"):  # scipy's sparse matrices
        return plain(output.toarray())
    return output


def rows_of_named(output, rows: int | None):
    """Named arrays of one value per row are told row by row, as TensorFlow Serving does."""
    if not isinstance(output, dict) or not output or rows is None:
        return output
    values = {name: plain(value) for name, value in output.items()}
    if all(isinstance(value, np.ndarray) and value.ndim > 0 for value in output.values()):
        if all(len(value) == rows for value in output.values()):
            lists = {name: value.tolist() if hasattr(value, "tolist") else value for name, value in values.items()}
            return [dict(zip(lists, row)) for row in zip(*lists.values())]
    return values


def tensors(output, names: list[str], unnamed: str) -> list[OutputTensor]:
    """One tensor for an array, one per column of a table, one per key of named values."""
    if hasattr(output, "toarray"):
        output = output.toarray()
    if isinstance(output, pd.DataFrame):
        return [
            _tensor(str(name), output.iloc[:, position].to_numpy())
            for position, name in enumerate(output.columns)
        ]
    if isinstance(output, dict):
        return [_tensor(str(name), _as_array(value)) for name, value in output.items()]
    if isgenerator(output) or isinstance(output, tuple):
        output = list(output)
    if isinstance(output, list) and output and all(isinstance(item, dict) for item in output):
        if all(item.keys() == output[0].keys() for item in output):
            return [
                _tensor(str(key), _as_array([item[key] for item in output])) for key in output[0]
            ]
    return [_tensor(names[0] if len(names) == 1 else unnamed, _as_array(output))]


def _tensor(name: str, array: np.ndarray) -> OutputTensor:
    datatype = datatypes.of_numpy(array.dtype)
    if datatype != "BYTES":
        data = np.ascontiguousarray(array).reshape(-1)
        return OutputTensor(name, datatype, list(array.shape), data)
    if array.dtype.kind == "M":
        items = [None if text == "NaT" else text for text in np.datetime_as_string(array).reshape(-1).tolist()]
    else:
        items = array.reshape(-1).tolist()
    datatype, items = _typed(items)
    return OutputTensor(name, datatype, list(array.shape), items)


def _typed(items: list) -> tuple[str, list]:
    """Python objects: the narrowest datatype that holds them all, else each as JSON text."""
    numbers_missing = any(isinstance(item, float) and item != item for item in items)
    items = [None if _is_na(item) else item for item in items]
    kinds = set(map(type, items)) - {type(None)}
    if numbers_missing and not kinds:
        return "FP64", items
    if kinds <= {str}:
        return "BYTES", items
    if kinds == {bool}:
        return "BOOL", items
    if kinds == {int}:
        return "INT64", items
    if kinds <= {int, float}:
        return "FP64", items
    return "BYTES", [item if isinstance(item, str) else jsons.write(item).decode() for item in items]


def _as_array(value) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value if value.ndim else value.reshape(1)
    if isinstance(value, (pd.Series, pd.Index)):
        return value.to_numpy()
    if isinstance(value, list):
        try:
            array = np.asarray(value)
        except (ValueError, OverflowError):
            array = None
        if array is not None and array.dtype.kind in "biufM" and array.ndim and not _mixes_flags(value):
            return array
        flat = np.empty(len(value), dtype=object)
        flat[:] = value
        return flat
    single = np.empty(1, dtype=object)
    single[0] = value.item() if isinstance(value, np.generic) else value
    return single


def _mixes_flags(value: list) -> bool:
    kinds = set(map(type, value))
    return bool in kinds and len(kinds) > 1


def _items(series) -> list:
    array = series.to_numpy()
    if array.dtype.kind in "biuf":
        return array.tolist()
    if array.dtype.kind == "M":
        return [None if pd.isna(item) else pd.Timestamp(item).isoformat() for item in array]
    return [plain(item) for item in array.tolist()]


def _array(array: np.ndarray):
    if array.dtype.kind in "biuf" and array.dtype.itemsize <= 8:
        return np.ascontiguousarray(array) if array.ndim else array.item()
    if array.dtype.kind == "M":
        return _items(pd.Series(array)) if array.ndim == 1 else np.datetime_as_string(array).tolist()
    if array.dtype.kind == "O":
        return plain(array.tolist())
    return array.tolist()


def _nested(items: list) -> bool:
    return any(not isinstance(item, (str, int, float, bool, type(None))) for item in items)


def _is_na(item) -> bool:
    return item is None or (isinstance(item, float) and item != item) or type(item).__name__ in ("NAType", "NaTType")
