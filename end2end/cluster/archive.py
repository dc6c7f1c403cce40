"""A container image archive (OCI layout) as a stream of tar, from layers that lie on the disk. No registry, no image tool."""

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass
class Layer:
    """A tar file that is not compressed: its digest is what it is known by everywhere."""

    tar: Path
    digest: str
    size: int

    @classmethod
    def of(cls, tar: Path) -> "Layer":
        with open(tar, "rb") as file:
            return cls(tar, "sha256:" + hashlib.file_digest(file, "sha256").hexdigest(), tar.stat().st_size)


@dataclass
class Image:
    name: str
    layers: "list[Layer]"
    user: str = ""
    entrypoint: "list[str]" = field(default_factory=list)
    command: "list[str]" = field(default_factory=list)
    environment: "dict[str, str]" = field(default_factory=dict)
    folder: str = "/"

    def config(self) -> bytes:
        import platform

        return json.dumps({
            "architecture": ARCHITECTURE.get(platform.machine(), platform.machine()), "os": "linux",
            "config": {
                "User": self.user, "WorkingDir": self.folder, "Env": [f"{k}={v}" for k, v in self.environment.items()],
                "Entrypoint": self.entrypoint or None, "Cmd": self.command or None,
            },
            "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in self.layers]},
        }).encode()  # fmt: skip


def described(kind: str, content: bytes) -> dict:
    return {"mediaType": kind, "digest": "sha256:" + hashlib.sha256(content).hexdigest(), "size": len(content)}


def write(images: "list[Image]", out) -> None:
    """Several images share what they share; each layer is in it once."""
    small: dict[str, bytes] = {}
    layers: dict[str, Layer] = {}
    manifests = []
    for image in images:
        config = image.config()
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": described(CONFIG, config),
            "layers": [{"mediaType": LAYER, "digest": layer.digest, "size": layer.size} for layer in image.layers],
        }).encode()  # fmt: skip
        for content in (config, manifest):
            small[hashlib.sha256(content).hexdigest()] = content
        layers |= {layer.digest: layer for layer in image.layers}
        manifests.append(described(MANIFEST, manifest) | {"annotations": {"io.containerd.image.name": image.name}})
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        add(tar, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
        add(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": manifests}).encode())
        for digest, content in small.items():
            add(tar, f"blobs/sha256/{digest}", content)
        for layer in layers.values():
            entry = tarfile.TarInfo(f"blobs/{layer.digest.replace(':', '/')}")
            entry.size = layer.size
            with open(layer.tar, "rb") as file:
                tar.addfile(entry, file)


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
