"""Texts, lists and objects that are put together from other tasks' outputs."""
from components import add, join, say
from kfp import dsl


@dsl.component
def keys(of: dict) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(of.items()))


@dsl.pipeline(name="texts")
def pipeline(name: str = "Ann", n: int = 1) -> str:
    sum_ = add(a=n, b=2)
    text = say(text=f"{name} has {sum_.output} apples")
    words = join(words=[name, "and", text.output])
    keys(of={"name": name, "words": words.output})
    return words.output


EXPECTED = {
    "outputs": {"Output": "Ann and Ann has 3 apples"},
    "tasks": {"add": "SUCCEEDED", "say": "SUCCEEDED", "join": "SUCCEEDED", "keys": "SUCCEEDED"},
    "local": False,
}
