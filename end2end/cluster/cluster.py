#!/usr/bin/env python3
"""A real Kubernetes cluster for tests: etcd, API server, controllers, scheduler and, as root, a node that runs pods.

    cluster.py run [options] [-- COMMAND...]   one that ends with Ctrl-C, or with the command, which finds it in KUBECONFIG
    cluster.py up DIR [options]                one that stays; returns when it is ready
    cluster.py down DIR                        ends it; the folder stays, and `up` goes on with what is in it
    cluster.py load DIR [ARCHIVE.tar...] [--slipway PROGRAM [--beside FOLDER]]      more images for its node
    cluster.py user DIR NAME [--group GROUP]   a kubeconfig for somebody whom only RBAC gives rights
    cluster.py audit DIR USER [--role ROLE]    what was refused to a user, and which rights of a ClusterRole were never used
    cluster.py pause | kill | resume DIR PART  a part of it stands still, or is ended and not started again, until it is resumed
    cluster.py left DIR                        what of it is still on this machine, apart from its folder
    cluster.py build | images | operators      makes the programs, all the images, or Kubeflow's and KServe's controllers; prints where they are
    cluster.py pods                            whether this machine may run pods at all, before anything is installed or made
    cluster.py image NAME:TAG ROOT OUT.tar [--user UID] [--entrypoint PATH] [WORD...]    an archive for `load`

Options of run and up: --node or --control-plane (otherwise a node where this machine allows one), --scenario plain|kubeflow,
--images pause|base|all, --slipway PROGRAM, --operators jobset,trainer,kserve,kueue, --audit, --impatient, --number 0..255, --port PORT.
README.md tells the rest.
Exit code 77 and a line that begins with SKIPPED: this machine cannot do what was asked for. Standard library only.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import audit
import away
import binaries
import host
import images
import operators
import pki
from api import Api
from archive import write
from binaries import say
from place import HERE, SKIPPED, Failed, Place, Skipped, alive, keep_namespaces, keep_owner, keep_pid, last_words, main_pid, orphaned

# How the folders of `run` begin.
RUNS = "slipway-cluster-run-"
# Where a node has its own things, so that a cluster's folder must not be there.
TAKEN = ("/run", "/var/lib", "/var/log", "/proc", "/sys", "/dev")
CLASS = {
    "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "slipway.test/volumes", "volumeBindingMode": "WaitForFirstConsumer",
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
}  # fmt: skip


def up(folder: Path, asked: argparse.Namespace, tied: bool = False) -> Place:
    """Brings a cluster up and waits until it can be used. Tied: it ends with this process, however that ends."""
    folder = folder.resolve()
    if alive(folder):
        raise Failed(f"There is a cluster in {folder} that runs:  {HERE}/cluster.py down {folder}")
    with_node = asked.node or (not asked.control_plane and host.why_no_node() is None)
    if with_node:
        host.demand_node()
        if any(str(folder).startswith(t + "/") for t in TAKEN):
            raise Failed(f"A cluster with a node cannot lie in {folder}: choose a folder that is not below {', '.join(TAKEN)}.")
    elif not asked.control_plane:
        say(f"Without a node: {host.why_no_node()}.")
    kube = binaries.made()
    store = str(images.store(asked.images)) if with_node else ""
    (folder / "log").mkdir(parents=True, exist_ok=True)
    since = time.monotonic()
    place = placed(folder, asked, with_node, kube, store)
    place.started.unlink(missing_ok=True)
    try:
        pki.make(place)
        start(place, tied)
        finish(place, asked, datetime.now(timezone.utc).isoformat())
    except BaseException:
        down(place)
        raise
    say(f"Ready in {time.monotonic() - since:.1f} s")
    if asked.slipway:
        load(place, [], asked.slipway, asked.beside)
    if asked.operators:
        operators.install(place, asked.operators, client(place))
    return place


def placed(folder: Path, asked: argparse.Namespace, with_node: bool, kube: Path, store: str) -> Place:
    """A number or a port of its own; a folder that has been used keeps its own, and the images it began with."""
    before = Place.read(folder) if (folder / "cluster.json").exists() else None
    if before and before.node != with_node:
        raise Failed(f"{folder} is of a cluster {'with' if before.node else 'without'} a node: give another folder.")
    number = port = None
    if with_node:
        number, port = host.take_number(before.number if before else asked.number), asked.port or 6443
    else:
        port = asked.port or (before.port if before and port_is_free(before.port) else free_port())
    place = Place(folder, number, port, str(kube), asked.audit, before.images if before else store, asked.impatient)
    place.write()
    return place


def port_is_free(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(place: Place, tied: bool) -> None:
    """The main process, and for a node its link to this machine."""
    command = [sys.executable, "-B", str(HERE / "node.py"), str(place.folder)]
    if place.node:
        # One more process that only waits: with it end the namespaces, and with them everything that is in them.
        command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *command]
    if tied:
        command = ["setpriv", "--pdeathsig", "KILL", *command]
    with open(place.log("cluster"), "ab") as log:
        out = subprocess.PIPE if place.node else log
        main = subprocess.Popen(command, stdin=subprocess.PIPE if place.node else subprocess.DEVNULL, stdout=out, stderr=log, start_new_session=True)
    main.returncode = 0  # nobody waits for it here: `down` does, in whichever process
    keep_pid(place.folder, main.pid)
    if place.node:
        with main.stdin as inside, main.stdout as said:
            if said.readline() != b"inside\n":
                raise Failed(f"The node did not start:\n{last_words(place)}")
            keep_namespaces(place.folder, main.pid)
            host.give_link(place, main.pid)
            inside.write(b"linked\n")


def finish(place: Place, asked: argparse.Namespace, since: str) -> None:
    """Waits for each part; a folder that was used before may say `Ready` of a node that is no more."""
    api = Api(place)
    api.wait("the API server", api.ready, 180)
    api.wait("the default service account", lambda: api.get("/api/v1/namespaces/default/serviceaccounts/default"), 120)
    api.wait("all parts", place.started.exists, 60)
    if asked.scenario == "kubeflow":
        kinds = {f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{kind(f)}": f for f in (HERE / "crds").glob("*.yaml")}
        for path, file in kinds.items():
            api.apply(path, file.read_bytes())
        for path in kinds:
            api.wait(f"the kind at {path}", lambda path=path: condition(api.get(path), "Established"), 120)
    if place.node:
        api.apply("/apis/storage.k8s.io/v1/storageclasses/standard", CLASS)
        lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1"
        api.wait("the kubelet", lambda: ((api.get(lease) or {}).get("spec") or {}).get("renewTime", "") > since, 120)
        api.wait("the node", lambda: condition(api.get("/api/v1/nodes/node-1"), "Ready"), 120)


def kind(file: Path) -> str:
    """The name of a CustomResourceDefinition, from that of its file."""
    return ".".join(reversed(file.stem.split("_")))


def condition(thing, kind: str) -> bool:
    return any(c["type"] == kind and c["status"] == "True" for c in ((thing or {}).get("status") or {}).get("conditions") or [])


def down(place: Place) -> None:
    """Ends it and waits until nothing of it is left."""
    while (pid := main_pid(place.folder)) is not None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            break
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        time.sleep(0.02)
    (place.folder / "pid").unlink(missing_ok=True)
    if place.node:
        host.free(place)
    until = time.monotonic() + 10
    while host.left(place):
        if time.monotonic() > until:
            raise Failed("Still there: " + ", ".join(host.left(place)))
        time.sleep(0.05)


def load(place: Place, archives: "list[Path]", program: "Path | None", beside: "list[Path]") -> None:
    socket = client(place)
    for archive in archives:
        with open(archive, "rb") as file:
            subprocess.run(["ctr", "-a", socket, "-n", "k8s.io", "images", "import", "-"], stdin=file, stdout=subprocess.DEVNULL, check=True)
    if program:
        with images.temporary() as at:
            images.load(socket, [images.slipway(program, Path(at), beside)])


def client(place: Place) -> Path:
    """The socket of the node's containerd."""
    if not place.node or (pid := main_pid(place.folder)) is None:
        raise Failed("Only a node that runs takes images.")
    return Path(f"/proc/{pid}/root/run/containerd/containerd.sock")


def sweep() -> None:
    """What is left of clusters whose `run` was killed: their parts ended with it, their folders and control groups did not."""
    for folder in Path(tempfile.gettempdir()).glob(f"{RUNS}*"):
        if not orphaned(folder) or alive(folder):
            continue
        if (folder / "cluster.json").exists() and (place := Place.read(folder)).node:
            host.free_left(place)
        shutil.rmtree(folder, ignore_errors=True)


def run(asked: argparse.Namespace) -> int:
    """A cluster in a folder that goes with it."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=RUNS))
    keep_owner(folder)
    place = None
    try:
        place = up(folder, asked, tied=True)
        if asked.command:
            return subprocess.run(asked.command, env=os.environ | surroundings(place, asked.operators)).returncode
        tell(place)
        while alive(place.folder):
            time.sleep(0.5)
        raise Failed(f"A part of the cluster ended:\n{last_words(place)}")
    except KeyboardInterrupt:
        say("")
        return 130 if asked.command else 0
    finally:
        if place:
            say("Ending the cluster")
            down(place)
        shutil.rmtree(folder, ignore_errors=True)


def surroundings(place: Place, installed: "list[str]") -> dict:
    """What a command finds: its cluster, kubectl, whether there are pods, and which operators."""
    return {
        "KUBECONFIG": str(place.kubeconfig()), "PATH": f"{place.kube}:{os.environ.get('PATH', '')}",
        "TEST_CLUSTER": str(place.folder), "TEST_CLUSTER_NODE": "1" if place.node else "",
        "TEST_CLUSTER_OPERATORS": ",".join(installed),
    }  # fmt: skip


def tell(place: Place) -> None:
    print(f"""
  kubeconfig   {place.kubeconfig()}
  kubectl      export KUBECONFIG={place.kubeconfig()} PATH={place.kube}:$PATH
  logs         {place.folder}/log
  {'pods' if place.node else 'no pods'}         {'run on node-1, from images slipway.test/…:1' if place.node else 'only the control plane'}

  Ctrl-C ends it and leaves nothing behind.
""", flush=True)  # fmt: skip


def told(asked: argparse.Namespace) -> int:
    """`audit`: 1 when something was refused, or a right was never used."""
    place = Place.read(asked.folder.resolve())
    made = audit.calls(place.folder / "log/audit.log", asked.name)
    refused, idle = audit.refused(made), []
    if asked.role:
        role = Api(place).get(f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{asked.role}")
        if role is None:
            raise Failed(f"There is no ClusterRole {asked.role}.")
        idle = audit.unused(role["rules"] or [], made)
    print(f"{sum(made.values())} calls of {len(made)} kinds; refused: {', '.join(refused) or 'none'}")
    if asked.role:
        print(f"rights of {asked.role} that were never used: {', '.join(idle) or 'none'}")
    return 1 if refused or idle else 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    starting = argparse.ArgumentParser(add_help=False)
    which = starting.add_mutually_exclusive_group()
    which.add_argument("--node", action="store_true")
    which.add_argument("--control-plane", action="store_true")
    starting.add_argument("--scenario", choices=("plain", "kubeflow"), default=os.environ.get("SCENARIO") or "plain")
    starting.add_argument("--images", choices=images.SETS, default="all")
    starting.add_argument("--audit", action="store_true")
    starting.add_argument("--impatient", action="store_true")
    starting.add_argument("--number", type=int, choices=range(256), metavar="0..255")
    starting.add_argument("--port", type=int)
    program = argparse.ArgumentParser(add_help=False)
    program.add_argument("--slipway", type=Path, metavar="PROGRAM")
    program.add_argument("--beside", type=Path, action="append", default=[], metavar="FOLDER")
    program.add_argument("--operators", type=lambda text: text.split(","), default=[], metavar="NAME,NAME")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("folder", type=Path, metavar="DIR")
    verbs.add_parser("run", parents=[starting, program])
    verbs.add_parser("up", parents=[place, starting, program])
    verbs.add_parser("load", parents=[place, program]).add_argument("archives", type=Path, nargs="*", metavar="ARCHIVE.tar")
    user = verbs.add_parser("user", parents=[place])
    user.add_argument("name")
    user.add_argument("--group", action="append", default=[])
    about = verbs.add_parser("audit", parents=[place])
    about.add_argument("name", metavar="USER")
    about.add_argument("--role")
    for verb in away.VERBS:
        verbs.add_parser(verb, parents=[place]).add_argument("part", metavar="PART")
    for verb in ("down", "left"):
        verbs.add_parser(verb, parents=[place])
    for verb in ("build", "images", "operators", "pods", "helm"):
        verbs.add_parser(verb)
    image = verbs.add_parser("image")
    image.add_argument("name", metavar="NAME:TAG")
    image.add_argument("root", type=Path)
    image.add_argument("out", type=Path)
    image.add_argument("words", nargs="*", metavar="WORD")
    image.add_argument("--user", default="")
    image.add_argument("--entrypoint", action="append", default=[])
    return parser


def perform(asked: argparse.Namespace) -> int:
    match asked.verb:
        case "run":
            return run(asked)
        case "up":
            print(up(asked.folder, asked).kubeconfig())
        case "down":
            down(Place.read(asked.folder.resolve()))
        case "load":
            place = Place.read(asked.folder.resolve())
            load(place, asked.archives, asked.slipway, asked.beside)
            if asked.operators:
                operators.install(place, asked.operators, client(place))
        case "user":
            print(pki.user(Place.read(asked.folder.resolve()), asked.name, asked.group))
        case "audit":
            return told(asked)
        case "pause" | "kill" | "resume":
            away.VERBS[asked.verb](Place.read(asked.folder.resolve()), asked.part)
        case "left":
            left = host.left(Place.read(asked.folder.resolve()))
            print("\n".join(left) or "nothing")
            return 1 if left else 0
        case "build":
            print(binaries.made())
        case "helm":
            print(binaries.helm())
        case "operators":
            print(operators.made())
        case "images":
            host.demand_node()
            binaries.made()
            print(images.store("all"))
        case "pods":
            host.demand_pods()
        case "image":
            with images.temporary() as at, open(asked.out, "wb") as out:
                write([images.of_folder(asked.name, asked.root, Path(at), asked.user, asked.entrypoint, asked.words)], out)
    return 0


def main() -> int:
    words = sys.argv[1:]
    command = []
    if "--" in words and words[0] == "run":
        cut = words.index("--")
        words, command = words[:cut], words[cut + 1 :]
    asked = arguments().parse_args(words)
    asked.command = command
    try:
        return perform(asked)
    except Skipped as why:
        print(f"SKIPPED: {why}", flush=True)
        return SKIPPED
    except Failed as why:
        say(str(why))
        return 1


if __name__ == "__main__":
    sys.exit(main())
