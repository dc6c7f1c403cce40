"""Parts of a cluster that stand still or are away for a while. The cluster lives on without them."""

import os
import signal
import time
from pathlib import Path

from place import Failed, Place, main_pid


def pause(place: Place, part: str) -> None:
    """It does nothing more, and does not end: whoever is connected waits."""
    os.kill(pid_of(place, part), signal.SIGSTOP)


def kill(place: Place, part: str) -> None:
    """It ends as by a power cut, and stays away: whoever connects is refused."""
    held = place.held(part)
    held.parent.mkdir(exist_ok=True)
    held.touch()
    pid = pid_of(place, part)
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.02)


def resume(place: Place, part: str) -> None:
    """It goes on, or is started again."""
    if place.held(part).exists():
        place.held(part).unlink()
    else:
        os.kill(pid_of(place, part), signal.SIGCONT)


VERBS = {"pause": pause, "kill": kill, "resume": resume}


def pid_of(place: Place, part: str) -> int:
    """A part is a child of the main process, which itself is a child where the cluster has namespaces of its own."""
    main, found = main_pid(place.folder), {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        found[int(entry.name)] = (parent, words)
    mains = {main, *(pid for pid, (parent, _) in found.items() if parent == main)}
    for pid, (parent, words) in found.items():
        # All but containerd and CoreDNS are one program, which is told what to be.
        if parent in mains and part in (words[0].rpartition("/")[2], *words[1:2]):
            return pid
    raise Failed(f"There is no {part} that runs in {place.folder}.")
