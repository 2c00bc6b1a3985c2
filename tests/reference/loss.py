"""torch.nn.functional.cross_entropy with class weights and label smoothing, and its gradient.

    python tests/reference/loss.py [ROOT]     writes crates/task/tests/fixtures/loss.json
"""

import json

import torch
from torch.nn.functional import cross_entropy

from common import output, pin

pin("torch")


def case(examples, labels, scale, weights, smoothing):
    logits = (torch.randn(examples, labels) * scale).requires_grad_()
    targets = torch.randint(labels, (examples,))
    weight = None if weights is None else torch.tensor(weights)
    loss = cross_entropy(logits, targets, weight=weight, label_smoothing=smoothing)
    loss.backward()
    return {
        "labels": labels,
        "weights": weights or [1.0] * labels,
        "label_smoothing": smoothing,
        "logits": logits.flatten().tolist(),
        "targets": targets.tolist(),
        "loss": loss.item(),
        "gradient": logits.grad.flatten().tolist(),
    }


def main():
    torch.manual_seed(0)
    cases = [
        case(8, 2, 1.0, None, 0.0),
        case(8, 2, 1.0, None, 0.1),
        case(6, 3, 2.0, [0.5, 1.0, 2.0], 0.0),
        case(6, 3, 2.0, [0.5, 1.0, 2.0], 0.1),
        case(6, 3, 2.0, [0.0, 1.0, 3.0], 0.2),
        # Logits that overflow exp in f32.
        case(4, 5, 200.0, [0.2, 0.4, 1.0, 2.0, 5.0], 0.3),
    ]
    output("crates/task/tests/fixtures/loss.json").write_text(json.dumps({"torch": torch.__version__, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
