"""What the scripts of this folder share: the versions that the numbers belong to, and where the fixtures go.

Every script is run as `python tests/reference/NAME.py [ROOT]` and writes its fixtures below ROOT under the paths that they
have in the repository, which is the default. `cargo xtask reference` runs them all into a temporary ROOT and compares.
"""

import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def pin(*packages: str) -> None:
    """Stops where a package is of another version than the fixtures in the repository."""
    lines = (REPOSITORY / "tests/reference/requirements.txt").read_text().splitlines()
    required = dict(line.split("==") for line in lines if "==" in line)
    for package in packages:
        found, wanted = version(package), required[package]
        assert found.startswith(wanted.removesuffix("*")), f"these numbers are {package} {wanted}'s, this is {found}"


def output(path: str) -> Path:
    """Where the fixture that the repository has under `path` is to be written; its folder is there."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def saved_files(model, **options) -> tuple[dict, dict]:
    """The config.json, and the shapes of the weights by their names, that `save_pretrained` writes with these options."""
    from safetensors import safe_open

    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, **options)
        with safe_open(Path(folder) / "model.safetensors", "pt") as file:
            weights = {name: file.get_slice(name).get_shape() for name in sorted(file.keys())}
        config = json.loads((Path(folder) / "config.json").read_text())
    return config, weights
