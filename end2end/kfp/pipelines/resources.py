"""What tasks ask for, also by a parameter; variables; a timeout."""
from kfp import dsl, kubernetes


@dsl.component
def look() -> str:
    import os

    return os.environ["GREETING"]


@dsl.pipeline(name="resources")
def pipeline(memory: str = "256Mi") -> str:
    task = look().set_env_variable("GREETING", "hello")
    task.set_cpu_request("100m").set_cpu_limit("500m").set_memory_request(memory).set_memory_limit("512Mi")
    kubernetes.set_timeout(task, 120)
    return task.output


EXPECTED = {"outputs": {"Output": "hello"}, "tasks": {"look": "SUCCEEDED"}}
