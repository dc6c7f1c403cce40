"""Schemathesis from /api/openapi.json, as an editor and as nobody. Run by run.sh.

Every answer has to be documented (status, content type, form of the body) and none may be a 5xx. Objects are there for the names and
ids that it tries; the team's quota is small, so that what it launches stays small.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts"))

from portal import Api, Problem  # noqa: E402

URL, TOKEN, TEAM = (os.environ[f"SLIPWAY_{name}"] for name in ("URL", "TOKEN", "TEAM"))
SEED = os.environ.get("SEED", "20261124")
SECONDS = int(os.environ.get("SECONDS_EACH", "40"))

# Streams end when the reader goes; a token could revoke itself.
LEFT_OUT = r"/changes$|/log/stream$|/tokens/\{id\}$"


def main() -> int:
    known = seed()
    with tempfile.TemporaryDirectory(prefix="slipway-fuzz-") as folder:
        config = Path(folder) / "schemathesis.toml"
        config.write_text(configuration(known))
        codes = [run(config, folder, "editor", TOKEN, SECONDS), run(config, folder, "nobody", "", SECONDS // 2)]
    alive()
    return max(codes)


def seed() -> dict[str, list[str]]:
    """One of each noun, and a quota that bounds what is launched."""
    admin, editor = Api(URL), Api(URL, TOKEN)
    admin.call("POST", "/api/v1/session", {"user": os.environ["SLIPWAY_USER"], "password": os.environ["SLIPWAY_PASSWORD"]})
    team = f"/api/v1/teams/{TEAM}"
    admin.call("PUT", f"{team}/quota", {"cpu": "1", "memory": "1Gi", "gpu": "0", "revision": admin.call("GET", f"{team}/quota")["revision"]})
    admin.call("PUT", f"{team}/secrets/key", {"value": "x"})

    mlflow = "/api/2.0/mlflow"
    run = editor.call("POST", f"{mlflow}/runs/create", {"experiment_id": "0", "run_name": "seed"})["run"]["info"]
    editor.call("POST", f"{mlflow}/runs/log-metric", {"run_id": run["run_id"], "key": "loss", "value": 0.5, "timestamp": 1, "step": 1})
    below = run["artifact_uri"].removeprefix("mlflow-artifacts:/").lstrip("/")
    files = "/api/2.0/mlflow-artifacts/artifacts/" + below
    editor.raw("PUT", f"{files}/model/MLmodel", b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n", content_type="application/octet-stream")
    editor.call("POST", f"{team}/model-versions", {"model": "seed", "run_id": run["run_id"], "source": "model"})
    editor.call("PUT", f"{team}/models/seed/aliases/best", {"version": 1})
    for noun, body in (
        ("notebooks", {"name": "seed", "environment": "notebook", "cpu": "100m", "memory": "256Mi"}),
        ("deployments", {"name": "seed", "model": "seed", "version": 1, "cpu": "100m", "memory": "256Mi"}),
        ("runs", {"name": "seed", "environment": "train", "command": ["python", "-c", "print(1)"], "cpu": "100m", "memory": "256Mi"}),
    ):
        editor.call("POST", f"{team}/{noun}", body)
    runs = [r["id"] for r in editor.call("GET", f"{team}/runs")["items"]]
    return {"team": [TEAM], "id": runs, "name": ["seed", "train", "key"], "model": ["seed"], "alias": ["best"], "user": [os.environ["SLIPWAY_USER"]]}


def configuration(known: dict[str, list[str]]) -> str:
    """Schemathesis' configuration: mostly what is there, sometimes anything."""
    lines = [f'hooks = "{HERE / "hooks.py"}"', ""]
    lines += [line for name, values in known.items() for line in (f"[dictionaries.{name}]", f"values = {json.dumps(values)}", "")]
    lines += ["[parameters]"]
    lines += [f'"path.{name}" = {{ dictionary = "{name}", probability = {0.95 if name == "team" else 0.7} }}' for name in known]
    return "\n".join(lines) + "\n"


def run(config: Path, folder: str, who: str, token: str, seconds: int) -> int:
    begun = time.monotonic()
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(config), "--no-color", "run", f"{URL}/api/openapi.json",
        "--checks", checks, "--exclude-path-regex", LEFT_OUT, "--phases", "coverage,fuzzing", "--max-examples", "20", "--no-shrink",
        "--max-time", str(seconds), "--seed", SEED, "--workers", "2", "--request-timeout", "20", "--continue-on-failure", "--warnings", "off",
    ]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    print(f"as {who}, seed {SEED}", flush=True)
    code = subprocess.run(command, cwd=folder, env=os.environ | {"SCHEMATHESIS_HOOKS": ""}).returncode
    print(f"as {who}: exit code {code} after {time.monotonic() - begun:.0f} s", flush=True)
    return code


def alive() -> None:
    """After all of it the portal is ready; it answered no 5xx to anybody, and its log tells of no panic and no failure of ours."""
    try:
        Api(URL).raw("GET", "/readyz", timeout=20)
        numbers = Api(URL).raw("GET", "/metrics", timeout=20).decode()
    except Problem as problem:
        sys.exit(f"the portal is not ready any more: {problem}")
    answers = re.findall(r'^slipway_http_request_duration_seconds_count\{(.*code="(\d)\d\d".*)\} (\d+)', numbers, re.MULTILINE)
    if sum(int(count) for _, _, count in answers) < 200:
        sys.exit("the portal counts no answers: nothing was tested")
    log = (Path(os.environ["SLIPWAY_DATA"]) / "server.log").read_text(errors="replace").splitlines()
    # Before it is ready it says so with a 503.
    wrong = [f"answered: {labels} {count} times" for labels, code, count in answers if code == "5" and '"/readyz"' not in labels]
    # Answers are counted above, by route.
    wrong += [f"log: {line}" for line in log if "panicked" in line or " ERROR " in line]
    if wrong:
        sys.exit("the portal failed:\n" + "\n".join(wrong[:40]))
    print(f"no 5xx in {sum(int(count) for _, _, count in answers)} answers, no panic and no error in {len(log)} lines of the log")


if __name__ == "__main__":
    sys.exit(main())
