"""Training runs of PyTorch with transformers on whole long texts: the windows of a text are one example of the loss.

    python tests/reference/long_documents.py [ROOT]

Each file has 40 steps over 39 texts, in order, without dropout, from tests/fixtures/training/model (of training.py):

tests/fixtures/heads/long-single-label.json  -log of the mean of the windows' probabilities; with class weights and smoothing
tests/fixtures/heads/long-multi-label.json   the binary cross-entropy of the mean of the windows' sigmoids; with pos_weight
tests/fixtures/heads/long-regression.json    the squared error of the mean of the windows' numbers

crates/task/tests/fixtures/pooled_losses.json  the three losses alone and their gradients, of logits up to 12: `windows` are those
                                               of each text, whose logits follow each other, `outputs` numbers a window

- `config`: what is changed in the checkpoint's config.json; `outputs`: as many rows of the checkpoint's classifier are kept;
- `rows`: the data as a user has them; `windows`: how many windows each text has; `train_stride`: the tokens that they share;
- `max_windows`: for each run the most windows of a text, null where all count. Of n windows then those with the numbers
  floor(i (n - 1) / (max_windows - 1) + 1/2) are read;
- `runs`: the settings; in each step the loss, the gradient's norm before clipping and the learning rate.

The windows are those of the tokenizer with `return_overflowing_tokens`. Each text goes through the model alone, and the
losses are written as their formulas, on probabilities. It is computed in f64, so that the version of PyTorch does not
matter (seen with 2.15).
"""

import json
import random

import torch
import transformers
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, get_scheduler

from common import REPOSITORY, output, pin

pin("transformers")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

CHECKPOINT = REPOSITORY / "tests/fixtures/training/model"
LABELS = ["bad", "fine", "good"]
# 12 tokens hold 10 words; a further window has 7 more. Five windows take up to 38 words.
ROWS, BATCH, STEPS, MAX_LENGTH, STRIDE, MOST_WORDS = 39, 4, 40, 12, 3, 38
# Words of the checkpoint's vocabulary that tell, and words that don't.
TELLING = [
    ["awful", "dull", "cold", "broken", "late", "waste"],
    ["plain", "usual", "average", "decent", "usable", "expected"],
    ["lovely", "bright", "warm", "superb", "quick", "joy"],
]
OTHER = "the a this it was is and but with for of to in not very quite film book soup room tune walk shop".split()
PLAIN = {
    "batch_size": BATCH,
    "max_length": MAX_LENGTH,
    "learning_rate": 5e-3,
    "head_learning_rate": 1e-2,
    "weight_decay": 0.01,
    "decay": "standard",
    "schedule": "linear",
    "warmup_steps": 4,
    "max_grad_norm": 1.0,
    "class_weights": None,
    "label_smoothing": 0.0,
    "pos_weight": None,
}
OTHERWISE = PLAIN | {"decay": "all", "weight_decay": 0.1, "schedule": "cosine", "max_grad_norm": 0.5}
RARE_WINDOWS = 3


def text(generator: random.Random, kinds: list[int]) -> str:
    """Words that say nothing, and one of each of these kinds, anywhere."""
    chosen = [generator.choice(OTHER) for _ in range(generator.randint(1, MOST_WORDS - len(kinds)))]
    chosen += [generator.choice(TELLING[kind]) for kind in kinds]
    generator.shuffle(chosen)
    return " ".join(chosen)


def single_label(generator: random.Random) -> tuple[dict, int]:
    kind = generator.choices(range(3), weights=[5, 3, 2])[0]
    return {"text": text(generator, [kind] * generator.randint(1, 4)), "label": LABELS[kind]}, kind


def multi_label(generator: random.Random) -> tuple[dict, list[float]]:
    kinds = [kind for kind, share in enumerate([0.5, 0.35, 0.25]) if generator.random() < share]
    row = {"text": text(generator, kinds * 2), "labels": [LABELS[kind] for kind in kinds]}
    return row, [float(kind in kinds) for kind in range(3)]


def regression(generator: random.Random) -> tuple[dict, float]:
    kinds = generator.choices(range(3), k=generator.randint(1, 4))
    score = round(2.5 + 0.6 * sum(kind - 1 for kind in kinds) + generator.uniform(-0.2, 0.2), 2)
    return {"text": text(generator, kinds), "label": score}, score


def windows_of(tokenizer, row: dict) -> list[dict]:
    """The windows of a text, each an input of the model."""
    found = tokenizer(row["text"], truncation=True, max_length=MAX_LENGTH, stride=STRIDE, return_overflowing_tokens=True)
    names = ["input_ids", "token_type_ids", "attention_mask"]
    return [{name: torch.tensor([found[name][place]]) for name in names} for place in range(len(found["input_ids"]))]


def chosen(windows: list[dict], most: int | None) -> list[dict]:
    count = len(windows)
    if most is None or count <= most:
        return windows
    return [windows[int(place * (count - 1) / (most - 1) + 0.5)] for place in range(most)]


def single_loss(logits: torch.Tensor, target: int, settings: dict) -> tuple[torch.Tensor, float]:
    """A text's loss and its weight in the step's mean."""
    probabilities = logits.softmax(-1).mean(0)
    smoothing = settings["label_smoothing"]
    weights = settings["class_weights"] or [1.0] * len(LABELS)
    loss = 0.0
    for label, weight in enumerate(weights):
        mass = (1 - smoothing) * (label == target) + smoothing / len(LABELS)
        loss = loss - weight * mass * probabilities[label].log()
    return loss, weights[target]


def multi_loss(logits: torch.Tensor, target: list[float], settings: dict) -> tuple[torch.Tensor, float]:
    probabilities = logits.sigmoid().mean(0)
    truth, weight = torch.tensor(target).double(), torch.tensor(settings["pos_weight"] or [1.0] * len(LABELS)).double()
    return -(weight * truth * probabilities.log() + (1 - truth) * (1 - probabilities).log()).mean(), 1.0


def number_loss(logits: torch.Tensor, target: float, settings: dict) -> tuple[torch.Tensor, float]:
    return (logits[:, 0].mean() - target) ** 2, 1.0


LOSSES = {"single": single_loss, "several": multi_loss, "numbers": number_loss}


def loss_case(kind: str, generator: random.Random) -> dict:
    """The loss of a few texts and its gradient with respect to each logit."""
    outputs = {"single": 3, "several": 3, "numbers": 1}[kind]
    windows = [generator.choice([1, 1, 2, 3, 7]) for _ in range(generator.randint(1, 6))]
    size = generator.choice([1.0, 4.0, 12.0])
    logits = [round(generator.uniform(-size, size), 4) for _ in range(sum(windows) * outputs)]
    target = {
        "single": lambda: generator.randrange(outputs),
        "several": lambda: [float(generator.random() < 0.4) for _ in range(outputs)],
        "numbers": lambda: round(generator.uniform(-3, 3), 4),
    }[kind]
    targets = [target() for _ in windows]
    weights = [generator.choice([0.5, 1.0, 2.5]) for _ in range(outputs)] if generator.random() < 0.5 else None
    settings = {
        "class_weights": weights if kind == "single" else None,
        "pos_weight": weights if kind == "several" else None,
        "label_smoothing": generator.choice([0.0, 0.1]) if kind == "single" else 0.0,
    }
    given = torch.tensor(logits).double().reshape(-1, outputs).requires_grad_()
    total, weight, first = 0.0, 0.0, 0
    for count, one in zip(windows, targets):
        loss, of_text = LOSSES[kind](given[first : first + count], one, settings)
        total, weight, first = total + loss, weight + of_text, first + count
    loss = total / weight
    loss.backward()
    found = {"loss": loss.item(), "gradient": given.grad.flatten().tolist()}
    return {"windows": windows, "outputs": outputs, "logits": logits, "targets": targets} | settings | found


def write_losses() -> None:
    generator = random.Random("losses")
    kinds = [
        f'"{kind}": [\n' + ",\n".join(json.dumps(loss_case(kind, generator)) for _ in range(12)) + "\n]" for kind in LOSSES
    ]
    output("crates/task/tests/fixtures/pooled_losses.json").write_text("{\n" + ",\n".join(kinds) + "\n}\n")


def model_of(config: dict, outputs: int) -> BertForSequenceClassification:
    """The checkpoint with another config and the first rows of its classifier, in f64 and without dropout."""
    kept = json.loads((CHECKPOINT / "config.json").read_text())
    kept |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    state = BertForSequenceClassification.from_pretrained(CHECKPOINT).state_dict()
    model = BertForSequenceClassification(BertConfig(**(kept | config)))
    for name in ["classifier.weight", "classifier.bias"]:
        state[name] = state[name][:outputs]
    model.load_state_dict(state)
    return model.double().train()


def train(model, texts: list[tuple[list[dict], object]], loss_of, settings: dict) -> dict:
    decayed = lambda name: settings["decay"] == "all" or not (name.endswith("bias") or "LayerNorm" in name)
    groups = []
    for head in (False, True):
        for decay in (False, True):
            of_group = [p for n, p in model.named_parameters() if n.startswith("classifier.") == head and decayed(n) == decay]
            rate = settings["head_learning_rate" if head else "learning_rate"]
            groups.append({"params": of_group, "lr": rate, "weight_decay": settings["weight_decay"] if decay else 0.0})
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
    schedule = get_scheduler(settings["schedule"], optimizer, settings["warmup_steps"], STEPS)
    batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    steps = []
    for step in range(STEPS):
        total, weight = 0.0, 0.0
        for windows, target in batches[step % len(batches)]:
            logits = torch.cat([model(**window).logits for window in windows])
            loss, of_text = loss_of(logits, target, settings)
            total, weight = total + loss, weight + of_text
        loss = total / weight
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["max_grad_norm"])
        # The base group's, as logged by us.
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        steps.append({"loss": loss.item(), "grad_norm": norm.item(), "learning_rate": rate})
    return {"settings": settings, "steps": steps}


def write(name: str, make, loss_of, config: dict, outputs: int, settings: list[dict]) -> None:
    generator = random.Random(name)
    tokenizer = BertTokenizerFast.from_pretrained(CHECKPOINT)
    rows = [make(generator) for _ in range(ROWS)]
    texts = [(windows_of(tokenizer, row), target) for row, target in rows]
    counts = [len(windows) for windows, _ in texts]
    assert set(counts) == {1, 2, 3, 4, 5}, counts
    most = [None, RARE_WINDOWS]
    runs = []
    for of_run, one in zip(most, settings, strict=True):
        run = train(model_of(config, outputs), [(chosen(windows, of_run), target) for windows, target in texts], loss_of, one)
        print(name, f"loss from {run['steps'][0]['loss']:.3f} to {run['steps'][-1]['loss']:.3f}")
        runs.append(run)
    result = {
        "config": config,
        "outputs": outputs,
        "train_stride": STRIDE,
        "max_windows": most,
        "windows": counts,
        "rows": [row for row, _ in rows],
        "runs": runs,
    }
    # A line a row and a run.
    lists = {"rows", "runs"}
    lines = ",\n".join(
        f'"{key}": ' + ("[\n" + ",\n".join(map(json.dumps, value)) + "\n]" if key in lists else json.dumps(value))
        for key, value in result.items()
    )
    output(f"tests/fixtures/heads/long-{name}.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_losses()
    weighted = OTHERWISE | {"class_weights": [0.5, 2.0, 3.0], "label_smoothing": 0.1}
    write("single-label", single_label, single_loss, {}, 3, [PLAIN, weighted])
    several = {"problem_type": "multi_label_classification"}
    write("multi-label", multi_label, multi_loss, several, 3, [PLAIN, OTHERWISE | {"pos_weight": [0.5, 2.0, 6.0]}])
    number = {"problem_type": "regression", "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    # At higher rates the residuals come so near to 0 that the gradients are little but the rounding of f32.
    slower = {"learning_rate": 1e-3, "head_learning_rate": 2e-3}
    write("regression", regression, number_loss, number, 1, [PLAIN | slower, OTHERWISE | slower])
