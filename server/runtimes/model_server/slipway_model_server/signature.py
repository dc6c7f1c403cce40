"""What a model takes and returns, read from its MLflow signature into a form that is quick to work with."""

from dataclasses import dataclass, field

import numpy as np

from slipway_model_server import datatypes


@dataclass(frozen=True)
class Column:
    """A named (or, in old signatures, only numbered) column of a table."""

    name: str | int
    type: str  # MLflow's name, or "any" for arrays, maps and objects
    required: bool = True

    @property
    def datatype(self) -> str:
        return datatypes.COLUMN_DATATYPES.get(self.type, "BYTES")


@dataclass(frozen=True)
class Tensor:
    name: str | None
    dtype: np.dtype
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str
    default: object
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Schema:
    """One side of a signature: columns, or tensors, or neither when the model says nothing."""

    columns: tuple[Column, ...] = ()
    tensors: tuple[Tensor, ...] = ()

    @property
    def known(self) -> bool:
        return bool(self.columns or self.tensors)

    @property
    def plain(self) -> bool:
        """Whether every type is one that we cast ourselves, so that MLflow need not check again."""
        return self.known and all(column.type != "any" for column in self.columns)

    @property
    def names(self) -> list:
        return [column.name for column in self.columns] or [tensor.name for tensor in self.tensors]

    def metadata(self, unnamed: str) -> list[dict]:
        """Open Inference Protocol's tensor metadata. A column is a tensor of n rows and one column."""
        if self.columns:
            return [
                {"name": str(column.name), "datatype": column.datatype, "shape": [-1, 1]}
                for column in self.columns
            ]
        return [
            {
                "name": tensor.name or unnamed,
                "datatype": datatypes.of_numpy(tensor.dtype),
                "shape": list(tensor.shape),
            }
            for tensor in self.tensors
        ]

    def described(self) -> list[dict]:
        """For people and forms: types in MLflow's words."""
        if self.columns:
            return [
                {"name": str(column.name), "type": column.type, "required": column.required}
                for column in self.columns
            ]
        return [
            {"name": tensor.name, "type": str(tensor.dtype), "shape": list(tensor.shape), "required": True}
            for tensor in self.tensors
        ]


@dataclass(frozen=True)
class Signature:
    inputs: Schema = field(default_factory=Schema)
    outputs: Schema = field(default_factory=Schema)
    parameters: tuple[Parameter, ...] = ()
    from_type_hint: bool = False


def read(metadata) -> Signature:
    """From the metadata of a loaded model (`mlflow.models.Model`)."""
    signature = metadata.signature
    if signature is None:
        return Signature()
    hinted = getattr(metadata, "_is_signature_from_type_hint", None)
    return Signature(
        inputs=_schema(signature.inputs),
        outputs=_schema(signature.outputs),
        parameters=_parameters(signature.params),
        from_type_hint=bool(hinted and hinted()),
    )


def _schema(schema) -> Schema:
    from mlflow.types import DataType

    if schema is None or not schema.inputs:
        return Schema()
    if schema.is_tensor_spec():
        return Schema(
            tensors=tuple(
                Tensor(spec.name, np.dtype(spec.type), tuple(int(size) for size in spec.shape))
                for spec in schema.inputs
            )
        )
    return Schema(
        columns=tuple(
            Column(
                name=position if spec.name is None else spec.name,
                type=spec.type.name if isinstance(spec.type, DataType) else "any",
                required=spec.required,
            )
            for position, spec in enumerate(schema.inputs)
        )
    )


def _parameters(schema) -> tuple[Parameter, ...]:
    if schema is None:
        return ()
    return tuple(
        Parameter(spec.name, getattr(spec.dtype, "name", "any"), spec.default, spec.shape)
        for spec in schema.params
    )
