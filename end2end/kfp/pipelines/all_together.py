"""Loop, choice, pipeline in pipeline and exit handler in each other."""
from components import add, double, say, total
from kfp import dsl


@dsl.pipeline
def part(n: int) -> int:
    doubled = double(n=n)
    with dsl.If(doubled.output > 3):
        say(text="above three")
    return doubled.output


@dsl.pipeline(name="all-together")
def pipeline():
    with dsl.ExitHandler(say(text="bye")):
        with dsl.ParallelFor([1, 2], parallelism=1) as item:
            made = part(n=item)
        total(numbers=dsl.Collected(made.output))


EXPECTED = {
    "outputs": {},
    "task_outputs": {"exit-handler-1/total": {"Output": 6}},
    "tasks": {
        "exit-handler-1": "SUCCEEDED",
        "exit-handler-1/for-loop-3": "SUCCEEDED",
        **{f"exit-handler-1/for-loop-3[{i}]{task}": "SUCCEEDED" for i in range(2) for task in ("", "/part", "/part/double")},
        "exit-handler-1/for-loop-3[0]/part/condition-1": "SKIPPED",
        "exit-handler-1/for-loop-3[1]/part/condition-1": "SUCCEEDED",
        "exit-handler-1/for-loop-3[1]/part/condition-1/say": "SUCCEEDED",
        "exit-handler-1/total": "SUCCEEDED",
        "say": "SUCCEEDED",
    },
}
