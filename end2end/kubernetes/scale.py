#!/usr/bin/env python3
"""Many workloads on a Kubernetes of a control plane alone: what they cost.  scale.py BINARY [--workloads 2000] [--teams 50] [--json FILE]

    end2end/cluster/cluster.py run --control-plane --audit -- scripts/with_postgres.sh end2end/kubernetes/scale.py BINARY

API server, scheduler and controllers are real, PostgreSQL is, and so is the portal, with the rights of deploy/kubernetes/rbac.yaml. There is no node: this
script plays one large node's kubelet (its lease, the status of pods) and what runs in pods (it claims a workload and brings its end). What the portal asks
of the API server is counted in the API server's own audit log.
"""

import argparse
import base64
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))
import portal  # noqa: E402
from portal import Api, Portal, free_ports, new_password  # noqa: E402

CLUSTER = Path(os.environ["TEST_CLUSTER"])
OURS = "app.kubernetes.io/managed-by=slipway"
QUIET = int(os.environ.get("QUIET", "60"))


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class ApiServer(threading.local):
    """As the cluster's admin, a connection for each thread."""

    def __init__(self):
        self.place = json.loads((CLUSTER / "cluster.json").read_text())
        tls = ssl.create_default_context(cafile=CLUSTER / "pki/ca.crt")
        tls.load_cert_chain(CLUSTER / "pki/admin.crt", CLUSTER / "pki/admin.key")
        self.connection = http.client.HTTPSConnection("127.0.0.1", self.place["port"], context=tls, timeout=60)

    def call(self, method: str, path: str, body=None, kind: str = "application/json"):
        given, headers = None if body is None else json.dumps(body), {"Content-Type": kind, "Accept": "application/json"}
        try:
            self.connection.request(method, path, given, headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):
            # One that was not used for long is closed there.
            self.connection.close()
            self.connection.request(method, path, given, headers)
            answer = self.connection.getresponse()
        said = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {said[:300].decode(errors='replace')}")
        return json.loads(said)


class Kubelet:
    """Plays a node that is large enough, and what runs in its pods."""

    def __init__(self, api: ApiServer):
        self.api, self.ends = api, threading.Event()
        room = {"cpu": "9999", "memory": "100Ti", "pods": "9999"}
        api.call("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "played"}})
        ready = {"type": "Ready", "status": "True", "reason": "Played", "lastHeartbeatTime": now()[:19] + "Z", "lastTransitionTime": now()[:19] + "Z"}
        status = {"status": {"capacity": room, "allocatable": room, "conditions": [ready]}}
        api.call("PATCH", "/api/v1/nodes/played/status", status, "application/merge-patch+json")
        lease = {"holderIdentity": "played", "leaseDurationSeconds": 40, "renewTime": now()}
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "played", "namespace": "kube-node-lease"}, "spec": lease}
        api.call("POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", body)
        self.tokens: dict[str, tuple[str, str]] = {}
        threading.Thread(target=self.beat, daemon=True).start()

    def beat(self) -> None:
        path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/played"
        while not self.ends.wait(8):
            self.api.call("PATCH", path, {"spec": {"renewTime": now()}}, "application/merge-patch+json")

    def pods(self) -> list[dict]:
        return self.api.call("GET", f"/api/v1/pods?labelSelector={OURS}")["items"]

    def start(self, pod: dict) -> None:
        """As its containers would: claims the workload, and runs."""
        meta = pod["metadata"]
        if "nodeName" not in pod["spec"] or pod.get("status", {}).get("phase") != "Pending" or "deletionTimestamp" in meta:
            return
        id, place = meta["labels"]["slipway.dev/id"], f"/api/v1/namespaces/{meta['namespace']}"
        owner = meta["ownerReferences"][0]["name"]
        data = self.api.call("GET", f"{place}/secrets/{owner}")["data"]
        orders = next(o for o in (json.loads(base64.b64decode(v)) for v in data.values()) if "portal" in o)
        self.tokens[id] = (orders["portal"], orders["token"])
        self.tell(id, "claim", {"pod": meta["uid"], "node": "played"})
        running = {"running": {"startedAt": now()[:19] + "Z"}}
        of = lambda c: {"name": c["name"], "image": c["image"], "imageID": "", "ready": True, "started": True, "restartCount": 0, "state": running}  # noqa: E731
        status = {
            "phase": "Running", "podIP": "10.1.0.1", "containerStatuses": [of(c) for c in pod["spec"]["containers"]],
            "initContainerStatuses": [of(c) for c in pod["spec"].get("initContainers", []) if c.get("restartPolicy") == "Always"],
        }  # fmt: skip
        self.api.call("PATCH", f"{place}/pods/{meta['name']}/status", {"status": status}, "application/merge-patch+json")

    def tell(self, id: str, what: str, body: dict) -> None:
        url, token = self.tokens[id]
        Api(url, token).call("POST", f"/pods/v1/{id}/{what}", body)

    def end(self, pod: dict) -> None:
        """As its courier and the kubelet would: brings the end, and the pod goes."""
        meta = pod["metadata"]
        exit = {"code": None, "signal": 15, "out_of_memory": False, "timed_out": False, "stopped": True, "reason": None, "ended_at": int(time.time() * 1000)}
        self.tell(meta["labels"]["slipway.dev/id"], "report", {"exit": exit})
        over = {"status": {"phase": "Failed", "containerStatuses": [], "initContainerStatuses": []}}
        self.api.call("PATCH", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status", over, "application/merge-patch+json")
        gone = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
        self.api.call("DELETE", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}", gone)


class Calls:
    """What the portal asked of the API server since the last look, from the audit log."""

    def __init__(self):
        self.log, self.at = CLUSTER / "log/audit.log", 0

    def since(self) -> Counter:
        time.sleep(1)  # it is written a moment later
        found: Counter = Counter()
        with open(self.log, "rb") as lines:
            lines.seek(self.at)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self.at += len(line)
                entry = json.loads(line)
                if entry["user"].get("username") == "slipway" and (entry["stage"] == "ResponseComplete" or entry["verb"] == "watch"):
                    about = entry.get("objectRef") or {}
                    what = about.get("resource", entry["requestURI"]) + (f"/{about['subresource']}" if about.get("subresource") else "")
                    found[(entry["verb"], what)] += 1
        return found


def kubectl(*words: str) -> None:
    subprocess.run(["kubectl", *words], check=True, stdout=subprocess.DEVNULL)


class World:
    def __init__(self, binary: str, options):
        self.options, self.binary = options, os.path.abspath(binary)
        self.port = free_ports()[0]
        kubectl("apply", "-f", str(HERE.parent.parent / "deploy/kubernetes/rbac.yaml"))
        subprocess.run([HERE.parent / "cluster/cluster.py", "user", CLUSTER, "slipway"], check=True, stdout=subprocess.DEVNULL)
        kubectl("create", "clusterrolebinding", "slipway-tests", "--clusterrole", "slipway", "--user", "slipway")
        portal.where = lambda port: [
            "--cluster", "kubernetes", "--kubeconfig", str(CLUSTER / "slipway.kubeconfig"), "--kubernetes-image", "slipway.test/slipway:1",
            "--kubernetes-environment-image", "slipway.test/{name}:1", "--listen", f"127.0.0.1:{port}", "--workload-url", f"http://127.0.0.1:{port}",
            "--notebook-listen", f"127.0.0.1:{port + 1}",
        ]  # fmt: skip
        self.data, self.password = Path(tempfile.mkdtemp(prefix="slipway-scale-")), new_password()
        self.start()
        self.teams = [f"team-{i:02}" for i in range(options.teams)]
        for name in self.teams:
            self.api.call("POST", "/api/v1/teams", {"name": name, "display_name": name})

    def start(self) -> float:
        """Seconds until it is ready and has looked at everything."""
        began = time.monotonic()
        self.portal = Portal(self.binary, self.data, self.port, "admin", self.password)
        self.api = self.portal.ready()
        self.api.call("POST", "/api/v1/session", {"user": "admin", "password": self.password})
        while not self.observed():
            time.sleep(0.05)
        return time.monotonic() - began

    def report(self) -> dict:
        tasks = self.api.call("GET", "/api/v1/platform")["tasks"]
        return next((t for t in tasks if t["name"] == "workloads"), {"counts": {}, "runs": 0})

    def observed(self) -> bool:
        return self.report()["runs"] > 0

    def in_state(self, state: str) -> int:
        text = self.api.raw("GET", "/metrics").decode()
        lines = [line for line in text.splitlines() if line.startswith("slipway_workloads{") and f'state="{state}"' in line]
        return int(sum(float(line.rsplit(" ", 1)[1]) for line in lines))

    def ticks(self) -> tuple[float, float]:
        """Seconds that the ticks about workloads took, and how many there were."""
        text = self.api.raw("GET", "/metrics").decode()
        of = lambda what: sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(f"slipway_task_seconds_{what}{{") and 'task="workloads"' in line)  # noqa: E731
        return of("sum"), of("count")

    def cpu(self) -> float:
        words = Path(f"/proc/{self.portal.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """MB."""
        for line in Path(f"/proc/{self.portal.process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1000
        return 0

    def submit(self, count: int) -> list[tuple[str, str]]:
        def one(i: int) -> tuple[str, str]:
            team = self.teams[i % len(self.teams)]
            body = {"environment": "train", "command": ["python", "-c", "print(1)"], "cpu": "1", "memory": "1Gi"}
            return team, self.api.call("POST", f"/api/v1/teams/{team}/runs", body)["id"]

        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(one, range(count)))

    def wait(self, what: str, good, seconds: float = 900) -> float:
        began = time.monotonic()
        while not good():
            if time.monotonic() > began + seconds:
                sys.exit(f"{what} took longer than {seconds:.0f} s\n{self.portal.last_words(30)}")
            time.sleep(0.3)
        return time.monotonic() - began

    def quiet(self, calls: Calls) -> dict:
        """A minute in which nobody does anything."""
        calls.since()
        (sum_before, ticks_before), cpu = self.ticks(), self.cpu()
        time.sleep(QUIET)
        (sum_after, ticks_after), cpu = self.ticks(), self.cpu() - cpu
        asked = calls.since()
        return {
            "tick_ms": 1000 * (sum_after - sum_before) / max(1, ticks_after - ticks_before), "cpu_percent": 100 * cpu / QUIET,
            "memory_mb": self.memory(), "watches": sum(n for (verb, _), n in asked.items() if verb == "watch"),
            "other_calls": {f"{verb} {what}": n for (verb, what), n in asked.items() if verb != "watch"},
        }  # fmt: skip


def each(asked: Counter, changes: int) -> dict:
    """Calls that are no watches, for each change."""
    found = {f"{verb} {what}": round(n / changes, 3) for (verb, what), n in sorted(asked.items()) if verb != "watch"}
    return {"calls": round(sum(n for (verb, _), n in asked.items() if verb != "watch") / changes, 3), "of": found}


def measure(w: World, kubelet: Kubelet) -> dict:
    n, calls, out = w.options.workloads, Calls(), {}
    say = lambda name: print(f"{name}: {json.dumps(out[name])}", flush=True)  # noqa: E731
    w.wait("every team's namespace is made", lambda: len(kubelet.api.call("GET", f"/api/v1/namespaces?labelSelector={OURS}")["items"]) == len(w.teams))
    time.sleep(12)
    out["empty"] = w.quiet(calls)
    say("empty")

    began = time.monotonic()
    w.submit(n)
    submitted = time.monotonic() - began
    with ThreadPoolExecutor(4) as pool:
        def play() -> bool:
            list(pool.map(kubelet.start, kubelet.pods()))
            return w.in_state("running") == n
        w.wait("everything runs", play, 1800)
    out["start"] = {"workloads": n, "submitted_s": round(submitted, 1), "all_run_s": round(time.monotonic() - began, 1)} | each(calls.since(), n)
    say("start")
    time.sleep(12)
    out["running"] = w.quiet(calls)
    say("running")

    w.portal.process.kill()
    w.portal.process.wait()
    adopted = w.start()
    out["restart"] = {"adopted_s": round(adopted, 2), "observed": w.report()["counts"].get("observed"), "running": w.in_state("running")}
    say("restart")
    time.sleep(12)
    calls.since()

    pods = {p["metadata"]["labels"]["slipway.dev/owner"]: p for p in kubelet.pods()}
    # Of every team a few, so that each still has more than it may have below.
    some = list(pods)[:: max(1, len(pods) // 100)][:100]
    team = {p: pods[p]["metadata"]["labels"]["slipway.dev/team"] for p in some}
    for id in some:
        w.api.call("POST", f"/api/v1/teams/{team[id]}/runs/{id}/cancel")
    w.wait("they are asked to end", lambda: w.in_state("stopping") + w.in_state("running") <= n and calls_of_stop(kubelet, some))
    out["stop"] = {"workloads": len(some)} | each(calls.since(), len(some))
    say("stop")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(kubelet.end, [pods[id] for id in some]))
    gone = lambda: not {j["metadata"]["labels"]["slipway.dev/owner"] for j in kubelet.api.call("GET", f"/apis/batch/v1/jobs?labelSelector={OURS}")["items"]} & set(some)  # noqa: E731
    w.wait("they are forgotten", gone)
    out["end"] = {"workloads": len(some)} | each(calls.since(), len(some))
    say("end")

    # A queue: teams may hold no more, and a thousand wait.
    waiting = n // 2
    for name in w.teams:
        quota = w.api.call("GET", f"/api/v1/teams/{name}/quota")
        w.api.call("PUT", f"/api/v1/teams/{name}/quota", {"cpu": "1", "revision": quota["revision"]})
    time.sleep(12)
    w.submit(waiting)
    w.wait("they wait", lambda: w.in_state("queued") == waiting)
    time.sleep(12)
    out["queue"] = {"waiting": waiting} | w.quiet(calls)
    say("queue")
    return out


def calls_of_stop(kubelet: Kubelet, some: list[str]) -> bool:
    jobs = kubelet.api.call("GET", f"/apis/batch/v1/jobs?labelSelector={OURS}")["items"]
    asked = {j["metadata"]["labels"]["slipway.dev/owner"] for j in jobs if "slipway.dev/stop" in j["metadata"]["annotations"]}
    return set(some) <= asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--workloads", type=int, default=2000)
    parser.add_argument("--teams", type=int, default=50)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    kubelet = Kubelet(ApiServer())
    w = World(options.binary, options)
    try:
        found = measure(w, kubelet)
        if options.json:
            options.json.write_text(json.dumps(found, indent=1) + "\n")
    except BaseException:
        print(w.portal.last_words(30), file=sys.stderr)
        raise
    finally:
        kubelet.ends.set()
        w.portal.stop()
        shutil.rmtree(w.data, ignore_errors=True)


if __name__ == "__main__":
    main()
