"""Files through the edges of pipelines in pipelines."""
from components import read, write
from kfp import dsl
from kfp.dsl import Dataset, Input


@dsl.pipeline
def make(text: str) -> Dataset:
    return write(text=text).outputs["data"]


@dsl.pipeline
def use(data: Input[Dataset]) -> str:
    return read(data=data).output


@dsl.pipeline(name="nested-artifacts")
def pipeline(text: str = "abc") -> str:
    return use(data=make(text=text).output).output


EXPECTED = {
    "outputs": {"Output": "abc"},
    "tasks": {"make": "SUCCEEDED", "make/write": "SUCCEEDED", "use": "SUCCEEDED", "use/read": "SUCCEEDED"},
    "local": False,
}
