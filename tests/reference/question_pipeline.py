"""Answers of the `question-answering` pipeline, which transformers dropped in 5.3, with a small checkpoint.

    EMBERT_TRANSFORMERS_5_2=FOLDER python tests/reference/question_pipeline.py [ROOT]
    EMBERT_TRANSFORMERS_5_2=FOLDER python tests/reference/question_pipeline.py --count MODEL ROWS.jsonl
        prints how many answers to these questions (`question`, `context`) are otherwise, as below, with a checkpoint of one's own,
        in f32

FOLDER has transformers 5.2: `pip install --target FOLDER -r tests/reference/requirements-5.2.txt`. Without it, nothing is made.

tests/fixtures/question-pipeline/model         a BertForQuestionAnswering of two layers, trained for a minute on contexts of this
                                               script's own. It is copied from the repository: training gives other bits on another
                                               machine. `--train` in place of ROOT trains it anew, into the repository
tests/fixtures/question-pipeline/answers.json  `questions`: id, question, context, the number of windows, and the pipeline's
                                               output for each of the settings; `settings`: its arguments for each

Windows are the pipeline's by default: `model_max_length` tokens, and half of it as overlap. All is computed in f64.

What the pipeline does, in QuestionAnsweringPipeline and select_starts_ends of transformers 5.2, for a fast tokenizer:

1. Windows are run_qa.py's, question first, of min(model_max_length, 384) tokens (`max_seq_len`) with an overlap (`doc_stride`) of
   min(max_seq_len // 2, 128). The question is not cut (`max_question_len` is read for slow tokenizers alone).
2. In each window, two softmaxes over the tokens of the context and [CLS], one of the start logits, one of the end logits:
   P(i) = exp(start[i]) / sum of exp(start[k]) over these k, Q(j) likewise. The question and other special tokens count as
   -10,000. (A [CLS] spelled out in a text counts as [CLS] does.)
3. The null score is the smallest P([CLS]) Q([CLS]) of all windows. Then P([CLS]) = Q([CLS]) = 0; the others are not scaled up.
4. Each pair i <= j < i + max_answer_len of tokens has the score P(i) Q(j). Of each window the best `top_k` pairs are kept, or
   2 top_k + 10 where answers are aligned to words. Of equal scores with top_k = 1 the first pair in order of i, then j, counts;
   else it is numpy's choice.
5. The characters are those of the tokens' offsets or, with `align_to_words`, from the first character of the word of token i to
   the last one of that of token j: words are the pre-tokenizer's (of BERT's, white space and punctuation part them), as far as
   they stand in this window.
6. Answers whose texts are equal in lower case, from one window or several, are one: the scores are added, and the characters are
   the first one's. So a score may be above 1.
7. With `handle_impossible_answer` the empty answer joins them, with the null score. The answers are sorted by score, the best
   first and equals in their order, and `top_k` are left.

utils_qa.py, and embert, takes 20 x 20 ends by logits instead, adds logits in place of multiplying probabilities, and keeps an
answer that two windows hold twice. Within a window log(P(i) Q(j)) and start[i] + end[j] differ by a constant, also for [CLS]:
both have the same best answer, but for step 6, answers of 16 to 30 tokens and aligned words. Over several windows they may not:
P and Q say how sure a window is, not how great its logits are.

`max_answer_len=30` and `align_to_words=False` (the settings `same` and `same_impossible`) leave step 6 and the windows' own
softmaxes. `otherwise` names, for each of the settings, the questions whose answer (its characters) is not the one that has the
greatest sum of two logits of all windows, of at most 30 tokens, or with the settings `*_impossible` the null answer where the
smallest null sum is greater. It is computed here by trying out all pairs.
"""

import json
import os
import random
import shutil
import sys
from pathlib import Path

from common import REPOSITORY, output

folder = os.environ.get("EMBERT_TRANSFORMERS_5_2")
if not folder:
    print("EMBERT_TRANSFORMERS_5_2 names no folder: no fixture is made")
    sys.exit()
sys.path.insert(0, folder)
sys.path.append(str(REPOSITORY / "tests/reference/end_to_end"))

import torch  # noqa: E402
import transformers  # noqa: E402
from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering, pipeline  # noqa: E402

from question_windows import CLS, Questions  # noqa: E402

assert transformers.__version__.startswith("5.2."), transformers.__version__
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

CHECKPOINT = "tests/fixtures/question-pipeline/model"
LENGTH = 80
SAME = {"align_to_words": False, "max_answer_len": 30}
SETTINGS = {
    "default": {},
    "default_impossible": {"handle_impossible_answer": True},
    "same": SAME,
    "same_impossible": SAME | {"handle_impossible_answer": True},
    "five": {"top_k": 5},
    "five_same": SAME | {"top_k": 5},
}

# --- Contexts and questions ----------------------------------------------------------------------------------------

FIRST = "Ada Bo Chinua Dmitri Eun Fatou Grace Hiro Ines José Kofi Liên Marta Noor Olu Pía Rui Søren Tove Zoë".split()
LAST = "Okafor Nguyễn Müller O'Brien García-Márquez Łukasik Şahin Þórsson 김 王小明 Ivanova de\u0301Souza Smith".split()
CITIES = "Lagos Zürich São_Paulo Reykjavík 東京 Kraków Nairobi Québec İzmir Oslo Lima Hà_Nội St._Ives".split()
THINGS = "bridge tower library theatre harbour clock museum observatory".split()
SUBJECTS = "physics law medicine music chemistry history".split()
PRIZES = "Gold Cup;River Prize;Pi-π Medal;№ 5 Award;Star ⭐ Prize".split(";")
FILLER = [
    "It rained for most of the month.", "Few people noticed.", "The papers said little about it — nobody asked.",
    "That was long ago.", "Much has been written about this, and little of it is true.", "Nobody was hurt 🙂.",
    "The city paid 3.5% of the costs.", "There were many others, e.g. in the north.",
]  # fmt: skip


def name(draw: random.Random) -> str:
    return f"{draw.choice(FIRST)} {draw.choice(LAST)}"


def city(draw: random.Random) -> str:
    return draw.choice(CITIES).replace("_", " ")


def year(draw: random.Random) -> str:
    return str(draw.randint(1850, 2024))


def fact(draw: random.Random) -> tuple[str, list[tuple[str, str]]]:
    """A sentence, and questions with answers that stand in it."""
    who, where, when = name(draw), city(draw), year(draw)
    kind = draw.randrange(5)
    if kind == 0:
        to = city(draw)
        asked = [(f"Who flew from {where}?", who), (f"Where did {who} fly to?", to), (f"When did {who} fly from {where}?", when)]
        return f"{who} flew from {where} to {to} in {when}.", asked
    if kind == 1:
        thing = draw.choice(THINGS)
        asked = [(f"Who built the {thing} of {where}?", who), (f"When was the {thing} of {where} built?", when)]
        return f"The {thing} of {where} was built by {who} in {when}.", asked
    if kind == 2:
        subject = draw.choice(SUBJECTS)
        asked = [(f"Where was {who} born?", where), (f"What did {who} study?", subject)]
        return f"{who} was born in {where} and studied {subject}.", asked
    if kind == 3:
        prize, points = draw.choice(PRIZES), str(draw.randint(2, 999))
        asked = [(f"Which prize did {who} win?", f"the {prize}"), (f"With how many points did {who} win?", f"{points} points")]
        return f"In {when}, {who} won the {prize} with {points} points.", asked
    count = str(draw.randint(2, 40))
    thing = draw.choice(THINGS)
    plural = thing[:-1] + "ies" if thing.endswith("y") else thing + "s"
    return f"{where} has {count} {plural}.", [(f"How many {plural} does {where} have?", count)]


def passage(draw: random.Random, facts: int) -> tuple[str, list[tuple[str, str, int]]]:
    """Sentences, and questions with their answers and these answers' first characters."""
    context, asked = draw.choice(["", "", "", " ", "\n"]), []
    for _ in range(facts):
        if draw.random() < 0.4:
            context += draw.choice(FILLER) + " "
        sentence, questions = fact(draw)
        # The answer's last occurrence in its sentence: no answer is a part of a name before it.
        asked += [(question, answer, len(context) + sentence.rindex(answer)) for question, answer in questions]
        context += sentence + draw.choice([" ", " ", " ", "\n", "\u00a0", "  "])
    return context, asked


def row(draw: random.Random, number: int, facts: int, impossible: float) -> dict:
    context, asked = passage(draw, facts)
    question, answer, start = draw.choice(asked)
    answers = {"text": [answer], "answer_start": [start]}
    if draw.random() < impossible:
        other = [question for question, *_ in passage(draw, 2)[1] if question not in {known for known, *_ in asked}]
        question, answers = draw.choice(other), {"text": [], "answer_start": []}
    return {"id": str(number), "question": question, "context": context, "answers": answers}


def odd() -> list[tuple[str, str]]:
    """Questions and contexts of odd shapes."""
    return [
        ("Who flew?", "Ms Okafor flew from Lagos."),
        ("  \n Who flew?", "Ms Okafor flew from Lagos."),
        ("?", "Lagos"),
        ("Where?", "Lagos LAGOS lagos Lagos, lagos. LAGOS"),
        ("Who flew from Lagos?", "Bo Smith flew from Lagos to Oslo in 1950. " * 12),
        ("When did Bo Smith fly?", "bo smith flew in 1950. Bo Smith flew in 1951. BO SMITH FLEW IN 1950. " * 3),
        ("Where was 王小明 born?", "王小明 was born in 東京and studied law。" * 4),
        ("Who?", "🙂 🙂🙂 Zoë\u0308 \u200bOkafor\u200b 🙂"),
        ("Who built the Tower of Pi-π?", "Jose\u0301 Garci\u0301a-Ma\u0301rquez built it in 1999 (the tower ''Pi-π'')." + " ." * 60),
        ("How many points?", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 points " * 2),
        ("What did Tove Şahin study?", "Tove Şahin studied unbelievableobservatoryphysicschemistryhistorymusic in Hà Nội." * 3),
        ("Which prize did Søren Þórsson win with 12 points in 1901 and in 1902, when nobody in Reykjavík knew of it?",
         "In 1901, Søren Þórsson won the River Prize with 12 points. In 1902, Søren Þórsson won the № 5 Award with 13 points. " * 2),
    ]  # fmt: skip


# --- The checkpoint ------------------------------------------------------------------------------------------------


def vocabulary() -> list[str]:
    """Characters, alone and within words, and the words that are no names."""
    draw = random.Random("vocabulary")
    bare = BertTokens()
    seen: dict[str, int] = {}
    for _ in range(400):
        context, asked = passage(draw, 4)
        for word in bare.words(" ".join([context, *(question for question, *_ in asked)])):
            seen[word] = seen.get(word, 0) + 1
    names = set(bare.words(" ".join(FIRST[::2] + LAST[:-1] + CITIES[::2])))
    words = sorted(word for word, count in seen.items() if count > 20 and word not in names and not word.isdigit())
    characters = sorted({character for word in seen for character in word} | set("abcdefghijklmnopqrstuvwxyz0123456789"))
    pieces = ["##" + character for character in characters if character.isalnum()]
    digits = ["18", "19", "20", "##an", "##er", "##or", "##on", "##in", "##ia"]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return list(dict.fromkeys(special + characters + pieces + digits + words))


class BertTokens:
    """What is one word for BERT's tokenizer."""

    def __init__(self):
        from tokenizers.normalizers import BertNormalizer
        from tokenizers.pre_tokenizers import BertPreTokenizer

        self.normalizer, self.splitter = BertNormalizer(lowercase=True), BertPreTokenizer()

    def words(self, text: str) -> list[str]:
        return [word for word, _ in self.splitter.pre_tokenize_str(self.normalizer.normalize_str(text))]


def train(target: Path) -> None:
    """Until the answers are no longer random, and long before they are all right."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "vocab.txt").write_text("".join(token + "\n" for token in vocabulary()))
    kept = {"do_lower_case": True, "model_max_length": LENGTH, "tokenizer_class": "BertTokenizer"}
    (target / "tokenizer_config.json").write_text(json.dumps(kept, indent=1) + "\n")
    config = BertConfig(
        vocab_size=len(vocabulary()), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=LENGTH, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.1,
        architectures=["BertForQuestionAnswering"],
    )  # fmt: skip
    config.save_pretrained(target)
    tokenizer = AutoTokenizer.from_pretrained(target)
    torch.manual_seed(0)
    model = BertForQuestionAnswering(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    draw, steps = random.Random("training"), 1500
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, steps, pct_start=0.1)
    for step in range(steps):
        rows = [row(draw, number, draw.choice([1, 2, 3, 4]), 0.15) for number in range(24)]
        features = Questions(rows, tokenizer, LENGTH, LENGTH // 2)
        loss, _ = Questions.loss(model, features.batch(range(len(features.rows)), "cpu"))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    model.save_pretrained(target)


# --- Answers -------------------------------------------------------------------------------------------------------


@torch.no_grad()
def by_logits(model, tokenizer, row: dict, window: tuple[int, int], impossible: bool) -> tuple[int, int, int]:
    """The characters with the greatest sum of logits of all windows, and the number of windows."""
    features = Questions([row], tokenizer, *window)
    best, null = None, None
    for index in range(len(features.rows)):
        batch = features.batch([index], "cpu")
        del batch["targets"]
        answer = model(**batch)
        starts, ends, offsets = answer.start_logits[0].tolist(), answer.end_logits[0].tolist(), features.rows[index]["offsets"]
        null = min([starts[CLS] + ends[CLS]] + ([] if null is None else [null]))
        context = [token for token, pair in enumerate(offsets) if pair is not None]
        for start in context:
            for end in context:
                if start <= end < start + 30 and (best is None or starts[start] + ends[end] > best[0]):
                    best = (starts[start] + ends[end], offsets[start][0], offsets[end][1])
    start, end = (0, 0) if impossible and null > best[0] else best[1:]
    return start, end, len(features.rows)


def opened(path: Path, dtype=torch.float64):
    model = BertForQuestionAnswering.from_pretrained(path, dtype=dtype, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    return model, tokenizer, pipeline("question-answering", model=model, tokenizer=tokenizer, device="cpu")


def asked(answers, given: dict, settings: dict) -> list[dict]:
    found = answers(question=given["question"], context=given["context"], **settings)
    found = found if isinstance(found, list) else [found]
    assert all(given["context"][one["start"] : one["end"]] == one["answer"] for one in found)
    return found


def count(path: Path, file: Path) -> None:
    model, tokenizer, answers = opened(path, torch.float32)
    forward, known = model.forward, {}

    def remembered(input_ids, **others):
        key = tuple(input_ids[0].tolist())
        if key not in known:
            known[key] = forward(input_ids=input_ids, **others)
        return known[key]

    # Each window is asked for by each of the settings, and by all pairs.
    model.forward = remembered
    length = min(tokenizer.model_max_length, 384)
    window = (length, min(length // 2, 128))
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    several, otherwise = 0, dict.fromkeys(("default", "default_impossible", "same", "same_impossible"), 0)
    for given in rows:
        given = {"id": "", "answers": {"text": []}} | given
        for name in otherwise:
            found = asked(answers, given, SETTINGS[name])[0]
            start, end, windows = by_logits(model, tokenizer, given, window, "impossible" in name)
            otherwise[name] += (found["start"], found["end"]) != (start, end)
        several += windows > 1
        known.clear()
    print(json.dumps({"questions": len(rows), "window": window, "of several windows": several, "otherwise": otherwise}))


def main() -> None:
    target = output(f"{CHECKPOINT}/config.json").parent
    if target != REPOSITORY / CHECKPOINT:
        shutil.copytree(REPOSITORY / CHECKPOINT, target, dirs_exist_ok=True)
    model, tokenizer, answers = opened(target)
    draw = random.Random("questions")
    rows = [{"question": question, "context": context} for question, context in odd()]
    rows += [row(draw, 0, facts, 0.2) for facts in [1, 1, 2, 2, 3, 4, 5, 8] for _ in range(6)]
    otherwise: dict[str, list[str]] = {name: [] for name in SETTINGS}
    right, written = 0, []
    for number, given in enumerate(rows):
        given = {"answers": {"text": [], "answer_start": []}} | given | {"id": f"q{number}"}
        result = {key: given[key] for key in ("id", "question", "context")}
        for name, settings in SETTINGS.items():
            found = asked(answers, given, settings)
            start, end, result["windows"] = by_logits(model, tokenizer, given, (LENGTH, LENGTH // 2), "impossible" in name)
            if (found[0]["start"], found[0]["end"]) != (start, end):
                otherwise[name].append(given["id"])
            result[name] = [[one["start"], one["end"], one["score"]] for one in found]
        wanted = given["answers"]["text"]
        start, end, _ = result["default_impossible"][0]
        right += bool(wanted) and given["context"][start:end] == wanted[0]
        written.append(result)
    known = sum(bool(given.get("answers", {}).get("text")) for given in rows)
    several = {one["id"] for one in written if one["windows"] > 1}
    print(f"{len(written)} questions, {len(several)} of several windows; {right} of {known} known answers right")
    for name, ids in otherwise.items():
        null = sum(one[name][0][:2] == [0, 0] for one in written)
        print(f"{name}: {len(ids)} otherwise, {sum(one not in several for one in ids)} of them of one window; {null} null")
    # Where there is one window and answers are not merged, both rules are one.
    assert all(one in several for name in ("same", "same_impossible") for one in otherwise[name])
    lines = lambda entries: "[\n" + ",\n".join(json.dumps(one, ensure_ascii=True) for one in entries) + "\n]"
    head = json.dumps({"settings": SETTINGS, "max_length": LENGTH, "stride": LENGTH // 2, "otherwise": otherwise})[1:-1]
    file = output("tests/fixtures/question-pipeline/answers.json")
    file.write_text("{" + head + ',\n"questions": ' + lines(written) + "}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:2] == ["--train"]:
        train(REPOSITORY / CHECKPOINT)
    elif sys.argv[1:2] == ["--count"]:
        count(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
