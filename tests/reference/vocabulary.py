"""WordPiece vocabularies trained on texts in many languages, by the tokenizers library and by counting anew at each step.

    python tests/reference/vocabulary.py [ROOT]
    python tests/reference/vocabulary.py --check FOLDER

crates/tokenize/tests/fixtures/vocabulary.json
    `texts`: lists of texts by name; `cases`: for each the `texts` that it is trained on (`sample`: the texts of
    datasets/sample/train.jsonl), the options, and the `tokens` of the vocabulary in the order of their ids; what the words of
    the texts become (`whole`, `known` and `pieces`, each time that a word occurs); and the `ids` of each of the `hostile` texts,
    as BertTokenizer gives them from the vocabulary's vocab.txt

The first tokens are the special ones and the characters, as they begin a word and as they go on, each by code point. All others
come from the library's WordPieceTrainer, which is given the first ones as its special tokens so that ties have one answer. A
second trainer counts all pairs anew before each step, joins the most frequent pair (of equally frequent ones that of the smaller
ids), and checks that it makes a new token: both must agree on every token.

With --check, FOLDER has in a folder for each case what we saved of it, with our ids of the hostile texts in ids.json. The
tokenizer.json, and the vocab.txt and tokenizer_config.json without it, must give transformers the same ids.
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from common import REPOSITORY, output, pin

pin("tokenizers", "transformers")

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, BertTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MOST_CHARACTERS = 100

TEXTS = {
    "languages": [
        "The quick brown foxes jumped over the lazily sleeping dogs, and the dogs slept on; quickly, lazily, sleepily.",
        "Die schönsten Mädchen und die größten Jungen laufen über die Straßen; das Straßenfest ist das schönste Fest.",
        "L'élève a été très fâché: où étaient les élèves? Les forêts françaises étaient déjà là, près de l'hôtel.",
        "El niño pequeño comió mañana; los niños comieron mañanas y años, ¿verdad? ¡Sí, señor!",
        "İstanbul'da ışıklar yanıyor; ılık bir ilkbahar günü İzmir'de güneş doğuyor, ışık ışıl ışıl.",
        "Съешь же ещё этих мягких французских булок, да выпей чаю; мягкие булки съедены, чай выпит, ещё ёлка.",
        "Ο γρήγορος σκύλος τρέχει στους δρόμους· οι σκύλοι τρέχουν, ο δρόμος είναι μακρύς, ΟΔΟΣ και οδός.",
        "ذهب الولد إلى المدرسة، وكَتَبَ الدرسَ في الكتاب؛ المدرسة كبيرة والكتب كثيرة.",
        "הילד הלך אל בית הספר, והילדה קראה ספר; הספרים בבית.",
        "राम ने किताब पढ़ी और सीता ने किताबें पढ़ीं; हिन्दी की किताब अच्छी है।",
        "เด็กไปโรงเรียน เด็กอ่านหนังสือ หนังสือดีมาก",
        "中文的分词很难,中文的词没有空格。日本語の文章を読む、日本の本を読んだ。東京都に住む。",
        "한국어 문장을 읽는다, 한국의 책을 읽었다. 책과 문장, 한국어.",
        "Tiếng Việt có nhiều dấu: người Việt nói tiếng Việt, những người bạn tốt nhất.",
        "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich, Boxkampf und Deichbau.",
    ],
    "odd": [
        "aaaa aaaaa aaa aa a aaaaaaaa banana bananas anana nana ababab bababa abab",
        "[MASK] a masked [MASK] mask, [mask] [CLS][SEP] and [PAD]ded [UNK] words [UNUSED]",
        "e\u0301t\u0113 \u00e9t\u0113 na\u00efve cafe\u0301 caf\u00e9 CAF\u00c9 \ufb01ne fine \u0130 i\u0307 \u00df \u1e9e",
        "go\u0007od go\u200bod good\u00a0good\tgood\r\ngood\u2028good \u00ad \ufffd \u0000 good",
        "\U0001f3ac\U0001f3ac film \U0001f468\u200d\U0001f469\u200d\U0001f467 film \U0001f3ac film",
        "x" * 100 + " " + "y" * 101 + " " + "z" * 5000,
        "## ### #a ##a a## ##aa [ ] [[]] '' ``don't'' 3.14 1,000,000 $5 5\u20ac \u00bd \u2167",
        "",
        " \n\t ",
    ],
}

# Texts to encode: words of the training texts and others, in hostile spellings.
HOSTILE = [
    "The quickest foxes sleep; Mädchen MÄDCHEN mädchen maedchen",
    "école ÉCOLE e\u0301cole straße STRASSE İstanbul ışık ΟΔΟΣ ёлка Ёлка",
    "中文词 日本語 한국어 คน हिन्दी كتاب ספר",
    "[MASK] [mask] a[SEP]b [CLS] [PAD] ##a [UNK]",
    "go\u0007od\u200b \ufffd\u00a0x\tis\r\nnot\u2028great \u00ad",
    "\U0001f3ac\U0001f468\u200d\U0001f469 \u1e9e \ufb01 \u00bd x\u0301\u0302",
    "a" * 100,
    "a" * 101,
    "banana bananas anaconda aaaaaaa ababa",
    "",
    " \t\n",
]

CASES = {
    "languages, uncased": {"texts": "languages", "vocab_size": 700, "lowercase": True},
    "languages, cased": {"texts": "languages", "vocab_size": 760, "lowercase": False},
    "languages, few characters": {"texts": "languages", "vocab_size": 400, "limit_alphabet": 60, "lowercase": True},
    "languages, to the end": {"texts": "languages", "vocab_size": 5000, "min_frequency": 1, "lowercase": True},
    "odd, uncased": {"texts": "odd", "vocab_size": 150, "min_frequency": 1, "lowercase": True},
    "odd, cased": {"texts": "odd", "vocab_size": 160, "lowercase": False},
    "sample": {"texts": "sample", "vocab_size": 900, "lowercase": True},
}


def texts_of(name: str) -> list[str]:
    if name != "sample":
        return TEXTS[name]
    lines = (REPOSITORY / "datasets/sample/train.jsonl").read_text().splitlines()
    return [json.loads(line)["text"] for line in lines]


def normalizer(lowercase: bool):
    return normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=lowercase)


def words_of(texts: list[str], lowercase: bool) -> Counter:
    """The words, as BERT splits them; a special token is no word."""
    words = Counter()
    for text in texts:
        for token in SPECIAL:
            text = text.replace(token, " ")
        split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str(normalizer(lowercase).normalize_str(text))
        words.update(word for word, _ in split)
    return words


def first_tokens(words: Counter, limit: int) -> tuple[list[str], set[str]]:
    """The special tokens and the characters, and the words that have no other characters."""
    counts = Counter()
    for word, count in words.items():
        for character in word:
            counts[character] += count
    kept = set(sorted(counts, key=lambda character: (-counts[character], character))[:limit])
    whole = {word for word in words if set(word) <= kept}
    continuing = {character for word in whole for character in word[1:]}
    return SPECIAL + sorted(kept) + ["##" + character for character in sorted(continuing)], whole


def by_the_library(words: Counter, first: list[str], size: int, least: int) -> list[str]:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(vocab_size=size, min_frequency=least, special_tokens=first, show_progress=False)
    tokenizer.train_from_iterator((word for word, count in words.items() for _ in range(count)), trainer)
    vocabulary = tokenizer.get_vocab()
    return sorted(vocabulary, key=vocabulary.get)


def by_counting(words: Counter, first: list[str], size: int, least: int) -> list[str]:
    ids = {token: index for index, token in enumerate(first)}
    spelled = {word: [word[0]] + ["##" + character for character in word[1:]] for word in words}
    while len(ids) < size:
        pairs = Counter()
        for word, pieces in spelled.items():
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] += words[word]
        if not pairs:
            break
        (one, other), count = min(pairs.items(), key=lambda item: (-item[1], ids[item[0][0]], ids[item[0][1]]))
        if count < least:
            break
        joined = one + other.removeprefix("##")
        assert joined not in ids, f"{joined} is made by two pairs"
        ids[joined] = len(ids)
        for word, pieces in spelled.items():
            at, kept = 0, []
            while at < len(pieces):
                if pieces[at : at + 2] == [one, other]:
                    kept.append(joined)
                    at += 2
                else:
                    kept.append(pieces[at])
                    at += 1
            spelled[word] = kept
    return list(ids)


def saved(tokens: list[str], lowercase: bool) -> BertTokenizer:
    """transformers' tokenizer of a vocab.txt, with a config only where it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vocab.txt").write_text("".join(token + "\n" for token in tokens), encoding="utf-8")
        if not lowercase:
            (Path(folder) / "tokenizer_config.json").write_text('{"do_lower_case": false}')
        return BertTokenizer.from_pretrained(folder)


def case(name: str, options: dict) -> dict:
    size, least, limit = options["vocab_size"], options.get("min_frequency", 2), options.get("limit_alphabet", 1000)
    texts = texts_of(options["texts"])
    words = words_of(texts, options["lowercase"])
    long = {word: count for word, count in words.items() if len(word) > MOST_CHARACTERS}
    short = Counter({word: count for word, count in words.items() if word not in long})
    first, whole = first_tokens(short, limit)
    learnt = Counter({word: count for word, count in short.items() if word in whole})
    tokens = by_the_library(learnt, first, size, least)
    assert tokens == by_counting(learnt, first, size, least), f"{name}: the library joins other pairs"
    tokenizer = saved(tokens, options["lowercase"])
    pieces = {word: tokenizer.tokenize(word) for word in short}
    known = {word: found for word, found in pieces.items() if found != ["[UNK]"]}
    print(f"{name}: {len(tokens)} tokens of {len(words)} words")
    return {
        "name": name,
        "texts": options["texts"],
        "options": {"vocab_size": size, "min_frequency": least, "limit_alphabet": limit, "lowercase": options["lowercase"]},
        "tokens": tokens,
        "words": words.total(),
        "long": sum(long.values()),
        "distinct": len(short),
        "whole": sum(short[word] for word, found in known.items() if len(found) == 1),
        "known": sum(short[word] for word in known),
        "pieces": sum(short[word] * len(found) for word, found in known.items()),
        "ids": [tokenizer(text)["input_ids"] for text in HOSTILE],
    }


def check(folder: Path) -> None:
    checked = 0
    for path in sorted(folder.iterdir()):
        ours = json.loads((path / "ids.json").read_text())
        for what in ("tokenizer.json", "vocab.txt"):
            tokenizer = AutoTokenizer.from_pretrained(path)
            assert [tokenizer(text)["input_ids"] for text in HOSTILE] == ours, f"{path}, {what}"
            assert tokenizer.model_max_length == 512 and tokenizer.mask_token_id == 4 and tokenizer.pad_token_id == 0
            checked += 1
            (path / "tokenizer.json").unlink(missing_ok=True)
    assert checked, f"nothing is in {folder}"
    print(f"{checked} saved vocabularies are the same in transformers")


if sys.argv[1:2] == ["--check"]:
    check(Path(sys.argv[2]))
else:
    cases = ",\n".join(json.dumps(case(name, options)) for name, options in CASES.items())
    texts, hostile = json.dumps(TEXTS), json.dumps(HOSTILE)
    path = output("crates/tokenize/tests/fixtures/vocabulary.json")
    path.write_text(f'{{"texts": {texts},\n"hostile": {hostile},\n"cases": [\n{cases}\n]}}\n')
