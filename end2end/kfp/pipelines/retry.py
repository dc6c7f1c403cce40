"""A task that is tried again until it succeeds, and one that never does."""
from kfp import dsl


@dsl.component
def third_time(marker: str) -> int:
    import os

    os.makedirs(os.path.dirname(marker), exist_ok=True)
    with open(marker, "a+") as f:
        f.write("x")
        f.seek(0)
        tries = len(f.read())
    if tries < 3:
        raise SystemExit("not yet")
    return tries


@dsl.component
def never() -> int:
    raise SystemExit("never")


@dsl.pipeline(name="retry")
def pipeline(marker: str) -> int:
    never().set_retry(num_retries=1)
    return third_time(marker=marker).set_retry(num_retries=3, backoff_duration="1s", backoff_factor=2, backoff_max_duration="60s").set_caching_options(False).output


EXPECTED = {
    "parameters": {"marker": "{scratch}/tries"},
    "state": "FAILED",
    "outputs": {},
    "tasks": {"third-time": "SUCCEEDED", "never": "FAILED"},
    "attempts": {"third-time": 3, "never": 2},
    "task_outputs": {"third-time": {"Output": 3}},
    "local": False,
}
