"""Runs the pipelines with the SDK's own local runner and compares with what is expected:  python local.py [NAME...]

What it cannot run has "local": False. Needs a python3 on the path that has the SDK.
"""
import importlib
import pathlib
import subprocess
import sys
import tempfile
import warnings

# That the default image will be another one day is not news here.
warnings.filterwarnings("ignore", category=FutureWarning)

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "pipelines"))


def one(name):
    from kfp import local

    module = importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        local.init(local.SubprocessRunner(use_venv=False), pipeline_root=folder, raise_on_error=False)
        task = module.pipeline(**module.EXPECTED.get("parameters", {}))
        made = {key: value if not hasattr(value, "metadata") else dict(value.metadata) for key, value in task.outputs.items()}
    wanted = {**module.EXPECTED.get("outputs", {}), **module.EXPECTED.get("artifacts", {})}
    if made != wanted:
        sys.exit(f"{name}: {made}, not {wanted}")


def main():
    if sys.argv[1:2] == ["--one"]:
        return one(sys.argv[2])
    names = sys.argv[1:] or sorted(p.stem for p in (HERE / "pipelines").glob("*.py") if p.stem != "components")
    wrong = []
    for name in names:
        if importlib.import_module(name).EXPECTED.get("local") is False:
            continue
        # Each in a process of its own: the runner keeps state.
        ran = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True)
        print(name, "same" if ran.returncode == 0 else "differs", flush=True)
        if ran.returncode:
            wrong.append(ran.stderr.strip().splitlines()[-1])
    if wrong:
        sys.exit("\n".join(wrong))


main()
