"""Makes one Python environment and puts it into the cache under its content digest.

Started by Slipway as a workload, with `plan.json` beside it:

    cache      folder of environments and of uv's and pip's own caches
    python     the interpreter to make it with
    tag        what tells this interpreter from others; part of the digest
    result     file to write how it ended to, as JSON

and either `lock.txt` (exact versions with hashes) or `requirements.txt`, which is resolved first. A requirement that ends in `# --no-deps` is
installed without what it needs, one that ends in `# --index-url=…` from there, with `--extra-index-url=…` and `--trusted-host=…`; in the lock a
line `# --index-url=…` stands above those that come from there. Only the standard library is used. With uv it takes seconds: the machine's, or one from PyPI that is kept in the cache (`uv.lock`). Where neither is to be had,
venv and pip do the same.

Environments are shared by every server of this user, so a folder gets its name only when it is whole, and only one
build of the same digest runs at a time.
"""

import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

PLAN = json.loads(Path("plan.json").read_text())
CACHE = Path(PLAN["cache"])
MARKER = ".slipway-ready"
# What follows a requirement that is not installed as usual; in a lock it stands above.
OPTIONS = re.compile(r"(?:^| )# (--(?:no-deps|index-url=|extra-index-url=|trusted-host=).*)$", re.MULTILINE)
ALONE = "--no-deps"
WORDS_MAX = 4000


class Failed(Exception):
    """A tool failed; its words are the message."""


def main() -> int:
    try:
        uv = find_uv()
        lock = locked(uv)
        digest = hashlib.sha256(f"slipway environment 3\n{PLAN['tag']}\n{lock}".encode()).hexdigest()
        make(uv, digest)
    except Failed as error:
        answer(result="failed", words=str(error))
        return 1
    except OSError as error:
        say(f"It could not be written: {error}")
        answer(result="failed", words=f"It could not be written: {error}")
        return 1
    answer(result="made", digest=digest, lock=lock)
    return 0


def find_uv() -> "str | None":
    uv = shutil.which("uv")
    if uv and works(uv):
        return uv
    try:
        return fetched_uv()
    except (Failed, OSError) as error:
        say(f"uv could not be fetched: venv and pip make it, which takes longer. {str(error).splitlines()[-1]}")
        return None


def works(uv: str) -> bool:
    return subprocess.run([uv, "--version"], capture_output=True).returncode == 0


def fetched_uv() -> str:
    """uv from PyPI, by its hash; fetched once."""
    wanted = Path("uv.txt").read_bytes()
    folder = CACHE / "tools" / f"uv-{hashlib.sha256(wanted).hexdigest()[:16]}"
    uv = folder / "bin" / "uv"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        if not (uv.exists() and works(str(uv))):
            say("Fetching uv")
            shutil.rmtree(folder, ignore_errors=True)
            run([PLAN["python"], "-m", "venv", "tools"])
            pip = ["tools/bin/python", "-m", "pip", "--no-input", "--disable-pip-version-check", "install", "--quiet"]
            run(pip + ["--retries", "1", "--timeout", "15", "--require-hashes", "--only-binary", ":all:", "-r", "uv.txt"])
            folder.joinpath("bin").mkdir(parents=True)
            part = folder / "bin" / "uv.part"
            shutil.copy("tools/bin/uv", part)
            os.replace(part, uv)
    return str(uv)


def locked(uv) -> str:
    """The lock as it was given, or resolved from the requirements."""
    lock = Path("lock.txt")
    if not lock.exists():
        say("Resolving the requirements")
        text = resolved(uv, Path("requirements.txt").read_text().splitlines())
        say(f"Resolved {sum('==' in line for line in text.splitlines())} packages")
        lock.write_text(text)
    # Bytes as they are: the digest is of exactly this text.
    return lock.read_bytes().decode()


def resolved(uv, requirements: list) -> str:
    """A lock of the requirements, part by part. Of those that come without what they need, it has what the others have not pinned already."""
    text = ""
    for options, lines in grouped(requirements):
        Path("asked.txt").write_text("\n".join(lines) + "\n")
        there = {name(pin) for pin in pins(text)}
        known = []
        if there and ALONE not in options:
            Path("there.txt").write_text("".join(re.sub(r"\[.*?\]", "", re.match(r"[^\s;]+", pin).group()) + "\n" for pin in pins(text)))
            known = ["--constraint", "there.txt"]
        more = resolve_with_uv(uv, for_uv(options) + known) if uv else resolve_with_pip([*options, *known])
        more = "".join(pin for pin in pins(more) if name(pin) not in there)
        if more and index(options):
            text += f"# {shlex.join(index(options))}\n"
        text += more
    return text


def grouped(requirements: list) -> list:
    """Requirements by their options: first those that come from the usual index, and of each those that come alone last."""
    groups = {}
    for line in requirements:
        if not line.strip() or line.strip().startswith("#"):
            continue
        found = OPTIONS.search(line.rstrip())
        options = tuple(shlex.split(found.group(1))) if found else ()
        groups.setdefault(options, []).append(line[: found.start()] if found else line)
    return sorted(groups.items(), key=lambda group: (index(group[0]), ALONE in group[0]))


def index(options) -> list:
    return [option for option in options if option != ALONE]


def parts(lock: str) -> list:
    """The packages of a lock by the index that they come from: those from the usual one first."""
    usual, *others = OPTIONS.split(lock)
    found = [([], usual)] + [(shlex.split(options), text) for options, text in zip(others[::2], others[1::2])]
    return [(options, text) for options, text in found if text.strip()]


def for_uv(options) -> list:
    """Options of pip in the words of uv. As with pip, one index is as good as another."""
    words = {"--index-url": "--default-index", "--trusted-host": "--allow-insecure-host"}
    split = [option.partition("=") for option in options]
    out = [words.get(name, name) + equals + value for name, equals, value in split]
    return out + ["--index-strategy=unsafe-best-match"] if any(name == "--extra-index-url" for name, *_ in split) else out


def pins(lock: str) -> list:
    """The packages of a lock, each with its hashes."""
    return re.findall(r"^[^\s#].*\n(?:[ \t].*\n)*", lock, re.MULTILINE)


def name(pin: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", pin).group()).lower()


def resolve_with_uv(uv: str, options: list) -> str:
    resolve = [uv, "pip", "compile", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"]
    resolve += ["--no-emit-find-links", "--quiet", "--python", PLAN["python"], "--no-python-downloads"]
    online_or_cached(resolve + options + ["--output-file", "resolved.txt", "asked.txt"])
    text = Path("resolved.txt").read_text()
    # What is there already would be kept in the next one.
    Path("resolved.txt").unlink()
    return text


def resolve_with_pip(options: list) -> str:
    run([PLAN["python"], "-m", "venv", "resolver"])
    pip = ["resolver/bin/python", "-m", "pip", "--no-input", "--disable-pip-version-check"]
    run(pip + ["install", "--dry-run", "--ignore-installed", "--progress-bar", "off", "--report", "report.json", *options, "-r", "asked.txt"])
    lines = []
    for item in json.loads(Path("report.json").read_text())["install"]:
        archive = item["download_info"].get("archive_info")
        if archive is None:
            raise Failed(f"{item['metadata']['name']} is not a released package: it has no hash to lock it by.")
        digest = archive.get("hashes", {}).get("sha256") or archive["hash"].split("=", 1)[1]
        lines.append(f"{item['metadata']['name']}=={item['metadata']['version']} \\\n    --hash=sha256:{digest}\n")
    return "".join(sorted(lines, key=str.lower))


def make(uv, digest: str) -> None:
    base = CACHE / "environments"
    base.mkdir(parents=True, exist_ok=True)
    final = base / digest
    with open(base / f"{digest}.lock", "w") as door:
        if not try_lock(door):
            say("Another build makes the same environment: waiting for it")
            fcntl.flock(door, fcntl.LOCK_EX)
        if (final / MARKER).exists():
            say("It is there already")
            return
        # Leftovers of builds that were interrupted: nobody else works on this digest now.
        for left in [*base.glob(f"{digest}.tmp-*"), final]:
            shutil.rmtree(left, ignore_errors=True)
        making = base / f"{digest}.tmp-{os.getpid()}"
        say(f"Making the environment with Python {PLAN['version']}")
        try:
            if uv:
                with_uv(uv, making)
            else:
                with_pip(making, final)
            compile_bytecode(making)
            keep_skops_names(making)
            shutil.copy("lock.txt", making / ".slipway-lock.txt")
            with open(making / MARKER, "w") as marker:
                json.dump({"python": PLAN["version"], "made_with": "uv" if uv else "pip"}, marker)
                marker.flush()
                os.fsync(marker.fileno())
            os.rename(making, final)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
    say("It is ready")


def try_lock(file) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def with_uv(uv: str, folder: Path) -> None:
    run([uv, "venv", "--quiet", "--relocatable", "--no-python-downloads", "--python", PLAN["python"], str(folder)])
    python = ["--require-hashes", "--python", str(folder / "bin" / "python")]
    for options, lock in parts(Path("lock.txt").read_text()):
        Path("part.txt").write_text(lock)
        # The part without options is the first: what follows is added to it.
        install = [uv, "pip", "sync", *python] if not options else [uv, "pip", "install", "--no-deps", *python, *for_uv(options)]
        file = ["part.txt"] if not options else ["-r", "part.txt"]
        # From the cache alone it is faster, and works where there is no network.
        if run(install + ["--offline"] + file, must=False) != 0:
            say("Not everything is in the cache: downloading")
            run(install + file)


def with_pip(folder: Path, final: Path) -> None:
    run([PLAN["python"], "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--no-input", "--disable-pip-version-check", "install"]
    for options, lock in parts(Path("lock.txt").read_text()):
        Path("part.txt").write_text(lock)
        run(pip + ["--progress-bar", "off", "--require-hashes", "--no-deps", *options, "-r", "part.txt"])
    # Scripts name the folder they were installed to; it gets another name.
    before, after = str(folder).encode(), str(final).encode()
    for script in (folder / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            text = script.read_bytes()
            if before in text:
                script.write_bytes(text.replace(before, after))


def compile_bytecode(folder: Path) -> None:
    """Once here, as nobody can write it later: where an environment is used it is read-only, and a start is nearly all imports.

    Tests that packages bring along are a quarter of them, and nobody imports those. What does not compile is for another Python.
    """
    say("Bytecode is being compiled")
    python = folder / "bin" / "python"
    run([str(python), "-I", "-m", "compileall", "-q", "-j", "0", "-x", r"/tests?/", str(folder / "lib")], must=False, quiet=True)


def keep_skops_names(folder: Path) -> None:
    """Looked for by the model server. Where it cannot be made, skops finds out by itself at each start."""
    run([str(folder / "bin" / "python"), "-I", "skops_names.py", str(folder / ".slipway-skops.json")], must=False, quiet=True)


def online_or_cached(command: list) -> None:
    """With the network; where that fails, from the cache. The first failure is the one to tell."""
    try:
        run(command)
    except Failed:
        if run(command + ["--offline"], must=False, quiet=True) != 0:
            raise


def run(command: list, must: bool = True, quiet: bool = False) -> int:
    """Runs a tool, shows what it says, and keeps the end of it for the reason of a failure."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    words = ""
    for line in process.stdout:
        words = (words + line)[-WORDS_MAX:]
        if must and not quiet:
            print(line, end="", flush=True)
    code = process.wait()
    if must and code != 0:
        raise Failed(words.strip() or f"{Path(command[0]).name} ended with exit code {code}.")
    if not must and not quiet and code == 0:
        print(words, end="", flush=True)
    return code


def say(text: str) -> None:
    print(text, flush=True)


def answer(**fields) -> None:
    """Whole or not at all, for a reader that looks at any time."""
    path = Path(PLAN["result"])
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(fields))
    os.replace(part, path)


if __name__ == "__main__":
    sys.exit(main())
