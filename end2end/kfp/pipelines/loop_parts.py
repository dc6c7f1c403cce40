"""Items of loops, and parts of them, in choices and in texts: the SDK hands them down only in part, and what is missing is found around."""
from typing import Dict, List

from components import say
from kfp import dsl


@dsl.component
def people() -> List[Dict[str, str]]:
    return [{"who": "Ann", "city": "Rome"}, {"who": "Bob", "city": "Oslo"}]


@dsl.pipeline(name="loop-parts")
def pipeline():
    with dsl.ParallelFor([{"n": 1, "word": "a"}, {"n": 5, "word": "b"}]) as item:
        with dsl.If(item.n > 3):
            say(text=f"{item.word} is large")
        with dsl.Else():
            say(text=f"{item.word} is small")
    with dsl.ParallelFor(["x", "y"]) as a:
        with dsl.ParallelFor([1, 2]) as b:
            say(text=f"{a}{b}")
    with dsl.ParallelFor(people().output) as person:
        with dsl.If(person.who == "Ann"):
            say(text=f"{person.who} of {person.city}")
    with dsl.ParallelFor([{"n": 1, "letters": [{"c": "p"}, {"c": "q"}]}]) as outer:
        with dsl.ParallelFor(outer.letters) as inner:
            with dsl.If(inner.c == "p"):
                say(text=f"{outer.n}{inner.c}")
            with dsl.Else():
                say(text=f"{outer.n} not {inner.c}")


_made = {
    "for-loop-2[0]/condition-branches-3/condition-5/say-2": "a is small",
    "for-loop-2[1]/condition-branches-3/condition-4/say": "b is large",
    **{f"for-loop-7[{i}]/for-loop-9[{j}]/say-3": f"{'xy'[i]}{j + 1}" for i in range(2) for j in range(2)},
    "for-loop-10[0]/condition-11/say-4": "Ann of Rome",
    "for-loop-13[0]/for-loop-14[0]/condition-branches-15/condition-16/say-5": "1p",
    "for-loop-13[0]/for-loop-14[1]/condition-branches-15/condition-17/say-6": "1 not q",
}
_skipped = [
    "for-loop-2[0]/condition-branches-3/condition-4",
    "for-loop-2[1]/condition-branches-3/condition-5",
    "for-loop-10[1]/condition-11",
    "for-loop-13[0]/for-loop-14[0]/condition-branches-15/condition-17",
    "for-loop-13[0]/for-loop-14[1]/condition-branches-15/condition-16",
]


def _above(path):
    """What holds it: the turn of a loop is one of its own."""
    for at, letter in enumerate(path):
        if letter in "/[":
            yield path[:at]


EXPECTED = {
    "tasks": {
        "people": "SUCCEEDED",
        **{above: "SUCCEEDED" for path in (*_made, *_skipped) for above in _above(path)},
        **{path: "SUCCEEDED" for path in _made},
        **{path: "SKIPPED" for path in _skipped},
    },
    "task_outputs": {path: {"Output": text} for path, text in _made.items()},
    "local": False,
}
