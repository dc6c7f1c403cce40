"""Layers of the images, each made once by its recipe and kept in the cache as a tar file: a small Debian with Python, what the shipped
environments have in common, and what each has beside it. Needs root, Debian's archive and a package index; no registry of images.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from archive import Layer
from binaries import alone, say
from place import HERE, Failed, cache

SUITE = "bookworm"  # Python 3.11
PACKAGES = "python3,python3-venv,ca-certificates"
ENVIRONMENTS = ("notebook", "train", "serve")
LOCKS = HERE.parents[1] / "server/runtimes/environments"
# What lightweight components of the pipelines of end2end/kfp install before they run.
SDK, SDK_PINS = HERE.parent / "kfp/compile.lock", ("kfp", "six")
# Where an environment lies in its image: it was made there, and its scripts name it.
AT = "/opt/environment"

BASE = f"""
debootstrap --variant=minbase --include={PACKAGES} {SUITE} "$ROOT" $DEBIAN_MIRROR
cd "$ROOT"
rm -rf var/cache/apt/* var/lib/apt/lists/* var/log/* usr/share/doc/* usr/share/man/* usr/share/locale/* usr/share/info/*
echo slipway:x:1000: >>etc/group
echo slipway:x:1000:1000::/home/slipway:/bin/bash >>etc/passwd
install -d -o 1000 -g 1000 home/slipway
: >etc/resolv.conf
: >etc/hosts
tar --numeric-owner --sort=name --exclude=./dev/* --exclude=./proc/* --exclude=./sys/* -cf "$TAR" .
"""
# A package index is asked as this machine would ask it: with its names, its certificates and its settings.
PYTHON = f"""
mount -t overlay -o "lowerdir=$LOWER,upperdir=$UPPER,workdir=$WORK" slipway-layer "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/tmp"
for file in /etc/resolv.conf /etc/hosts; do mount --bind "$file" "$ROOT$file"; done
mkdir "$ROOT/tmp/pip"
mount --bind "$PIP_CACHE" "$ROOT/tmp/pip"
cp "$REQUIREMENTS" "$ROOT/tmp/lock.txt"
for file in $BORROWED; do
    [ -e "$ROOT$file" ] || {{ mkdir -p "$ROOT$(dirname "$file")"; if [ -d "$file" ]; then mkdir "$ROOT$file"; else : >"$ROOT$file"; fi; }}
    mount --bind "$file" "$ROOT$file"
done
[ -e "$ROOT{AT}" ] || chroot "$ROOT" python3 -m venv {AT}
chroot "$ROOT" env PIP_CACHE_DIR=/tmp/pip TMPDIR=/tmp HOME=/tmp {AT}/bin/python -m pip --quiet --no-input --disable-pip-version-check \\
    install --progress-bar off --require-hashes --no-deps -r /tmp/lock.txt
tar -C "$UPPER" --numeric-owner --sort=name -cf "$TAR" .{AT}
"""


def requirements(lock: str) -> "dict[str, str]":
    """The pins of a lock by name, each with its hashes."""
    found, name = {}, ""
    for line in lock.splitlines(keepends=True):
        if line[:1].isalnum():
            name = line.split("==")[0]
        if name:
            found[name] = found.get(name, "") + line
    return found


def split() -> "dict[str, str]":
    """What all environments pin alike is `common`; each has the rest of its own."""
    pins = {name: requirements((LOCKS / f"{name}.lock").read_text()) for name in ENVIRONMENTS}
    first, *others = pins.values()
    common = {name: pin for name, pin in first.items() if all(o.get(name) == pin for o in others)}
    rest = {name: "".join(pin for key, pin in of.items() if key not in common) for name, of in pins.items()}
    return {"common": "".join(common.values())} | rest


def hashed(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def base_key() -> str:
    return hashed(BASE)


def folder() -> Path:
    return cache() / "layers"


def base() -> Layer:
    return kept("base", base_key(), lambda tar: make_base(tar))


def environments() -> "dict[str, list[Layer]]":
    """The layers of each shipped environment, lowest first."""
    parts = split()
    low = base()
    with tempfile.TemporaryDirectory(prefix="work-", dir=folder()) as at:
        common_key = hashed(base_key(), PYTHON, parts["common"])
        common = kept("common", common_key, lambda tar: make_python(tar, [low], parts["common"], Path(at)))
        found = {}
        for name in ENVIRONMENTS:
            key = hashed(common_key, parts[name])
            own = kept(name, key, lambda tar, name=name: make_python(tar, [low, common], parts[name], Path(at)))
            found[name] = [low, common, own]
    return found


def pipelines() -> "list[Layer]":
    """The layers of the image that tasks of pipelines run in: the SDK without what it needs beside its executor."""
    low = base()
    pins = "".join(requirements(SDK.read_text())[name] for name in SDK_PINS)
    with tempfile.TemporaryDirectory(prefix="work-", dir=folder()) as at:
        return [low, kept("pipelines", hashed(base_key(), PYTHON, pins), lambda tar: make_python(tar, [low], pins, Path(at)))]


def kept(name: str, key: str, make) -> Layer:
    tar = folder() / f"{name}-{key}.tar"
    known = tar.with_suffix(".digest")
    if not known.exists():
        with alone(f"layer-{name}"):
            if not known.exists():
                sweep()
                since = time.monotonic()
                part = tar.with_suffix(".part")
                make(part)
                part.rename(tar)
                known.write_text(Layer.of(tar).digest)
                say(f"  layer {name}: {tar.stat().st_size / 1e6:.0f} MB in {time.monotonic() - since:.0f} s")
    return Layer(tar, known.read_text(), tar.stat().st_size)


def sweep() -> None:
    """What was being made when somebody pulled the plug."""
    folder().mkdir(parents=True, exist_ok=True)
    for left in folder().glob("work-*"):
        if time.time() - left.stat().st_mtime > 24 * 3600:
            shutil.rmtree(left, ignore_errors=True)


def make_base(tar: Path) -> None:
    if not shutil.which("debootstrap"):
        raise Failed("The base of the images is made by debootstrap, which is not here:  apt-get install debootstrap")
    say("  layer base: a small Debian with Python, by debootstrap; about a minute and a half")
    with tempfile.TemporaryDirectory(prefix="work-", dir=folder()) as at:
        root = Path(at) / "root"
        apart(BASE, {"ROOT": root, "TAR": tar, "DEBIAN_MIRROR": os.environ.get("DEBIAN_MIRROR", "")}, "debootstrap")


def make_python(tar: Path, lower: "list[Layer]", pins: str, opened: Path) -> None:
    """What pip adds to the layers below, which are unpacked once and used again."""
    say(f"  layer {tar.name.split('-')[0]}: {pins.count('==')} packages with pip")
    below = [unpacked(layer, opened) for layer in reversed(lower)]
    with tempfile.TemporaryDirectory(prefix="work-", dir=folder()) as at:
        for name in ("upper", "work", "root"):
            (Path(at) / name).mkdir()
        lock = Path(at) / "lock.txt"
        lock.write_text(pins)
        pip_cache = cache().parent / "pip"
        pip_cache.mkdir(exist_ok=True)
        variables = {
            "LOWER": ":".join(map(str, below)), "UPPER": f"{at}/upper", "WORK": f"{at}/work", "ROOT": f"{at}/root", "TAR": tar,
            "REQUIREMENTS": lock, "PIP_CACHE": pip_cache, "BORROWED": " ".join(borrowed()),
        }  # fmt: skip
        apart(PYTHON, variables, "pip")
        if gone := [p for p in (Path(at) / "upper" / AT[1:]).rglob("*") if p.is_char_device()]:
            raise Failed(f"A layer may only add, and this one removed {gone[0]} and {len(gone) - 1} more.")


def unpacked(layer: Layer, opened: Path) -> Path:
    root = opened / layer.tar.stem
    if not root.exists():
        root.mkdir()
        subprocess.run(["tar", "--numeric-owner", "-xpf", layer.tar, "-C", root], check=True)
    return root


def borrowed() -> "list[str]":
    """Files that this machine's settings of pip and of TLS name."""
    named = [v for k, v in os.environ.items() if k.startswith(("PIP_", "SSL_")) or k.endswith("_CA_BUNDLE")]
    there = {"/etc/pip.conf", "/etc/ssl/certs"} | {v for v in named if v.startswith("/") and " " not in v}
    within = [v for v in there if os.path.exists(v) and not any(v != o and v.startswith(o + "/") for o in there if os.path.exists(o))]
    return sorted(within)


def apart(script: str, variables: dict, what: str) -> None:
    """Runs a script among mounts that nobody else sees and that end with it."""
    environment = os.environ | {k: str(v) for k, v in variables.items()}
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-euc", script]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(done.stdout[-4000:], file=sys.stderr)
        raise Failed(f"{what} ended with {done.returncode}; its last words are above.")
