"""A task that runs although what it waits for failed."""
from components import fail, say
from kfp import dsl


@dsl.component
def anyway(text: str = "nothing") -> str:
    return "got " + text


@dsl.pipeline(name="ignore-failure")
def pipeline() -> str:
    failed = fail(why="on purpose")
    task = anyway(text=failed.output).ignore_upstream_failure()
    say(text="never").after(failed)
    return task.output


EXPECTED = {
    "state": "FAILED",
    "outputs": {},
    "tasks": {"fail": "FAILED", "anyway": "SUCCEEDED", "say": "SKIPPED"},
    "task_outputs": {"anyway": {"Output": "got nothing"}},
    "local": False,
}
