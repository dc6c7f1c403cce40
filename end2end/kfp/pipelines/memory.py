"""A task that takes more memory than it asked for."""
from kfp import dsl


@dsl.component
def grow(mebibytes: int) -> int:
    import time

    held = b"x" * (mebibytes << 20)
    time.sleep(60)
    return len(held)


@dsl.pipeline(name="memory")
def pipeline(mebibytes: int = 1024) -> int:
    return grow(mebibytes=mebibytes).set_memory_limit("256Mi").output


EXPECTED = {
    "state": "FAILED",
    "outputs": {},
    "tasks": {"grow": "FAILED"},
    "reasons": {"grow": "Out of memory at 256 MiB."},
    "local": False,
}
