"""Over objects, of which a task takes parts; a part may be a list to go over."""
from typing import Dict, List

from components import join, say
from kfp import dsl


@dsl.component
def people() -> List[Dict[str, str]]:
    return [{"who": "Ann", "city": "Rome"}, {"who": "Bob", "city": "Oslo"}]


@dsl.pipeline(name="loop-objects")
def pipeline() -> str:
    with dsl.ParallelFor(people().output) as person:
        said = say(text=person.who)
        say(text=person.city)
    with dsl.ParallelFor([{"n": 1, "letters": ["a", "b"]}, {"n": 2, "letters": ["c"]}]) as item:
        with dsl.ParallelFor(item.letters) as letter:
            say(text=letter)
    return join(words=dsl.Collected(said.output)).output


EXPECTED = {
    "outputs": {"Output": "Ann Bob"},
    "tasks": {
        "people": "SUCCEEDED",
        "for-loop-1": "SUCCEEDED",
        **{f"for-loop-1[{i}]{task}": "SUCCEEDED" for i in range(2) for task in ("", "/say", "/say-2")},
        "for-loop-3": "SUCCEEDED",
        "for-loop-3[0]": "SUCCEEDED",
        "for-loop-3[0]/for-loop-4": "SUCCEEDED",
        **{f"for-loop-3[0]/for-loop-4[{i}]{task}": "SUCCEEDED" for i in range(2) for task in ("", "/say-3")},
        "for-loop-3[1]": "SUCCEEDED",
        "for-loop-3[1]/for-loop-4": "SUCCEEDED",
        "for-loop-3[1]/for-loop-4[0]": "SUCCEEDED",
        "for-loop-3[1]/for-loop-4[0]/say-3": "SUCCEEDED",
        "join": "SUCCEEDED",
    },
    "local": False,
}
