"""One iteration fails: the others run to their end, what takes from the loop does not."""
from components import total
from kfp import dsl


@dsl.component
def only_even(n: int) -> int:
    if n % 2:
        raise SystemExit(f"{n} is odd")
    return n


@dsl.pipeline(name="loop-fails")
def pipeline() -> int:
    with dsl.ParallelFor([2, 3, 4]) as n:
        even = only_even(n=n)
    return total(numbers=dsl.Collected(even.output)).output


EXPECTED = {
    "state": "FAILED",
    "outputs": {},
    "tasks": {
        "for-loop-2": "FAILED",
        "for-loop-2[0]": "SUCCEEDED",
        "for-loop-2[0]/only-even": "SUCCEEDED",
        "for-loop-2[1]": "FAILED",
        "for-loop-2[1]/only-even": "FAILED",
        "for-loop-2[2]": "SUCCEEDED",
        "for-loop-2[2]/only-even": "SUCCEEDED",
        "total": "SKIPPED",
    },
}
