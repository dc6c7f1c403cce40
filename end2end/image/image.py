#!/usr/bin/env python3
"""The images of deploy/docker, made from their Dockerfiles by buildah:  end2end/image/image.py PROGRAM [ARCHIVE.tar]

PROGRAM is a release; the Dockerfile is told where it lies, so what it does to compile one is the only part that does not run here. Bases are
the small Debian of the cluster for tests under the bases' own names: no registry of images is asked. Slipway's image has to be what
deploy/docker/root.sh lays out, with the settings of the images that tests use; of the environments one is made, `serve`, and has to start its
server's parts. With ARCHIVE Slipway's image is kept, and no environment is made. As root; SKIPPED where buildah is not there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "end2end/cluster"))
import images  # noqa: E402
import layers  # noqa: E402
from place import SKIPPED, Failed  # noqa: E402

DOCKERFILE, ENVIRONMENT = "deploy/docker/Dockerfile", "deploy/docker/environment.Dockerfile"
NAME = images.name("slipway")


def main() -> int:
    program, archive = Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute() if len(sys.argv) > 2 else None
    if not program.is_file():
        raise Failed(f"There is no program {program}.")
    if os.geteuid() != 0 or not shutil.which("buildah"):
        print("SKIPPED: an image is made from the Dockerfile by root, with buildah:  apt-get install buildah")
        return SKIPPED
    with images.temporary() as at:
        at = Path(at)
        made = Buildah(at)
        files = context(at, program)
        made.build(DOCKERFILE, NAME, files, "PROGRAM=program")
        check(made, at, program)
        print(f"{DOCKERFILE}: {made.size(NAME) / 1e6:.0f} MB, of which the program {program.stat().st_size / 1e6:.0f} MB", flush=True)
        if archive:
            archive.unlink(missing_ok=True)
            made.say("push", "--quiet", NAME, f"docker-archive:{archive}:{NAME}")
        else:
            environment(made, files)
    return 0


class Buildah:
    """With a store of its own, and no need of user namespaces or overlays."""

    def __init__(self, at: Path):
        self.words = ["buildah", "--root", str(at / "store"), "--runroot", str(at / "run"), "--storage-driver", "vfs"]
        self.environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}

    def say(self, *words: str) -> str:
        done = subprocess.run([*self.words, *words], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"`buildah {words[0]}` ended with {done.returncode}:\n{done.stderr or done.stdout}")
        return done.stdout.strip()

    def build(self, dockerfile: str, name: str, files: Path, argument: str) -> None:
        base = re.search(r"^FROM (\S+)", (ROOT / dockerfile).read_text(), re.M)[1]
        container = self.say("from", "scratch")
        self.say("add", "--quiet", container, str(layers.base().tar), "/")
        self.say("commit", "--quiet", "--rm", container, f"docker.io/library/{base}")
        # A package index is asked as this machine would ask it.
        borrowed = [word for file in layers.borrowed() for word in ("--volume", f"{file}:{file}:ro")]
        self.say("build", "--pull-never", "--quiet", *borrowed, "-f", str(ROOT / dockerfile), "--build-arg", argument, "-t", name, str(files))

    def config(self, name: str) -> dict:
        return json.loads(self.say("inspect", "--type", "image", name))["OCIv1"]["config"]

    def tree(self, name: str) -> Path:
        return Path(self.say("mount", self.say("from", "--pull-never", name)))

    def size(self, name: str) -> int:
        return sum(p.lstat().st_size for p in self.tree(name).rglob("*") if p.is_file() and not p.is_symlink())


def context(at: Path, program: Path) -> Path:
    """What a clone has, and the program."""
    folder = at / "context"
    folder.mkdir()
    files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, files.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    shutil.copy2(program, folder / "program")
    return folder


def check(made: Buildah, at: Path, program: Path) -> None:
    (at / "expected").mkdir()
    expected = images.slipway(program, at / "expected")
    found, wanted = told(made.tree(NAME)), told(at / "expected/root")
    if found != wanted:
        differ = sorted(f"{p}: {found.get(p)} is not {wanted.get(p)}" for p in found.keys() | wanted.keys() if found.get(p) != wanted.get(p))
        raise Failed("The image is not what deploy/docker/root.sh lays out:\n  " + "\n  ".join(differ))
    config, other = made.config(NAME), json.loads(expected.config())["config"]
    for key in ("User", "WorkingDir", "Entrypoint", "Cmd"):
        if config[key] != other[key]:
            raise Failed(f"{key} is {config[key]} in the image, and {other[key]} in that of the cluster for tests.")
    if sorted(config["Env"]) != sorted(other["Env"]):
        raise Failed(f"Env is {config['Env']} in the image, and {other['Env']} in that of the cluster for tests.")


def environment(made: Buildah, files: Path) -> None:
    """It runs as its user, and finds what its lock names."""
    name = images.name("serve")
    made.build(ENVIRONMENT, name, files, "NAME=serve")
    container = made.say("from", "--pull-never", name)
    said = made.say("run", container, "--", "python3", "-c", "import os, sys, sklearn, uvicorn; print(os.getuid(), sys.prefix)")
    if said != f"1000 {layers.AT}":
        raise Failed(f"The environment serve says {said}.")
    print(f"{ENVIRONMENT}: serve, {made.size(name) / 1e6:.0f} MB with a base of {layers.base().size / 1e6:.0f} MB")


def told(root: Path) -> dict:
    """Each path with its rights, its owner and, of a file, its size. The libraries are of the base, and not of this machine."""
    out = {}
    for path in sorted(root.rglob("*")):
        s, below = path.lstat(), str(path.relative_to(root))
        foreign = below.startswith(("lib", "etc/ssl"))
        out[below] = (oct(s.st_mode), s.st_uid, s.st_gid, 0 if foreign or path.is_dir() else s.st_size)
    return out


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as why:
        print(why, file=sys.stderr)
        sys.exit(1)
