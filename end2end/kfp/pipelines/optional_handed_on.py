"""What may be left out, where the SDK hands it on to an exit handler, a condition and a loop that it says need it."""
from typing import Optional

from kfp import dsl


@dsl.component
def recall(text: Optional[str] = None, n: Optional[int] = None) -> str:
    return f"{text} {n}"


@dsl.pipeline(name="optional-handed-on")
def pipeline(text: Optional[str] = None, n: Optional[int] = None, exact: Optional[bool] = None):
    with dsl.ExitHandler(recall(text=text)):
        recall(text=text)
        with dsl.If(n == 5, name="five"):
            recall(text=text)
        with dsl.Elif(exact == True, name="exact"):  # noqa: E712
            recall()
        with dsl.Else(name="neither"):
            recall(text="neither", n=n)
    with dsl.ParallelFor([1]):
        with dsl.If(text == "more", name="more"):
            recall()
        recall(text=text, n=n)


_choices = "exit-handler-1/condition-branches-2"

EXPECTED = {
    "outputs": {},
    "tasks": {
        "exit-handler-1": "SUCCEEDED",
        "exit-handler-1/recall-2": "SUCCEEDED",
        _choices: "SUCCEEDED",
        f"{_choices}/condition-3": "SKIPPED",
        f"{_choices}/condition-4": "SKIPPED",
        f"{_choices}/condition-5": "SUCCEEDED",
        f"{_choices}/condition-5/recall-5": "SUCCEEDED",
        "recall": "SUCCEEDED",
        "for-loop-7": "SUCCEEDED",
        "for-loop-7[0]": "SUCCEEDED",
        "for-loop-7[0]/condition-8": "SKIPPED",
        "for-loop-7[0]/recall-7": "SUCCEEDED",
    },
    "task_outputs": {
        f"{_choices}/condition-5/recall-5": {"Output": "neither None"},
        "for-loop-7[0]/recall-7": {"Output": "None None"},
        "recall": {"Output": "None None"},
    },
    "local": False,
}
