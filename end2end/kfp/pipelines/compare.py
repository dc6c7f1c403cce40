"""Comparisons of every kind of value."""
from components import say
from kfp import dsl


@dsl.component
def measure() -> float:
    return 0.75


@dsl.component
def sure() -> bool:
    return True


@dsl.pipeline(name="compare")
def pipeline(limit: float = 0.5, n: int = 3, flag: bool = False, word: str = "x"):
    measured = measure()
    with dsl.If(measured.output >= limit):
        say(text="above")
    with dsl.If(n != 3):
        say(text="not three")
    with dsl.If(flag == True):
        say(text="flag")
    with dsl.If(sure().output == True):
        say(text="sure")
    with dsl.If(word < "y"):
        say(text="before y")
    with dsl.Condition(n < 2.5, name="old"):
        say(text="below")


EXPECTED = {
    "outputs": {},
    "tasks": {
        "measure": "SUCCEEDED",
        "sure": "SUCCEEDED",
        "condition-1": "SUCCEEDED",
        "condition-1/say": "SUCCEEDED",
        "condition-2": "SKIPPED",
        "condition-3": "SKIPPED",
        "condition-4": "SUCCEEDED",
        "condition-4/say-4": "SUCCEEDED",
        "condition-5": "SUCCEEDED",
        "condition-5/say-5": "SUCCEEDED",
        "condition-6": "SKIPPED",
    },
}
