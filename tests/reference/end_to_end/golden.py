"""Run folders and a sweep as commit e205deb wrote them: what later versions must still read.

    git worktree add OLD e205deb && cargo build --manifest-path OLD/Cargo.toml -p bert-train
    python tests/reference/end_to_end/golden.py OLD/target/debug/bert-train [ROOT]

tests/fixtures/golden/bert             a BERT of two layers and hidden size 8, without weights
tests/fixtures/golden/moods            a data set of three labels; tests/fixtures/golden/verdicts one of two
tests/fixtures/golden/runs/complete    a run on moods with its checkpoints
tests/fixtures/golden/runs/staged      a run on verdicts that unfreezes gradually
tests/fixtures/golden/runs/sweep       two learning rates with two seeds each, on verdicts
tests/fixtures/golden/runs/interrupted the run of runs/complete, stopped by Ctrl-C after half of its steps

The program runs in the folder that holds all of it, so that the relative paths in the runs' settings are true wherever that
folder is copied. Pages (`report.html`) are left out: they are made of the other files. Not part of `cargo xtask reference`,
since the old program is needed, and times are in the files.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# Words that go with a label, and words that go with any.
MOODS = {
    "calm": ["quiet", "gentle", "still", "slow", "soft"],
    "joyful": ["happy", "bright", "merry", "glad", "sunny"],
    "sad": ["grey", "lonely", "tired", "cold", "lost"],
}
VERDICTS = {"bad": ["broken", "dull", "late", "poor", "stale"], "good": ["fine", "fresh", "great", "quick", "tasty"]}
ANY = ["a", "and", "day", "dinner", "evening", "house", "in", "it", "river", "street", "the", "town", "very", "was", "with"]

# Every setting that has bytes of its own in a run folder: several evaluations and checkpoints, both splits, TensorBoard's file.
TRAIN = """model = "bert"
from_scratch = true
epochs = 8
batch_size = 6
evaluate_every = 8
save_every = 5
evaluate_test = true
seed = 7
device = "cpu"
{more}
[data]
max_length = 16
[optimizer]
learning_rate = 3e-2
"""


def texts(labels: dict[str, list[str]], count: int, draw: random.Random) -> list[dict]:
    rows = []
    for index in range(count):
        label = list(labels)[index % len(labels)]
        words = [draw.choice(ANY) for _ in range(draw.randrange(4, 9))]
        words[draw.randrange(len(words))] = draw.choice(labels[label])
        # Some that nothing can be learned of, so that no metric is a round 1.
        if draw.random() < 0.2:
            words = [draw.choice(ANY) for _ in words]
        rows.append({"text": " ".join(words), "label": label})
    draw.shuffle(rows)
    return rows


def write_data(folder: Path, labels: dict[str, list[str]], sizes: dict[str, int], seed: int) -> None:
    folder.mkdir(parents=True)
    draw = random.Random(seed)
    for split, size in sizes.items():
        lines = [json.dumps(row) + "\n" for row in texts(labels, size, draw)]
        (folder / f"{split}.jsonl").write_text("".join(lines))


def write_model(folder: Path) -> None:
    folder.mkdir(parents=True)
    words = sorted({word for labels in (MOODS, VERDICTS) for words in labels.values() for word in words} | set(ANY))
    vocab = SPECIAL + words
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n")
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": len(vocab),
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": 16,
        "type_vocab_size": 2,
        "initializer_range": 0.2,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tokenizer = {"do_lower_case": True, "tokenizer_class": "BertTokenizer", "model_max_length": 16}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer, indent=2) + "\n")


def steps(run: Path) -> int:
    log = run / "metrics.jsonl"
    return log.read_text().count('"train_step"') if log.is_file() else 0


def interrupt(program: Path, root: Path, run: Path, wanted: range) -> None:
    """Ctrl-C somewhere in `wanted`; tried again where the machine was too slow to say so in time."""
    for _ in range(50):
        shutil.rmtree(run, ignore_errors=True)
        command = [program, "train", "--config", "moods.toml", "--output", run.relative_to(root)]
        process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while steps(run) < wanted.start and process.poll() is None:
            time.sleep(0.0002)
        process.send_signal(signal.SIGINT)
        if process.wait() == 130 and steps(run) in wanted and list((run / "checkpoints").glob("best-*")):
            return
    raise SystemExit("the run was never stopped in time")


def main() -> None:
    program = Path(sys.argv[1]).resolve()
    root = Path(sys.argv[2] if len(sys.argv) > 2 else REPOSITORY).resolve() / "tests/fixtures/golden"
    shutil.rmtree(root, ignore_errors=True)
    write_model(root / "bert")
    write_data(root / "moods", MOODS, {"train": 60, "validation": 18, "test": 18}, seed=1)
    write_data(root / "verdicts", VERDICTS, {"train": 40, "validation": 16, "test": 16}, seed=2)
    (root / "moods.toml").write_text(TRAIN.format(more='dataset = "moods"\nlog = ["tensorboard"]'))
    (root / "staged.toml").write_text(TRAIN.format(more='dataset = "verdicts"\nfreeze = "all_but_head"\nunfreeze_every = 9\nkeep_checkpoints = 1'))
    (root / "sweep.toml").write_text(
        TRAIN.format(more='dataset = "verdicts"').replace("epochs = 8", "epochs = 5")
        + "\n[sweep]\nseeds = 2\n[sweep.grid]\n\"optimizer.learning_rate\" = [1e-2, 3e-2]\n"
    )
    # Sums are the same whatever the number of threads; nothing here is worth more than one.
    os.environ["RAYON_NUM_THREADS"] = "1"

    def run(*arguments: str) -> None:
        subprocess.run([program, *arguments], cwd=root, check=True, stdout=subprocess.DEVNULL)

    run("train", "--config", "moods.toml", "--output", "runs/complete")
    run("train", "--config", "staged.toml", "--output", "runs/staged")
    run("sweep", "--config", "sweep.toml", "--output", "runs/sweep")
    interrupt(program, root, root / "runs/interrupted", range(36, 60))
    for page in root.rglob("report.html"):
        page.unlink()


main()
