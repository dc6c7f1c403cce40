"""Casts nested lists to the tensor that the signature asks for, or says what does not fit."""

import numpy as np

from slipway_model_server.datatypes import words
from slipway_model_server.problems import Problem, invalid, short
from slipway_model_server.signature import Tensor


def called(tensor: Tensor) -> str:
    return f"input '{tensor.name}'" if tensor.name else "the input"


def shape_words(shape) -> str:
    return "[" + ", ".join(str(size) for size in shape) + "]"


def cast(value, tensor: Tensor) -> np.ndarray:
    """From nested lists; null is NaN where the tensor holds numbers with a fraction."""
    array = rectangular(value, called(tensor))
    return of_array(fit_rank(array, tensor), tensor)


def rectangular(value, what: str) -> np.ndarray:
    try:
        return np.asarray(value)
    except (ValueError, OverflowError):
        raise invalid(f"{what} is not rectangular: {_ragged(value)}") from None


def fit_rank(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    """A model that takes single values ([-1]) is also served rows of one value, and the other way round."""
    wanted = len(tensor.shape)
    if array.ndim == wanted + 1 and array.shape[-1] == 1:
        return array.reshape(array.shape[:-1])
    if array.ndim == wanted - 1 and tensor.shape[-1] == 1:
        return array.reshape(array.shape + (1,))
    return array


def of_array(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Checks the shape, then casts without losing anything that was sent."""
    fits = array.ndim == len(tensor.shape) and all(
        wanted in (-1, size) for wanted, size in zip(tensor.shape, array.shape)
    )
    if not fits:
        raise invalid(_shape_sentence(array, tensor))
    if array.dtype == tensor.dtype:
        return array
    return _cast(array, tensor)


def _shape_sentence(array: np.ndarray, tensor: Tensor) -> str:
    wanted, sent = shape_words(tensor.shape), shape_words(array.shape)
    if len(tensor.shape) == 2 and array.ndim == 2 and tensor.shape[1] > 0:
        return (
            f"{called(tensor)} must have {tensor.shape[1]} values in each row (shape {wanted}), "
            f"but the rows sent have {array.shape[1]}"
        )
    return f"{called(tensor)} must have the shape {wanted} (-1 stands for any size), but what was sent has {sent}"


def _cast(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    dtype, kind, sent = tensor.dtype, tensor.dtype.kind, array.dtype.kind
    if kind in "US":
        if sent == "U" or (sent == "O" and all(type(item) is str for item in array.flat)):
            return array.astype(dtype if dtype.itemsize == 0 else dtype.kind)
        raise _refuse(array, tensor, lambda item: type(item) in (str, np.str_))
    if kind == "O":
        return array.astype(object)
    if kind == "M":
        try:
            return array.astype("datetime64[ns]") if sent in "UO" else _fail(array, tensor)
        except ValueError:
            raise invalid(f"{called(tensor)} must hold {words(dtype)}") from None
    if kind == "b":
        raise _refuse(array, tensor, lambda item: type(item) in (bool, np.bool_))
    if sent not in "fiuO":
        raise _refuse(array, tensor, lambda item: _is_number(item))
    if sent == "O":
        allow_null = kind == "f"
        if not all(_is_number(item) or (allow_null and item is None) for item in array.flat):
            raise _refuse(array, tensor, lambda item: _is_number(item) or (allow_null and item is None))
        array = array.astype(np.float64)
    return _as_number(array, tensor)


def _as_number(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    with np.errstate(all="ignore"):
        cast = array.astype(tensor.dtype)
        if tensor.dtype.kind in "iu":
            limits = np.iinfo(tensor.dtype)
            same = (cast == array) & (array >= limits.min) & (array <= limits.max)
        else:
            same = np.isfinite(cast) | ~np.isfinite(array) if array.dtype.kind == "f" else np.isfinite(cast)
    if not same.all():
        at = tuple(int(index) for index in np.argwhere(~same)[0])
        raise invalid(
            f"{called(tensor)} must hold {words(tensor.dtype)} everywhere, "
            f"but {_place(at)} has {short(array[at].item())}"
        )
    return cast


def _is_number(item) -> bool:
    return isinstance(item, (int, float, np.integer, np.floating)) and not isinstance(item, bool)


def _fail(array, tensor):
    raise invalid(f"{called(tensor)} must hold {words(tensor.dtype)}")


def _refuse(array: np.ndarray, tensor: Tensor, fits) -> Problem:
    wanted = words(tensor.dtype)
    if array.dtype.kind == "U":
        # numpy turned everything into text; the first that is no number is the best we can point at.
        fits = _reads_as_number
    for at, item in np.ndenumerate(array):
        if not fits(item):
            item = item.item() if isinstance(item, np.generic) else item
            value = "no value (null)" if item is None else short(item)
            return invalid(f"{called(tensor)} must hold {wanted} everywhere, but {_place(at)} has {value}")
    return invalid(f"{called(tensor)} must hold {wanted} everywhere, but what was sent holds {_kind(array)}")


def _kind(array: np.ndarray) -> str:
    return {"U": "texts", "b": "true and false", "O": "mixed values"}.get(array.dtype.kind, str(array.dtype))


def _reads_as_number(item) -> bool:
    try:
        float(item)
    except ValueError:
        return False
    return True


def _place(at: tuple[int, ...]) -> str:
    if not at:
        return "it"
    if len(at) == 1:
        return f"row {at[0] + 1}"
    return f"row {at[0] + 1}, position {', '.join(str(index + 1) for index in at[1:])}"


def _ragged(value) -> str:
    """The first row whose length differs, for a sentence."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        for row, item in enumerate(value):
            if not isinstance(item, list):
                return f"row 1 is a list, row {row + 1} is not"
            if len(item) != len(value[0]):
                return f"row 1 has {len(value[0])} values, row {row + 1} has {len(item)}"
    return "all rows must have the same length"
