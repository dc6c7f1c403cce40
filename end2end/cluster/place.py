"""Where a cluster lies, and what it was started with; kept as `cluster.json` in its folder."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Tests that cannot have what they need end with it; the last line says why.
SKIPPED = 77
# Where the tools of an administrator are, which not everybody's PATH names.
os.environ["PATH"] = ":".join(dict.fromkeys([*os.environ.get("PATH", "/usr/bin:/bin").split(":"), "/usr/sbin", "/sbin"]))


class Failed(Exception):
    """A sentence for whoever asked."""


class Skipped(Exception):
    """Why this machine cannot do what was asked for."""


def cache() -> Path:
    """What is made once and serves every clone."""
    return Path(os.environ.get("SLIPWAY_CACHE") or Path.home() / ".cache/slipway").absolute() / "kube"


@dataclass
class Place:
    """A cluster: its folder, and what tells it from others on this machine."""

    folder: Path
    # 0..255: its addresses, its link and its control groups carry it. Only a cluster with a node has one.
    number: "int | None"
    port: int
    kube: str
    audit: bool = False
    # The containerd folder with the images that the node finds at its first start.
    images: str = ""
    # Whether a node that is silent counts as lost within seconds, and not within minutes.
    impatient: bool = False

    @classmethod
    def read(cls, folder: Path) -> "Place":
        try:
            fields = json.loads((folder / "cluster.json").read_text())
        except FileNotFoundError:
            raise Failed(f"There is no cluster in {folder}.") from None
        return cls(folder=folder, **fields)

    def write(self) -> None:
        fields = {k: v for k, v in asdict(self).items() if k != "folder"}
        part = self.folder / "cluster.json.part"
        part.write_text(json.dumps(fields, indent=1))
        part.rename(self.folder / "cluster.json")

    @property
    def node(self) -> bool:
        return self.number is not None

    @property
    def name(self) -> str:
        """Of its link and its control groups."""
        return f"slipway-{self.number}"

    @property
    def address(self) -> str:
        """Where the API server, the kubelet and the cluster's DNS listen."""
        return f"10.99.{self.number}.2" if self.node else "127.0.0.1"

    @property
    def host(self) -> str:
        """The other end of its link: this machine, as pods see it."""
        return f"10.99.{self.number}.1"

    @property
    def services(self) -> str:
        return f"10.96.{self.number if self.node else 0}"

    @property
    def pods(self) -> str:
        return f"10.244.{self.number}"

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def binaries(self) -> Path:
        return Path(self.kube)

    def log(self, part: str) -> Path:
        return self.folder / "log" / f"{part}.log"

    @property
    def started(self) -> Path:
        """There once the main process has started every part."""
        return self.folder / "started"

    def held(self, part: str) -> Path:
        """There while somebody holds a part down: it may end without ending the cluster, and is started again when this is gone."""
        return self.folder / "held" / part

    def kubeconfig(self, user: str = "admin") -> Path:
        return self.folder / f"{user}.kubeconfig"

    def ended(self) -> "str | None":
        """What each part said last, if the main process is gone."""
        return None if alive(self.folder) else last_words(self)


def keep_pid(folder: Path, pid: int) -> None:
    (folder / "pid").write_text(f"{pid} {born(pid)}")


def keep_owner(folder: Path) -> None:
    """Whose cluster it is: it goes with this process."""
    (folder / "owner").write_text(f"{os.getpid()} {born(os.getpid())}")


def orphaned(folder: Path) -> bool:
    """Whether it had an owner that is gone."""
    try:
        pid, start = (folder / "owner").read_text().split()
    except (OSError, ValueError):
        return False
    return born(int(pid)) != start


def keep_namespaces(folder: Path, pid: int) -> None:
    (folder / "namespaces").write_text("\n".join(os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("net", "mnt")))


def namespaces(folder: Path) -> "list[str]":
    """Of the node that was started last."""
    try:
        return (folder / "namespaces").read_text().split()
    except FileNotFoundError:
        return []


def main_pid(folder: Path) -> "int | None":
    """The cluster's main process, if it lives; an id that was used again is nobody's."""
    try:
        pid, start = (folder / "pid").read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(pid) if born(int(pid)) == start else None


def alive(folder: Path) -> bool:
    return main_pid(folder) is not None


def born(pid: int) -> str:
    """When a process started, in ticks since boot; nothing if it is gone or only waited for."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else words[19]


def last_words(place: Place, lines: int = 6) -> str:
    """The end of each log that has one."""
    said = []
    for log in sorted((place.folder / "log").glob("*.log")):
        if log.name == "audit.log":
            continue
        text = log.read_text(errors="replace").splitlines()[-lines:]
        if text:
            said.append(f"-- {log}\n" + "\n".join("  " + line[:300] for line in text))
    return "\n".join(said)
