"""Parameters and artifacts that may be left out."""
from typing import Optional

from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.component
def tell(text: Optional[str] = None, times: int = 2, data: Optional[Input[Dataset]] = None) -> str:
    return f"{text} {times} {data is not None}"


@dsl.pipeline
def inner(text: Optional[str] = None, times: int = 3) -> str:
    return tell(text=text, times=times).output


@dsl.pipeline(name="optional-inputs")
def pipeline(text: Optional[str] = None, more: str = "more") -> str:
    tell(text=text)
    inner(times=4)
    return inner(text=more).output


EXPECTED = {
    "outputs": {"Output": "more 3 False"},
    "tasks": {
        "tell": "SUCCEEDED",
        "inner": "SUCCEEDED",
        "inner/tell": "SUCCEEDED",
        "inner-2": "SUCCEEDED",
        "inner-2/tell": "SUCCEEDED",
    },
    "local": False,
}
