"""A task that is tried again until it succeeds, and one that never does."""
from kfp import dsl


@dsl.component
def third_time() -> int:
    import os

    attempt = int(os.environ["SLIPWAY_ATTEMPT"])
    if attempt < 3:
        raise SystemExit("not yet")
    return attempt


@dsl.component
def never() -> int:
    raise SystemExit("never")


@dsl.pipeline(name="retry")
def pipeline() -> int:
    never().set_retry(num_retries=1)
    return third_time().set_retry(num_retries=3, backoff_duration="1s", backoff_factor=2, backoff_max_duration="60s").output


EXPECTED = {
    "state": "FAILED",
    "outputs": {},
    "tasks": {"third-time": "SUCCEEDED", "never": "FAILED"},
    "attempts": {"third-time": 3, "never": 2},
    "task_outputs": {"third-time": {"Output": 3}},
    "reasons": {"never": "never"},
    "local": False,
}
