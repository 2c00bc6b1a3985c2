"""What scikit-learn computes from predictions like those that a classifier makes, and from the odd ones.

    python tests/reference/metrics.py [ROOT]

Writes crates/metrics/tests/fixtures/expected.json: 200 random cases and the degenerate ones, one a line. Each has the true
labels, the probabilities (whole numbers `counts` to be divided by `of`, so that both sides start from the same f64) and
every figure of a report, in the form in which a report serialises. What a report calls `precision`, `recall` and `f1` is
that of the average asked for: those of `macro`, `micro` and `weighted` are in `expected` anyway, those of `binary` are in
`binary`, one entry for each label as the positive one. All labels of the model are passed as `labels`, whether they
occur or not. A ROC AUC that scikit-learn does not define is null. `softmax` is scipy's, of some logits.
"""

import json
import warnings

import numpy as np
from common import output, pin
from scipy.special import softmax
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    matthews_corrcoef,
    precision_recall_fscore_support,
    roc_auc_score,
)

pin("scikit-learn")

# Undefined figures are asked for on purpose.
warnings.filterwarnings("ignore")

RANDOM_CASES = 200


def scores(targets: np.ndarray, predicted: np.ndarray, **options) -> dict[str, float | list[float]]:
    precision, recall, f1, _ = precision_recall_fscore_support(targets, predicted, **options)
    return {"precision": precision, "recall": recall, "f1": f1}


def undefined(targets: np.ndarray, predicted: np.ndarray, labels: list[int]) -> list[dict]:
    """The figures that are 0 / 0, label after label; class null is a figure of all labels."""
    by_label = scores(targets, predicted, labels=labels, average=None, zero_division=np.nan)
    found = [{"metric": name, "class": label} for label in labels for name in by_label if np.isnan(by_label[name][label])]
    if len(set(targets)) == 1 or len(set(predicted)) == 1:
        found.append({"metric": "mcc", "class": None})
    return found


def area(targets: np.ndarray, probabilities: np.ndarray, positive: int = 1) -> float | None:
    count = probabilities.shape[1]
    if count == 2:
        value = roc_auc_score(targets == positive, probabilities[:, positive])
    else:
        value = roc_auc_score(targets, probabilities, multi_class="ovr", average="macro", labels=range(count))
    return None if np.isnan(value) else value


def binary(targets: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray, positive: int) -> dict:
    asked = scores(targets, predicted, average="binary", pos_label=positive, zero_division=0)
    return asked | {"roc_auc": area(targets, probabilities, positive)}


def case(name: str, targets, counts) -> dict:
    targets, counts = np.asarray(targets), np.asarray(counts)
    of = int(counts[0].sum())
    assert (counts.sum(axis=1) == of).all(), name
    probabilities = counts / of
    labels = list(range(counts.shape[1]))
    predicted = probabilities.argmax(axis=1)
    options = {"labels": labels, "zero_division": 0}
    by_label = precision_recall_fscore_support(targets, predicted, average=None, **options)
    return {
        "name": name,
        "targets": targets.tolist(),
        "of": of,
        "counts": counts.tolist(),
        "expected": {
            "examples": len(targets),
            "loss": log_loss(targets, probabilities, labels=labels),
            "accuracy": accuracy_score(targets, predicted),
            "mcc": matthews_corrcoef(targets, predicted),
            "roc_auc": area(targets, probabilities),
            "macro_average": scores(targets, predicted, average="macro", **options),
            "micro_average": scores(targets, predicted, average="micro", **options),
            "weighted_average": scores(targets, predicted, average="weighted", **options),
            "per_class": [
                {"precision": precision, "recall": recall, "f1": f1, "support": int(support)}
                for precision, recall, f1, support in zip(*by_label)
            ],
            "confusion_matrix": confusion_matrix(targets, predicted, labels=labels).tolist(),
            "undefined": undefined(targets, predicted, labels),
        },
        "binary": [binary(targets, predicted, probabilities, positive) for positive in labels] if len(labels) == 2 else None,
    }


def random_case(index: int) -> dict:
    """Every combination of a number of labels, a balance and a kind of probabilities occurs several times."""
    generator = np.random.default_rng([2026, index])
    labels = 2 + index % 6
    balanced = index // 6 % 2 == 0
    kind = ["leaning", "ties", "sure", "flat", "against"][index // 12 % 5]
    # As many short as long ones, the shortest and the longest among them.
    examples = [1, 200][index] if index < 2 else round(np.exp(generator.uniform(0, np.log(200))))
    weights = np.full(labels, 1 / labels) if balanced else generator.dirichlet(np.full(labels, 0.2))
    targets = generator.choice(labels, examples, p=weights)
    truth = np.eye(labels)[targets]
    # Draws that add up to `of`, more of them for the true label where the classifier is any good.
    of, concentration = {
        "leaning": (1000, 1 + 2 * truth),
        "ties": (6, 1 + truth),
        "sure": (1000, 0.02 + 0.1 * truth),
        "flat": (1000, 200 + 3 * truth),
        "against": (1000, 1.2 - truth),
    }[kind]
    counts = np.array([generator.multinomial(of, generator.dirichlet(row)) for row in concentration])
    name = f"{index}: {labels} labels, {examples} examples, {'balanced' if balanced else 'unbalanced'}, {kind}"
    return case(name, targets, counts)


def right(targets: list[int], labels: int) -> list[list[int]]:
    return [[7 if label == target else 1 for label in range(labels)] for target in targets]


def wrong(targets: list[int], labels: int) -> list[list[int]]:
    return right([(target + 1) % labels for target in targets], labels)


def degenerate(labels: int) -> list[dict]:
    every = list(range(labels)) * 3
    last = labels - 1
    but_last = [target for target in every if target != last]
    pattern = {
        "perfect": (every, right(every, labels)),
        "all wrong": (every, wrong(every, labels)),
        "one example, right": ([last], right([last], labels)),
        "one example, wrong": ([last], wrong([last], labels)),
        "all have label 0": ([0] * 4, right([0, last, 0, 0], labels)),
        "all have the last label": ([last] * 4, right([0, last, 0, last], labels)),
        "all have label 0 and are given it": ([0] * 4, right([0] * 4, labels)),
        "label 0 is given to all": (every, right([0] * len(every), labels)),
        "the last label is given to all": (every, right([last] * len(every), labels)),
        "the last label does not occur": (but_last, wrong(but_last, labels)),
        "the last label is never given": (every, right([min(target, last - 1) for target in every], labels)),
        "the last label is nowhere": (but_last, right(but_last, labels)),
        "ties everywhere": (every, [[1] * labels] * len(every)),
        "certain and right": (every, (10 * np.eye(labels, dtype=int)[every]).tolist()),
        "certain and wrong": (every, (10 * np.eye(labels, dtype=int)[every[1:] + every[:1]]).tolist()),
        "two scores alone": (every, [[2 - index % 2, index % 2] + [1] * (labels - 2) for index in range(len(every))]),
    }
    return [case(f"{labels} labels, {name}", *given) for name, given in pattern.items()]


def softmaxes() -> list[dict]:
    """Quarters are exact in f32 and short in JSON."""
    generator = np.random.default_rng(5)
    rows = [generator.integers(-scale, scale, size) / 4 for size in range(1, 8) for scale in (2, 40, 400, 4000)]
    return [{"logits": row.tolist(), "probabilities": softmax(row).tolist()} for row in rows]


def lines(entries: list[dict]) -> str:
    """One line an entry keeps the file short and its history readable."""
    return "[\n" + ",\n".join(json.dumps(entry, allow_nan=False, separators=(",", ":")) for entry in entries) + "\n]"


cases = [random_case(index) for index in range(RANDOM_CASES)]
cases += [one for labels in (2, 3, 5) for one in degenerate(labels)]
text = f'{{"cases": {lines(cases)},\n"softmax": {lines(softmaxes())}}}\n'
output("crates/metrics/tests/fixtures/expected.json").write_text(text)
