#!/usr/bin/env python3
"""The main job, once, on a portal of its own: from sign-in to a prediction, through the public API.

    scripts/demo.py BINARY [--port 8080] [--data DIR] [--once]
    scripts/demo.py --url URL        the same on a portal that is there; the password of SLIPWAY_USER (admin) in SLIPWAY_PASSWORD

It is a script and not a command of Slipway so that it can do only what anybody can: every step is a call of the REST
API, with the paths in plain sight. Standard library only. With --once it ends after the prediction, and its exit code is
0 only if every step really happened; otherwise the portal stays up until Ctrl-C.
"""

import argparse
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from portal import Api, Portal, Problem, new_password, port_is_free

TEAM, NOTEBOOK, MODEL, DEPLOYMENT = "demo", "first-notebook", "digits", "digits"
TRAIN = Path(__file__).resolve().parent.parent / "server/runtimes/demo/train.py"
EPOCHS = 40


class Failed(Exception):
    """A step did not happen."""


class Step:
    """Prints what is done, how long it took, and where to look at it."""

    number = 0

    def __init__(self, words: str):
        Step.number += 1
        self.words, self.since = words, time.monotonic()
        self.live = sys.stdout.isatty()
        self.last = ""

    def note(self, text: str) -> None:
        """What is waited for, on a terminal."""
        if self.live and text != self.last:
            self.last = text
            print(f"\r\033[K {Step.number:2}  {self.words} ... {text}"[:150], end="", flush=True)

    def done(self, said: str, link: str = "") -> None:
        seconds = time.monotonic() - self.since
        start = "\r\033[K" if self.live else ""
        print(f"{start} {Step.number:2}  {self.words:<34} {seconds:6.1f} s   {said}", flush=True)
        if link:
            print(f"     {link}", flush=True)


def wait(step: Step, ask, good, bad, seconds: float):
    """Asks until it is good. Bad, or too late, ends the demo."""
    until = time.monotonic() + seconds
    while True:
        thing = ask()
        if good(thing):
            return thing
        reason = thing.get("reason") or ""
        state = thing.get("state") or thing.get("build") or ""
        if bad(thing):
            raise Failed(f"{step.words}: {state}. {reason}")
        if time.monotonic() > until:
            raise Failed(f"{step.words}: still {state} after {seconds:.0f} s. {reason}")
        step.note(f"{state} {reason}".strip())
        time.sleep(0.25)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?")
    parser.add_argument("--url")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--data", type=Path, default=Path("data/demo"))
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--then", help="command to run when all is done; the demo ends with its exit code")
    options = parser.parse_args()
    if options.url:
        return on_another(options.url)
    if not options.binary:
        parser.error("name the program, or a portal with --url")
    for port in (options.port, options.port + 1):
        if not port_is_free(port):
            print(
                f"Port {port} is in use by another program: end it, or choose another with PORT=.\n"
                f"(The demo needs {options.port} for the portal and {options.port + 1} for notebooks.)",
                file=sys.stderr,
            )
            return 1
    data = options.data.resolve()
    user, password = "admin", kept_password(data)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a script started us in the background
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    step = Step("Start Slipway")
    portal = Portal(options.binary, data, options.port, user, password)
    api = None
    try:
        api = portal.ready()
        step.done(f"process {portal.process.pid}, data in {data}", portal.url)
        perform(api, user, password)
        print(f"\nThe main job is done. The dashboard is at {portal.url}")
        if options.then:
            env = os.environ | {"SLIPWAY_URL": portal.url, "SLIPWAY_USER": user, "SLIPWAY_PASSWORD": password}
            return subprocess.run(options.then, shell=True, env=env).returncode
        if options.once:
            return 0
        print(f"Sign in as {user} with the password {password}\nIt stays up until Ctrl-C.", flush=True)
        portal.process.wait()
        print(f"Slipway ended by itself. Its last words:\n{portal.last_words()}", file=sys.stderr)
        return 1
    except (Failed, Problem) as problem:
        print(f"\nThe demo failed at step {Step.number}: {problem}\nThe portal's last words:\n{portal.last_words()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nEnding.")
        return 0
    finally:
        if api:
            tidy(api)
        portal.stop()


def on_another(url: str) -> int:
    api = Api(url.rstrip("/"))
    try:
        perform(api, os.environ.get("SLIPWAY_USER", "admin"), os.environ["SLIPWAY_PASSWORD"])
        return 0
    except (Failed, Problem) as problem:
        print(f"\nThe demo failed at step {Step.number}: {problem}", file=sys.stderr)
        return 1
    finally:
        tidy(api)


def kept_password(data: Path) -> str:
    """Made up at the first start on a data folder; kept beside it for the next one."""
    path = data / "demo-password"
    data.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(new_password())
    return path.read_text().strip()


def perform(api: Api, user: str, password: str) -> None:
    team = f"/api/v1/teams/{TEAM}"
    page = f"{api.url}/teams/{TEAM}"

    step = Step("Sign in")
    me = api.call("POST", "/api/v1/session", {"user": user, "password": password})
    step.done(f"{me['user']}, platform admin" if me["admin"] else me["user"])

    step = Step("Make a team")
    if not any(t["name"] == TEAM for t in me["teams"]):
        api.call("POST", "/api/v1/teams", {"name": TEAM, "display_name": "Demo"})
    step.done(TEAM, page)

    step = Step("Make a token")
    new = {"name": "demo", "team": TEAM, "role": "editor", "expires_in": 86400}
    token = api.call("POST", "/api/v1/tokens", new)["token"]
    script = Api(api.url, token)
    step.done(f"{token[:11]}..., an editor's, for a day: all that follows uses it")

    for name in ("notebook", "train", "serve"):
        step = Step(f"Environment {name}")
        latest = wait(
            step, lambda: script.call("GET", f"{team}/environments/{name}")["latest"],
            lambda v: v["build"] == "ready", lambda v: v["build"] == "failed", 900,
        )
        step.done(f"v{latest['version']}: {', '.join(latest['packages'])}"[:110], f"{page}/environments" if name == "serve" else "")

    step = Step("Launch a notebook")
    launch(script, team)
    ended = ("failed", "stopped", "cancelled")
    wait(
        step, lambda: script.call("GET", f"{team}/notebooks/{NOTEBOOK}"),
        lambda n: n["state"] == "running", lambda n: n["state"] in ended, 180,
    )
    # As a browser does: a ticket that works once becomes a cookie for this notebook on the notebook origin.
    opened = script.call("POST", f"{team}/notebooks/{NOTEBOOK}/open", {})["url"]
    browser = Api(opened.split("/notebook/")[0])
    browser.raw("GET", opened)
    status = browser.call("GET", f"/notebook/{TEAM}/{NOTEBOOK}/api/status")
    if "kernels" not in status:
        raise Failed(f"JupyterLab did not answer through the proxy: {status}")
    step.done("JupyterLab answers through the proxy", f"{page}/notebooks")

    step = Step("Submit a training run")
    digest = script.call("POST", f"{team}/code", packed(TRAIN), content_type="application/gzip")["digest"]
    run = script.call("POST", f"{team}/runs", {
        "name": "digits", "experiment": "digits", "environment": "train", "cpu": "500m", "memory": "1Gi",
        "command": ["python", "train.py"], "params": {"epochs": str(EPOCHS)}, "code": {"type": "upload", "digest": digest},
    })
    link = f"{page}/runs/{run['id']}"
    step.done(f"python train.py --epochs {EPOCHS}", link)

    step = Step("Train")
    run = wait(
        step, lambda: script.call("GET", f"{team}/runs/{run['id']}"),
        lambda r: r["state"] == "succeeded", lambda r: r["state"] in ("failed", "cancelled"), 600,
    )
    log = script.call("GET", f"{team}/runs/{run['id']}/log?limit=5000")["items"]
    step.done(f"succeeded, {len(log)} lines of log")

    step = Step("Look at its curves")
    curves = {s["key"]: s for s in script.call("GET", f"{team}/runs/{run['id']}/metrics")}
    for key in ("loss", "val_accuracy"):
        if key not in curves or curves[key]["total"] != EPOCHS:
            raise Failed(f"the curve of {key} does not have {EPOCHS} points: {curves.get(key, {}).get('total')}")
    first, last = (curves["val_accuracy"]["points"][i]["value"] for i in (0, -1))
    if not last > max(first, 0.9):
        raise Failed(f"it learnt nothing: val_accuracy from {first} to {last}")
    step.done(f"val_accuracy {first:.3f} -> {last:.3f} over {EPOCHS} epochs", link)

    step = Step("Register the model")
    version = script.call("POST", f"{team}/model-versions", {"model": MODEL, "run_id": run["id"]})
    if (version.get("lineage") or {}).get("run_id") != run["id"]:
        raise Failed(f"the version does not know its run: {version.get('lineage')}")
    step.done(f"{MODEL} v{version['version']}", f"{page}/models/{MODEL}")

    step = Step("Deploy it")
    deployment = deploy(script, team, version["version"])
    deployment = wait(
        step, lambda: script.call("GET", f"{team}/deployments/{DEPLOYMENT}"),
        lambda d: d["state"] == "running" and (d.get("serving") or {}).get("version") == version["version"] and not d.get("next"),
        lambda d: d["state"] in ended or ((d.get("next") or {}).get("state") == "failed"), 300,
    )
    smoke = deployment["serving"].get("smoke") or {}
    step.done(smoke.get("detail") or "serving", f"{page}/deployments/{DEPLOYMENT}")

    example = script.call("GET", f"{team}/deployments/{DEPLOYMENT}/example")
    step = Step("Prediction, V1")
    answer = script.call("POST", deployment["predict_path"], example["v1"])
    if not answer.get("predictions"):
        raise Failed(f"no predictions in {json.dumps(answer)[:200]}")
    step.done(json.dumps(answer)[:100], api.url + deployment["predict_path"])

    step = Step("Prediction, V2")
    path = f"{deployment['path']}/v2/models/{DEPLOYMENT}/infer"
    answer = script.call("POST", path, example["v2"])
    if not answer.get("outputs") or not answer["outputs"][0].get("data"):
        raise Failed(f"no outputs in {json.dumps(answer)[:200]}")
    step.done(json.dumps(answer["outputs"])[:100], api.url + path)


def launch(script: Api, team: str) -> None:
    """Launches the notebook; on a data folder that knows it, starts it."""
    try:
        script.call("POST", f"{team}/notebooks", {"name": NOTEBOOK, "environment": "notebook", "cpu": "250m", "memory": "512Mi"})
    except Problem as problem:
        if problem.status != 409:
            raise
        if script.call("GET", f"{team}/notebooks/{NOTEBOOK}")["state"] in ("stopped", "failed"):
            script.call("POST", f"{team}/notebooks/{NOTEBOOK}/start")


def deploy(script: Api, team: str, version: int):
    """Makes the deployment; on a data folder that knows it, serves the new version instead."""
    amount = {"cpu": "250m", "memory": "768Mi"}
    try:
        return script.call("POST", f"{team}/deployments", {"name": DEPLOYMENT, "model": MODEL, "version": version, **amount})
    except Problem as problem:
        if problem.status != 409:
            raise
        return script.call("POST", f"{team}/deployments/{DEPLOYMENT}/redeploy", {"version": version, **amount})


def packed(script: Path) -> bytes:
    """A gzipped tar of one file, the same bytes each time."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        content = script.read_bytes()
        info = tarfile.TarInfo(script.name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def tidy(api: Api) -> None:
    """Workloads outlive the portal: what the demo started is stopped before it ends."""
    team, until = f"/api/v1/teams/{TEAM}", time.monotonic() + 30
    for path in (f"{team}/notebooks/{NOTEBOOK}", f"{team}/deployments/{DEPLOYMENT}"):
        try:
            api.call("POST", f"{path}/stop", timeout=10)
            while time.monotonic() < until and api.call("GET", path, timeout=10)["state"] not in ("stopped", "failed"):
                time.sleep(0.25)
        except Problem:
            pass  # never made, or stopped already


if __name__ == "__main__":
    sys.exit(main())
