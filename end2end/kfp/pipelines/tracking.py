"""A task logs to its own run of MLflow, with a token that starts and changes nothing else."""
from kfp import dsl


@dsl.component
def track(answer: float) -> str:
    import json
    import os
    import time
    import urllib.error
    import urllib.request

    def post(url: str, body: dict) -> int:
        headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
        try:
            return urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).status
        except urllib.error.HTTPError as refused:
            return refused.code

    metric = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "answer", "value": answer, "timestamp": int(time.time() * 1000)}
    logged = post(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric", metric)
    team = os.environ["SLIPWAY_URL"] + "/api/v1/teams/" + os.environ["SLIPWAY_TEAM"]
    print("the answer is logged")
    return f"{logged} {post(team + '/pipeline-runs', {'pipeline': 'hello'})}"


@dsl.pipeline(name="tracking")
def pipeline(answer: float = 42.5) -> str:
    return track(answer=answer).output


EXPECTED = {
    "outputs": {"Output": "200 403"},
    "tasks": {"track": "SUCCEEDED"},
    "metrics": {"track": {"answer": 42.5}},
    "logs": {"track": "the answer is logged"},
    "local": False,
}
