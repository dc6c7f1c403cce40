"""A task that fails, and one that is told so."""
from components import fail, say
from kfp import dsl


@dsl.component
def clean_up(status: dsl.PipelineTaskFinalStatus, word: str) -> str:
    return f"{word} {status.pipeline_task_name} {status.state}"


@dsl.pipeline(name="exit-handler")
def pipeline(word: str = "after"):
    with dsl.ExitHandler(clean_up(word=word)):
        say(text="before")
        failed = fail(why="on purpose")
        say(text=failed.output)


EXPECTED = {
    "state": "FAILED",
    "outputs": {},
    "tasks": {
        "exit-handler-1": "FAILED",
        "exit-handler-1/say": "SUCCEEDED",
        "exit-handler-1/fail": "FAILED",
        "exit-handler-1/say-2": "SKIPPED",
        "clean-up": "SUCCEEDED",
    },
    "task_outputs": {"clean-up": {"Output": "after exit-handler-1 FAILED"}},
    "logs": {"exit-handler-1/say": "before"},
    "reasons": {"exit-handler-1/fail": "on purpose"},
}
