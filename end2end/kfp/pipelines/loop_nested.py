"""Loops in loops, and what comes out of them: one flat list."""
from components import add, total
from kfp import dsl


@dsl.pipeline(name="loop-nested")
def pipeline() -> int:
    with dsl.ParallelFor([10, 20]) as a:
        with dsl.ParallelFor([1, 2]) as b:
            sum_ = add(a=a, b=b)
    return total(numbers=dsl.Collected(sum_.output)).output


EXPECTED = {
    "outputs": {"Output": 66},
    "tasks": {
        "for-loop-2": "SUCCEEDED",
        **{f"for-loop-2[{i}]": "SUCCEEDED" for i in range(2)},
        **{f"for-loop-2[{i}]/for-loop-4": "SUCCEEDED" for i in range(2)},
        **{f"for-loop-2[{i}]/for-loop-4[{j}]{task}": "SUCCEEDED" for i in range(2) for j in range(2) for task in ("", "/add")},
        "total": "SUCCEEDED",
    },
    "local": False,
}
