"""PyTorch's side of the end-to-end comparison in docs/fidelity.md, and the reviews that both sides take.

    python tests/reference/end_to_end/imdb.py --reviews FOLDER [--seed N]     writes train.jsonl and validation.jsonl
    python tests/reference/end_to_end/imdb.py [--seed N] [--grouped]          trains, and prints each epoch

The 25,000 training reviews are shuffled by the seed; the first 2,000 train, 500 from number 20,000 on validate. The recipe is that
of configs/imdb-minilm.toml for two epochs, as most people would write it: AdamW with decay on everything, a constant rate,
clipping by the global norm, padding to 256 or, `--grouped`, batches of similar length as the transformers Trainer makes them.
Needs tests/reference/requirements.txt and pyarrow; the hub's cache is asked for the model and the data, or the hub.
"""

import argparse
import json
import random
from pathlib import Path

import pyarrow.parquet as parquet
import torch
from huggingface_hub import hf_hub_download
from transformers import AutoTokenizer, BertForSequenceClassification

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DATA, FILE = "stanfordnlp/imdb", "plain_text/train-00000-of-00001.parquet"
BATCH, MAX_LENGTH, STRETCH = 16, 256, 50


def batch(rows: list[dict], grouped: bool) -> dict[str, torch.Tensor]:
    width = max(len(row["ids"]) for row in rows) if grouped else MAX_LENGTH
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row["ids"])] = torch.tensor(row["ids"])
        mask[index, : len(row["ids"])] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([row["label"] for row in rows])}


def epoch_of(rows: list[dict], grouped: bool) -> list[list[dict]]:
    rows = random.sample(rows, len(rows))
    if grouped:
        stretches = [rows[start : start + STRETCH * BATCH] for start in range(0, len(rows), STRETCH * BATCH)]
        rows = [row for stretch in stretches for row in sorted(stretch, key=lambda row: -len(row["ids"]))]
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    return random.sample(batches, len(batches)) if grouped else batches


@torch.no_grad()
def evaluate(model, rows: list[dict], grouped: bool) -> tuple[float, float]:
    model.eval()
    loss, right = 0.0, 0
    for start in range(0, len(rows), 32):
        part = rows[start : start + 32]
        given = batch(part, grouped)
        output = model(**given)
        loss += output.loss.item() * len(part)
        right += (output.logits.argmax(1) == given["labels"]).sum().item()
    return loss / len(rows), right / len(rows)


def train(training: list[dict], validation: list[dict], grouped: bool, epochs: int) -> None:
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    for row in training + validation:
        row["ids"] = tokenizer(row["text"], truncation=True, max_length=MAX_LENGTH)["input_ids"]
    model = BertForSequenceClassification.from_pretrained(MODEL, num_labels=2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01)
    for epoch in range(1, epochs + 1):
        model.train()
        total = 0.0
        for rows in epoch_of(training, grouped):
            loss = model(**batch(rows, grouped)).loss
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(rows)
        loss, accuracy = evaluate(model, validation, grouped)
        line = {"epoch": epoch, "train_loss": total / len(training), "validation_loss": loss, "accuracy": accuracy}
        print(json.dumps(line), flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--grouped", action="store_true")
    arguments.add_argument("--reviews", type=Path)
    arguments.add_argument("--train-samples", type=int, default=2000)
    arguments.add_argument("--eval-samples", type=int, default=500)
    arguments.add_argument("--epochs", type=int, default=2)
    given = arguments.parse_args()
    torch.manual_seed(given.seed)
    random.seed(given.seed)
    rows = parquet.read_table(hf_hub_download(DATA, FILE, repo_type="dataset")).to_pylist()
    random.shuffle(rows)
    training, validation = rows[: given.train_samples], rows[20000 : 20000 + given.eval_samples]
    if given.reviews is None:
        train(training, validation, given.grouped, given.epochs)
        return
    given.reviews.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", training), ("validation", validation)):
        lines = (json.dumps({"text": row["text"], "label": ["neg", "pos"][row["label"]]}) + "\n" for row in part)
        (given.reviews / f"{name}.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    main()
