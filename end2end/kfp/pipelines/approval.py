"""Tasks that wait for somebody of the team: what they answer goes on."""
from kfp import dsl

from components import say


@dsl.container_component
def approve(message: str, decision: dsl.OutputPath(str), approver: dsl.OutputPath(str), comment: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image="slipway/approval",
        command=["approval"],
        args=["--message", message, "--decision", decision, "--approver", approver, "--comment", comment],
    )


@dsl.container_component
def consult(message: str, role: str, within: str, decision: dsl.OutputPath(str)):
    return dsl.ContainerSpec(
        image="slipway/approval",
        command=["approval"],
        args=[
            "--message", dsl.ConcatPlaceholder(["Also ", message]), "--role", role, "--timeout", within,
            "--on-refusal", "continue", "--decision", decision,
        ],
    )


@dsl.pipeline(name="approval")
def pipeline(model: int = 7) -> str:
    asked = approve(message=f"Ship model {model}?")
    other = consult(message="tell everybody?", role="editor", within="1h")
    with dsl.If(other.outputs["decision"] == "approved"):
        say(text="told")
    return say(text=asked.outputs["comment"]).output


EXPECTED = {
    "outputs": {"Output": "looks good"},
    # By name of the task: whether it is approved, or refused.
    "answers": {"approve": True, "consult": False},
    "tasks": {"approve": "SUCCEEDED", "consult": "SUCCEEDED", "condition-1": "SKIPPED", "say-2": "SUCCEEDED"},
    "task_outputs": {
        "approve": {"decision": "approved", "approver": "admin", "comment": "looks good"},
        "consult": {"decision": "refused"},
    },
    "local": False,
}
