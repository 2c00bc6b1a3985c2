"""What transformers makes of 3,000 texts, film reviews and hostile ones, with vocabularies of several thousand tokens.

    EMBERT_MINILM=FOLDER python tests/reference/tokens.py [ROOT]

texts.json            the texts, one a line. Text i is paired with text i + 1, the last one with the first
uncased/, cased/      a WordPiece vocabulary trained on the texts, and its tokenizer_config.json
cased-saved/          the cased one as transformers saves it after use, with a truncation and a padding of its own
expected.json         a hash for each text (a line) in each setting (`settings`, in the line's order): vocabulary, single or
                      paired, truncation strategy. Text i is cut to entry i, modulo their number, of `max_lengths`. `cut`
                      counts texts that lost tokens, `refused` those that transformers raises for
expected-minilm.json  the same with the tokenizer of sentence-transformers/all-MiniLM-L6-v2, whose folder EMBERT_MINILM names;
                      without it, this file is left alone

A hash is the first 8 hexadecimal digits of SHA-256 over ASCII text: three lines, each ended by a line feed, with ids, token
types and attention mask, decimal and separated by commas; or, where transformers raises, `refused: ` and its words.
"""

import hashlib
import itertools
import json
import os
import random
import tempfile
import unicodedata
from pathlib import Path

from common import REPOSITORY, output, pin

# No network; and the tokenizer_config.json that transformers saves says whether there was one.
os.environ["HF_HUB_OFFLINE"] = "1"
pin("transformers", "tokenizers")

import transformers
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from tokenizers.trainers import WordPieceTrainer
from transformers import AutoTokenizer, BertTokenizerFast

transformers.logging.set_verbosity_error()
FIXTURE = "tests/fixtures/tokens"
COUNT = 3000
VOCAB_SIZE = 4000
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TRUNCATIONS = ("longest_first", "only_first", "only_second")
# Reviews of a sentence or two are longer than the first, paragraphs of thirty sentences than the last.
MAX_LENGTHS = (10, 32, 96, 256)

rng = random.Random(3)


# --- Texts like those of the Internet Movie Database ---------------------------------------------------------------

SENTENCES = [
    sentence.strip() + "."
    for name in ("train", "validation", "test")
    for line in (REPOSITORY / "datasets/sample" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    for sentence in json.loads(line)["text"].rstrip(".").split(". ")
]

ASIDES = """10/10 | 1/10 | 7.5/10 | ***1/2 (out of four) | *** out of ***** | B+ | (1997) | (*SPOILERS*) | SPOILER ALERT!!! |
"The Good, the Bad & the Ugly" | 'So-called' acting... | I mean, ... what?! | wait.......for.......it |
&quot;classic&quot; | &amp; | Mr. O'Brien's | rock'n'roll | it's its' | $1,000,000 | 50% off | #1 | e.g. | i.e., |
U.S.A. | a.k.a. | Dr.Strangelove | http://www.example.org/title/tt0012345/ | -- | --well-- | state-of-the-art |
90-minute | 1930's | '70s | 3-D | WWII | 16:9 | 24fps | A++++ | :-) | :( | ;) | ^_^ | <i>really</i> | <br/> | <BR> |
< br / > | \\n | ~ | `quoted' | {sic} | [sic] | a/b/c | CO2 | 2+2=5 | @someone | no1curr | aaaaaargh | zzzzzz |
ha ha ha ha"""
ASIDES = ASIDES.replace("\n", " ").split(" | ")


def review(least: int, most: int) -> str:
    """Sentences of the sample, disfigured as people disfigure them."""
    parts = []
    for _ in range(rng.randint(least, most)):
        sentence = rng.choice(SENTENCES)
        kind = rng.random()
        if kind < 0.08:
            sentence = sentence.upper()
        elif kind < 0.16:
            words = sentence.split(" ")
            words[rng.randrange(len(words))] = rng.choice(words).upper() + rng.choice(["!", "!!!", "?!", "", ","])
            sentence = " ".join(words)
        elif kind < 0.22:
            sentence = f'"{sentence}"'
        elif kind < 0.28:
            sentence = sentence[:-1] + rng.choice(["...", "....", "…", " . . .", "!!", "?"])
        elif kind < 0.40:
            sentence = f"{sentence} {rng.choice(ASIDES)}"
        elif kind < 0.43:
            sentence = sentence.replace(" ", "  ").replace("'", "’")
        parts.append(sentence)
        parts.append(rng.choice(["<br /><br />", " <br /><br /> "]) if rng.random() < 0.15 else " ")
    return "".join(parts).strip()


# --- Hostile texts -------------------------------------------------------------------------------------------------
# Code points are chosen from ranges that stand here, not by category: which version of Unicode Python knows must not matter.


def ranges(hexadecimal: str) -> list[str]:
    """The characters that are listed as `0300-036F 1680`."""
    ends = [[int(end, 16) for end in part.split("-")] for part in hexadecimal.split()]
    return [chr(code) for first, *last in ends for code in range(first, (last or [first])[0] + 1)]


def drawn(characters: list[str], least: int = 1, most: int = 12) -> str:
    return "".join(rng.choice(characters) for _ in range(rng.randint(least, most)))


def words() -> list[str]:
    return rng.choice(SENTENCES).split(" ")[:12]


def among(piece) -> str:
    """What `piece` draws, as words of their own, at the ends of words and inside them."""
    parts = []
    for word in words():
        at = rng.randrange(len(word) + 1)
        parts.append(
            rng.choice(
                [word, word, word + piece(), piece() + word, word[:at] + piece() + word[at:], word + " " + piece()]
            )
        )
    return rng.choice([" ", " ", " ", ""]).join(parts)


ACCENTED = """café naïve Zoë coöperate façade jalapeño Ångström Þórr Œuvre Dvořák Łódź Hồ Chí Minh Việt Nam ÇA VA ĞÜZEL
Ÿ Ǖ ǘ ǚ ḝ Ṩ ự Ế Ά έ ΐ ώ Ἀχιλλεύς ᾧ ЙОЖ ёлка їжак ў""".split()
LATIN_MARKS = ranges("0300-036F")
MARKS = LATIN_MARKS + ranges(
    """0483-0489 0591-05BD 064B-065F 0900-0903 093C-094D 0E31-0E3A 1AB0-1ABE 1DC0-1DFF 20D0-20F0 302A-302F 3099-309A
    FE00-FE0F FE20-FE2F 1D165-1D169 E0100-E010F"""
)
# With the ends of each block that BERT calls Chinese, and their neighbours.
CJK = ranges(
    """4E00-4E40 5F71-5F80 7535-7540 9FA0-A000 3400-3410 4DB0-4DC0 F900-F910 FAF0-FB00 1FFFF-20005 2A6D0-2A6E0
    2A700-2A703 2B73E-2B742 2B81C-2B822 2CEAE-2CEB2 2F800-2F805 2FA1B-2FA21 30000-30002 2E80-2E83 2F00-2F04
    31C0-31C2 3001-3011 FF01-FF0F"""
)
JAPANESE = ranges("3041-3096 30A1-30FE 3099-309F FF66-FF9F 31F0-31FF 3220-3230 337B-337F")
KOREAN = ranges("AC00-AC40 C601-C640 D780-D7A3 1100-1112 1161-1175 11A8-11C2 3131-3163 FFA1-FFB0")
BRAHMIC = ranges(
    """0E01-0E3A 0E3F-0E5B 0905-0939 093E-094D 0B85-0B8A 0BBE-0BC2 1000-1021 1780-17B3 0F40-0F47 0F71-0F7E 0EC8-0ECD"""
)
EMOJI = """👍 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇫🇷 🇩🇪🇯🇵 🇦 ❤️ ❤ ☺︎ 1️⃣ #️⃣ ©️ ™
🤦🏿‍♂️ 🧑🏻‍💻 🎬 🎬🎬🎬 😀 ★★☆☆ ⭐️ 🫠 👁️‍🗨️ ⏏ 🀄 🅰️ 🈚 ㊗️ 🏽 \u200d \ufe0f""".split()
RIGHT_TO_LEFT = ranges(
    """05D0-05EA 05B0-05BD 0621-064A 064B-0652 0660-0669 06F0-06F9 0710-0715 07C0-07C5 FB1D-FB20 FE8D-FE95 1E900-1E905
    061B 061F 0640 05BE"""
)
BIDI = ranges("200E-200F 202A-202E 2066-2069 061C")
CONTROLS = ranges("0000-001F 007F-009F")
ZERO_WIDTH = ranges("200B-200F 2060-2064 FFF9-FFFB E0001 E0020-E0030 FEFF 034F 115F 1160 17B4 180E 3164 FFA0")
SPACES = ranges("0009-000D 001C-0020 2000-200A 2028-2029 0085 00A0 1680 180E 202F 205F 3000 200B 2800")
PRIVATE = ranges("E000-E010 F8F0-F8FF F0000-F0005 FFFF0-FFFFD 100000-100005 10FFF0-10FFFD")
# Unassigned so far, and never to be assigned.
UNASSIGNED = ranges(
    """0378-0379 0530 2FE0-2FEF 1FFFE-1FFFF FDD0-FDEF FFFE-FFFF E0080-E0090 E1000-E1005 40000-40005 EFFFE-EFFFF
    10FFFE-10FFFF"""
)
CASING = [*"ßẞİıŉǰΐΰΣςσﬁﬂﬃﬅſKÅΩǅǈǋǲªºµⅣⅷⒶⓩＡｚĿŀǄᲐაᎠꭰ𐐀𐐨𝐀𝒜𝔸𝟘ⱥȺẖẗաևԱՒѠѡꙀΆἈᾈᾳᾼ", "i\u0307", "I\u0307", "j\u030c", "\u0345"]
CASING += ["ΑΣ", "ΑΣ.", "ὈΔΥΣΣΕΎΣ"]
PUNCTUATION = ranges(
    """0021-002F 003A-0040 005B-0060 007B-007E 00A1-00BF 2010-2027 2030-205E 20A0-20BF 2116-2122 2190-2199 2200-2210
    2308-230B 2768-2775 27E6-27EF 2E00-2E2E 3008-301F FE10-FE19 FE30-FE52 FF5B-FF65"""
) + list("·;·֊׀׃׆׳״؉،۔।॥๏๚༄᠀᰻᱾⳹⸺꙳꡴꣎𐄀𐎟𐏐𑁇𒑰𖩮𝪇")
DIGITS = ranges("0030-0039 00B2-00B3 00BC-00BE 0966-096F 0E50-0E59 2150-2153 2460-2465 3021-3025 FF10-FF19 1D7CE-1D7D7")
EVERYTHING = ((0x0000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x323AF), (0xE0000, 0xE01EF))
BLANKS = ["\ufeff", "\ufffd", "\u0000", "\ufffd\ufffd"]
SPELLINGS = """[CLS] [SEP] [MASK] [PAD] [UNK] [cls] [Mask] [mask] [MASK][MASK] [MASK]ed un[MASK] [MASK [[MASK]] MASK]
[CLS][SEP] ##ing ## # ## [unused0] [UNUSED] <mask> <s> </s> ［MASK］ [MÁSK] [MA\u0301SK] [MASK\u200b] [\u200bMASK] [MASK\u00ad]
[MA\u00adSK] [MASK]\u0301 [ＭＡＳＫ] \u202e[MASK]\u202c""".split() + ["[ MASK ]", "[MASK\n]", " [MASK]"]


def long_word() -> str:
    """Around 100 characters, beyond which WordPiece gives up, and far beyond; some are shorter once accents are gone."""
    length = rng.choice([99, 100, 101, 102, 150, 1000])
    letter = rng.choice("a A é e\u0301 x\u0336\u0353 ß İ ни ก 𝐀 1 가 ab er - 中 \u00ad ab\u200d".split())
    word = (letter * length)[:length]
    return rng.choice([word, " ".join([*words()[:4], word, *words()[:3]]), f"{word} {word[:-1]}", f"{word}."])


def anything() -> str:
    return chr(rng.randint(*rng.choice(EVERYTHING)))


HOSTILE = {
    "composed accents": lambda: among(lambda: unicodedata.normalize("NFC", rng.choice(ACCENTED))),
    "decomposed accents": lambda: among(lambda: unicodedata.normalize("NFD", rng.choice(ACCENTED))),
    "stacked marks": lambda: among(lambda: rng.choice("aeozyTQ ") + drawn(MARKS, 1, 9)),
    "accents on any letter": lambda: "".join(
        letter + rng.choice(["", rng.choice(LATIN_MARKS)]) for letter in " ".join(words()[:6])
    ),
    "Chinese": lambda: among(lambda: drawn(CJK)),
    "Japanese": lambda: among(lambda: drawn(JAPANESE)),
    "Korean": lambda: among(lambda: drawn(KOREAN)),
    "Thai and its kin": lambda: among(lambda: drawn(BRAHMIC)),
    "emoji": lambda: among(lambda: rng.choice(EMOJI)),
    "right to left": lambda: among(lambda: rng.choice(["", rng.choice(BIDI)]) + drawn(RIGHT_TO_LEFT)),
    "controls": lambda: among(lambda: drawn(CONTROLS, 1, 2)),
    "zero width": lambda: among(lambda: drawn(ZERO_WIDTH + BIDI, 1, 2)),
    "soft hyphens": lambda: "\u00ad".join(" ".join(words()[:4])) if rng.random() < 0.3 else among(lambda: "\u00ad"),
    "spaces": lambda: "".join(word + drawn(SPACES, 1, 3) for word in words()),
    "only spaces": lambda: drawn(SPACES, 0, 6),
    "private": lambda: among(lambda: drawn(PRIVATE, 1, 3)),
    "unassigned": lambda: among(lambda: drawn(UNASSIGNED, 1, 3)),
    "casing": lambda: among(lambda: drawn(CASING, 1, 4)),
    "punctuation": lambda: among(lambda: drawn(PUNCTUATION, 1, 4)),
    "digits": lambda: among(lambda: drawn(DIGITS, 1, 6)),
    "long words": long_word,
    "special tokens": lambda: among(lambda: rng.choice(SPELLINGS)),
    "only special tokens": lambda: rng.choice(["", " "]).join(rng.choice(SPELLINGS) for _ in range(rng.randint(1, 5))),
    "signatures and blanks": lambda: rng.choice([*BLANKS, ""]) + among(lambda: rng.choice(BLANKS)),
    "anything": lambda: "".join(
        rng.choice([anything, anything, lambda: rng.choice("ab ")])() for _ in range(rng.randint(1, 16))
    ),
}
# What a draw might miss.
FIXED = [
    "", "", " ", "   ", "\t\r\n", "\u00a0", "\u3000", "\u200b", "\ufeff", "\ufffd", "\u0000", "\u00ad", "\u0301",
    "[MASK]", " [MASK] ", "[MASK] [MASK]", "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[mask]", "a", "A", ".", "...",
    "中", "👩‍👩‍👧‍👦", "<br />", "\ufeffThe film", "the\u0000film",
]


def texts() -> list[str]:
    made = list(FIXED)
    made += [review(24, 40) for _ in range(140)]
    for number in range(1100):
        made.append(list(HOSTILE.values())[number % len(HOSTILE)]())
    made += [review(1, 5) for _ in range(COUNT - len(made))]
    # Each kind meets each of the lengths, and pairs are of two kinds.
    rng.shuffle(made)
    assert len(made) == COUNT and len(set(made)) > 0.98 * COUNT
    return made


# --- Vocabularies --------------------------------------------------------------------------------------------------


def vocabulary(texts: list[str], lowercase: bool) -> list[str]:
    """A vocabulary of the library's own trainer.

    That numbers the characters inside words as its hash tables have them, and breaks ties by number; here they are given.
    """
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    normal = [normalizer.normalize_str(text) for text in texts]
    seen = [set(text) for text in normal]
    # Characters of few texts stay out, so that there is something unknown.
    common = {letter for letter in set().union(*seen) if letter.strip() and sum(letter in text for text in seen) >= 4}
    normal = ["".join(letter if letter in common else " " for letter in text) for text in normal]
    alphabet = sorted(common)
    trainer = WordPieceTrainer(
        vocab_size=VOCAB_SIZE,
        min_frequency=2,
        show_progress=False,
        special_tokens=SPECIAL + alphabet + ["##" + letter for letter in alphabet],
    )
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(normal, trainer)
    ids = tokenizer.get_vocab(with_added_tokens=False)
    tokens = sorted(ids, key=ids.get)
    assert len(tokens) == VOCAB_SIZE and [ids[token] for token in tokens] == list(range(VOCAB_SIZE))
    return tokens


# --- What transformers makes of them -------------------------------------------------------------------------------


def encoded(tokenizer, text: str, pair: str | None, **options) -> str:
    # As a batch: alone, an empty second text is taken for none.
    try:
        encoding = tokenizer([text], None if pair is None else [pair], **options)
    except Exception as error:  # the library raises plain Exceptions
        message = str(error)
        assert message.startswith("Truncation error: "), message
        return "refused: " + message.removeprefix("Truncation error: ")
    rows = (encoding[key][0] for key in ("input_ids", "token_type_ids", "attention_mask"))
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def expected(path: str, texts: list[str], tokenizers: dict) -> None:
    settings, columns = [], []
    lengths = [MAX_LENGTHS[index % len(MAX_LENGTHS)] for index in range(COUNT)]
    for (name, tokenizer), paired in itertools.product(tokenizers.items(), (False, True)):
        pairs = texts[1:] + texts[:1] if paired else [None] * COUNT
        too_long = sum(
            encoded(tokenizer, text, pair).split("\n")[0].count(",") + 1 > length
            for text, pair, length in zip(texts, pairs, lengths)
        )
        for truncation in TRUNCATIONS:
            results = [
                encoded(tokenizer, text, pair, truncation=truncation, max_length=length)
                for text, pair, length in zip(texts, pairs, lengths)
            ]
            refused = sum(result.startswith("refused") for result in results)
            setting = {"vocabulary": name, "paired": paired, "truncation": truncation}
            setting |= {"cut": too_long - refused, "refused": refused}
            # A fixture in which little is cut compares little; and only a text that may be cut is.
            assert too_long > COUNT * 0.3, setting
            may_cut = paired or truncation != "only_second"
            may_refuse = truncation != "longest_first" and (paired or truncation == "only_second")
            assert [may_cut, may_refuse] == [count > COUNT * 0.1 for count in (too_long - refused, refused)], setting
            settings.append(setting)
            columns.append([hashlib.sha256(result.encode("ascii")).hexdigest()[:8] for result in results])
    lines = ",\n".join(json.dumps(" ".join(row)) for row in zip(*columns))
    settings = ",\n".join(map(json.dumps, settings))
    head = f'{{"max_lengths": {json.dumps(MAX_LENGTHS)},\n"settings": [\n{settings}\n],\n"hashes": [\n'
    output(f"{FIXTURE}/{path}").write_text(head + lines + "\n]}\n")


TEXTS = texts()
# In ASCII: the file is to be read by people, in editors that would obey its control characters.
output(f"{FIXTURE}/texts.json").write_text("[\n" + ",\n".join(map(json.dumps, TEXTS)) + "\n]\n")

made = {}
for name, config in {"uncased": {"do_lower_case": True}, "cased": {"do_lower_case": False}}.items():
    tokens = vocabulary(TEXTS, config["do_lower_case"])
    output(f"{FIXTURE}/{name}/vocab.txt").write_text("".join(token + "\n" for token in tokens), encoding="utf-8")
    folder = output(f"{FIXTURE}/{name}/tokenizer_config.json")
    folder.write_text(json.dumps(config) + "\n")
    made[name] = BertTokenizerFast.from_pretrained(folder.parent)
expected("expected.json", TEXTS, made)

# What it did last is in the file that it saves.
made["cased"](["a b c"], padding="max_length", truncation="longest_first", max_length=24)
with tempfile.TemporaryDirectory() as folder:
    made["cased"].save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        output(f"{FIXTURE}/cased-saved/{name}").write_bytes((Path(folder) / name).read_bytes())

if minilm := os.environ.get("EMBERT_MINILM"):
    expected("expected-minilm.json", TEXTS, {"minilm": AutoTokenizer.from_pretrained(minilm)})
