"""The losses of the tasks and their gradients, as PyTorch computes them.

    python tests/reference/task_losses.py [ROOT]     writes crates/task/tests/fixtures/task_losses.json

Each case has `logits` (row after row, `outputs` in a row), `loss` and `gradient`: the loss's derivative by each of the logits.

- `tokens`: torch.nn.functional.cross_entropy over the tokens of a whole step, targets of -100 left out: the sum over its
  labelled tokens divided by their number or, with class `weights`, by the sum of the weights of their targets; with
  `label_smoothing` as PyTorch smooths. `micro_batches` are the numbers of tokens in the parts in which the step may be
  computed, some of them without a labelled token; `parts` the loss of each part divided by the weight of the whole step, which
  add up to `loss`. `weight` is what the sum is divided by.
- `smoother`: what the Trainer of transformers computes with `label_smoothing_factor` (trainer_pt_utils.LabelSmoother) for the same
  tokens. It has no weights, else null; without them it is the same number but for its sum in f32.
- `several`: torch.nn.functional.binary_cross_entropy_with_logits with the mean over all entries, as BertForSequenceClassification with
  `problem_type` multi_label_classification; with and without `pos_weight`, one for each label. `micro_batches`, in rows.
- `numbers`: mse_loss of one output a row, as with `problem_type` regression. `micro_batches` likewise.

Logits are eighths, which are exact in f32 and short in JSON; computed in f64. No version is pinned: the inputs are no random
numbers of PyTorch's, and what is computed here has long been the same (seen with PyTorch 2.15 and transformers 5.24).
"""

import json
import random

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from transformers.trainer_pt_utils import LabelSmoother

from common import output

rng = random.Random(4)


def eighths(rows: int, outputs: int, scale: int) -> torch.Tensor:
    values = [rng.randint(-8 * scale, 8 * scale) / 8 for _ in range(rows * outputs)]
    return torch.tensor(values, dtype=torch.float64).reshape(rows, outputs).requires_grad_()


def optional(values) -> torch.Tensor | None:
    return None if values is None else torch.tensor(values, dtype=torch.float64)


def result(logits: torch.Tensor, loss: torch.Tensor) -> dict:
    loss.backward()
    return {
        "outputs": logits.shape[1],
        "logits": logits.flatten().tolist(),
        "loss": loss.item(),
        "gradient": logits.grad.flatten().tolist(),
    }


def split(values: torch.Tensor, sizes: list[int]):
    assert sum(sizes) == len(values), (sizes, len(values))
    return torch.split(values, sizes)


def tokens(targets: list[int], outputs: int, scale: int, weights, smoothing: float, micro_batches: list[int]) -> dict:
    logits, labels = eighths(len(targets), outputs, scale), torch.tensor(targets)
    options = {"weight": optional(weights), "label_smoothing": smoothing}
    loss = cross_entropy(logits, labels, **options)
    weight = sum(1.0 if weights is None else weights[target] for target in targets if target != -100)
    parts = [
        cross_entropy(part, wanted, reduction="sum", **options).item() / weight
        for part, wanted in zip(split(logits, micro_batches), split(labels, micro_batches))
    ]
    assert abs(sum(parts) - loss.item()) < 1e-12 * max(1, loss.item())
    smoother = None
    if weights is None:
        # A batch of one text.
        smoother = LabelSmoother(epsilon=smoothing)({"logits": logits.detach()[None]}, labels[None].clone()).item()
        assert abs(smoother - loss.item()) < 1e-6 * max(1, loss.item()), (smoother, loss.item())
    return {
        "targets": targets,
        "weights": weights,
        "label_smoothing": smoothing,
        "micro_batches": micro_batches,
        "parts": parts,
        "weight": weight,
        "smoother": smoother,
    } | result(logits, loss)


def several(rows: int, outputs: int, scale: int, pos_weight, micro_batches: list[int]) -> dict:
    logits = eighths(rows, outputs, scale)
    targets = torch.tensor([[float(rng.random() < 0.3) for _ in range(outputs)] for _ in range(rows)], dtype=torch.float64)
    # A row without a label, and one with all.
    targets[0], targets[-1] = 0, 1
    options = {"pos_weight": optional(pos_weight)}
    loss = binary_cross_entropy_with_logits(logits, targets, **options)
    parts = [
        binary_cross_entropy_with_logits(part, wanted, reduction="sum", **options).item() / targets.numel()
        for part, wanted in zip(split(logits, micro_batches), split(targets, micro_batches))
    ]
    assert abs(sum(parts) - loss.item()) < 1e-12 * max(1, loss.item())
    return {
        "targets": [[index for index, value in enumerate(row) if value] for row in targets.tolist()],
        "pos_weight": pos_weight,
        "micro_batches": micro_batches,
        "parts": parts,
    } | result(logits, loss)


def numbers(rows: int, scale: int, micro_batches: list[int]) -> dict:
    logits = eighths(rows, 1, scale)
    targets = torch.tensor([rng.randint(-40, 40) / 8 for _ in range(rows)], dtype=torch.float64)
    loss = mse_loss(logits.squeeze(), targets.squeeze())
    parts = [
        mse_loss(part.squeeze(1), wanted, reduction="sum").item() / rows
        for part, wanted in zip(split(logits, micro_batches), split(targets, micro_batches))
    ]
    assert abs(sum(parts) - loss.item()) < 1e-12 * max(1, loss.item())
    return {"targets": targets.tolist(), "micro_batches": micro_batches, "parts": parts} | result(logits, loss)


def tagged(count: int, outputs: int, share: float) -> list[int]:
    """Tags of tokens, `share` of them not labelled, and neither the first nor the last."""
    return [-100, *(-100 if rng.random() < share else rng.randrange(outputs) for _ in range(count - 2)), -100]


def lines(cases: list[dict]) -> str:
    return "[\n" + ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases) + "\n]"


def main():
    weights = [0.5, 2.0, 0.0, 1.25, 3.0]
    # The second of three micro-batches has no labelled token.
    gap = [-100, 3, 0, -100, -100, -100, -100, -100, 2, 4, -100]
    cases = {
        "tokens": [
            tokens(tagged(12, 5, 0.4), 5, 2, None, 0.0, [5, 4, 3]),
            tokens(tagged(12, 5, 0.4), 5, 2, None, 0.1, [5, 4, 3]),
            tokens(tagged(12, 5, 0.4), 5, 2, weights, 0.0, [5, 4, 3]),
            tokens(tagged(12, 5, 0.4), 5, 2, weights, 0.1, [5, 4, 3]),
            tokens(gap, 5, 3, None, 0.0, [4, 4, 3]),
            tokens(gap, 5, 3, weights, 0.2, [4, 4, 3]),
            tokens([-100, 1, -100], 3, 1, None, 0.0, [1, 1, 1]),
            # Logits that overflow exp in f32.
            tokens(tagged(9, 7, 0.3), 7, 200, None, 0.0, [9]),
            tokens(tagged(9, 7, 0.3), 7, 200, [0.2, 0.4, 1.0, 2.0, 5.0, 1.0, 1.0], 0.3, [1, 8]),
        ],
        "several": [
            several(6, 4, 2, None, [6]),
            several(6, 4, 2, [1.0, 0.5, 3.0, 20.0], [4, 2]),
            several(5, 1, 2, None, [2, 2, 1]),
            several(5, 28, 4, None, [2, 3]),
            several(7, 3, 200, None, [3, 3, 1]),
            several(7, 3, 200, [0.0, 1.0, 8.0], [3, 3, 1]),
        ],
        "numbers": [numbers(8, 3, [8]), numbers(7, 3, [3, 3, 1]), numbers(1, 3, [1]), numbers(6, 1000, [4, 2])],
    }
    text = ",\n".join(f'"{name}": {lines(entries)}' for name, entries in cases.items())
    output("crates/task/tests/fixtures/task_losses.json").write_text(f"{{{text}}}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
