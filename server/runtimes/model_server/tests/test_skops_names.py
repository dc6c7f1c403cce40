"""What skops trusts is the same with the list that an environment keeps as without it, and the list spares the import of all scikit-learn."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KEEP = Path(__file__).parents[2] / "environments" / "skops_names.py"

COMPARE = """
import json, sys
from pathlib import Path
if sys.argv[1:]:
    from slipway_model_server import skops_names
    skops_names.recall(Path(sys.argv[1]))
from skops.io import _general, _numpy, _trusted_types as trusted
imported = sorted(name for name in sys.modules if name.startswith("sklearn.") and name.count(".") == 1)
names = {name: value for name, value in vars(trusted).items() if name.isupper() and isinstance(value, list)}
names = {name: value for name, value in names.items() if all(isinstance(one, str) for one in value)}
print(json.dumps({
    "names": names,
    "imported": imported,
    "types": [kind.__name__ for kind in trusted.PRIMITIVES_TYPES],
    "missing": hasattr(trusted, "NO_SUCH_NAME"),
}))
"""


def python(*arguments) -> str:
    done = subprocess.run([sys.executable, *map(str, arguments)], cwd=KEEP.parents[1] / "model_server", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    file = tmp_path_factory.mktemp("environment") / "names.json"
    python("-I", KEEP, file)
    return file


def test_same_names_and_less_imported(kept):
    found, recalled = json.loads(python("-c", COMPARE)), json.loads(python("-c", COMPARE, kept))
    assert len(found["names"]["SKLEARN_ESTIMATOR_TYPE_NAMES"]) > 150
    for what in ("names", "types", "missing"):
        assert recalled[what] == found[what]
    assert "sklearn.ensemble" in found["imported"] and "sklearn.ensemble" not in recalled["imported"]


def test_what_is_not_trusted_stays_so(kept, tmp_path):
    script = """
import sys
from pathlib import Path
from slipway_model_server import skops_names
skops_names.recall(Path(sys.argv[1]))
import skops.io
from sklearn.linear_model import LinearRegression
from sklearn.utils import Bunch
good, bad = sys.argv[2:]
skops.io.dump(LinearRegression().fit([[0.0], [1.0]], [0, 1]), good)
skops.io.dump(Bunch(a=1), bad)
print(skops.io.get_untrusted_types(file=good), skops.io.get_untrusted_types(file=bad), skops.io.load(good).predict([[2.0]]).round(3))
"""
    said = python("-c", script, kept, tmp_path / "good.skops", tmp_path / "bad.skops")
    assert said.split() == ["[]", "['sklearn.utils._bunch.Bunch']", "[2.]"]


@pytest.mark.parametrize("text", [None, "", "[1", "{}"])
def test_without_a_list_skops_finds_out(text, tmp_path):
    file = tmp_path / "names.json"
    if text is not None:
        file.write_text(text)
    assert "sklearn.linear_model._base.LinearRegression" in json.loads(python("-c", COMPARE, file))["names"]["SKLEARN_ESTIMATOR_TYPE_NAMES"]
