"""The images a node can have, and the containerd folder it finds them in: imported once, shared by every cluster that is brought up."""

import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

import binaries
import layers
from archive import Image, Layer, write
from binaries import alone, say
from layers import AT, hashed
from place import HERE, Failed, cache

SETS = ("pause", "base", "all")
SNAPSHOTS = "io.containerd.snapshotter.v1.overlayfs/snapshots"
BLOBS = "io.containerd.content.v1.content/blobs/sha256"
PATH = "/usr/local/bin:/usr/bin:/bin"
# `python:3.11`, the image of every lightweight component, under the name that a node looks for.
TASKS = "docker.io/library/python:3.11"
IMPORT = """
mount -t tmpfs tmpfs /run
printf 'version = 2\\ndisabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]\\n' >/run/config.toml
containerd --config /run/config.toml --root "$STORE" --state /run/state --address /run/c.sock --log-level error </dev/null &
until ctr -a /run/c.sock version >/dev/null 2>&1; do kill -0 $! && sleep 0.1; done
ctr -a /run/c.sock -n k8s.io images import -
kill $!
wait
"""


def name(image: str) -> str:
    """Tags are fixed: a tag `latest` would be looked for in a registry."""
    return f"slipway.test/{image}:1"


def python_image(named: str, of: "list[Layer]") -> Image:
    environment = {"PATH": PATH, "HOME": "/home/slipway", "LANG": "C.UTF-8"}
    if len(of) > 1:
        environment |= {"PATH": f"{AT}/bin:{PATH}", "VIRTUAL_ENV": AT}
    return Image(named, of, user="1000:1000", command=["python3"], environment=environment, folder="/home/slipway")


def known(which: str) -> "list[Image]":
    """The images of a set, made when they are missing."""
    found = [Image(name("pause"), [pause()], user="65535:65535", entrypoint=["/pause"])]
    if which in ("base", "all"):
        found.append(python_image(name("base"), [layers.base()]))
    if which == "all":
        found += [python_image(name(n), of) for n, of in layers.environments().items()]
        tasks = python_image(TASKS, layers.pipelines())
        # As small images do, it knows no authority.
        tasks.environment |= {"SSL_CERT_FILE": "/none", "SSL_CERT_DIR": "/none"}
        found.append(tasks)
    return found


def pause() -> Layer:
    def make(tar: Path) -> None:
        with tarfile.open(tar, "w") as out:
            out.add(binaries.made() / "pause", "pause")

    return layers.kept("pause", binaries.digest(), make)


def slipway(binary: Path, at: Path, beside: "list[Path]" = []) -> Image:
    """Slipway's own image, laid out as its Dockerfile does; folders beside it keep their place."""
    if not binary.is_file():
        raise Failed(f"There is no program {binary}.")
    root, tar = at / "root", at / "layer.tar"
    subprocess.run([HERE.parents[1] / "deploy/docker/root.sh", root, binary], check=True)
    for folder in beside:
        shutil.copytree(folder, root / str(folder.resolve())[1:])
    subprocess.run(["tar", "-C", root, "--numeric-owner", "--sort=name", "-cf", tar, "."], check=True)
    environment = {
        "PATH": "/usr/bin", "HOME": "/data", "SLIPWAY_DATA": "/data", "SLIPWAY_LISTEN": "0.0.0.0:8080", "SLIPWAY_NOTEBOOK_LISTEN": "0.0.0.0:8081",
    }  # fmt: skip
    return Image(name("slipway"), [Layer.of(tar)], "65532:65532", ["/usr/bin/slipway"], ["serve"], environment, "/data")


def store(which: str) -> Path:
    """A containerd folder with the images of a set."""
    wanted = known(which)
    key = hashed(*(f"{i.name} {i.config().decode()}" for i in wanted))
    final = cache() / "stores" / f"{which}-{key}"
    if not final.is_dir():
        with alone(f"store-{which}"):
            if not final.is_dir():
                make_store(wanted, final)
    return final


def make_store(wanted: "list[Image]", final: Path) -> None:
    since = time.monotonic()
    say(f"  importing {', '.join(i.name for i in wanted)}")
    making = final.with_name(f"{final.name}.tmp-{os.getpid()}")
    making.mkdir(parents=True)
    try:
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-euc", IMPORT]
        importing = subprocess.Popen(command, env=os.environ | {"STORE": str(making)}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            write(wanted, importing.stdin)
            importing.stdin.close()
        except BrokenPipeError:
            pass
        if importing.wait() != 0:
            raise Failed(f"The images were not imported: containerd or ctr ended with {importing.returncode}.")
        # The layers lie in the cache already.
        for layer in {layer.digest: layer for image in wanted for layer in image.layers}.values():
            blob = making / BLOBS / layer.digest.split(":")[1]
            blob.unlink()
            os.link(layer.tar, blob)
        making.rename(final)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    say(f"  imported in {time.monotonic() - since:.0f} s to {final}")


def bind_store(made: Path, target: Path) -> None:
    """Gives a node the images without a copy: the database is its own, unpacked layers and their archives are seen where they lie."""
    if not made.is_dir():
        raise Failed(f"The images this cluster was started with are gone from {made}: start one in a new folder.")
    shared = {SNAPSHOTS, BLOBS}

    def ignore(at: str, names: "list[str]") -> "list[str]":
        return names if str(Path(at).relative_to(made)) in shared else []

    first = not (target / SNAPSHOTS).exists()
    if first:
        shutil.copytree(made, target, ignore=ignore, dirs_exist_ok=True)
    for below in shared:
        for one in (made / below).iterdir():
            at = target / below / one.name
            if first:
                at.mkdir() if one.is_dir() else at.touch()
            subprocess.run(["mount", "--bind", "-o", "ro", one, at], check=True)


def load(socket: Path, images: "list[Image]") -> None:
    """Into a running node."""
    command = ["ctr", "-a", str(socket), "-n", "k8s.io", "images", "import", "-"]
    importing = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    write(images, importing.stdin)
    importing.stdin.close()
    if importing.wait() != 0:
        raise Failed(f"The images were not imported: ctr ended with {importing.returncode}.")


def of_folder(image: str, folder: Path, at: Path, user: str, entrypoint: "list[str]", command: "list[str]") -> Image:
    """An image of one layer, from a root folder."""
    tar = at / "layer.tar"
    subprocess.run(["tar", "-C", folder, "--numeric-owner", "--sort=name", "-cf", tar, "."], check=True)
    return Image(image, [Layer.of(tar)], user, entrypoint, command, {"PATH": PATH})


def temporary() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="slipway-image-")
