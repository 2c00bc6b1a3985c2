"""The side of transformers in the end-to-end comparison of the tasks in docs/fidelity.md, and what both sides take.

    python tests/reference/end_to_end/tasks.py TASK FOLDER --prepare
        writes FOLDER/card.toml and FOLDER/*.jsonl (the data, shuffled once), FOLDER/start (all-MiniLM-L6-v2 with a new head) and
        FOLDER/config.toml (the recipe, without dropout and in the files' order, for `bert-train train --config`)
    python tests/reference/end_to_end/tasks.py TASK FOLDER [--config RUN/config.toml] [--steps N]
        trains from FOLDER/start in the files' order without dropout, as the config says, and prints the numbers of the test split
    python tests/reference/end_to_end/tasks.py TASK FOLDER --dropout --seed N [--model CHECKPOINT] [--device cuda]
        trains from all-MiniLM-L6-v2 (or CHECKPOINT) with dropout, a head and an order of its own, drawn by the seed
    python tests/reference/end_to_end/tasks.py TASK FOLDER --compare OURS THEIRS
        compares two files: the numbers of `bert-train eval --json`, in points, or the steps of a run's metrics.jsonl, with what
        the second form of this command has printed

TASK is `wnut17`, `stsb`, `mrpc`, `goemotions` or `squadshifts`. The recipe is a plain loop over BertForTokenClassification,
BertForSequenceClassification or BertForQuestionAnswering: AdamW without decay on biases and LayerNorm, linear warm-up and
decay, the clipped global norm, batches padded to their longest text; the weights after the last step are evaluated. STS-B's
test split has no labels: its validation split gives the numbers. GoEmotions trains on 4,000 rows. In WNUT-17 a word without a
token of its own counts as `O`. SquadShifts trains on 3,000 questions of `new_wiki` and is validated on XQuAD's English ones;
question_windows.py says what it does as run_qa.py does, what it does otherwise, and which folders it needs. `--answers FILE`
keeps the answers, by id; `--padding-counts` trains with the loss of BertForQuestionAnswering as it is.

The numbers are seqeval's, SciPy's, scikit-learn's and, for answers, t5's. Needs tests/reference/requirements.txt, pyarrow,
scipy and seqeval; the hub's cache is asked for the model and the data, or the hub.
"""

import argparse
import json
import math
import random
import time
import tomllib
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import torch
from huggingface_hub import hf_hub_download
from transformers import (
    AutoTokenizer,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    get_scheduler,
    logging,
)

import question_windows

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
GLUE = "{}/{{}}-00000-of-00001.parquet"
PAIR = {"text": "sentence1", "text_pair": "sentence2", "label": "label"}
EMOTIONS = "simplified/{}-00000-of-00001.parquet"
# The hub's repository, its revision, its files, its splits as ours; the config's recipe, where it is not the default one.
TASKS = {
    "wnut17": {
        "hub": ("leondz/wnut_17", "refs/convert/parquet", "wnut_17/{}/0000.parquet"),
        "splits": ("train", "validation", "test"),
        "card": {"task": "token-classification", "scheme": "iob2"},
        "columns": {"tokens": "tokens", "tags": "tags"},
        # No sentence is longer, so that nothing is cut and there are no windows: with 128 tokens there would be for two.
        "recipe": {"epochs": 3, "max_length": 256, "learning_rate": 1e-4},
    },
    "stsb": {
        "hub": ("nyu-mll/glue", "main", GLUE.format("stsb")),
        "splits": ("train", "validation"),
        "card": {"task": "text-classification", "problem_type": "regression"},
        "columns": PAIR,
        "recipe": {"epochs": 1, "max_length": 128, "learning_rate": 5e-5},
    },
    "mrpc": {
        "hub": ("nyu-mll/glue", "main", GLUE.format("mrpc")),
        "splits": ("train", "validation", "test"),
        "card": {"task": "text-classification", "problem_type": "single_label_classification", "positive": "equivalent"},
        "columns": PAIR,
        "recipe": {"epochs": 1, "max_length": 128, "learning_rate": 5e-5},
    },
    "goemotions": {
        "hub": ("google-research-datasets/go_emotions", "main", EMOTIONS),
        "splits": ("train", "validation", "test"),
        "card": {"task": "text-classification", "problem_type": "multi_label_classification"},
        "columns": {"text": "text", "label": "labels"},
        "recipe": {"epochs": 3, "max_length": 64, "learning_rate": 5e-5, "head_learning_rate": 5e-4},
        "rows": 4000,
    },
    "squadshifts": {
        "files": {
            "train": ("ludwigschmidt/squadshifts", "refs/convert/parquet", "new_wiki/test/0000.parquet"),
            "validation": ("google/xquad", "main", "xquad.en/validation-00000-of-00001.parquet"),
        },
        "splits": ("train", "validation"),
        "card": {"task": "question-answering"},
        "columns": {"question": "question", "context": "context", "answers": "answers", "id": "id"},
        "recipe": {"epochs": 2, "max_length": 256, "stride": 64, "learning_rate": 1e-4},
        "rows": 3000,
    },
}
HEADS = ("classifier.", "qa_outputs.")
EVALUATION_BATCH = 32
# What a config may say, beside the keys that are read: anything else would be a recipe that is not this one's.
FIXED = {
    "freeze": "none", "class_weights": "none", "label_smoothing": 0.0, "pos_weight": "none", "reinit_layers": 0, "reinit_pooler": False,
    "gradient_accumulation_steps": 1, "from_scratch": False, "layerwise_lr_decay": 1.0, "padding": "longest",
    "truncation": "longest_first", "betas": [0.9, 0.999], "epsilon": 1e-8,
}  # fmt: skip


# --- Data ----------------------------------------------------------------------------------------------------------


def names_in(schema, column: str) -> list[str] | None:
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    feature = features[column]
    while isinstance(feature, dict) and "names" not in feature and "feature" in feature:
        feature = feature["feature"]
    return feature.get("names")


def published(task: str) -> tuple[dict[str, list[dict]], list[str]]:
    """The rows of each split as both sides read them, labels by their names; and the labels."""
    labels, splits = [], {}
    for split in TASKS[task]["splits"]:
        repository, revision, pattern = TASKS[task]["files"][split] if "files" in TASKS[task] else TASKS[task]["hub"]
        path = hf_hub_download(repository, pattern.format(split), repo_type="dataset", revision=revision)
        table = parquet.read_table(path)
        rows = table.to_pylist()
        if task == "wnut17":
            labels = names_in(table.schema, "ner_tags")
            rows = [{"tokens": row["tokens"], "tags": [labels[tag] for tag in row["ner_tags"]]} for row in rows if row["tokens"]]
        elif task == "goemotions":
            labels = names_in(table.schema, "labels")
            rows = [{"text": row["text"], "labels": [labels[label] for label in row["labels"]]} for row in rows]
        elif task == "squadshifts":
            kept = ("id", "question", "context", "answers")
            rows = [{key: row[key] for key in kept} for row in rows]
        else:
            kept = ("sentence1", "sentence2", "label")
            rows = [{key: row[key] for key in kept} for row in rows]
            if task == "mrpc":
                labels = names_in(table.schema, "label")
                rows = [row | {"label": labels[row["label"]]} for row in rows]
        splits[split] = rows
    random.Random(0).shuffle(splits["train"])
    del splits["train"][TASKS[task].get("rows", len(splits["train"])) :]
    return splits, labels


def toml(values: dict) -> str:
    """JSON's strings, numbers and lists of them are TOML's."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items() if not isinstance(value, dict)) + "".join(
        f"\n[{key}]\n{toml(value)}" for key, value in values.items() if isinstance(value, dict)
    )


def prepare(task: str, folder: Path, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    splits, labels = published(task)
    for split, rows in splits.items():
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    card = {"name": task, **TASKS[task]["card"]} | ({"labels": labels} if labels else {})
    files = {split: [f"{split}.jsonl"] for split in splits}
    (folder / "card.toml").write_text(toml(card | {"files": files, "columns": TASKS[task]["columns"]}))
    recipe = dict(TASKS[task]["recipe"])
    stride = {"stride": recipe.pop("stride")} if "stride" in recipe else {}
    # There is no dropout before the head for questions.
    places = ("hidden", "attention") if task == "squadshifts" else ("hidden", "attention", "classifier")
    config = {
        "model": str(folder / "start"),
        "dataset": str(folder / "card.toml"),
        "epochs": recipe.pop("epochs"),
        "batch_size": 16,
        "max_grad_norm": 1.0,
        "keep": "last",
        "data": {"max_length": recipe.pop("max_length"), **stride, "order": "sequential"},
        "optimizer": {**recipe, "schedule": "linear", "warmup_ratio": 0.1, "weight_decay": 0.01, "decay": "standard"},
        "dropout": dict.fromkeys(places, 0.0),
    }
    (folder / "config.toml").write_text(toml(config))
    torch.manual_seed(seed)
    model_of(task, MODEL, labels).save_pretrained(folder / "start")
    AutoTokenizer.from_pretrained(MODEL).save_pretrained(folder / "start")


def model_of(task: str, path, labels: list[str], **config):
    if task == "squadshifts":
        return BertForQuestionAnswering.from_pretrained(path, **config)
    if task == "wnut17":
        kind, problem = BertForTokenClassification, {}
    else:
        kind, problem = BertForSequenceClassification, {"problem_type": TASKS[task]["card"]["problem_type"]}
    if labels:
        problem |= {"id2label": dict(enumerate(labels)), "label2id": {label: index for index, label in enumerate(labels)}}
    else:
        problem |= {"num_labels": 1}
    return kind.from_pretrained(path, **problem, **config)


class Features:
    """The rows of one split as the model takes them."""

    def __init__(self, task: str, rows: list[dict], labels: list[str], tokenizer, max_length: int):
        number = {label: index for index, label in enumerate(labels)}
        self.rows = []
        longer = 0
        for row in rows:
            if task == "wnut17":
                encoding = tokenizer(row["tokens"], is_split_into_words=True)
                longer += len(encoding["input_ids"]) > max_length
                encoding = tokenizer(row["tokens"], is_split_into_words=True, truncation=True, max_length=max_length)
                words = encoding.word_ids()
                first = [word is not None and word != before for before, word in zip([None, *words], words)]
                target = [number[row["tags"][word]] if new else -100 for new, word in zip(first, words)]
            else:
                texts = [row["text"]] if task == "goemotions" else [row["sentence1"], row["sentence2"]]
                encoding = tokenizer(*texts, truncation=True, max_length=max_length)
                longer += len(tokenizer(*texts)["input_ids"]) > max_length
                words = None
                if task == "goemotions":
                    target = [float(label in row["labels"]) for label in labels]
                else:
                    target = row["label"] if task == "stsb" else number[row["label"]]
            types = encoding.get("token_type_ids", [0] * len(encoding["input_ids"]))
            self.rows.append({"ids": encoding["input_ids"], "types": types, "words": words, "target": target, "row": row})
        self.task, self.pad, self.longer = task, tokenizer.pad_token_id, longer

    def batch(self, indices, device) -> dict[str, torch.Tensor]:
        rows = [self.rows[index] for index in indices]
        width = max(len(row["ids"]) for row in rows)
        padded = lambda values, fill: torch.tensor([[*row, *[fill] * (width - len(row))] for row in values])
        targets = [row["target"] for row in rows]
        batch = {
            "input_ids": padded([row["ids"] for row in rows], self.pad),
            "token_type_ids": padded([row["types"] for row in rows], 0),
            "attention_mask": padded([[1] * len(row["ids"]) for row in rows], 0),
            "labels": padded(targets, -100) if self.task == "wnut17" else torch.tensor(targets),
        }
        return {name: tensor.to(device) for name, tensor in batch.items()}

    def loss(self, model, batch: dict) -> tuple[torch.Tensor, object]:
        output = model(**batch)
        return output.loss, output


# --- Numbers -------------------------------------------------------------------------------------------------------


@torch.no_grad()
def evaluate(model, features: Features, labels: list[str]) -> dict[str, float]:
    model.eval()
    # Batches of similar length pad little; the numbers do not depend on them.
    order = sorted(range(len(features.rows)), key=lambda index: len(features.rows[index]["ids"]))
    outputs, total, weight = [None] * len(order), 0.0, 0
    for start in range(0, len(order), EVALUATION_BATCH):
        part = order[start : start + EVALUATION_BATCH]
        batch = features.batch(part, model.device)
        loss, output = features.loss(model, batch)
        counted = (batch["labels"] != -100).sum().item() if features.task == "wnut17" else len(part)
        total, weight = total + loss.item() * counted, weight + counted
        for index, logits in zip(part, output.logits.double().cpu().numpy()):
            outputs[index] = logits
    numbers = {"wnut17": tagging, "goemotions": several, "stsb": regression, "mrpc": single}[features.task]
    return {"loss": total / weight} | numbers(features.rows, outputs, labels)


def tagging(rows, outputs, labels) -> dict[str, float]:
    from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score
    from seqeval.scheme import IOB2

    truth, found = [], []
    for row, logits in zip(rows, outputs):
        tags = ["O"] * len(row["row"]["tags"])
        # From the last to the first: a word has the tag of its first piece.
        for position in reversed(range(len(row["words"]))):
            if row["words"][position] is not None:
                tags[row["words"][position]] = labels[logits[position].argmax()]
        truth.append(row["row"]["tags"])
        found.append(tags)
    return {
        "f1": f1_score(truth, found),
        "precision": precision_score(truth, found),
        "recall": recall_score(truth, found),
        "accuracy": accuracy_score(truth, found),
        "f1_strict": f1_score(truth, found, mode="strict", scheme=IOB2),
    }


def several(rows, outputs, _) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, f1_score, jaccard_score, roc_auc_score

    truth, logits = np.array([row["target"] for row in rows], dtype=int), np.array(outputs)
    probabilities = 1 / (1 + np.exp(-logits))
    found = (probabilities >= 0.5).astype(int)
    defined = [label for label in range(truth.shape[1]) if 0 < truth[:, label].sum() < len(truth)]
    f1 = lambda average: f1_score(truth, found, average=average, zero_division=0)
    return {
        "micro_f1": f1("micro"),
        "macro_f1": f1("macro"),
        "samples_f1": f1("samples"),
        "jaccard": jaccard_score(truth, found, average="samples", zero_division=0),
        "subset_accuracy": accuracy_score(truth, found),
        "roc_auc": np.mean([roc_auc_score(truth[:, label], probabilities[:, label]) for label in defined]).item(),
    }


def regression(rows, outputs, _) -> dict[str, float]:
    from scipy.stats import pearsonr, spearmanr
    from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

    truth, found = np.array([row["target"] for row in rows]), np.array(outputs)[:, 0]
    return {
        "pearson": pearsonr(truth, found).statistic.item(),
        "spearman": spearmanr(truth, found).statistic.item(),
        "mse": mean_squared_error(truth, found),
        "mae": mean_absolute_error(truth, found),
        "r2": r2_score(truth, found),
    }


def single(rows, outputs, labels) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

    truth, found = [row["target"] for row in rows], np.array(outputs).argmax(axis=1)
    return {
        "accuracy": accuracy_score(truth, found),
        "f1": f1_score(truth, found, pos_label=labels.index("equivalent")),
        "macro_f1": f1_score(truth, found, average="macro"),
        "mcc": float(matthews_corrcoef(truth, found)),
    }


# --- Training ------------------------------------------------------------------------------------------------------


def read_recipe(task: str, path: Path) -> dict:
    """The keys of a config file or of a run's config.toml, the tables' among them; what is not read must be as it is here."""
    config = tomllib.loads(path.read_text())
    flat = {key: value for key, value in config.items() if not isinstance(value, dict)}
    for table in ("data", "optimizer"):
        flat |= config.get(table, {})
    defaults = {"max_length": 256, "batch_size": 16, "epochs": 3, "learning_rate": 2e-5, "weight_decay": 0.01, "warmup_ratio": 0.1}
    flat = defaults | {"max_grad_norm": 1.0, "schedule": "linear", "decay": "standard"} | flat
    fixed = dict(FIXED)
    if task == "squadshifts":
        # Questions have windows: nothing is cut.
        del fixed["truncation"]
    for key, expected in fixed.items():
        found = flat.get(key, expected)
        assert found == expected, f"{path}: {key} is {found}: this script trains with {expected} only"
    assert "stage" not in config, f"{path}: this script trains without stages"
    return flat


def optimizer_of(model, recipe: dict):
    decayed = lambda name: recipe["decay"] == "all" or not (name.endswith("bias") or "LayerNorm" in name)
    groups = []
    for head in (False, True):
        for decay in (False, True):
            chosen = [p for n, p in model.named_parameters() if n.startswith(HEADS) == head and decayed(n) == decay]
            rate = recipe.get("head_learning_rate", recipe["learning_rate"]) if head else recipe["learning_rate"]
            groups.append({"params": chosen, "lr": rate, "weight_decay": recipe["weight_decay"] if decay else 0.0})
    return torch.optim.AdamW([group for group in groups if group["params"]], betas=(0.9, 0.999), eps=1e-8)


def train(task: str, folder: Path, recipe: dict, given: argparse.Namespace) -> None:
    seed, dropout, most_steps, device = given.seed, given.dropout, given.steps, given.device
    rows = {path.stem: [json.loads(line) for line in path.read_text().splitlines()] for path in folder.glob("*.jsonl")}
    labels = tomllib.loads((folder / "card.toml").read_text()).get("labels", [])
    tokenizer = AutoTokenizer.from_pretrained(folder / "start")
    if task == "squadshifts":
        windows = (tokenizer, recipe["max_length"], recipe["stride"])
        features = {split: question_windows.Questions(of_split, *windows) for split, of_split in rows.items()}
        print(json.dumps({"questions": {split: len(of_split) for split, of_split in rows.items()},
                          "answers in a window's last token": {split: given.mended for split, given in features.items()}}))  # fmt: skip
    else:
        features = {split: Features(task, given, labels, tokenizer, recipe["max_length"]) for split, given in rows.items()}
    print(json.dumps({"rows": {split: len(given.rows) for split, given in features.items()},
                      "longer than max_length": {split: given.longer for split, given in features.items()}}), flush=True)  # fmt: skip
    torch.manual_seed(seed)
    generator = random.Random(seed)
    if dropout:
        model = model_of(task, given.model, labels)
    else:
        rates = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0}
        model = model_of(task, folder / "start", labels, **rates)
    model.float().to(device)
    count = len(features["train"].rows)
    steps = math.ceil(count / recipe["batch_size"]) * recipe["epochs"]
    optimizer = optimizer_of(model, recipe)
    warmup = recipe.get("warmup_steps", math.ceil(steps * recipe["warmup_ratio"]))
    schedule = get_scheduler(recipe["schedule"], optimizer, warmup, steps)
    began, began_cpu, done = time.monotonic(), time.process_time(), 0
    how = {"padding_counts": given.padding_counts} if task == "squadshifts" else {}
    seconds = lambda: round(time.monotonic() - began, 1)
    for epoch in range(1, recipe["epochs"] + 1):
        model.train()
        order = list(range(count))
        if dropout:
            generator.shuffle(order)
        total = 0.0
        for start in range(0, count, recipe["batch_size"]):
            part = order[start : start + recipe["batch_size"]]
            loss, _ = features["train"].loss(model, features["train"].batch(part, device), **how)
            optimizer.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), recipe["max_grad_norm"])
            optimizer.step()
            schedule.step()
            done += 1
            total += loss.item() * len(part)
            print(json.dumps({"step": done, "loss": loss.item(), "grad_norm": norm.item()}), flush=True)
            if done == most_steps:
                cpu = round(time.process_time() - began_cpu, 1)
                print(json.dumps({"steps": done, "of": steps, "seconds": seconds(), "cpu_seconds": cpu}))
                return
        line = {"epoch": epoch, "train_loss": total / count, "seconds": seconds()}
        print(json.dumps(line), flush=True)
    evaluated = TASKS[task]["splits"][-1]
    if task == "squadshifts":
        numbers, answers = question_windows.evaluate(model, features[evaluated])
        if given.answers:
            given.answers.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")
    else:
        numbers = evaluate(model, features[evaluated], labels)
    print(json.dumps({"seed": seed, "dropout": dropout, "split": evaluated, "numbers": numbers}))


def compare(ours: Path, theirs: Path) -> None:
    """The numbers of both files: one object by name, or lines of which the last one has it; or the steps that both have."""

    def lines(path: Path) -> list[dict]:
        text = path.read_text()
        try:
            return [json.loads(text)]
        except json.JSONDecodeError:
            return [json.loads(line) for line in text.splitlines()]

    ours, theirs = lines(ours), lines(theirs)
    steps = [{line["step"]: line for line in side if "grad_norm" in line} for side in (ours, theirs)]
    if shared := sorted(steps[0].keys() & steps[1].keys()):
        for name in ("loss", "grad_norm"):
            apart = [abs(steps[0][step][name] / steps[1][step][name] - 1) for step in shared]
            print(f"{name} of {len(shared)} steps: at most {max(apart):.1e} apart (relative), in step {shared[int(np.argmax(apart))]}")
        return
    numbers = [side[-1].get("numbers", side[-1].get("metrics", side[-1])) for side in (ours, theirs)]
    shared = [name for name in numbers[1] if name in numbers[0]]
    assert shared, f"no name in common: {sorted(numbers[0])} and {sorted(numbers[1])}"
    for name in shared:
        mine, other = numbers[0][name], numbers[1][name]
        print(f"{name:16} {mine:10.6f} {other:10.6f} {100 * (mine - other):+9.4f} points")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("task", choices=TASKS)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--prepare", action="store_true")
    arguments.add_argument("--config", type=Path)
    arguments.add_argument("--dropout", action="store_true")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--model", default=MODEL)
    arguments.add_argument("--device", default="cpu")
    arguments.add_argument("--steps", type=int)
    arguments.add_argument("--answers", type=Path)
    arguments.add_argument("--padding-counts", action="store_true")
    arguments.add_argument("--compare", type=Path, nargs=2, metavar=("OURS", "THEIRS"))
    given = arguments.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    if given.prepare:
        prepare(given.task, given.folder, given.seed)
    elif given.compare:
        compare(*given.compare)
    else:
        recipe = read_recipe(given.task, given.config or given.folder / "config.toml")
        train(given.task, given.folder, recipe, given)


if __name__ == "__main__":
    main()
