"""The file of the way that was taken."""
from components import read, say, write
from kfp import dsl


@dsl.pipeline(name="one-of-files")
def pipeline(word: str = "left") -> str:
    side = say(text=word)
    with dsl.If(side.output == "left"):
        left = write(text="from the left")
    with dsl.Else():
        right = write(text="from the right")
    return read(data=dsl.OneOf(left.outputs["data"], right.outputs["data"])).output


EXPECTED = {
    "outputs": {"Output": "from the left"},
    "tasks": {
        "say": "SUCCEEDED",
        "condition-branches-1": "SUCCEEDED",
        "condition-branches-1/condition-2": "SUCCEEDED",
        "condition-branches-1/condition-2/write": "SUCCEEDED",
        "condition-branches-1/condition-3": "SKIPPED",
        "read": "SUCCEEDED",
    },
    "local": False,
}
