"""What scikit-learn computes from probabilities of several labels on one example.

    python tests/reference/multi_label.py [ROOT]

Writes crates/metrics/tests/fixtures/multi_label.json, one case a line: the true labels, the probabilities (whole numbers
`counts` to be divided by 64, so that both sides start from the same f64 and halves of sums are exact), the thresholds,
and the figures of a report. A ROC AUC that is not defined is null. `fitted` has the thresholds that are best by
scikit-learn's F1 among those midway between neighbouring probabilities: nearest to 0.5, then the lower one; 0.5 for
a label without positives.
"""

import json
import warnings

import numpy as np
from common import output, pin
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    jaccard_score,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

pin("scikit-learn", "numpy")

# Undefined figures are asked for on purpose.
warnings.filterwarnings("ignore")

OF = 64
RANDOM_CASES = 160


def area(truth: np.ndarray, probabilities: np.ndarray) -> float | None:
    return None if truth.all() or not truth.any() else roc_auc_score(truth, probabilities)


def best_threshold(truth: np.ndarray, probabilities: np.ndarray) -> float:
    if not truth.any():
        return 0.5
    levels = np.unique(np.append(probabilities, 0))
    if 0 in probabilities:
        candidates = [0.0]
    else:
        candidates = []
    candidates += ((levels[1:] + levels[:-1]) / 2).tolist()
    quality = [f1_score(truth, probabilities >= candidate) for candidate in candidates]
    best = [candidate for candidate, f1 in zip(candidates, quality) if np.isclose(f1, max(quality), rtol=0, atol=1e-12)]
    return min(best, key=lambda candidate: (abs(candidate - 0.5), candidate))


def case(name: str, truth: np.ndarray, counts: np.ndarray, thresholds: list[float]) -> dict:
    probabilities = counts / OF
    predicted = probabilities >= np.array(thresholds)
    labels = range(truth.shape[1])

    def f1(average: str) -> float:
        return float(f1_score(truth, predicted, average=average, zero_division=0))

    by_label = precision_recall_fscore_support(truth, predicted, average=None, zero_division=0)
    areas = [area(truth[:, label], probabilities[:, label]) for label in labels]
    defined = [one for one in areas if one is not None]
    return {
        "name": name,
        "truth": truth.astype(int).tolist(),
        "counts": counts.tolist(),
        "thresholds": thresholds,
        "expected": {
            "loss": float(np.mean([log_loss(truth[:, label], probabilities[:, label], labels=[0, 1]) for label in labels])),
            "micro_f1": f1("micro"),
            "macro_f1": f1("macro"),
            "weighted_f1": f1("weighted"),
            "samples_f1": f1("samples"),
            "jaccard": float(jaccard_score(truth, predicted, average="samples", zero_division=0)),
            "subset_accuracy": float(accuracy_score(truth, predicted)),
            "roc_auc": float(np.mean(defined)) if defined else None,
            "empty_examples": int((~(truth | predicted).any(axis=1)).sum()),
            "per_label": [
                {
                    "precision": precision,
                    "recall": recall,
                    "f1": f1_of_label,
                    "support": int(support),
                    "predicted": int(predicted[:, label].sum()),
                    "roc_auc": areas[label],
                }
                for label, (precision, recall, f1_of_label, support) in enumerate(zip(*by_label))
            ],
            "co_occurrence": (truth.astype(int).T @ truth.astype(int)).tolist(),
        },
        "fitted": [best_threshold(truth[:, label], probabilities[:, label]) for label in labels],
    }


def random_case(index: int) -> dict:
    generator = np.random.default_rng([2030, index])
    labels = 2 + index % 5
    examples = [1, 40][index] if index < 2 else round(np.exp(generator.uniform(0, np.log(40))))
    # From never to almost always.
    truth = generator.random((examples, labels)) < generator.choice([0, 0.1, 0.3, 0.5, 0.9], labels)
    kind = ["leaning", "ties", "sure", "against"][index // 5 % 4]
    counts = {
        "leaning": lambda: generator.integers(0, OF // 2, truth.shape) + truth * generator.integers(0, OF // 2, truth.shape),
        "ties": lambda: generator.choice([16, 32, 48], truth.shape),
        "sure": lambda: np.where(generator.random(truth.shape) < 0.9, truth, ~truth) * OF,
        "against": lambda: generator.integers(1, OF, truth.shape) // (1 + truth),
    }[kind]()
    thresholds = [0.5] * labels if index % 2 == 0 else (generator.integers(0, OF + 1, labels) / OF).tolist()
    return case(f"{index}: {labels} labels, {examples} examples, {kind}", truth, counts, thresholds)


def degenerate() -> list[dict]:
    truth = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    half = [0.5] * 3
    return [
        case("all right", truth, truth * OF, half),
        case("all wrong", truth, ~truth * OF, half),
        case("nothing is true or predicted", truth & False, truth * 10, half),
        case("nothing is true", truth & False, truth * OF, half),
        case("nothing is predicted", truth, truth * 10, half),
        case("everything is true and predicted", truth | True, truth * 10 + 40, half),
        case("all probabilities are equal", truth, truth * 0 + 32, half),
        case("one example", truth[:1], truth[:1] * 40, half),
    ]


def lines(entries: list[dict]) -> str:
    """One line an entry keeps the file short and its history readable."""
    return "[\n" + ",\n".join(json.dumps(entry, allow_nan=False, separators=(",", ":")) for entry in entries) + "\n]"


cases = [random_case(index) for index in range(RANDOM_CASES)] + degenerate()
output("crates/metrics/tests/fixtures/multi_label.json").write_text(f'{{"cases": {lines(cases)}}}\n')
