"""What scikit-learn computes for the pictures of a report: ROC and precision-recall curves, reliability, temperature.

    python tests/reference/curves.py [ROOT]

Writes crates/metrics/tests/fixtures/curves.json, one case a line: the true labels, the probabilities (whole numbers
`counts` to be divided by `of`, so that both sides start from the same f64), for each label the curves of that label
against the rest, the bins of `calibration_curve` (of being right against the confidence) with the expected calibration
error of Guo et al. (2017) from them, and the inverse temperature of `_TemperatureScaling`. A curve or a temperature that
is not defined is null.
"""

import json
import warnings

import numpy as np
from common import output, pin
from scipy.special import softmax
from sklearn.calibration import _TemperatureScaling, calibration_curve
from sklearn.metrics import average_precision_score, log_loss, precision_recall_curve, roc_auc_score, roc_curve

pin("numpy", "scikit-learn")

# What is not defined is asked for on purpose.
warnings.filterwarnings("ignore")

BINS = 15


def roc(positive: np.ndarray, scores: np.ndarray) -> dict | None:
    if positive.all() or not positive.any():
        return None
    false_rates, true_rates, thresholds = roc_curve(positive, scores, drop_intermediate=False)
    return {
        "thresholds": thresholds[1:].tolist(),
        "false": false_rates.tolist(),
        "true": true_rates.tolist(),
        "area": roc_auc_score(positive, scores),
    }


def precision_recall(positive: np.ndarray, scores: np.ndarray) -> dict | None:
    if not positive.any():
        return None
    # Lowest threshold first; ours is the other way round. That of the agreed point (1, 0) is missing there.
    precisions, recalls, _ = precision_recall_curve(positive, scores)
    return {
        "precision": precisions[::-1].tolist(),
        "recall": recalls[::-1].tolist(),
        "average": average_precision_score(positive, scores),
    }


def calibration(right: np.ndarray, confidence: np.ndarray) -> dict:
    accuracy, mean = calibration_curve(right, confidence, n_bins=BINS)
    # calibration_curve leaves out the empty bins and the counts: its own rule, applied again.
    bins = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence)
    counts = np.bincount(bins, minlength=BINS)
    error = np.abs(accuracy - mean) @ counts[counts > 0] / len(right)
    return {"counts": counts.tolist(), "accuracy": accuracy.tolist(), "confidence": mean.tolist(), "error": error}


def scaling(targets: np.ndarray, probabilities: np.ndarray) -> dict | None:
    logits = np.log(np.maximum(probabilities, np.finfo(float).tiny))

    def loss(beta: float) -> float:
        return log_loss(targets, softmax(beta * logits, axis=1), labels=range(probabilities.shape[1]))

    beta = float(_TemperatureScaling().fit(logits, targets).beta_)
    # Where an end of the range that it looks at is as good, there is no minimum.
    if loss(beta) > min(loss(np.exp(-10)), loss(np.exp(10))) - 1e-9:
        return None
    return {"beta": beta, "loss": loss(beta)}


def case(name: str, targets: np.ndarray, counts: np.ndarray, of: int) -> dict:
    probabilities = counts / of
    labels = range(counts.shape[1])
    predicted = probabilities.argmax(axis=1)
    return {
        "name": name,
        "targets": targets.tolist(),
        "of": of,
        "counts": counts.tolist(),
        "roc": [roc(targets == label, probabilities[:, label]) for label in labels],
        "precision_recall": [precision_recall(targets == label, probabilities[:, label]) for label in labels],
        "calibration": calibration(predicted == targets, probabilities.max(axis=1)),
        "temperature": scaling(targets, probabilities),
    }


def random_case(generator: np.random.Generator, index: int) -> dict:
    """A model that is right more often than not, and surer of it than it should be, or less."""
    labels = 2 if index % 3 else int(generator.integers(3, 5))
    examples = int(generator.integers(2, 60))
    of = int(generator.choice([6, 15, 30, 997]))
    targets = generator.integers(0, labels, examples)
    logits = generator.normal(size=(examples, labels)) * generator.choice([0.3, 1.5, 4.0])
    logits[np.arange(examples), targets] += generator.uniform(-0.5, 3)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # Each label has at least one: beside a probability of 0 no other has a say in the temperature.
    counts = 1 + np.floor(shares * (of - labels)).astype(int)
    counts[:, 0] += of - counts.sum(axis=1)
    return case(f"random {index}", targets, counts, of)


def odd_cases() -> list[dict]:
    half = np.array([0, 1, 0, 1, 1, 0])
    sure = np.array([[9, 1], [1, 9], [8, 2], [2, 8], [3, 7], [6, 4]])
    on_edges = np.array([[k, 15 - k] for k in range(16)])
    return [
        case("separated", half, sure, 10),
        case("reversed", half, sure[:, ::-1], 10),
        case("one score for all", half, np.full((6, 2), 5), 10),
        case("one positive", np.array([0, 0, 1, 0]), np.array([[3, 7], [6, 4], [5, 5], [9, 1]]), 10),
        case("one label alone", np.array([1, 1, 1]), np.array([[3, 7], [6, 4], [5, 5]]), 10),
        case("a single example", np.array([1]), np.array([[3, 7]]), 10),
        case("on the edges of the bins", np.arange(16) % 2, on_edges, 15),
        case("certain and wrong", np.array([0, 0, 0, 1]), np.array([[1, 0]] * 4), 1),
    ]


generator = np.random.default_rng(4)
cases = [random_case(generator, index) for index in range(32)] + odd_cases()
lines = ",\n".join(json.dumps(case) for case in cases)
output("crates/metrics/tests/fixtures/curves.json").write_text(f"[\n{lines}\n]\n")
