"""What skops trusts, from the list that was kept when the environment was made (`environments/skops_names.py`).

Without it skops imports all of scikit-learn to find it out, a third of the start. The names are the same; only what they name is imported by need.
"""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

MODULE = "skops.io._trusted_types"


def recall(file: Path | None = None) -> None:
    """From now on skops has its names from the list, where there is one."""
    try:
        names = json.loads((file or Path(sys.prefix) / ".slipway-skops.json").read_text())
    except (OSError, ValueError):
        return
    module = ModuleType(MODULE, __doc__)
    module.__dict__.update(names, __getattr__=_found)
    sys.modules.setdefault(MODULE, module)


def _found(name: str):
    """What is not in the list, as skops finds it."""
    if not name.isupper():
        raise AttributeError(name)
    if getattr(sys.modules.get(MODULE), "__getattr__", None) is _found:
        del sys.modules[MODULE]
    return getattr(importlib.import_module(MODULE), name)
