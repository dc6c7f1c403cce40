"""Files out of a loop, together into a task, and each for itself into another loop."""
from typing import List

from components import join, read, write
from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.component
def together(files: Input[List[Dataset]]) -> str:
    return "".join(open(file.path).read() for file in files)


@dsl.pipeline(name="loop-files")
def pipeline() -> str:
    with dsl.ParallelFor(["a", "b", "c"]) as letter:
        written = write(text=letter)
    return together(files=dsl.Collected(written.outputs["data"])).output


EXPECTED = {
    "outputs": {"Output": "abc"},
    "tasks": {
        "for-loop-2": "SUCCEEDED",
        **{f"for-loop-2[{i}]{task}": "SUCCEEDED" for i in range(3) for task in ("", "/write")},
        "together": "SUCCEEDED",
    },
}
