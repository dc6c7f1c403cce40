"""A failure stops what waits for it and nothing else."""
from components import double, fail, say
from kfp import dsl


@dsl.pipeline(name="fails")
def pipeline() -> int:
    failed = fail(why="on purpose")
    after = say(text=failed.output)
    say(text="last").after(after)
    return double(n=double(n=1).output).output


EXPECTED = {
    "state": "FAILED",
    "outputs": {},
    "tasks": {"fail": "FAILED", "say": "SKIPPED", "say-2": "SKIPPED", "double": "SUCCEEDED", "double-2": "SUCCEEDED"},
}
