"""Vectors of texts, and folders, of sentence-transformers.

    python tests/reference/sentences.py [ROOT]

tests/fixtures/sentences/expected.json  folders with the weights of tests/fixtures/model and the vocabulary of
                                        tests/fixtures/tokenizer, and the vectors that `encode` gives for `texts`.
tests/fixtures/sentences/minilm.safetensors
                                        `embedding`, the vectors of `texts_of_minilm` with sentence-transformers/all-MiniLM-L6-v2,
                                        whose folder EMBERT_MINILM names; without it this file is not made.

Each of `folders` has

- `files`: the JSON files of sentence-transformers in the folder, by their paths, beside config.json, model.safetensors and
  vocab.txt: as older versions write them (`legacy`), or as this one does (all others that have a modules.json);
- `cased`: whether the tokenizer keeps case; `pooler`: whether the weights have one;
- `encodings`: `prompt_name`, `prompt` and `normalize_embeddings`, as `encode` gets them, and the `vectors`.

    python tests/reference/sentences.py --check FOLDER

Opens what the test `saved_folders_can_be_given_to_sentence_transformers` of crates/predict saved, a folder for each of
`folders`, as its users do, with `SentenceTransformer`, and fails on any warning. The vectors of `texts` are those in each folder's
vectors.json.

`pip install` the version of sentence-transformers that requirements.txt names with `--no-deps`: all that it needs is there.
"""

import json
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules as st

from common import REPOSITORY, output, pin
from written import Collect

TEXTS = [
    "The film was unbelievably good!",
    "bad",
    "",
    "   ",
    "The café is NOT worth seeing, a naïve movie in 10 中文 seen by b and c - the 20 films, not good",
    "great 🎬 <br /> Straße\tStrasse\u00a0ˈö",
    "un" + "believable" * 3,
    "Café Cafe café",
]

# Of many lengths, up to far beyond the 256 tokens that the model reads.
WORDS = "the quick brown fox jumps over a lazy dog while seventeen philosophers discuss unbelievably long sentences".split()
TEXTS_OF_MINILM = [
    "",
    " \n ",
    "A man is eating food.",
    "Ein Mann isst etwas – schnell!",
    "日本語の文章と、한국어 문장 и русский текст",
    "e\u0301galite\u0301 ÉGALITÉ \u202eabc\u202c 👩‍👩‍👧 \U0001f3ac",
    "antidisestablishmentarianism" * 12,
    "[CLS] [SEP] [MASK] [PAD] are special",
    *[" ".join(WORDS[index % len(WORDS)] for index in range(count)) for count in [1, 2, 7, 30, 127, 200, 260, 1000]],
]

MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]
# As all-MiniLM-L6-v2 has them.
LEGACY = {
    "modules.json": MODULES,
    "1_Pooling/config.json": {
        "word_embedding_dimension": 32,
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    },
    "sentence_bert_config.json": {"max_seq_length": 12, "do_lower_case": False},
    "config_sentence_transformers.json": {"__version__": {"sentence_transformers": "2.0.0"}},
}
PROMPTS = {"query": "the film: ", "passage": "a great "}
# The two differ by the order in which f32 sums are taken.
TOLERANCE = 1e-5


def checkpoint(folder: Path, cased: bool = False, pooler: bool = True) -> None:
    """A BERT without what sentence-transformers says of it."""
    fixtures = REPOSITORY / "tests/fixtures"
    config = json.loads((fixtures / "model/config.json").read_text())
    for key in ["id2label", "label2id"]:
        config.pop(key)
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["BertModel"]}))
    tensors = load_file(fixtures / "model/model.safetensors")
    tensors = {name.removeprefix("bert."): value for name, value in tensors.items() if name.startswith("bert.")}
    if not pooler:
        tensors = {name: value for name, value in tensors.items() if not name.startswith("pooler.")}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    # As many tokens as the model has rows for.
    vocab = (fixtures / "tokenizer/vocab.txt").read_text().splitlines()
    vocab += [f"[unused{number}]" for number in range(len(vocab), config["vocab_size"])]
    (folder / "vocab.txt").write_text("".join(token + "\n" for token in vocab))
    tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": not cased, "model_max_length": 14}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))


def folder_of(files: dict, encodings: list[dict], cased: bool = False, pooler: bool = True) -> dict:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint(folder, cased, pooler)
        for path, content in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(json.dumps(content))
        model = SentenceTransformer(name, device="cpu")
        encoded = [
            {**options, "vectors": model.encode(TEXTS, **options).tolist()} for options in encodings
        ]
    return {"files": files, "cased": cased, "pooler": pooler, "encodings": encoded}


def written(pooling: str, normalizes: bool, max_seq_length: int | None, **options) -> dict:
    """The files that this version writes."""
    with tempfile.TemporaryDirectory() as source, tempfile.TemporaryDirectory() as target:
        checkpoint(Path(source))
        parts = [st.Transformer(source), st.Pooling(32, pooling_mode=pooling)]
        if normalizes:
            parts.append(st.Normalize())
        model = SentenceTransformer(modules=parts, device="cpu", **options)
        if max_seq_length:
            model.max_seq_length = max_seq_length
        model.save(target, create_model_card=False)
        names = [
            "modules.json",
            "sentence_bert_config.json",
            "config_sentence_transformers.json",
            "1_Pooling/config.json",
            "2_Normalize/config.json",
        ]
        files = {name: Path(target) / name for name in names}
        found = {name: json.loads(path.read_text()) for name, path in files.items() if path.exists()}
    found["config_sentence_transformers.json"].pop("__version__")
    return found


def folders() -> dict:
    max_pooled = LEGACY["1_Pooling/config.json"] | {"pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": True}
    lowercase = LEGACY["sentence_bert_config.json"] | {"do_lower_case": True}
    plain = {"modules.json": MODULES[:2]}
    return {
        "legacy": folder_of(LEGACY, [{}]),
        "legacy max": folder_of(LEGACY | plain | {"1_Pooling/config.json": max_pooled}, [{}]),
        "lowercased": folder_of(LEGACY | {"sentence_bert_config.json": lowercase}, [{}], cased=True),
        "mean": folder_of(written("mean", False, None), [{}, {"normalize_embeddings": True}]),
        "cls": folder_of(written("cls", True, None), [{}]),
        "max": folder_of(written("max", False, None), [{}]),
        "prompts": folder_of(
            written("mean", True, None, prompts=PROMPTS, default_prompt_name="query", similarity_fn_name="dot"),
            [{}, {"prompt_name": "passage"}, {"prompt": "not "}, {"prompt": ""}],
        ),
        "truncated": folder_of(written("mean", False, None, truncate_dim=7), [{}, {"normalize_embeddings": True}]),
        "assumed": folder_of({}, [{}], pooler=False),
    }


def expected() -> dict:
    return {"texts": TEXTS, "texts_of_minilm": TEXTS_OF_MINILM, "folders": folders()}


def check(folder: Path) -> None:
    heard = Collect()
    logging.getLogger().addHandler(heard)
    transformers.logging.get_logger().addHandler(heard)
    logging.getLogger("sentence_transformers").addHandler(heard)
    found = sorted(path for path in folder.iterdir() if path.is_dir())
    assert found, f"{folder} has no folders"
    for path in found:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = SentenceTransformer(str(path), device="cpu")
            ours = torch.tensor(json.loads((path / "vectors.json").read_text()))
            theirs = torch.tensor(model.encode(TEXTS))
        said = [line for line in heard.said if "Default prompt name is set" not in line]
        assert not said, "\n".join([f"{path.name}: it warns:", *said])
        assert ours.shape == theirs.shape, (path.name, ours.shape, theirs.shape)
        largest = (ours - theirs).abs().max().item()
        print(f"{path.name}: {theirs.numel()} numbers differ by at most {largest:.1e}")
        assert largest <= TOLERANCE, f"more than {TOLERANCE}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.disable_progress_bar()
    if sys.argv[1:2] == ["--check"]:
        check(Path(sys.argv[2]))
        sys.exit()
    pin("sentence-transformers")
    target = output("tests/fixtures/sentences/expected.json")
    target.write_text(json.dumps(expected(), indent=1, ensure_ascii=False) + "\n")
    if minilm := os.environ.get("EMBERT_MINILM"):
        vectors = SentenceTransformer(minilm, device="cpu").encode(TEXTS_OF_MINILM, convert_to_tensor=True)
        save_file({"embedding": vectors}, output("tests/fixtures/sentences/minilm.safetensors"))
