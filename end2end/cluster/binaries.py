"""The cluster's programs: built once from `kube/` and `dns/`, kept in the cache under the hash of these sources."""

import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from place import HERE, Failed, cache

SMALL = ["-trimpath", "-gcflags=all=-dwarf=false"]
PROGRAMS = ("kube", "coredns", "pause")
# What builds them at least; a Go that is older gets this one as a module.
GO = (1, 25, 5)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def alone(name: str):
    """One at a time on this machine; whoever waits says for what."""
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / f"{name}.lock", "w") as door:
        try:
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another process makes {name}: waiting for it")
            fcntl.flock(door, fcntl.LOCK_EX)
        yield


def sources() -> "list[Path]":
    return sorted(p for below in ("kube", "dns") for p in (HERE / below).rglob("*") if p.name in ("go.mod", "go.sum") or p.suffix == ".go")


def digest(of: "list[Path] | None" = None) -> str:
    found = hashlib.sha256(" ".join(SMALL).encode())
    for path in of or sources():
        found.update(f"{path.relative_to(HERE)}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def version() -> str:
    """Of Kubernetes, which does not know it by itself."""
    return re.search(r"k8s\.io/kubernetes v(\S+)", (HERE / "kube/go.mod").read_text()).group(1)


def folder() -> Path:
    return cache() / digest()


def made() -> Path:
    """The folder of the programs; builds them when it is not there."""
    final = folder()
    if final.is_dir():
        return final
    with alone("binaries"):
        if not final.is_dir():
            build(final)
    return final


def helm() -> Path:
    """Helm, which no cluster needs: built from `helm/` when it is asked for first."""
    final = cache() / f"helm-{digest([HERE / 'helm/go.mod', HERE / 'helm/go.sum'])}"
    if not final.is_file():
        with alone("helm"):
            if not final.is_file():
                making = final.with_suffix(f".tmp-{os.getpid()}")
                say("Building Helm from its Go module; the first time it takes about 3 minutes")
                compile_one(compiler(), "helm", "helm.sh/helm/v3/cmd/helm", making, helm_names())
                making.rename(final)
    return final


def helm_names() -> str:
    """Versions that Helm does not know by itself: its own, and that of the Kubernetes for which it renders without a cluster."""
    own = re.search(r"helm\.sh/helm/v3 (\S+)", (HERE / "helm/go.mod").read_text()).group(1)
    major, minor, _ = version().split(".")
    names = {"internal/version.version": own} | {
        f"pkg/{at}.k8sVersion{part}": value for at in ("chartutil", "lint/rules") for part, value in (("Major", major), ("Minor", minor))
    }
    return " ".join(f"-X helm.sh/helm/v3/{name}={value}" for name, value in names.items())


def build(final: Path) -> None:
    go = compiler()
    making = final.with_suffix(f".tmp-{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    kubernetes = version()
    say(f"Building Kubernetes {kubernetes}, etcd and CoreDNS from their Go modules. The first time it takes about 6 to 10 minutes, 2 GB of")
    say(f"memory and 4 GB in Go's caches; afterwards they are taken from {final}")
    major, minor, _ = kubernetes.split(".")
    flags = {"gitVersion": f"v{kubernetes}", "gitMajor": major, "gitMinor": minor}
    named = " ".join(f"-X k8s.io/component-base/version.{k}={v}" for k, v in flags.items())
    try:
        compile_one(go, "kube", ".", making / "kube", named)
        compile_one(go, "kube", "./pause", making / "pause")
        compile_one(go, "dns", ".", making / "coredns")
        # kubectl is what people and scripts type.
        (making / "kubectl").symlink_to("kube")
        making.rename(final)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def compiler() -> str:
    """A Go that is new enough: the one that is here, or the one it fetches as a module, from the proxy and by the checksums that it knows."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")
    if not go:
        raise Failed("Building the cluster's programs needs Go, and there is none on the PATH:  apt-get install golang-go, or https://go.dev/dl")
    here = subprocess.run([go, "version"], capture_output=True, text=True, env=os.environ | {"GOTOOLCHAIN": "local"}).stdout
    found = re.search(r"go(\d+)\.(\d+)", here)
    if found and tuple(map(int, found.groups())) >= GO[:2]:
        return go
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    wanted = f"golang.org/toolchain@v0.0.1-go{'.'.join(map(str, GO))}.linux-{machine}"
    say(f"{here.strip() or go} is too old for Kubernetes: it fetches {wanted}")
    # Elsewhere than in the module that asks for more than this Go is.
    done = subprocess.run([go, "mod", "download", "-json", wanted], cwd="/", stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout) if done.stdout.strip() else {}
    if done.returncode != 0:
        raise Failed(f"Go 1.25 or newer is needed, and {wanted} could not be fetched: {told.get('Error', 'its words are above')}")
    root = Path(told["Dir"])
    # Modules have no programs; what Go unpacks for itself it marks in the same way.
    for program in [*(root / "bin").iterdir(), *(p for p in (root / "pkg/tool").rglob("*") if p.is_file())]:
        program.chmod(0o755)
    return str(root / "bin/go")


def compile_one(go: str, module: str, package: str, out: Path, ldflags: str = "") -> None:
    since = time.monotonic()
    say(f"  {out.name}: downloading what it is made of")
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    step(go, ["mod", "download"], module, environment)
    say(f"  {out.name}: compiling")
    # No more than two at once: each takes a GB or so at the end.
    step(go, ["build", "-p", "2", *SMALL, "-ldflags", f"-s -w {ldflags}", "-o", str(out), package], module, environment)
    say(f"  {out.name}: {out.stat().st_size / 1e6:.0f} MB in {time.monotonic() - since:.0f} s")


def step(go: str, words: list, module: str, environment: dict) -> None:
    done = subprocess.run([go, *words], cwd=HERE / module, env=environment, stdout=sys.stderr)
    if done.returncode != 0:
        raise Failed(f"`go {words[0]}` in {HERE / module} ended with {done.returncode}; its words are above.")
