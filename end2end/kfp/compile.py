"""Compiles the pipelines beside this file with the real SDK:  python compile.py [--check] [NAME...]

Each becomes compiled/NAME.yaml, and what is expected of it compiled/NAME.json. With --check nothing is written: what is there has to be what the
SDK makes.
"""
import importlib
import json
import pathlib
import sys
import tempfile
import warnings

from kfp import compiler

# That the default image will be another one day is not news here.
warnings.filterwarnings("ignore", category=FutureWarning)

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "pipelines"))


def compiled(name):
    module = importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, f"{name}.yaml")
        compiler.Compiler().compile(module.pipeline, str(path))
        yaml = path.read_text()
    expected = {"state": "SUCCEEDED", "about": module.__doc__, **module.EXPECTED}
    return {f"{name}.yaml": yaml, f"{name}.json": json.dumps(expected, indent=1) + "\n"}


def main():
    check = "--check" in sys.argv
    every = sorted(p.stem for p in (HERE / "pipelines").glob("*.py") if p.stem != "components")
    names = [a for a in sys.argv[1:] if a != "--check"] or every
    folder = HERE / "compiled"
    folder.mkdir(exist_ok=True)
    wrong = []
    for name in names:
        for file, text in compiled(name).items():
            path = folder / file
            if not check:
                path.write_text(text)
            elif not path.exists() or path.read_text() != text:
                wrong.append(file)
    if names == every:
        extra = {p.name for p in folder.iterdir()} - {f"{name}.{end}" for name in every for end in ("yaml", "json")}
        wrong += sorted(extra)
    if wrong:
        sys.exit(f"not what the SDK makes: {', '.join(wrong)}. Run {pathlib.Path(__file__).name} without --check")
    print(f"{len(names)} pipelines")


main()
