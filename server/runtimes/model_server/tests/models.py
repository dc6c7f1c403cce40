"""The models that the tests serve, each saved with MLflow into a folder."""

import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


# Named, or MLflow would load each model in a process of its own to find out.
NEEDS = {"pip_requirements": ["mlflow-skinny", "scikit-learn"]}


def tensor(folder: Path) -> Path:
    """64 numbers in a row, a digit out; saved the way MLflow does by default (skops)."""
    rows, digits = load_digits(return_X_y=True)
    model = SGDClassifier(random_state=0).fit(rows, digits)
    signature = infer_signature(rows, model.predict(rows))
    mlflow.sklearn.save_model(model, folder, signature=signature, input_example=rows[:3], **NEEDS)
    return folder


def homes() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "area": [50.0, 80.5, 120.0, 66.0],
            "rooms": [2, 3, 5, 2],
            "city": ["bonn", "köln", "bonn", "aachen"],
            "garden": [False, True, True, False],
        }
    )


def columns(folder: Path) -> Path:
    """A table with a column of each usual kind."""
    frame = homes()
    model = make_pipeline(
        ColumnTransformer(
            [("city", OneHotEncoder(handle_unknown="ignore"), ["city"])], remainder="passthrough"
        ),
        LinearRegression(),
    ).fit(frame, [100.0, 170.0, 260.0, 140.0])
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=infer_signature(frame, model.predict(frame)),
        input_example=frame,
        serialization_format="cloudpickle",
        **NEEDS,
    )
    return folder


def bare(folder: Path) -> Path:
    """No signature, no example; scikit-learn knows the number of columns all the same."""
    rows, kinds = load_iris(return_X_y=True)
    mlflow.sklearn.save_model(LogisticRegression(max_iter=500).fit(rows, kinds), folder, **NEEDS)
    return folder


class Puppet(mlflow.pyfunc.PythonModel):
    """Does what the first row says."""

    def predict(self, context, model_input, params=None):
        import time

        what = model_input[0] if not isinstance(model_input, pd.DataFrame) else model_input.iloc[0, 0]
        print("the model prints to standard output")
        if what == "raise":
            raise RuntimeError("secret detail of the model")
        if isinstance(what, str) and what.startswith("sleep"):
            time.sleep(float(what.split()[1]))
            return ["slept"]
        return {
            "dict": {"label": "cat", "score": float("nan"), "parts": np.array([1.0, np.inf])},
            "texts": ["a", "ü", None],
            "nan": np.array([1.5, np.nan, -np.inf]),
            "objects": np.array(["x", 2, None, {"deep": [1]}], dtype=object),
            "scalar": np.float32(2.5),
            "bytes": [b"\x00\x01"],
            "times": pd.Series(pd.to_datetime(["2026-01-31T12:00:00", None])),
            "frame": pd.DataFrame({"n": [1, 2], "f": [0.5, np.nan], "t": ["a", None]}),
            "unwritable": [object()],
            "count": len(model_input),
        }[what]


def puppet(folder: Path) -> Path:
    mlflow.pyfunc.save_model(folder, python_model=Puppet(), **NEEDS)
    return folder


class Kinds(mlflow.pyfunc.PythonModel):
    """Tells what it got, so that the tests see how the input was cast."""

    def predict(self, context, model_input, params=None):
        params = params or {}
        return pd.DataFrame(
            {
                "dtypes": [",".join(f"{name}:{dtype}" for name, dtype in model_input.dtypes.items())]
                * len(model_input),
                "payload": [value.hex() for value in model_input["payload"]],
                "when": model_input["when"],
                "scaled": model_input["small"] * params.get("factor", 1.0),
            }
        )


def kinds(folder: Path) -> Path:
    """Every column type, optional columns, parameters."""
    inputs = Schema(
        [
            ColSpec("integer", "small"),
            ColSpec("long", "big"),
            ColSpec("float", "single"),
            ColSpec("double", "share"),
            ColSpec("binary", "payload"),
            ColSpec("datetime", "when"),
            ColSpec("string", "note", required=False),
            ColSpec("long", "age", required=False),
        ]
    )
    params = ParamSchema([ParamSpec("factor", "double", 1.0), ParamSpec("mode", "string", "plain")])
    mlflow.pyfunc.save_model(folder, python_model=Kinds(), signature=ModelSignature(inputs, None, params), **NEEDS)
    return folder


class Sum(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return {"sum": model_input["a"].sum(axis=1) + model_input["b"], "first": model_input["a"][:, 0]}


def named_tensors(folder: Path) -> Path:
    inputs = Schema([TensorSpec(np.dtype("float32"), (-1, 3), "a"), TensorSpec(np.dtype("int64"), (-1,), "b")])
    outputs = Schema([TensorSpec(np.dtype("float32"), (-1,), "sum"), TensorSpec(np.dtype("float32"), (-1,), "first")])
    mlflow.pyfunc.save_model(folder, python_model=Sum(), signature=ModelSignature(inputs, outputs), **NEEDS)
    return folder


class Hinted(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str], params=None) -> list[str]:
        return [text.upper() for text in model_input]


def hinted(folder: Path) -> Path:
    """A signature that MLflow read from a type hint."""
    mlflow.pyfunc.save_model(folder, python_model=Hinted(), input_example=["a", "b"], **NEEDS)
    return folder


def needs_a_package(folder: Path) -> Path:
    """Cannot be loaded: its loader is in a package that is not there."""
    tensor(folder)
    text = (folder / "MLmodel").read_text()
    (folder / "MLmodel").write_text(text.replace("loader_module: mlflow.sklearn", "loader_module: not_there.at_all"))
    return folder


def torn(folder: Path) -> Path:
    """Cannot be loaded: the file is cut off."""
    tensor(folder)
    whole = (folder / "model.skops").read_bytes()
    (folder / "model.skops").write_bytes(whole[: len(whole) // 2])
    return folder


def no_model(folder: Path) -> Path:
    folder.mkdir()
    return folder


def failing_example(folder: Path) -> Path:
    """Loads, but its own example does not fit."""
    shutil.copytree(tensor(folder.with_name("to_break")), folder)
    (folder / "serving_input_example.json").write_text('{"inputs": [[1.0, 2.0]]}')
    return folder
