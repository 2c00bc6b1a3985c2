"""How transformers aligns tags with tokens, cuts windows and joins a model's tags to entities, on 300 hostile examples.

    python tests/reference/tagging_alignment.py [ROOT]     writes crates/task/tests/fixtures/token_classification.json

`vocabularies` are folders of the repository; `tags` the tags of the model, in its order. Each of `examples` has

- `vocabulary`: its number; `words` and `tags` (numbers), one a word;
- `ids`, `word_ids`: the words' encoding (`is_split_into_words=True`), without its first and last token, `[CLS]` and `[SEP]`;
- `first`, `all`: the labels of these tokens as run_ner.py makes them, without and with `label_all_tokens`: the first piece of
  a word has its tag, further ones have -100 or the tag (`B-` becomes `I-`). The two left out have -100;
- `cut`: max_length, and the labels `first` of all its tokens when the words are cut to it (`truncation=True`);
- `windows`: max_length, stride and the windows of the words (`return_overflowing_tokens=True`) as ranges of `ids`: a window is
  `[CLS]`, the tokens of its range with their offsets, and `[SEP]`;
- `text`, and `raw`: what the pipeline makes of it: `ids` and `offsets` (characters) of all tokens, `special` (1 where the tokenizer
  has added the token), `logits`: two times the logit of each tag of each token, a digit each; and the pipeline's output: for
  `none` [tag, score, index, word], where start and end are the offsets of the token `index`; for the four other strategies
  [entity group, score, word, start, end];
- `text_windows`: as `windows`, of the text;
- `joined`, with every fourth example: what the pipeline makes of the words (`is_split_into_words=True`, `delimiter=" "`): `logits` of
  all tokens and the outputs as above, `none` with start and end, which count characters of the words with one space between them.

Each of `strides` is a text and the pipeline's own way with long texts: `max_length` (the tokenizer's model_max_length), `stride`,
`windows` (ranges as above), `logits` of each window, for all its tokens without padding, and the outputs.

Logits are drawn so that scores tie often; but where a tie is one of exact arithmetic alone, so that rounding decides, they
are drawn again: the same entities come out in f32, in f64, of logits that are all greater by a constant, and where sums are
added in another order. No version is pinned: what is computed here has long been the same (seen with transformers 5.24 and
tokenizers 0.23).
"""

import json
import logging
import os
import random

from common import REPOSITORY, output

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers
from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast, TokenClassificationPipeline

transformers.logging.set_verbosity_error()
logging.getLogger("tokenizers").setLevel(logging.ERROR)

VOCABULARIES = ["tests/fixtures/tokens/uncased", "tests/fixtures/tokens/cased"]
# A B- tag without its I-, a type with a hyphen, and two whose tags are not in the order in which people list them.
TAGS = ["O", "B-PER", "I-PER", "I-LOC", "B-LOC", "B-work-of-art", "I-work-of-art", "B-DAY"]
EXAMPLES, STRIDES = 300, 20
STRATEGIES = ("simple", "first", "average", "max")

rng = random.Random(12)

PLAIN = """the film was great Anna Okafor Lagos Kyoto London in of and director O'Brien Paris a I it movie story actor
unbelievable Hitchcock's performances""".split()
ODD = [
    # Accents, composed and not; letters whose lower case or normal form has another length.
    "Café", "cafe\u0301", "naïve", "Ångström", "o\u0308", "İstanbul", "straße", "ǅ", "ﬁlm", "Ðe", "Å\u0301\u0323", "ñandú",
    "ẛ\u0323",
    "e\u0301e\u0301e\u0301", "\u0301a", "a\u0301\u0302\u0303\u0304b", "Việt", "Ⅷ", "ſ", "ŉ", "ΐ", "ΌΣΟΣ", "가", "\u1100\u1161",
    # A token's characters are more than its letters: the pipeline takes the first piece of a word for a further one, or the other
    # way round.
    "th\u200be", "a\u200bnd", "fi\u0301lm", "wa\u0301s", "filmi\u200b\u200bng", "themi\u200b\u200bng", "andi\u0301\u0302ng",
    "sto\u200b\u200bries", "the\u200b\u200bs", "\u200bthe",
    # Nothing is left of these.
    "\u0301", "\u0301\u0308", "\u200b", "\u200d", "\ufeff", "\u00ad", "\ufffd", "\u0000", "\u0007", "\u202e",
    "\u2060\u200e", "", " ", "\t", "\u3000", "\u00a0", "\u2028",
    # One word, several words for the tokenizer.
    "New York", "a\u00a0b", "the\u3000film", "x\ty", "great\u2028film", "a \u0301 b", " the", "film ",
    # Scripts from right to left, with points; the Far East; India.
    "שלום", "עִבְרִית", "مرحبا", "مُحَمَّد", "\u200fשלום\u200e", "中文", "中国film", "a中b", "日本語", "カ\u3099", "नमस्ते", "ก็",
    "한국어", "𠀀",
    # Emoji, alone, joined, with skin tones, flags, keycaps, variation selectors.
    "🎬", "👩\u200d👩\u200d👧", "👍🏽", "🇩🇪", "1\ufe0f\u20e3", "❤\ufe0f", "film🎬", "🎬🎬", "🏴\U000e0067\U000e007f",
    # Two UTF-16 units, and the neighbours of surrogates.
    "𝐀𝐁", "𐍈", "\U0010ffff", "\ue000", "\ud7ff", "a𝒷c", "𝟘𝟙",
    # Digits and numbers.
    "2010", "1,000.50", "٣٤", "½", "①", "3-D", "10/10", "1e-5", "007", "x²",
    # Punctuation.
    ".", "...", "—", "“", "¿", "-", "'", "don't", "U.S.A.", "(", "film,", "#1", "@user", "http://a.b/c?d=e", "n't", "'s",
    "$", "a/b", "‽", "„", "!?", "~", "^_^",
    # Special tokens that are spelled out.
    "[SEP]", "[UNK]", "[MASK]", "[CLS]", "[PAD]", "[sep]", "the[SEP]film", "##ing", "##",
    # Many pieces; longer than a word may be; as long as it may be.
    "unbelievablyunwatchable", "Antidisestablishmentarianism", "qzxjkvqzxjkv", "a" * 101, "ab" * 12, "ab" * 50, "e\u0301" * 7,
]
BETWEEN = [" "] * 12 + ["  ", "\n", "\u00a0", "\u3000", "\t", "", "", "\u200b", " \u0301 ", "\r\n", " - "]


def words() -> list[str]:
    count = rng.choice([1, 2, 2, 3, 3, 3, 4, 4, 5, 6])
    return [rng.choice(PLAIN) if rng.random() < 0.45 else rng.choice(ODD) for _ in range(count)]


def text(given: list[str]) -> str:
    return rng.choice(["", "", "", " ", "\n"]) + "".join(word + rng.choice(BETWEEN) for word in given)


def digits(tokens: int) -> str:
    """Logits of `tokens` tokens: often tied, often like the token's before, and O about as often as all others."""
    rows = []
    for index in range(tokens):
        kind = rng.random()
        if index and kind < 0.25:
            row = list(rows[-1])
        elif index and kind < 0.29:
            # As sure as the token before, perhaps of another tag: the sum of all is the same in any order of adding.
            row = [rows[-1][1], rows[-1][0], *rows[-1][2:]]
        elif kind < 0.45:
            row = [rng.choice([0, 8]) for _ in TAGS]
            row[0] = rng.choice([0, 8, 9, 9])
        elif kind < 0.5:
            row = [4] * len(TAGS)
        else:
            row = [rng.randint(0, 7) for _ in TAGS]
            row[rng.choice([0, 0, 0, 0, 0, 1, 2, 2, 3, 4, 6])] += 2
        rows.append(row)
    return "".join(str(digit) for row in rows for digit in row)


class Given(BertForTokenClassification):
    """A model that computes what it is told: an entry of `calls` each time."""

    def forward(self, input_ids, **_):
        given = [int(digit) / 2 for digit in self.calls.pop(0)]
        rows = torch.tensor(given, dtype=self.precision).reshape(-1, len(TAGS)) + self.shift
        # Behind the end of a window is padding, which must not count: so anything will do.
        padding = torch.full((input_ids.shape[1] - len(rows), len(TAGS)), 3.0, dtype=self.precision)
        # Tags that never come: they change nothing but the order in which numpy adds the others' exponentials.
        never = torch.full((input_ids.shape[1], self.never), -200.0, dtype=self.precision)
        return {"logits": torch.cat([never, torch.cat([rows, padding])], dim=1)[None]}


# The pipeline knows its models by the names of their classes, and warns of others.
Given.__name__ = BertForTokenClassification.__name__
TOKENIZERS = [BertTokenizerFast.from_pretrained(REPOSITORY / folder) for folder in VOCABULARIES]
CONFIG = BertConfig(
    vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, max_position_embeddings=8,
    id2label=dict(enumerate(TAGS)), label2id={tag: index for index, tag in enumerate(TAGS)},
)  # fmt: skip
PIPELINES = [TokenClassificationPipeline(model=Given(CONFIG), tokenizer=tokenizer, device="cpu") for tokenizer in TOKENIZERS]


def entry(entity: dict) -> list:
    group = ("entity_group", "score", "word", "start", "end")
    names = ("entity", "score", "index", "word", "start", "end") if "entity" in entity else group
    assert set(names) == set(entity), entity
    return [round(float(entity[name]), 6) if name == "score" else entity[name] for name in names]


def without_scores(outputs: dict) -> dict:
    return {name: [entity[:1] + entity[2:] for entity in entities] for name, entities in outputs.items()}


def once(vocabulary: int, given, calls: list[str], strategies, precision, shift: float, never: int, **options) -> dict:
    pipeline = PIPELINES[vocabulary]
    model = pipeline.model
    model.precision, model.shift, model.never = precision, shift, never
    model.config.id2label = dict(enumerate(["never"] * never + TAGS))
    outputs = {}
    for strategy in strategies:
        model.calls = list(calls)
        entities = pipeline(given, aggregation_strategy=strategy, **options)
        # A list of words comes back as a batch of one.
        (entities,) = [entities] if isinstance(given, str) else entities
        outputs[strategy] = [entry(entity) for entity in entities]
        assert not model.calls
    return outputs


def run(vocabulary: int, given, lengths: list[int], strategies=("none", *STRATEGIES), **options) -> tuple[list[str], dict]:
    """Logits for windows of these lengths, and the pipeline's outputs."""
    while True:
        calls = [digits(length) for length in lengths]
        outputs = once(vocabulary, given, calls, strategies, torch.float32, 0.0, 0, **options)
        others = [(torch.float64, 0.0, 0), (torch.float32, 100.1, 0), (torch.float32, -7.3, 0), (torch.float32, 0.7, 0)]
        others += [(precision, 0.0, never) for precision in (torch.float32, torch.float64) for never in range(1, 8)]
        # The greatest score of a token is exact in any arithmetic; those of several tokens or windows are not.
        doubtful = strategies if len(calls) > 1 else [strategy for strategy in strategies if strategy in ("average", "max")]
        wanted = without_scores({strategy: outputs[strategy] for strategy in doubtful})
        if all(without_scores(once(vocabulary, given, calls, doubtful, *other, **options)) == wanted for other in others):
            return calls, outputs


def labels(word_ids: list[int | None], tags: list[int], label_all_tokens: bool) -> list[int]:
    """tokenize_and_align_labels of examples/pytorch/token-classification/run_ner.py."""
    inside = lambda tag: f"I-{tag[2:]}" if tag.startswith("B-") and f"I-{tag[2:]}" in TAGS else tag
    further = [TAGS.index(inside(tag)) for tag in TAGS]
    previous, result = None, []
    for word_id in word_ids:
        if word_id is None:
            result.append(-100)
        elif word_id != previous:
            result.append(tags[word_id])
        else:
            result.append(further[tags[word_id]] if label_all_tokens else -100)
        previous = word_id
    return result


def windows(tokenizer, given, whole, max_length: int, stride: int, **options) -> list:
    """max_length, stride, and the windows as ranges of the whole's tokens; each is what it is said to be."""
    options |= {"return_overflowing_tokens": True, "return_offsets_mapping": True}
    made = tokenizer(given, truncation=True, max_length=max_length, stride=stride, **options)
    content = len(whole["input_ids"]) - 2
    step, room = max_length - 2 - stride, max_length - 2
    ranges, start = [], 0
    while True:
        ranges.append([start, min(start + room, content)])
        if start + room >= content:
            break
        start += step
    assert len(ranges) == len(made["input_ids"]), (given, ranges, made["input_ids"])
    for (start, end), ids, offsets, encoding in zip(ranges, made["input_ids"], made["offset_mapping"], made.encodings):
        part = slice(1 + start, 1 + end)
        assert ids == [tokenizer.cls_token_id, *whole["input_ids"][part], tokenizer.sep_token_id]
        assert offsets == [(0, 0), *whole["offset_mapping"][part], (0, 0)]
        assert encoding.word_ids == [None, *whole.word_ids()[part], None]
    return [max_length, stride, ranges]


def a_window(content: int) -> tuple[int, int]:
    """A length that cuts, mostly, and a stride that leaves a token to advance by, at least."""
    room = rng.randint(1, max(2, content))
    return room + 2, rng.randrange(room)


def example(index: int) -> dict:
    vocabulary = index % 2
    tokenizer = TOKENIZERS[vocabulary]
    given = words()
    tags = [rng.randrange(len(TAGS)) for _ in given]
    whole = tokenizer(given, is_split_into_words=True, return_offsets_mapping=True)
    word_ids = whole.word_ids()
    first, every = (labels(word_ids, tags, of_all) for of_all in (False, True))
    max_length, stride = a_window(len(word_ids) - 2)
    cut_length = rng.randint(3, max(3, len(word_ids)))
    cut = tokenizer(given, is_split_into_words=True, truncation=True, max_length=cut_length)
    result = {
        "vocabulary": vocabulary,
        "words": given,
        "tags": tags,
        "ids": whole["input_ids"][1:-1],
        "word_ids": word_ids[1:-1],
        "first": first[1:-1],
        "all": every[1:-1],
        "cut": [cut_length, labels(cut.word_ids(), tags, False)],
        "windows": windows(tokenizer, given, whole, max_length, stride, is_split_into_words=True),
    }
    raw = text(given)
    whole = tokenizer(raw, return_offsets_mapping=True, return_special_tokens_mask=True)
    max_length, stride = a_window(len(whole["input_ids"]) - 2)
    (logits,), outputs = run(vocabulary, raw, [len(whole["input_ids"])])
    for entity in outputs["none"]:
        assert tuple(entity[4:]) == whole["offset_mapping"][entity[2]]
    outputs["none"] = [entity[:4] for entity in outputs["none"]]
    result["text"] = raw
    result["raw"] = {
        "ids": whole["input_ids"],
        "offsets": whole["offset_mapping"],
        "special": "".join(map(str, whole["special_tokens_mask"])),
        "logits": logits,
        **outputs,
    }
    result["text_windows"] = windows(tokenizer, raw, whole, max_length, stride)
    if index % 4 == 0:
        (logits,), outputs = run(vocabulary, given, [len(word_ids)], ("none", "first"), is_split_into_words=True)
        result["joined"] = {"logits": logits, **outputs}
    return result


def stride_case(index: int) -> dict:
    vocabulary = index % 2
    tokenizer = TOKENIZERS[vocabulary]
    while True:
        raw = text(words() + words())
        whole = tokenizer(raw, return_offsets_mapping=True)
        if 9 <= len(whole["input_ids"]) <= 30:
            break
    max_length = rng.randint(5, len(whole["input_ids"]) - 2)
    stride = rng.randrange(max_length - 2)
    if max_length - 2 - stride < 2 and len(whole["input_ids"]) > 16:
        stride = (max_length - 2) // 2
    _, _, ranges = windows(tokenizer, raw, whole, max_length, stride)
    was, tokenizer.model_max_length = tokenizer.model_max_length, max_length
    logits, outputs = run(vocabulary, raw, [end - start + 2 for start, end in ranges], STRATEGIES, stride=stride)
    tokenizer.model_max_length = was
    return {
        "vocabulary": vocabulary,
        "text": raw,
        "max_length": max_length,
        "stride": stride,
        "windows": ranges,
        "logits": logits,
        **outputs,
    }


def lines(entries: list[dict]) -> str:
    """One line an entry; what can't be seen or turns the line's direction is escaped."""
    return "[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries) + "\n]"


if __name__ == "__main__":
    torch.set_num_threads(1)
    examples = lines([example(index) for index in range(EXAMPLES)])
    strides = lines([stride_case(index) for index in range(STRIDES)])
    head = f'"vocabularies": {json.dumps(VOCABULARIES)},\n"tags": {json.dumps(TAGS)}'
    target = output("crates/task/tests/fixtures/token_classification.json")
    target.write_text(f'{{{head},\n"examples": {examples},\n"strides": {strides}}}\n')
