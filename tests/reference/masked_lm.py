"""A head for masked words, as transformers computes, loads and saves it.

    python tests/reference/masked_lm.py [ROOT]

tests/fixtures/heads/masked_lm.json, with the weights of tests/fixtures/model-masked-lm, a `BertForMaskedLM`:

- `input_ids`, `token_type_ids`, `attention_mask`: two rows with masked tokens, the second one padded;
- `logits`: of every token of the vocabulary for every position, those of padding included;
- `new`: of checkpoints of other models, the weights that `from_pretrained` says are missing;
- `pretraining`: the weights that it does not use of the same model as `BertForPreTraining` saves it without safetensors: with
  the pooler, the head for the next sentence, and the decoder, which is tied, a second time;
- `saved_config`, `saved_weights`: the config.json and the names and shapes of the weights that `save_pretrained` writes.

    python tests/reference/masked_lm.py --check FOLDER

Opens what the test `a_saved_folder_can_be_given_to_transformers` of crates/model/tests/it/masked_lm.rs saved, the same
checkpoint, as its users do, with `AutoModelForMaskedLM`, and fails on any warning and on any weight that is missing, unexpected
or of another shape. The decoder is tied, and the logits of `input_ids` are those in the folder's `logits.json`.

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
from transformers import AutoModelForMaskedLM, BertForMaskedLM

from common import REPOSITORY, output, saved_files
from written import Collect

SOURCE = REPOSITORY / "tests/fixtures/model-masked-lm"
INPUT = {
    "input_ids": [[2, 7, 4, 3, 44, 4, 20, 3], [2, 4, 3, 0, 12, 3, 0, 0]],
    "token_type_ids": [[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 0, 0]],
    "attention_mask": [[1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0, 0]],
}
OTHERS = ["model", "model-legacy"]
# The two differ by the order in which f32 sums are taken.
TOLERANCE = 1e-5


def pretraining(folder: Path) -> None:
    config = json.loads((SOURCE / "config.json").read_text()) | {"architectures": ["BertForPreTraining"]}
    (folder / "config.json").write_text(json.dumps(config))
    tensors = load_file(SOURCE / "model.safetensors")
    width = config["hidden_size"]
    tensors |= {
        "bert.pooler.dense.weight": torch.ones(width, width),
        "bert.pooler.dense.bias": torch.ones(width),
        "cls.seq_relationship.weight": torch.ones(2, width),
        "cls.seq_relationship.bias": torch.ones(2),
        "cls.predictions.decoder.weight": tensors["bert.embeddings.word_embeddings.weight"].clone(),
        "cls.predictions.decoder.bias": tensors["cls.predictions.bias"].clone(),
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def missing(checkpoint: str) -> list[str]:
    source = REPOSITORY / "tests/fixtures" / checkpoint
    _, loading = BertForMaskedLM.from_pretrained(source, output_loading_info=True)
    return sorted(loading["missing_keys"])


def logits_of(model: BertForMaskedLM) -> torch.Tensor:
    return model.eval()(**{name: torch.tensor(rows) for name, rows in INPUT.items()}).logits


@torch.no_grad()
def expected() -> dict:
    model, loading = BertForMaskedLM.from_pretrained(SOURCE, attn_implementation="eager", output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"], loading
    logits = logits_of(model)
    with tempfile.TemporaryDirectory() as folder:
        pretraining(Path(folder))
        whole, loading = BertForMaskedLM.from_pretrained(folder, attn_implementation="eager", output_loading_info=True)
        assert not loading["missing_keys"], loading
        assert torch.equal(logits_of(whole), logits)
    config, weights = saved_files(model)
    return {
        **INPUT,
        "logits": logits.flatten().tolist(),
        "new": {name: missing(name) for name in OTHERS},
        "pretraining": sorted(loading["unexpected_keys"]),
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
        model, loading = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
        for what, found in loading.items():
            assert not found, f"{what}: {found}"
        assert type(model) is BertForMaskedLM, model
        assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
        ours = torch.tensor(json.loads((folder / "logits.json").read_text()))
        largest = (ours - logits_of(model).flatten()).abs().max().item()
    assert not heard.said, "\n".join(["it warns:", *heard.said])
    print(f"AutoModelForMaskedLM: {len(ours)} logits differ by at most {largest:.1e}")
    assert largest <= TOLERANCE, f"more than {TOLERANCE}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]))
        sys.exit()
    transformers.logging.set_verbosity_error()
    target = output("tests/fixtures/heads/masked_lm.json")
    target.write_text(json.dumps(expected(), indent=1) + "\n")
