"""Whole training runs of PyTorch with transformers: the loss and the gradient's norm in every step, and what came of it.

    [EMBERT_MINILM=FOLDER] python tests/reference/training.py [ROOT]

tests/fixtures/training/model         a tiny checkpoint with a head for three labels and its vocabulary
tests/fixtures/training/NAME.jsonl    the texts, with their labels
tests/fixtures/training/expected.json two runs of 60 steps over them, without shuffling and without dropout: settings, each
                                      step, and the probabilities of the texts for validation afterwards
tests/fixtures/training/minilm.json   the first twelve steps of all-MiniLM-L6-v2, whose folder EMBERT_MINILM names, on the
                                      sample; without the variable this file is left as it is
"""

import json
import os
import random
from pathlib import Path

import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import cross_entropy
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, BertTokenizerFast, get_scheduler

from common import REPOSITORY, output, pin

pin("torch", "transformers", "scikit-learn")
# More threads would add up in another order.
torch.set_num_threads(1)

LABELS = ["bad", "fine", "good"]
# Words that tell, by label, and words that don't.
TELLING = [
    ["awful", "dull", "cold", "broken", "late", "waste"],
    ["plain", "usual", "average", "decent", "usable", "expected"],
    ["lovely", "bright", "warm", "superb", "quick", "joy"],
]
OTHER = """the a this it was is and but with for of to in not very quite film book soup room tune walk shop seat staff
story we they i had found again , . ! ##ly ##ness ##er""".split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(word for words in TELLING for word in words), *OTHER]
# Not a multiple of the batch: the last batch of an epoch is smaller, and with micro-batches of four it is a single one.
TRAINING, VALIDATION = 157, 40


def examples(count: int, generator: random.Random) -> list[dict[str, str]]:
    """Texts of 2 to 24 words in which some words tell the label and a few mislead."""
    result = []
    for _ in range(count):
        # Unbalanced, so that the weights of the labels differ.
        label = generator.choices(range(3), weights=[5, 3, 2])[0]
        words = [generator.choice(OTHER) for _ in range(generator.randint(1, 20))]
        words += [generator.choice(TELLING[label]) for _ in range(generator.randint(1, 3))]
        words += [generator.choice(TELLING[generator.randrange(3)]) for _ in range(generator.randint(0, 1))]
        generator.shuffle(words)
        result.append({"text": " ".join(words).replace(" ##", ""), "label": LABELS[label]})
    return result


def write_checkpoint(folder: Path) -> None:
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=32,
        id2label=dict(enumerate(LABELS)),
        label2id={label: id for id, label in enumerate(LABELS)},
    )
    model = BertForSequenceClassification(config)
    generator = torch.Generator().manual_seed(3)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data = 1 + 0.1 * noise if name.endswith("LayerNorm.weight") else 0.1 * noise
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("".join(token + "\n" for token in VOCABULARY))
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}) + "\n")


def without_dropout(folder: str | Path, **config) -> BertForSequenceClassification:
    return BertForSequenceClassification.from_pretrained(
        folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, classifier_dropout=0.0, **config
    ).train()


def train(model, tokenizer, data, labels, *, settings, steps):
    """The plain loop: each step one batch, in the order of the file, padded to its longest text."""
    decayed = lambda name: settings["decay"] == "all" or not (name.endswith("bias") or "LayerNorm" in name)
    groups = []
    for head in (False, True):
        for decay in (False, True):
            chosen = [p for n, p in model.named_parameters() if n.startswith("classifier.") == head and decayed(n) == decay]
            rate = settings["head_learning_rate" if head else "learning_rate"]
            groups.append({"params": chosen, "lr": rate, "weight_decay": settings["weight_decay"] if decay else 0.0})
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
    schedule = get_scheduler(settings["schedule"], optimizer, settings["warmup_steps"], steps)
    weights = settings["class_weights"] and torch.tensor(settings["class_weights"], dtype=torch.float32)
    log = []
    while len(log) < steps:
        for start in range(0, len(data), settings["batch_size"]):
            part = data[start : start + settings["batch_size"]]
            batch = tokenizer(
                [row["text"] for row in part],
                truncation=True,
                max_length=settings["max_length"],
                padding=True,
                return_tensors="pt",
            )
            targets = torch.tensor([labels.index(row["label"]) for row in part])
            logits = model(**batch).logits
            loss = cross_entropy(logits, targets, weight=weights, label_smoothing=settings["label_smoothing"])
            optimizer.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["max_grad_norm"])
            # The base group's, as logged by us.
            rate = optimizer.param_groups[0]["lr"]
            optimizer.step()
            schedule.step()
            log.append({"loss": loss.item(), "grad_norm": norm.item(), "learning_rate": rate})
            if len(log) == steps:
                break
    return log


@torch.no_grad()
def probabilities(model, tokenizer, data, max_length):
    batch = tokenizer(
        [row["text"] for row in data], truncation=True, max_length=max_length, padding=True, return_tensors="pt"
    )
    return model.eval()(**batch).logits.double().softmax(-1).tolist()


def tiny() -> None:
    folder = output("tests/fixtures/training/expected.json").parent
    write_checkpoint(folder / "model")
    generator = random.Random(5)
    training, validation = examples(TRAINING, generator), examples(VALIDATION, generator)
    for name, rows in (("train", training), ("validation", validation)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    balanced = compute_class_weight("balanced", classes=np.array(LABELS), y=[row["label"] for row in training])
    plain = {
        "batch_size": 8,
        "max_length": 16,
        "learning_rate": 5e-3,
        "head_learning_rate": 1e-2,
        "weight_decay": 0.01,
        "decay": "standard",
        "schedule": "linear",
        "warmup_steps": 6,
        "max_grad_norm": 1.0,
        "class_weights": None,
        "label_smoothing": 0.0,
    }
    trimmed = plain | {
        "decay": "all",
        "weight_decay": 0.1,
        "schedule": "cosine",
        "max_grad_norm": 0.5,
        "class_weights": balanced.tolist(),
        "label_smoothing": 0.1,
    }
    runs = []
    for settings in (plain, trimmed):
        model = without_dropout(folder / "model")
        tokenizer = BertTokenizerFast.from_pretrained(folder / "model")
        steps = train(model, tokenizer, training, LABELS, settings=settings, steps=60)
        after = probabilities(model, tokenizer, validation, settings["max_length"])
        runs.append({"settings": settings, "steps": steps, "probabilities": after})
    (folder / "expected.json").write_text(json.dumps(runs, indent=1) + "\n")


def minilm(folder: str) -> None:
    """The head is a formula, so that both sides have the same."""
    rows = [json.loads(line) for line in (REPOSITORY / "datasets/sample/train.jsonl").read_text().splitlines()]
    model = without_dropout(folder, num_labels=2)
    with torch.no_grad():
        weight = model.classifier.weight
        index = torch.arange(weight.numel(), dtype=torch.float64)
        weight.copy_((0.05 * torch.sin(index)).reshape(weight.shape))
        model.classifier.bias.zero_()
    settings = {
        "batch_size": 16,
        "max_length": 32,
        "learning_rate": 5e-5,
        "head_learning_rate": 5e-5,
        "weight_decay": 0.01,
        "decay": "all",
        "schedule": "constant",
        "warmup_steps": 0,
        "max_grad_norm": 1.0,
        "class_weights": None,
        "label_smoothing": 0.0,
    }
    steps = train(model, AutoTokenizer.from_pretrained(folder), rows, ["neg", "pos"], settings=settings, steps=12)
    result = {"settings": settings, "steps": steps}
    output("tests/fixtures/training/minilm.json").write_text(json.dumps(result, indent=1) + "\n")


tiny()
if folder := os.environ.get("EMBERT_MINILM"):
    minilm(folder)
