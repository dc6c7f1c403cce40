"""The names that three worlds give to the same types: MLflow's signatures, numpy, Open Inference Protocol V2."""

import numpy as np

# MLflow column type -> V2 datatype
COLUMN_DATATYPES = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
    "string": "BYTES",
    "binary": "BYTES",
    "datetime": "BYTES",
}

# V2 datatype -> numpy
NUMPY_OF = {
    "BOOL": np.dtype("bool"),
    "UINT8": np.dtype("uint8"),
    "UINT16": np.dtype("uint16"),
    "UINT32": np.dtype("uint32"),
    "UINT64": np.dtype("uint64"),
    "INT8": np.dtype("int8"),
    "INT16": np.dtype("int16"),
    "INT32": np.dtype("int32"),
    "INT64": np.dtype("int64"),
    "FP16": np.dtype("float16"),
    "FP32": np.dtype("float32"),
    "FP64": np.dtype("float64"),
    "BYTES": np.dtype("object"),
}

_OF_NUMPY = {dtype: name for name, dtype in NUMPY_OF.items() if name != "BYTES"}


def of_numpy(dtype: np.dtype) -> str:
    """The V2 datatype of a numpy array; everything that is not a number or a flag travels as text."""
    return _OF_NUMPY.get(np.dtype(dtype).newbyteorder("="), "BYTES")


def words(dtype: np.dtype) -> str:
    """What an element must be, for a sentence."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return "true or false"
    if kind in "iu":
        return f"a whole number ({dtype})"
    if kind == "f":
        return "a number"
    if kind == "M":
        return "a time such as \"2026-01-31T12:00:00Z\""
    return "a text"
