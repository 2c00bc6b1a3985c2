"""Words behind masks, as transformers' pipeline finds them, and 40 steps of training on given masks.

    python tests/reference/fill_mask.py [ROOT]

tests/fixtures/fill-mask/model    the tiny checkpoint tests/fixtures/training/model as a `BertForMaskedLM`, with drawn weights
                                  of the head and without dropout
tests/fixtures/fill-mask/expected.json

- `texts`: what the pipeline `fill-mask` of transformers says of each text with `top_k=5`: a list for each mask. A text has one
  mask or several, of a pair or spelled with odd white space; whether `text` is longer than one window does not occur;
- `batches`: ten batches of tokens and labels as `DataCollatorForLanguageModeling` masks them (-100 where there is no mask),
  unpadded lengths, a few texts without a mask;
- `steps`: loss and gradient norm of 40 steps of AdamW over these batches in order, with the groups of the Trainer (the word
  embeddings are decayed once), dropout 0, in f64; `weights`: a part of some weights after them, the tied embeddings among them.

The version of transformers is pinned for the pipeline and the collator; what is computed is the same with any PyTorch (seen with
2.15).
"""

import json
import random
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import BertForMaskedLM, BertTokenizerFast, DataCollatorForLanguageModeling, get_scheduler, pipeline, set_seed

from common import REPOSITORY, output, pin

pin("transformers")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

CHECKPOINT = REPOSITORY / "tests/fixtures/training/model"
CONFIG = {
    "architectures": ["BertForMaskedLM"],
    "id2label": None,
    "label2id": None,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
WORDS = "the a this it was is and film book soup room not very quite awful dull lovely bright warm joy story staff".split()
TEXTS = [
    "the film was [MASK].",
    "[MASK]",
    "  the soup  was not [MASK] , and the [MASK] was [MASK]!",
    "The Room is [MASK] very  lovely",
    "a [MASK] [MASK] [MASK] story",
    "unheard-of: [MASK] joyly",
    "[MASK] was the book awful ness [MASK].",
    "it was [SEP] the [MASK] was bright",
]
SETTINGS = {
    "batch_size": 8,
    "learning_rate": 5e-3,
    "head_learning_rate": 1e-2,
    "weight_decay": 0.01,
    "warmup_steps": 4,
    "max_grad_norm": 1.0,
}
BATCHES, STEPS = 10, 40
SHOWN = ["bert.embeddings.word_embeddings.weight", "bert.encoder.layer.0.attention.self.query.weight", "cls.predictions.bias"]


def checkpoint(folder: Path) -> None:
    """Writes the checkpoint with a head."""
    config = json.loads((CHECKPOINT / "config.json").read_text())
    for key, value in CONFIG.items():
        config.pop(key, None) if value is None else config.update({key: value})
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    for name in ["vocab.txt", "tokenizer_config.json"]:
        (folder / name).write_text((CHECKPOINT / name).read_text())
    tensors = {name: weight for name, weight in load_file(CHECKPOINT / "model.safetensors").items() if name.startswith("bert.")}
    width, words = config["hidden_size"], config["vocab_size"]
    generator = torch.Generator().manual_seed(15)
    # So large that some words are far more probable than others.
    draw = lambda *shape, scale: torch.randn(shape, generator=generator) * scale
    tensors |= {
        "cls.predictions.bias": draw(words, scale=1.0),
        "cls.predictions.transform.dense.weight": draw(width, width, scale=0.3),
        "cls.predictions.transform.dense.bias": draw(width, scale=0.3),
        "cls.predictions.transform.LayerNorm.weight": 4 + draw(width, scale=1.0),
        "cls.predictions.transform.LayerNorm.bias": draw(width, scale=0.3),
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def filled(folder: Path) -> list[dict]:
    fill = pipeline("fill-mask", model=str(folder), device="cpu", top_k=5)
    answers = []
    for text in TEXTS:
        found = fill(text)
        # Of a single mask the pipeline gives its list alone.
        answers.append({"text": text, "masks": found if isinstance(found[0], list) else [found]})
    return answers


def batches(tokenizer) -> list[dict]:
    generator = random.Random("fill-mask")
    set_seed(3)
    collator = DataCollatorForLanguageModeling(tokenizer, mlm=True, mlm_probability=0.15)
    made = []
    for _ in range(BATCHES):
        texts = [" ".join(generator.choices(WORDS, k=generator.randint(2, 20))) for _ in range(SETTINGS["batch_size"])]
        encoded = [tokenizer(text) for text in texts]
        batch = collator(encoded)
        made.append(
            {
                "lengths": [len(one["input_ids"]) for one in encoded],
                "input_ids": batch["input_ids"].tolist(),
                "labels": batch["labels"].tolist(),
            }
        )
    masks = [sum(label != -100 for label in labels) for batch in made for labels in batch["labels"]]
    assert 0 in masks and max(masks) > 4, masks
    return made


def loss_of(model, batch: dict) -> torch.Tensor:
    ids = torch.tensor(batch["input_ids"])
    mask = torch.tensor([[int(place < length) for place in range(ids.shape[1])] for length in batch["lengths"]])
    return model(input_ids=ids, attention_mask=mask, labels=torch.tensor(batch["labels"])).loss


def train(folder: Path, made: list[dict]) -> dict:
    model = BertForMaskedLM.from_pretrained(folder).double().train()
    decayed = lambda name: not (name.endswith("bias") or "LayerNorm" in name)
    groups = []
    for head in (False, True):
        for decay in (False, True):
            chosen = [p for n, p in model.named_parameters() if n.startswith("cls.") == head and decayed(n) == decay]
            rate = SETTINGS["head_learning_rate" if head else "learning_rate"]
            groups.append({"params": chosen, "lr": rate, "weight_decay": SETTINGS["weight_decay"] if decay else 0.0})
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters())), "a parameter is in two groups"
    optimizer = torch.optim.AdamW(groups)
    schedule = get_scheduler("linear", optimizer, SETTINGS["warmup_steps"], STEPS)
    steps = []
    for step in range(STEPS):
        loss = loss_of(model, made[step % BATCHES])
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["max_grad_norm"])
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        steps.append({"loss": loss.item(), "grad_norm": norm.item(), "learning_rate": rate})
    print(f"loss from {steps[0]['loss']:.3f} to {steps[-1]['loss']:.3f}")
    state = model.state_dict()
    return {"steps": steps, "weights": {name: state[name].flatten()[:64].tolist() for name in SHOWN}}


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = output("tests/fixtures/fill-mask/model/config.json").parent
    checkpoint(folder)
    made = batches(BertTokenizerFast.from_pretrained(folder))
    result = {"settings": SETTINGS, "texts": filled(folder), "batches": made, **train(folder, made)}
    lines = {"texts", "batches", "steps"}
    text = ",\n".join(
        f'"{key}": ' + ("[\n" + ",\n".join(map(json.dumps, value)) + "\n]" if key in lines else json.dumps(value))
        for key, value in result.items()
    )
    output("tests/fixtures/fill-mask/expected.json").write_text("{\n" + text + "\n}\n")
