"""Pipelines in pipelines, and a component used in both."""
from components import add, double
from kfp import dsl


@dsl.pipeline
def innermost(n: int) -> int:
    return double(n=n).output


@dsl.pipeline
def inner(n: int, more: int = 1) -> int:
    return add(a=innermost(n=n).output, b=more).output


@dsl.pipeline(name="nested")
def pipeline(n: int = 5) -> int:
    first = inner(n=n)
    return inner(n=first.output, more=double(n=n).output).output


EXPECTED = {
    "outputs": {"Output": 32},
    "tasks": {
        "inner": "SUCCEEDED",
        "inner/add": "SUCCEEDED",
        "inner/innermost": "SUCCEEDED",
        "inner/innermost/double": "SUCCEEDED",
        "double": "SUCCEEDED",
        "inner-2": "SUCCEEDED",
        "inner-2/add": "SUCCEEDED",
        "inner-2/innermost": "SUCCEEDED",
        "inner-2/innermost/double": "SUCCEEDED",
    },
}
