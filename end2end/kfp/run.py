#!/usr/bin/env python3
"""Every compiled pipeline runs on a real portal to the end that is written beside it:  scripts/with_portal.py BINARY end2end/kfp/run.py [NAME...]

All are begun at once; states, attempts, outputs, metrics, logs and reasons of their tasks are compared with compiled/NAME.json.
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import promoted  # noqa: E402
from portal import Api  # noqa: E402

COMPILED = Path(__file__).resolve().parent / "compiled"
SECONDS = 600
STATES = {"SUCCEEDED": "succeeded", "FAILED": "failed", "SKIPPED": "skipped", "CACHED": "cached", "CANCELED": "cancelled"}


def main() -> int:
    names = sys.argv[1:] or sorted(p.stem for p in COMPILED.glob("*.yaml"))
    url, team = os.environ["SLIPWAY_URL"], os.environ["SLIPWAY_TEAM"]
    admin = Api(url)
    admin.call("POST", "/api/v1/session", {"user": os.environ["SLIPWAY_USER"], "password": os.environ["SLIPWAY_PASSWORD"]})
    for name, value in (("demo-token", "s3cr3t"), ("demo-salt", "salt")):
        admin.call("PUT", f"/api/v1/teams/{team}/secrets/{name}", {"value": value})
    api = Api(url, token=os.environ["SLIPWAY_TOKEN"])
    base = f"/api/v1/teams/{team}"
    runs = {}
    for name in names:
        expected = json.loads((COMPILED / f"{name}.json").read_text())
        if "promotion" in expected:
            promoted.prepare(admin, team)
        # What another pipeline made is not taken over: each is to run.
        body = {"name": name, "spec": (COMPILED / f"{name}.yaml").read_text(), "cache": "again" in expected}
        runs[name] = (api.call("POST", f"{base}/pipeline-runs", body)["id"], expected, body)
    wrong, until = [], time.monotonic() + SECONDS
    queue = list(runs.items())
    # Those that somebody ends first, as what they wait for only sleeps.
    queue.sort(key=lambda one: "cancel" not in one[1][1])
    for name, (run, expected, body) in queue:
        path = f"{base}/pipeline-runs/{run}"
        if "cancel" in expected:
            while (by_path(api, path).get(expected["cancel"]) or {}).get("state") != "running" and time.monotonic() < until:
                time.sleep(0.3)
            api.call("POST", f"{path}/cancel", {})
        while (now := api.call("GET", path))["state"] not in ("succeeded", "failed", "cancelled"):
            answer(admin, path, expected.get("answers", {}))
            if time.monotonic() > until:
                break
            time.sleep(0.3)
        problems = compare(api, path, now, expected)
        if "promotion" in expected and not problems:
            problems = promoted.problems(admin, team, now, by_path(api, path), expected["promotion"])
        print(f"{name}: {'; '.join(problems) if problems else 'as expected'}", flush=True)
        wrong += [name] if problems else []
        if "again" in expected:
            again = {"state": expected["state"], "outputs": expected["outputs"], "tasks": expected["again"]}
            body = body | {"parameters": expected.get("again_with", {})}
            queue.append((f"{name}, once more", (api.call("POST", f"{base}/pipeline-runs", body)["id"], again, body)))
    print(f"{len(queue) - len(wrong)} of {len(queue)} runs as expected")
    return 1 if wrong else 0


def answer(person, path: str, answers: dict) -> None:
    """Says what is expected to those tasks that wait for it."""
    for task in person.call("GET", f"{path}/tasks") if answers else []:
        if task["state"] == "waiting_for_approval":
            verb = "approve" if answers[task["name"]] else "refuse"
            person.call("POST", f"{path}/tasks/{task['id']}/{verb}", {"comment": "looks good"})


def by_path(api: Api, run: str) -> "dict[str, dict]":
    """The tasks of a run by their paths, with the turns of loops: for-loop-2[0]/say."""
    tasks = api.call("GET", f"{run}/tasks")
    paths = {}
    by_id = {t["id"]: t for t in tasks}
    for task in tasks:
        names, at = [], task
        while at:
            above = by_id.get(at.get("parent_id"))
            if at.get("iteration") is not None:
                names.append(f"{at['name']}[{at['iteration']}]")
                at = by_id.get(above.get("parent_id")) if above else None
            else:
                names.append(at["name"])
                at = above
        paths["/".join(reversed(names))] = task
    return paths


def compare(api: Api, path: str, run: dict, expected: dict) -> "list[str]":
    problems = []
    if run["state"] != STATES[expected["state"]]:
        problems.append(f"{run['state']}, not {expected['state']}: {run.get('reason')}")
    made = (run.get("outputs") or {}).get("parameters", {})
    if made != expected.get("outputs", {}):
        problems.append(f"it made {made}, not {expected.get('outputs')}")
    paths = by_path(api, path)
    for name, state in expected["tasks"].items():
        task = paths.get(name)
        if task is None:
            problems.append(f"no task {name} among {sorted(paths)}")
        elif task["state"] != STATES.get(state, state):
            problems.append(f"{name} {task['state']}, not {state}: {task.get('reason')}")
    if problems:
        return problems
    for name, attempts in expected.get("attempts", {}).items():
        if paths[name]["attempt"] != attempts:
            problems.append(f"{name} had {paths[name]['attempt']} attempts, not {attempts}")
    for name, outputs in expected.get("task_outputs", {}).items():
        made = api.call("GET", f"{path}/tasks/{paths[name]['id']}")["outputs"]["parameters"]
        if made != outputs:
            problems.append(f"{name} made {made}, not {outputs}")
    for name, words in expected.get("reasons", {}).items():
        if words not in (paths[name].get("reason") or ""):
            problems.append(f"{name} ended because of: {paths[name].get('reason')}")
    for name, line in expected.get("logs", {}).items():
        log = api.call("GET", f"{path}/tasks/{paths[name]['id']}/log")
        if line not in [item["text"] for item in log["items"]] or not log["complete"]:
            problems.append(f"{name} has no line \"{line}\" in its log: {log}")
    for name, metrics in expected.get("metrics", {}).items():
        measured = api.call("GET", f"{path.split('/pipeline-runs/')[0]}/runs/{paths[name]['run_id']}")["metrics"]
        if measured != metrics:
            problems.append(f"{name} measured {measured}, not {metrics}")
    return problems


sys.exit(main())
