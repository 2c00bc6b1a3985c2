"""What seqeval finds in tags: entities in its default and its strict mode, and the metrics of taggers.

    python tests/reference/tagging.py [ROOT]

Writes crates/metrics/tests/fixtures/tagging.json. `sequences` has 500 random sequences of tags (joined with spaces), well
formed ones and broken ones, over all schemes, with the entities `[type, start, end]` of `get_entities`, and for each
scheme that has all of the tags, those of `Entities`; `odd` has sequences with texts that are no tags. `reports` has
truths and predictions (numbers of `labels`) with seqeval's metrics. The end is one after the last word, as ours; seqeval's
default mode has the last word's. It knows no L and U, so it is given E and S for them.
"""

import json
import warnings

import numpy as np
from common import output, pin
from seqeval.metrics import accuracy_score, classification_report, f1_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, Entities

pin("seqeval", "numpy")

# Undefined figures and texts that are no tags are asked for on purpose.
warnings.filterwarnings("ignore")

SCHEMES = {"iob1": IOB1, "iob2": IOB2, "iobes": IOBES, "bilou": BILOU}
PREFIXES = {"iob1": "BI", "iob2": "BI", "iobes": "BIES", "bilou": "BILU"}
RANDOM_SEQUENCES = 500
ODD = ["X-A", "A", "NOUN", "B-", "BA", "O-A", ".", ".-A", "b-A", "Ü-A", "-A", "B--A", "I-A-B", "_"]


def renamed(tag: str) -> str:
    return {"L": "E", "U": "S"}.get(tag[0], tag[0]) + tag[1:]


def default_entities(tags: list[str]) -> list[list]:
    return [[kind, start, end + 1] for kind, start, end in get_entities([renamed(tag) for tag in tags])]


def strict_entities(tags: list[str]) -> dict[str, list[list]]:
    found = {}
    for name, scheme in SCHEMES.items():
        if all(tag[0] in "O" + PREFIXES[name] for tag in tags):
            entities = Entities([tags], scheme).entities[0]
            found[name] = [[entity.tag, entity.start, entity.end] for entity in entities]
    return found


def well_formed(generator: np.random.Generator, scheme: str, suffixes: list[str], length: int) -> list[str]:
    """Tags that keep to the scheme; entities of one type often stand side by side."""
    tags: list[str] = []
    before = None
    while len(tags) < length:
        if generator.random() < 0.4:
            tags.append("O")
            before = None
            continue
        size = min(int(generator.integers(1, 4)), length - len(tags))
        suffix = str(generator.choice(suffixes))
        prefixes = ["B"] + ["I"] * (size - 1)
        if scheme == "iob1" and before != suffix:
            prefixes[0] = "I"
        if scheme in ("iobes", "bilou"):
            single, last = ("S", "E") if scheme == "iobes" else ("U", "L")
            prefixes[-1] = single if size == 1 else last
        tags += [prefix + suffix for prefix in prefixes]
        before = suffix
    return tags


def broken(generator: np.random.Generator, tags: list[str], labels: list[str], rate: float) -> list[str]:
    return [str(generator.choice(labels)) if generator.random() < rate else tag for tag in tags]


def labels_of(scheme: str, suffixes: list[str]) -> list[str]:
    return ["O"] + [prefix + suffix for suffix in suffixes for prefix in PREFIXES[scheme]]


def random_sequence(index: int) -> dict:
    generator = np.random.default_rng([2027, index])
    scheme = list(PREFIXES)[index % 4]
    # Hyphens within, before and after a type are the traps; a prefix alone is a type, too.
    suffixes = [["-A", "-B"], ["-A"], [""], ["-A-B", "-A"], ["-PER", "-LOC", "-ORG"], ["", "-A"], ["-A-", "-A"], ["--A", "-A"]][
        index // 4 % 8
    ]
    length = [1, 2][index] if index < 2 else int(generator.integers(1, 15))
    tags = well_formed(generator, scheme, suffixes, length)
    tags = broken(generator, tags, labels_of(scheme, suffixes), [0, 0.2, 0.5, 1][index // 32 % 4])
    return {"tags": " ".join(tags), "default": default_entities(tags), "strict": strict_entities(tags)}


def odd_sequence(index: int) -> dict:
    generator = np.random.default_rng([2028, index])
    texts = ODD + ["O", "B-A", "I-A", "E-A", "S-A", "I"]
    tags = [str(generator.choice(texts)) for _ in range(int(generator.integers(1, 9)))]
    return {"tags": " ".join(tags), "default": default_entities(tags)}


def scores(figures: dict) -> dict:
    return {"precision": float(figures["precision"]), "recall": float(figures["recall"]), "f1": float(figures["f1-score"])}


def report(name: str, scheme: str, labels: list[str], truth: list[list[str]], predicted: list[list[str]]) -> dict:
    as_read = [[[renamed(tag) for tag in tags] for tags in side] for side in (truth, predicted)]
    has_entities = any(default_entities(tags) for tags in truth + predicted)
    # seqeval fails where there is no entity at all.
    found = classification_report(*as_read, output_dict=True, zero_division=0) if has_entities else {}
    averages = {average: scores(found.pop(f"{average} avg")) for average in ("micro", "macro", "weighted") if found}
    return {
        "name": name,
        "scheme": scheme,
        "labels": labels,
        "truth": [[labels.index(tag) for tag in tags] for tags in truth],
        "predicted": [[labels.index(tag) for tag in tags] for tags in predicted],
        "averages": averages or None,
        "types": {kind: scores(figures) | {"support": int(figures["support"])} for kind, figures in found.items()},
        "accuracy": accuracy_score(truth, predicted),
        "f1_strict": float(f1_score(truth, predicted, mode="strict", scheme=SCHEMES[scheme], zero_division=0)),
    }


def random_report(index: int) -> dict:
    generator = np.random.default_rng([2029, index])
    scheme = list(PREFIXES)[index % 4]
    suffixes = [["-A", "-B", "-C"], ["-PER", "-LOC", "-ORG", "-MISC"], ["-X"], [""]][index // 4 % 4]
    labels = labels_of(scheme, suffixes)
    rate = [0.05, 0.2, 0.5, 1][index // 16 % 4]
    lengths = generator.integers(1, 13, size=int(generator.integers(1, 13)))
    truth = [well_formed(generator, scheme, suffixes, int(length)) for length in lengths]
    if index % 3 == 2:
        truth = [broken(generator, tags, labels, 0.1) for tags in truth]
    predicted = [broken(generator, tags, labels, rate) for tags in truth]
    generator.shuffle(labels)
    return report(f"{index}: {scheme}, {len(suffixes)} types, {rate}", scheme, labels, truth, predicted)


def degenerate() -> list[dict]:
    labels = labels_of("iob2", ["-A", "-B"])
    entities, nothing = [["B-A", "I-A", "O"], ["B-A"]], [["O", "O", "O"], ["O"]]
    others = [["B-B", "I-B", "O"], ["B-B"]]
    return [
        report(name, "iob2", labels, truth, predicted)
        for name, truth, predicted in [
            ("no entities", nothing, nothing),
            ("none is predicted", entities, nothing),
            ("none is true", nothing, entities),
            ("all are right", entities, entities),
            ("all have another type", entities, others),
        ]
    ]


def lines(entries: list[dict]) -> str:
    """One line an entry keeps the file short and its history readable."""
    return "[\n" + ",\n".join(json.dumps(entry, allow_nan=False, separators=(",", ":")) for entry in entries) + "\n]"


sequences = lines([random_sequence(index) for index in range(RANDOM_SEQUENCES)])
odd = lines([odd_sequence(index) for index in range(60)])
reports = lines([random_report(index) for index in range(128)] + degenerate())
text = f'{{"sequences": {sequences},\n"odd": {odd},\n"reports": {reports}}}\n'
output("crates/metrics/tests/fixtures/tagging.json").write_text(text)
