"""What comes out of the way that was taken."""
from components import add, say
from kfp import dsl


@dsl.pipeline(name="one-of")
def pipeline(n: int = 4) -> str:
    sum_ = add(a=n, b=1)
    with dsl.If(sum_.output > 10):
        large = say(text="large")
    with dsl.Elif(sum_.output > 3):
        middle = say(text="middle")
    with dsl.Else():
        small = say(text="small")
    chosen = dsl.OneOf(large.output, middle.output, small.output)
    say(text=chosen)
    return chosen


EXPECTED = {
    "outputs": {"Output": "middle"},
    "tasks": {
        "add": "SUCCEEDED",
        "condition-branches-1": "SUCCEEDED",
        "condition-branches-1/condition-2": "SKIPPED",
        "condition-branches-1/condition-3": "SUCCEEDED",
        "condition-branches-1/condition-3/say-2": "SUCCEEDED",
        "condition-branches-1/condition-4": "SKIPPED",
        "say-4": "SUCCEEDED",
    },
}
