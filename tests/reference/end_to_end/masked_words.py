"""Masked words on one's own texts before fine-tuning: what is said of it in docs/tasks.md.

    python tests/reference/end_to_end/masked_words.py --reviews FOLDER                writes the reviews
    python tests/reference/end_to_end/masked_words.py --reviews FOLDER --program target/release/bert-train --runs FOLDER
                                                      [--model NAME] [--from-scratch] [--epochs N] [--texts N]

The reviews of IMDB: the texts of the training file without their labels, of which a twentieth is held out to see the perplexity;
500 of them with their labels, drawn with seed 0; 4,000 of the test file to evaluate on.

A model (BERT-tiny by default) is trained on masked words of the texts; then a classifier is trained on the 500 labelled reviews, once
from the model as it was and once from the result, with five seeds each (the head's first weights, the order, dropout), with
one recipe and without a validation split; the last weights are evaluated. `--from-scratch` begins from random weights in the model's
shape with its vocabulary, in both. `--texts` takes the first texts alone. A run that is there already is not made again.

Prints a line of JSON for each evaluation and the table's rows at the end. Writing the reviews needs pyarrow.
"""

import argparse
import json
import random
import statistics
import subprocess
from pathlib import Path

MODEL = "cassette/splade-bert-tiny"
DATA, TRAIN, TEST = "stanfordnlp/imdb", "plain_text/train-00000-of-00001.parquet", "plain_text/test-00000-of-00001.parquet"
LABELLED, EVALUATED, SEEDS = 500, 4000, range(5)
MASKED = ["data.max_length=128", "batch_size=32", "eval_batch_size=32", "data.order=\"shuffled\"", "optimizer.learning_rate=5e-4"]
MASKED += ["optimizer.schedule=\"linear\"", "optimizer.warmup_ratio=0.06", "optimizer.weight_decay=0.01", "max_grad_norm=1.0"]
CLASSES = ["data.max_length=128", "batch_size=16", "epochs=8", "optimizer.learning_rate=2e-4", "optimizer.schedule=\"linear\""]
CLASSES += ["optimizer.warmup_ratio=0.1", "optimizer.weight_decay=0.01", "max_grad_norm=1.0", "data.split_ratios=[1.0, 0.0, 0.0]"]


def write(folder: Path) -> None:
    import pyarrow.parquet as parquet
    from huggingface_hub import hf_hub_download

    rows = lambda file: parquet.read_table(hf_hub_download(DATA, file, repo_type="dataset")).to_pylist()
    labelled = lambda row: {"text": row["text"], "label": ["neg", "pos"][row["label"]]}
    training, test = rows(TRAIN), rows(TEST)
    for part in (training, test):
        random.Random(0).shuffle(part)
    held_out = len(training) // 20
    texts = [{"text": row["text"]} for row in training]
    parts = {
        "texts/train": texts[held_out:],
        "texts/validation": texts[:held_out],
        # None of them is among the held-out texts.
        "labelled/train": [labelled(row) for row in training[-LABELLED:]],
        "labelled/test": [labelled(row) for row in test[:EVALUATED]],
    }
    for name, part in parts.items():
        path = folder / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in part))
        print(json.dumps({"file": str(path), "reviews": len(part)}))


def settings(pairs: list[str]) -> list[str]:
    return [part for pair in pairs for part in ("--set", pair)]


def train(program: Path, folder: Path, arguments: list) -> None:
    if (folder / "model/model.safetensors").is_file():
        return
    command = [program, "train", *arguments, "--output", folder, "--overwrite"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def evaluations(folder: Path, split: str) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line.get("split") == split]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reviews", type=Path, required=True)
    arguments.add_argument("--program", type=Path)
    arguments.add_argument("--runs", type=Path)
    arguments.add_argument("--model", default=MODEL)
    arguments.add_argument("--from-scratch", action="store_true")
    arguments.add_argument("--epochs", type=int, default=3)
    arguments.add_argument("--texts", type=int)
    given = arguments.parse_args()
    if given.program is None:
        write(given.reviews)
        return
    program, reviews, runs = given.program.resolve(), given.reviews.resolve(), given.runs.resolve()
    begin = ["--model", given.model] + (["--set", "from_scratch=true"] if given.from_scratch else [])
    masked = runs / "masked"
    some = [f"data.train_samples={given.texts}"] if given.texts else []
    options = settings([*MASKED, *some, f"epochs={given.epochs}"])
    train(program, masked, [*begin, "--task", "fill-mask", "--dataset", reviews / "texts", *options])
    for line in evaluations(masked, "validation"):
        print(json.dumps({"step": line["step"], "perplexity": line.get("perplexity"), "found": line.get("masked_accuracy")}))
    ways = {"as it was": begin, "masked words first": ["--model", masked / "model"]}
    found: dict[str, list[float]] = {way: [] for way in ways}
    # A seed of each way first: a machine that gets slower slows all of them.
    for seed in SEEDS:
        for way, model in ways.items():
            folder = runs / f"{way.replace(' ', '-')}-{seed}"
            fixed = ["--seed", str(seed), "--keep", "last"]
            train(program, folder, [*model, "--dataset", reviews / "labelled", *settings(CLASSES), *fixed])
            command = [program, "eval", "--model", folder / "model", "--dataset", reviews / "labelled", "--split", "test", "--json"]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            report = json.loads(said)
            found[way].append(report["accuracy"])
            print(json.dumps({"way": way, "seed": seed, "accuracy": report["accuracy"], "loss": report["loss"]}), flush=True)
    for way, accuracies in found.items():
        shown = ", ".join(f"{accuracy:.3f}" for accuracy in accuracies)
        print(f"| {way} | {statistics.mean(accuracies):.3f} ± {statistics.stdev(accuracies):.3f} | {shown} |")


if __name__ == "__main__":
    main()
