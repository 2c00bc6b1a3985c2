"""What scikit-learn computes from predictions like those that a classifier makes, and from the odd ones.

    python tests/reference/metrics.py [FILE]     (default: crates/metrics/tests/fixtures/expected.json)

Each case has the true labels, the probabilities (short decimals, so that reading them rounds nothing) and every figure of
a report, in the form in which a report serialises. All labels of the model are passed as `labels`, whether they occur or
not. A ROC AUC that scikit-learn does not define is null.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    matthews_corrcoef,
    precision_recall_fscore_support,
    roc_auc_score,
)

PINNED = "1.9"
assert sklearn.__version__.startswith(PINNED), f"these numbers are {PINNED}'s, this is {sklearn.__version__}"

DEFAULT = Path(__file__).parents[2] / "crates/metrics/tests/fixtures/expected.json"
FILE = Path(sys.argv[1] if len(sys.argv) > 1 else DEFAULT)

# Undefined figures are asked for on purpose.
warnings.filterwarnings("ignore")


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


def area(targets: np.ndarray, probabilities: np.ndarray, positive: int) -> float | None:
    count = probabilities.shape[1]
    if count == 2:
        value = roc_auc_score(targets == positive, probabilities[:, positive])
    else:
        value = roc_auc_score(targets, probabilities, multi_class="ovr", average="macro", labels=range(count))
    return None if np.isnan(value) else value


def case(name: str, average: str, targets, probabilities, positive: int = 1) -> dict:
    targets, probabilities = np.asarray(targets), np.asarray(probabilities)
    labels = list(range(probabilities.shape[1]))
    predicted = probabilities.argmax(axis=1)
    options = {"labels": labels, "zero_division": 0}
    asked = {"pos_label": positive, "zero_division": 0} if average == "binary" else options
    by_label = precision_recall_fscore_support(targets, predicted, average=None, **options)
    return {
        "name": name,
        "average": average,
        "positive": positive,
        "targets": targets.tolist(),
        "probabilities": probabilities.tolist(),
        "expected": {
            "examples": len(targets),
            "loss": log_loss(targets, probabilities, labels=labels),
            "accuracy": accuracy_score(targets, predicted),
            **scores(targets, predicted, average=average, **asked),
            "mcc": matthews_corrcoef(targets, predicted),
            "roc_auc": area(targets, probabilities, positive),
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
    }


def sample(seed: int, examples: int, weights: list[float], sure: float = 2.0):
    """Labels as frequent as `weights` say, and probabilities that lean towards the label; thousandths, none 0."""
    generator = np.random.default_rng(seed)
    count = len(weights)
    targets = generator.choice(count, examples, p=weights)
    leaning = [generator.dirichlet(np.ones(count) + sure * np.eye(count)[target]) for target in targets]
    counts = np.array([1 + generator.multinomial(1000 - count, p) for p in leaning])
    return targets, counts / 1000


def with_ties(seed: int, examples: int):
    """Two labels and probabilities in tenths: many scores are the same, and 0.5 against 0.5 occurs."""
    generator = np.random.default_rng(seed)
    tenths = generator.integers(1, 10, examples)
    targets = (generator.random(examples) < tenths / 10).astype(int)
    assert (tenths == 5).sum() > 3
    return targets, np.stack([10 - tenths, tenths], axis=1) / 10


def without(label: int, targets, probabilities):
    """The label occurs neither in the targets nor in the predictions."""
    keep = (targets != label) & (probabilities.argmax(axis=1) != label)
    return targets[keep], probabilities[keep]


ALWAYS_0_OF_3 = [[0.6, 0.25, 0.15], [0.5, 0.1, 0.4], [0.7, 0.2, 0.1], [0.4, 0.3, 0.3], [0.8, 0.05, 0.15]]
three = sample(3, 80, [0.5, 0.3, 0.2])
absent_in_targets = three[0] != 2
cases = [
    case("binary", "binary", *sample(1, 70, [0.7, 0.3])),
    case("binary, ties", "binary", *with_ties(2, 60)),
    case("binary, ties, label 0 is the positive one", "binary", *with_ties(2, 60), positive=0),
    case("two labels, macro average", "macro", *sample(1, 70, [0.7, 0.3])),
    case("two labels, all predicted 0", "binary", [0, 1, 0, 1], [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]]),
    case("two labels, all predicted 0 by ties", "weighted", [1, 1, 0], [[0.5, 0.5]] * 3),
    case("two labels, all are 0", "binary", [0, 0, 0], [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]]),
    case("two labels, all are 0 and predicted 0", "macro", [0, 0], [[0.9, 0.1], [0.8, 0.2]]),
    case("two labels, all wrong", "binary", [1, 0, 1], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]),
    case("one example", "micro", [2], [[0.2, 0.3, 0.5]]),
    case("three labels, macro average", "macro", *three),
    case("three labels, micro average", "micro", *three),
    case("three labels, label 2 is predicted and does not occur", "macro", *(part[absent_in_targets] for part in three)),
    case("three labels, label 1 is nowhere", "weighted", *without(1, *three)),
    case("three labels, all predicted 0", "macro", [0, 1, 2, 0, 1], ALWAYS_0_OF_3),
    case("five labels, weighted average", "weighted", *sample(5, 120, [0.4, 0.25, 0.2, 0.1, 0.05])),
    case("five labels, worse than chance", "macro", *sample(6, 90, [0.2] * 5, sure=-0.7)),
]

FILE.parent.mkdir(parents=True, exist_ok=True)
# One line a case keeps the file short and its history readable.
lines = ",\n".join(json.dumps(one, allow_nan=False) for one in cases)
FILE.write_text(f"[\n{lines}\n]\n")
print(f"{len(cases)} cases in {FILE}")
