"""Two exit handlers, both of what ends well; one of them is a pipeline."""
from components import say
from kfp import dsl


@dsl.component
def clean_up(status: dsl.PipelineTaskFinalStatus) -> str:
    return status.state


@dsl.pipeline
def tidy(word: str) -> str:
    return say(text=word).output


@dsl.pipeline(name="exit-handlers")
def pipeline():
    first = clean_up()
    with dsl.ExitHandler(first, name="first"):
        say(text="one")
    with dsl.ExitHandler(tidy(word="tidy"), name="second"):
        say(text="two")


EXPECTED = {
    "outputs": {},
    "tasks": {
        "exit-handler-1": "SUCCEEDED",
        "exit-handler-1/say": "SUCCEEDED",
        "exit-handler-2": "SUCCEEDED",
        "exit-handler-2/say-2": "SUCCEEDED",
        "clean-up": "SUCCEEDED",
        "tidy": "SUCCEEDED",
        "tidy/say": "SUCCEEDED",
    },
    "task_outputs": {"clean-up": {"Output": "SUCCEEDED"}},
    "local": False,
}
