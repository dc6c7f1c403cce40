"""A cluster's main process: starts the parts and lives as long as all of them:  node.py DIR

With a node it is process 1 of namespaces of its own (network, mounts, processes): whatever ends it, SIGKILL included, takes every
process, container, mount, interface and rule with it. Alone, its parts are told by the kernel to end with it.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import images
import parts
from api import Api
from place import Place

CGROUPS = Path("/sys/fs/cgroup")
CGROUP_V2 = (CGROUPS / "cgroup.controllers").exists()
# The kubelet sets these for the whole machine. It finds what it wants, so that it leaves the machine's as they are.
SYSCTLS = {
    "vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
}  # fmt: skip
PR_SET_PDEATHSIG = 1


class Parts:
    """The processes of a cluster; the first that ends ends it."""

    def __init__(self, place: Place):
        self.place = place
        self.names: dict[int, str] = {}
        self.commands: dict[str, list] = {}
        self.libc = ctypes.CDLL(None, use_errno=True)

    def start(self, name: str, command: list) -> None:
        self.commands[name] = command
        if not command[0].startswith("/") and command[0] != "containerd":
            command = [str(self.place.binaries / "kube"), *command]
        with open(self.place.log(name), "ab") as log:
            process = subprocess.Popen(
                command, cwd=self.place.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self.end_with_parent
            )
        self.names[process.pid] = name

    def end_with_parent(self) -> None:
        self.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def wait(self) -> None:
        """Until one of them ends that nobody holds down. Process 1 inherits the orphans of containers, too; they are nobody's concern."""
        down: set[str] = set()
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | (os.WNOHANG if down else 0))
            if ended is None:
                for name in [n for n in down if not self.place.held(n).exists()]:
                    down.remove(name)
                    self.start(name, self.commands[name])
                time.sleep(0.05)
                continue
            name = self.names.pop(ended.si_pid, None)
            # Looked at while it is still there as a zombie: who killed it waits for its end, and may let go of it at once.
            held = name is not None and self.place.held(name).exists()
            _, status = os.waitpid(ended.si_pid, 0)
            if name is None:
                continue
            say(f"{name} ended: {os.waitstatus_to_exitcode(status)}")
            if not held:
                return
            down.add(name)

    def ended(self) -> bool:
        """Whether one of them has, without waiting."""
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid in self.names:
                say(f"{self.names[pid]} ended early")
                return True


def say(text: str) -> None:
    print(text, flush=True)


def run(*words, **more) -> str:
    return subprocess.run([*map(str, words)], check=True, text=True, stdout=subprocess.PIPE, **more).stdout


def bind(source: Path, target: Path) -> None:
    run("mount", "--bind", source, target)


def own_mounts(place: Place) -> None:
    """What the node's parts keep at fixed places goes to the cluster's folder or to memory; nothing is made on this machine's disk."""
    folder = place.folder
    run("mount", "--make-rshared", "/")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "slipway-run", "/run")
    for parent in ("/var/lib", "/var/log"):
        upper, work = (Path("/run/over") / kind / parent[1:] for kind in ("upper", "work"))
        upper.mkdir(parents=True)
        work.mkdir(parents=True)
        run("mount", "-t", "overlay", "-o", f"lowerdir={parent},upperdir={upper},workdir={work}", "slipway-over", parent)
    for at in ("/var/lib/kubelet", "/var/lib/containerd", "/var/log/pods"):
        kept = folder / "root" / at[1:]
        kept.mkdir(parents=True, exist_ok=True)
        Path(at).mkdir(parents=True, exist_ok=True)
        if at == "/var/lib/containerd" and run("stat", "-f", "-c", "%T", kept).strip() == "overlayfs":
            # In a container's own file system: layers cannot be laid upon layers there.
            run("mount", "-t", "tmpfs", "slipway-containerd", at)
        else:
            bind(kept, Path(at))
        run("mount", "--make-rshared", at)
    if place.images:
        images.bind_store(Path(place.images), Path("/var/lib/containerd"))
    for name, value in SYSCTLS.items():
        real = Path("/proc/sys") / name
        if real.exists():
            wanted = Path("/run/sysctl") / name
            wanted.parent.mkdir(parents=True, exist_ok=True)
            wanted.write_text(value + "\n")
            bind(wanted, real)


def own_network(place: Place) -> None:
    """The host has put one end of a link here; there is no default route, so pods stay inside."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", f"{place.address}/30", "dev", "eth0")
    run("ip", "link", "set", "eth0", "up")
    # What is sent to a Service is looked up once before its address is exchanged.
    run("ip", "route", "add", f"{place.services}.0/24", "via", place.host)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
    conf = Path("/run/cni")
    conf.mkdir()
    (conf / "10-pods.conflist").write_text(json.dumps(parts.pod_network(place)))


def own_cgroups(place: Place) -> None:
    if CGROUP_V2:
        controllers = (CGROUPS / "cgroup.controllers").read_text().split()
        wanted = [c for c in controllers if c in ("cpu", "cpuset", "memory", "pids", "io", "hugetlb")]
        own = CGROUPS / place.name
        own.mkdir(exist_ok=True)
        for folder in (CGROUPS, own):
            (folder / "cgroup.subtree_control").write_text(" ".join(f"+{c}" for c in wanted))
    else:
        for hierarchy in CGROUPS.iterdir():
            if hierarchy.is_dir() and hierarchy.name != "unified" and not hierarchy.is_symlink():
                (hierarchy / place.name).mkdir(exist_ok=True)


def main() -> int:
    place = Place.read(Path(sys.argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if place.node:
        # What this machine gives us comes by a pipe: first it learns that we are in namespaces of our own, then we that the link is here.
        os.write(1, b"inside\n")
        if sys.stdin.readline() != "linked\n":
            return 1
        log = os.open(place.log("cluster"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        own_mounts(place)
        own_network(place)
        own_cgroups(place)
    running = Parts(place)
    running.start("etcd", parts.etcd(place))
    running.start("kube-apiserver", parts.kube_apiserver(place))
    if place.node:
        running.start("containerd", parts.containerd(place))
    api = Api(place)
    # The controllers give up after ten seconds without an API server, which a busy machine may take; the others would wait with
    # pauses that grow.
    while not (api.ready() and (not place.node or Path("/run/containerd/containerd.sock").exists())):
        if running.ended():
            return 1
        time.sleep(0.1)
    running.start("kube-controller-manager", parts.kube_controller_manager(place))
    running.start("kube-scheduler", parts.kube_scheduler(place))
    if place.node:
        running.start("kubelet", parts.kubelet(place, CGROUP_V2))
        running.start("kube-proxy", parts.kube_proxy(place))
        running.start("coredns", parts.coredns(place))
        running.start("volumes", parts.volumes(place))
    place.started.touch()
    running.wait()
    return 1


if __name__ == "__main__":
    sys.exit(main())
