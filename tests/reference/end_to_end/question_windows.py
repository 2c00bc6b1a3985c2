"""Questions in tasks.py, as run_qa.py of transformers' examples has them.

A feature is a question, its leading white space stripped, with a window of its context. The target is the question's first
answer; a window without it points to `[CLS]`. All windows count, in the questions' order: batches are of features.

It differs from run_qa.py in two points, as embert does:

- an answer that begins in the last token of a window's context: run_qa.py's search for its start runs on to the `[SEP]` behind it,
  or to the padding. Here it is that last token;
- the loss: BertForQuestionAnswering's softmax runs over the padding of a batch too, so that a feature's loss depends on its
  neighbours. Here it runs over the feature's own tokens. `padding_counts` leaves it as it is.

The answers are those of utils_qa.py's postprocess_qa_predictions as it is (20 x 20 ends, at most 30 tokens) but for its `argsort`,
which is made stable; padding is none of its tokens. Exact match and F1 are those of t5's qa_utils, which follow the official
script of version 1.1. Two folders are needed: `EMBERT_QA_EXAMPLE` names examples/pytorch/question-answering of transformers'
repository, `EMBERT_TRANSFORMERS_5_2` one with t5 and absl-py (tests/reference/answers.py says how it is made).
"""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

EVALUATION_BATCH = 32
CLS = 0


class Questions:
    """The features of one split as the model takes them."""

    def __init__(self, rows: list[dict], tokenizer, max_length: int, stride: int):
        self.rows, self.examples, self.pad = [], rows, tokenizer.pad_token_id
        # Examples of several windows, and windows where run_qa.py has another target.
        self.longer = self.mended = 0
        for row in rows:
            encoding = tokenizer(
                row["question"].lstrip(), row["context"], truncation="only_second", max_length=max_length, stride=stride,
                return_overflowing_tokens=True, return_offsets_mapping=True, return_token_type_ids=True,
            )  # fmt: skip
            count = len(encoding["input_ids"])
            self.longer += count > 1
            for index in range(count):
                of_context = [sequence == 1 for sequence in encoding.sequence_ids(index)]
                offsets = [pair if its else None for pair, its in zip(encoding["offset_mapping"][index], of_context)]
                self.rows.append({
                    "ids": encoding["input_ids"][index], "types": encoding["token_type_ids"][index],
                    "offsets": offsets, "target": self.target(offsets, row["answers"]), "id": row["id"],
                })  # fmt: skip

    def target(self, offsets: list, answers: dict) -> tuple[int, int]:
        if not answers["text"]:
            return CLS, CLS
        start, end = answers["answer_start"][0], answers["answer_start"][0] + len(answers["text"][0])
        context = [index for index, pair in enumerate(offsets) if pair is not None]
        first, last = context[0], context[-1]
        if not (offsets[first][0] <= start and offsets[last][1] >= end):
            return CLS, CLS
        self.mended += offsets[last][0] <= start
        return (
            max(index for index in context if offsets[index][0] <= start),
            min(index for index in context if offsets[index][1] >= end),
        )

    def batch(self, indices, device) -> dict[str, torch.Tensor]:
        rows = [self.rows[index] for index in indices]
        width = max(len(row["ids"]) for row in rows)
        padded = lambda values, fill: torch.tensor([[*row, *[fill] * (width - len(row))] for row in values])
        batch = {
            "input_ids": padded([row["ids"] for row in rows], self.pad),
            "token_type_ids": padded([row["types"] for row in rows], 0),
            "attention_mask": padded([[1] * len(row["ids"]) for row in rows], 0),
            "targets": torch.tensor([row["target"] for row in rows]),
        }
        return {name: tensor.to(device) for name, tensor in batch.items()}

    @staticmethod
    def loss(model, batch: dict, padding_counts: bool = False) -> tuple[torch.Tensor, object]:
        """The mean over a batch's features, and the model's output."""
        batch = dict(batch)
        starts, ends = batch.pop("targets").unbind(dim=1)
        if padding_counts:
            output = model(**batch, start_positions=starts, end_positions=ends)
            return output.loss, output
        output = model(**batch)
        padding = batch["attention_mask"] == 0
        losses = [
            cross_entropy(logits.masked_fill(padding, -torch.inf), target)
            for logits, target in ((output.start_logits, starts), (output.end_logits, ends))
        ]
        return (losses[0] + losses[1]) / 2, output


class Examples(list):
    """Rows that are also columns, as a data set's are."""

    def __getitem__(self, key):
        return [row[key] for row in self] if isinstance(key, str) else list.__getitem__(self, key)


class StableNumpy:
    """numpy as utils_qa.py knows it, with an argsort whose order of equal numbers is defined."""

    def __getattr__(self, name: str):
        return getattr(np, name)

    def argsort(self, values):
        return np.argsort(values, kind="stable")


def module(variable: str, path: str):
    """A Python file below the folder that the environment names."""
    folder = os.environ.get(variable)
    assert folder, f"{variable} names no folder: the module's doc says which one is meant"
    # Behind all others: of this folder only what is nowhere else.
    sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(Path(path).stem, Path(folder) / path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def post_processed(features: Questions, starts: list, ends: list) -> dict[str, str]:
    """The answer to each question, by its id, from each feature's logits without padding."""
    utils_qa = module("EMBERT_QA_EXAMPLE", "utils_qa.py")
    utils_qa.np, utils_qa.tqdm = StableNumpy(), list
    return utils_qa.postprocess_qa_predictions(
        examples=Examples(features.examples),
        features=[{"example_id": row["id"], "offset_mapping": row["offsets"]} for row in features.rows],
        predictions=(starts, ends),
        n_best_size=20,
        max_answer_length=30,
    )


def exact_match_and_f1(rows: list[dict], answers: dict[str, str]) -> dict[str, float]:
    """Between 0 and 1."""
    qa_utils = module("EMBERT_TRANSFORMERS_5_2", "t5/evaluation/qa_utils.py")
    normalized = lambda texts: [qa_utils.normalize_squad(text) for text in texts]
    scores = qa_utils.qa_metrics(
        [normalized(row["answers"]["text"]) for row in rows], normalized(answers[row["id"]] for row in rows)
    )
    return {"exact_match": scores["em"] / 100, "f1": scores["f1"] / 100}


@torch.no_grad()
def evaluate(model, features: Questions) -> tuple[dict[str, float], dict[str, str]]:
    """The numbers of a split and the answers: by id, as in the official scripts' predictions.json."""
    model.eval()
    # Batches of similar length pad little; the numbers do not depend on them.
    order = sorted(range(len(features.rows)), key=lambda index: len(features.rows[index]["ids"]))
    starts, ends, total = [None] * len(order), [None] * len(order), 0.0
    for begin in range(0, len(order), EVALUATION_BATCH):
        part = order[begin : begin + EVALUATION_BATCH]
        loss, output = features.loss(model, features.batch(part, model.device))
        total += loss.item() * len(part)
        for kept, logits in ((starts, output.start_logits), (ends, output.end_logits)):
            for index, row in zip(part, logits.float().cpu().numpy()):
                kept[index] = row[: len(features.rows[index]["ids"])]
    answers = post_processed(features, starts, ends)
    return {"loss": total / len(order)} | exact_match_and_f1(features.examples, answers), answers
