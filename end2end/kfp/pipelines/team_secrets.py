"""Secrets of the team in variables and in files."""
from kfp import dsl, kubernetes


@dsl.component
def use(folder: str) -> str:
    import os

    with open(os.path.join(folder, "token")) as f:
        return os.environ["TOKEN"] + f.read()


@dsl.pipeline(name="team-secrets")
def pipeline(name: str = "demo", folder: str = "/tmp/slipway-secret") -> str:
    task = use(folder=folder)
    kubernetes.use_secret_as_env(task, secret_name=name, secret_key_to_env={"token": "TOKEN"})
    kubernetes.use_secret_as_volume(task, secret_name="demo", mount_path="/tmp/slipway-secret")
    return task.output


EXPECTED = {"outputs": {"Output": "s3cr3ts3cr3t"}, "tasks": {"use": "SUCCEEDED"}, "local": False}
