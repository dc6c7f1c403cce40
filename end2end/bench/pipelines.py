"""The pipelines of `make bench ONLY=pipelines`, and how long they take elsewhere. Needs Kubeflow's SDK.

    pipelines.py compile FOLDER      writes them: chain-N.yaml, fan.yaml
    pipelines.py bare N BIN          starts the command of a task of a chain N times, one after the other, with the Python in BIN: seconds
    pipelines.py local N [installed] the SDK's own local runner, with the components as they are compiled, or without their `pip install`: seconds
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings
from typing import List

# That the default image will be another one day is not news here.
warnings.filterwarnings("ignore", category=FutureWarning)

from kfp import compiler, dsl, local  # noqa: E402
from kfp.local import pipeline_orchestrator  # noqa: E402

LENGTHS = (1, 20, 100)


def nothing():
    pass


def turn(n: int) -> int:
    return n


def chain(length: int, installed: bool = False):
    """So many tasks, each after the one before, that do nothing."""
    component = dsl.component(nothing, base_image="python:3.11", install_kfp_package=not installed)

    @dsl.pipeline(name=f"chain-{length}")
    def pipeline():
        before = None
        for _ in range(length):
            task = component().set_caching_options(False)
            if before:
                task.after(before)
            before = task

    return pipeline


def fan():
    """A task for each item."""
    component = dsl.component(turn, base_image="python:3.11")

    @dsl.pipeline(name="fan")
    def pipeline(items: List[int]):
        with dsl.ParallelFor(items) as item:
            component(n=item).set_caching_options(False)

    return pipeline


def compile_all(folder: pathlib.Path):
    for length in LENGTHS:
        compiler.Compiler().compile(chain(length), str(folder / f"chain-{length}.yaml"))
    compiler.Compiler().compile(fan(), str(folder / "fan.yaml"))


def bare(times: int, programs: str) -> float:
    container = next(iter(chain(1, installed=True).pipeline_spec.deployment_spec["executors"].values()))["container"]
    with tempfile.TemporaryDirectory() as folder:
        given = json.dumps({"inputs": {}, "outputs": {"outputFile": f"{folder}/executor_output.json"}})
        command = [given if word == "{{$}}" else word for word in [*container["command"], *container["args"]]]
        env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
        begun = time.monotonic()
        for _ in range(times):
            subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
        return time.monotonic() - begun


def by_sdk(length: int, installed: bool) -> float:
    spec = chain(length, installed).pipeline_spec
    with tempfile.TemporaryDirectory() as folder:
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=folder, raise_on_error=True)
        with open(f"{folder}/log", "w") as log, contextlib.redirect_stdout(log):
            begun = time.monotonic()
            pipeline_orchestrator.run_local_pipeline(pipeline_spec=spec, arguments={})
            return time.monotonic() - begun


match sys.argv[1:]:
    case ["compile", folder]:
        compile_all(pathlib.Path(folder))
    case ["bare", times, programs]:
        print(bare(int(times), programs))
    case ["local", length]:
        print(by_sdk(int(length), installed=False))
    case ["local", length, "installed"]:
        print(by_sdk(int(length), installed=True))
    case _:
        sys.exit(__doc__)
