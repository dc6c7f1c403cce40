#!/usr/bin/env python3
"""A disk that runs full:  end2end/disk/full.py BINARY

The data folder is a small file system of its own (root may mount one; without the right to it says SKIPPED and why). It is filled, and
everything that writes is asked to: each refuses in a sentence, nothing half-written is ever seen, and once there is room again the same
server goes on as if nothing had been. Standard library only.
"""

import io
import json
import os
import secrets
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from portal import Api, Portal, Problem, free_ports, new_password  # noqa: E402

MIB = 1 << 20
MLFLOW = "/api/2.0/mlflow"
TEAM = "/api/v1/teams/full"


def mounted(folder: Path) -> str:
    """Why it could not be mounted; nothing where it was."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=0755", "slipway-full", str(folder)], capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"mount ended with {done.returncode}")


def packed(size: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        entry = tarfile.TarInfo("noise.bin")
        entry.size = size
        tar.addfile(entry, io.BytesIO(secrets.token_bytes(size)))
    return out.getvalue()


class Full(unittest.TestCase):
    """One story; each test goes on where the one before ended."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="slipway-full-"))
        if why := mounted(cls.folder):
            cls.folder.rmdir()
            print(f"SKIPPED: no file system of its own could be mounted for the data folder: {why}", flush=True)
            raise unittest.SkipTest(why)
        cls.addClassCleanup(cls.unmount)
        user, password = "admin", new_password()
        cls.portal = Portal(os.path.abspath(BINARY), cls.folder / "data", free_ports()[0], user, password)
        cls.addClassCleanup(cls.portal.stop)
        cls.data, cls.filler = cls.folder / "data", cls.folder / "filler"
        admin = cls.portal.ready()
        admin.call("POST", "/api/v1/session", {"user": user, "password": password})
        admin.call("POST", "/api/v1/teams", {"name": "full", "display_name": "Full"})
        token = admin.call("POST", "/api/v1/tokens", {"name": "t", "team": "full", "role": "editor", "expires_in": 86400})["token"]
        cls.api = Api(cls.portal.url, token)
        run = cls.api.call("POST", f"{MLFLOW}/runs/create", {"experiment_id": "0"})["run"]["info"]
        cls.run_id, below = run["run_id"], run["artifact_uri"].split(":/", 1)[1].lstrip("/")
        cls.files = f"/api/2.0/mlflow-artifacts/artifacts/{below}"
        # Odd in length, so that its last piece is a small one.
        cls.weights = secrets.token_bytes(3 * MIB + 12_345)
        cls.put("model/MLmodel", b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n")
        cls.put("model/model.bin", cls.weights)
        cls.api.call("POST", f"{TEAM}/model-versions", {"model": "m", "run_id": cls.run_id, "source": "model"})

    def tearDown(self):
        if any(error for _, error in self._outcome.result.failures + self._outcome.result.errors):
            print(f"The portal's last words:\n{self.portal.last_words(40)}", file=sys.stderr)

    @classmethod
    def unmount(cls):
        subprocess.run(["umount", "--lazy", str(cls.folder)], check=False)
        cls.folder.rmdir()

    @classmethod
    def put(cls, name: str, content: bytes):
        return cls.api.raw("PUT", f"{cls.files}/{name}", content, content_type="application/octet-stream")

    def fill(self, leave: int):
        """Takes all the room there is, but for so many bytes."""
        self.filler.unlink(missing_ok=True)
        self.top_up(leave)

    def top_up(self, leave: int = 0):
        """Takes what has become free since, too: what else lies on the disk is put away meanwhile."""
        stat = os.statvfs(self.folder)
        left = stat.f_bavail * stat.f_frsize - leave
        # Without a buffer of our own: closing would write what is left of it, and fail.
        with open(self.filler, "ab", buffering=0) as out:
            try:
                while left > 0:
                    left -= out.write(b"\0" * min(left, 64 * 1024))
            except OSError:
                pass

    def refused(self, method: str, path: str, body, **more) -> dict:
        """The body of a refusal for want of room."""
        with self.assertRaises(Problem) as caught:
            self.api.raw(method, path, body, **more)
        self.assertEqual(caught.exception.status, 507, str(caught.exception))
        self.assertIn("disk is full", str(caught.exception))
        return caught.exception

    def room_of_the_log(self) -> int:
        """How many pages fit into the database's write-ahead log as it lies on the disk: one that was refused may have written some of its own.

        A header of 32 bytes, then frames of a header of 24 bytes and a page; bytes 4 to 8 of a frame's header are not 0 where it ends a
        transaction, bytes 8 to 16 are those of the log's header where it is of this turn (https://www.sqlite.org/fileformat2.html#walformat).
        """
        log, ended = (self.data / "slipway.db-wal").read_bytes(), 0
        frame = 24 + int.from_bytes(log[8:12], "big")
        frames = [log[at : at + 24] for at in range(32, len(log) - frame + 1, frame)]
        for number, head in enumerate(frames, 1):
            if head[8:16] != log[16:24]:
                break
            if any(head[4:8]):
                ended = number
        return len(frames) - ended

    def below(self, name: str) -> list[str]:
        return sorted(str(p.relative_to(self.data)) for p in (self.data / name).rglob("*") if p.is_file())

    def test_1_artifacts_and_uploads_are_refused_whole(self):
        before = self.below("artifacts")
        self.fill(leave=2 * MIB)
        for name, size in (("small.bin", 4 * MIB), ("large.bin", 24 * MIB + 17)):
            self.refused("PUT", f"{self.files}/{name}", secrets.token_bytes(size), content_type="application/octet-stream")
        # What was there stays as it was when its replacement does not fit.
        self.refused("PUT", f"{self.files}/model/model.bin", secrets.token_bytes(8 * MIB), content_type="application/octet-stream")
        self.assertEqual(self.api.raw("GET", f"{self.files}/model/model.bin"), self.weights)
        self.refused("POST", f"{TEAM}/code", packed(5 * MIB), content_type="application/gzip")
        self.assertEqual((self.below("artifacts"), self.below("code")), (before, []))

    def deployed(self) -> dict:
        """What became of a new deployment of the model: its server may not even start, its files are the matter."""
        name = f"d-{secrets.token_hex(3)}"
        self.api.call("POST", f"{TEAM}/deployments", {"name": name, "model": "m", "version": 1, "cpu": "100m", "memory": "256Mi"})
        until = time.monotonic() + 270
        while time.monotonic() < until:
            seen = self.api.call("GET", f"{TEAM}/deployments/{name}")
            if seen["state"] == "failed" or self.copies():
                return seen
            time.sleep(0.2)
        self.fail(f"nothing became of it: {seen}")

    def copies(self) -> list[Path]:
        models = self.data / "models"
        return [p for p in models.iterdir() if not p.name.startswith(".")] if models.is_dir() else []

    def test_2_a_model_is_copied_whole_or_not_at_all(self):
        self.fill(leave=2 * MIB)
        seen = self.deployed()
        self.assertEqual(seen["state"], "failed", seen)
        self.assertIn("disk is full", json.dumps(seen))
        self.assertEqual(self.below("models"), [])

    def test_3_with_no_room_at_all_the_server_stays_up(self):
        # Room for a few points, not for all.
        self.fill(leave=512 * 1024)
        point = {"run_id": self.run_id, "key": "loss", "value": 0.5, "timestamp": 1}
        said = None
        for step in range(20_000):
            try:
                self.api.call("POST", f"{MLFLOW}/runs/log-metric", point | {"step": step})
            except Problem as problem:
                said = problem
                break
        self.assertEqual((said and said.status), 507, str(said))
        self.assertIn("disk is full", str(said))
        self.assertGreater(step, 0)
        self.__class__.kept = step
        # Now really none, not even for the server's own log, which lies on the same disk.
        self.fill(leave=0)
        kept, refused = None, 0
        for number in range(600):
            self.top_up()
            room, value = self.room_of_the_log(), str(number) + "v" * 4000
            tags = {"run_id": self.run_id, "tags": [{"key": "t", "value": value}]}
            try:
                self.api.raw("POST", f"{MLFLOW}/runs/log-batch", tags)
                self.assertGreater(room, 0, "kept, and nowhere was room for it")
                kept = value
            except Problem as problem:
                self.assertEqual((problem.status, "disk is full" in str(problem)), (507, True), str(problem))
                refused += 1
            if refused == 30:
                break
        self.assertEqual(refused, 30)
        run = self.api.call("GET", f"{MLFLOW}/runs/get?run_id={self.run_id}")["run"]
        tags = {t["key"]: t["value"] for t in run["data"].get("tags", [])}
        self.assertEqual(tags.get("t"), kept, "what was kept is there, and nothing of what was refused")
        # It still reads.
        self.api.raw("GET", "/healthz")
        self.assertEqual(self.api.call("GET", f"{MLFLOW}/runs/get?run_id={self.run_id}")["run"]["info"]["run_id"], self.run_id)
        self.assertIsNone(self.portal.process.poll())

    def test_4_a_log_loses_whole_lines_and_says_how_many(self):
        self.filler.unlink()
        until = time.monotonic() + 600
        while (build := self.api.call("GET", f"{TEAM}/environments/train")["latest"]["build"]) != "ready":
            self.assertLess(time.monotonic(), until, f"the environment is {build}")
            time.sleep(0.5)
        code = "import time\nfor i in range(300):\n  print('x' * 2000, i, flush=True)\n  time.sleep(0.02)\n"
        run = self.api.call("POST", f"{TEAM}/runs", {"environment": "train", "command": ["python", "-c", code], "cpu": "100m", "memory": "256Mi"})
        path = f"{TEAM}/runs/{run['id']}"
        log = lambda: self.api.raw("GET", f"{path}/log/text").decode()  # noqa: E731
        while "xxx" not in log():
            self.assertLess(time.monotonic(), until, "the run says nothing")
            time.sleep(0.1)
        self.fill(leave=0)
        time.sleep(2)
        self.filler.unlink()
        while self.api.call("GET", path)["state"] not in ("succeeded", "failed"):
            self.assertLess(time.monotonic(), until, "the run does not end")
            time.sleep(0.2)
        self.assertEqual(self.api.call("GET", path)["state"], "succeeded")
        lines = log().splitlines()
        self.assertTrue(any("lines are missing here" in line for line in lines), lines[-1][-200:])
        printed = [line for line in lines if "xxx" in line]
        for line in printed:
            self.assertRegex(line, r"^\S+Z \S+ x{2000} \d+$|^x{2000} \d+$")
        self.assertLess(len(printed), 300)

    def test_5_with_room_again_it_goes_on(self):
        self.api.raw("GET", "/readyz")
        self.put("small.bin", b"x" * (4 * MIB))
        self.put("large.bin", b"y" * (12 * MIB + 17))
        self.api.call("POST", f"{TEAM}/code", packed(5 * MIB), content_type="application/gzip")
        self.deployed()
        (copy,) = self.copies()
        self.assertEqual((copy / "model.bin").read_bytes(), self.weights)
        # Every point that was acknowledged is there, and none that was refused.
        self.api.call("POST", f"{MLFLOW}/runs/log-metric", {"run_id": self.run_id, "key": "after", "value": 1.0, "timestamp": 2})
        series = self.api.call("GET", f"{TEAM}/runs/{self.run_id}/metrics?keys=loss")[0]
        self.assertEqual(series["total"], self.kept)
        self.assertIsNone(self.portal.process.poll())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
