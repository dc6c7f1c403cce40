"""Files that tasks pass on, with what is noted about them."""
from components import read, write
from kfp import dsl
from kfp.dsl import Dataset, Input, Metrics, Model, Output


@dsl.component
def train(data: Input[Dataset], model: Output[Model], metrics: Output[Metrics], rate: float = 0.1):
    with open(data.path) as f:
        text = f.read()
    with open(model.path, "w") as f:
        f.write(text.upper())
    model.metadata["framework"] = "none"
    metrics.log_metric("letters", data.metadata["letters"])
    metrics.log_metric("rate", rate)


@dsl.component
def score(model: Input[Model]) -> str:
    with open(model.path) as f:
        return model.metadata["framework"] + ":" + f.read()


@dsl.pipeline(name="artifacts")
def pipeline(text: str = "abc") -> str:
    data = write(text=text)
    read(data=data.outputs["data"])
    trained = train(data=data.outputs["data"])
    return score(model=trained.outputs["model"]).output


EXPECTED = {
    "outputs": {"Output": "none:ABC"},
    "tasks": {"write": "SUCCEEDED", "read": "SUCCEEDED", "train": "SUCCEEDED", "score": "SUCCEEDED"},
    "metrics": {"train": {"letters": 3, "rate": 0.1}},
}
