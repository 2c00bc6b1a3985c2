"""What transformers makes of texts and pairs, with a WordPiece vocabulary of a few dozen tokens.

    python tests/reference/tokenizer.py [ROOT]

vocab.txt        the vocabulary
tokenizer.json   the same as transformers saves it, with a truncation and a padding of its own
expected.json    `configs`: tokenizer_config.json files to lay beside vocab.txt; `cases`: texts with their encodings; offsets
                 count characters. `folders`: what AutoTokenizer makes of a text where tokenizer.json and the configs
                 beside it do not say the same
long.json        `cut`: texts cut with `tail` (truncation_side="left") and `head_tail:N` (which transformers does not have:
                 slices of what it makes of the whole text, as Sun et al. 2019 take them); `windows`: all windows of texts
                 (return_overflowing_tokens=True), or what transformers says where it refuses
words.json       words in place of a text, alone and in pairs (is_split_into_words=True): cut on either side, and in windows;
                 offsets count the characters of a word. `added`: tokens that are added to the vocabulary for them
"""

import json
import tempfile
from pathlib import Path

from common import output, pin

pin("transformers", "tokenizers")

from transformers import AutoTokenizer, BertTokenizerFast

FOLDER = output("tests/fixtures/tokenizer/vocab.txt").parent

VOCAB = """[PAD] [UNK] [CLS] [SEP] [MASK] < > / ! , . ' - br the The film movie was great un ##believ ##able ##ly good bad
cafe café Cafe Café naive naïve a b c ##a ##b ##c ##s 2 ##0 ##1 10 中 文 中文 国 🎬 is it not worth see ##ing seen i ö o straße
strasse ˈ""".split()

CONFIGS = {
    "uncased": {},
    "cased": {"do_lower_case": False},
    "accents kept": {"do_lower_case": True, "strip_accents": False},
    "cased, accents stripped": {"do_lower_case": False, "strip_accents": True},
    "Chinese not split": {"tokenize_chinese_chars": False},
}

TEXTS = [
    "The film was unbelievably good!",
    "The movie wasn't worth seeing.<br /><br />It is bad, BAD, not good",
    "Café naïve CAFÉ Naïve cafe\u0301 ö Ö o\u0308",
    "中文 is中国文! 中 国",
    "great 🎬🎬 movie 👍 film 🎬",
    "was\u0000 go\u0007od\u200b \ufffd bad\u00a0film\tis\r\nnot\u2028great \u00ad",
    "Straße STRASSE İ ˈ",
    "",
    " \n\t ",
    "[CLS] the [MASK] film [SEP] was [mask] [PAD] great",
    "abcabc 2010 10 2-10 zzz abz",
    "a" * 101,
    "the " * 30,
]

PAIRS = [
    ("the film was great", "it is not bad"),
    ("the film was great", ""),
    ("", "it is not bad"),
    ("the film was unbelievably great! " * 3, "it is not bad"),
    ("good", "the movie was not worth seeing, " * 3),
    ("the film was great, " * 2, "it is not bad, " * 3),
]

# Texts for windows and for cutting elsewhere than at the end.
LONG = [
    ("The Café film was unbelievably good, not bad; naïve 中文 🎬 zzz and worth seeing!", None),
    ("the film was great, not bad, " * 6, None),
    ("good film", None),
    ("", None),
    ("a" * 101 + " abcabc 2010", None),
    ("the film was unbelievably great, not bad 🎬! " * 2, "it is not worth seeing 中文"),
    ("the film was great", "the movie was not wörth séeing, naïve, " * 3),
    ("the film was great, " * 2, "it is not bad, " * 3),
    ("the film was great, it is not bad, ", "it is not bad, "),
    ("", "it is not bad, " * 4),
]

# Words given in place of a text, as a data set of named entities has them.
WORDS = [
    ["The", "film", "was", "unbelievably", "good", "!"],
    ["Café", "naïve\u0301", "中文", "🎬film🎬", "", " ", "don't", "[E1]", "[SEP]", "\u200b", "zzz"],
    ["the", "movie", "wasn't", "worth", "seeing,"] * 3,
    [],
    ["a b c", "the\u00a0film", "[E1]x"],
]
ADDED = ["[E1]", "new york"]

FOLDER_TEXT = "The Café 中文"
# The normalizer that a tokenizer.json states, against the tokenizer_config.json and the config.json beside it.
NORMALIZERS = [{"lowercase": True}, {"lowercase": False, "strip_accents": False, "handle_chinese_chars": False}]
TOKENIZER_CONFIGS = [
    None,
    {},
    {"do_lower_case": True},
    {"do_lower_case": False},
    {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False},
    {"tokenizer_class": "BertTokenizer"},
    {"tokenizer_class": "BertTokenizer", "strip_accents": False},
    {"tokenizer_class": "BertTokenizerFast", "do_lower_case": False},
    {"tokenizer_class": "PreTrainedTokenizerFast"},
    {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False},
]


def load(config: dict, name: str) -> BertTokenizerFast:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.txt").write_bytes((FOLDER / "vocab.txt").read_bytes())
        (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
        tokenizer = BertTokenizerFast.from_pretrained(folder)
    normalizer = json.loads(tokenizer.backend_tokenizer.to_str())["normalizer"]
    expected = {
        "lowercase": config.get("do_lower_case", True),
        "strip_accents": config.get("strip_accents"),
        "handle_chinese_chars": config.get("tokenize_chinese_chars", True),
    }
    assert expected.items() <= normalizer.items(), f"{name}: transformers made {normalizer} of {config}"
    return tokenizer


def encode(tokenizer: BertTokenizerFast, config: str, text: str, pair: str | None, truncation: str, length: int) -> dict:
    case = {"config": config, "text": text, "text_pair": pair, "truncation": truncation, "max_length": length}
    backend = tokenizer.backend_tokenizer
    backend.enable_truncation(length, strategy=truncation)
    try:
        encoding = backend.encode(text, pair)
    except Exception as error:  # the library raises plain Exceptions
        assert "Truncation error" in str(error), error
        return case | {"error": str(error)}
    # What a user calls must say the same. As a batch: alone, an empty second text is taken for none.
    direct = tokenizer([text], None if pair is None else [pair], truncation=truncation, max_length=length)
    assert direct["input_ids"] == [encoding.ids], case
    return case | row(encoding) | {"attention_mask": encoding.attention_mask}


def row(encoding) -> dict:
    """The entries of an encoding's tokens, but for the mask."""
    keys = ("ids", "type_ids", "offsets", "word_ids", "sequence_ids")
    return {key: getattr(encoding, key) for key in keys}


def called(tokenizer: BertTokenizerFast, text: str, pair: str | None, side: str, **options) -> list:
    """What a user's call gives: the encodings of a text, several with return_overflowing_tokens=True."""
    tokenizer.truncation_side = side
    return tokenizer([text], None if pair is None else [pair], **options).encodings


def tail_case(tokenizer: BertTokenizerFast, text: str, pair: str | None, length: int) -> dict:
    [encoding] = called(tokenizer, text, pair, "left", truncation="longest_first", max_length=length)
    case = {"text": text, "text_pair": pair, "truncation": "tail", "max_length": length}
    return case | row(encoding)


def head_tail_case(tokenizer: BertTokenizerFast, text: str, pair: str | None, length: int, head: int) -> dict:
    """Each text's share is the one that longest_first leaves it; of that, head / (content tokens of max_length) are first ones."""
    [whole] = called(tokenizer, text, pair, "right")
    [cut] = called(tokenizer, text, pair, "right", truncation="longest_first", max_length=length)
    whole_row = row(whole)
    room = length - (2 if pair is None else 3)
    kept = []
    for sequence in (0, 1):
        all_of = [at for at, found in enumerate(whole.sequence_ids) if found == sequence]
        share = sum(found == sequence for found in cut.sequence_ids)
        first = head * share // room
        middle = all_of if share == len(all_of) else all_of[:first] + all_of[len(all_of) - (share - first) :]
        kept += middle
    special = [at for at, found in enumerate(whole.sequence_ids) if found is None]
    at = sorted(kept + special)
    case = {"text": text, "text_pair": pair, "truncation": f"head_tail:{head}", "max_length": length}
    return case | {key: [values[index] for index in at] for key, values in whole_row.items()}


def windows_case(tokenizer, text: str, pair: str | None, truncation: str, side: str, length: int, stride: int) -> dict:
    named = "tail" if side == "left" else truncation
    case = {"text": text, "text_pair": pair, "truncation": named, "max_length": length, "stride": stride}
    try:
        found = called(
            tokenizer, text, pair, side, truncation=truncation, max_length=length, stride=stride, return_overflowing_tokens=True
        )
    except BaseException as error:  # a panic of the library's is no Exception
        assert "Truncation error" in str(error) or "`stride` must be strictly less" in str(error), error
        return case | {"error": str(error)}
    if any(len(encoding.ids) > length for encoding in found):
        return case | {"error": "a window is longer than max_length"}
    return case | {"windows": [row(encoding) for encoding in found]}


def folder_case(normalizer: dict, tokenizer_config: dict | None, model: dict | None) -> dict:
    """What AutoTokenizer makes of FOLDER_TEXT, from a folder with tokenizer.json and these."""
    file = json.loads((FOLDER / "tokenizer.json").read_text())
    file["normalizer"] |= normalizer
    with tempfile.TemporaryDirectory() as folder:
        for name, value in {"tokenizer.json": file, "tokenizer_config.json": tokenizer_config, "config.json": model}.items():
            if value is not None:
                (Path(folder) / name).write_text(json.dumps(value))
        tokens = AutoTokenizer.from_pretrained(folder).tokenize(FOLDER_TEXT)
    return {"normalizer": normalizer, "tokenizer_config": tokenizer_config, "config": model, "text": FOLDER_TEXT, "tokens": tokens}


(FOLDER / "vocab.txt").write_text("".join(token + "\n" for token in VOCAB))
cases = []
for name, config in CONFIGS.items():
    tokenizer = load(config, name)
    for text in TEXTS:
        for length in (512, 8):
            cases.append(encode(tokenizer, name, text, None, "longest_first", length))
tokenizer = load({}, "uncased")
for text, pair in PAIRS:
    for truncation in ("longest_first", "only_first", "only_second"):
        for length in (64, 13, 9, 8, 4):
            cases.append(encode(tokenizer, "uncased", text, pair, truncation, length))

backend = tokenizer.backend_tokenizer
backend.enable_truncation(7, stride=2)
backend.enable_padding(length=9, pad_id=0, pad_token="[PAD]")
(FOLDER / "tokenizer.json").write_text(json.dumps(json.loads(backend.to_str()), ensure_ascii=False, indent=1) + "\n")
folders = [
    folder_case(normalizer, config, model)
    for normalizer in NORMALIZERS
    for config in TOKENIZER_CONFIGS
    for model in (None, {"model_type": "bert"})
]
configs = json.dumps(CONFIGS)
cases, folders = (",\n".join(map(json.dumps, rows)) for rows in (cases, folders))
(FOLDER / "expected.json").write_text(f'{{"configs": {configs},\n"cases": [\n{cases}\n],\n"folders": [\n{folders}\n]}}\n')

tokenizer = load({}, "uncased")
cut = [tail_case(tokenizer, text, pair, length) for text, pair in LONG for length in (40, 16, 9, 5)]
cut += [
    head_tail_case(tokenizer, text, pair, length, head)
    for text, pair in LONG
    for length, head in ((40, 10), (16, 4), (16, 12), (9, 3), (9, 1))
]
windows = [
    windows_case(tokenizer, text, pair, truncation, side, length, stride)
    for text, pair in LONG
    for truncation, side in (
        ("longest_first", "right"),
        ("longest_first", "left"),
        ("only_first", "right"),
        ("only_second", "right"),
    )
    for length, stride in ((40, 5), (16, 0), (16, 4), (10, 3), (10, 6), (4, 0))
    # At 4 a pair has room for one of its texts only.
    if length > 4 or pair is not None
]
cut, windows = (",\n".join(map(json.dumps, rows)) for rows in (cut, windows))
(FOLDER / "long.json").write_text(f'{{"cut": [\n{cut}\n],\n"windows": [\n{windows}\n]}}\n')


def words_case(tokenizer, words: list, pair: list | None, side: str, length: int, stride: int | None) -> dict:
    """Windows where there is a stride; else one encoding, cut."""
    options = {} if stride is None else {"stride": stride, "return_overflowing_tokens": True}
    found = called(tokenizer, words, pair, side, is_split_into_words=True, truncation="longest_first", max_length=length, **options)
    named = "tail" if side == "left" else "longest_first"
    case = {"words": words, "pair": pair, "truncation": named, "max_length": length, "stride": stride}
    return case | {"windows": [row(encoding) for encoding in found]}


tokenizer = load({}, "uncased")
tokenizer.add_tokens(ADDED)
words = [
    words_case(tokenizer, words, pair, side, length, stride)
    for words in WORDS
    for pair in [None, *WORDS[:3]]
    for side in ("right", "left")
    for length, stride in ((40, None), (10, None), (6, None), (12, 2), (9, 0))
    # The windows of a pair come in another order where both of its sequences are cut.
    if stride is None or pair is None
]
words = ",\n".join(map(json.dumps, words))
(FOLDER / "words.json").write_text(f'{{"added": {json.dumps(ADDED)},\n"cases": [\n{words}\n]}}\n')
