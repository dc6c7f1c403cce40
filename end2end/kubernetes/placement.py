#!/usr/bin/env python3
"""What an admin sets about nodes and pods, on a real node: a taint keeps a run waiting and a toleration lets it run, a patch is in its pod, and
what Kubernetes would refuse is refused at once.

    end2end/kubernetes/placement.py PROGRAM      where end2end/cluster/cluster.py says that a cluster for tests has a node

Standard library only.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from portal import Api, Portal, Problem, free_ports, new_password  # noqa: E402

TEAM, GPU = "placed", "nvidia.com/gpu"
TAINT, TOLERATES = "slipway.test/kept=free:NoSchedule", "[{key: slipway.test/kept, operator: Exists}]"


def main(program: str) -> None:
    with tempfile.TemporaryDirectory(prefix="slipway-placement-") as folder:
        port, _ = free_ports()
        portal = Portal(program, Path(folder), port, "admin", password := new_password())
        try:
            work(portal.ready(), password)
        except BaseException:
            print(portal.last_words(), file=sys.stderr)
            raise
        finally:
            kubectl("taint", "nodes", "--all", "slipway.test/kept-", check=False)
            portal.stop()


def work(api: Api, password: str) -> None:
    api.call("POST", "/api/v1/session", {"user": "admin", "password": password})
    api.call("POST", "/api/v1/teams", {"name": TEAM, "display_name": "Placed"})
    team = f"/api/v1/teams/{TEAM}"
    until(lambda: api.call("GET", f"{team}/environments/train")["latest"]["build"] == "ready", "the environment")
    until(lambda: kubectl("get", "serviceaccounts", "-n", TEAM, "slipway-workload", check=False), "the team's namespace")

    refusals(api)
    gpus(api, team)

    # The only node is kept for workloads of one size: those of others wait, and say why.
    put(api, "size", "gpu", tolerations=TOLERATES)
    kubectl("taint", "nodes", "--all", TAINT)
    until(lambda: 0 < api.call("GET", f"{team}/capacity")["total"]["cpu_millis"], "the node to count for whom it is kept", 30)
    print("free of the size small, where the only node is kept for others:", small := size(api, team, "small"))
    assert small["nodes_now"] == 0 and not small["starts_at_once"] and "none takes workloads of this size" in small["effect"]
    first = submit(api, team)
    until(lambda: "untolerated taint" in said(api, team, first), "a run that waits")
    print("Why? says:", api.call("GET", f"{team}/runs/{first}/explain")["sentence"])
    api.call("POST", f"{team}/runs/{first}/cancel", {})
    placed = put(api, "size", "small", tolerations=TOLERATES)
    print("and where it tolerates that:", small := size(api, team, "small"))
    assert small["nodes_now"] > 0 and small["starts_at_once"], small
    second = submit(api, team)
    until(lambda: state(api, team, second) == "succeeded", "a run that tolerates the taint")
    until(lambda: state(api, team, first) == "cancelled", "the end of the one that waited")

    # What the size holds is what its pods ask for, those of the courier included.
    placed = put(api, "size", "small", revision=placed["revision"], tolerations=placed["tolerations"], cpu="300m", memory="512Mi")
    sized = api.call("POST", f"{team}/runs", {"name": "sized", "experiment": "placed", "environment": "train", "size": "small", "command": ["true"]})["id"]
    limits = until(lambda: pods(sized), "its pod")[0]["spec"]["containers"][0]["resources"]["limits"]
    assert (limits["cpu"], limits["memory"]) == ("300m", str(512 << 20)) or limits == {"cpu": "300m", "memory": "512Mi"}, limits
    until(lambda: state(api, team, sized) == "succeeded", "a run of a size that was set")

    patch = "{metadata: {annotations: {example.org/cost: seven}}, spec: {containers: [{name: workload, env: [{name: X, value: y}]}]}}"
    put(api, "size", "small", revision=placed["revision"], tolerations=placed["tolerations"], node_selector="kubernetes.io/os: linux", patch=patch)
    put(api, "environment", "train", patch="{metadata: {labels: {team-of: placed}}}")
    third = submit(api, team)
    pod = until(lambda: pods(third), "its pod")[0]
    until(lambda: state(api, team, third) == "succeeded", "a run with a patch")
    assert pod["metadata"]["annotations"]["example.org/cost"] == "seven", pod["metadata"]
    assert pod["metadata"]["labels"]["team-of"] == "placed", pod["metadata"]
    assert pod["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}, pod["spec"]
    assert {"name": "X", "value": "y"} in pod["spec"]["containers"][0]["env"]
    assert any(t.get("key") == "slipway.test/kept" for t in pod["spec"]["tolerations"])
    print("placed: annotation, variable, node selector and toleration are in the pod")


def refusals(api: Api) -> None:
    """Each with the field that it is about, in a sentence."""
    for field, more, words in [
        ("memory", {"memory": "lots"}, "memory"),
        ("tolerations", {"tolerations": "[{key: gpu, operator: Likes}]"}, "operator"),
        ("node_selector", {"node_selector": "'not a label': x"}, "nodeSelector"),
        ("patch", {"patch": "{spec: {colour: red}}"}, "colour"),
        ("patch", {"patch": "{spec: {priorityClassName: there-is-none}}"}, "there-is-none"),
        ("patch", {"patch": "{spec: {containers: [{name: workload, image: other}]}}"}, "no image"),
        ("patch", {"patch": "{spec: {hostNetwork: true}}"}, "spec.hostNetwork"),
    ]:
        print("refused:", put(api, "size", "small", refused=field, words=words, **more))


def gpus(api: Api, team: str) -> None:
    """GPUs that a node says it has: counted, and on offer."""
    node = json.loads(kubectl("get", "nodes", "-o", "json"))["items"][0]["metadata"]["name"]
    path = "/status/capacity/" + GPU.replace("/", "~1")
    kubectl("patch", "node", node, "--subresource=status", "--type=json", "-p", json.dumps([{"op": "add", "path": path, "value": "8"}]))
    try:
        until(lambda: api.call("GET", f"{team}/capacity")["total"]["gpus"] == 8, "eight GPUs")
        run = submit(api, team, gpu="2")
        pod = until(lambda: pods(run), "its pod")[0]
        assert pod["spec"]["containers"][0]["resources"]["limits"][GPU] == "2"
        until(lambda: state(api, team, run) == "succeeded", "a run with GPUs")
        finding = [f["detail"] for f in api.call("GET", "/api/v1/platform")["findings"] if f["check"] == "nodes"]
        print("nodes:", *finding)
        assert f"8 {GPU}" in finding[0]
    finally:
        kubectl("patch", "node", node, "--subresource=status", "--type=json", "-p", json.dumps([{"op": "remove", "path": path}]))


def put(api: Api, of: str, name: str, revision: int = 0, refused: str = "", words: str = "", **more):
    body = {"of": of, "name": name, "revision": revision, **more}
    try:
        placed = api.call("PUT", "/api/v1/placements", body)
    except Problem as problem:
        assert refused and problem.status == 422 and words in str(problem), f"{body}: {problem}"
        return problem
    assert not refused, f"{body} was taken"
    return placed


def submit(api: Api, team: str, cpu: str = "200m", **more) -> str:
    new = {"name": "placed", "experiment": "placed", "environment": "train", "cpu": cpu, "memory": "256Mi", "command": ["true"], **more}
    return api.call("POST", f"{team}/runs", new)["id"]


def size(api: Api, team: str, name: str) -> dict:
    return next(s for s in api.call("GET", f"{team}/capacity")["sizes"] if s["name"] == name)


def state(api: Api, team: str, run: str) -> str:
    return api.call("GET", f"{team}/runs/{run}")["state"]


def said(api: Api, team: str, run: str) -> str:
    """All that Why? says, in one line."""
    return json.dumps(api.call("GET", f"{team}/runs/{run}/explain"))


def pods(run: str) -> list:
    found = json.loads(kubectl("get", "pods", "-n", TEAM, "-o", "json", "-l", f"slipway.dev/owner={run}"))
    return found["items"]


def kubectl(*words: str, check: bool = True) -> str:
    """As the cluster's admin, whoever the portal is."""
    kubeconfig = Path(os.environ["TEST_CLUSTER"]) / "admin.kubeconfig"
    done = subprocess.run(["kubectl", "--kubeconfig", str(kubeconfig), *words], capture_output=True, text=True)
    if check and done.returncode:
        raise SystemExit(f"kubectl {' '.join(words)}: {done.stderr}")
    return done.stdout if done.returncode == 0 else ""


def until(is_so, what: str, seconds: float = 360):
    late = time.monotonic() + seconds
    while not (found := is_so()):
        if time.monotonic() > late:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.3)
    return found


if __name__ == "__main__":
    main(sys.argv[1])
