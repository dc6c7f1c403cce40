#!/usr/bin/env python3
"""That the cluster for tests is a real one, and leaves nothing behind. Standard library only; without root the node's part is SKIPPED."""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from unittest import mock

import cluster
import host
from place import SKIPPED, Place, alive, main_pid

READER = """
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: reader}, rules: [{apiGroups: [""], resources: [pods], verbs: [get, list, watch]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: reader},
 roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}, subjects: [{kind: User, name: ann}]}
"""


class Cluster(unittest.TestCase):
    """One cluster for the tests of a class; each test is independent of the others."""

    options: "list[str]" = []

    @classmethod
    def setUpClass(cls):
        cls.before = host.snapshot()
        cls.folder = Path(tempfile.mkdtemp(prefix="slipway-cluster-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.place = cls.begin()
        cls.addClassCleanup(cls.end)

    @classmethod
    def begin(cls) -> Place:
        asked = cluster.arguments().parse_args(["up", str(cls.folder), *cls.options])
        return cluster.up(cls.folder, asked)

    @classmethod
    def end(cls):
        cluster.down(cls.place)

    def kubectl(self, *words: str, stdin: str = "", user: str = "admin", code: int = 0, seconds: float = 120) -> str:
        command = [f"{self.place.kube}/kubectl", "--kubeconfig", str(self.place.kubeconfig(user)), *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=seconds)
        self.assertEqual(done.returncode, code, f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def assert_no_trace(self):
        self.assertEqual(host.left(self.place), [])
        after = until_same(self.before)
        for what, was in self.before.items():
            self.assertEqual(after[what], was, what)


def until_same(before: dict, seconds: float = 10) -> dict:
    """The kernel takes networks and mounts apart in its own time."""
    until = time.monotonic() + seconds
    while (after := host.snapshot()) != before and time.monotonic() < until:
        time.sleep(0.2)
    return after


class ControlPlane(Cluster):
    options = ["--control-plane", "--audit", "--scenario", "kubeflow"]

    def test_a_stranger_is_refused_until_rbac_lets_them(self):
        cluster.pki.user(self.place, "ann", [])
        cluster.pki.user(self.place, "eve", ["team-a"])
        self.kubectl("apply", "-f", "-", stdin=READER)
        self.kubectl("get", "pods", user="ann")
        self.assertIn('User "eve" cannot list resource "pods"', self.kubectl("get", "pods", user="eve", code=1))
        log = self.place.folder / "log/audit.log"
        ann, eve = cluster.audit.calls(log, "ann"), cluster.audit.calls(log, "eve")
        self.assertEqual((cluster.audit.refused(ann), cluster.audit.refused(eve)), ([], ["list pods (1 times)"]))
        rules = json.loads(self.kubectl("get", "clusterrole", "reader", "-o", "json"))["rules"]
        self.assertEqual(cluster.audit.unused(rules, ann), ["get pods", "watch pods"])

    def test_the_kinds_of_kubeflow_are_served(self):
        kinds = self.kubectl("api-resources", "-o", "name").split()
        for kind in ("notebooks.kubeflow.org", "profiles.kubeflow.org", "trainjobs.trainer.kubeflow.org", "inferenceservices.serving.kserve.io", "jobsets.jobset.x-k8s.io"):
            self.assertIn(kind, kinds)

    def test_pods_are_asked_for_without_root(self):
        said = io.StringIO()
        words = ["cluster.py", "up", str(self.folder / "other"), "--node"]
        with mock.patch("os.geteuid", return_value=1000), mock.patch.object(sys, "argv", words), contextlib.redirect_stdout(said):
            self.assertEqual(cluster.main(), SKIPPED)
        self.assertTrue(said.getvalue().startswith("SKIPPED: pods need root"), said.getvalue())

    def test_its_end_leaves_nothing_however_it_comes(self):
        with tempfile.TemporaryDirectory(prefix="slipway-cluster-test-") as at:
            asked = cluster.arguments().parse_args(["up", at, "--control-plane"])
            place = cluster.up(Path(at), asked)
            os.kill(main_pid(place.folder), signal.SIGKILL)
            until = time.monotonic() + 10
            while host.left(place) and time.monotonic() < until:
                time.sleep(0.1)
            self.assertEqual(host.left(place), [])
            cluster.down(place)


    def test_what_a_killed_run_left_is_swept_by_the_next(self):
        with tempfile.TemporaryDirectory(prefix="slipway-cluster-test-") as at:
            env = os.environ | {"TMPDIR": at}
            run = [sys.executable, "-B", str(cluster.HERE / "cluster.py"), "run", "--control-plane", "--"]
            killed = subprocess.Popen([*run, "sleep", "600"], env=env, start_new_session=True)
            until = time.monotonic() + 60
            while not list(Path(at).glob(f"{cluster.RUNS}*/started")) and time.monotonic() < until:
                time.sleep(0.1)
            os.killpg(killed.pid, signal.SIGKILL)
            killed.wait()
            (folder,) = Path(at).glob(f"{cluster.RUNS}*")
            while main_pid(folder) is not None and time.monotonic() < until:
                time.sleep(0.1)
            subprocess.run([*run, "true"], env=env, check=True)
            self.assertEqual(list(Path(at).glob(f"{cluster.RUNS}*")), [])


class Node(Cluster):
    options = ["--node", "--images", "all"]

    @classmethod
    def setUpClass(cls):
        if why := host.why_no_node():
            print(f"SKIPPED: {why}", flush=True)
            raise unittest.SkipTest(why)
        super().setUpClass()

    def pod(self, name: str, code: str, image: str = "base", **spec) -> str:
        """Runs Python in a pod to its end; answers its log."""
        container = {
            "name": "c", "image": f"slipway.test/{image}:1", "command": ["python3", "-c", code],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        } | spec.pop("container", {})  # fmt: skip
        restricted = {"runAsNonRoot": True, "fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
        pod = {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "securityContext": restricted, "automountServiceAccountToken": False, "containers": [container]} | spec,
        }  # fmt: skip
        self.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
        self.addCleanup(self.kubectl, "delete", "pod", name, "--grace-period=0", "--force")
        done = self.kubectl("get", "pod", name, "-o", "jsonpath={.status.phase}")
        until = time.monotonic() + 60
        while done not in ("Succeeded", "Failed") and time.monotonic() < until:
            time.sleep(0.2)
            done = self.kubectl("get", "pod", name, "-o", "jsonpath={.status.phase}")
        log = self.kubectl("logs", name) if done in ("Succeeded", "Failed") else self.kubectl("describe", "pod", name)
        self.assertEqual(done, "Succeeded", log)
        return log

    def test_a_pod_runs_to_its_end(self):
        log = self.pod("hello", "import os, sys; print('hello from', os.getuid(), sys.version_info[:2])")
        self.assertEqual(log, "hello from 1000 (3, 11)\n")

    def test_names_of_services_are_known_in_pods(self):
        log = self.pod("names", "import socket; print(socket.gethostbyname('kubernetes.default'), socket.gethostbyname('kubernetes.default.svc.cluster.local'))")
        self.assertEqual(log, f"{self.place.services}.1 {self.place.services}.1\n")

    def test_a_service_answers_pods_and_this_machine(self):
        labels = {"app": "web"}
        container = {
            "name": "web", "image": "slipway.test/base:1", "command": ["python3", "-m", "http.server", "8000", "-d", "/etc"],
            "readinessProbe": {"httpGet": {"path": "/hostname", "port": 8000}, "periodSeconds": 1},
        }  # fmt: skip
        deployment = {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}},
        }  # fmt: skip
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8000}]}}
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [deployment, service]}))
        self.addCleanup(self.kubectl, "delete", "deployment,service", "web")
        self.kubectl("wait", "--for=condition=Available", "--timeout=60s", "deployment/web")
        self.assertIn("web-", self.pod("caller", "import urllib.request as r; print(r.urlopen('http://web/hostname').read().decode())"))
        # A pod that reaches itself through its own Service, as well.
        inside = "import urllib.request as r; print({r.urlopen('http://web/hostname').read() for _ in range(20)})"
        self.assertEqual(self.kubectl("exec", "deployment/web", "--", "python3", "-c", inside).count("web-"), 2)
        address = self.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.assertIn(b"web-", opener.open(f"http://{address}/hostname", timeout=10).read())

    def test_a_volume_lives_as_long_as_its_claim(self):
        claim = {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "kept"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }  # fmt: skip
        self.kubectl("apply", "-f", "-", stdin=json.dumps(claim))
        mounts = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "kept"}}], "container": {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}}
        self.pod("writer", "open('/v/x', 'w').write('kept')", **mounts)
        mounts["container"] = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
        self.assertEqual(self.pod("reader", "print(open('/v/x').read())", **mounts), "kept\n")
        (folder,) = (self.place.folder / "volumes").iterdir()
        self.assertEqual((folder / "x").read_text(), "kept")
        self.doCleanups()
        self.kubectl("delete", "pvc", "kept")
        until = time.monotonic() + 20
        while (folder.exists() or "pvc-" in self.kubectl("get", "pv", "-o", "name")) and time.monotonic() < until:
            time.sleep(0.2)
        self.assertFalse(folder.exists())

    def test_the_environments_are_there(self):
        self.assertIn("4.", self.pod("lab", "", "notebook", container={"command": ["jupyter", "lab", "--version"]}))
        for image, wanted in (("train", "mlflow, sklearn, matplotlib"), ("serve", "mlflow, sklearn, uvicorn")):
            self.assertEqual(self.pod(image, f"import sys, {wanted}; print(sys.prefix)", image), "/opt/environment\n")

    def test_jupyterlab_answers_this_machine(self):
        prefix = "/notebook/team/lab"
        command = [
            "python", "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=0.0.0.0", "--ServerApp.port=8888", f"--ServerApp.base_url={prefix}",
            "--IdentityProvider.token=", "--ServerApp.root_dir=/home/slipway", "--ServerApp.allow_remote_access=True",
        ]  # fmt: skip
        container = {
            "name": "lab", "image": "slipway.test/notebook:1", "command": command,
            "readinessProbe": {"httpGet": {"path": f"{prefix}/api/status", "port": 8888}, "periodSeconds": 1},
        }  # fmt: skip
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lab-server"}, "spec": {"containers": [container]}}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
        self.addCleanup(self.kubectl, "delete", "pod", "lab-server", "--grace-period=0", "--force")
        self.kubectl("wait", "--for=condition=Ready", "--timeout=90s", "pod/lab-server")
        address = self.kubectl("get", "pod", "lab-server", "-o", "jsonpath={.status.podIP}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.assertIn(b"JupyterLab", opener.open(f"http://{address}:8888{prefix}/lab", timeout=20).read())

    def test_what_runs_out_of_memory_is_said_to(self):
        limits = {"resources": {"limits": {"memory": "48Mi"}}}
        with self.assertRaisesRegex(AssertionError, "Failed"):
            # Not at once: containerd begins to look for it after the start.
            self.pod("large", "import time; time.sleep(3); b = bytearray(200 << 20)", container=limits)
        reason = self.kubectl("get", "pod", "large", "-o", "jsonpath={.status.containerStatuses[0].state.terminated.reason}")
        self.assertEqual(reason, "OOMKilled")


class Ends(Cluster):
    """A node ended in each way there is, and started again on what it kept; one story."""

    options = ["--node", "--images", "pause"]

    @classmethod
    def setUpClass(cls):
        if why := host.why_no_node():
            print(f"SKIPPED: {why}", flush=True)
            raise unittest.SkipTest(why)
        super().setUpClass()

    def test_1_it_is_told_to_end(self):
        self.kubectl("create", "namespace", "kept")
        self.assertNotEqual(host.left(self.place), [])
        cluster.down(self.place)
        self.assert_no_trace()

    def test_2_its_main_process_is_killed(self):
        self.__class__.place = self.begin()
        self.assertIn("kept", self.kubectl("get", "namespace", "kept"))
        os.kill(main_pid(self.folder), signal.SIGKILL)
        cluster.down(self.place)
        self.assert_no_trace()

    def test_3_a_part_of_it_dies(self):
        self.__class__.place = self.begin()
        pid = next(pid for pid, words in host.processes(self.place) if "kube-scheduler" in words)
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 10
        while alive(self.folder) and time.monotonic() < until:
            time.sleep(0.1)
        self.assertFalse(alive(self.folder))
        self.assertIn("kube-scheduler ended: -9", self.place.log("cluster").read_text())
        cluster.down(self.place)
        self.assert_no_trace()

    def test_4_who_asked_for_it_is_killed(self):
        command = [sys.executable, "-B", cluster.__file__, "run", "--node", "--images", "pause", "--", "sh", "-c", "echo $TEST_CLUSTER; sleep 600"]
        asker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        place = Place.read(Path(asker.stdout.readline().strip()))
        asker.kill()
        asker.wait()
        os.killpg(asker.pid, signal.SIGKILL)  # the command, which is its own concern
        asker.stdout.close()
        until = time.monotonic() + 10
        while alive(place.folder) and time.monotonic() < until:
            time.sleep(0.1)
        self.assertFalse(alive(place.folder))
        cluster.down(place)
        self.assertEqual(host.left(place), [])
        shutil.rmtree(place.folder)
        self.assert_no_trace()


if __name__ == "__main__":
    unittest.main(verbosity=2)
