"""The real client of Kubeflow Pipelines against a running portal.

SLIPWAY_URL says where the portal is, SLIPWAY_TOKEN is a token of an editor of the team SLIPWAY_TEAM. Every test makes things of its own under
names never used before, so the suite can run any number of times against the same portal.
"""

import functools
import inspect
import json
import os
import tempfile
import time
import uuid

import pytest

# The client keeps its namespace below the home folder: that of whoever runs this is not to be touched.
HOME = tempfile.TemporaryDirectory(prefix="slipway-kfp-")
os.environ["HOME"] = HOME.name
for name in [n for n in os.environ if n.startswith(("KF_PIPELINES_", "KUBECONFIG"))]:
    del os.environ[name]

import kfp  # noqa: E402

URL = os.environ.get("SLIPWAY_URL", "")
# Far more than a pipeline of small tasks takes, on a machine that does other work too.
PATIENCE = 900


def public_methods(of) -> set[str]:
    return {name for name, member in inspect.getmembers(of, inspect.isfunction) if not name.startswith("_")}


CALLED: set[str] = set()


def remembered(name, method):
    @functools.wraps(method)
    def call(*args, **kwargs):
        CALLED.add(name)
        return method(*args, **kwargs)

    return call


for method in public_methods(kfp.Client):
    setattr(kfp.Client, method, remembered(method, getattr(kfp.Client, method)))


def pytest_collection_modifyitems(items):
    if not URL:
        raise pytest.UsageError("SLIPWAY_URL must name the portal to test, such as http://127.0.0.1:8080")


@pytest.fixture
def client() -> kfp.Client:
    return kfp.Client(host=URL, existing_token=os.environ["SLIPWAY_TOKEN"])


@pytest.fixture
def team() -> str:
    return os.environ["SLIPWAY_TEAM"]


@pytest.fixture
def unique():
    """A name that nothing has yet."""
    return lambda prefix="t": f"{prefix}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def compiled(tmp_path):
    """Compiles a pipeline; the path of the file."""

    def compile(pipeline, ending=".yaml") -> str:
        path = tmp_path / f"{uuid.uuid4().hex}{ending}"
        kfp.compiler.Compiler().compile(pipeline, package_path=str(path))
        return str(path)

    return compile


@pytest.fixture
def ended(client):
    """Waits until a run is in one of these states. The client's own waiting knows no CANCELED."""

    def wait(run_id, *states):
        until = time.monotonic() + PATIENCE
        while True:
            run = client.get_run(run_id)
            if run.state in states:
                return run
            assert run.state not in ("SUCCEEDED", "FAILED", "CANCELED"), f"{run.state}: {run.error}"
            assert time.monotonic() < until, f"still {run.state}"
            time.sleep(0.5)

    return wait


def predicates(*all) -> str:
    return json.dumps({"predicates": list(all)})
