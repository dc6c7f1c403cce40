"""kill -9 of the server in the midst of a pipeline run, at eight seeded moments.

Each task writes its name into a file: whoever ran twice stands there twice.
"""

import json
import tempfile
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
