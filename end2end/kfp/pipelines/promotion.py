"""A task trains and registers a model, the next one asks for its promotion: both with the token of their run."""
from kfp import dsl


@dsl.component(base_image="slipway.test/train:1")
def learn(model: str) -> int:
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression

    rows, wanted = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    line = LinearRegression().fit(rows, wanted)
    with mlflow.start_run():
        mlflow.log_metric("score", line.score(rows, wanted))
        logged = mlflow.sklearn.log_model(
            line, name="model", signature=infer_signature(rows, wanted), pip_requirements=["scikit-learn"], registered_model_name=model
        )
    return int(logged.registered_model_version)


@dsl.component
def ask(model: str, version: int, stage: str) -> str:
    import json
    import os
    import urllib.request

    headers = {"Authorization": "Bearer " + os.environ["SLIPWAY_TOKEN"], "Content-Type": "application/json"}
    # A second attempt of this task gets the answer of the first.
    headers["Idempotency-Key"] = os.environ["SLIPWAY_RUN_ID"]
    url = f"{os.environ['SLIPWAY_URL']}/api/v1/teams/{os.environ['SLIPWAY_TEAM']}/promotions"
    wish = {"model": model, "version": version, "stage": stage, "comment": "From a pipeline."}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(wish).encode(), headers)) as answer:
        return json.load(answer)["requested_by"]


@dsl.pipeline(name="promotion")
def pipeline(model: str = "line", stage: str = "Staging") -> str:
    learned = learn(model=model)
    return ask(model=model, version=learned.output, stage=stage).output


EXPECTED = {
    "outputs": {"Output": "admin"},
    "tasks": {"learn": "SUCCEEDED", "ask": "SUCCEEDED"},
    "metrics": {"learn": {"score": 1.0}},
    "task_outputs": {"learn": {"Output": 1}},
    # The task that asks is another one then; what it asks for was made before its pipeline run began.
    "again": {"learn": "CACHED", "ask": "SUCCEEDED"},
    "again_with": {"stage": "Production"},
    "promotion": {"model": "line", "version": 1, "stage": "Staging", "learned": "learn"},
    "local": False,
}
