"""An S3 server for as long as a command runs; see run.sh. SERVE_HOST is where it listens, 127.0.0.1 when left out."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
from botocore.config import Config

HERE = Path(__file__).parent
BUCKET, USER = "slipway", "portal"
# What is done below before rights are in force: a bucket, a user, a key, a policy.
UNCHECKED = 4


def main() -> int:
    host = os.environ.get("SERVE_HOST", "127.0.0.1")
    with socket.socket() as s:
        s.bind((host, 0))
        port = s.getsockname()[1]
    url = f"http://{host}:{port}"
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    told = surroundings | {"INITIAL_NO_AUTH_ACTION_COUNT": str(UNCHECKED), "PYTHONWARNINGS": "ignore"}
    # It ends with us, however that happens.
    server = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", sys.executable, "-c", "from moto.server import main; main()", "-H", host, "-p", str(port)],
        env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        wait(host, port, server)
        key = prepare(url)
        found = {
            "TEST_S3": url, "TEST_S3_ID": key["AccessKeyId"], "TEST_S3_SECRET": key["SecretAccessKey"], "TEST_S3_PYTHON": sys.executable,
        }  # fmt: skip
        return subprocess.run(sys.argv[1:], env=surroundings | found).returncode
    finally:
        server.kill()
        server.wait()


def wait(host: str, port: int, server: subprocess.Popen) -> None:
    until = time.monotonic() + 270
    while server.poll() is None and time.monotonic() < until:
        with socket.socket() as s:
            if s.connect_ex((host, port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("the S3 server does not answer")


def prepare(url: str) -> dict:
    """The bucket, and a user who may do with it what the portal needs."""
    known = {"endpoint_url": url, "region_name": "us-east-1", "aws_access_key_id": "root", "aws_secret_access_key": "root"}
    direct = Config(proxies={}, s3={"addressing_style": "path"})
    boto3.client("s3", config=direct, **known).create_bucket(Bucket=BUCKET)
    iam = boto3.client("iam", config=direct, **known)
    iam.create_user(UserName=USER)
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    policy = json.loads((HERE / "../../deploy/s3/policy.json").read_text())
    # Where several objects are deleted at once, moto asks for the right upon the bucket, too; S3 does not.
    policy["Statement"].append({"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{BUCKET}"})
    # So that a bucket that is not there is not a bucket that is somebody else's.
    missing = ["arn:aws:s3:::no-such-bucket", "arn:aws:s3:::no-such-bucket/*"]
    policy["Statement"].append({"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject"], "Resource": missing})
    iam.put_user_policy(UserName=USER, PolicyName=USER, PolicyDocument=json.dumps(policy))
    return key


if __name__ == "__main__":
    sys.exit(main())
