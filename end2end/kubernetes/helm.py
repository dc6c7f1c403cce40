"""The chart deploy/helm/slipway under the real Helm, in a cluster for tests:  end2end/kubernetes/helm.sh

It is looked at, refused what it has to refuse, installed on PostgreSQL and S3, does the main job, is upgraded and rolled back under a model that
serves, is uninstalled and installed again on what was kept, and leaves nothing in the end.
"""

import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "end2end/cluster")]
import binaries  # noqa: E402
import demo  # noqa: E402
from portal import Api, Problem  # noqa: E402

CHART, RBAC = ROOT / "deploy/helm/slipway", ROOT / "deploy/kubernetes"
NAMESPACE = RELEASE = "slipway"
IMAGES = ["--set-string", "image.repository=slipway.test/slipway,image.tag=1", "--set-string", "environmentImage=slipway.test/{name}:1"]
HELM = str(binaries.helm())
# The one that the chart keeps with the volume, and those that this test made.
SECRETS = ["secret/slipway-admin", "secret/slipway-database", "secret/slipway-s3"]


def main() -> None:
    looked_at()
    refused()
    rights()
    kubectl("create", "namespace", NAMESPACE)
    kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    accepted()
    with tempfile.TemporaryDirectory() as folder:
        values = Path(folder) / "values.json"
        values.write_text(json.dumps(surroundings()))
        installed(values)
        upgraded(values)
        reinstalled(values)
        gone(values)
    say("nothing is left")


def looked_at() -> None:
    say(helm("lint", "--strict", str(CHART), *IMAGES).strip().splitlines()[-1])


def refused() -> None:
    """What the schema and the chart do not take, and that they name it."""
    wrong = [
        ([], "repository"),
        ([*IMAGES, "--set", "replicas=2"], "replicas"),
        (["--set", "image.repository=r/slipway,image.tag=1", "--set-string", "environmentImage=r/{name}"], "tag"),
        ([*IMAGES, "--set-string", "environmentImage=r/train:1"], "environmentImage"),
        ([*IMAGES, "--set", "data.size=big"], "size"),
        ([*IMAGES, "--set", "ingress.enabled=true"], "host"),
        ([*IMAGES, "--set", "s3.endpoint=minio:9000"], "endpoint"),
        ([*IMAGES, "--set", "rbac.parts={usage,everything}"], "everything"),
        ([*IMAGES, "--set", "config.cluster=local"], "config.cluster"),
        ([*IMAGES, "--set", "config.secret_key=x"], "config.secret_key"),
    ]
    for words, named in wrong:
        done = run(HELM, "template", RELEASE, str(CHART), *words, check=False)
        if done.returncode == 0 or named not in done.stderr:
            raise SystemExit(f"{words}: not refused by a sentence that names {named}:\n{done.stderr}")
    say(f"{len(wrong)} wrong values are refused")


def rights() -> None:
    """Word for word those of the plain manifests, in every part."""
    wanted = {o["metadata"]["name"]: o["rules"] for f in sorted(RBAC.glob("rbac*.yaml")) for o in parsed(f.read_text()) if o["kind"] == "ClusterRole"}
    parts = [name.removeprefix("slipway-") for name in wanted if name != "slipway"]
    found = roles(rendered("--set", f"rbac.parts={{{','.join(parts)}}}"))
    if found != wanted:
        raise SystemExit(f"the chart's rights are not those of {RBAC}: {json.dumps(found)} is not {json.dumps(wanted)}")
    least = roles(rendered("--set", "rbac.parts={}"))
    if list(least) != ["slipway"] or roles(rendered("--set", "rbac.create=false")):
        raise SystemExit("a right is granted that nobody asked for")
    say(f"rights are those of the plain manifests: {', '.join(wanted)}")


def accepted() -> None:
    """Everything that may be switched on is what an API server takes; the kind of the Prometheus operator is not served here."""
    every = [
        "--set", "ingress.enabled=true,ingress.className=any,ingress.host=a.example.org,ingress.notebookHost=b.example.org,ingress.tlsSecret=tls",
        "--set", "networkPolicy.from[0].podSelector.matchLabels.a=b,serviceMonitor.enabled=true,serviceMonitor.labels.release=x",
        "--set", "s3.bucket=models,s3.existingSecret=s3,database.existingSecret=db,secretKey.existingSecret=key,admin.existingSecret=admin",
        "--set", "serviceAccount.annotations.a=b,service.annotations.a=b,podAnnotations.a=b,podLabels.c=d,nodeSelector.a=b,priorityClassName=high",
        "--set", "config.max_upload=50Gi,workloads.egress={0.0.0.0/0},imagePullSecrets[0].name=pull,data.storageClass=standard",
    ]  # fmt: skip
    text = run(HELM, "template", RELEASE, str(CHART), "-n", NAMESPACE, *IMAGES, *every).stdout
    objects = text.split("\n---\n")
    monitor = [o for o in objects if "kind: ServiceMonitor" in o]
    if len(monitor) != 1 or "path: /metrics" not in monitor[0]:
        raise SystemExit("no ServiceMonitor was rendered")
    run("kubectl", "apply", "--dry-run=server", "-f", "-", input="\n---\n".join(o for o in objects if o not in monitor))
    say("with everything switched on the API server takes it")


def surroundings() -> dict:
    """Values of this test: PostgreSQL and S3 outside, and the Secrets that name them."""
    secret("slipway-database", url=os.environ["TEST_DATABASE_URL"])
    secret("slipway-s3", **{"access-key-id": os.environ["TEST_S3_ID"], "secret-access-key": os.environ["TEST_S3_SECRET"]})
    return {
        "database": {"existingSecret": "slipway-database"},
        "s3": {"bucket": "slipway", "prefix": "helm", "endpoint": os.environ["TEST_S3"], "existingSecret": "slipway-s3"},
        "data": {"size": "2Gi"},
    }


def installed(values: Path) -> None:
    change("install", values)
    notes = helm("get", "notes", RELEASE, "-n", NAMESPACE)
    if "sign in as admin" not in notes or password() in notes:
        raise SystemExit(f"the notes do not say how to sign in, or say too much:\n{notes}")
    shown = kubectl("-n", NAMESPACE, "get", "deployment", RELEASE, "-o", "json")
    if any(value in shown for value in (os.environ["TEST_S3_SECRET"], os.environ["TEST_DATABASE_URL"], password())):
        raise SystemExit("the Deployment shows a secret")
    demo.perform(portal(), "admin", password())
    if left := in_data("artifacts"):
        raise SystemExit(f"artifacts lie on the data volume, and not in the bucket: {left}")


def upgraded(values: Path) -> None:
    """Another portal, the same everything else; and back."""
    before = kept()
    change("upgrade", values, "--set", "podAnnotations.changed=yes,resources.requests.cpu=150m")
    same(before, kept(), "an upgrade")
    helm("rollback", RELEASE, "1", "-n", NAMESPACE, "--wait", "--timeout", "180s")
    ready()
    same(before, kept(), "a rollback")
    say("upgraded and rolled back: password, volume, model and its pods are the same")


def reinstalled(values: Path) -> None:
    before = kept()
    helm("uninstall", RELEASE, "-n", NAMESPACE, "--wait", "--timeout", "120s")
    # In the namespaces of teams all goes on.
    until("nothing but what is to be kept", ["persistentvolumeclaim/slipway-data", *SECRETS], lambda: ours(but=demo.TEAM))
    change("install", values)
    same(before, kept(), "an install on what was kept")
    say("uninstalled and installed again: everything is there")


def gone(values: Path) -> None:
    """As docs/install.md says it: first what runs is stopped."""
    api = portal()
    api.call("POST", "/api/v1/session", {"user": "admin", "password": password()})
    demo.tidy(api)
    change("upgrade", values, "--set", "data.keep=false")
    helm("uninstall", RELEASE, "-n", NAMESPACE, "--wait", "--timeout", "120s")
    kubectl("delete", "namespaces", "-l", "slipway.dev/portal=slipway", "--timeout=180s")
    kubectl("-n", NAMESPACE, "delete", "secret", "slipway-database", "slipway-s3")
    until("nothing", [], ours)
    kubectl("delete", "namespace", NAMESPACE, "--timeout=120s")
    until("no volume and no namespace", [], lambda: [*ours(), *kubectl("get", "persistentvolumes", "-o", "name").split(), *namespaces()])


def kept() -> dict:
    """What no change of the portal may change. Asked through the Service, of a model that answers."""
    api = portal()
    api.call("POST", "/api/v1/session", {"user": "admin", "password": password()})
    team = f"/api/v1/teams/{demo.TEAM}"
    deployment = until_running(api, f"{team}/deployments/{demo.DEPLOYMENT}")
    example = api.call("GET", f"{team}/deployments/{demo.DEPLOYMENT}/example")
    # Predictions want a token, not a session.
    made = api.call("POST", "/api/v1/tokens", {"name": secrets.token_hex(4), "team": demo.TEAM, "role": "editor", "expires_in": 3600})
    predicted = Api(api.url, made["token"]).call("POST", deployment["predict_path"], example["v1"])
    pods = json.loads(kubectl("get", "pods", "-n", demo.TEAM, "-o", "json"))["items"]
    claim = json.loads(kubectl("-n", NAMESPACE, "get", "pvc", "slipway-data", "-o", "json"))
    return {
        "password": password(),
        "claim": claim["metadata"]["uid"],
        "pods": sorted(p["metadata"]["uid"] for p in pods if p["status"]["phase"] == "Running"),
        "runs": [r["id"] for r in api.call("GET", f"{team}/runs?page_size=500")["items"]],
        "predicted": predicted["predictions"],
    }


def until_running(api: Api, path: str) -> dict:
    end = time.monotonic() + 270
    while (seen := api.call("GET", path))["state"] != "running":
        if time.monotonic() > end:
            raise SystemExit(f"the model does not serve: {seen['state']}, {seen.get('reason')}")
        time.sleep(0.5)
    return seen


def same(before: dict, after: dict, what: str) -> None:
    if differ := [key for key in before if before[key] != after[key]]:
        raise SystemExit(f"{what} changed {differ}: {[(before[k], after[k]) for k in differ]}")


def change(verb: str, values: Path, *words: str) -> None:
    helm(verb, RELEASE, str(CHART), "-n", NAMESPACE, "-f", str(values), *IMAGES, *words, "--wait", "--timeout", "180s", told=True)
    ready()


def ready() -> None:
    end = time.monotonic() + 270
    while True:
        try:
            return portal().raw("GET", "/readyz", timeout=5)
        except Problem as problem:
            if time.monotonic() > end:
                raise SystemExit(f"the portal is not ready: {problem}\n{kubectl('-n', NAMESPACE, 'logs', 'deployment/slipway', '--tail=40')}") from None
            time.sleep(0.5)


def portal() -> Api:
    return Api(f"http://{kubectl('-n', NAMESPACE, 'get', 'service', RELEASE, '-o', 'jsonpath={.spec.clusterIP}')}:8080")


def password() -> str:
    return base64.b64decode(kubectl("-n", NAMESPACE, "get", "secret", "slipway-admin", "-o", "jsonpath={.data.password}")).decode()


def in_data(folder: str) -> str:
    """What lies in a folder of the data volume; the cluster for tests keeps volumes as folders."""
    volume = kubectl("-n", NAMESPACE, "get", "pvc", "slipway-data", "-o", "jsonpath={.spec.volumeName}")
    lies = Path(os.environ["TEST_CLUSTER"], "volumes", volume)
    if not (lies / "lock").exists():
        raise SystemExit(f"the data volume does not lie in {lies}")
    return "\n".join(str(p) for p in (lies / folder).rglob("*") if p.is_file())


def ours(but: str = "") -> list:
    """Every object of every kind that is served, wherever it is, that is ours by its name; those of one namespace may be left out."""
    kinds = [k for k in kubectl("api-resources", "--verbs=list,delete", "-o", "name").split() if not k.startswith(("events", "namespaces"))]
    found = kubectl("get", ",".join(kinds), "-A", "-o", "json", "--ignore-not-found")
    objects = [o for o in json.loads(found or '{"items": []}')["items"] if not but or o["metadata"].get("namespace") != but]
    return sorted({f"{o['kind'].lower()}/{o['metadata']['name']}" for o in objects if "slipway" in o["metadata"]["name"]})


def namespaces() -> list:
    return [n for n in kubectl("get", "namespaces", "-o", "name").split() if n.split("/")[1] in (NAMESPACE, demo.TEAM)]


def until(what: str, wanted: list, seen, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while (left := seen()) != wanted:
        if time.monotonic() > end:
            raise SystemExit(f"{what} was to be left, and this is: {left}")
        time.sleep(0.5)


def secret(name: str, **values: str) -> None:
    kubectl("-n", NAMESPACE, "create", "secret", "generic", name, *(f"--from-literal={k}={v}" for k, v in values.items()))


def rendered(*words: str) -> list:
    return parsed(run(HELM, "template", RELEASE, str(CHART), "-n", NAMESPACE, *IMAGES, *words).stdout)


def roles(objects: list) -> dict:
    return {o["metadata"]["name"]: o["rules"] for o in objects if o["kind"] == "ClusterRole"}


def parsed(text: str) -> list:
    """Objects of a YAML; kubectl reads it. Nothing is changed."""
    said = run("kubectl", "create", "--dry-run=client", "--validate=false", "-o", "json", "-f", "-", input=text).stdout
    # One object after another, without a list around them.
    out, decoder = [], json.JSONDecoder()
    while said := said.lstrip():
        found, end = decoder.raw_decode(said)
        out += found["items"] if found["kind"] == "List" else [found]
        said = said[end:]
    return out


def helm(*words: str, told: bool = False) -> str:
    done = run(HELM, *words, check=False)
    if done.returncode != 0:
        if told:
            print(kubectl("-n", NAMESPACE, "describe", "pods"), kubectl("-n", NAMESPACE, "logs", "deployment/slipway", "--tail=40"), file=sys.stderr)
        raise SystemExit(f"helm {words[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def kubectl(*words: str) -> str:
    return run("kubectl", *words).stdout


def run(*words: str, check: bool = True, **more) -> subprocess.CompletedProcess:
    done = subprocess.run(words, capture_output=True, text=True, **more)
    if check and done.returncode != 0:
        raise SystemExit(f"{' '.join(words[:4])} ended with {done.returncode}:\n{done.stderr}")
    return done


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
