"""A head over every token, as transformers computes, loads and saves it.

    python tests/reference/token_classification.py [ROOT]

tests/fixtures/heads/token_classification.json, with the weights of tests/fixtures/model and a config that names
`BertForTokenClassification`:

- `config`: what is changed in the fixture's config.json;
- `input_ids`, `token_type_ids`, `attention_mask`: two rows, the second one padded;
- `logits`: for every position, those of padding included;
- `leftover`: the weights that `from_pretrained` does not use;
- `saved_config`, `saved_weights`: the config.json and the names and shapes of the weights that `save_pretrained` writes.

No version is pinned: the inputs are no random numbers, and what is computed here has long been the same (seen with
transformers 5.24 and PyTorch 2.15).
"""

import json
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import BertForTokenClassification

from common import REPOSITORY, output, saved_files

CONFIG = {
    "architectures": ["BertForTokenClassification"],
    "id2label": {"0": "O", "1": "B-PER", "2": "I-PER"},
    "label2id": {"O": 0, "B-PER": 1, "I-PER": 2},
}
INPUT = {
    "input_ids": [[2, 7, 9, 31, 44, 3], [2, 60, 99, 3, 0, 0]],
    "token_type_ids": [[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0]],
    "attention_mask": [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]],
}


def checkpoint(folder: Path) -> None:
    source = REPOSITORY / "tests/fixtures/model"
    kept = json.loads((source / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(kept | CONFIG))
    save_file(load_file(source / "model.safetensors"), folder / "model.safetensors", metadata={"format": "pt"})


@torch.no_grad()
def expected() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        checkpoint(Path(folder))
        model, loading = BertForTokenClassification.from_pretrained(
            folder, attn_implementation="eager", output_loading_info=True
        )
    assert not loading["missing_keys"], loading
    model.eval()
    logits = model(**{name: torch.tensor(rows) for name, rows in INPUT.items()}).logits
    config, weights = saved_files(model)
    return {
        "config": CONFIG,
        **INPUT,
        "logits": logits.flatten().tolist(),
        "leftover": sorted(loading["unexpected_keys"]),
        "saved_config": config,
        "saved_weights": weights,
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    target = output("tests/fixtures/heads/token_classification.json")
    target.write_text(json.dumps(expected(), indent=1) + "\n")
