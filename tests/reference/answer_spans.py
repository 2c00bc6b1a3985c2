"""Windows, training targets and n-best answers of extractive question answering, on 300 hostile examples.

    EMBERT_QA_EXAMPLE=FOLDER python tests/reference/answer_spans.py [ROOT]     writes crates/task/tests/fixtures/answer_spans.json

FOLDER is `examples/pytorch/question-answering` of transformers' repository (no package has it; the fixture was made with that of
version 4.55), with `run_qa.py` and `utils_qa.py`: this script runs prepare_train_features and prepare_validation_features of the
one and postprocess_qa_predictions of the other as they are. Without it nothing is made.

`vocabularies` are folders of the repository; `white_space` the code points that `str.lstrip` takes from a question. Each of
`examples` has

- `vocabulary`: its number; `question` (as given), `context`; `answer`: its first character in the context, in code points, and its
  text, or null;
- `max_length`, `stride`; `question_tokens`; `offsets` of the context's tokens, in code points; `windows` as ranges of them: a window
  is `[CLS]`, the question, `[SEP]`, the tokens of its range, `[SEP]`;
- `targets`: start_positions and end_positions of each window without padding, or null: a context without tokens stops run_qa.py
  (IndexError). Where the answer begins in a window's last token of the context, run_qa.py's start is the window's last position, a
  token behind: `[SEP]` or, with padding, padding. It is checked here that this is so, and that padding changes no other target;
- `logits` of each window: those of the starts, then those of the ends, of each token: digits, or whole numbers, times `step` plus
  `base`;
- `n_best`, `max_answer_length`, `threshold`: the options; `without_null`, `with_null`: what comes out where
  version_2_with_negative is false and true: `answer`; `n_best`, each [start, end, start logit, end logit], the characters in code
  points and the logits as numbers of `logits`, or `"empty"`; `probabilities`: of the first so many entries, then of the next so
  many; `null_odds`.

Logits tie often. np.argsort orders equal numbers by chance (it depends on the processor), so it is made stable here: of equal
logits the later token's comes first. Most logits are multiples of one half: their sums are exact, the results in float32 and in
float64 are the same, and the probabilities are those in float64. The others' sums (`is_exact` is false) are rounded to float32, which
makes more ties; there all is computed in float32, as from a model's logits.

`refused` are questions and windows that transformers refuses: a question that leaves no token of the context, or no more than the
stride.
"""

import ast
import importlib.util
import json
import os
import random
import sys
from pathlib import Path
from types import SimpleNamespace

os.environ |= {"TQDM_DISABLE": "1", "RUST_BACKTRACE": "0"}
if "EMBERT_QA_EXAMPLE" not in os.environ:
    print("EMBERT_QA_EXAMPLE does not name the folder examples/pytorch/question-answering of transformers: nothing is made")
    sys.exit()

import numpy as np
from common import output, pin
from tagging_alignment import BETWEEN, ODD, PLAIN, TOKENIZERS, VOCABULARIES

pin("numpy", "transformers", "tokenizers")

FOLDER = Path(os.environ["EMBERT_QA_EXAMPLE"])
EXAMPLES = 300
rng = random.Random(13)


def functions_of_run_qa(*names: str) -> dict:
    """These functions stand in run_qa.py's main; what they take from there is in `GIVEN`."""
    tree = ast.parse((FOLDER / "run_qa.py").read_text())
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name in names]
    assert sorted(node.name for node in found) == sorted(names), found
    exec(compile(ast.Module(found, []), "run_qa.py", "exec"), GIVEN)
    return {name: GIVEN[name] for name in names}


class StableNumpy:
    """numpy as utils_qa.py knows it, with an argsort whose order of equal numbers is defined."""

    def __getattr__(self, name: str):
        return getattr(np, name)

    def argsort(self, values):
        return np.argsort(values, kind="stable")


GIVEN = {"pad_on_right": True, "question_column_name": "question", "context_column_name": "context", "answer_column_name": "answers"}
RUN_QA = functions_of_run_qa("prepare_train_features", "prepare_validation_features")
spec = importlib.util.spec_from_file_location("utils_qa", FOLDER / "utils_qa.py")
utils_qa = importlib.util.module_from_spec(spec)
spec.loader.exec_module(utils_qa)
utils_qa.np = StableNumpy()


class Context(str):
    """A context that writes down which slices are taken of it."""

    def __getitem__(self, key):
        self.slices.append((key.start, key.stop))
        return str(self)[key]


class Examples(list):
    """Rows that are also columns, as a data set's are."""

    def __getitem__(self, key):
        return [row[key] for row in self] if isinstance(key, str) else list.__getitem__(self, key)


def run(function: str, vocabulary: int, case: dict, pads: bool):
    answer = case["answer"]
    answers = {"answer_start": answer[:1], "text": answer[1:]} if answer else {"answer_start": [], "text": []}
    GIVEN["tokenizer"] = TOKENIZERS[vocabulary]
    GIVEN["max_seq_length"] = case["max_length"]
    GIVEN["data_args"] = SimpleNamespace(doc_stride=case["stride"], pad_to_max_length=pads)
    return RUN_QA[function](
        {"id": ["0"], "question": [case["question"]], "context": [str(case["context"])], "answers": [answers]}
    )


def words(count: int) -> list[str]:
    return [rng.choice(PLAIN) if rng.random() < 0.6 else rng.choice(ODD) for _ in range(count)]


def text(given: list[str]) -> str:
    return "".join(word + rng.choice(BETWEEN) for word in given)


def a_question() -> str:
    leading = rng.choice(["", "", " ", "   ", "\n", "\t \r\n", "\u3000", "\u00a0 ", "\x1c", "\x1f\x1d ", "\u200b", " \u2028"])
    return leading + text(words(rng.choice([0, 1, 2, 3, 4, 5]))) + "?"


def a_context() -> str:
    kind = rng.random()
    if kind < 0.03:
        return rng.choice(["\u200b", " ", "\u0301\u0308", "\n\t", "\ufffd\u0000"])  # no token
    if kind < 0.12:
        return rng.choice(PLAIN + ODD)  # one word
    count = rng.choice([2, 3, 4, 6, 8, 10, 14, 20])
    return rng.choice(["", "", "", " ", "\n\n", "\u200b", "\u0301"]) + text(words(count))


def an_answer(context: str) -> list | None:
    kind, length = rng.random(), len(context)
    if kind < 0.15 or not length:
        return None
    if kind < 0.25:
        start, end = 0, rng.randint(1, length)
    elif kind < 0.35:
        start, end = rng.randrange(length), length
    elif kind < 0.4:
        start, end = 0, length
    elif kind < 0.6:
        start = rng.randrange(length)
        end = min(length, start + rng.choice([1, 1, 2, 3]))
    else:
        start = rng.randrange(length)
        end = rng.randint(start + 1, min(length, start + 25))
    return [start, context[start:end]]


def targets(vocabulary: int, case: dict, lengths: list[int]) -> list | None:
    """start_positions and end_positions; what is said of them above is checked."""
    try:
        found = run("prepare_train_features", vocabulary, case, False)
        padded = run("prepare_train_features", vocabulary, case, True)
    except IndexError:
        assert not case["offsets"]
        return None
    of = lambda features: list(zip(features["start_positions"], features["end_positions"]))
    question = case["question_tokens"]
    for (start, end), other, length, (first, last) in zip(of(found), of(padded), lengths, case["windows"]):
        if start == end == 0:
            assert other == (0, 0)
            continue
        context = range(question + 2, question + 2 + last - first)
        assert end in context
        if start not in context:
            assert case["offsets"][last - 1][0] <= case["answer"][0]
            assert (start, other) == (length - 1, (case["max_length"] - 1, end)), (start, end, other)
        else:
            assert other == (start, end)
    return of(found)


def some_logits(length: int, kind: str) -> list[int]:
    if kind == "real":
        # Of 24 bits, the precision of float32, and of both signs: sums are rounded.
        return [int(max(-1.0, min(1.0, rng.gauss(0, 0.4))) * 2**24) for _ in range(length)]
    if kind == "rounded":
        return [rng.randint(0, 4) for _ in range(length)]
    shape = rng.random()
    if shape < 0.1:
        return [5] * length
    if shape < 0.3:
        return [rng.choice([0, 9]) for _ in range(length)]
    if shape < 0.6:
        # As of a trained model: a few are great.
        return [9 if rng.random() < 0.1 else rng.randint(0, 3) for _ in range(length)]
    return [rng.randint(0, 9) for _ in range(length)]


# base, step: 8 is where steps of 2^-20 are the last bit of a logit, and half the last bit of a sum.
SCALES = {"halves": (0.0, 0.5), "rounded": (8.0, 2.0**-20), "real": (0.0, 2.0**-20)}


def grouped(probabilities: list[float]) -> list:
    groups: list = []
    for probability in probabilities:
        probability = float(f"{probability:.12g}")
        if groups and groups[-1][0] == probability:
            groups[-1][1] += 1
        else:
            groups.append([probability, 1])
    return groups


def post_process(case: dict, offsets: list, with_null: bool, precision) -> dict:
    base, step = case["base"], case["step"]
    arrays = [[np.array([base + number * step for number in of], dtype=precision) for of in window] for window in case["logits"]]
    for window, of in zip(case["logits"], arrays):
        for numbers, array in zip(window, of):
            assert [base + number * step for number in numbers] == array.tolist(), "a logit is no number of float32"
    context = Context(case["context"])
    context.slices = []
    features = [{"example_id": "0", "offset_mapping": mapping} for mapping in offsets]
    written: dict = {}

    class Writes:
        """The files that utils_qa.py writes, kept."""

        def __init__(self, path, _mode):
            self.name = Path(path).stem

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def write(self, content: str):
            written[self.name] = json.loads(content)["0"]

    utils_qa.open = Writes
    answers = utils_qa.postprocess_qa_predictions(
        examples=Examples([{"id": "0", "context": context}]),
        features=features,
        predictions=([start for start, _ in arrays], [end for _, end in arrays]),
        version_2_with_negative=with_null,
        n_best_size=case["n_best"],
        max_answer_length=case["max_answer_length"],
        null_score_diff_threshold=case["threshold"],
        output_dir=os.curdir,
    )
    assert written["predictions"] == answers["0"]
    entries = written["nbest_predictions"]
    numbers = lambda entry: [round((entry[key] - base) / step) for key in ("start_logit", "end_logit")]
    invented = len(entries) - len(context.slices)
    assert invented in (0, 1) and all(entry["text"] == "empty" for entry in entries[:invented])
    n_best = ["empty"] * invented
    for (start, end), entry in zip(context.slices, entries[invented:]):
        assert entry["text"] == case["context"][start:end]
        n_best.append([start, end, *numbers(entry)])
    result = {"answer": answers["0"], "n_best": n_best, "probabilities": [entry["probability"] for entry in entries]}
    if with_null:
        result["null_odds"] = written["null_odds"]
    return result


def both(case: dict, offsets: list, with_null: bool) -> dict:
    result = post_process(case, offsets, with_null, np.float32)
    if case["is_exact"]:
        other = post_process(case, offsets, with_null, np.float64)
        for one, another in zip(result.pop("probabilities"), other["probabilities"]):
            assert abs(one - another) < 2e-7
        probabilities = other.pop("probabilities")
        assert result == other
        result["probabilities"] = probabilities
    result["probabilities"] = grouped(result["probabilities"])
    return result


def window_of(question: int, context: int) -> tuple[int, int]:
    """A length, which mostly cuts, and a stride that leaves a token to advance by."""
    if rng.random() < 0.15:
        return question + 3 + context + rng.randint(0, 3), rng.randint(0, 3)
    while True:
        room = rng.randint(1, max(2, context))
        stride = rng.randrange(room)
        if (context - room) / (room - stride) <= 6:
            return question + 3 + room, stride


def example(index: int) -> dict:
    vocabulary = index % 2
    tokenizer = TOKENIZERS[vocabulary]
    question, context = a_question(), a_context()
    case: dict = {"vocabulary": vocabulary, "question": question, "context": context, "answer": an_answer(context)}
    whole = tokenizer([question.lstrip()], [context], return_offsets_mapping=True)
    sequence_ids = whole.sequence_ids(0)
    of_question, of_context = sequence_ids.count(0), sequence_ids.count(1)
    case["max_length"], case["stride"] = window_of(of_question, of_context)
    case["question_tokens"] = of_question
    case["offsets"] = whole["offset_mapping"][0][of_question + 2 : -1]
    ids = whole["input_ids"][0]

    features = run("prepare_validation_features", vocabulary, case, False)
    step = case["max_length"] - 3 - of_question - case["stride"]
    case["windows"] = []
    for number, (found, mapping) in enumerate(zip(features["input_ids"], features["offset_mapping"])):
        first = number * step
        last = first + len(found) - of_question - 3
        case["windows"].append([first, last])
        front = of_question + 2
        assert found == ids[:front] + ids[front + first : front + last] + ids[-1:]
        assert mapping == [None] * front + case["offsets"][first:last] + [None]
    assert case["windows"][-1][1] == of_context
    lengths = [len(found) for found in features["input_ids"]]
    case["targets"] = targets(vocabulary, case, lengths)

    kind = rng.choices(["halves", "rounded", "real"], [8, 1, 1])[0]
    case["is_exact"] = kind == "halves"
    case["base"], case["step"] = SCALES[kind]
    case["logits"] = [[some_logits(length, kind) for _ in range(2)] for length in lengths]
    if kind == "halves" and rng.random() < 0.3:
        # The null answer's score is near, and the same in several windows.
        for window in case["logits"]:
            for of in window:
                of[0] = rng.randint(7, 9)
    case["n_best"] = 20 if rng.random() < 0.6 else rng.randint(1, 5)
    case["max_answer_length"] = 30 if rng.random() < 0.6 else rng.randint(1, 5)
    case["threshold"] = 0.0 if rng.random() < 0.6 else rng.randint(-8, 8) / 2
    case["without_null"] = both(case, features["offset_mapping"], False)
    case["with_null"] = both(case, features["offset_mapping"], True)
    digits = lambda of: "".join(map(str, of)) if kind != "real" else of
    case["logits"] = [[digits(of) for of in window] for window in case["logits"]]
    return case


def refused(room: int, stride: int) -> dict:
    """Why there are no windows with room for so many tokens of the context beside the question."""
    question = "who was the director of the film?"
    tokens = len(TOKENIZERS[0].tokenize(question))
    case = {"question": question, "question_tokens": tokens, "context": "the director was great", "answer": None}
    case |= {"max_length": tokens + 3 + room, "stride": stride}
    try:
        run("prepare_validation_features", 0, case, False)
    except BaseException as error:  # a panic of the library's is no Exception
        del case["answer"]
        return case | {"error": str(error)}
    raise AssertionError(case)


def lines(entries: list[dict]) -> str:
    """One line an entry; what can't be seen or turns the line's direction is escaped."""
    return "[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries) + "\n]"


if __name__ == "__main__":
    examples = [example(index) for index in range(EXAMPLES)]
    head = {
        "vocabularies": VOCABULARIES,
        "white_space": [code for code in range(sys.maxunicode + 1) if chr(code).isspace()],
    }
    head = json.dumps(head)[1:-1]
    refusals = lines([refused(*case) for case in [(-6, 0), (-1, 0), (0, 0), (0, 2), (1, 1), (2, 3), (3, 3)]])
    target = output("crates/task/tests/fixtures/answer_spans.json")
    target.write_text(f'{{{head},\n"examples": {lines(examples)},\n"refused": {refusals}}}\n')
