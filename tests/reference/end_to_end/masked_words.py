"""Masked words before labels: what is said of pretraining on one's own texts in docs/tasks.md.

    python tests/reference/end_to_end/masked_words.py --reviews FOLDER               writes the reviews
    python tests/reference/end_to_end/masked_words.py --reviews FOLDER --program target/release/bert-train --runs FOLDER
                                                                                     trains, evaluates, prints the table

IMDB's 25,000 training reviews without their labels are the texts to learn words from (`texts/train.jsonl`; 500 reviews of the
test file validate). With labels there are 500 of them, others for each seed (`seed-N/train.jsonl`); 5,000 other reviews of the
test file are held out (`seed-N/test.jsonl`, the same ones). Two models, each with and without the masked words, with five seeds (the reviews with labels, the
head's first weights, the order, dropout):

- `trained`: BERT-tiny, the encoder of cassette/splade-bert-tiny;
- `random`: a BERT of BERT-tiny's size from random weights, with a vocabulary that `bert-train vocabulary` trains on the same
  reviews.

The masked words are learnt once for each model, with seed 0; the classification is the same with and without them. It has no
validation split: its last weights are evaluated. A run that is there already is not made again; `--ways` makes some of the four
alone, as in `--ways "trained, without"`. Prints a line of JSON for each run and the table's rows at the end, with the mean
difference of the pairs of equal seeds and its standard error. Writing the reviews needs pyarrow.
"""

import argparse
import json
import random
import statistics
import subprocess
from pathlib import Path

DATA, FILES = "stanfordnlp/imdb", {part: f"plain_text/{part}-00000-of-00001.parquet" for part in ("train", "test")}
TRAINED, LABELLED, VALIDATION, HELD_OUT, SEEDS = "cassette/splade-bert-tiny", 500, 500, 5000, range(5)
# The settings of the masked words and of the classification; from random weights a model needs a higher rate.
WORDS = {
    "trained": ["epochs=3", "batch_size=32", "data.max_length=128", "optimizer.learning_rate=5e-4"],
    "random": ["epochs=10", "batch_size=32", "data.max_length=128", "optimizer.learning_rate=1e-3"],
}
LABELS = ["epochs=10", "batch_size=16", "data.max_length=256", "optimizer.learning_rate=2e-4"]
SCHEDULE = ['optimizer.schedule="linear"', "optimizer.warmup_ratio=0.1"]
WAYS = [(model, words) for model in ("trained", "random") for words in ("without", "with")]


def write(folder: Path) -> None:
    import pyarrow.parquet as parquet
    from huggingface_hub import hf_hub_download

    rows = {}
    for part, file in FILES.items():
        rows[part] = parquet.read_table(hf_hub_download(DATA, file, repo_type="dataset")).to_pylist()
        random.Random(0).shuffle(rows[part])

    def lines(name: str, part: list[dict], keys: tuple[str, ...] = ("text", "label")) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shown = [{"text": row["text"], "label": ["neg", "pos"][row["label"]]} for row in part]
        path.write_text("".join(json.dumps({key: row[key] for key in keys}) + "\n" for row in shown))

    lines("texts/train.jsonl", rows["train"], ("text",))
    lines("texts/validation.jsonl", rows["test"][:VALIDATION], ("text",))
    for seed in SEEDS:
        lines(f"seed-{seed}/train.jsonl", random.Random(seed).sample(rows["train"], LABELLED))
        lines(f"seed-{seed}/test.jsonl", rows["test"][VALIDATION : VALIDATION + HELD_OUT])


def settings(values: list[str]) -> list[str]:
    return [part for value in values for part in ("--set", value)]


class Program:
    def __init__(self, path: Path, reviews: Path, runs: Path) -> None:
        self.path, self.reviews, self.runs = path.resolve(), reviews.resolve(), runs.resolve()

    def call(self, *arguments) -> str:
        done = subprocess.run([self.path, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bert-train {' '.join(map(str, arguments))}\n{done.stderr}")
        return done.stdout

    def train(self, name: str, *arguments) -> Path:
        """The model of a run, which is made unless it is there."""
        run = self.runs / name
        if not (run / "model/model.safetensors").is_file():
            self.call("train", *arguments, *settings(SCHEDULE), "--output", run, "--overwrite")
        return run / "model"

    def beginning(self, model: str) -> list[str]:
        """The options of a model before any training here."""
        if model == "trained":
            return ["--model", TRAINED]
        vocabulary = self.runs / "vocabulary"
        if not (vocabulary / "vocab.txt").is_file():
            said = self.call("vocabulary", "--input", self.reviews / "texts/train.jsonl", "--shape", "tiny", "--output", vocabulary)
            print(said, end="", flush=True)
        return ["--model", str(vocabulary), "--set", "from_scratch=true"]

    def words(self, model: str) -> list[str]:
        """The options of a model that has learnt masked words."""
        arguments = ["--task", "fill-mask", "--dataset", self.reviews / "texts", "--seed", 0]
        learnt = self.train(f"{model}-words", *self.beginning(model), *arguments, *settings(WORDS[model]))
        scores = json.loads((learnt.parent / "scores.json").read_text())
        print(json.dumps({"model": model, "words": scores["splits"][0]["metrics"]}), flush=True)
        return ["--model", str(learnt)]

    def accuracy(self, model: str, words: str, seed: int) -> float:
        start = self.words(model) if words == "with" else self.beginning(model)
        labelled = self.reviews / f"seed-{seed}"
        fixed = ["--dataset", labelled, "--seed", seed, "--keep", "last", "--set", "data.split_ratios=[1.0, 0.0, 0.0]"]
        # The task is the data's, whatever head the checkpoint has.
        fixed += ["--task", "text-classification"]
        trained = self.train(f"{model}-{words}-{seed}", *start, *fixed, *settings(LABELS))
        said = self.call("eval", "--model", trained, "--dataset", labelled, "--split", "test", "--json")
        report = json.loads(said)
        line = {"model": model, "words": words, "seed": seed, "accuracy": report["accuracy"], "loss": report["loss"]}
        print(json.dumps(line), flush=True)
        return report["accuracy"]


def table(found: dict[tuple[str, str], list[float]]) -> None:
    for (model, words), accuracies in found.items():
        shown = ", ".join(f"{accuracy:.3f}" for accuracy in accuracies)
        spread = statistics.stdev(accuracies) if len(accuracies) > 1 else float("nan")
        print(f"| {model} | {words} | {statistics.mean(accuracies):.3f} | {spread:.3f} | {shown} |")
    for model in ("trained", "random"):
        pairs = list(zip(found.get((model, "with"), []), found.get((model, "without"), [])))
        if len(pairs) > 1:
            gains = [one - other for one, other in pairs]
            error = statistics.stdev(gains) / len(gains) ** 0.5
            print(f"{model}: with the masked words {statistics.mean(gains):+.3f}, standard error {error:.3f}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reviews", type=Path, required=True)
    arguments.add_argument("--program", type=Path)
    arguments.add_argument("--runs", type=Path)
    arguments.add_argument("--ways", nargs="*", default=[", ".join(way) for way in WAYS])
    given = arguments.parse_args()
    if given.program is None:
        write(given.reviews)
        return
    given.runs.mkdir(parents=True, exist_ok=True)
    program = Program(given.program, given.reviews, given.runs)
    found: dict[tuple[str, str], list[float]] = {}
    # A seed of each way first, so that an interrupted experiment has whole pairs.
    for seed in SEEDS:
        for model, words in WAYS:
            if f"{model}, {words}" in given.ways:
                found.setdefault((model, words), []).append(program.accuracy(model, words, seed))
    table(found)


if __name__ == "__main__":
    main()
