"""kill -9 of the server in the midst of a pipeline run, at eight seeded moments, and around the times of a recurring run, at three more.

Each task writes its name into a file: whoever ran twice stands there twice.
"""

import json
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

CHAIN, BESIDE = 5, 6
SECONDS = 1.5
PROGRAM = "import sys, time; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n'); time.sleep(float(sys.argv[3])); open(sys.argv[4], 'w').write(sys.argv[2])"


def pipeline(file: Path) -> str:
    """A chain of tasks, each with the output of the one before, and others beside it; one takes them all."""
    component = {
        "executorLabel": "exec-step",
        "inputDefinitions": {"parameters": {"name": {"parameterType": "STRING"}, "before": {"parameterType": "STRING", "isOptional": True}}},
        "outputDefinitions": {"parameters": {"said": {"parameterType": "STRING"}}},
    }
    container = {
        "image": "python:3.11", "command": ["python3", "-c", PROGRAM],
        "args": [str(file), "{{$.inputs.parameters['name']}}", str(SECONDS), "{{$.outputs.parameters['said'].output_file}}"],
        "resources": {"resourceCpuLimit": "0.2", "resourceMemoryLimit": "128Mi"},
    }

    def task(name: str, before: str | None, after=()):
        parameters = {"name": {"runtimeValue": {"constant": name}}}
        if before:
            parameters["before"] = {"taskOutputParameter": {"producerTask": before, "outputParameterKey": "said"}}
        wanted = sorted({*after, *([before] if before else [])})
        return {
            "taskInfo": {"name": name}, "componentRef": {"name": "comp-step"}, "cachingOptions": {},
            "inputs": {"parameters": parameters}, "dependentTasks": wanted,
        }

    tasks = {f"chain-{n}": task(f"chain-{n}", f"chain-{n - 1}" if n else None) for n in range(CHAIN)}
    tasks |= {f"beside-{n}": task(f"beside-{n}", None) for n in range(BESIDE)}
    tasks["last"] = task("last", f"chain-{CHAIN - 1}", [f"beside-{n}" for n in range(BESIDE)])
    return json.dumps({
        "pipelineInfo": {"name": "killed"}, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.17.3",
        "components": {"comp-step": component}, "deploymentSpec": {"executors": {"exec-step": {"container": container}}},
        "root": {"dag": {"tasks": tasks}},
    })


def pipelines(w, check) -> None:
    file = Path(tempfile.mkdtemp(prefix="slipway-kill-pipeline-")) / "ran"
    file.touch()
    run = w.post("/pipeline-runs", {"spec": pipeline(file), "max_tasks": 3})["id"]
    w.kill(0.3, "a pipeline was run")
    for what in ("the restart, while its first tasks start", "it again", "and again", "and again", "and again", "and again"):
        w.kill(1.5, what)
    w.post(f"/pipeline-runs/{run}/archive")
    w.kill(0.5, "it was put away, while it runs")
    done = w.until(f"/pipeline-runs/{run}", lambda r: r["state"] in ("succeeded", "cancelled"))
    tasks = w.get(f"/pipeline-runs/{run}/tasks")
    check(done["state"] == "succeeded" and done["archived"], "the pipeline run went on and succeeded, put away as it was asked to")
    check(len(tasks) == CHAIN + BESIDE + 1 and all(t["state"] == "succeeded" and t["attempt"] == 1 for t in tasks), f"all {len(tasks)} tasks succeeded in their first attempt")
    ran = sorted(file.read_text().split())
    check(ran == sorted(t["name"] for t in tasks), f"each ran once {'' if len(ran) == len(set(ran)) else ran}".rstrip())
    recurring(w, check)


def said(file: Path) -> str:
    """A pipeline of one task that writes down what it was given."""
    container = {
        "image": "python:3.11", "command": ["python3", "-c", "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')"],
        "args": [str(file), "{{$.inputs.parameters['time']}}"], "resources": {"resourceCpuLimit": "0.2", "resourceMemoryLimit": "128Mi"},
    }
    text = {"parameters": {"time": {"parameterType": "STRING"}}}
    task = {
        "taskInfo": {"name": "say"}, "componentRef": {"name": "comp-say"}, "cachingOptions": {},
        "inputs": {"parameters": {"time": {"componentInputParameter": "time"}}},
    }
    return json.dumps({
        "pipelineInfo": {"name": "said"}, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.17.3",
        "components": {"comp-say": {"executorLabel": "exec-say", "inputDefinitions": text}}, "deploymentSpec": {"executors": {"exec-say": {"container": container}}},
        "root": {"inputDefinitions": text, "dag": {"tasks": {"say": task}}},
    })


def recurring(w, check) -> None:
    """A run each second, killed around the making of them; each time makes one run, and none is left out."""
    file = Path(tempfile.mkdtemp(prefix="slipway-kill-recurring-")) / "ran"
    file.touch()
    schedule = {"interval_seconds": 1, "end_at": rfc3339(time.time() + 14)}
    body = {"name": "each-second", "spec": said(file), "parameters": {"time": "[[ScheduledTime]]"}, "schedule": schedule, "max_active": 10}
    made = w.post("/recurring-runs", body)
    for what in ("a recurring run was made", "the restart, while it makes up for what was missed", "it again"):
        w.kill(2.5, what)
    over = time.monotonic() + 300
    while w.get(f"/recurring-runs/{made['id']}")["next"] and time.monotonic() < over:
        time.sleep(0.5)
    runs = w.get(f"/pipeline-runs?recurring_run={made['id']}&page_size=200")["items"]
    for run in runs:
        w.until(f"/pipeline-runs/{run['id']}", lambda r: r["state"] == "succeeded")
    times = sorted(run["scheduled_at"] for run in runs)
    first = datetime.fromisoformat(made["next"][0]["at"])
    wanted = [first + timedelta(seconds=n) for n in range(len(times))]
    check(len(times) >= 12 and [datetime.fromisoformat(t) for t in times] == wanted, f"each of {len(times)} scheduled times made one run, in spite of {w.kills} kills")
    ran = file.read_text().split()
    check(sorted(ran) == [t.strftime("%Y%m%d%H%M%S") for t in wanted], "and each of them ran once")


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
