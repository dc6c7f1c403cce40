"""Kubeflow's and KServe's own controllers, as pods of a cluster for tests: built once from their Go modules, which have their manifests, too."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import binaries
import images
from binaries import SMALL, alone, compile_one, say
from pki import openssl
from place import HERE, Failed, Place, cache

RECIPES = HERE / "operators"
POLICY = ("imagePullPolicy: Always", "imagePullPolicy: IfNotPresent")


@dataclass(frozen=True)
class Operator:
    """One program, and the kustomization of its manifests in `operators/NAME.yaml`."""

    name: str
    # Folder below `operators/` with the go.mod that names its version.
    builds_in: str
    module: str
    package: str
    namespace: str


JOBSET = Operator("jobset", "kubeflow", "sigs.k8s.io/jobset", "sigs.k8s.io/jobset", "jobset-system")
TRAINER = Operator("trainer", "kubeflow", "github.com/kubeflow/trainer/v2", "github.com/kubeflow/trainer/v2/cmd/trainer-controller-manager", "kubeflow-system")
KSERVE = Operator("kserve", "kserve", "github.com/kserve/kserve", "github.com/kserve/kserve/cmd/manager", "kserve")
KUEUE = Operator("kueue", "kubeflow", "sigs.k8s.io/kueue", "sigs.k8s.io/kueue/cmd/kueue", "kueue-system")
# In the order in which they are installed. Kueue is last: its webhooks refuse pods and jobs until it runs.
ALL = {o.name: o for o in (JOBSET, TRAINER, KSERVE, KUEUE)}


def digest() -> str:
    """Of what the programs are made of. Their manifests are rendered anew each time."""
    found = hashlib.sha256(" ".join(SMALL).encode())
    for path in sorted(RECIPES.rglob("go.*")):
        found.update(f"{path.relative_to(HERE)}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def made() -> Path:
    """The folder of the programs; builds them when it is not there."""
    final = cache() / "operators" / digest()
    if not final.is_dir():
        with alone("operators"):
            if not final.is_dir():
                build(final)
    return final


def build(final: Path) -> None:
    go = binaries.compiler()
    making = final.with_suffix(f".tmp-{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    say("Building JobSet, Kubeflow Trainer, KServe and Kueue from their Go modules. The first time it takes about 10 minutes, 2 GB of memory and 3 GB")
    say(f"in Go's caches; afterwards they are taken from {final}")
    try:
        for operator in ALL.values():
            compile_one(go, f"operators/{operator.builds_in}", operator.package, making / operator.name)
        making.rename(final)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def manifests(go: str, operator: Operator) -> str:
    """Its module's own, with what `operators/NAME.yaml` changes. BASE stands there for the module's folder, CA for the certificate of its webhooks."""
    found = subprocess.run([go, "mod", "download", "-json", operator.module], cwd=RECIPES / operator.builds_in, stdout=subprocess.PIPE, check=True)
    module = json.loads(found.stdout)["Dir"]
    with tempfile.TemporaryDirectory(prefix="slipway-operator-") as text:
        at = Path(text).resolve()
        # A part is named relative to the folder, wherever it lies.
        recipe = (RECIPES / f"{operator.name}.yaml").read_text().replace("BASE", os.path.relpath(module, at))
        if "CA}" in recipe:
            host = f"{operator.name}-webhook-server-service.{operator.namespace}.svc"
            openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at / "tls.key", "-out", at / "tls.crt",
                "-subj", f"/CN={host}", "-days", "3650", "-addext", f"subjectAltName=DNS:{host}",
            )  # fmt: skip
            recipe = recipe.replace("CA}", base64.b64encode((at / "tls.crt").read_bytes()).decode() + "}")
        (at / "kustomization.yaml").write_text(recipe)
        (at / "namespace.yaml").write_text(f"{{apiVersion: v1, kind: Namespace, metadata: {{name: {operator.namespace}}}}}\n")
        rendered = subprocess.run([binaries.made() / "kubectl", "kustomize", at], capture_output=True, text=True)
        if rendered.returncode != 0:
            raise Failed(f"The manifests of {operator.name} cannot be rendered: {rendered.stderr}")
        return rendered.stdout.replace(*POLICY)


def install(place: Place, names: "list[str]", socket: Path) -> None:
    """Runs them on the cluster's node, and waits until each is up."""
    folder, go = made(), binaries.compiler()
    since = time.monotonic()
    chosen = [o for o in ALL.values() if o.name in names]
    with tempfile.TemporaryDirectory(prefix="slipway-image-") as text:
        images.load(socket, [image(o, folder, Path(text)) for o in chosen])
    kubectl = [f"{place.kube}/kubectl", "--kubeconfig", str(place.kubeconfig())]
    for operator in chosen:
        step([*kubectl, "apply", "--server-side", "--force-conflicts", "-f", "-"], manifests(go, operator))
        step([*kubectl, "-n", operator.namespace, "rollout", "status", "deployment", "--timeout=180s"])
    say(f"{', '.join(o.name for o in chosen)} in {time.monotonic() - since:.1f} s")


def image(operator: Operator, folder: Path, at: Path) -> images.Image:
    root, tar = at / operator.name, at / f"{operator.name}.layer"
    root.mkdir()
    tar.mkdir()
    shutil.copy(folder / operator.name, root / "manager")
    return images.of_folder(images.name(operator.name), root, tar, "65532:65532", ["/manager"], [])


def step(command: list, text: str = "") -> None:
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command[3:]))} ended with {done.returncode}; its words are above.")
