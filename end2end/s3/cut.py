"""A portal on S3 killed in the middle of an upload:  end2end/s3/run.sh sh -c '"$TEST_S3_PYTHON" end2end/s3/cut.py PROGRAM'

Nothing of the file is seen afterwards, what was sent of it goes, and the same upload then succeeds. Nothing lies in the data folder.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
from botocore.config import Config

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from portal import Portal, free_ports, new_password  # noqa: E402

SIZE = 12 << 20
S3 = boto3.client(
    "s3", endpoint_url=os.environ["TEST_S3"], region_name="us-east-1", aws_access_key_id=os.environ["TEST_S3_ID"],
    aws_secret_access_key=os.environ["TEST_S3_SECRET"], config=Config(proxies={}, s3={"addressing_style": "path"}),
)  # fmt: skip


def begun(prefix: str) -> list:
    return S3.list_multipart_uploads(Bucket="slipway", Prefix=prefix).get("Uploads") or []


def until(what: str, seen, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > end:
            raise SystemExit(f"not seen within {seconds:.0f} s: {what}")
        time.sleep(0.1)


def main() -> None:
    binary = os.path.abspath(sys.argv[1])
    data = Path(tempfile.mkdtemp(prefix="slipway-s3-"))
    user, password, port = "admin", new_password(), free_ports()[0]
    portal = Portal(binary, data, port, user, password)
    try:
        api = portal.ready()
        api.call("POST", "/api/v1/session", {"user": user, "password": password})
        api.call("POST", "/api/v1/teams", {"name": "tests", "display_name": "Tests"})
        api.token = api.call("POST", "/api/v1/tokens", {"name": "s3", "team": "tests", "role": "editor", "expires_in": 3600})["token"]
        run = api.call("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]
        path = "/api/2.0/mlflow-artifacts/artifacts/" + run["artifact_uri"].removeprefix("mlflow-artifacts:/") + "/large.bin"
        files = f"/api/2.0/mlflow/artifacts/list?run_id={run['run_id']}"

        with socket.create_connection(("127.0.0.1", port)) as half:
            head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\nContent-Length: {SIZE}\r\n\r\n"
            half.sendall(head.encode() + bytes(SIZE * 2 // 3))
            until("the upload is on its way", lambda: begun(data.name))
            portal.process.kill()
            portal.process.wait()
        assert S3.list_objects_v2(Bucket="slipway", Prefix=data.name)["KeyCount"] == 0, "half a file is seen in the bucket"

        portal = Portal(binary, data, port, user, password)
        portal.ready()
        assert api.call("GET", files).get("files", []) == [], "half a file is listed"
        # The server's dates of uploads are always those of long ago: what is left is swept at once, and not after a day.
        until("what was sent is swept", lambda: not begun(data.name))

        api.raw("PUT", path, bytes(SIZE), content_type="application/octet-stream")
        listed = api.call("GET", files)["files"]
        assert [(f["path"], f["file_size"]) for f in listed] == [("large.bin", SIZE)], listed
        assert S3.list_objects_v2(Bucket="slipway", Prefix=data.name)["KeyCount"] == 1
        assert not (data / "artifacts").exists(), "artifacts lie in the data folder, too"

        doctor(binary, data)
        print("ok: half an upload is never seen, and swept; the same upload again is whole")
    finally:
        portal.stop()
        shutil.rmtree(data, ignore_errors=True)


def doctor(binary: str, data: Path) -> None:
    """It writes, reads, lists and deletes, and tells no secret."""
    env = os.environ | {
        "SLIPWAY_ARTIFACT_STORE": f"s3://slipway/{data.name}", "SLIPWAY_S3_ENDPOINT": os.environ["TEST_S3"],
        "SLIPWAY_S3_ACCESS_KEY_ID": os.environ["TEST_S3_ID"], "SLIPWAY_S3_SECRET_ACCESS_KEY": os.environ["TEST_S3_SECRET"],
    }  # fmt: skip
    said = subprocess.run([binary, "doctor", "--data", str(data), "--output", "json"], env=env, capture_output=True, text=True)
    found = [f for f in json.loads(said.stdout) if f["check"] == "artifact store"]
    assert [f["level"] for f in found] == ["ok"], found
    assert os.environ["TEST_S3_SECRET"] not in said.stdout + said.stderr


if __name__ == "__main__":
    main()
