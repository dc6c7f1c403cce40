#!/usr/bin/env python3
"""What may go wrong below a portal on Kubernetes, one fault after another, all on real parts:  faults.py BINARY [NAME...]

    end2end/cluster/cluster.py run --node --slipway BINARY -- scripts/with_postgres.sh end2end/kubernetes/faults.py BINARY

Names: api-server refused gone pods edited deleted webhook namespace; in a cluster that is --impatient, where an API server that is away for long would cost the
node: kubelet. What is told of each is what a person sees, and after how long.
"""

import http.server
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in ("../kill", "../cluster", "../../scripts"):
    sys.path.insert(0, str(HERE / folder))
import pki  # noqa: E402
from away import VERBS  # noqa: E402
from kill import World, check, objects, pod, processes, submit  # noqa: E402
from place import Place  # noqa: E402
from refusing import Refusing  # noqa: E402

CLUSTER = Path(os.environ["TEST_CLUSTER"])
COUNTER = HERE.parent / "kill/counter.py"
AWAY = 30
# The namespace of the one team.
SPACE = "kill"
WAITS = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(3)))\nprint('on', flush=True)\nwhile True: time.sleep(0.1)"


def kubectl(*words: str, given: str = "") -> str:
    done = subprocess.run(["kubectl", "--namespace", SPACE, *words], input=given, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"kubectl {' '.join(words)}: {done.stderr}")
    return done.stdout


def of(id: str) -> str:
    return f"slipway.dev/owner={id}"


def wait(what: str, good, seconds: float = 480):
    """Waits, and tells how long it took."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        if found := good():
            print(f"      {time.monotonic() - began:5.1f} s until {what}", flush=True)
            return found
        time.sleep(0.2)
    sys.exit(f"NOT TRUE: within {seconds:.0f} s {what}")


class Faults(World):
    """A portal with one team."""

    def counts(self, numbers: int = 100) -> str:
        return submit(self, COUNTER, ["python", "counter.py", str(numbers), "0.1"])

    def waits(self) -> str:
        return self.post("/runs", {"environment": "train", "command": ["python", "-c", WAITS], "cpu": "100m", "memory": "128Mi"})["id"]

    def run(self, id: str) -> dict:
        return self.get(f"/runs/{id}")

    def lines(self, id: str) -> list[str]:
        return [line["text"] for line in self.get(f"/runs/{id}/log?limit=5000")["items"] if line["stream"] == "out"]

    def why(self, path: str) -> tuple[str, str]:
        """The sentence, and all it rests on."""
        told = self.get(f"{path}/explain")
        return told["sentence"], "\n".join(e["text"] for e in told["evidence"])

    def running(self, id: str) -> None:
        wait("it runs", lambda: self.run(id)["state"] == "running" and self.lines(id))

    def whole(self, id: str, numbers: int = 100) -> None:
        run = self.until(f"/runs/{id}", lambda r: r["state"] == "succeeded")
        lines = self.lines(id)
        check(sum(line.startswith("begin") for line in lines) == 1, f"the run began once and is {run['state']}")
        check([int(l.split()[1]) for l in lines if l.startswith("acknowledged")] == list(range(1, numbers + 1)), f"its log has all {numbers} lines, no gap, no repeat")

    def ended(self, id: str, words: str) -> dict:
        """That it ends for a reason that says so."""
        run = wait(f"it has ended", lambda: (r := self.run(id))["state"] in ("failed", "cancelled", "succeeded") and r)
        check(run["state"] == "failed" and words in (run.get("reason") or ""), f"it failed, and says: {run.get('reason')}")
        return run


@contextmanager
def without(part: str, how: str):
    VERBS[how](Place.read(CLUSTER), part)
    try:
        yield
    finally:
        VERBS["resume"](Place.read(CLUSTER), part)


def outage(w: Faults, how: str, meanwhile=lambda: None) -> None:
    """The API server is away, by one of two ways: who asks is refused, or waits. The portal answers all the time."""
    slowest = 0.0
    with without("kube-apiserver", how):
        meanwhile()
        until = time.monotonic() + AWAY
        while time.monotonic() < until:
            began = time.monotonic()
            w.get("/runs")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.5)
    print(f"      {AWAY} s without it; the portal's slowest answer took {slowest:.2f} s", flush=True)
    answers()


def answers() -> None:
    # What is asked of it from here on is asked by the test, which does not try again as the portal does.
    wait("it answers again", lambda: subprocess.run(["kubectl", "get", "--raw", "/readyz", "--request-timeout=10s"], capture_output=True).returncode == 0)


def api_server(w: Faults) -> None:
    for how in ("kill", "pause"):
        run = w.counts()
        time.sleep(w.random.uniform(0, 1.5))
        outage(w, how, lambda: (time.sleep(15), print(f"      meanwhile the run is {w.run(run)['state']}: {w.run(run).get('reason')}", flush=True)))
        check(True, f"away ({how}) while a run starts")
        w.whole(run)

        run = w.counts(400)
        w.running(run)
        before = len(w.lines(run))
        grown = []
        outage(w, how, lambda: (time.sleep(5), grown.append(len(w.lines(run)) - before)))
        check(grown[0] > 20, f"away ({how}) while it runs: {grown[0]} more lines of its log in the first 5 s")
        w.whole(run, 400)

        run = w.waits()
        w.running(run)
        outage(w, how, lambda: w.post(f"/runs/{run}/cancel"))
        wait("it is cancelled", lambda: w.run(run)["state"] == "cancelled")
        check(w.lines(run)[-1] == "bye", f"away ({how}) while it is asked to end: it ended by itself, and said so")

        run = w.counts(1)
        wait("it has ended", lambda: w.run(run)["state"] == "succeeded")
        outage(w, how)
        wait("nothing is left of it", lambda: not kubectl("get", "jobs,pods,secrets", "-l", of(run), "-o", "name"))
        check(True, f"away ({how}) while it is forgotten")


@contextmanager
def through(w: Faults, **how):
    """A portal that reaches the API server through a process of ours alone."""
    before = os.environ.get("TEST_CLUSTER_USER")
    between = Refusing(CLUSTER, before or "admin", **how)
    os.environ["TEST_CLUSTER_USER"] = "refusing"
    w.portal.stop()
    w.start()
    yield between
    os.environ.pop("TEST_CLUSTER_USER")
    if before:
        os.environ["TEST_CLUSTER_USER"] = before
    w.portal.stop()
    w.start()
    between.shutdown()


def refused(w: Faults) -> None:
    """Every second call that changes something is refused, and every watch is cut after a second."""
    with through(w, every=2, watch_seconds=1.0) as between:
        run, other = w.counts(), w.waits()
        w.post("/notebooks", {"name": "n", "cpu": "250m", "memory": "512Mi"})
        w.running(other)
        w.post(f"/runs/{other}/cancel")
        w.whole(run)
        wait("the other is cancelled", lambda: w.run(other)["state"] == "cancelled")
        w.until("/notebooks/n", lambda n: n["state"] == "running")
        w.post("/notebooks/n/stop")
        w.until("/notebooks/n", lambda n: n["state"] == "stopped")
        w.api.call("DELETE", "/api/v1/teams/kill/notebooks/n?files=true")
        wait("nothing is left", lambda: not objects())
        print(f"      refused: {between.refused}; watches cut: {between.cut}", flush=True)
        check(min(between.refused.values()) > 2 and between.cut > 20, "through 409, 429 and 500, and watches that are cut every second")


def gone(w: Faults) -> None:
    """Watches are kept away while objects change, and while the API server is started anew: it no longer knows of what they have missed."""
    with through(w) as between:
        began = w.portal.log.stat().st_size
        run = w.waits()
        w.running(run)
        w.post("/notebooks", {"name": "n", "cpu": "250m", "memory": "512Mi"})
        id = w.until("/notebooks/n", lambda n: n["state"] == "running")["id"]
        first, job = (kubectl("get", kind, "-l", of(which), "-o", "name").strip() for kind, which in (("pods", id), ("jobs", run)))
        uid = kubectl("get", first, "-o", "jsonpath={.metadata.uid}")
        policy = lambda: kubectl("get", "networkpolicies", "-o", "name").split()  # noqa: E731
        owned = lambda: kubectl("get", "jobs", "-l", f"{of(run)},slipway.dev/id", "-o", "name").strip()  # noqa: E731
        with between.no_watches():
            kubectl("delete", "networkpolicy", "slipway")
            kubectl("label", job, "slipway.dev/id-", "app.kubernetes.io/managed-by-")
            kubectl("delete", first)
            with without("kube-apiserver", "kill"):
                pass
            answers()
            check(not between.gone and not policy() and not owned(), "as long as no watch is let through, nothing of it is seen")
        watched = ["/apis/networking.k8s.io/v1/networkpolicies", "/apis/batch/v1/jobs", "/api/v1/pods", "/apis/apps/v1/statefulsets"]
        wait("the API server has given up the watches of what was changed", lambda: between.gone.keys() >= set(watched))
        for path, said in sorted(between.gone.items()):
            print(f"      410 for {path}: {said}", flush=True)
        check(all("too old resource version" in said for said in between.gone.values()), f"{len(between.gone)} watches were answered with 410 by the API server itself")
        wait("each of them is listed again", lambda: between.again == between.gone.keys())
        wait("the NetworkPolicy is put back", policy)
        wait("the Job has its labels again", owned)
        now = lambda: kubectl("get", "pods", "-l", of(id), "-o", "jsonpath={.items[*].metadata.uid}").split()  # noqa: E731
        wait("another pod runs the notebook", lambda: w.get("/notebooks/n")["state"] == "running" and len(pods := now()) == 1 and pods != [uid])
        check(w.run(run)["state"] == "running", "the run goes on")
        w.post(f"/runs/{run}/cancel")
        wait("it is cancelled", lambda: w.run(run)["state"] == "cancelled")
        check(w.lines(run)[-1] == "bye", "it ended by itself, and said so")
        w.api.call("DELETE", "/api/v1/teams/kill/notebooks/n?files=true")
        wait("nothing is left", lambda: not objects())
        said = w.portal.log.read_bytes()[began:].decode()
        # What comes before is of an API server that is away, or that refuses everybody as long as it does not know who may what.
        _, heard, after = said.partition("too old resource version")
        wrong = [line for line in after.splitlines() if " ERROR " in line and " kube_client::" not in line]
        check(bool(heard) and not wrong and "panicked" not in said, f"the portal took it for nothing worse than a warning {wrong or ''}".rstrip())


def in_pods() -> list[int]:
    """Every process of every pod of this cluster."""
    name = Place.read(CLUSTER).name
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            groups = (folder / "cgroup").read_text()
        except OSError:
            continue
        if f"/{name}/" in groups and "/pod" in groups:
            found.append(int(folder.name))
    return found


@contextmanager
def another_node():
    """A node that answers, and takes nothing: where all are silent, a cluster takes itself for what is broken, and gives nothing up."""
    played = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "played"}, "spec": {"unschedulable": True}}
    kubectl("create", "-f", "-", given=json.dumps(played))
    ends = threading.Event()

    def beat() -> None:
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "played", "namespace": "kube-node-lease"}}
        while True:
            now = datetime.now(timezone.utc)
            renewed = lease | {"spec": {"holderIdentity": "played", "leaseDurationSeconds": 8, "renewTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}}
            kubectl("apply", "--namespace=kube-node-lease", "-f", "-", given=json.dumps(renewed))
            ready = {"type": "Ready", "status": "True", "reason": "Played", "lastHeartbeatTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
            kubectl("patch", "node", "played", "--subresource=status", "--type=merge", "-p", json.dumps({"status": {"conditions": [ready]}}))
            if ends.wait(2):
                return

    beats = threading.Thread(target=beat, daemon=True)
    beats.start()
    try:
        yield
    finally:
        ends.set()
        beats.join()
        kubectl("delete", "node", "played")


def kubelet(w: Faults) -> None:
    with another_node():
        silent(w)


def silent(w: Faults) -> None:
    run = w.counts(2000)
    w.running(run)
    with without("kubelet", "kill"):
        wait("the page says that the node does not answer", lambda: "node-1 has not answered since" in w.why(f"/runs/{run}")[0])
        print(f"      {w.why(f'/runs/{run}')[0]}", flush=True)
        before = len(w.lines(run))
        time.sleep(3)
        check(len(w.lines(run)) > before, "a kubelet that is away ends nothing: the log goes on")
        wait("the cluster gives its pod up", lambda: "deletionTimestamp" in kubectl("get", "pods", "-l", of(run), "-o", "json"))
        time.sleep(3)
        check(w.run(run)["state"] in ("running", "stopping"), f"as long as its courier is heard it has not ended, but is {w.run(run)['state']}")
    w.ended(run, "node-1 does not answer or was drained")
    lines = [int(l.split()[1]) for l in w.lines(run) if l.startswith("acknowledged")]
    check(lines == list(range(1, len(lines) + 1)), f"its log has all {len(lines)} lines up to its end")

    w.post("/notebooks", {"name": "n", "cpu": "250m", "memory": "512Mi"})
    run = w.waits()
    w.running(run)
    w.until("/notebooks/n", lambda n: n["state"] == "running")
    with without("kubelet", "kill"):
        frozen = in_pods()
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        w.ended(run, "node-1 has not answered since")
        w.post("/notebooks/n/stop")
        wait("a notebook on a node that is lost can be stopped", lambda: w.get("/notebooks/n")["state"] == "stopped")
        for pid in frozen:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
    wait("the node is back, and nothing is left of what was given up", lambda: not kubectl("get", "jobs,statefulsets,pods", "-o", "name"))
    w.post("/notebooks/n/start")
    w.until("/notebooks/n", lambda n: n["state"] == "running")
    check(True, "the notebook runs again")
    w.api.call("DELETE", "/api/v1/teams/kill/notebooks/n?files=true")


def pods(w: Faults) -> None:
    w.post("/notebooks", {"name": "n", "cpu": "250m", "memory": "512Mi"})
    id = w.until("/notebooks/n", lambda n: n["state"] == "running")["id"]
    first = kubectl("get", "pods", "-l", of(id), "-o", "name").split()
    kubectl("delete", "--wait=false", *first)
    again = wait("another pod runs it", lambda: w.get("/notebooks/n")["state"] == "running" and (now := kubectl("get", "pods", "-l", of(id), "-o", "name").split()) != first and len(now) == 1 and now)
    check(bool(again), "a notebook's pod that is deleted by hand is replaced")
    w.api.call("DELETE", "/api/v1/teams/kill/notebooks/n?files=true")

    run = w.waits()
    w.running(run)
    name = kubectl("get", "pods", "-l", of(run), "-o", "jsonpath={.items[0].metadata.name}")
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": SPACE}}
    kubectl("create", "--raw", f"/api/v1/namespaces/{SPACE}/pods/{name}/eviction", "-f", "-", given=json.dumps(eviction))
    w.ended(run, "It was evicted from node-1")
    check(w.lines(run)[-1] == "bye", "it could say goodbye")

    run = w.waits()
    w.running(run)
    free = kubectl("get", "node", "node-1", "-o", "jsonpath={.status.allocatable.cpu}")
    grand = {
        "apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "grand"}, "value": 1000000},
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "grand", "namespace": "default"}, "spec": {
                "priorityClassName": "grand", "terminationGracePeriodSeconds": 0,
                "containers": [{"name": "c", "image": "slipway.test/pause:1", "resources": {"requests": {"cpu": free}}}]}},
        ],
    }  # fmt: skip
    kubectl("apply", "--namespace=default", "-f", "-", given=json.dumps(grand))
    w.ended(run, "A pod of higher priority took its place on node-1")
    subprocess.run(["kubectl", "delete", "pod/grand", "priorityclass/grand", "--namespace", "default"], capture_output=True, check=True)


def edited(w: Faults) -> None:
    w.post("/notebooks", {"name": "n", "cpu": "250m", "memory": "512Mi"})
    id = w.until("/notebooks/n", lambda n: n["state"] == "running")["id"]
    kubectl("scale", "statefulset", "-l", of(id), "--replicas=2")
    wait("it has one pod again", lambda: len(kubectl("get", "pods", "-l", of(id), "-o", "name").split()) == 1 and "It was put back to 1" in w.why("/notebooks/n")[1])
    check(w.get("/notebooks/n")["state"] == "running", "a StatefulSet of two is put back to one, and Why? says so")
    w.api.call("DELETE", "/api/v1/teams/kill/notebooks/n?files=true")

    run = w.counts(300)
    w.running(run)
    job = kubectl("get", "jobs", "-l", of(run), "-o", "name").strip()
    kubectl("label", job, "slipway.dev/id-", "app.kubernetes.io/managed-by-")
    wait("Why? says that its labels were put back", lambda: "They were put back" in w.why(f"/runs/{run}")[1])
    w.whole(run, 300)

    for change in (("delete", "networkpolicy", "slipway"), ("patch", "limitrange", "slipway", "--type=json", "-p", '[{"op":"replace","path":"/spec/limits/0/default/cpu","value":"7"}]')):
        kubectl(*change)
        said = f"The {dict(networkpolicy='NetworkPolicy', limitrange='LimitRange')[change[1]]} slipway of the namespace {SPACE} was changed from outside"
        told = lambda: [e for e in w.get("/events?limit=200")["items"] if said in json.dumps(e)]  # noqa: E731
        wait(f"the team's history says: {said}", told)
    check("7" not in kubectl("get", "limitrange", "slipway", "-o", "jsonpath={.spec.limits[0].default.cpu}"), "what is kept in the namespace is as it was")


def deleted(w: Faults) -> None:
    run = w.waits()
    w.running(run)
    kubectl("delete", "jobs", "-l", of(run), "--wait=false")
    w.ended(run, "Its Job was deleted from outside")
    check(w.lines(run)[-1] == "bye", "its log is whole though what owned it was gone")
    wait("nothing is left of it", lambda: not kubectl("get", "jobs,pods,secrets", "-l", of(run), "-o", "name"))


def namespace(w: Faults) -> None:
    run = w.waits()
    w.running(run)
    uid = kubectl("get", "namespace", SPACE, "-o", "jsonpath={.metadata.uid}")
    kubectl("delete", "namespace", SPACE, "--wait=false")
    w.ended(run, f'The namespace "{SPACE}" was deleted from outside')
    there = lambda: subprocess.run(["kubectl", "get", "namespace", SPACE, "-o", "jsonpath={.metadata.uid}"], capture_output=True, text=True).stdout  # noqa: E731
    wait("the namespace is made again", lambda: there() not in ("", uid))
    w.whole(w.counts())


class NoMore(http.server.BaseHTTPRequestHandler):
    """Says no to everything."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        no = {"uid": asked["uid"], "allowed": False, "status": {"message": "no more pods today"}}
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": no}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


def webhook(w: Faults) -> None:
    place = Place.read(CLUSTER)
    folder = CLUSTER / "pki"
    pki.certificate(folder, "webhook", "/CN=webhook", f"IP:{place.host}")
    server = http.server.ThreadingHTTPServer((place.host, 0), NoMore)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "webhook.crt", folder / "webhook.key")
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    import base64

    config = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "no-more"},
        "webhooks": [{
            "name": "no-more.example.org", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SPACE}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
            "clientConfig": {"url": f"https://{place.host}:{server.server_port}/", "caBundle": base64.b64encode((folder / "ca.crt").read_bytes()).decode()},
        }],
    }  # fmt: skip
    kubectl("apply", "-f", "-", given=json.dumps(config))
    run = w.counts()
    wait("the page says who refuses", lambda: "An admission webhook of the cluster refuses its pod" in w.why(f"/runs/{run}")[0])
    print(f"      {w.why(f'/runs/{run}')[0]}", flush=True)
    kubectl("delete", "validatingwebhookconfiguration", "no-more")
    server.shutdown()
    w.whole(run)


FAULTS = {
    "pods": pods, "edited": edited, "deleted": deleted, "webhook": webhook, "refused": refused, "gone": gone, "api-server": api_server,
    "kubelet": kubelet, "namespace": namespace,
}  # fmt: skip


def main() -> None:
    if len(sys.argv) < 2 or not os.environ.get("TEST_CLUSTER_NODE"):
        sys.exit(__doc__)
    names = sys.argv[2:] or [name for name in FAULTS if (name == "kubelet") == Place.read(CLUSTER).impatient]
    w = Faults(sys.argv[1], 1)
    try:
        for name in names:
            print(f"-- {name}", flush=True)
            began = time.monotonic()
            FAULTS[name](w)
            print(f"      {time.monotonic() - began:.0f} s", flush=True)
        check(all(n <= 1 for of_kind in w.starts().values() for n in of_kind), "nothing was started twice")
    except BaseException:
        print(w.portal.last_words(40), file=sys.stderr)
        raise
    finally:
        w.portal.stop()
        if not os.environ.get("TEST_KEEP"):
            shutil.rmtree(w.data, ignore_errors=True)


if __name__ == "__main__":
    main()
