"""Reference for embert-optim: torch.optim.AdamW, clip_grad_norm_, transformers' schedules, and one large batch.

Run from the repository's root; writes crates/optim/tests/fixtures/optim.json.
    pip install torch==2.11.0 transformers
    python tests/reference/optim.py
"""

import json
from pathlib import Path

import torch
from transformers import get_scheduler

OUT = Path("crates/optim/tests/fixtures/optim.json")


def adamw(decay, betas, eps, max_norm):
    """Six steps of AdamW over two groups with a linear schedule, clipped by the global norm."""
    torch.manual_seed(1)
    weight, bias = torch.randn(3, 4), torch.randn(4)
    parameters = [torch.nn.Parameter(weight.clone()), torch.nn.Parameter(bias.clone())]
    optimizer = torch.optim.AdamW(
        [
            {"params": parameters[:1], "lr": 0.01, "weight_decay": decay},
            {"params": parameters[1:], "lr": 0.03, "weight_decay": 0.0},
        ],
        betas=betas,
        eps=eps,
    )
    schedule = get_scheduler("linear", optimizer, num_warmup_steps=2, num_training_steps=6)
    steps = []
    for _ in range(6):
        gradients = [torch.randn_like(p) * 2 for p in parameters]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient.clone()
        rate = optimizer.param_groups[0]["lr"]
        norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm) if max_norm else torch.tensor(0.0)
        optimizer.step()
        schedule.step()
        steps.append(
            {
                "learning_rate": rate,
                "norm": norm.item(),
                "weight_gradient": gradients[0].flatten().tolist(),
                "bias_gradient": gradients[1].tolist(),
                "weight": parameters[0].detach().flatten().tolist(),
                "bias": parameters[1].detach().tolist(),
            }
        )
    return {
        "decay": decay,
        "betas": betas,
        "epsilon": eps,
        "max_norm": max_norm,
        "weight": weight.flatten().tolist(),
        "bias": bias.tolist(),
        "steps": steps,
    }


def schedule(name, warmup, total, **specific):
    """The factors of every step of a run, and of two beyond."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler = get_scheduler(name, optimizer, warmup, total, scheduler_specific_kwargs=specific or None)
    factors = []
    for _ in range(total + 2):
        factors.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return {"name": name, "warmup": warmup, "total": total, **specific, "factors": factors}


def main():
    fixture = {
        "torch": torch.__version__,
        "adamw": [
            adamw(0.1, (0.9, 0.999), 1e-8, 1.0),
            adamw(0.0, (0.8, 0.95), 1e-6, 0.0),
            adamw(0.5, (0.9, 0.999), 1e-8, 100.0),
        ],
        "schedules": [
            schedule("constant_with_warmup", 0, 5),
            schedule("constant_with_warmup", 3, 8),
            schedule("linear", 0, 7),
            schedule("linear", 4, 20),
            schedule("cosine", 3, 17),
            schedule("cosine", 0, 10, num_cycles=1.5),
            schedule("polynomial", 2, 12, power=2.0, lr_end=0.1),
            schedule("polynomial", 0, 9, power=1.0, lr_end=1e-7),
        ],
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(fixture, indent=1) + "\n")


if __name__ == "__main__":
    main()
