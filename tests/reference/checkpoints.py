"""What AutoTokenizer makes of folders whose files say something of the tokenizer, one key or file at a time.

    python tests/reference/checkpoints.py [ROOT]
    python tests/reference/checkpoints.py --check FOLDER

checkpoints.json  for each row of docs/fidelity.md's table of a checkpoint's tokenizer files: the files of a folder, what
                  transformers makes of a text and of a pair there, or the kind of its error, and what is expected here:
                  `same` as transformers; `refused`, with a message that has `says`; or `accepted`, where transformers fails.
                  The notes have `says` otherwise. A file is a text, a JSON value or, as {"=": patch}, the tokenizer.json
                  of tokenizer.py with some of its values replaced.

With --check, FOLDER has what we saved of row N in xN (see the test that reads EMBERT_SAVED_TOKENIZERS), and transformers
has to make of it what it made of the row.

It reads the repository's vocab.txt and tokenizer.json, which tokenizer.py has made.
"""

import copy
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["TRANSFORMERS_VERBOSITY"] = "error"

from common import REPOSITORY, output, pin

pin("transformers", "tokenizers")

from transformers import AutoTokenizer

FIXTURE = REPOSITORY / "tests/fixtures/tokenizer"
VOCAB = (FIXTURE / "vocab.txt").read_text()
FILE = json.loads((FIXTURE / "tokenizer.json").read_text())
TEXT = "The Café go\u0007od film [E1] [MASK] 中文 un-believable"
PAIR = "it is not bad [E2]"
BERT = {"model_type": "bert"}
MARKED = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
E1, E2 = {"content": "[E1]", **MARKED}, {"content": "[E2]", **MARKED}
ADDED = FILE["added_tokens"]

rows = []


def row(name: str, files: dict, here: str = "same", says: tuple = (), config: dict | None = BERT) -> None:
    folder = {} if config is None else {"config.json": config}
    rows.append({"name": name, "files": folder | files, "here": here, "says": list(says)})


def with_vocab(name: str, tokenizer_config: dict | None = None, here: str = "same", says: tuple = (), vocab: str = VOCAB, **files) -> None:
    """A folder with a vocab.txt; `files` by their names without .json."""
    config = files.pop("config", BERT)
    folder = {"vocab.txt": vocab} | {f"{key}.json": value for key, value in files.items()}
    if tokenizer_config is not None:
        folder["tokenizer_config.json"] = tokenizer_config
    row(name, folder, here, says, config)


def with_file(name: str, patch: dict, tokenizer_config: dict | None = None, here: str = "same", says: tuple = (), **files) -> None:
    """A folder with a tokenizer.json."""
    config = files.pop("config", BERT)
    folder = {"tokenizer.json": {"=": patch}} | {f"{key}.json": value for key, value in files.items()}
    if tokenizer_config is not None:
        folder["tokenizer_config.json"] = tokenizer_config
    row(name, folder, here, says, config)


# --- Which class -----------------------------------------------------------------------------------------------------

for name in ("BertTokenizer", "BertTokenizerFast", "ElectraTokenizer", "ElectraTokenizerFast", "MobileBertTokenizer",
             "SqueezeBertTokenizer", "LayoutLMTokenizer", "LxmertTokenizer", None):
    with_vocab(f"tokenizer_class {name}", {"tokenizer_class": name})
for name in ("DistilBertTokenizer", "DistilBertTokenizerFast"):
    with_vocab(f"tokenizer_class {name}", {"tokenizer_class": name}, says=("token type 0",))
for name in ("PreTrainedTokenizerFast", "TokenizersBackend", "PreTrainedTokenizer"):
    with_file(f"tokenizer_class {name}", {}, {"tokenizer_class": name}, says=("token type 0",))
with_vocab("tokenizer_class PreTrainedTokenizerFast without a tokenizer.json", {"tokenizer_class": "PreTrainedTokenizerFast"},
           "refused", ("tokenizer_class", "needs a tokenizer.json"))
for name in ("BertJapaneseTokenizer", "MPNetTokenizer", "RobertaTokenizerFast", ""):
    with_vocab(f"tokenizer_class {name}", {"tokenizer_class": name, "do_lower_case": False}, "refused",
               ("tokenizer_config.json", name, "expected BertTokenizer"))
with_file("tokenizer_class that transformers does not know", {}, {"tokenizer_class": "MyTokenizer"}, "refused", ("MyTokenizer",))
with_vocab("tokenizer_class that is no name", {"tokenizer_class": 3}, "refused", ("tokenizer_class", "3"))
with_vocab("tokenizer_class of config.json", config=BERT | {"tokenizer_class": "BertJapaneseTokenizer"}, here="refused",
           says=("config.json", "BertJapaneseTokenizer"))
with_file("tokenizer_class of config.json, all in the file", {}, config=BERT | {"tokenizer_class": "PreTrainedTokenizerFast"},
          says=("token type 0",))
with_vocab("tokenizer_class of both", {"tokenizer_class": "BertTokenizer"}, config=BERT | {"tokenizer_class": "DistilBertTokenizer"})
with_vocab("model_type electra", config={"model_type": "electra"})
with_vocab("model_type roberta", config={"model_type": "roberta"}, here="refused", says=("config.json", "roberta"))
with_vocab("auto_map", {"auto_map": {"AutoTokenizer": ["own.Tokenizer", None]}}, "refused", ("auto_map", "code"))
with_vocab("auto_map of nothing", {"auto_map": {}})
with_file("fast_tokenizer_files", {}, {"fast_tokenizer_files": ["tokenizer.4.0.0.json", "tokenizer.json"]}, "refused",
          ("fast_tokenizer_files",))
with_file("fast_tokenizer_files with the usual one", {}, {"fast_tokenizer_files": ["tokenizer.json"]})
for key, value in {"vocab": {"a": 1}, "merges": ["a b"], "post_processor": "x", "init_inputs": [{"a": 1}],
                   "tokenizer_object": "x"}.items():
    with_vocab(f"{key} in tokenizer_config.json", {key: value}, "refused", (key,))

# --- Normalisation ---------------------------------------------------------------------------------------------------

with_vocab("do_lower_case", {"do_lower_case": False})
with_vocab("strip_accents", {"strip_accents": False})
with_vocab("tokenize_chinese_chars", {"tokenize_chinese_chars": False})
with_vocab("strip_accents null", {"strip_accents": None})
for key, value in {"do_lower_case": "false", "tokenize_chinese_chars": None, "strip_accents": 0, "split_special_tokens": "no"}.items():
    with_vocab(f"{key} that is no flag", {key: value}, "refused", (key, "true or false"))
with_vocab("do_lower_case of special_tokens_map.json", special_tokens_map={"do_lower_case": False})
with_vocab("do_basic_tokenize", {"do_basic_tokenize": False}, says=("do_basic_tokenize",))
with_vocab("never_split", {"never_split": ["un-believable"]}, says=("never_split",))
with_vocab("split_special_tokens", {"split_special_tokens": True})
with_vocab("keys that mean nothing", {
    "clean_up_tokenization_spaces": True, "add_bos_token": True, "add_eos_token": True, "add_prefix_space": True,
    "name_or_path": "x", "processor_class": None, "chat_template": "{{ x }}", "use_fast": False, "trust_remote_code": True,
    "tokenizer_file": "/nowhere/tokenizer.json", "vocab_file": "/nowhere/vocab.txt", "special_tokens_map_file": "/nowhere",
    "max_input_chars_per_word": 2, "wordpieces_prefix": "@@", "full_tokenizer_file": None, "backend": "tokenizers",
    "max_length": 3, "stride": 1, "pad_to_multiple_of": 8, "pad_token_type_id": 1, "truncation_strategy": "only_first",
    "is_local": False, "response_template": None, "device_map": "auto", "verbose": True,
})

# --- Special tokens --------------------------------------------------------------------------------------------------

RENAMED = {"cls_token": "the", "sep_token": "film", "pad_token": "was", "unk_token": "great", "mask_token": "movie"}
with_vocab("special tokens", RENAMED)
with_file("special tokens beside a tokenizer.json", {}, RENAMED, says=("post_processor", "model.unk_token"))
with_vocab("special tokens as objects", {key: {"__type": "AddedToken", "content": token, **MARKED} for key, token in RENAMED.items()})
with_vocab("a special token as an object without a type", {"pad_token": {"content": "the"}}, "accepted")
with_vocab("a special token that takes white space", {"mask_token": {"__type": "AddedToken", **MARKED, "content": "[MASK]", "lstrip": True}})
with_vocab("a special token with a number", {"pad_token": 0}, "refused", ("pad_token", "a token"))
for key in ("cls_token", "sep_token", "unk_token", "pad_token"):
    with_vocab(f"{key} null", {key: None}, "refused", (key, "null"))
with_vocab("mask_token null", {"mask_token": None})
with_vocab("cls_token that is nowhere", {"cls_token": "<cls>"}, "refused", ("<cls>", "cls_token"))
with_vocab("a vocabulary without [CLS]", vocab=VOCAB.replace("[CLS]", "foo"), here="refused", says=("[CLS]", "cls_token"))
with_vocab("a vocabulary without [MASK]", vocab=VOCAB.replace("[MASK]", "foo"), config=BERT | {"vocab_size": 64})
with_vocab("bos_token and eos_token", {"bos_token": "[E1]", "eos_token": "[E2]"})
with_vocab("additional_special_tokens", {"additional_special_tokens": ["[E1]", "[E2]"]})
with_vocab("extra_special_tokens", {"extra_special_tokens": ["[E2]", "[E1]"]})
with_vocab("extra_special_tokens with names", {"extra_special_tokens": {"entity_token": "[E1]"}})
with_vocab("extra_special_tokens before additional_special_tokens", {"additional_special_tokens": ["[E1]"], "extra_special_tokens": ["[E2]"]})
with_vocab("additional_special_tokens as objects", {"additional_special_tokens": [{"__type": "AddedToken", **E1}]})
with_vocab("additional_special_tokens that are no list", {"additional_special_tokens": "[E1]"}, "refused", ("extra_special_tokens", "a list"))
with_vocab("additional_special_tokens with an empty one", {"additional_special_tokens": ["", "[E1]"]})
with_vocab("a token of the checkpoint's own", {"entity_token": "[E2]", "image_token": "[E1]"})
with_vocab("special_tokens_map.json", {"cls_token": "film"}, special_tokens_map={"cls_token": "the", "sep_token": {"content": "movie", **MARKED}})
with_vocab("special_tokens_map.json with more tokens", special_tokens_map={"additional_special_tokens": ["[E1]"]})
with_vocab("special_tokens_map.json against additional_special_tokens", {"additional_special_tokens": ["[E2]"]},
           special_tokens_map={"additional_special_tokens": ["[E1]"]})
with_vocab("special_tokens_map.json with extra ones", {"extra_special_tokens": ["[E2]"]},
           special_tokens_map={"extra_special_tokens": ["[E1]", "[E2]"]})
with_vocab("special_tokens_map.json with objects in a list", special_tokens_map={"additional_special_tokens": [E1]}, here="accepted")
with_vocab("special_tokens_map.json beside added_tokens_decoder", {"added_tokens_decoder": {}},
           special_tokens_map={"additional_special_tokens": ["[E1]"]}, says=("[E1]", "special_tokens_map.json", "added_tokens_decoder"))
with_file("special_tokens_map.json beside a tokenizer.json", {}, special_tokens_map={"additional_special_tokens": ["[E1]"]})

# --- Added tokens ----------------------------------------------------------------------------------------------------

PLAIN = MARKED | {"special": False, "normalized": True}
with_vocab("added_tokens.json", added_tokens={"[E2]": 62, "[E1]": 61})
with_vocab("added_tokens.json with a special one", {"additional_special_tokens": ["[E1]"]}, added_tokens={"[E1]": 61})
with_vocab("added_tokens.json with a token of the vocabulary", added_tokens={"film": 99}, says=("film", "16", "99"))
with_vocab("added_tokens.json with another id", added_tokens={"[E1]": 99}, here="refused", says=("[E1]", "99", "61"))
with_vocab("added_tokens.json with no id", added_tokens={"[E1]": "x"}, here="refused", says=("added_tokens.json", "[E1]"))
with_file("added_tokens.json beside a tokenizer.json", {}, added_tokens={"[E1]": 61})
with_vocab("added_tokens.json beside added_tokens_decoder", {"added_tokens_decoder": {"61": E2}}, added_tokens={"[E1]": 61},
           says=("[E1]", "added_tokens.json", "added_tokens_decoder"))
with_vocab("added_tokens_decoder", {"added_tokens_decoder": {"61": {"content": "[E1]", **PLAIN}, "62": E2}})
with_vocab("added_tokens_decoder of a single word", {"added_tokens_decoder": {"61": {"content": "believ", **PLAIN, "single_word": True}}})
with_vocab("added_tokens_decoder with another id", {"added_tokens_decoder": {"70": E1}}, "refused", ("[E1]", "70", "61"))
with_vocab("added_tokens_decoder without ids", {"added_tokens_decoder": {"x": E1}}, "refused", ("added_tokens_decoder",))
with_vocab("added_tokens_decoder with strings", {"added_tokens_decoder": {"61": "[E1]"}}, "refused", ("added_tokens_decoder",))
with_vocab("an added token beyond the embedding", added_tokens={"[E3]": 61}, config=BERT | {"vocab_size": 61},
           says=("[E3]", "no row", "61"))
with_file("added_tokens of tokenizer.json", {"added_tokens": ADDED + [{"id": 61, **E1}]})
with_file("added_tokens of tokenizer.json beside added_tokens_decoder", {"added_tokens": ADDED + [{"id": 61, **E1}]},
          {"added_tokens_decoder": {}}, says=("[E1]", "tokenizer.json", "added_tokens_decoder"))
with_file("added_tokens of tokenizer.json with another id", {"added_tokens": ADDED + [{"id": 70, **E1}]}, here="refused",
          says=("[E1]", "70", "61"))
AS_FILE = {"tokenizer_class": "PreTrainedTokenizerFast"}
with_file("added_tokens beside added_tokens_decoder, all in the file", {"added_tokens": ADDED + [{"id": 61, **E1}]},
          AS_FILE | {"added_tokens_decoder": {"62": E2}})
with_file("added_tokens with another id, all in the file", {"added_tokens": ADDED + [{"id": 70, **E1}]}, AS_FILE, "refused",
          ("[E1]", "70", "61"))
with_file("special tokens, all in the file", {}, AS_FILE | {"pad_token": "the", "additional_special_tokens": ["[E1]"]})

# --- The rest of tokenizer.json --------------------------------------------------------------------------------------

OTHERS = {
    "normalizer": ({"normalizer": {"type": "Lowercase"}}, "normalizer"),
    "normalizer null": ({"normalizer": None}, "normalizer"),
    "normalizer.lowercase": ({"normalizer": FILE["normalizer"] | {"lowercase": False}}, "lowercase"),
    "normalizer.strip_accents": ({"normalizer": FILE["normalizer"] | {"strip_accents": False}}, "strip_accents"),
    "normalizer.handle_chinese_chars": ({"normalizer": FILE["normalizer"] | {"handle_chinese_chars": False}}, "handle_chinese_chars"),
    "normalizer.clean_text": ({"normalizer": FILE["normalizer"] | {"clean_text": False}}, "clean_text"),
    "pre_tokenizer": ({"pre_tokenizer": {"type": "WhitespaceSplit"}}, "pre_tokenizer"),
    "post_processor": ({"post_processor": {"type": "BertProcessing", "sep": ["was", 17], "cls": ["the", 14]}}, "post_processor"),
    "model.unk_token": ({"model": FILE["model"] | {"unk_token": "film"}}, "model.unk_token"),
    "model.continuing_subword_prefix": ({"model": FILE["model"] | {"continuing_subword_prefix": "@@"}}, "continuing_subword_prefix"),
    "model.max_input_chars_per_word": ({"model": FILE["model"] | {"max_input_chars_per_word": 3}}, "max_input_chars_per_word"),
}
for name, (patch, says) in OTHERS.items():
    with_file(name, patch, says=(says, "as"))
    with_file(f"{name}, all in the file", patch, AS_FILE)
with_file("post_processor null", {"post_processor": None}, says=("post_processor",))
with_file("post_processor null, all in the file", {"post_processor": None}, AS_FILE, "refused", ("no post_processor", "BertTokenizer"))
with_file("truncation and padding", {"truncation": FILE["truncation"], "padding": FILE["padding"]})
LEFT = {"truncation": FILE["truncation"] | {"direction": "Left"}, "padding": FILE["padding"] | {"direction": "Left"}}
with_file("truncation and padding on the left", LEFT, says=("padding_side",))
with_file("truncation on the left, against the config", LEFT, {"truncation_side": "right", "padding_side": "right"})
with_file("pad_token of padding, all in the file", {"padding": FILE["padding"] | {"pad_token": "the", "pad_id": 14}}, AS_FILE)
with_file("model of another family", {"model": {"type": "WordLevel", "vocab": FILE["model"]["vocab"], "unk_token": "[UNK]"}},
          here="refused", says=("WordLevel", "WordPiece"))
row("a vocab.txt that is another vocabulary", {"tokenizer.json": {"=": {}}, "vocab.txt": VOCAB.replace("film\n", "flim\n")},
    says=("flim", "film", "tokenizer.json counts"))
row("tokenizer.json without a config.json", {"tokenizer.json": {"=": {}}}, "accepted", config=None)

# --- What the model is given -----------------------------------------------------------------------------------------

NAMES = ["input_ids", "token_type_ids", "attention_mask"]
with_vocab("model_input_names", {"model_input_names": NAMES})
with_vocab("model_input_names without token types", {"model_input_names": ["input_ids", "attention_mask"]}, says=("token type 0",))
with_file("model_input_names, all in the file", {}, AS_FILE | {"model_input_names": NAMES})
with_vocab("model_input_names without a mask", {"model_input_names": ["input_ids"]}, "refused", ("model_input_names", "attention_mask"))
with_vocab("model_input_names that are no list", {"model_input_names": None}, "refused", ("model_input_names",))
with_vocab("model_max_length", {"model_max_length": 64})
with_vocab("model_max_length of none", {"model_max_length": int(1e30)})
with_vocab("max_len", {"max_len": 64})
with_vocab("model_max_length before max_len", {"max_len": 64, "model_max_length": None})
for value in ("64", 0, -1, 1.5):
    with_vocab(f"model_max_length {value!r}", {"model_max_length": value}, "refused", ("model_max_length", "whole number"))
with_vocab("truncation_side", {"truncation_side": "left"})
with_vocab("truncation_side of no name", {"truncation_side": "middle"}, "refused", ("truncation_side", "middle"))
with_vocab("padding_side", {"padding_side": "left"}, says=("padding_side",))
with_vocab("padding_side of no name", {"padding_side": "both"}, "refused", ("padding_side", "both"))

# --- vocab.txt and files of other families ---------------------------------------------------------------------------

with_vocab("vocab.txt with carriage returns", vocab=VOCAB.replace("\n", "\r\n"))
with_vocab("vocab.txt with white space at the ends of lines", vocab=VOCAB.replace("film\n", "film \t\u3000\n"))
with_vocab("vocab.txt with white space before a token", vocab=VOCAB.replace("film\n", " film\n"))
with_vocab("vocab.txt with blank lines", vocab=VOCAB.replace("film\n", "\n\nfilm\n") + "\n\n")
with_vocab("vocab.txt without a last line's end", vocab=VOCAB[:-1])
with_vocab("vocab.txt with a line that is there twice", vocab=VOCAB + "film\nnew\n", says=("film", "17", "62"))
with_vocab("an added token for a vocab.txt with a line that is there twice", vocab=VOCAB + "film\nnew\n", added_tokens={"[E1]": 62},
           here="refused", says=("[E1]", "62", "new"))
with_vocab("vocab.txt with a byte-order mark", vocab="\ufeff" + VOCAB, here="refused", says=("vocab.txt", "byte-order mark"))
for size, here in ((61, "same"), (62, "same"), (64, "same"), (63, "refused"), (65, "refused"), (122, "refused"), (128, "refused")):
    with_vocab(f"vocab.txt of 61 tokens for {size} rows", config=BERT | {"vocab_size": size}, here=here,
               says=("61 tokens", str(size)) if here == "refused" else ())
with_vocab("vocab.txt that added tokens make whole", added_tokens={"[E1]": 61, "[E2]": 62}, config=BERT | {"vocab_size": 63})
for name in ("tokenizer.model", "tekken.json", "tiktoken.model"):
    row(f"{name} beside a vocab.txt", {"vocab.txt": VOCAB, name: "x"}, "refused", (name,))
    row(f"{name} beside a tokenizer.json", {"tokenizer.json": {"=": {}}, name: "x"})
row("files that mean nothing", {
    "tokenizer.json": {"=": {}}, "chat_template.jinja": "{{ x }}", "merges.txt": "a b\n", "vocab.json": {"a": 1},
    "sentence_bert_config.json": {"do_lower_case": False}, "preprocessor_config.json": {}, "generation_config.json": {},
})


def write(folder: Path, files: dict) -> None:
    for name, content in files.items():
        if isinstance(content, dict) and "=" in content:
            content = copy.deepcopy(FILE) | content["="]
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), newline="")


def loaded(folder: str | Path) -> dict:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        single, pair = tokenizer([TEXT]), tokenizer([TEXT], [PAIR])
    except BaseException as error:  # a panic of the library's is no Exception
        return {"error": type(error).__name__}
    types = pair.get("token_type_ids", [[0] * len(pair["input_ids"][0])])
    length = tokenizer.model_max_length
    return {
        "ids": single["input_ids"][0],
        "pair_ids": pair["input_ids"][0],
        "pair_types": types[0],
        "pad": tokenizer.pad_token_id,
        "max_length": length if isinstance(length, int) and 0 < length < 1e6 else None,
        "truncation_side": tokenizer.truncation_side,
    }


def made(files: dict) -> dict:
    # The folder's name must not say "bert": transformers would go by it.
    with tempfile.TemporaryDirectory(prefix="x") as folder:
        write(Path(folder), files)
        return loaded(folder)


for case in rows:
    case["transformers"] = made(case["files"])
    assert case["here"] != "same" or "ids" in case["transformers"], case
names = [case["name"] for case in rows]
assert len(names) == len(set(names))

if len(sys.argv) > 2 and sys.argv[1] == "--check":
    checked = 0
    for number, case in enumerate(rows):
        if case["here"] == "same":
            found = loaded(Path(sys.argv[2]) / f"x{number}")
            assert found == case["transformers"], (case["name"], found, case["transformers"])
            checked += 1
    print(f"{checked} saved tokenizers are the same in transformers")
    sys.exit()

lines = ",\n".join(map(json.dumps, rows))
text, pair = json.dumps(TEXT), json.dumps(PAIR)
output("tests/fixtures/tokenizer/checkpoints.json").write_text(f'{{"text": {text},\n"pair": {pair},\n"rows": [\n{lines}\n]}}\n')
