"""What rouge_score makes of summaries, and which sentences BertSum's greedy selection takes.

    python tests/reference/summaries.py [ROOT]

Writes crates/metrics/tests/fixtures/summaries.json:

rouge   300 summaries with one reference or several, and the F-measures of each: the greatest over the references
        (`score_multi`), without the stemmer; hostile characters, lines and repeated words included
sets    numbers of such summaries, and the plain mean of their F-measures
oracle  400 texts of sentences with a summary: the sentences that the greedy selection takes, its score, and the best score
        of any choice of as many sentences or fewer. Half of them have few different words, so that ties are common

`greedy_selection`, `combination_selection` and `cal_rouge` are written after BertSum's published algorithm (Liu 2019, "Fine-tune
BERT for Extractive Summarization"; its `prepro/data_builder.py`), in its order of operations, on which ties depend. BertSum
lower-cases its texts before, which is done here too.
"""

import itertools
import json
import random
import re

from common import output, pin
from rouge_score import rouge_scorer

pin("rouge_score")
random.seed(2019)

ROUGE, SETS, ORACLE = 300, 30, 400
TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
scorer = rouge_scorer.RougeScorer(TYPES)

WORDS = """the a of and bear bears cub river salmon woke up in May 1990 3.5% U.S. end-to-end naïve K2 İstanbul ﬁsh ΣΑΣ медведь クマ
“quoted” don't x-ray COVID-19 e.g. Å ß ② it's 12,000 \u212aelvin \u00adsoft""".split()
FEW = "a b c d e".split()
SPACES = [" "] * 10 + ["  ", "\u00a0", "\t", "\u3000", "\n", "\n", "\n\n", " \n ", "\r\n", "\u2028"]


def words(known: list[str], most: int, least: int = 0) -> list[str]:
    return random.choices(known, k=random.randint(least, most))


def text(known: list[str], most: int) -> str:
    return "".join(word + random.choice(SPACES) for word in words(known, most))


def changed(summary: str) -> str:
    """Another summary that is like this one: some words are left out, moved, or replaced."""
    parts = re.split(r"(\s+)", summary)
    for _ in range(random.randint(0, 6)):
        if not parts:
            break
        index = random.randrange(len(parts))
        match random.randrange(4):
            case 0:
                parts.pop(index)
            case 1:
                parts.insert(random.randrange(len(parts) + 1), parts.pop(index))
            case 2:
                parts[index] = random.choice(WORDS) if parts[index].strip() else random.choice(SPACES)
            case _:
                parts[index] = parts[index].swapcase()
    return "".join(parts)


def rouge_case(index: int) -> dict:
    known, most = (FEW, 12) if index % 3 == 0 else (WORDS, 40)
    summary = text(known, most)
    like = lambda: changed(summary) if random.random() < 0.7 else text(known, most)  # noqa: E731
    references = [like() for _ in range(random.choice([1, 1, 1, 2, 4]))]
    scores = scorer.score_multi(references, summary)
    return {"references": references, "summary": summary, "scores": {name: scores[name].fmeasure for name in TYPES}}


def rouge_set(cases: list[dict]) -> dict:
    numbers = random.sample(range(len(cases)), random.choice([1, 2, 10, 60]))
    mean = {name: sum(cases[number]["scores"][name] for number in numbers) / len(numbers) for name in TYPES}
    return {"numbers": numbers, "mean": mean}


def ngrams(count: int, tokens: list[str]) -> set[tuple[str, ...]]:
    return {tuple(tokens[start : start + count]) for start in range(len(tokens) - count + 1)}


def cal_rouge(evaluated: set, reference: set) -> float:
    common = len(evaluated & reference)
    precision = common / len(evaluated) if evaluated else 0.0
    recall = common / len(reference) if reference else 0.0
    return 2.0 * ((precision * recall) / (precision + recall + 1e-8))


def clean(tokens: list[str]) -> list[str]:
    return re.sub(r"[^a-zA-Z0-9 ]", "", " ".join(tokens)).split()


class Texts:
    """The n-grams of the sentences of a text and of its summary."""

    def __init__(self, document: list[list[str]], summary: list[list[str]]):
        sentences = [clean(sentence) for sentence in document]
        abstract = clean(sum(summary, []))
        self.sentences = [(ngrams(1, sentence), ngrams(2, sentence)) for sentence in sentences]
        self.summary = (ngrams(1, abstract), ngrams(2, abstract))

    def score(self, chosen: tuple[int, ...] | list[int]) -> float:
        union = [set().union(*(self.sentences[index][n] for index in chosen)) for n in (0, 1)]
        return cal_rouge(union[0], self.summary[0]) + cal_rouge(union[1], self.summary[1])


def greedy_selection(texts: Texts, most: int) -> list[int]:
    selected: list[int] = []
    max_rouge = 0.0
    for _ in range(most):
        current_max, current = max_rouge, -1
        for index in range(len(texts.sentences)):
            if index in selected:
                continue
            score = texts.score(selected + [index])
            if score > current_max:
                current_max, current = score, index
        if current == -1:
            break
        selected.append(current)
        max_rouge = current_max
    return sorted(selected)


def combination_selection(texts: Texts, most: int) -> float:
    """The best score of any choice of 1 to `most` sentences."""
    everything = range(len(texts.sentences))
    choices = (choice for size in range(1, most + 1) for choice in itertools.combinations(everything, size))
    return max((texts.score(choice) for choice in choices), default=0.0)


def oracle_case(index: int) -> dict:
    known = FEW if index % 2 == 0 else WORDS
    document = [words(known, 7) for _ in range(random.randint(0, 9))]
    summary = [words(known, 8) for _ in range(random.randint(1, 3))]
    if document and random.random() < 0.5:
        # A summary that repeats the text, and a text that repeats itself.
        summary.append(random.choice(document))
        document.append(list(random.choice(document)))
    most = random.choice([1, 2, 3, 3, 3, 5])
    lower = lambda lists: [" ".join(tokens).lower().split() for tokens in lists]  # noqa: E731
    texts = Texts(lower(document), lower(summary))
    chosen = greedy_selection(texts, most)
    return {
        "sentences": [" ".join(tokens) for tokens in document],
        "summary": random.choice([" ", "\n"]).join(" ".join(tokens) for tokens in summary),
        "most": most,
        "chosen": chosen,
        "score": texts.score(chosen),
        "best": combination_selection(texts, most),
    }


def lines(entries: list[dict]) -> str:
    """One line an entry keeps the file short and its history readable."""
    return "[\n" + ",\n".join(json.dumps(entry, allow_nan=False, separators=(",", ":")) for entry in entries) + "\n]"


cases = [rouge_case(index) for index in range(ROUGE)]
sets = [rouge_set(cases) for _ in range(SETS)]
oracle = [oracle_case(index) for index in range(ORACLE)]
output("crates/metrics/tests/fixtures/summaries.json").write_text(
    f'{{"rouge": {lines(cases)},\n"sets": {lines(sets)},\n"oracle": {lines(oracle)}}}\n'
)
