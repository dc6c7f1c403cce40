"""A component that needs a package."""
from kfp import dsl


@dsl.component(packages_to_install=["six==1.17.0"])
def version() -> str:
    import six

    return six.__version__


@dsl.pipeline(name="packages")
def pipeline() -> str:
    return version().output


EXPECTED = {"outputs": {"Output": "1.17.0"}, "tasks": {"version": "SUCCEEDED"}}
