"""One of three ways."""
from components import add, say
from kfp import dsl


@dsl.pipeline(name="if-else")
def pipeline(n: int = 4, word: str = "b"):
    sum_ = add(a=n, b=1)
    with dsl.If(sum_.output > 10):
        say(text="large")
    with dsl.Elif(sum_.output == 5):
        say(text="five")
        with dsl.If(word == "b"):
            say(text="b")
        with dsl.Else():
            say(text="not b")
    with dsl.Else():
        say(text="small")


EXPECTED = {
    "outputs": {},
    "tasks": {
        "add": "SUCCEEDED",
        "condition-branches-1": "SUCCEEDED",
        "condition-branches-1/condition-2": "SKIPPED",
        "condition-branches-1/condition-3": "SUCCEEDED",
        "condition-branches-1/condition-3/say-2": "SUCCEEDED",
        "condition-branches-1/condition-3/condition-branches-4": "SUCCEEDED",
        "condition-branches-1/condition-3/condition-branches-4/condition-5": "SUCCEEDED",
        "condition-branches-1/condition-3/condition-branches-4/condition-5/say-3": "SUCCEEDED",
        "condition-branches-1/condition-3/condition-branches-4/condition-6": "SKIPPED",
        "condition-branches-1/condition-7": "SKIPPED",
    },
}
