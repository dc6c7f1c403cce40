"""What a cluster with a node takes from this machine, and whether it gave everything back."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from place import Failed, Place, Skipped, namespaces

TOOLS = {
    "containerd": "containerd", "runc": "runc", "iptables": "iptables", "ip": "iproute2", "openssl": "openssl", "unshare": "util-linux",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
}  # fmt: skip
CGROUPS = Path("/sys/fs/cgroup")


def ip(*words, check: bool = True) -> subprocess.CompletedProcess:
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


def why_no_node() -> "str | None":
    """Why pods cannot run on this machine."""
    if os.geteuid() != 0:
        return "pods need root: containerd and the kubelet make namespaces, mounts and control groups; without it only the control plane starts"
    tried = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/run"], capture_output=True, text=True)
    if tried.returncode != 0:
        return f"pods need root that may make namespaces and mounts, which is refused here: {tried.stderr.strip()}"
    return None


def demand_pods() -> None:
    if why := why_no_node():
        raise Skipped(why)


def demand_node() -> None:
    demand_pods()
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if missing:
        raise Failed(f"A node needs {', '.join(missing)}:  apt-get install --no-install-recommends {' '.join(missing)}")


def take_number(wanted: "int | None") -> int:
    """A number that no other cluster has: whose link could be made has it."""
    for number in [wanted] if wanted is not None else range(256):
        name = f"slipway-{number}"
        if ip("link", "add", name, "type", "veth", "peer", "name", f"{name}-in", check=False).returncode == 0:
            return number
    if wanted is not None:
        raise Failed(f"Number {wanted} is another cluster's: the link slipway-{wanted} exists. End that cluster, or take another number.")
    raise Failed("All numbers from 0 to 255 are taken by other clusters.")


def give_link(place: Place, pid: int) -> None:
    """One end of the link goes into the network of a process; from here, everything inside is reached by it."""
    ip("link", "set", f"{place.name}-in", "netns", str(pid), "name", "eth0")
    ip("addr", "add", f"{place.host}/30", "dev", place.name)
    ip("link", "set", place.name, "up")
    for inside in (place.pods, place.services):
        ip("route", "add", f"{inside}.0/24", "via", place.address)


def free(place: Place) -> None:
    """Takes back what the end of the main process left: the link goes with its network, the control groups stay until they are removed."""
    until = time.monotonic() + 10
    while True:
        ip("link", "del", place.name, check=False)
        for group in cgroups(place.name):
            remove_group(group)
        # The kernel takes processes and networks apart in its own time.
        if not cgroups(place.name) and not links(place.name):
            return
        if time.monotonic() > until:
            raise Failed("It would not go: " + ", ".join(left(place)))
        time.sleep(0.05)


def free_left(place: Place) -> None:
    """Takes back the control groups of a cluster that is gone, unless its number is another's by now."""
    try:
        take_number(place.number)
    except Failed:
        return
    for group in cgroups(place.name):
        remove_group(group)
    ip("link", "del", place.name, check=False)


def remove_group(group: Path) -> None:
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            pass


def cgroups(name: str) -> "list[Path]":
    return [p for p in (CGROUPS / name, *CGROUPS.glob(f"*/{name}")) if p.is_dir()]


def links(name: str) -> "list[str]":
    lines = ip("-o", "link", "show", check=False).stdout.splitlines()
    names = [line.split(": ")[1].split("@")[0] for line in lines if ": " in line]
    return [n for n in names if n in (name, f"{name}-in")]


def left(place: Place) -> "list[str]":
    """Everything of a cluster that is still on this machine, apart from its folder."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found = [f"process {pid}: {words}" for pid, words in processes(place)]
    found += [f"mount {line.split()[4]}" for line in mounts if str(place.folder) in line or " slipway-" in line]
    if place.node:
        found += [f"namespace {name}" for name in living_namespaces() & set(namespaces(place.folder))]
        found += [f"link {name}" for name in links(place.name)]
        routes = ip("route", "show", "table", "all", check=False).stdout.splitlines()
        own = (f"10.99.{place.number}.", f"{place.pods}.", f"{place.services}.")
        found += [f"route {line}" for line in routes if any(o in line for o in own)]
        found += [f"control group {group}" for group in cgroups(place.name)]
    return found


def living_namespaces() -> "set[str]":
    """Of networks and of mounts, whoever is in them; and those that a mount holds."""
    found = {line.split()[3] for line in Path("/proc/self/mountinfo").read_text().splitlines() if " - nsfs " in line}
    for entry in [*Path("/proc").glob("[0-9]*/ns/net"), *Path("/proc").glob("[0-9]*/ns/mnt")]:
        try:
            found.add(os.readlink(entry))
        except OSError:
            pass
    return found


def processes(place: Place) -> "list[tuple[int, str]]":
    """Those that run in the cluster's folder, name it, or are in its control groups."""
    seen, part = [], str(place.folder)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            groups = (entry / "cgroup").read_text().splitlines()
            cwd = os.readlink(entry / "cwd")
        except OSError:
            continue
        named = part in words and "cluster.py" not in words
        grouped = place.node and any(line.endswith(f":/{place.name}") or f":/{place.name}/" in line for line in groups)
        if named or grouped or cwd == part or cwd.startswith(part + "/"):
            seen.append((int(entry.name), words.strip()[:120]))
    return seen


def snapshot() -> "dict[str, object]":
    """What a cluster must leave as it was, though nothing tells whose it is. Other clusters may come and go meanwhile."""
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True).stdout if shutil.which("iptables-save") else ""
    sysctls = ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward"]
    places = ["/etc/cni", "/var/lib/cni", "/var/lib/kubelet", "/var/lib/containerd", "/var/log/pods", "/var/log/containers", "/run/cni", "/run/containerd", "/run/over", "/run/sysctl"]
    return {
        "named network namespaces": ip("netns", "list").stdout,
        "firewall": [line for line in rules.splitlines() if "KUBE" in line or "CNI" in line],
        "sysctls": {name: (Path("/proc/sys") / name).read_text().strip() for name in sysctls},
        "folders": [at for at in places if os.path.exists(at)],
    }
