"""Tasks that wait for each other: by what they take, and by after()."""
from components import add, double, say
from kfp import dsl


@dsl.pipeline(name="diamond")
def pipeline(n: int = 2) -> int:
    left = double(n=n)
    right = double(n=n)
    both = add(a=left.output, b=right.output)
    say(text="done").after(both)
    return both.output


EXPECTED = {
    "outputs": {"Output": 8},
    "tasks": {"double": "SUCCEEDED", "double-2": "SUCCEEDED", "add": "SUCCEEDED", "say": "SUCCEEDED"},
    "order": ["double", "double-2", "add", "say"],
}
