"""Tasks whose results may be taken from before, and tasks whose may not."""
from components import double
from kfp import dsl


@dsl.pipeline(name="caching")
def pipeline(n: int = 3) -> int:
    first = double(n=n)
    again = double(n=first.output).set_caching_options(False)
    return double(n=again.output).set_caching_options(True, cache_key="my key").output


EXPECTED = {
    "outputs": {"Output": 24},
    "tasks": {"double": "SUCCEEDED", "double-2": "SUCCEEDED", "double-3": "SUCCEEDED"},
    "again": {"double": "CACHED", "double-2": "SUCCEEDED", "double-3": "CACHED"},
}
