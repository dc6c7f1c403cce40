"""One task and a parameter with a default."""
from components import say
from kfp import dsl


@dsl.pipeline(name="hello", description="Says hello.")
def pipeline(text: str = "hello") -> str:
    """Says hello.

    Args:
        text: What to say.
    """
    return say(text=text).output


EXPECTED = {"outputs": {"Output": "hello"}, "tasks": {"say": "SUCCEEDED"}}
