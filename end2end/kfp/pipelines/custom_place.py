"""A file that a task puts where it likes, and a folder as artifact."""
from kfp import dsl
from kfp.dsl import Artifact, Dataset, Input, Output


@dsl.component
def folder(data: Output[Dataset]):
    import os

    os.makedirs(data.path)
    for name in "ab":
        with open(os.path.join(data.path, name), "w") as f:
            f.write(name * 2)


@dsl.component
def names(data: Input[Dataset]) -> str:
    import os

    return ",".join(sorted(os.listdir(data.path)))


@dsl.component
def make() -> Dataset:
    data = Dataset(uri=dsl.get_uri(suffix="made"), metadata={"by": "make"})
    with open(data.path, "w") as f:
        f.write("made")
    return data


@dsl.component
def read_any(data: Input[Artifact]) -> str:
    with open(data.path) as f:
        return f.read() + data.metadata["by"]


@dsl.pipeline(name="custom-place")
def pipeline() -> str:
    names(data=folder().outputs["data"])
    return read_any(data=make().output).output


EXPECTED = {
    "outputs": {"Output": "mademake"},
    "tasks": {"folder": "SUCCEEDED", "names": "SUCCEEDED", "make": "SUCCEEDED", "read-any": "SUCCEEDED"},
}
