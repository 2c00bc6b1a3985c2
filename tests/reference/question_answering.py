"""A head for the ends of an answer, as transformers computes, loads and saves it.

    python tests/reference/question_answering.py [ROOT]

tests/fixtures/heads/question_answering.json, with the weights of tests/fixtures/model and a config that names
`BertForQuestionAnswering`. The head's weights are the first two rows of the classifier's: the first one gives the logits of
the start, the second one those of the end.

- `config`: what is changed in the fixture's config.json; a key that is null there is removed;
- `input_ids`, `token_type_ids`, `attention_mask`: two rows of a question and a context, the second one padded;
- `logits`: of start and end for every position, those of padding included;
- `leftover`: the weights that `from_pretrained` does not use;
- `new`: of checkpoints of other models, those that it says are missing;
- `saved_config`, `saved_weights`: the config.json and the names and shapes of the weights that `save_pretrained` writes.

    python tests/reference/question_answering.py --check FOLDER

Opens what the test `a_saved_folder_can_be_given_to_transformers` of crates/model saved, the same checkpoint, as its users do,
with `AutoModelForQuestionAnswering`, and fails on any warning and on any weight that is missing, unexpected or of another shape.
The logits of `input_ids` are those in the folder's `logits.json`.

No version is pinned: the inputs are no random numbers, and what is computed here has long been the same (seen with
transformers 5.24 and PyTorch 2.15).
"""

import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForQuestionAnswering, BertForQuestionAnswering

from common import REPOSITORY, output, saved_files
from written import Collect

# Without names there are two outputs, by default.
CONFIG = {"architectures": ["BertForQuestionAnswering"], "id2label": None, "label2id": None}
INPUT = {
    "input_ids": [[2, 7, 9, 3, 44, 31, 60, 3], [2, 99, 3, 60, 12, 3, 0, 0]],
    "token_type_ids": [[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 0, 0]],
    "attention_mask": [[1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0, 0]],
}
OTHERS = ["model", "model-legacy", "model-masked-lm"]
# The two differ by the order in which f32 sums are taken.
TOLERANCE = 1e-5


def checkpoint(folder: Path) -> None:
    source = REPOSITORY / "tests/fixtures/model"
    config = json.loads((source / "config.json").read_text())
    for key, value in CONFIG.items():
        config.pop(key) if value is None else config.update({key: value})
    (folder / "config.json").write_text(json.dumps(config))
    tensors = load_file(source / "model.safetensors")
    for name in ["weight", "bias"]:
        tensors[f"qa_outputs.{name}"] = tensors.pop(f"classifier.{name}")[:2].clone()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def missing(checkpoint: str) -> list[str]:
    source = REPOSITORY / "tests/fixtures" / checkpoint
    _, loading = BertForQuestionAnswering.from_pretrained(source, num_labels=2, output_loading_info=True)
    return sorted(loading["missing_keys"])


def logits_of(model: BertForQuestionAnswering) -> torch.Tensor:
    answer = model.eval()(**{name: torch.tensor(rows) for name, rows in INPUT.items()})
    return torch.stack([answer.start_logits, answer.end_logits], dim=-1)


@torch.no_grad()
def expected() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        checkpoint(Path(folder))
        model, loading = BertForQuestionAnswering.from_pretrained(
            folder, attn_implementation="eager", output_loading_info=True
        )
    assert not loading["missing_keys"], loading
    logits = logits_of(model)
    config, weights = saved_files(model)
    return {
        "config": CONFIG,
        **INPUT,
        "logits": logits.flatten().tolist(),
        "leftover": sorted(loading["unexpected_keys"]),
        "new": {name: missing(name) for name in OTHERS},
        "saved_config": config,
        "saved_weights": weights,
    }


@torch.no_grad()
def check(folder: Path) -> None:
    heard = Collect()
    logging.getLogger().addHandler(heard)
    transformers.logging.get_logger().addHandler(heard)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model, loading = AutoModelForQuestionAnswering.from_pretrained(folder, output_loading_info=True)
        for what, found in loading.items():
            assert not found, f"{what}: {found}"
        assert type(model) is BertForQuestionAnswering and model.config.num_labels == 2, model
        ours = torch.tensor(json.loads((folder / "logits.json").read_text()))
        largest = (ours - logits_of(model).flatten()).abs().max().item()
    assert not heard.said, "\n".join(["it warns:", *heard.said])
    print(f"AutoModelForQuestionAnswering: {len(ours)} logits differ by at most {largest:.1e}")
    assert largest <= TOLERANCE, f"more than {TOLERANCE}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]))
        sys.exit()
    transformers.logging.set_verbosity_error()
    target = output("tests/fixtures/heads/question_answering.json")
    target.write_text(json.dumps(expected(), indent=1) + "\n")
