"""What torch.optim.AdamW, clip_grad_norm_ and transformers' schedules and parameter groups do.

    python tests/reference/optim.py [ROOT]

Writes crates/optim/tests/fixtures/optim.json, and adamw.safetensors beside it with the long lists of numbers: for each run the
start `[elements]`, and the gradients and the values after every step `[steps, elements]`, all parameters one after the other.
"""

import json
import math
from types import SimpleNamespace

import torch
from common import output, pin
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    Trainer,
    TrainingArguments,
    get_scheduler,
)

pin("torch", "transformers")
# Sums in one order whatever the machine.
torch.set_num_threads(1)

STEPS = 25
FROZEN = "bert.embeddings.word_embeddings.weight"
CONFIG = BertConfig(
    vocab_size=13,
    hidden_size=6,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=21,
    max_position_embeddings=4,
    num_labels=3,
)


def decayed(model: torch.nn.Module) -> list[str]:
    """What the Trainer of transformers decays; it asks nothing of itself."""
    return Trainer.get_decay_parameter_names(None, model)


def warmup_steps(ratio: float, total: int) -> int:
    return TrainingArguments.get_warmup_steps(SimpleNamespace(warmup_steps=ratio), total)


def groups(model: torch.nn.Module, run: dict) -> list[dict]:
    """As the Trainer makes them, and with a learning rate of the head's own."""
    no_decay = [] if run["decay"] == "all" else set(dict(model.named_parameters())) - set(decayed(model))
    made = []
    for rate, head in ((run["learning_rate"], False), (run["head_learning_rate"], True)):
        for decay in (run["weight_decay"], 0.0):
            parameters = [
                parameter
                for name, parameter in model.named_parameters()
                if name != FROZEN and name.startswith("classifier.") == head and (name in no_decay) == (decay == 0.0)
            ]
            made.append({"params": parameters, "lr": rate, "weight_decay": decay})
    return [group for group in made if group["params"]]


def adamw(index: int, run: dict, gradient) -> tuple[dict, dict[str, torch.Tensor]]:
    """`gradient` makes one of a shape; a parameter in `absent` has none in every fourth step, and no update then."""
    torch.manual_seed(index)
    model = BertForSequenceClassification(CONFIG)
    for name, parameter in model.named_parameters():
        # A LayerNorm's 1 and 0 and a bias of 0 would hide what decay does.
        parameter.data = torch.randn(parameter.shape) * (1.0 if parameter.dim() == 1 else 0.3)
        parameter.requires_grad = name != FROZEN
    optimizer = torch.optim.AdamW(groups(model, run), lr=run["learning_rate"], betas=run["betas"], eps=run["epsilon"])
    schedule = run["schedule"]
    warmup = schedule["warmup"] if "warmup" in schedule else warmup_steps(schedule["ratio"], STEPS)
    specific = {key: schedule[key] for key in ("power", "lr_end", "num_cycles") if key in schedule}
    scheduler = get_scheduler(schedule["name"], optimizer, warmup, STEPS, scheduler_specific_kwargs=specific)

    flat = lambda tensors: torch.cat([tensor.detach().flatten() for tensor in tensors])  # noqa: E731
    start, gradients, values, norms, rates = flat(model.parameters()), [], [], [], []
    for step in range(STEPS):
        given = []
        for name, parameter in model.named_parameters():
            has_none = name == FROZEN or (name in run["absent"] and step % 4 == 3)
            given.append(torch.zeros(parameter.shape) if has_none else gradient(parameter.shape))
            parameter.grad = None if has_none else given[-1].clone()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), run["max_norm"] or math.inf).item())
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
        gradients.append(flat(given))
        values.append(flat(model.parameters()))
    tensors = {"start": start, "gradients": torch.stack(gradients), "values": torch.stack(values)}
    return run | {"norms": norms, "learning_rates": rates}, {f"{index}.{name}": tensor for name, tensor in tensors.items()}


def plain(shape):
    return 2 * torch.randn(shape)


def sometimes_large(shape):
    """The norm is above 10 in some steps and below in others: whether it clips is drawn for each tensor."""
    return torch.randn(shape) * 10 ** torch.empty(1).uniform_(-2, 0.3)


def every_size(shape):
    """From 1e-12, where epsilon decides, to 100; one in five is 0."""
    exponents = torch.empty(shape).uniform_(-12, 2)
    return torch.where(torch.rand(shape) < 0.2, 0.0, torch.randn(shape) * 10**exponents)


def runs() -> list[tuple[dict, object]]:
    standard = {
        "decay": "standard",
        "learning_rate": 5e-4,
        "head_learning_rate": 5e-3,
        "weight_decay": 0.1,
        "betas": [0.9, 0.999],
        "epsilon": 1e-8,
        "max_norm": 1.0,
        "absent": [],
        "frozen": FROZEN,
    }
    return [
        (standard | {"schedule": {"name": "linear", "warmup": 3}}, plain),
        (
            standard
            | {
                "decay": "all",
                "weight_decay": 0.5,
                "betas": [0.8, 0.95],
                "epsilon": 1e-6,
                "max_norm": 0.0,
                "schedule": {"name": "cosine", "ratio": 0.1},
            },
            plain,
        ),
        (
            standard
            | {
                "learning_rate": 1e-2,
                "head_learning_rate": 1e-3,
                "max_norm": 10.0,
                "absent": ["bert.pooler.dense.bias", "classifier.weight"],
                "schedule": {"name": "polynomial", "warmup": 0, "power": 2.0, "lr_end": 1e-3},
            },
            sometimes_large,
        ),
        (standard | {"max_norm": 100.0, "schedule": {"name": "constant", "warmup": 0}}, every_size),
    ]


def schedule(name: str, total: int, base: float = 1.0, warmup: int | None = None, ratio: float | None = None, **specific):
    """The learning rate of every step of a run, and of three beyond; null where transformers divides by zero."""
    steps = warmup if ratio is None else warmup_steps(ratio, total)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    scheduler = get_scheduler(name, optimizer, steps, total, scheduler_specific_kwargs=specific)
    rates = [scheduler.get_last_lr()[0]]
    optimizer.step()
    for _ in range(total + 3):
        try:
            scheduler.step()
            rates.append(scheduler.get_last_lr()[0])
        except ZeroDivisionError:
            rates.append(None)
    given = {"warmup": warmup} if ratio is None else {"ratio": ratio}
    return {"name": name, "total": total, "base": base, **given, **specific, "rates": rates}


def schedules() -> list[dict]:
    """Without a warm-up, with one, with nothing else, with one longer than the run, and as shares."""
    shapes = [
        ("constant_with_warmup", {}),
        ("linear", {}),
        ("cosine", {}),
        ("cosine", {"num_cycles": 1.5}),
        ("polynomial", {"power": 2.0, "lr_end": 0.1}),
        ("polynomial", {"power": 0.5, "lr_end": 0.0}),
        ("polynomial", {"power": 0.0, "lr_end": 0.25}),
    ]
    corners = [(1, 0), (1, 1), (1, 2), (2, 1), (7, 0), (7, 1), (7, 6), (7, 7), (7, 10), (20, 4)]
    found = [schedule("constant", 5, warmup=0)]
    for name, specific in shapes:
        found += [schedule(name, total, warmup=warmup, **specific) for total, warmup in corners]
        found += [schedule(name, 24, ratio=ratio, **specific) for ratio in (0.0, 0.06, 1 / 3, 0.99)]
    # The usual rates, of which the end is a share; transformers' own end of a polynomial.
    found += [schedule(name, 100, base=2e-5, ratio=0.1) for name in ("constant_with_warmup", "linear", "cosine", "polynomial")]
    return found


def warmups() -> list[list]:
    totals = (1, 2, 3, 7, 10, 25, 100, 997, 12_345)
    ratios = (0.0, 1e-9, 0.01, 0.06, 0.07, 0.1, 0.29, 1 / 3, 0.5, 0.9, 0.999)
    return [[total, ratio, warmup_steps(ratio, total)] for total in totals for ratio in ratios]


def decays() -> dict[str, bool]:
    """Whether the Trainer decays the parameter of this name, for every head of a BERT."""
    found = {}
    for make in (BertForSequenceClassification, BertForMaskedLM, BertForTokenClassification, BertForQuestionAnswering):
        model = make(CONFIG)
        found |= {name: name in set(decayed(model)) for name, _ in model.named_parameters()}
    return dict(sorted(found.items()))


def one_batch(seed: int, class_weights: list[float] | None) -> dict:
    """Updates from the mean loss of a whole batch, which micro-batches have to give too."""
    torch.manual_seed(seed)
    rows, width, labels = 11, 4, 3
    # Weights are [in, out], as in Burn.
    weight, bias = torch.nn.Parameter(torch.randn(width, labels)), torch.nn.Parameter(torch.randn(labels))
    start = [weight.flatten().tolist(), bias.tolist()]
    optimizer = torch.optim.AdamW([{"params": [weight]}, {"params": [bias], "weight_decay": 0.0}], lr=1e-2, weight_decay=0.01)
    class_weight = None if class_weights is None else torch.tensor(class_weights)
    steps = []
    for _ in range(5):
        x, targets = torch.randn(rows, width), torch.randint(labels, (rows,))
        optimizer.zero_grad()
        cross_entropy(x @ weight + bias, targets, weight=class_weight).backward()
        gradients = [weight.grad.flatten().tolist(), bias.grad.tolist()]
        optimizer.step()
        values = [weight.flatten().tolist(), bias.tolist()]
        steps.append({"x": x.tolist(), "targets": targets.tolist(), "gradients": gradients, "values": values})
    return {"class_weights": class_weights or [1.0] * labels, "start": start, "steps": steps}


def lines(entries: list) -> str:
    """One line an entry keeps the file short and its history readable."""
    return "[\n" + ",\n".join(json.dumps(entry, allow_nan=False, separators=(",", ":")) for entry in entries) + "\n]"


made = [adamw(index, *run) for index, run in enumerate(runs())]
shapes = BertForSequenceClassification(CONFIG).named_parameters()
fixture = {
    "parameters": [{"name": name, "shape": list(parameter.shape)} for name, parameter in shapes],
    "runs": [run for run, _ in made],
    "schedules": schedules(),
    "warmups": warmups(),
    "decays": [{"name": name, "decayed": value} for name, value in decays().items()],
    "batches": [one_batch(1, None), one_batch(2, [0.5, 1.0, 2.5])],
}
text = ",\n".join(f'"{name}": {lines(entries)}' for name, entries in fixture.items())
output("crates/optim/tests/fixtures/optim.json").write_text(f"{{{text}}}\n")
tensors = {name: tensor.contiguous() for _, run in made for name, tensor in run.items()}
save_file(tensors, output("crates/optim/tests/fixtures/adamw.safetensors"))
