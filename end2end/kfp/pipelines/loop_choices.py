"""A choice in a loop: each item goes its way."""
from components import double, say, total
from kfp import dsl


@dsl.pipeline(name="loop-choices")
def pipeline() -> int:
    with dsl.ParallelFor([1, 2, 3]) as n:
        doubled = double(n=n)
        with dsl.If(doubled.output == 4):
            say(text="four")
        with dsl.Else():
            say(text="another")
    return total(numbers=dsl.Collected(doubled.output)).output


_way = {0: 5, 1: 4, 2: 5}
EXPECTED = {
    "outputs": {"Output": 12},
    "tasks": {
        "for-loop-2": "SUCCEEDED",
        **{f"for-loop-2[{i}]{task}": "SUCCEEDED" for i in range(3) for task in ("", "/double", "/condition-branches-3")},
        **{
            f"for-loop-2[{i}]/condition-branches-3/condition-{c}": "SUCCEEDED" if _way[i] == c else "SKIPPED"
            for i in range(3)
            for c in (4, 5)
        },
        **{
            f"for-loop-2[{i}]/condition-branches-3/condition-{_way[i]}/{'say' if _way[i] == 4 else 'say-2'}": "SUCCEEDED"
            for i in range(3)
        },
        "total": "SUCCEEDED",
    },
    "local": False,
}
