"""Over the files that a task takes as a list."""
from typing import List

from components import join, read, write
from kfp import dsl
from kfp.dsl import Dataset, Input, Output


@dsl.pipeline
def each(files: Input[List[Dataset]]) -> str:
    with dsl.ParallelFor(files, parallelism=1) as file:
        text = read(data=file)
    return join(words=dsl.Collected(text.output)).output


@dsl.pipeline(name="loop-over-files")
def pipeline() -> str:
    with dsl.ParallelFor(["a", "b", "c"]) as letter:
        written = write(text=letter)
    return each(files=dsl.Collected(written.outputs["data"])).output


EXPECTED = {
    "outputs": {"Output": "a b c"},
    "tasks": {
        "for-loop-2": "SUCCEEDED",
        **{f"for-loop-2[{i}]{task}": "SUCCEEDED" for i in range(3) for task in ("", "/write")},
        "each": "SUCCEEDED",
        "each/for-loop-1": "SUCCEEDED",
        **{f"each/for-loop-1[{i}]{task}": "SUCCEEDED" for i in range(3) for task in ("", "/read")},
        "each/join": "SUCCEEDED",
    },
    "local": False,
}
