"""What a task may know of its run."""
from components import say
from kfp import dsl


@dsl.pipeline(name="job-names")
def pipeline() -> str:
    say(text=f"{dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER} {dsl.PIPELINE_JOB_ID_PLACEHOLDER} {dsl.PIPELINE_TASK_ID_PLACEHOLDER}")
    say(text=f"{dsl.PIPELINE_JOB_NAME_PLACEHOLDER} {dsl.PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER} {dsl.PIPELINE_ROOT_PLACEHOLDER}")
    return say(text="task " + dsl.PIPELINE_TASK_NAME_PLACEHOLDER).output


EXPECTED = {
    "outputs": {"Output": "task say-3"},
    "tasks": {"say": "SUCCEEDED", "say-2": "SUCCEEDED", "say-3": "SUCCEEDED"},
    "local": False,
}
