"""Keeps what skops trusts, as JSON:  python skops_names.py FILE

skops finds it out each time it is imported, by importing all of scikit-learn: a third of a model server's start. In an environment that nobody changes
any more it is always the same. Without skops nothing is written.
"""

import json
import sys
from pathlib import Path


def main(file: str) -> None:
    try:
        from skops.io import _trusted_types as found
    except ImportError:
        return
    names = {name: value for name, value in vars(found).items() if name.isupper() and of_names(value)}
    Path(file).write_text(json.dumps(names))


def of_names(value) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


if __name__ == "__main__":
    main(sys.argv[1])
