"""Long documents in training: what is said of them in docs/strategies.md.

    python tests/reference/end_to_end/long_documents.py --reviews FOLDER              writes the reviews
    python tests/reference/end_to_end/long_documents.py --reviews FOLDER --program target/release/bert-train --runs FOLDER
                                                                                      trains, evaluates, prints the table

Reviews of IMDB that are longer than 256 tokens: of the training file, shuffled with seed 0, the first 600 train and the next 600
are held out. Each way of reading them is trained with three seeds (the head's first weights, the order, dropout), two epochs,
with the recipe of configs/long-documents.toml and without a validation split; the last weights are evaluated:

- `cut`: the first 128 tokens in training, evaluated on the first 128 tokens and in windows;
- `windows`: configs/long-documents.toml, up to four windows of 128 tokens that share 32;
- `long`: the first 512 tokens at once.

A run that is there already is not made again. Prints a line of JSON for each evaluation and the table's rows at the end. The
seconds are those of training alone, the memory is the process's peak. Writing the reviews needs pyarrow and transformers.
"""

import argparse
import json
import random
import statistics
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
CONFIG = REPOSITORY / "configs/long-documents.toml"
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DATA, FILE = "stanfordnlp/imdb", "plain_text/train-00000-of-00001.parquet"
SHORTEST, TEXTS, SEEDS = 257, 600, range(3)
# The settings of each way, and the options of each evaluation.
CUT = 'model="{model}" epochs=2 batch_size=16 max_grad_norm=1.0 optimizer.learning_rate=5e-5 optimizer.schedule="constant" '
CUT += 'optimizer.warmup_ratio=0.0 optimizer.weight_decay=0.01 optimizer.decay="all"'
WAYS = {
    "cut": (["data.max_length=128"], {"the first 128 tokens": [], "all windows": ["--stride", "32"]}),
    "windows": (None, {"all windows": []}),
    "long": (["data.max_length=512"], {"the first 512 tokens": []}),
}


def write(folder: Path) -> None:
    import pyarrow.parquet as parquet
    from huggingface_hub import hf_hub_download
    from transformers import AutoTokenizer

    rows = parquet.read_table(hf_hub_download(DATA, FILE, repo_type="dataset")).to_pylist()
    random.Random(0).shuffle(rows)
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    chosen, lengths = [], []
    for row in rows:
        length = len(tokenizer(row["text"], truncation=False)["input_ids"])
        if length >= SHORTEST:
            chosen.append({"text": row["text"], "label": ["neg", "pos"][row["label"]]})
            lengths.append(length)
        if len(chosen) == 2 * TEXTS:
            break
    for name, part in (("train", chosen[:TEXTS]), ("test", chosen[TEXTS:])):
        path = folder / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in part))
    quarters = statistics.quantiles(lengths)
    print(json.dumps({"reviews": len(lengths), "quartiles of tokens": quarters, "longest": max(lengths)}))


def options(settings: list[str] | None) -> list[str]:
    if settings is None:
        return ["--config", str(CONFIG)]
    settings = settings + CUT.format(model=MODEL).split()
    return [part for setting in settings for part in ("--set", setting)]


def run(program: Path, reviews: Path, runs: Path, way: str, seed: int) -> tuple[list[dict], dict]:
    """A run's evaluations, and the last line of its log."""
    settings, evaluations = WAYS[way]
    folder = runs / f"{way}-{seed}"
    if not (folder / "model/model.safetensors").is_file():
        fixed = ["--seed", str(seed), "--keep", "last", "--set", "data.split_ratios=[1.0, 0.0, 0.0]", "--output", str(folder)]
        command = [program, "train", *options(settings), "--dataset", reviews, *fixed, "--overwrite"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    found = []
    for read, more in evaluations.items():
        command = [program, "eval", "--model", folder / "model", "--dataset", reviews, "--split", "test", "--json"]
        said = subprocess.run([*command, *more], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        report = json.loads(said)
        found.append({"way": way, "seed": seed, "read": read, "accuracy": report["accuracy"], "loss": report["loss"]})
        print(json.dumps(found[-1]), flush=True)
    return found, end


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reviews", type=Path, required=True)
    arguments.add_argument("--program", type=Path)
    arguments.add_argument("--runs", type=Path)
    given = arguments.parse_args()
    if given.program is None:
        write(given.reviews)
        return
    rows: dict[tuple[str, str], list[dict]] = {}
    ends: dict[str, list[dict]] = {}
    # A seed of each way first: a machine that gets slower slows all of them.
    for seed in SEEDS:
        for way in WAYS:
            found, end = run(given.program.resolve(), given.reviews.resolve(), given.runs.resolve(), way, seed)
            ends.setdefault(way, []).append(end)
            for one in found:
                rows.setdefault((way, one["read"]), []).append(one)
    for (way, read), found in rows.items():
        accuracies = [one["accuracy"] for one in found]
        seconds = [end["phases"]["train"] for end in ends[way]]
        memory = max(end.get("peak_memory") or 0 for end in ends[way])
        shown = ", ".join(f"{accuracy:.3f}" for accuracy in accuracies)
        mean, loss = statistics.mean(accuracies), statistics.mean(one["loss"] for one in found)
        print(f"| {way} | {read} | {mean:.3f} ({shown}) | {loss:.3f} | {statistics.mean(seconds):.0f} s | {memory / 1e9:.1f} GB |")


if __name__ == "__main__":
    main()
