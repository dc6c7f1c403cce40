"""A container component: its command with placeholders of every kind."""
from typing import Optional

from kfp import dsl
from kfp.dsl import Artifact, ConcatPlaceholder, Dataset, IfPresentPlaceholder, Input, Output, OutputPath
from components import read, write


@dsl.container_component
def shell(
    data: Input[Dataset],
    name: str,
    copy: Output[Dataset],
    said: OutputPath(str),
    greeting: Optional[str] = None,
    count: int = 3,
):
    return dsl.ContainerSpec(
        image="python:3.11",
        command=["sh", "-ec", 'mkdir -p "$(dirname "$2")" "$(dirname "$3")"; cat "$1" > "$2"; shift 2; out=$1; shift; printf "%s|" "$@" > "$out"', "sh"],
        args=[
            data.path,
            copy.path,
            said,
            ConcatPlaceholder(["name=", name, "x", count]),
            IfPresentPlaceholder(input_name="greeting", then=["--greeting", greeting], else_=["--plain"]),
            ConcatPlaceholder(["a", IfPresentPlaceholder(input_name="greeting", then=ConcatPlaceholder(["-", greeting]), else_="-none")]),
        ],
    )


@dsl.pipeline(name="container")
def pipeline(name: str = "Ann") -> str:
    data = write(text="content")
    with_greeting = shell(data=data.outputs["data"], name=name, greeting="hi")
    shell(data=with_greeting.outputs["copy"], name=name)
    return with_greeting.outputs["said"]


EXPECTED = {
    "outputs": {"Output": "name=Annx3|--greeting|hi|a-hi|"},
    "tasks": {"write": "SUCCEEDED", "shell": "SUCCEEDED", "shell-2": "SUCCEEDED"},
    "local": False,
}
