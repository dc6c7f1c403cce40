"""What waits for a whole exit handler, with its exit task, which may say more than one word."""
from components import say
from kfp import dsl


@dsl.pipeline(name="after-exit")
def pipeline() -> str:
    with dsl.ExitHandler(say(text="bye")) as handled:
        say(text="in it")
    return say(text="after").after(handled).output


EXPECTED = {
    "outputs": {"Output": "after"},
    "tasks": {"exit-handler-1": "SUCCEEDED", "exit-handler-1/say-2": "SUCCEEDED", "say": "SUCCEEDED", "say-3": "SUCCEEDED"},
    "local": False,
}
