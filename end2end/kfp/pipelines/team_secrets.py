"""Secrets of the team in variables."""
from kfp import dsl, kubernetes


@dsl.component
def use() -> str:
    import os

    return os.environ["TOKEN"] + os.environ["SALT"]


@dsl.pipeline(name="team-secrets")
def pipeline(name: str = "demo") -> str:
    task = use()
    kubernetes.use_secret_as_env(task, secret_name=name, secret_key_to_env={"token": "TOKEN", "salt": "SALT"})
    return task.output


EXPECTED = {"outputs": {"Output": "s3cr3tsalt"}, "tasks": {"use": "SUCCEEDED"}, "local": False}
