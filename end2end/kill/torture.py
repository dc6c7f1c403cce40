#!/usr/bin/env python3
"""kill -9 of the server over running pipelines, a hundred times at seeded moments: torture.py BINARY [SEED [KILLS]]

Two runs at a time of one pipeline with everything in it: a chain, a loop with a limit, a task that fails first, an approval, an exit task. One is approved and
goes to its end, the other is cancelled on the way. Each attempt of a task writes itself into a file: whatever ran twice stands there twice.
"""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from kill import PODS, World, check

PROGRAM = """
import os, sys, time
file, name, seconds, flaky, said = sys.argv[1:]
attempt = os.environ["SLIPWAY_ATTEMPT"]
open(file, "a").write(f"{name} {attempt}\\n")
time.sleep(float(seconds))
if flaky == "yes" and attempt == "1":
    sys.exit("not at the first try")
open(said, "w").write(name)
"""
CHAIN, ITEMS = 3, ["a", "b", "c", "d"]
EXPECTED = {f"chain-{n} 1" for n in range(CHAIN)} | {f"item-{i} 1" for i in ITEMS} | {"flaky 1", "flaky 2", "last 1", "bye 1"}
OVER = ("succeeded", "failed", "cancelled")


def text(*names: str) -> dict:
    return {name: {"parameterType": "STRING"} for name in names}


def pipeline(file: Path) -> str:
    step = {
        "executorLabel": "exec-step",
        "inputDefinitions": {"parameters": text("name", "seconds", "flaky")},
        "outputDefinitions": {"parameters": text("said")},
    }
    container = {
        "image": "python:3.11", "command": ["python3", "-c", PROGRAM],
        "args": [str(file), *(f"{{{{$.inputs.parameters['{n}']}}}}" for n in ("name", "seconds", "flaky")), "{{$.outputs.parameters['said'].output_file}}"],
        "resources": {"resourceCpuLimit": "0.2", "resourceMemoryLimit": "128Mi"},
    }
    ask = {
        "image": "slipway/approval", "command": ["approval"],
        "args": ["--message", "Go on?", "--role", "editor", "--decision", "{{$.outputs.parameters['decision'].output_file}}"],
    }

    def task(name, after=(), named=None, flaky="no", **more):
        parameters = {"name": named or {"runtimeValue": {"constant": name}}}
        parameters |= {"seconds": {"runtimeValue": {"constant": "0.5"}}, "flaky": {"runtimeValue": {"constant": flaky}}}
        return {
            "taskInfo": {"name": name}, "componentRef": {"name": "comp-step"}, "cachingOptions": {},
            "inputs": {"parameters": parameters}, "dependentTasks": sorted(after), **more,
        }

    chain = {f"chain-{n}": task(f"chain-{n}", [f"chain-{n - 1}"] if n else []) for n in range(CHAIN)}
    loop = {
        "taskInfo": {"name": "each"}, "componentRef": {"name": "comp-each"}, "inputs": {"parameters": {}},
        "parameterIterator": {"items": {"raw": json.dumps([f"item-{i}" for i in ITEMS])}, "itemInput": "item"},
        "iteratorPolicy": {"parallelismLimit": 2},
    }
    inner = chain | {
        "for-loop-1": loop,
        "flaky": task("flaky", flaky="yes", retryPolicy={"maxRetryCount": 2, "backoffDuration": "0.2s"}),
        "ask": {"taskInfo": {"name": "ask"}, "componentRef": {"name": "comp-ask"}, "dependentTasks": ["chain-0"]},
        "last": task("last", [f"chain-{CHAIN - 1}", "for-loop-1", "flaky", "ask"]),
    }
    components = {
        "comp-step": step,
        "comp-ask": {"executorLabel": "exec-ask", "outputDefinitions": {"parameters": text("decision")}},
        "comp-each": {
            "inputDefinitions": {"parameters": text("item")},
            "dag": {"tasks": {"work": task("work", named={"componentInputParameter": "item"})}},
        },
        "comp-exit-handler-1": {"dag": {"tasks": inner}},
    }
    bye = task("bye", ["exit-handler-1"], triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"})
    return json.dumps({
        "pipelineInfo": {"name": "tortured"}, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.17.3", "components": components,
        "deploymentSpec": {"executors": {"exec-step": {"container": container}, "exec-ask": {"container": ask}}},
        "root": {"dag": {"tasks": {
            "exit-handler-1": {"taskInfo": {"name": "exit-handler-1"}, "componentRef": {"name": "comp-exit-handler-1"}}, "bye": bye,
        }}},
    })


def approved(w: World, run: str) -> None:
    """Answers what is asked, where it is."""
    for task in w.get(f"/pipeline-runs/{run}/tasks"):
        if task["state"] == "waiting_for_approval":
            w.post(f"/pipeline-runs/{run}/tasks/{task['id']}/approve", {"comment": "on"})


def together(w: World, folder: Path, kills: int) -> None:
    """Two runs to their ends, with kills as long as there are some left."""
    files = [folder / f"{w.kills}-{which}" for which in ("whole", "cancelled")]
    for file in files:
        file.touch()
    whole, other = (w.post("/pipeline-runs", {"spec": pipeline(file), "cache": False})["id"] for file in files)
    cancel_at, cancelled, end = w.kills + w.random.randint(1, 6), False, time.monotonic() + 300
    state = lambda run: w.get(f"/pipeline-runs/{run}")["state"]  # noqa: E731
    while not (state(whole) in OVER and state(other) in OVER):
        if w.kills < kills:
            w.kill(1.0, "the restart, in the midst of two pipeline runs")
        else:
            time.sleep(0.3)
        if w.random.random() < 0.7:
            approved(w, whole)
        # Of one that has not begun nothing is to be cleaned up.
        if not cancelled and (w.kills >= cancel_at or w.kills >= kills) and w.get(f"/pipeline-runs/{other}/tasks"):
            cancelled = True
            w.post(f"/pipeline-runs/{other}/cancel")
        if time.monotonic() > end:
            sys.exit(f"NOT TRUE: both runs end ({state(whole)}, {state(other)})")
    ran = [file.read_text().split("\n")[:-1] for file in files]
    twice = [line for lines in ran for line in set(lines) if lines.count(line) > 1]
    if twice:
        sys.exit(f"NOT TRUE: no attempt of a task ran twice ({twice})")
    if state(whole) != "succeeded" or set(ran[0]) != EXPECTED:
        sys.exit(f"NOT TRUE: the run succeeded with all of its tasks ({state(whole)}, missing {EXPECTED - set(ran[0])}, more {set(ran[0]) - EXPECTED})")
    if state(other) != "cancelled" or "bye 1" not in ran[1] or not set(ran[1]) <= EXPECTED - {"last 1"}:
        sys.exit(f"NOT TRUE: the other one was cancelled, after its exit task ({state(other)}, {sorted(ran[1])})")
    tasks = w.get(f"/pipeline-runs/{whole}/tasks")
    wrong = [t["name"] for t in tasks if t["state"] != "succeeded" or t["attempt"] != (2 if t["name"] == "flaky" else t["attempt"] and 1)]
    if wrong:
        sys.exit(f"NOT TRUE: every task says so ({wrong})")
    print(f"  ok  {w.kills} kills: one run whole, the other cancelled, nothing twice", flush=True)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    seed, kills = (int(sys.argv[at]) if len(sys.argv) > at else other for at, other in ((2, 1), (3, 100)))
    if PODS:
        # Pods would need an image of their own for it.
        sys.exit("SKIPPED: for one machine")
    w, folder = World(sys.argv[1], seed), Path(tempfile.mkdtemp(prefix="slipway-torture-"))
    try:
        while w.kills < kills:
            together(w, folder, kills)
        end = time.monotonic() + 120
        while w.workers() and time.monotonic() < end:
            time.sleep(0.3)
        strays, starts = w.workers(), w.starts()
    except BaseException:
        print(f"The portal's last words:\n{w.portal.last_words(40)}", file=sys.stderr)
        raise
    finally:
        w.portal.stop()
        shutil.rmtree(w.data, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    check(not strays, f"no process of any task is left {strays or ''}".rstrip())
    check(all(n <= 1 for of_kind in starts.values() for n in of_kind), f"none of {sum(map(len, starts.values()))} workloads was started twice")
    print(f"{w.kills} kills survived, seed {seed}")


if __name__ == "__main__":
    main()
