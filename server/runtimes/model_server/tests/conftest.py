"""Real models, saved by MLflow, served by the real server as a process of its own."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import models  # noqa: E402
from process import Served  # noqa: E402


KEPT = ("tensor", "columns", "puppet", "kinds", "bare", "named_tensors", "hinted")


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Where the models are, made when first asked for."""
    root, made, lock = tmp_path_factory.mktemp("models"), {}, threading.Lock()

    def folder(name: str) -> Path:
        with lock:
            if name not in made:
                made[name] = getattr(models, name)(root / name)
            return made[name]

    return folder


@pytest.fixture(scope="session")
def served(request, folders, tmp_path_factory):
    """Servers by model, on unix sockets, kept until the end.

    A server takes seconds to start, most of it imports, so a run of many tests starts all of them ahead.
    """
    sockets, starting = tmp_path_factory.mktemp("s"), {}
    starters = ThreadPoolExecutor(2)

    def start(name: str) -> Served:
        server = Served(folders(name), name, unix_socket=sockets / name)
        server.wait_ready()
        return server

    def serve(name: str) -> Served:
        if name not in starting:
            starting[name] = starters.submit(start, name)
        return starting[name].result()

    if request.session.testscollected > 30:
        starting.update({name: starters.submit(start, name) for name in KEPT})
    yield serve
    starters.shutdown()
    for server in starting.values():
        if server.exception() is None:
            server.result().stop()
