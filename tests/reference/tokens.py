"""What transformers makes of 3,000 texts, film reviews and hostile ones, with vocabularies of several thousand tokens.

    EMBERT_MINILM=FOLDER python tests/reference/tokens.py [ROOT]

texts.json            the texts, one a line. Text i is paired with text i + 1, the last one with the first
uncased/, cased/      a WordPiece vocabulary trained on the texts, and its tokenizer_config.json
cased-saved/          the cased one as transformers saves it after use, with a truncation and a padding of its own
expected.json         a hash for each text (a line) in each setting (`settings`, in the line's order): vocabulary, single or
                      paired, truncation strategy. `max_lengths` is gone through again and again: text i has entry i modulo
                      their number. `cut` counts texts that lost tokens, `refused` those that transformers raises for
expected-minilm.json  the same with the tokenizer of sentence-transformers/all-MiniLM-L6-v2, whose folder EMBERT_MINILM names;
                      without it, this file is left alone

A hash is the first 8 hexadecimal digits of SHA-256 over this ASCII text: three lines, each ended by a line feed, with ids, token
types and attention mask, decimal and separated by commas; or, where transformers raises, `refused: ` and its words.
"""

import hashlib
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
"The Good, the Bad & the Ugly" | 'So-called' acting... | I mean, ... what?! | wait.......for.......it | &quot;classic&quot; | &amp; |
Mr. O'Brien's | rock'n'roll | it's its' | $1,000,000 | 50% off | #1 | e.g. | i.e., | U.S.A. | a.k.a. | Dr.Strangelove | http://www.example.org/title/tt0012345/ |
-- | --well-- | state-of-the-art | 90-minute | 1930's | '70s | 3-D | WWII | 16:9 | 24fps | A++++ | :-) | :( | ;) | ^_^ | <i>really</i> |
<br/> | <BR> | < br / > | \\n | ~ | `quoted' | {sic} | [sic] | a/b/c | CO2 | 2+2=5 | @someone | no1curr | aaaaaargh | zzzzzz | ha ha ha ha""".replace("\n", " ").split(" | ")


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


def ranges(*pairs: tuple[int, int]) -> list[str]:
    return [chr(code) for first, last in pairs for code in range(first, last + 1)]


def drawn(characters: list[str], least: int = 1, most: int = 12) -> str:
    return "".join(rng.choice(characters) for _ in range(rng.randint(least, most)))


def words() -> list[str]:
    return rng.choice(SENTENCES).split(" ")[:12]


def among(piece) -> str:
    """What `piece` draws, as words of their own, at the ends of words and inside them."""
    parts = []
    for word in words():
        at = rng.randrange(len(word) + 1)
        parts.append(rng.choice([word, word, word + piece(), piece() + word, word[:at] + piece() + word[at:], word + " " + piece()]))
    return rng.choice([" ", " ", " ", ""]).join(parts)


ACCENTED = """café naïve Zoë coöperate façade jalapeño Ångström Þórr Œuvre Dvořák Łódź Hồ Chí Minh Việt Nam ÇA VA ĞÜZEL Ÿ Ǖ ǘ ǚ ḝ Ṩ ự Ế
Ά έ ΐ ώ Ἀχιλλεύς ᾧ ЙОЖ ёлка їжак ў""".split()
LATIN_MARKS = ranges((0x0300, 0x036F))
MARKS = LATIN_MARKS + ranges(
    (0x0483, 0x0489), (0x0591, 0x05BD), (0x064B, 0x065F), (0x0900, 0x0903), (0x093C, 0x094D), (0x0E31, 0x0E3A), (0x1AB0, 0x1ABE),
    (0x1DC0, 0x1DFF), (0x20D0, 0x20F0), (0x302A, 0x302F), (0x3099, 0x309A), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0x1D165, 0x1D169), (0xE0100, 0xE010F),
)
# With the ends of each block that BERT calls Chinese, and their neighbours.
CJK = ranges((0x4E00, 0x4E40), (0x5F71, 0x5F80), (0x7535, 0x7540), (0x9FA0, 0xA000), (0x3400, 0x3410), (0x4DB0, 0x4DC0), (0xF900, 0xF910), (0xFAF0, 0xFB00)) + ranges(
    (0x1FFFF, 0x20005), (0x2A6D0, 0x2A6E0), (0x2A700, 0x2A703), (0x2B73E, 0x2B742), (0x2B81C, 0x2B822), (0x2CEAE, 0x2CEB2), (0x2F800, 0x2F805), (0x2FA1B, 0x2FA21), (0x30000, 0x30002),
    (0x2E80, 0x2E83), (0x2F00, 0x2F04), (0x31C0, 0x31C2), (0x3001, 0x3011), (0xFF01, 0xFF0F),
)
JAPANESE = ranges((0x3041, 0x3096), (0x30A1, 0x30FE), (0x3099, 0x309F), (0xFF66, 0xFF9F), (0x31F0, 0x31FF), (0x3220, 0x3230), (0x337B, 0x337F))
KOREAN = ranges((0xAC00, 0xAC40), (0xC601, 0xC640), (0xD780, 0xD7A3), (0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2), (0x3131, 0x3163), (0xFFA1, 0xFFB0))
BRAHMIC = ranges((0x0E01, 0x0E3A), (0x0E3F, 0x0E5B), (0x0905, 0x0939), (0x093E, 0x094D), (0x0B85, 0x0B8A), (0x0BBE, 0x0BC2), (0x1000, 0x1021), (0x1780, 0x17B3), (0x0F40, 0x0F47), (0x0F71, 0x0F7E), (0x0EC8, 0x0ECD))
EMOJI = """👍 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇫🇷 🇩🇪🇯🇵 🇦 ❤️ ❤ ☺︎ 1️⃣ #️⃣ ©️ ™ 🤦🏿‍♂️ 🧑🏻‍💻 🎬 🎬🎬🎬 😀 ★★☆☆ ⭐️ 🫠 👁️‍🗨️ ⏏ 🀄 🅰️ 🈚 ㊗️ 🏽 ‍ ️""".split(" ")
RIGHT_TO_LEFT = ranges((0x05D0, 0x05EA), (0x05B0, 0x05BD), (0x0621, 0x064A), (0x064B, 0x0652), (0x0660, 0x0669), (0x06F0, 0x06F9), (0x0710, 0x0715), (0x07C0, 0x07C5), (0xFB1D, 0xFB20), (0xFE8D, 0xFE95), (0x1E900, 0x1E905)) + ["\u061b", "\u061f", "\u0640", "\u05be"]
BIDI = ranges((0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069)) + ["\u061c"]
CONTROLS = ranges((0x00, 0x1F), (0x7F, 0x9F))
ZERO_WIDTH = ranges((0x200B, 0x200F), (0x2060, 0x2064), (0xFFF9, 0xFFFB), (0xE0001, 0xE0001), (0xE0020, 0xE0030)) + ["\ufeff", "\u034f", "\u115f", "\u1160", "\u17b4", "\u180e", "\u3164", "\uffa0"]
SPACES = ranges((0x09, 0x0D), (0x1C, 0x20), (0x2000, 0x200A), (0x2028, 0x2029)) + ["\u0085", "\u00a0", "\u1680", "\u180e", "\u202f", "\u205f", "\u3000", "\u200b", "\u2800"]
PRIVATE = ranges((0xE000, 0xE010), (0xF8F0, 0xF8FF), (0xF0000, 0xF0005), (0xFFFF0, 0xFFFFD), (0x100000, 0x100005), (0x10FFF0, 0x10FFFD))
# Unassigned so far, and never to be assigned.
UNASSIGNED = ranges((0x0378, 0x0379), (0x0530, 0x0530), (0x2FE0, 0x2FEF), (0x1FFFE, 0x1FFFF), (0xFDD0, 0xFDEF), (0xFFFE, 0xFFFF), (0xE0080, 0xE0090), (0xE1000, 0xE1005), (0x40000, 0x40005), (0xEFFFE, 0xEFFFF), (0x10FFFE, 0x10FFFF))
CASING = list("ßẞİıŉǰΐΰΣςσﬁﬂﬃﬅſKÅΩǅǈǋǲªºµⅣⅷⒶⓩＡｚĿŀǄᲐაᎠꭰ𐐀𐐨𝐀𝒜𝔸𝟘ⱥȺẖẗաևԱՒѠѡꙀΆἈᾈᾳᾼ") + ["i\u0307", "I\u0307", "j\u030c", "\u0345", "ΑΣ", "ΑΣ.", "ὈΔΥΣΣΕΎΣ"]
PUNCTUATION = ranges((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E), (0xA1, 0xBF), (0x2010, 0x2027), (0x2030, 0x205E), (0x20A0, 0x20BF), (0x2116, 0x2122), (0x2190, 0x2199), (0x2200, 0x2210), (0x2308, 0x230B), (0x2768, 0x2775), (0x27E6, 0x27EF), (0x2E00, 0x2E2E), (0x3008, 0x301F), (0xFE10, 0xFE19), (0xFE30, 0xFE52), (0xFF5B, 0xFF65)) + list("·;·֊׀׃׆׳״؉،۔।॥๏๚༄᠀᰻᱾⳹⸺꙳꡴꣎𐄀𐎟𐏐𑁇𒑰𖩮𝪇")
DIGITS = ranges((0x30, 0x39), (0xB2, 0xB3), (0xBC, 0xBE), (0x0966, 0x096F), (0x0E50, 0x0E59), (0x2150, 0x2153), (0x2460, 0x2465), (0x3021, 0x3025), (0xFF10, 0xFF19), (0x1D7CE, 0x1D7D7))
EVERYTHING = ((0x0000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x323AF), (0xE0000, 0xE01EF))
SPELLINGS = """[CLS] [SEP] [MASK] [PAD] [UNK] [cls] [Mask] [mask] [MASK][MASK] [MASK]ed un[MASK] [ MASK ] [MASK [[MASK]] MASK] [CLS][SEP] ##ing ## # ##
[unused0] [UNUSED] <mask> <s> </s> ［MASK］ [MÁSK] [MA\u0301SK] [MASK\u200b] [\u200bMASK] [MASK\u00ad] [MA\u00adSK] [MASK]\u0301 [ＭＡＳＫ] \u202e[MASK]\u202c""".split()


def long_word() -> str:
    """Around 100 characters, beyond which WordPiece gives up, and far beyond; some are shorter once accents are gone."""
    length = rng.choice([99, 100, 101, 102, 150, 1000])
    letter = rng.choice(["a", "A", "é", "e\u0301", "x\u0336\u0353", "ß", "İ", "ни", "ก", "𝐀", "1", "가", "ab", "er", "-", "中", "\u00ad", "ab\u200d"])
    word = (letter * length)[:length]
    return rng.choice([word, " ".join([*words()[:4], word, *words()[:3]]), f"{word} {word[:-1]}", f"{word}."])


def anything() -> str:
    return chr(rng.randint(*rng.choice(EVERYTHING)))


HOSTILE = {
    "composed accents": lambda: among(lambda: unicodedata.normalize("NFC", rng.choice(ACCENTED))),
    "decomposed accents": lambda: among(lambda: unicodedata.normalize("NFD", rng.choice(ACCENTED))),
    "stacked marks": lambda: among(lambda: rng.choice("aeozyTQ ") + drawn(MARKS, 1, 9)),
    "accents on any letter": lambda: "".join(letter + rng.choice(["", rng.choice(LATIN_MARKS)]) for letter in " ".join(words()[:6])),
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
    "signatures and blanks": lambda: rng.choice(["\ufeff", "\ufffd", "\u0000", ""]) + among(lambda: rng.choice(["\ufeff", "\ufffd", "\u0000", "\ufffd\ufffd"])),
    "anything": lambda: "".join(rng.choice([anything, anything, lambda: rng.choice("ab ")])() for _ in range(rng.randint(1, 16))),
}
# What a draw might miss.
FIXED = ["", "", " ", "   ", "\t\r\n", "\u00a0", "\u3000", "\u200b", "\ufeff", "\ufffd", "\u0000", "\u00ad", "\u0301", "[MASK]", " [MASK] ", "[MASK] [MASK]", "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[mask]", "a", "A", ".", "...", "中", "👩‍👩‍👧‍👦", "<br />", "\ufeffThe film", "the\u0000film"]


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
    """A vocabulary of the library's own trainer, which numbers pieces as its hash tables have them: `##x` are numbered before."""
    normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    normal = [normalizer.normalize_str(text) for text in texts]
    seen = [set(text) for text in normal]
    # Characters of few texts stay out, so that there is something unknown.
    common = {letter for letter in set().union(*seen) if letter.strip() and sum(letter in text for text in seen) >= 4}
    normal = ["".join(letter if letter in common else " " for letter in text) for text in normal]
    alphabet = sorted(common)
    trainer = WordPieceTrainer(vocab_size=VOCAB_SIZE, min_frequency=2, show_progress=False, special_tokens=SPECIAL + alphabet + ["##" + letter for letter in alphabet])
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
        words = str(error)
        assert words.startswith("Truncation error: "), words
        return "refused: " + words.removeprefix("Truncation error: ")
    rows = (encoding[key][0] for key in ("input_ids", "token_type_ids", "attention_mask"))
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def expected(path: str, texts: list[str], tokenizers: dict) -> None:
    settings, columns = [], []
    for vocabulary, tokenizer in tokenizers.items():
        for paired in (False, True):
            pairs = texts[1:] + texts[:1] if paired else [None] * COUNT
            whole = [len(tokenizer([text], None if pair is None else [pair])["input_ids"][0]) for text, pair in zip(texts, pairs)]
            for truncation in TRUNCATIONS:
                results = [
                    encoded(tokenizer, text, pair, truncation=truncation, max_length=MAX_LENGTHS[index % len(MAX_LENGTHS)])
                    for index, (text, pair) in enumerate(zip(texts, pairs))
                ]
                refused = sum(result.startswith("refused") for result in results)
                cut = sum(length > MAX_LENGTHS[index % len(MAX_LENGTHS)] for index, length in enumerate(whole)) - refused
                # A fixture in which little is cut compares little.
                assert cut + refused > COUNT * 0.3, (vocabulary, paired, truncation, cut, refused)
                assert (refused > COUNT * 0.1) == (truncation != "longest_first" and (paired or truncation == "only_second"))
                assert (cut > COUNT * 0.1) == (paired or truncation != "only_second")
                settings.append({"vocabulary": vocabulary, "paired": paired, "truncation": truncation, "cut": cut, "refused": refused})
                columns.append([hashlib.sha256(result.encode("ascii")).hexdigest()[:8] for result in results])
    lines = ",\n".join(f'"{" ".join(row)}"' for row in zip(*columns))
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
