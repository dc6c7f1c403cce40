"""Over a list that stands in the pipeline, and one of the pipeline's parameters."""
from typing import List

from components import double, say
from kfp import dsl


@dsl.pipeline(name="loop-static")
def pipeline(words: List[str] = ["x", "y"]):
    with dsl.ParallelFor([1, 2, 3]) as n:
        double(n=n)
    with dsl.ParallelFor(words) as word:
        said = say(text=word)
        say(text=said.output)


EXPECTED = {
    "outputs": {},
    "tasks": {
        "for-loop-2": "SUCCEEDED",
        **{f"for-loop-2[{i}]": "SUCCEEDED" for i in range(3)},
        **{f"for-loop-2[{i}]/double": "SUCCEEDED" for i in range(3)},
        "for-loop-3": "SUCCEEDED",
        **{f"for-loop-3[{i}]": "SUCCEEDED" for i in range(2)},
        **{f"for-loop-3[{i}]/say": "SUCCEEDED" for i in range(2)},
        **{f"for-loop-3[{i}]/say-2": "SUCCEEDED" for i in range(2)},
    },
}
