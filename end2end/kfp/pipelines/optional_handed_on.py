"""What may be left out, where the SDK hands it on to an exit handler, a condition and a loop that it says need it."""
from typing import Optional

from kfp import dsl


@dsl.component
def tell(text: Optional[str] = None, n: Optional[int] = None) -> str:
    return f"{text} {n}"


@dsl.component
def last(text: Optional[str] = None):
    print("last", text)


@dsl.pipeline(name="optional-handed-on")
def pipeline(text: Optional[str] = None, n: Optional[int] = None, exact: Optional[bool] = None):
    with dsl.ExitHandler(last(text=text)):
        tell(text=text)
        with dsl.If(n == 5, name="five"):
            tell(text=text)
        with dsl.Elif(exact == True, name="exact"):  # noqa: E712
            tell()
        with dsl.Else(name="neither"):
            tell(text="neither", n=n)
    with dsl.ParallelFor([1]):
        with dsl.If(text == "more", name="more"):
            tell()
        tell(text=text, n=n)


EXPECTED = {
    "local": False,
}
