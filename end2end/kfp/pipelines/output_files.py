"""Outputs that a component writes to files itself."""
from typing import NamedTuple

from components import add
from kfp import dsl
from kfp.dsl import OutputPath


@dsl.component
def split(n: int, half: OutputPath(int), rest: OutputPath(int), even: OutputPath(bool), words: OutputPath(list)) -> str:
    for path, text in ((half, str(n // 2)), (rest, str(n - n // 2)), (even, str(n % 2 == 0)), (words, '["a", 1]')):
        with open(path, "w") as f:
            f.write(text)
    return "split"


@dsl.pipeline(name="output-files")
def pipeline(n: int = 7) -> int:
    parts = split(n=n)
    return add(a=parts.outputs["half"], b=parts.outputs["rest"]).output


EXPECTED = {"outputs": {"Output": 7}, "tasks": {"split": "SUCCEEDED", "add": "SUCCEEDED"}}
