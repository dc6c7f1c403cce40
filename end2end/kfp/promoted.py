"""What became of a version that tasks of a pipeline registered and asked to be promoted: where it comes from, and who may say yes to it."""

import time

from portal import Api, Problem, new_password

GATES = ["signature", "score >= 0.9"]
PATIENCE = 360


def prepare(admin: Api, team: str) -> None:
    """What the image of the training task stands for where there are no containers, and what the stages ask."""
    admin.call("PUT", "/api/v1/pipeline-images", {"images": [{"image": "slipway.test/train", "environment": "train"}]})
    for stage in ("Staging", "Production"):
        admin.call("PUT", f"/api/v1/teams/{team}/stages/{stage}", {"gates": GATES, "approvals": 1, "protect": True})


def problems(admin: Api, team: str, run: dict, tasks: "dict[str, dict]", wanted: dict) -> "list[str]":
    """`admin` is who began the pipeline run. `tasks`: by path."""
    base, wrong = f"/api/v1/teams/{team}", []
    learned, version = tasks[wanted["learned"]], admin.call("GET", f"{base}/models/{wanted['model']}/versions/{wanted['version']}")
    lineage = version.get("lineage") or {}
    task = lineage.get("task") or {}
    if (lineage.get("run_id"), task.get("pipeline_run_id"), task.get("id")) != (learned["run_id"], run["id"], learned["id"]):
        wrong.append(f"the version comes from {lineage}, not from {learned['name']} of {run['id']}")
    asked = admin.call("GET", f"{base}/promotions?model={wanted['model']}")["items"]
    if [(p["version"], p["stage"], p["requested_by"]) for p in asked] != [(wanted["version"], wanted["stage"], run["created_by"])]:
        return [*wrong, f"asked for was {asked}"]
    promotion = f"{base}/promotions/{asked[0]['id']}"
    if (state := ended(admin, promotion, "checking")) != "waiting_for_approval":
        return [*wrong, f"the promotion is {state}"]
    try:
        admin.call("POST", f"{promotion}/approve", {})
        wrong.append("who began the pipeline run approved what it asked for")
    except Problem as problem:
        wrong += [] if problem.status == 403 else [f"their own approval: {problem}"]
    password = new_password()
    admin.call("POST", "/api/v1/users", {"name": "grace", "password": password})
    admin.call("PUT", f"{base}/members/grace", {"role": "maintainer"})
    grace = Api(admin.url)
    grace.call("POST", "/api/v1/session", {"user": "grace", "password": password})
    grace.call("POST", f"{promotion}/approve", {})
    if (state := ended(admin, promotion, "checking", "waiting_for_approval")) != "promoted":
        wrong.append(f"the promotion is {state}")
    return wrong


def ended(api: Api, promotion: str, *before: str) -> str:
    """Its state, once it is none of these."""
    until = time.monotonic() + PATIENCE
    while (state := api.call("GET", promotion)["state"]) in before and time.monotonic() < until:
        time.sleep(0.2)
    return state
