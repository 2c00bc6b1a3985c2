"""Runs of PyTorch in which parameters learn at rates of their own and are frozen and unfrozen on the way.

    python tests/reference/strategies.py [ROOT]

tests/fixtures/training/strategies.json    40 steps each over the texts and the checkpoint that training.py wrote: the settings as
                                           they stand in a config of ours, each step's loss, gradient norm and learning rates by
                                           part of the model, and the probabilities of the texts for validation afterwards

One optimizer has all parameters from the beginning. What is frozen has `requires_grad = False` and so no gradient: AdamW passes
over it and keeps its state, which is what a user of PyTorch gets.
"""

import json

import torch
from torch.nn.functional import cross_entropy
from transformers import BertForSequenceClassification, BertTokenizerFast, get_scheduler

from common import REPOSITORY, output, pin

pin("torch", "transformers")
# More threads would add up in another order.
torch.set_num_threads(1)

ROOT = REPOSITORY / "tests/fixtures/training"
LABELS = ["bad", "fine", "good"]
LAYERS, STEPS, BATCH, MAX_LENGTH, WARMUP = 2, 40, 8, 16, 4

COMMON = f"""epochs = 2
max_grad_norm = 1.0
keep = "last"
[data]
max_length = {MAX_LENGTH}
order = "sequential"
[dropout]
hidden = 0.0
attention = 0.0
classifier = 0.0
"""


def part_of(name: str, layerwise: bool) -> str:
    if name.startswith("classifier."):
        return "head"
    if not layerwise:
        return "base"
    for part in ("embeddings", "pooler"):
        if f".{part}." in name:
            return part
    return "layer " + name.split("encoder.layer.")[1].split(".")[0]


def depth_of(part: str) -> int:
    """From the top: the last layer 0, the embeddings below the first."""
    if part == "embeddings":
        return LAYERS
    return LAYERS - 1 - int(part.split()[1]) if part.startswith("layer") else 0


def frozen(freeze: str, name: str) -> bool:
    layer = int(name.split("encoder.layer.")[1].split(".")[0]) if "encoder.layer." in name else None
    if freeze == "all_but_head":
        return not name.startswith("classifier.")
    embeddings, _, below = freeze.partition("encoder_below:")
    if layer is not None:
        return below != "" and layer < int(below)
    return "embeddings" in embeddings and ".embeddings." in name


def train(stages: list[dict], layer_decay: float, weight_decay: float) -> dict:
    """`stages` in order: the step that each begins with, what it freezes, its rates."""
    model = BertForSequenceClassification.from_pretrained(
        ROOT / "model", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, classifier_dropout=0.0
    ).train()
    tokenizer = BertTokenizerFast.from_pretrained(ROOT / "model")
    rows = [json.loads(line) for line in (ROOT / "train.jsonl").read_text().splitlines()]
    groups = {}
    for name, parameter in model.named_parameters():
        plain = name.endswith("bias") or "LayerNorm" in name
        part = part_of(name, layer_decay != 1.0)
        group = groups.setdefault((part, plain), {"params": [], "part": part, "weight_decay": 0.0 if plain else weight_decay})
        group["params"].append(parameter)
    optimizer = torch.optim.AdamW(list(groups.values()))
    # Its rate is the schedule's factor.
    ruler = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = get_scheduler("linear", ruler, WARMUP, STEPS)
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    log = []
    for step in range(STEPS):
        stage = [stage for stage in stages if stage["step"] <= step + 1][-1]
        for name, parameter in model.named_parameters():
            parameter.requires_grad = not frozen(stage["freeze"], name)
        factor = ruler.param_groups[0]["lr"]
        for group in optimizer.param_groups:
            rate = stage["head"] if group["part"] == "head" else stage["base"] * layer_decay ** depth_of(group["part"])
            group["lr"] = rate * factor
        part = batches[step % len(batches)]
        batch = tokenizer([row["text"] for row in part], truncation=True, max_length=MAX_LENGTH, padding=True, return_tensors="pt")
        targets = torch.tensor([LABELS.index(row["label"]) for row in part])
        loss = cross_entropy(model(**batch).logits, targets)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        ruler.step()
        schedule.step()
        trained = {group["part"]: group["lr"] for group in optimizer.param_groups if group["params"][0].requires_grad}
        log.append({"loss": loss.item(), "grad_norm": norm.item(), "learning_rates": dict(sorted(trained.items()))})
    texts = [json.loads(line)["text"] for line in (ROOT / "validation.jsonl").read_text().splitlines()]
    batch = tokenizer(texts, truncation=True, max_length=MAX_LENGTH, padding=True, return_tensors="pt")
    with torch.no_grad():
        after = model.eval()(**batch).logits.double().softmax(-1).tolist()
    return {"steps": log, "probabilities": after}


def run(name: str, settings: str, stages: list[dict], *, layer_decay: float = 1.0, rates=(5e-3, 1e-2)) -> dict:
    optimizer = f"""[optimizer]
learning_rate = {rates[0]}
head_learning_rate = {rates[1]}
layerwise_lr_decay = {layer_decay}
weight_decay = 0.05
schedule = "linear"
warmup_steps = {WARMUP}
"""
    stages = [{"base": rates[0], "head": rates[1]} | stage for stage in stages]
    return {"name": name, "config": settings + COMMON + optimizer} | train(stages, layer_decay, 0.05)


result = [
    run("layer-wise rates", f"batch_size = {BATCH}\n", [{"step": 1, "freeze": "none"}], layer_decay=0.6),
    run(
        # Micro-batches besides, and a part that is frozen again and trained again.
        "stages",
        """freeze = "all_but_head"
batch_size = 4
effective_batch_size = 8
stages = [
  { from_step = 9, freeze = "embeddings+encoder_below:1", learning_rate = 2e-3 },
  { from_epoch = 2, freeze = "none", learning_rate = 1e-3, head_learning_rate = 3e-3 },
  { from_step = 26, freeze = "encoder_below:1" },
  { from_step = 33, freeze = "none", learning_rate = 2e-3 },
]
""",
        [
            {"step": 1, "freeze": "all_but_head"},
            {"step": 9, "freeze": "embeddings+encoder_below:1", "base": 2e-3},
            {"step": 21, "freeze": "none", "base": 1e-3, "head": 3e-3},
            {"step": 26, "freeze": "encoder_below:1"},
            {"step": 33, "freeze": "none", "base": 2e-3},
        ],
    ),
    run(
        "gradual unfreezing",
        f"""freeze = "all_but_head"
unfreeze_every = 7
batch_size = {BATCH}
""",
        [
            {"step": 1, "freeze": "all_but_head"},
            {"step": 8, "freeze": "embeddings+encoder_below:1"},
            {"step": 15, "freeze": "embeddings"},
            {"step": 22, "freeze": "none"},
        ],
        layer_decay=0.8,
    ),
]
output("tests/fixtures/training/strategies.json").write_text(json.dumps(result, indent=1) + "\n")
