"""How well another implementation of iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011) keeps labels' shares.

    python tests/reference/stratification.py [ROOT]

Writes crates/data/tests/fixtures/stratification.json: label sets with the number of examples that have them, and the measures
of that paper, each the mean over 20 shuffles and seeds: `labels` (LD: how far the odds of a label in a part are from its odds
in the whole; the mean over parts and labels), `rarer_labels` (LD without the most frequent label) and `examples` (ED: how many examples a part has too many or too few; the mean
over parts), of iterative-stratification and of random parts of the right sizes. No example and no text is used: the counts are
those of the development set of GoEmotions, where an example has 1 to 4 of 28 labels.
"""

import json

import numpy as np
from common import output, pin
from iterstrat.ml_stratifiers import IterativeStratification

pin("numpy", "iterative-stratification")

SHARES = np.array([0.8, 0.1, 0.1])
SEEDS = 20
LABEL_SETS = """
27:1592 0:326 15:261 4:258 10:212 1:208 18:173 3:164 7:164 20:119 2:109 17:106 6:102 5:96 26:95 9:91 25:84 22:74 11:61
14:58 8:52 13:52 2,3:46 24:40 0,15:30 4,27:26 0,4:24 3,10:21 7,27:20 12:20 3,27:19 0,18:17 10,27:15 6,7:14 1,27:12
3,9:12 9,25:12 0,17:11 1,17:11 5,27:11 0,27:10 6,27:10 0,20:9 4,20:9 13,17:9 15,18:9 15,20:9 21:9 4,5:8 19:8 23:8 0,7:7
1,10:7 1,15:7 9,27:7 22,27:7 24,25:7 1,4:6 1,18:6 4,7:6 9,10:6 14,19:6 16:6 20,27:6 0,1:5 1,7:5 1,20:5 2,11:5 2,27:5
3,11:5 4,15:5 4,17:5 4,22:5 4,23:5 8,20:5 10,11:5 18,20:5 20,25:5 1,6:4 1,13:4 1,22:4 2,9:4 3,7:4 4,13:4 5,20:4 5,24:4
6,26:4 7,13:4 9,22:4 10,20:4 14,27:4 15,17:4 15,26:4 0,8:3 0,9:3 0,22:3 0,25:3 0,26:3 1,3:3 2,15:3 2,18:3 3,25:3 4,8:3
4,21:3 5,6:3 5,10:3 5,18:3 5,25:3 9,12:3 9,26:3 10,18:3 13,18:3 13,27:3 17,18:3 17,20:3 17,27:3 0,3:2 0,4,17:2 0,4,18:2
0,5:2 0,10:2 0,13:2 0,14:2 1,2:2 1,9:2 1,11:2 2,3,27:2 2,4:2 2,10:2 2,26:2 3,4:2 3,6:2 3,14:2 3,15:2 3,22:2 4,6,7:2
4,14:2 5,19:2 6,22:2 7,15:2 7,18:2 7,24:2 7,26:2 8,15:2 10,26:2 11,12:2 11,14:2 11,18:2 11,20:2 12,22:2 12,27:2 13,20:2
13,25:2 13,26:2 14,25:2 15,22:2 15,24:2 17,23:2 17,25:2 18,22:2 20,22:2 22,24:2 22,25:2 0,1,9:1 0,2,18:1 0,4,9:1
0,4,20:1 0,4,27:1 0,5,20:1 0,6:1 0,8,20:1 0,9,10:1 0,9,15:1 0,11:1 0,11,14:1 0,13,15,26:1 0,13,18,20:1 0,13,20:1
0,16,25:1 0,17,18:1 0,17,22:1 0,18,26:1 0,20,24:1 1,3,18:1 1,3,25:1 1,4,13,17:1 1,5:1 1,5,18:1 1,6,7,24:1 1,10,15:1
1,15,18:1 1,26:1 2,3,10:1 2,6,22:1 2,7:1 2,8:1 2,8,18:1 2,9,22:1 2,20:1 2,22:1 2,25:1 3,5,22:1 3,6,7:1 3,6,18:1
3,9,14:1 3,9,16:1 3,9,25:1 3,12:1 3,18:1 3,26:1 4,5,7:1 4,8,20:1 4,9:1 4,9,20:1 4,10,27:1 4,12:1 4,14,18:1 4,15,17:1
4,17,22,23:1 4,17,27:1 4,18:1 4,24:1 4,25:1 4,26:1 5,8:1 5,8,20,25:1 5,9:1 5,9,24:1 5,11:1 5,14:1 5,15:1 5,20,24:1
5,24,25:1 6,7,27:1 6,9:1 6,14,26:1 6,20:1 7,8:1 7,10:1 7,11:1 7,11,25:1 7,17:1 7,19:1 7,20:1 7,22:1 7,25:1 8,16:1
8,18:1 8,18,25:1 8,22:1 8,25:1 9,11,14:1 9,14:1 9,18:1 10,15:1 10,22:1 10,23:1 10,24:1 10,25:1 11,14,20:1 11,24:1
11,25:1 11,26:1 11,27:1 12,15:1 12,24:1 12,25,27:1 12,26:1 13,15:1 13,15,26:1 13,17,18,20:1 13,17,21:1 13,20,27:1
14,18:1 14,20:1 14,22:1 14,26:1 15,19:1 15,20,22:1 15,21:1 15,22,26:1 15,23:1 15,27:1 16,18:1 16,24,25:1 16,25:1
16,27:1 17,22:1 17,24:1 18,27:1 19,20:1 19,25:1 19,27:1 20,21:1 22,26:1 25,27:1
"""


def matrix(label_sets: list[tuple[list[int], int]]) -> np.ndarray:
    """A row an example, a column a label."""
    rows = np.zeros((sum(count for _, count in label_sets), 1 + max(max(labels) for labels, _ in label_sets)), dtype=bool)
    start = 0
    for labels, count in label_sets:
        rows[start : start + count, labels] = True
        start += count
    return rows


def measures(rows: np.ndarray, parts: np.ndarray) -> tuple[float, float, float]:
    """LD, LD without the most frequent label, and ED."""
    whole = rows.sum(axis=0)
    odds = whole / (len(rows) - whole)
    label_distances, size_distances = [], []
    for part, share in enumerate(SHARES):
        inside = rows[parts == part]
        found = inside.sum(axis=0)
        label_distances.append(np.abs(found / (len(inside) - found) - odds))
        size_distances.append(abs(len(inside) - share * len(rows)))
    by_label = np.mean(label_distances, axis=0)
    return float(by_label.mean()), float(np.delete(by_label, whole.argmax()).mean()), float(np.mean(size_distances))


def random_parts(count: int, random: np.random.Generator) -> np.ndarray:
    sizes = [round(count * share) for share in SHARES[1:]]
    return random.permutation(np.repeat([0, 1, 2], [count - sum(sizes), *sizes]))


label_sets = []
for entry in LABEL_SETS.split():
    labels, count = entry.split(":")
    label_sets.append(([int(label) for label in labels.split(",")], int(count)))

rows = matrix(label_sets)
found = {"iterative": [], "random": []}
for seed in range(SEEDS):
    random = np.random.default_rng(seed)
    shuffled = random.permutation(rows)
    parts = IterativeStratification(shuffled, SHARES, np.random.RandomState(seed))
    found["iterative"].append(measures(shuffled, parts))
    found["random"].append(measures(shuffled, random_parts(len(rows), random)))

means = {name: dict(zip(["labels", "rarer_labels", "examples"], np.mean(values, axis=0).tolist())) for name, values in found.items()}
fixture = {"shares": SHARES.tolist(), "expected": means, "label_sets": label_sets}
output("crates/data/tests/fixtures/stratification.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
