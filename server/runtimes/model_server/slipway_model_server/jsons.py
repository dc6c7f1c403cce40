"""JSON in and out. NaN and infinities do not exist in JSON: they are written as null and refused on the way in."""

import base64
import datetime
import decimal

import numpy as np
import orjson

from slipway_model_server.problems import Problem, invalid

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def read(body: bytes) -> dict:
    if not body:
        raise invalid("the request has no body: send a JSON object")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        hint = ""
        if b"NaN" in body or b"Infinity" in body:
            hint = ". JSON has no NaN or Infinity: send null for a missing number"
        raise invalid(f"the body is not valid JSON: {error}{hint}") from None
    if not isinstance(value, dict):
        raise invalid("the body must be a JSON object, such as {\"instances\": [...]}")
    return value


def write(value) -> bytes:
    try:
        return orjson.dumps(value, default=_other, option=OPTIONS)
    except orjson.JSONEncodeError as error:
        raise Problem(500, f"the model's answer cannot be written as JSON: {error}") from error


def _other(value):
    """Kinds that models return and JSON does not know."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "M":
            return np.datetime_as_string(value).tolist()
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item() if value.dtype.kind not in "Mm" else str(value)
    if isinstance(value, (bytes, bytearray)):
        return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "model_dump"):  # pydantic
        return value.model_dump()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"it holds an object of type {type(value).__name__}")
