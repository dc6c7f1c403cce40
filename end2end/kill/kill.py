#!/usr/bin/env python3
"""kill -9 of the server in the midst of run, notebook and deployment, at eight seeded moments, of promotions, at eight more, of roll-outs, at eight
more, of a pipeline run, at eight more, and of a recurring run, at three more: kill.py BINARY [SEED]

After each restart everything is adopted: nothing acknowledged is lost, nothing runs twice, nothing is half promoted, nothing is left over. In pods where
end2end/cluster/cluster.py says that a cluster for tests has a node.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))
from demo import TRAIN, packed  # noqa: E402
from portal import Api, Portal, Problem, free_ports, new_password  # noqa: E402
from pipelines import pipelines  # noqa: E402
from roll_outs import roll_outs  # noqa: E402

COUNT, PAUSE = 400, 0.1
PODS = bool(os.environ.get("TEST_CLUSTER_NODE"))
# What tells a workload by its command.
KINDS = {"gate": "--smoke", "notebook": "jupyter", "deployment": "slipway_model_server", "run": "counter.py", "training": "train.py", "task": "shim task"}
TEAM = "/api/v1/teams/kill"


class World:
    """A portal that is killed and started again on the same data."""

    team = TEAM

    def __init__(self, binary: str, seed: int):
        self.binary, self.random = os.path.abspath(binary), random.Random(seed)
        self.data, self.port, self.password = Path(tempfile.mkdtemp(prefix="slipway-kill-")), free_ports()[0], new_password()
        self.kills, self.token = 0, ""
        self.start()
        self.api.call("POST", "/api/v1/session", {"user": "admin", "password": self.password})
        self.api.call("POST", "/api/v1/teams", {"name": "kill"})
        self.token = self.api.call("POST", "/api/v1/tokens", {"name": "kill", "team": "kill", "role": "editor"})["token"]
        self.api = Api(self.api.url, self.token)

    def start(self) -> None:
        self.portal = Portal(self.binary, self.data, self.port, "admin", self.password)
        self.api = self.portal.ready()
        self.api = Api(self.api.url, self.token) if self.token else self.api

    def kill(self, longest: float, what: str) -> None:
        moment = self.random.uniform(0, longest)
        time.sleep(moment)
        self.portal.process.kill()
        self.portal.process.wait()
        self.kills += 1
        print(f"  {self.kills}  killed {moment:.2f} s after: {what}", flush=True)
        self.start()
        twice = {id for id in self.ours() if len(self.supervisors(id)) > 1}
        if twice:
            sys.exit(f"NOT TRUE: every workload has one supervisor (not {twice})")

    def get(self, path: str):
        return self.api.call("GET", TEAM + path)

    def post(self, path: str, body=None, **kind):
        return self.api.call("POST", TEAM + path, {} if body is None else body, **kind)

    def until(self, path: str, good, seconds: float = 300):
        end = time.monotonic() + seconds
        while True:
            thing = self.get(path)
            if good(thing):
                return thing
            if thing["state"] == "failed" or time.monotonic() > end:
                sys.exit(f"{path}: {thing['state']} {thing.get('reason')}")
            time.sleep(0.3)

    def ours(self) -> set[str]:
        """Workloads that this data folder has a log of, whatever the portal says of them."""
        return {folder.name for folder in (self.data / "logs").iterdir()}

    def supervisors(self, *ids: str) -> list[str]:
        """Of which workloads a supervisor lives, once for each; of all of ours, where none are named."""
        asked = ids or self.ours()
        if PODS:
            # Every pod has one, which says nothing of itself: pods are told apart by their control groups.
            pods = {(id, pod(file)) for id in asked for file in processes() if f"SLIPWAY_WORKLOAD_ID={id}" in file("environ")}
            return [id for id, _ in pods]
        names = {f"slipway-{id[-7:]}": id for id in asked}
        return [names[word] for file in processes() for name in file("comm") if (word := name.strip()) in names]

    def workers(self) -> list[str]:
        """Of which of our workloads a process lives, once for each, supervised or not: every process of a workload carries its mark, and the
        launcher of a task its name."""
        marks = {f"SLIPWAY_WORKLOAD_ID={id}": id for id in self.ours()} | {f"task-{id[-7:]}\n": id for id in self.ours()}
        return [marks[word] for file in processes() for word in set(file("environ") + file("comm")) & marks.keys()]

    def starts(self) -> dict[str, list[int]]:
        """How often each workload was really started, by what it is: the supervisor writes it into the log before it does."""
        counts: dict[str, list[int]] = {}
        for id in self.ours():
            text = "\n".join(part.read_text(errors="replace") for part in (self.data / "logs" / id).glob("*.log"))
            begins = [line for line in text.splitlines() if " slipway Starting with " in line]
            kind = next((kind for kind, word in KINDS.items() if any(word in line for line in begins)), "other")
            counts.setdefault(kind, []).append(len(begins))
        return counts


def pod(file) -> str:
    """The pod that a process is in, from its control groups."""
    found = re.search(r"pod[0-9a-f]{8}[-0-9a-f_]*", "".join(file("cgroup")))
    return found.group() if found else ""


def objects() -> list[str]:
    """What of ours is left in the cluster, apart from teams' namespaces and what is kept in them."""
    kinds = "jobs,statefulsets,pods,secrets,persistentvolumeclaims"
    words = ["kubectl", "get", kinds, "--all-namespaces", "-l", "app.kubernetes.io/managed-by=slipway", "-o", "name"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()


def processes():
    """For each process what reads its files in /proc, split into words; one that has gone has none, a zombie neither."""
    def reader(folder: Path):
        def words(name: str) -> list[str]:
            try:
                return (folder / name).read_bytes().decode(errors="replace").split("\0")
            except OSError:
                return []
        return words
    return [reader(folder) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def submit(w: World, script: Path, command: list[str], **more):
    digest = w.post("/code", packed(script), content_type="application/gzip")["digest"]
    body = {"environment": "train", "cpu": "250m", "memory": "1Gi", "command": command, "code": {"type": "upload", "digest": digest}}
    return w.post("/runs", body | more)["id"]


def check(good: bool, sentence: str) -> None:
    if not good:
        sys.exit(f"NOT TRUE: {sentence}")
    print(f"  ok  {sentence}", flush=True)


def counted(w: World, run: str) -> None:
    log, offset = [], 0
    while True:
        page = w.get(f"/runs/{run}/log?limit=5000&offset={offset}")
        log += [line["text"] for line in page["items"] if line["stream"] == "out"]
        if page["complete"] or page["next_offset"] == offset:
            break
        offset = page["next_offset"]
    check(sum(line.startswith("begin") for line in log) == 1, "the run began once")
    acknowledged = [int(line.split()[1]) for line in log if line.startswith("acknowledged")]
    check(acknowledged == list(range(1, COUNT + 1)), f"its log has all {COUNT} lines, no gap, no repeat")
    history = w.api.call("GET", f"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=count&max_results=5000")["metrics"]
    check({int(m["step"]) for m in history} >= set(acknowledged), "every acknowledged metric is there")


def last_promoted(w: World) -> int | None:
    promoted = [p for p in w.get("/promotions?model=digits")["items"] if p["state"] == "promoted"]
    return max((p["state_since"], p["version"]) for p in promoted)[1] if promoted else None


def whole(w: World) -> None:
    """Alias, stage and promotion say the same, where no promotion came in between the three questions."""
    before, after = 0, None
    while before != after:
        before = last_promoted(w)
        alias = w.get("/models/digits")["aliases"].get("production")
        found = w.api.call("GET", "/api/2.0/mlflow/model-versions/search?filter=name%3D%27digits%27")["model_versions"]
        after = last_promoted(w)
    staged = [int(v["version"]) for v in found if v["current_stage"] == "Production"]
    if alias != after or staged != ([] if after is None else [after]):
        sys.exit(f"NOT TRUE: nothing is half promoted (promoted {after}, alias {alias}, stage {staged})")


def promotions(w: World, run: str) -> None:
    for version in range(1, 5):
        if version > 1:
            w.post("/model-versions", {"model": "digits", "run_id": run})
        asked = w.post("/promotions", {"model": "digits", "version": version, "stage": "Production"})["id"]
        w.kill(1.5, f"the promotion of version {version} was asked for")
        whole(w)
        w.kill(6, "the restart, while its gates are looked at")
        whole(w)
        done = w.until(f"/promotions/{asked}", lambda p: p["state"] not in ("checking", "waiting_for_approval"))
        if done["state"] != "promoted" or any(g["state"] != "passed" for g in done["gates"]):
            sys.exit(f"NOT TRUE: version {version} is promoted ({done})")
        whole(w)
    check(True, "four versions are promoted one after the other, each with its gates green, and none was ever half promoted")


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    w = World(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    try:
        perform(w)
    finally:
        for kind in ("notebooks", "deployments"):
            for thing in w.get(f"/{kind}")["items"]:
                try:
                    w.api.call("DELETE", f"{TEAM}/{kind}/{thing['name']}?files=true")
                except Problem as problem:
                    print(problem)
        end = time.monotonic() + 120
        while (w.workers() or PODS and objects()) and time.monotonic() < end:
            time.sleep(0.3)
        strays = w.workers() + (objects() if PODS else [])
        w.portal.stop()
        shutil.rmtree(w.data, ignore_errors=True)
    check(not strays, f"with everything deleted, no process{' and no object' if PODS else ''} is left {strays or ''}".rstrip())
    print(f"{w.kills} kills survived")


def perform(w: World) -> None:
    trained = submit(w, TRAIN, ["python", "train.py", "--epochs", "2"])
    # On a new machine the environments are made first.
    w.until(f"/runs/{trained}", lambda r: r["state"] == "succeeded", 900)
    version = w.post("/model-versions", {"model": "digits", "run_id": trained})["version"]

    run = submit(w, HERE / "counter.py", ["python", "counter.py", str(COUNT), str(PAUSE)])
    w.kill(0.5, "a run was submitted")
    w.post("/notebooks", {"name": "n", "cpu": "250m", "memory": "512Mi"})
    w.kill(1, "a notebook was launched")
    w.kill(4, "the restart, while the notebook starts")
    w.until("/notebooks/n", lambda n: n["state"] == "running")
    amount = {"cpu": "250m", "memory": "768Mi"}
    w.post("/deployments", {"name": "digits", "model": "digits", "version": version, **amount})
    w.kill(1, "a deployment was made")
    w.kill(6, "the restart, while the model server starts")
    serving = w.until("/deployments/digits", lambda d: d["state"] == "running")["serving"]["number"]
    w.post("/deployments/digits/redeploy", {"version": version, **amount})
    w.kill(3, "another revision was asked for")
    w.post("/notebooks/n/stop")
    w.kill(0.5, "the notebook was stopped")
    w.kill(2, "the restart")

    w.until(f"/runs/{run}", lambda r: r["state"] == "succeeded")
    counted(w, run)
    w.until("/notebooks/n", lambda n: n["state"] == "stopped")
    check(True, "the notebook is stopped, as it was asked to")
    ready = w.until("/deployments/digits", lambda d: d["state"] == "running" and not d.get("next"))
    check(ready["serving"]["number"] == serving + 1, "the new revision serves")
    example = w.get("/deployments/digits/example")
    check(len(w.api.call("POST", ready["predict_path"], example["v1"])["predictions"]) > 0, "it answers")
    promotions(w, trained)
    end = time.monotonic() + 120
    while len(w.supervisors()) != 1 and time.monotonic() < end:
        time.sleep(0.3)
    left = w.supervisors()
    check(len(left) == 1, "one supervisor is left, the deployment's")
    check(set(w.workers()) == set(left), "no process of any other workload is left")
    starts = w.starts()
    for kind, workloads in (("training", 1), ("run", 1), ("notebook", 1), ("deployment", 2), ("gate", 4)):
        check(starts.get(kind) == [1] * workloads, f"{kind}: {workloads} started, once each" if starts.get(kind) == [1] * workloads else f"{kind}: {workloads} started, once each; there were {starts}")
    check(all(n <= 1 for of_kind in starts.values() for n in of_kind), "nothing else was started twice")
    roll_outs(w, check, version)
    if not PODS:
        # Pods would need an image of their own for it.
        pipelines(w, check)
    check(all(n <= 1 for of_kind in w.starts().values() for n in of_kind), "nothing was started twice")


if __name__ == "__main__":
    main()
