"""What transformers writes and refuses, and whether it reads what we write.

    python tests/reference/written.py [ROOT]

tests/fixtures/written/saved.json    for each checkpoint of model.py that a classifier can begin from: what
                                     `from_pretrained(checkpoint, num_labels=3)` says is new and left over, and the
                                     config.json and the names and shapes of the weights that `save_pretrained` then writes,
                                     in its own spelling, whatever the checkpoint's.
tests/fixtures/written/foreign.json  the config.json of architectures that are mistaken for BERT.

    python tests/reference/written.py --check MODEL_FOLDER PREDICTIONS.jsonl

Loads a result of `bert-train train` as its users do, with `AutoTokenizer` and `BertForSequenceClassification`, and fails on any
warning and on any weight that is missing, unexpected or of another shape. Then it labels the texts of what
`bert-train predict --model MODEL_FOLDER --output PREDICTIONS.jsonl` wrote, and compares the probabilities.
"""

import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from transformers import AutoConfig, AutoTokenizer, BertForSequenceClassification

from common import REPOSITORY, output, pin, saved_files

CHECKPOINTS = ["model", "model-legacy", "model-masked-lm"]
FOREIGN = {
    "albert": "AlbertForMaskedLM",
    "big_bird": "BigBirdForPreTraining",
    "camembert": "CamembertForMaskedLM",
    "convbert": "ConvBertModel",
    "deberta": "DebertaForMaskedLM",
    "deberta-v2": "DebertaV2Model",
    "distilbert": "DistilBertForMaskedLM",
    "electra": "ElectraForPreTraining",
    "ernie": "ErnieModel",
    "gpt2": "GPT2LMHeadModel",
    "longformer": "LongformerForMaskedLM",
    "megatron-bert": "MegatronBertModel",
    "mobilebert": "MobileBertForPreTraining",
    "modernbert": "ModernBertForMaskedLM",
    "mpnet": "MPNetForMaskedLM",
    "roberta": "RobertaForMaskedLM",
    "roformer": "RoFormerForMaskedLM",
    "squeezebert": "SqueezeBertModel",
    "t5": "T5ForConditionalGeneration",
    "xlm-roberta": "XLMRobertaForMaskedLM",
    "xlnet": "XLNetLMHeadModel",
}

# With the file's weights in f32 the two differ by the order in which f32 sums are taken. In the file's own dtype transformers
# also computes in it, where we compute in f32 whatever is stored: it rounds some ten times a layer, to 2^-11 (f16) or 2^-8
# (bf16) of the value. Seen on two layers: 1.4e-4 and 1.7e-3.
TOLERANCE = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}


def write_json(path: str, value: dict) -> None:
    output(path).write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


def saved(checkpoint: str) -> dict:
    """What transformers makes of a checkpoint with a classifier for three labels."""
    source = REPOSITORY / "tests/fixtures" / checkpoint
    model, loading = BertForSequenceClassification.from_pretrained(source, num_labels=3, output_loading_info=True)
    # Otherwise it brings back what it has read: gamma and beta, where the file has today's names for all others.
    config, weights = saved_files(model, save_original_format=False)
    new, leftover = sorted(loading["missing_keys"]), sorted(loading["unexpected_keys"])
    return {"weights": weights, "config": config, "new": new, "leftover": leftover}


def foreign(kind: str, architecture: str) -> dict:
    config = AutoConfig.for_model(kind, architectures=[architecture])
    with tempfile.TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        return json.loads((Path(folder) / "config.json").read_text())


def write() -> None:
    # What a warning would say is in the fixture.
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    write_json("tests/fixtures/written/saved.json", {name: saved(name) for name in CHECKPOINTS})
    write_json("tests/fixtures/written/foreign.json", {kind: foreign(kind, name) for kind, name in FOREIGN.items()})


class Collect(logging.Handler):
    """Keeps what is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@torch.no_grad()
def probabilities(folder: Path, rows: list[dict], dtype: torch.dtype | str) -> tuple[torch.dtype, torch.Tensor]:
    """Of each row, label by label, a text at a time so that nothing is padded."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, loading = BertForSequenceClassification.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    for what, found in loading.items():
        assert not found, f"{what}: {found}"
    model.eval()
    labels = list(rows[0]["probabilities"])
    assert [model.config.id2label[index] for index in range(model.config.num_labels)] == labels, model.config.id2label
    assert model.config.label2id == {label: index for index, label in enumerate(labels)}, model.config.label2id
    found = []
    for row in rows:
        encoded = tokenizer(row["text"], row.get("text_pair"), truncation=True, return_tensors="pt")
        found.append(model(**encoded).logits[0].float().softmax(-1))
    return model.dtype, torch.stack(found)


def check_card(folder: Path) -> None:
    """The card is one that the hub's own library understands."""
    from huggingface_hub import ModelCard

    card = ModelCard.load(folder / "README.md")
    print("card", json.dumps(card.data.to_dict()))
    assert card.data.library_name == "transformers" and card.data.pipeline_tag == "text-classification", card.data
    assert all(result.task_type == "text-classification" for result in card.data.eval_results or [])


def check(folder: Path, predictions: Path) -> None:
    rows = [json.loads(line) for line in predictions.read_text().splitlines()]
    ours = torch.tensor([list(row["probabilities"].values()) for row in rows])
    assert ours[:, 0].max() - ours[:, 0].min() > 0.5, "this model tells no texts apart: there is nothing to compare"
    heard = Collect()
    logging.getLogger().addHandler(heard)
    transformers.logging.get_logger().addHandler(heard)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for wanted in (torch.float32, "auto"):
            dtype, theirs = probabilities(folder, rows, wanted)
            largest = (ours - theirs).abs().max().item()
            print(f"{len(rows)} texts, computed in {dtype}: probabilities differ by {largest:.2e}")
            assert largest <= TOLERANCE[dtype], f"more than {TOLERANCE[dtype]}"
        check_card(folder)
    said = heard.said + [str(warning.message) for warning in caught]
    assert not said, "\n".join(["transformers warns:", *said])


if __name__ == "__main__":
    pin("torch", "transformers")
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        write()
