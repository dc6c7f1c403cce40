"""Every type of parameter, from the pipeline through a task and out again."""
from typing import Dict, List, NamedTuple

from kfp import dsl


@dsl.component
def pass_on(s: str, i: int, f: float, b: bool, l: list, d: dict) -> NamedTuple("Out", s=str, i=int, f=float, b=bool, l=list, d=dict):
    assert (type(s), type(i), type(f), type(b), type(l), type(d)) == (str, int, float, bool, list, dict)
    return (s, i + 1, f / 2, not b, l + [i], {**d, s: f})


Out = NamedTuple("Out", s=str, i=int, f=float, b=bool, l=list, d=dict)


@dsl.pipeline(name="value-types")
def pipeline(
    s: str = "x", i: int = 3, f: float = 0.5, b: bool = True, l: List[int] = [1, 2], d: Dict[str, float] = {"a": 1.5}
) -> Out:
    first = pass_on(s=s, i=i, f=f, b=b, l=l, d=d).outputs
    last = pass_on(s=first["s"], i=first["i"], f=first["f"], b=first["b"], l=first["l"], d=first["d"]).outputs
    return Out(**{key: last[key] for key in "sifbld"})


EXPECTED = {
    "outputs": {"s": "x", "i": 5, "f": 0.125, "b": True, "l": [1, 2, 3, 4], "d": {"a": 1.5, "x": 0.25}},
    "tasks": {"pass-on": "SUCCEEDED", "pass-on-2": "SUCCEEDED"},
}
