"""What the scripts of this folder share: the versions that the numbers belong to, and where the fixtures go.

Every script is run as `python tests/reference/NAME.py [ROOT]` and writes its fixtures below ROOT under the paths that they
have in the repository, which is the default. `cargo xtask reference` runs them all into a temporary ROOT and compares.
"""

import importlib
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# A fixture is made anew, and its tolerances are looked at again, when one of these changes.
PINNED = {"torch": "2.11", "transformers": "5.23", "tokenizers": "0.23", "sklearn": "1.9"}


def pin(*modules: str) -> None:
    """Stops where a module is of another version than the fixtures in the repository."""
    for module in modules:
        found = importlib.import_module(module).__version__
        assert found.startswith(PINNED[module] + "."), f"these numbers are {module} {PINNED[module]}'s, this is {found}"


def output(path: str) -> Path:
    """Where the fixture that the repository has under `path` is to be written; its folder is there."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
