"""A model may take parameters beside its input; their names and types stand in its signature."""

from slipway_model_server.problems import invalid, short, some
from slipway_model_server.signature import Parameter

_FITS = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "double": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
}


def check(given, known: tuple[Parameter, ...]) -> dict | None:
    """Those of V1, where every parameter is meant for the model."""
    if given is None or given == {}:
        return None
    if not isinstance(given, dict):
        raise invalid("'params' must be an object of parameter names and values")
    by_name = {parameter.name: parameter for parameter in known}
    for name, value in given.items():
        if name not in by_name:
            takes = f"it takes {some(by_name)}" if by_name else "it takes none"
            raise invalid(f"'{name}' is not a parameter of the model: {takes}")
        _check_type(value, by_name[name])
    return _converted(given, by_name)


def pick(given, known: tuple[Parameter, ...]) -> dict | None:
    """Those of V2, where clients add parameters of their own."""
    if not isinstance(given, dict) or not known:
        return None
    names = {parameter.name for parameter in known}
    return check({name: value for name, value in given.items() if name in names}, known)


def _check_type(value, parameter: Parameter) -> None:
    fits = _FITS.get(parameter.type)
    if fits is None or value is None:
        return
    values = value if parameter.shape is not None and isinstance(value, list) else [value]
    if not all(fits(item) for item in values):
        kind = f"a list of {parameter.type}" if parameter.shape is not None else f"of type {parameter.type}"
        raise invalid(f"parameter '{parameter.name}' must be {kind}, but {short(value)} was sent")


def _converted(given: dict, by_name: dict) -> dict:
    """2 is a fine number with a fraction in JSON, but not for MLflow."""

    def convert(name, value):
        if by_name[name].type not in ("float", "double"):
            return value
        if isinstance(value, list):
            return [float(item) for item in value]
        return float(value) if isinstance(value, int) else value

    return {name: convert(name, value) for name, value in given.items()}
