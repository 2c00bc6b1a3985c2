"""Activations and heads of every kind, as transformers computes them.

    python tests/reference/heads.py [ROOT]

tests/fixtures/heads/expected.json, all with the weights of tests/fixtures/model:

- `activations`: for each `hidden_act`, the logits of two rows of tokens, and the gradient of their sum with respect to the
  bias of the first layer's widening dense layer. Those layers' weights are `scale` times the fixture's, so that their
  outputs reach where activations are clipped;
- `heads`: for some `config.json` and so many rows of the classifier, what the `text-classification` pipeline says of texts
  tokenized with tests/fixtures/tokenizer: its label and score, and the scores of all labels.

No version is pinned: the inputs are no random numbers, and what is computed here has long been the same (seen with
transformers 5.24 and PyTorch 2.15).
"""

import json
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from common import REPOSITORY, output

ACTIVATIONS = [
    "gelu",
    "gelu_10",
    "gelu_accurate",
    "gelu_fast",
    "gelu_new",
    "gelu_python",
    "gelu_python_tanh",
    "gelu_pytorch_tanh",
    "hardswish",
    "leaky_relu",
    "linear",
    "mish",
    "quick_gelu",
    "relu",
    "relu2",
    "relu6",
    "sigmoid",
    "silu",
    "swish",
    "tanh",
]
SCALE = 16.0
ROWS = [[2, 7, 9, 31, 44, 3], [2, 60, 99, 5, 18, 3]]
TEXTS = ["the movie was great!", "unbelievably bad", ""]
HEADS = [
    {"outputs": 1, "config": {"id2label": {"0": "LABEL_0"}}},
    {"outputs": 1, "config": {"id2label": {"0": "stars"}, "problem_type": "regression"}},
    {"outputs": 1, "config": {"id2label": {"0": "toxic"}, "problem_type": "multi_label_classification"}},
    {"outputs": 3, "config": {"problem_type": "multi_label_classification"}},
    {"outputs": 3, "config": {"problem_type": "regression"}},
    {"outputs": 3, "config": {"problem_type": "single_label_classification"}},
    {"outputs": 3, "config": {}},
    {"outputs": 3, "config": {"id2label": {"0": 7, "1": 8, "2": 9}}},
]


def checkpoint(folder: Path, config: dict, outputs: int = 3, scale: float = 1) -> None:
    """The fixture's weights with another config, and with the first rows of its classifier."""
    source = REPOSITORY / "tests/fixtures/model"
    kept = json.loads((source / "config.json").read_text())
    if outputs != 3:
        del kept["id2label"]
    kept.pop("label2id")
    (folder / "config.json").write_text(json.dumps(kept | config))
    tensors = load_file(source / "model.safetensors")
    for name in ["classifier.weight", "classifier.bias"]:
        tensors[name] = tensors[name][:outputs].clone()
    for name in tensors:
        if name.endswith("intermediate.dense.weight"):
            tensors[name] *= scale
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def activation(name: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        checkpoint(Path(folder), {"hidden_act": name}, scale=SCALE)
        model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager")
    logits = model(torch.tensor(ROWS)).logits
    logits.sum().backward()
    gradient = model.bert.encoder.layer[0].intermediate.dense.bias.grad
    return {"logits": logits.flatten().tolist(), "gradient": gradient.tolist()}


@torch.no_grad()
def head(config: dict, outputs: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        checkpoint(Path(folder), config, outputs)
        for file in ["vocab.txt", "tokenizer_config.json"]:
            source = REPOSITORY / "tests/fixtures/tokenizer" / file
            if source.is_file():
                (Path(folder) / file).write_bytes(source.read_bytes())
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(folder))
        best = [classify(text)[0] for text in TEXTS]
        scores = [{str(one["label"]): one["score"] for one in classify(text, top_k=None)} for text in TEXTS]
    return {"best": [{"label": str(one["label"]), "score": one["score"]} for one in best], "scores": scores}


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    expected = {
        "scale": SCALE,
        "rows": ROWS,
        "texts": TEXTS,
        "activations": {name: activation(name) for name in ACTIVATIONS},
        "heads": [case | head(case["config"], case["outputs"]) for case in HEADS],
    }
    output("tests/fixtures/heads/expected.json").write_text(json.dumps(expected, indent=1) + "\n")
