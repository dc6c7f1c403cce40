"""Open Inference Protocol V2: typed tensors in, typed tensors out."""

import math
from dataclasses import dataclass

import numpy as np
import orjson

from slipway_model_server import answers, inputs, parameters, tensors
from slipway_model_server.datatypes import NUMPY_OF
from slipway_model_server.loading import LoadedModel
from slipway_model_server.problems import invalid, short, some

UNNAMED_INPUT, UNNAMED_OUTPUT = "input-0", "output-0"


@dataclass(frozen=True)
class Question:
    data: object
    parameters: dict | None
    id: str | None
    wanted: list[str] | None


@dataclass(frozen=True)
class InputTensor:
    name: str
    shape: tuple[int, ...]
    datatype: str
    values: list  # flat

    def array(self) -> np.ndarray:
        if self.datatype == "BYTES":
            array = np.empty(len(self.values), dtype=object)
            array[:] = self.values
        else:
            # As sent, not in the datatype's own width: what the model wants decides.
            array = np.asarray(self.values) if self.values else np.empty(0)
        return array.reshape(self.shape)


def metadata(model: LoadedModel) -> dict:
    signature = model.signature
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": model.platform,
        "inputs": signature.inputs.metadata(UNNAMED_INPUT),
        "outputs": signature.outputs.metadata(UNNAMED_OUTPUT),
    }


def decode(body: dict, model: LoadedModel) -> Question:
    given = body.get("inputs")
    if not isinstance(given, list) or not given:
        raise invalid('the body must hold "inputs", a list of tensors with name, shape, datatype and data')
    read = [_read(item, position) for position, item in enumerate(given)]
    names = [tensor.name for tensor in read]
    if len(set(names)) != len(names):
        raise invalid(f"each input may be sent once, but these were: {some(names)}")
    identifier = body.get("id")
    if identifier is not None and not isinstance(identifier, str):
        raise invalid('"id" must be a text')
    return Question(
        data=_arrange(read, model),
        parameters=parameters.pick(body.get("parameters"), model.signature.parameters),
        id=identifier,
        wanted=_wanted(body.get("outputs")),
    )


def encode(output, question: Question, model: LoadedModel) -> dict:
    names = [name or UNNAMED_OUTPUT for name in map(_text_or_none, model.signature.outputs.names)]
    made = answers.tensors(output, names, UNNAMED_OUTPUT)
    if question.wanted is not None:
        by_name = {tensor.name: tensor for tensor in made}
        for name in question.wanted:
            if name not in by_name:
                raise invalid(f"'{name}' is not an output of the model: it has {some(by_name)}")
        made = [by_name[name] for name in question.wanted]
    answer = {"model_name": model.name, "model_version": model.version}
    if question.id is not None:
        answer["id"] = question.id
    answer["outputs"] = [tensor.as_json() for tensor in made]
    return answer


def _wanted(outputs) -> list[str] | None:
    if outputs is None or outputs == []:
        return None
    if not isinstance(outputs, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in outputs
    ):
        raise invalid('"outputs" must be a list of objects with a name')
    return [item["name"] for item in outputs]


def _read(item, position: int) -> InputTensor:
    if not isinstance(item, dict):
        raise invalid(f"input {position + 1} must be an object with name, shape, datatype and data")
    name = item.get("name")
    if not isinstance(name, str):
        raise invalid(f"input {position + 1} has no name")
    shape = item.get("shape")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise invalid(f"input '{name}' needs a shape: a list of whole numbers, such as [2, 4]")
    datatype = item.get("datatype")
    if not isinstance(datatype, str) or datatype not in NUMPY_OF:
        raise invalid(f"input '{name}' has the datatype {short(datatype)}: it must be one of {some(NUMPY_OF, 20)}")
    extra = item.get("parameters")
    if isinstance(extra, dict) and "binary_data_size" in extra:
        raise invalid(f"input '{name}' is sent as binary data, which this server does not take: send \"data\"")
    if not isinstance(item.get("data"), list):
        raise invalid(f"input '{name}' needs \"data\": a list of values")
    values = _flat(item["data"])
    if len(values) != math.prod(shape):
        raise invalid(
            f"input '{name}' has the shape {tensors.shape_words(shape)}, which takes {math.prod(shape)} values, "
            f"but its data has {len(values)}"
        )
    return InputTensor(name, tuple(shape), datatype, _checked(values, datatype, name))


def _flat(data: list) -> list:
    """The protocol allows data to be nested as the shape is, or flat."""
    while any(type(item) is list for item in data):
        flat: list = []
        for item in data:
            flat.extend(item) if type(item) is list else flat.append(item)
        data = flat
    return data


def _checked(values: list, datatype: str, name: str) -> list:
    """Every value must be what the datatype says; null stands for a missing number or text."""
    kinds = set(map(type, values))
    kind = NUMPY_OF[datatype].kind
    if kind == "f":
        allowed = kinds <= {int, float, type(None)}
    elif kind in "iu":
        allowed = kinds <= {int} or all(
            value is None or (type(value) in (int, float) and value == int(value)) for value in values
        )
        limits = np.iinfo(NUMPY_OF[datatype])
        numbers = [value for value in values if value is not None] if allowed else []
        allowed = allowed and (not numbers or (min(numbers) >= limits.min and max(numbers) <= limits.max))
    elif kind == "b":
        if kinds <= {int} and set(values) <= {0, 1}:
            return [bool(value) for value in values]
        allowed = kinds <= {bool, type(None)}
    else:
        allowed = kinds <= {str, type(None)}
    if not allowed:
        raise invalid(f"input '{name}' is declared as {datatype}, but its data holds {_first_odd(values, datatype)}")
    return values


def _first_odd(values: list, datatype: str) -> str:
    for value in values:
        try:
            if value is not None:
                _checked([value], datatype, "")
        except Exception:
            return short(value)
    return "values of another type"


def _arrange(read: list[InputTensor], model: LoadedModel):
    """The tensors as the model's signature wants them."""
    takes = model.signature.inputs
    if takes.columns and not model.signature.from_type_hint:
        return _table(read, takes.columns)
    if takes.tensors:
        return _tensors(read, takes.tensors)
    if len(read) == 1:
        if model.signature.from_type_hint:
            return read[0].values if read[0].shape[1:] in ((), (1,)) else read[0].array().tolist()
        rows = read[0].array().tolist()
        return inputs.without_signature(rows, model.input_names, model.input_width)
    rows = [dict(zip((tensor.name for tensor in read), row)) for row in zip(*map(_column, read))]
    if model.signature.from_type_hint:
        return rows
    return inputs.without_signature(rows, model.input_names, model.input_width)


def _table(read: list[InputTensor], columns):
    only = read[0]
    by_position = len(read) == 1 and len(only.shape) == 2 and only.shape[1] == len(columns)
    if by_position and only.name not in {column.name for column in columns}:
        return inputs.table_of_rows(only.array().tolist() if only.datatype == "BYTES" else _rows(only), columns)
    values: dict = {}
    by_text = {str(column.name): column for column in columns}
    for tensor in read:
        column = by_text.get(tensor.name)
        if column is None and len(columns) == 1 == len(read) and not isinstance(columns[0].name, str):
            column = columns[0]
        if column is None:
            values[tensor.name] = []
            continue
        items = _column(tensor)
        values[column.name] = [_from_json(item) for item in items] if column.type == "any" else items
    return inputs.table(values, columns)


def _tensors(read: list[InputTensor], wanted):
    if len(wanted) == 1 and len(read) == 1 and (not wanted[0].name or read[0].name == wanted[0].name):
        array = _cast(read[0], wanted[0])
        return {wanted[0].name: array} if wanted[0].name else array
    names = [tensor.name or UNNAMED_INPUT for tensor in wanted]
    by_name = {tensor.name: tensor for tensor in read}
    for name in names:
        if name not in by_name:
            raise invalid(f"input '{name}' is missing: the model takes {some(names)}")
    for name in by_name:
        if name not in names:
            raise invalid(f"'{name}' is not an input of the model, leave it out: it takes {some(names)}")
    return {tensor.name: _cast(by_name[tensor.name], tensor) for tensor in wanted}


def _cast(sent: InputTensor, wanted) -> np.ndarray:
    return tensors.of_array(tensors.fit_rank(sent.array(), wanted), wanted)


def _column(tensor: InputTensor) -> list:
    if len(tensor.shape) == 1 or (len(tensor.shape) == 2 and tensor.shape[1] == 1):
        return tensor.values
    raise invalid(
        f"input '{tensor.name}' is a column, so its shape must be [n] or [n, 1] for n rows, "
        f"not {tensors.shape_words(tensor.shape)}"
    )


def _rows(tensor: InputTensor) -> list:
    width = tensor.shape[1]
    return [tensor.values[start : start + width] for start in range(0, len(tensor.values), width)]


def _from_json(item):
    """Lists and objects have no datatype of their own: they travel as JSON in BYTES."""
    if not isinstance(item, str):
        return item
    try:
        return orjson.loads(item)
    except orjson.JSONDecodeError:
        return item


def _text_or_none(name):
    return None if name is None else str(name)
