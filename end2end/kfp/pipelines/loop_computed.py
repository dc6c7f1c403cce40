"""Over a list that a task makes, a few at a time, with the whole list used inside too; an empty list runs nothing."""
from components import add, count_to, double, total
from kfp import dsl


@dsl.pipeline(name="loop-computed")
def pipeline(n: int = 5) -> int:
    numbers = count_to(n=n)
    with dsl.ParallelFor(numbers.output, parallelism=2) as number:
        doubled = double(n=number)
        add(a=doubled.output, b=total(numbers=numbers.output).output)
    none = count_to(n=0)
    with dsl.ParallelFor(none.output) as number:
        never = double(n=number)
    return total(numbers=dsl.Collected(never.output)).output


EXPECTED = {
    "outputs": {"Output": 0},
    "tasks": {
        "count-to": "SUCCEEDED",
        "count-to-2": "SUCCEEDED",
        "for-loop-1": "SUCCEEDED",
        **{f"for-loop-1[{i}]{task}": "SUCCEEDED" for i in range(5) for task in ("", "/double", "/add", "/total")},
        "for-loop-2": "SUCCEEDED",
        "total-2": "SUCCEEDED",
    },
    "local": False,
}
