"""Loads the model once, from a folder on this machine and without the network."""

import inspect
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from slipway_model_server import signature as signatures
from slipway_model_server import skops_names
from slipway_model_server.problems import CannotLoad

log = logging.getLogger("slipway_model_server")

# Libraries that would call home, or fetch weights by name, do neither here.
OFFLINE = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
}


@dataclass(frozen=True)
class LoadedModel:
    name: str
    version: str
    folder: Path
    platform: str
    signature: signatures.Signature
    call: Callable  # (data, parameters or None) -> what the model returned
    input_names: tuple[str, ...] | None  # of a model without signature that knows its columns all the same
    input_width: int | None
    load_seconds: float


def load(folder: Path, name: str, version: str) -> LoadedModel:
    for key, value in OFFLINE.items():
        os.environ.setdefault(key, value)
    if not (folder / "MLmodel").is_file():
        raise CannotLoad(f"{folder} holds no MLflow model: there is no MLmodel file in it")

    started = time.perf_counter()
    model = _load_pyfunc(folder)
    seconds = time.perf_counter() - started

    signature = signatures.read(model.metadata)
    names, width = (None, None) if signature.inputs.known else _what_it_was_fitted_with(model)
    log.info("loaded %s version %s from %s in %.2f s", name, version, folder, seconds)
    return LoadedModel(
        name=name,
        version=version,
        folder=folder,
        platform=_platform(model.metadata),
        signature=signature,
        call=_call(model, signature),
        input_names=names,
        input_width=width,
        load_seconds=seconds,
    )


def _load_pyfunc(folder: Path):
    skops_names.recall()
    import mlflow.pyfunc

    try:
        return mlflow.pyfunc.load_model(str(folder), suppress_warnings=True)
    except ModuleNotFoundError as error:
        log.exception("the model cannot be loaded")
        package = (error.name or "?").split(".")[0]
        raise CannotLoad(
            f"the model needs the Python package '{package}', which this environment does not have: "
            "deploy it with an environment that has it, or log the model with the code that it needs"
        ) from error
    except Exception as error:
        log.exception("the model cannot be loaded")
        reason = str(error).strip().splitlines()
        raise CannotLoad(
            f"the model cannot be loaded: {type(error).__name__}: {reason[0] if reason else 'no reason given'}"
        ) from error


def _platform(metadata) -> str:
    flavors = [flavor for flavor in metadata.flavors if flavor != "python_function"]
    return f"mlflow_{flavors[0]}" if flavors else "mlflow_pyfunc"


def _call(model, signature: signatures.Signature) -> Callable:
    """How to ask the model.

    `PyFuncModel.predict` checks the input against the signature, which costs more than the prediction of a
    small model (0.8 ms for a row of four columns). We have just cast the input by that signature, so where
    every type in it is one of ours the check is skipped.
    """
    predict = getattr(model, "_predict_fn", None)
    if predict is None or not signature.inputs.plain or signature.parameters or signature.from_type_hint:
        return lambda data, parameters: model.predict(data, params=parameters)
    accepts = inspect.signature(predict).parameters.get("params")
    if accepts is not None and accepts.kind != inspect.Parameter.VAR_KEYWORD:
        return lambda data, parameters: predict(data, params=parameters)
    return lambda data, parameters: predict(data)


def _what_it_was_fitted_with(model) -> tuple[tuple[str, ...] | None, int | None]:
    """scikit-learn's estimators remember the names and the number of their columns."""
    try:
        raw = model.get_raw_model()
        names = getattr(raw, "feature_names_in_", None)
        width = getattr(raw, "n_features_in_", None)
    except Exception:
        return None, None
    return (
        tuple(str(name) for name in names) if names is not None else None,
        int(width) if width is not None else None,
    )
