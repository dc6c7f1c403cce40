"""Components that several pipelines use. Only what the standard library has."""
from typing import List

from kfp import dsl
from kfp.dsl import Artifact, Dataset, Input, Output


@dsl.component
def say(text: str) -> str:
    print(text)
    return text


@dsl.component
def add(a: int, b: int) -> int:
    return a + b


@dsl.component
def double(n: int) -> int:
    return 2 * n


@dsl.component
def total(numbers: list) -> int:
    return sum(numbers)


@dsl.component
def join(words: list) -> str:
    return " ".join(str(word) for word in words)


@dsl.component
def count_to(n: int) -> List[int]:
    return list(range(1, n + 1))


@dsl.component
def fail(why: str) -> str:
    raise SystemExit(why)


@dsl.component
def write(text: str, data: Output[Dataset]):
    with open(data.path, "w") as f:
        f.write(text)
    data.metadata["letters"] = len(text)


@dsl.component
def read(data: Input[Dataset]) -> str:
    with open(data.path) as f:
        return f.read()
