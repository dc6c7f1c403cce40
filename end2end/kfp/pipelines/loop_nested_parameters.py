"""Parameters of a pipeline, used in a loop over a list of its own that lies in another one: where their names are part of what the SDK calls an item
of a loop, it hands them to the outer loop only."""
from components import say
from kfp import dsl


@dsl.pipeline(name="loop-nested-parameters")
def pipeline(a: str = "here", param: str = "more"):
    with dsl.ParallelFor([1]):
        with dsl.ParallelFor([10, 20]):
            say(text=a)
    with dsl.ParallelFor([1]):
        with dsl.If(param == "more"):
            with dsl.ParallelFor([10]):
                with dsl.If(a == "here"):
                    say(text=param)


_outer = "for-loop-6[0]/condition-7/for-loop-9"

EXPECTED = {
    "tasks": {
        "for-loop-2": "SUCCEEDED",
        "for-loop-2[0]": "SUCCEEDED",
        "for-loop-2[0]/for-loop-4": "SUCCEEDED",
        **{f"for-loop-2[0]/for-loop-4[{i}]{task}": "SUCCEEDED" for i in range(2) for task in ("", "/say")},
        "for-loop-6": "SUCCEEDED",
        "for-loop-6[0]": "SUCCEEDED",
        "for-loop-6[0]/condition-7": "SUCCEEDED",
        _outer: "SUCCEEDED",
        f"{_outer}[0]": "SUCCEEDED",
        f"{_outer}[0]/condition-10": "SUCCEEDED",
        f"{_outer}[0]/condition-10/say-2": "SUCCEEDED",
    },
    "outputs": {},
    "task_outputs": {f"{_outer}[0]/condition-10/say-2": {"Output": "more"}, "for-loop-2[0]/for-loop-4[1]/say": {"Output": "here"}},
    "local": False,
}
