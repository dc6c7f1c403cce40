"""A run that is ended while a task is at work: what waits for it does not begin, the exit task runs."""
from components import say
from kfp import dsl


@dsl.component
def sleep(seconds: int) -> str:
    import time

    time.sleep(seconds)
    return "slept"


@dsl.pipeline(name="canceled")
def pipeline(seconds: int = 3600):
    with dsl.ExitHandler(say(text="bye")):
        sleep(seconds=seconds)


EXPECTED = {
    "state": "CANCELED",
    "cancel": "exit-handler-1/sleep",
    "outputs": {},
    "tasks": {"exit-handler-1": "CANCELED", "exit-handler-1/sleep": "CANCELED", "say": "SUCCEEDED"},
    "logs": {"say": "bye"},
    "local": False,
}
