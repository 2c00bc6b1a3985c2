"""What the rules of SQuAD's scripts make of answers.

    EMBERT_TRANSFORMERS_5_2=FOLDER python tests/reference/answers.py [ROOT]

FOLDER has transformers 5.2 and t5, which follow the official scripts of version 2.0 and of version 1.1:

    pip install --target FOLDER -r tests/reference/requirements-5.2.txt
    pip install --target FOLDER --no-deps t5==0.9.4

Without it, no fixture is made. Writes crates/metrics/tests/fixtures/answers.json:

characters  of all characters that this Python's Unicode has: `words` are the ranges of those that make a word of an article
            beside them (`a?` is one word), `spaces` those that part two words (`x?x`), `lower` those that have another lower
            case, with it, and `sigma` those that change the lower case of a sigma after or before them
questions   500 with true answers, a predicted one, and its normalized form, exact match and F1 by each version
sets        numbers of questions with null odds, in the order of `na_probs`, and what both scripts say of the whole set;
            `threshold` is --na-prob-thresh, null where none is applied

All scores are 0 to 1.
"""

import importlib.util
import json
import os
import random
import sys
import unicodedata
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

from common import output

folder = os.environ.get("EMBERT_TRANSFORMERS_5_2")
if not folder:
    print("EMBERT_TRANSFORMERS_5_2 names no folder: no fixture is made")
    sys.exit()
sys.path.insert(0, folder)
assert version("transformers").startswith("5.2."), version("transformers")
assert version("t5") == "0.9.4", version("t5")
assert unicodedata.unidata_version == "14.0.0", f"the characters are those of Python 3.11, this is {sys.version}"

from transformers.data.metrics import squad_metrics  # noqa: E402

# t5 itself would load TensorFlow.
place = Path(importlib.util.find_spec("t5").origin).parent / "evaluation/qa_utils.py"
spec = importlib.util.spec_from_file_location("qa_utils", place)
qa_utils = importlib.util.module_from_spec(spec)
spec.loader.exec_module(qa_utils)

normalize = squad_metrics.normalize_answer
random.seed(2018)

QUESTIONS, SETS = 500, 80

WORDS = """a an the A An THE tHe another theta athens bath cat Cat cats Lagos Okafor flew 42 1,000 3.14 $5 50% c++ U.S. it's
its x-ray x y no yes the-end _the_ a_ an. (the) "A" don't théâtre naïve ﬁn ŉa ß ẞ STRASSE ΟΔΟΣ οδος ΣΑΣ. Σ ΑΣ2 ΑΣʼ ǅ ǆ Ａ ａ Ⅷ a² a½ a१
१२३ aⅷ aⓐ Ⓐ ⓐ a一 東京 東京、 「the」 “the” ’a’ –an– —the— ¿a? ؟a «an» …the… a।the क्या a🇳🇬 👩‍👩‍👧 the👍 𝐚 𝒂𝒏 Ꭰ ꭰ Ა ა 𐐀 𐐨 Å K ŉ ΐ""".split()
# Marks, and signs without a width, beside an article.
WORDS += ["a\u0301", "\u0301a", "á", "a\u093e", "the\u0345", "an\u20dd", "the\u200b", "\u200dan", "a\ufeff", "\u2060the\u2060"]
WORDS += ["İ", "i\u0307", "İstanbul", "I", "ı", "e\u0301", "é", "\u212a", "\u212b", "the\u00ad", "a\u180e", "\u0130\u0301", "an\ufe0f"]
SPACES = [" "] * 12 + ["\u00a0", "\t", "\n", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u1680", "\u2003", "\u2009"]
SPACES += ["\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "  ", " \u00a0 ", "\u200b", "\u180e", "\u2060", "\x00", ""]
EMPTY = ["", " ", "the", "A", "An the", "?!", "...", "_", "\u00a0", "\x1f", "a\u3000an", "(the)"]
SIGNS = list("""!"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~""") + list("“”‘’–—…¿¡。、！，：；？「」«»؟،·।§°€£№")


def text(most: int) -> str:
    words = random.choices(WORDS, k=random.randint(1, most))
    return "".join(word + random.choice(SPACES) for word in words)


def changed(answer: str) -> str:
    """Another answer that is like this one."""
    words = answer.split()
    for _ in range(random.randint(0, 3)):
        match random.randrange(9):
            case 0:
                words.insert(random.randint(0, len(words)), random.choice(["a", "An", "THE", "the,"]))
            case 1:
                words.insert(random.randint(0, len(words)), random.choice(SIGNS))
            case 2 if words:
                index = random.randrange(len(words))
                words[index] = random.choice([str.upper, str.lower, str.title, str.swapcase])(words[index])
            case 3 if words:
                words[-1] += random.choice(SIGNS)
            case 4 if words:
                words.pop(random.randrange(len(words)))
            case 5 if words:
                words.append(random.choice(words))
            case 6:
                random.shuffle(words)
            case 7 if words:
                index = random.randrange(len(words))
                words[index] = unicodedata.normalize(random.choice(["NFC", "NFD"]), words[index])
            case _:
                words.append(random.choice(WORDS))
    return "".join(word + random.choice(SPACES) for word in words)


def question() -> dict:
    predicted = random.choice(EMPTY) if random.random() < 0.15 else text(5)
    gold = []
    if random.random() < 0.7:
        for _ in range(random.choice([1, 1, 1, 2, 3, 4])):
            kind = random.random()
            gold.append(random.choice(EMPTY) if kind < 0.12 else text(5) if kind < 0.35 else changed(predicted))
    return {"gold": gold, "predicted": predicted}


def first_version(gold: list[str], predicted: str) -> list:
    """Exact match and F1 by version 1.1, whose script knows no question without an answer."""
    if not gold:
        return [None, None]
    scores = qa_utils.qa_metrics([[qa_utils.normalize_squad(answer) for answer in gold]], [qa_utils.normalize_squad(predicted)])
    return [float(scores["em"]) / 100, float(scores["f1"]) / 100]


def examples(questions: list[dict]) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(qas_id=str(index), answers=[{"text": answer} for answer in question["gold"]])
        for index, question in enumerate(questions)
    ]


def predictions(questions: list[dict]) -> dict[str, str]:
    return {str(index): question["predicted"] for index, question in enumerate(questions)}


def scored(questions: list[dict]) -> list[dict]:
    exact, f1 = squad_metrics.get_raw_scores(examples(questions), predictions(questions))
    return [
        question
        | {
            "normalized": normalize(question["predicted"]),
            "v1": first_version(question["gold"], question["predicted"]),
            "v2": [float(exact[str(index)]), float(f1[str(index)])],
        }
        for index, question in enumerate(questions)
    ]


def odds(index: int, count: int) -> list[float]:
    """Null odds: mostly tied, all different, all equal, all negative, or close to each other."""
    return {
        0: lambda: [random.choice([-1.5, -0.25, -0.0, 0.0, 0.25, 2.0]) for _ in range(count)],
        1: lambda: [random.gauss(0, 5) for _ in range(count)],
        2: lambda: [random.choice([0.0, 3.5, -2.0])] * count,
        3: lambda: [-random.random() for _ in range(count)],
        4: lambda: [1 + random.randint(0, 3) * 2.0**-52 for _ in range(count)],
    }[index % 5]()


def of_set(index: int, questions: list[dict]) -> dict:
    kind = ["both", "both", "answerable", "unanswerable"][index % 4]
    allowed = [number for number, question in enumerate(questions) if kind == "both" or bool(question["gold"]) == (kind == "answerable")]
    numbers = random.sample(allowed, [1, 2, 3, 10, 40, 120][index % 6])
    chosen = [questions[number] for number in numbers]
    null_odds = odds(index, len(chosen))
    # The order of `na_probs` decides between ties, and not that of the data.
    order = random.sample(range(len(chosen)), len(chosen))
    threshold = random.choice([None, 0.0, 1.0, random.choice(null_odds), -3.0])
    result = squad_metrics.squad_evaluate(
        examples(chosen),
        predictions(chosen),
        {str(at): null_odds[at] for at in order},
        float("inf") if threshold is None else threshold,
    )
    scores = {
        name: value if name.endswith(("total", "_thresh")) else value / 100 for name, value in result.items() if name != "total"
    }
    scores["exact_match"] = scores.pop("exact")
    first = None
    if kind == "answerable":
        targets = [[qa_utils.normalize_squad(answer) for answer in question["gold"]] for question in chosen]
        whole = qa_utils.qa_metrics(targets, [qa_utils.normalize_squad(question["predicted"]) for question in chosen])
        first = {"exact_match": float(whole["em"]) / 100, "f1": float(whole["f1"]) / 100}
    return {
        "kind": kind,
        "questions": [[numbers[at], null_odds[at]] for at in order],
        "threshold": threshold,
        "v1": first,
        "v2": scores,
    }


def ranges(characters: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for character in characters:
        if found and found[-1][1] == character - 1:
            found[-1][1] = character
        else:
            found.append([character, character])
    return found


def characters() -> dict:
    # Cs are surrogates, which a text of Rust cannot have; Cn is unassigned.
    known = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cs", "Cn")]
    codes = lambda holds: ranges([ord(character) for character in known if holds(character)])  # noqa: E731
    return {
        "unicode": unicodedata.unidata_version,
        "known": ranges([ord(character) for character in known]),
        # A mark stays where it stood, without its article.
        "words": codes(lambda character: normalize(f"a{character}").startswith("a")),
        "spaces": codes(lambda character: " " in normalize(f"x{character}x")),
        "lower": [[character, character.lower()] for character in known if character.lower() != character],
        "sigma_after": codes(lambda character: f"{character}Σ".lower()[-1] == "ς"),
        "sigma_before": codes(lambda character: f"xΣ{character}".lower()[1] == "ς"),
    }


def lines(entries: list[dict]) -> str:
    """One line an entry keeps the file short and its history readable."""
    return "[\n" + ",\n".join(compact(entry) for entry in entries) + "\n]"


def compact(entry: dict) -> str:
    return json.dumps(entry, allow_nan=False, separators=(",", ":"))


questions = scored([question() for _ in range(QUESTIONS)])
sets = [of_set(index, questions) for index in range(SETS)]
output("crates/metrics/tests/fixtures/answers.json").write_text(
    f'{{"characters": {compact(characters())},\n"questions": {lines(questions)},\n"sets": {lines(sets)}}}\n'
)
