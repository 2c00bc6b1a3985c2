"""What SciPy, scikit-learn and NumPy compute from true and predicted numbers.

    python tests/reference/regression.py [ROOT]

Writes crates/metrics/tests/fixtures/regression.json, one case a line: the true and the predicted numbers and the figures
of a report. A figure that is not defined is null: correlations where one side is constant, R² where the true numbers
are (`force_finite=False`), both of fewer than two examples.
"""

import json
import warnings

import numpy as np
from common import output, pin
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

pin("scipy", "scikit-learn", "numpy")

# Undefined figures are asked for on purpose.
warnings.filterwarnings("ignore")

RANDOM_CASES = 120


def defined(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def case(name: str, truth, predicted) -> dict:
    truth, predicted = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    count = len(truth)
    return {
        "name": name,
        "truth": truth.tolist(),
        "predicted": predicted.tolist(),
        "expected": {
            "examples": count,
            "pearson": defined(pearsonr(truth, predicted).statistic) if count > 1 else None,
            "spearman": defined(spearmanr(truth, predicted).statistic) if count > 1 else None,
            "mse": mean_squared_error(truth, predicted) if count else None,
            "mae": mean_absolute_error(truth, predicted) if count else None,
            "r2": defined(r2_score(truth, predicted, force_finite=False)) if count > 1 else None,
            "truth_mean": float(truth.mean()) if count else None,
            "truth_standard_deviation": float(truth.std(ddof=1)) if count > 1 else None,
            "predicted_mean": float(predicted.mean()) if count else None,
            "predicted_standard_deviation": float(predicted.std(ddof=1)) if count > 1 else None,
        },
    }


def random_case(index: int) -> dict:
    generator = np.random.default_rng([2031, index])
    count = [2, 60][index] if index < 2 else round(np.exp(generator.uniform(np.log(2), np.log(60))))
    kind = ["close", "loose", "unrelated", "reversed"][index % 4]
    scale, offset = [(1, 0), (5, 0), (1, 1e9), (1e-9, 0), (1e6, -3)][index // 4 % 5]
    truth = generator.normal(size=count)
    noise = generator.normal(size=count)
    predicted = {
        "close": truth + 0.1 * noise,
        "loose": 0.5 * truth + noise,
        "unrelated": noise,
        "reversed": -truth + 0.3 * noise,
    }[kind]
    ties = index // 20 % 2 == 1
    # Steps of 2^-2 and 2^-8 are exact beside 1e9.
    step = 4 if ties else 256
    truth, predicted = (np.round(side * step) / step * scale + offset for side in (truth, predicted))
    if count > 2 and len(set(truth)) > 1 and len(set(predicted)) > 1:
        name = f"{index}: {count} examples, {kind}, times {scale:g} plus {offset:g}{', ties' if ties else ''}"
        return case(name, truth, predicted)
    # Two examples are often equal after rounding: the order alone.
    return case(f"{index}: two examples", [offset, offset + scale], [offset + scale * (index % 3), offset + scale])


def degenerate() -> list[dict]:
    some, other = [1.5, 0.25, 4.0, 2.0], [1.0, 0.5, 3.0, 3.0]
    return [
        case("no examples", [], []),
        case("one example", [1.5], [2.0]),
        case("one example, right", [1.5], [1.5]),
        case("two equal examples", [1.5, 1.5], [2.0, 2.0]),
        case("constant truth", [0.1] * 4, other),
        case("constant truth, right", [0.1] * 4, [0.1] * 4),
        case("constant prediction", some, [0.1] * 4),
        case("constant prediction at a large offset", np.add(some, 1e9), [1e9 + 0.1] * 4),
        case("right", some, some),
        case("reversed", some, np.negative(some)),
        case("two values", [0, 1, 0, 1, 1], [0, 0, 1, 1, 1]),
        case("zeros of both signs", [0.0, -0.0, 1.0, 2.0], [1.0, -0.0, 0.0, 3.0]),
        case("one far away", [0, 0, 0, 0, 1e6], [0.1, 0.2, 0.1, 0, 5]),
    ]


def lines(entries: list[dict]) -> str:
    """One line an entry keeps the file short and its history readable."""
    return "[\n" + ",\n".join(json.dumps(entry, allow_nan=False, separators=(",", ":")) for entry in entries) + "\n]"


cases = [random_case(index) for index in range(RANDOM_CASES)] + degenerate()
output("crates/metrics/tests/fixtures/regression.json").write_text(f'{{"cases": {lines(cases)}}}\n')
