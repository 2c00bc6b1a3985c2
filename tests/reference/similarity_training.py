"""Training runs of PyTorch with the losses of sentence-transformers for pairs of texts.

    python tests/reference/similarity_training.py [ROOT]

Each file has 40 steps over 79 pairs, in order, without dropout, from the encoder of tests/fixtures/training/model (of training.py):

tests/fixtures/heads/training-scores.json      CosineSimilarityLoss: the squared difference of cosine and score
tests/fixtures/heads/training-partners.json    MultipleNegativesRankingLoss: in-batch negatives
tests/fixtures/heads/training-negatives.json   the same, with a third text that is no partner

The keys are those of head_training.py, without `batches`. A text's vector is the mean of its tokens' states, by the module
Pooling of sentence-transformers; the vectors go to `compute_loss_from_embeddings` of its losses. No step has a text twice. It is
computed in f64.
"""

import json
import random

import torch
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss, MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

import head_training as heads
from common import output, pin

pin("sentence-transformers", "transformers")


class Encoder(torch.nn.Module):
    """The checkpoint's encoder in f64, without dropout, under the names that it has with a head."""

    def __init__(self):
        super().__init__()
        config = json.loads((heads.CHECKPOINT / "config.json").read_text())
        config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        self.bert = BertModel(BertConfig(**config))
        state = BertForSequenceClassification.from_pretrained(heads.CHECKPOINT).bert.state_dict()
        self.bert.load_state_dict(state)
        self.double().train()
        self.pooling = Pooling(self.bert.config.hidden_size, pooling_mode="mean")

    def forward(self, batch: dict) -> torch.Tensor:
        states = self.bert(**batch).last_hidden_state
        features = {"token_embeddings": states, "attention_mask": batch["attention_mask"]}
        return self.pooling(features)["sentence_embedding"]


def loss_of(model: Encoder, batch: dict, settings: dict) -> tuple[torch.Tensor, torch.Tensor]:
    vectors = [model(texts) for texts in batch["texts"]]
    labels = torch.tensor(batch["scores"]).double() if batch["scores"] else None
    if labels is None:
        loss = MultipleNegativesRankingLoss(model).compute_loss_from_embeddings(vectors, None)
    else:
        # The loss has its labels in f32.
        output = torch.cosine_similarity(vectors[0], vectors[1])
        loss = torch.nn.functional.mse_loss(output, labels)
        theirs = CosineSimilarityLoss(model).compute_loss_from_embeddings([v.float() for v in vectors], labels)
        assert abs(theirs.item() - loss.item()) < 1e-6, (theirs, loss)
    return loss, vectors[0]


def pairs(generator: random.Random, columns: list[str]) -> list[dict]:
    rows, seen = [], set()
    while len(rows) < heads.ROWS:
        kinds = generator.choices(range(3), k=generator.randint(1, 3))
        texts = [" ".join(heads.words(generator, part, 5)) for part in (kinds, kinds[:1])]
        texts.append(" ".join(heads.words(generator, [generator.randrange(3)], 5)))
        texts = texts[: len(columns)]
        if len({*texts, *seen}) < len(texts) + len(seen):
            continue
        seen |= set(texts)
        row = dict(zip(columns, texts))
        if columns[0] == "text":
            row["score"] = round(min(1.0, max(0.0, len(set(kinds)) / 3 + generator.uniform(-0.2, 0.2))), 2)
        rows.append(row)
    return rows


def write(name: str, columns: list[str], settings: list[dict]) -> None:
    rows = pairs(random.Random(name), columns)
    tokenizer = BertTokenizerFast.from_pretrained(heads.CHECKPOINT)

    def batch(part: list[dict]) -> dict:
        texts = [tokenizer([row[column] for row in part], padding=True, return_tensors="pt") for column in columns]
        assert all(text["input_ids"].shape[1] <= heads.MAX_LENGTH for text in texts), "a text is cut"
        return {"texts": texts, "scores": [row["score"] for row in part if "score" in row]}

    batches = [batch(rows[start : start + heads.BATCH]) for start in range(0, heads.ROWS, heads.BATCH)]
    heads.loss_of = loss_of
    runs = [heads.train(Encoder(), batches, one) for one in settings]
    for run in runs:
        print(name, f"loss from {run['steps'][0]['loss']:.3f} to {run['steps'][-1]['loss']:.3f}")
    config = {"architectures": ["BertModel"], "id2label": None, "label2id": None}
    result = {"config": config, "outputs": 3, "rows": rows, "runs": runs}
    text = ",\n".join(
        f'"{key}": ' + ("[\n" + ",\n".join(map(json.dumps, value)) + "\n]" if key == "rows" else json.dumps(value))
        for key, value in result.items()
    )
    output(f"tests/fixtures/heads/training-{name}.json").write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    both = [heads.PLAIN, heads.OTHERWISE]
    write("scores", ["text", "text_pair"], both)
    write("partners", ["anchor", "positive"], both)
    write("negatives", ["anchor", "positive", "negative"], [heads.PLAIN])
