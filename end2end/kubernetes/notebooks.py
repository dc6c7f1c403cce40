#!/usr/bin/env python3
"""Plays Kubeflow's notebook controller, which cannot be built here: it makes of each Notebook what the real one makes, and writes its status.

    notebooks.py [FOLDER]      of a cluster for tests, until it is ended; TEST_CLUSTER where left out

After `components/notebook-controller` of kubeflow/notebooks (branch notebooks-v1): a StatefulSet and a Service of the Notebook's name, whose pods get
its labels and its annotations (but for those with `kubectl` or `notebook` in their name), NB_PREFIX and, where there is none, the working folder
/home/jovyan; size 0 while `kubeflow-resource-stopped` stands upon it; of the pod's status its conditions and the state of the container that is
called like the Notebook. Of a StatefulSet that is there only the size is written again, and events are not passed on.
"""

import os
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cluster"))
from api import Api  # noqa: E402
from place import Place  # noqa: E402

STOPPED = "kubeflow-resource-stopped"
EVERY = 0.2


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def owned(notebook: dict) -> "list[dict]":
    about = notebook["metadata"]
    return [{
        "apiVersion": notebook["apiVersion"], "kind": "Notebook", "name": about["name"], "uid": about["uid"], "controller": True, "blockOwnerDeletion": True,
    }]  # fmt: skip


def stateful_set(notebook: dict) -> dict:
    about = notebook["metadata"]
    name, namespace = about["name"], about["namespace"]
    pod = notebook["spec"]["template"]["spec"]
    container = pod["containers"][0]
    container.setdefault("workingDir", "/home/jovyan")
    container.setdefault("ports", [{"containerPort": 8888, "name": "notebook-port", "protocol": "TCP"}])
    if not any(e["name"] == "NB_PREFIX" for e in container.setdefault("env", [])):
        container["env"].append({"name": "NB_PREFIX", "value": f"/notebook/{namespace}/{name}"})
    pod.setdefault("securityContext", {"fsGroup": 100})
    annotations = {k: v for k, v in about.get("annotations", {}).items() if "kubectl" not in k and "notebook" not in k}
    return {
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name, "namespace": namespace, "ownerReferences": owned(notebook)},
        "spec": {
            "replicas": 0 if STOPPED in about.get("annotations", {}) else 1,
            "selector": {"matchLabels": {"statefulset": name}},
            "template": {"metadata": {"labels": {"statefulset": name, "notebook-name": name} | about.get("labels", {}), "annotations": annotations}, "spec": pod},
        },
    }  # fmt: skip


def service(notebook: dict) -> dict:
    about = notebook["metadata"]
    port = notebook["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"]
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": about["name"], "namespace": about["namespace"], "ownerReferences": owned(notebook)},
        "spec": {
            "type": "ClusterIP", "selector": {"statefulset": about["name"]},
            "ports": [{"name": f"http-{about['name']}", "port": 80, "targetPort": port, "protocol": "TCP"}],
        },
    }  # fmt: skip


def status(notebook: dict, found: dict, pod: dict) -> dict:
    said = pod.get("status", {})
    states = [c.get("state", {}) for c in said.get("containerStatuses", []) if c["name"] == notebook["metadata"]["name"]]
    told = {"conditions": [], "readyReplicas": found.get("status", {}).get("readyReplicas", 0), "containerState": states[0] if states else {}}
    for condition in said.get("conditions", []):
        one = {k: condition[k] for k in ("type", "status", "reason", "message") if condition.get(k)}
        since = condition.get("lastTransitionTime") or now()
        told["conditions"].append(one | {"lastTransitionTime": since, "lastProbeTime": condition.get("lastProbeTime") or since})
    return told


def reconcile(api: Api, notebook: dict) -> None:
    about = notebook["metadata"]
    if "deletionTimestamp" in about:
        return
    before = notebook.get("status", {})
    sets = f"/apis/apps/v1/namespaces/{about['namespace']}/statefulsets"
    wanted = stateful_set(notebook)
    api.call("POST", sets, wanted)
    found = api.get(f"{sets}/{about['name']}") or {}
    if found and found["spec"]["replicas"] != wanted["spec"]["replicas"]:
        api.call("PUT", f"{sets}/{about['name']}", found | {"spec": found["spec"] | {"replicas": wanted["spec"]["replicas"]}})
    api.call("POST", f"/api/v1/namespaces/{about['namespace']}/services", service(notebook))
    pod = api.get(f"/api/v1/namespaces/{about['namespace']}/pods/{about['name']}-0") or {}
    told = status(notebook, found, pod)
    if told != before:
        path = f"/apis/kubeflow.org/v1/namespaces/{about['namespace']}/notebooks/{about['name']}/status"
        api.call("PATCH", path, {"status": told}, "application/merge-patch+json")


def main() -> None:
    api = Api(Place.read(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["TEST_CLUSTER"])))
    while True:
        for notebook in (api.get("/apis/kubeflow.org/v1/notebooks") or {"items": []})["items"]:
            reconcile(api, {"apiVersion": "kubeflow.org/v1"} | notebook)
        time.sleep(EVERY)


if __name__ == "__main__":
    main()
