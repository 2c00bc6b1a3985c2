"""Whether transformers, its pipelines and CrossEncoder of sentence-transformers open what we write, with equal answers.

    python tests/reference/opened.py --check MODEL_FOLDER PREDICTIONS.jsonl [--aggregation STRATEGY] [--questions QUESTIONS.jsonl]

MODEL_FOLDER is the result of `bert-train train`, and PREDICTIONS.jsonl what `bert-train predict --model MODEL_FOLDER --output
PREDICTIONS.jsonl` wrote. The folder's config.json says which of them open it:

- a head for one label, for several labels or for numbers: the pipeline `text-classification`, with every label's score;
- a head for one number: `CrossEncoder(MODEL_FOLDER)` too;
- a head over every token: the pipeline `token-classification` with the strategy that `predict` had, `simple` by default.
  Rows that have `tokens` are given as words.
  `simple` does not show `B-` and `I-` of an entity of one word: check the strategy `none` too;
- a head for the ends of an answer: AutoModelForQuestionAnswering and AutoTokenizer, for transformers has no pipeline for it
  since 5.3. QUESTIONS.jsonl is what `predict` had as its input. The logits of each row of `nbest` are those of the tokens
  that its characters begin and end with, or of the first token where its text is empty.

Any warning is a failure. Rows that are longer than the model's window are left out, for the pipelines cut them, and counted.
Without `--check` it does nothing: it makes no fixture.
"""

import argparse
import json
import logging
import sys
import warnings
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, pipeline

from common import pin
from written import Collect

# The two differ by the order in which f32 sums are taken. A score of a regression is compared with its size.
TOLERANCE = 1e-5
SINGLE, MULTI, REGRESSION = "single_label_classification", "multi_label_classification", "regression"
QUESTIONS = "BertForQuestionAnswering"


def check_config(config: dict) -> None:
    """What `save_pretrained` writes of a head."""
    labels = config["id2label"]
    assert config["label2id"] == {label: int(index) for index, label in labels.items()}, config["label2id"]
    assert [int(index) for index in labels] == list(range(len(labels))), labels
    assert len(config["architectures"]) == 1, config["architectures"]
    kind = config.get("problem_type")
    if config["architectures"] == ["BertForSequenceClassification"]:
        assert kind in (SINGLE, MULTI, REGRESSION), f"problem_type is {kind}"
        stated = (config.get("sentence_transformers") or {}).get("activation_fn")
        if kind == REGRESSION and len(labels) == 1:
            assert stated == "torch.nn.modules.linear.Identity", stated
    else:
        assert config["architectures"][0] in ("BertForTokenClassification", QUESTIONS) and kind is None, config
    if config["architectures"] == [QUESTIONS]:
        assert list(labels.values()) == ["LABEL_0", "LABEL_1"] and "sentence_transformers" not in config, config


def short_enough(rows: list[dict], tokenizer, config: dict) -> list[dict]:
    window = min(config["max_position_embeddings"], tokenizer.model_max_length)

    def length(row: dict) -> int:
        words = row.get("tokens")
        texts = (row["question"].lstrip(), row["context"]) if "question" in row else (row.get("text"), row.get("text_pair"))
        texts = (words,) if words else texts
        # A row that is too long is no fault of the folder.
        encoded = tokenizer(*texts, is_split_into_words=bool(words), verbose=False)
        return len(encoded["input_ids"])

    kept = [row for row in rows if length(row) <= window]
    print(f"{len(kept)} rows; {len(rows) - len(kept)} more are longer than {window} tokens and left out")
    assert kept, "there is nothing to compare"
    return kept


class Differences:
    """Compares scores and keeps the largest difference."""

    def __init__(self) -> None:
        self.largest = 0.0

    def add(self, ours: float, theirs: float, what: str) -> None:
        difference = abs(ours - theirs) / max(1.0, abs(theirs))
        assert difference <= TOLERANCE, f"{what}: {ours} and {theirs}"
        self.largest = max(self.largest, difference)


def our_scores(row: dict, names: list[str]) -> dict[str, float]:
    """Every label's score; a single one is `score` alone."""
    for key in ("probabilities", "scores"):
        if key in row:
            assert list(row[key]) == names, f"{row[key]} in the order of {names}"
            return row[key]
    assert len(names) == 1, f"a row has neither probabilities nor scores: {row}"
    return {names[0]: row["score"]}


def check_texts(folder: Path, rows: list[dict], config: dict, open_pipeline) -> None:
    classify = open_pipeline("text-classification")
    rows, names = short_enough(rows, classify.tokenizer, config), list(config["id2label"].values())
    kind, found = config["problem_type"], Differences()
    for row in rows:
        text = {"text": row["text"], **({"text_pair": row["text_pair"]} if row.get("text_pair") is not None else {})}
        answer = classify(text, top_k=None)
        theirs = {one["label"]: one["score"] for one in answer}
        ours = our_scores(row, names)
        assert set(theirs) == set(names), theirs
        for name in names:
            found.add(ours[name], theirs[name], f"{row['text']!r}, {name}")
        if kind == SINGLE:
            assert row["label"] == max(ours, key=ours.get), row
        if kind == MULTI and not (folder / "thresholds.json").exists():
            sure = {name for name in names if abs(ours[name] - 0.5) > TOLERANCE}
            expected = {name for name in names if theirs[name] > 0.5} & sure
            assert set(row["labels"]) & sure == expected, row
    print(f"pipeline text-classification ({kind}): scores differ by at most {found.largest:.1e}")
    if kind == REGRESSION and len(names) == 1:
        check_cross_encoder(folder, rows)


def check_cross_encoder(folder: Path, rows: list[dict]) -> None:
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(folder), device="cpu")
    is_pair = rows[0].get("text_pair") is not None
    texts = [(row["text"], row["text_pair"]) if is_pair else row["text"] for row in rows]
    # A text at a time: nothing is padded.
    found = Differences()
    for row, text in zip(rows, texts):
        found.add(row["score"], float(model.predict([text], show_progress_bar=False)[0]), f"CrossEncoder, {text!r}")
    print(f"CrossEncoder: scores differ by at most {found.largest:.1e}")


def check_tokens(rows: list[dict], config: dict, strategy: str, open_pipeline) -> None:
    classify = open_pipeline("token-classification", aggregation_strategy=strategy)
    rows, found, entities = short_enough(rows, classify.tokenizer, config), Differences(), 0
    for row in rows:
        words = row.get("tokens")
        theirs = classify(words, is_split_into_words=True, delimiter=" ") if words else classify(row["text"])
        # A list of words counts as a batch of one.
        theirs = theirs[0] if theirs and isinstance(theirs[0], list) else theirs
        ours = row["entities"]
        rest = lambda entity: {key: value for key, value in entity.items() if key != "score"}
        assert [rest(one) for one in ours] == [rest(one) for one in theirs], f"{row}\n{theirs}"
        for one, other in zip(ours, theirs):
            found.add(one["score"], float(other["score"]), f"{row['text']!r}, {one}")
            assert set(one) == set(other), (one, other)
        entities += len(ours)
    assert entities > 0, "no entity is predicted: there is nothing to compare"
    print(f"pipeline token-classification ({strategy}): {entities} entities, scores differ by at most {found.largest:.1e}")


def check_questions(folder: Path, rows: list[dict], questions: Path, config: dict) -> None:
    asked = {row["id"]: row for row in lines(questions)}
    model, loading = AutoModelForQuestionAnswering.from_pretrained(folder, output_loading_info=True)
    for what, weights in loading.items():
        assert not weights, f"{what}: {weights}"
    assert model.eval().config.num_labels == 2, model.config
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = [{**row, **{key: asked[row["id"]][key] for key in ("question", "context")}} for row in rows]
    rows, found, answers = short_enough(rows, tokenizer, config), Differences(), 0
    for row in rows:
        texts = row["question"].lstrip(), row["context"]
        encoded = tokenizer(*texts, return_offsets_mapping=True, return_tensors="pt")
        places = encoded.pop("offset_mapping")[0].tolist()
        of_context = [(token, *places[token]) for token, text in enumerate(encoded.sequence_ids(0)) if text == 1]
        logits = model(**encoded)
        for one in row["nbest"]:
            start, end = one["start"], one["end"]
            assert one["text"] == row["context"][start:end], f"{row['id']}: {one}"
            starts = [token for token, first, _ in of_context if first == start] if one["text"] else [0]
            ends = [token for token, _, after in of_context if after == end] if one["text"] else [0]
            assert len(starts) == len(ends) == 1, f"{row['id']}: {one} begins or ends within a token"
            found.add(one["start_logit"], logits.start_logits[0, starts[0]].item(), f"{row['id']}, start of {one}")
            found.add(one["end_logit"], logits.end_logits[0, ends[0]].item(), f"{row['id']}, end of {one}")
            answers += 1
    assert answers > 0, "no row has its best answers: there is nothing to compare"
    print(f"AutoModelForQuestionAnswering: {answers} answers, logits differ by at most {found.largest:.1e}")


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def check(folder: Path, predictions: Path, strategy: str, questions: Path | None) -> None:
    rows = lines(predictions)
    config = json.loads((folder / "config.json").read_text())
    check_config(config)
    heard = Collect()
    logging.getLogger().addHandler(heard)
    transformers.logging.get_logger().addHandler(heard)
    transformers.logging.disable_progress_bar()

    def open_pipeline(task: str, **settings):
        return pipeline(task, model=str(folder), device="cpu", **settings)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Not about the folder: compiled extensions that announce their own future.
        warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*(SwigPy|swigvarlink).*")
        if config["architectures"] == ["BertForTokenClassification"]:
            check_tokens(rows, config, strategy, open_pipeline)
        elif config["architectures"] == [QUESTIONS]:
            assert questions, "--questions is missing: the questions and contexts that `predict` had"
            check_questions(folder, rows, questions, config)
        else:
            check_texts(folder, rows, config, open_pipeline)
    assert not heard.said, "\n".join(["it warns:", *heard.said])


if __name__ == "__main__" and "--check" in sys.argv:
    pin("transformers")
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", nargs=2, type=Path, metavar=("MODEL_FOLDER", "PREDICTIONS"), required=True)
    parser.add_argument("--aggregation", default="simple", choices=["none", "simple", "first", "average", "max"])
    parser.add_argument("--questions", type=Path, metavar="QUESTIONS")
    arguments = parser.parse_args()
    with torch.no_grad():
        check(*arguments.check, arguments.aggregation, arguments.questions)
