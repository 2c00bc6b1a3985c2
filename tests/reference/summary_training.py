"""Forty steps of BertSum in PyTorch with transformers' encoder.

    python tests/reference/summary_training.py [ROOT]

BertSum (Liu 2019, "Fine-tune BERT for Extractive Summarization"): `[CLS]` before each sentence and `[SEP]` behind it, the token
types 0 and 1 in turn, a linear layer over the state of each `[CLS]`, and the binary cross-entropy, here the mean over the
sentences of a batch. Texts that do not fit have windows of whole sentences: a window takes as many as fit; the next one begins
with the last of them that together have at most STRIDE tokens and leave room for a new one. A sentence has its label in the
window alone in which it has most sentences on its lesser side, of several in the first.

tests/fixtures/heads/training-summaries.json has 40 steps over 79 features in order, without dropout, from
tests/fixtures/training/model (of training.py), whose first row of the classifier is the head:

- `rows`: the data as a user has them;
- `batches`: the features of one epoch as token ids, padded; `targets` are triples of feature, place and label;
- `runs`: the settings; in each step the loss, the gradient's norm before clipping and the learning rate.

It is computed in f64, so that the version of PyTorch does not matter (seen with 2.15).
"""

import json
import random

import torch
import transformers
from head_training import BATCH, CHECKPOINT, OTHERWISE, PLAIN, ROWS, STEPS, TELLING, words
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast, get_scheduler

from common import output, pin

pin("transformers")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

MAX_LENGTH, STRIDE = 24, 12


def row(generator: random.Random) -> dict:
    """A text of a few sentences, of which those are in the summary that have a telling word of the last kind."""
    sentences, labels = [], []
    for _ in range(generator.randint(1, 7)):
        kinds = [kind for kind in range(len(TELLING)) if generator.random() < 0.25]
        sentences.append(" ".join(words(generator, kinds, 4)) + generator.choice(["", " .", "  "]))
        labels.append(int(2 in kinds))
    return {"source": sentences, "source_labels": labels}


def windows(sizes: list[int]) -> list[range]:
    found, start = [], 0
    while True:
        end = start
        while end < len(sizes) and sum(sizes[start : end + 1]) <= MAX_LENGTH:
            end += 1
        found.append(range(start, end))
        if end == len(sizes):
            return found
        shared = lambda first: sum(sizes[first:end])  # noqa: B023, E731
        starts = [first for first in range(start + 1, end + 1) if shared(first) <= STRIDE and shared(first) + sizes[end] <= MAX_LENGTH]
        start = starts[0]


def features(example: dict, tokenizer) -> list[dict]:
    ids = [tokenizer(sentence)["input_ids"] for sentence in example["source"]]
    all_windows = windows([len(tokens) for tokens in ids])

    def context(window: range, sentence: int) -> int:
        place = sentence - window.start
        return min(place, len(window) - 1 - place)

    result = []
    for number, window in enumerate(all_windows):
        input_ids, types, targets = [], [], []
        for place, sentence in enumerate(window):
            holders = [other for other in range(len(all_windows)) if sentence in all_windows[other]]
            # max() takes the first of equals.
            if max(holders, key=lambda other: context(all_windows[other], sentence)) == number:  # noqa: B023
                targets.append((len(input_ids), example["source_labels"][sentence]))
            input_ids += ids[sentence]
            types += [place % 2] * len(ids[sentence])
        result.append({"input_ids": input_ids, "token_type_ids": types, "targets": targets})
    return result


def batch(part: list[dict]) -> dict:
    longest = max(len(feature["input_ids"]) for feature in part)
    pad = lambda values: values + [0] * (longest - len(values))  # noqa: E731
    return {
        "input_ids": [pad(feature["input_ids"]) for feature in part],
        "token_type_ids": [pad(feature["token_type_ids"]) for feature in part],
        "attention_mask": [pad([1] * len(feature["input_ids"])) for feature in part],
        "targets": [(index, place, label) for index, feature in enumerate(part) for place, label in feature["targets"]],
    }


class BertSum(torch.nn.Module):
    def __init__(self):
        super().__init__()
        config = json.loads((CHECKPOINT / "config.json").read_text())
        config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        self.bert = BertModel(BertConfig(**config))
        self.classifier = torch.nn.Linear(config["hidden_size"], 1)
        state = BertForSequenceClassification.from_pretrained(CHECKPOINT).state_dict()
        for name in ["classifier.weight", "classifier.bias"]:
            state[name] = state[name][:1]
        self.load_state_dict(state)

    def loss(self, batch: dict) -> torch.Tensor:
        inputs = {name: torch.tensor(batch[name]) for name in ["input_ids", "token_type_ids", "attention_mask"]}
        states = self.bert(**inputs).last_hidden_state
        feature, place, label = torch.tensor(batch["targets"]).T
        logits = self.classifier(states[feature, place]).squeeze(1)
        return binary_cross_entropy_with_logits(logits, label.double())


def train(batches: list[dict], settings: dict) -> dict:
    model = BertSum().double().train()
    decayed = lambda name: settings["decay"] == "all" or not (name.endswith("bias") or "LayerNorm" in name)  # noqa: E731
    groups = []
    for head in (False, True):
        for decay in (False, True):
            chosen = [p for n, p in model.named_parameters() if n.startswith("classifier.") == head and decayed(n) == decay]
            rate = settings["head_learning_rate" if head else "learning_rate"]
            groups.append({"params": chosen, "lr": rate, "weight_decay": settings["weight_decay"] if decay else 0.0})
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
    schedule = get_scheduler(settings["schedule"], optimizer, settings["warmup_steps"], STEPS)
    steps = []
    for step in range(STEPS):
        loss = model.loss(batches[step % len(batches)])
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["max_grad_norm"])
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        steps.append({"loss": loss.item(), "grad_norm": norm.item(), "learning_rate": rate})
    return {"settings": settings, "steps": steps}


if __name__ == "__main__":
    torch.set_num_threads(1)
    generator = random.Random("summaries")
    tokenizer = BertTokenizerFast.from_pretrained(CHECKPOINT)
    rows, all_features, longer = [], [], 0
    while len(all_features) < ROWS:
        drawn = row(generator)
        found = features(drawn, tokenizer)
        if len(all_features) + len(found) <= ROWS:
            rows.append(drawn)
            all_features += found
            longer += len(found) > 1
    assert longer > 15, longer
    batches = [batch(all_features[start : start + BATCH]) for start in range(0, ROWS, BATCH)]
    shared = {"max_length": MAX_LENGTH, "stride": STRIDE}
    runs = [train(batches, settings | shared) for settings in (PLAIN, OTHERWISE)]
    for run in runs:
        print(f"{len(rows)} texts, {longer} of several windows: loss from {run['steps'][0]['loss']:.3f} to {run['steps'][-1]['loss']:.3f}")
    lines = lambda values: "[\n" + ",\n".join(map(json.dumps, values)) + "\n]"  # noqa: E731
    output("tests/fixtures/heads/training-summaries.json").write_text(
        f'{{\n"rows": {lines(rows)},\n"batches": {lines(batches)},\n"runs": {json.dumps(runs)}\n}}\n'
    )
