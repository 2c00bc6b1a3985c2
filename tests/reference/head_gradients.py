"""Heads for several labels, a number, tags, answers and masked words: outputs, loss and every gradient, as transformers computes them.

    python tests/reference/head_gradients.py [ROOT]

tests/fixtures/heads/gradients.safetensors, with dropout 0:

- `model.NAME`: the weights of a small `BertForSequenceClassification` with three outputs (the sizes are `tiny_config` in
  crates/model/tests/it/support.rs). A head with one output has the first row of its classifier; the head over every token
  has the classifier, and no pooler; the head for the ends of an answer has the first two rows of it as `qa_outputs`; the
  head for masked words, which has no pooler either, has its own `model.cls.NAME`;
- `input_ids`, `token_type_ids`, `attention_mask`: four rows, padded;
- for each case `CASE.logits`, `CASE.loss`, `CASE.targets` and `CASE.gradient.NAME`: `multi_label` (BCE, mean over all
  entries), `weighted` (the same with `weighted.pos_weight`), `regression` (MSE), `tokens` (cross-entropy over the tokens
  whose target is not -100), `masked` (the same, with tokens of the vocabulary as targets; two of them are the padding token,
  whose embedding gets a gradient from the tied decoder alone) and `answers` (the mean of the cross-entropies of start and end, whose positions are the targets;
  the first row has none in its text and points to the first token). All losses but `weighted` and `answers` are those that
  the models of transformers choose by `problem_type`. BertForQuestionAnswering lets its softmax run over the padding too,
  so that a row's loss depends on the rows beside it: `answers` leaves the padding out. It is checked here that the two are
  equal for the rows that have no padding.

It is computed in f64 and stored in f32, so that the version of PyTorch does not matter (seen with 2.15).
"""

import torch
import transformers
from safetensors.torch import save_file
from torch.nn import BCEWithLogitsLoss
from torch.nn.functional import cross_entropy
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
)

from common import output, pin

pin("transformers")
transformers.logging.set_verbosity_error()

SIZES = {
    "vocab_size": 20,
    "hidden_size": 12,
    "num_hidden_layers": 3,
    "num_attention_heads": 3,
    "intermediate_size": 18,
    "max_position_embeddings": 8,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "attn_implementation": "eager",
}
INPUT = {
    "input_ids": [[2, 5, 7, 11, 19, 3], [2, 9, 3, 0, 0, 0], [2, 17, 6, 3, 4, 3], [2, 8, 8, 13, 3, 0]],
    "token_type_ids": [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0]],
    "attention_mask": [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0]],
}
LABELS = [[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 0, 1]]
POS_WEIGHT = [0.25, 1.0, 6.0]
NUMBERS = [3.5, -0.25, 0.0, 5.0]
# The first piece of a word has a tag; other pieces, special tokens and padding do not count.
TAGS = [[-100, 1, -100, 2, 0, -100], [-100, 0, -100, -100, -100, -100], [-100, 1, 2, -100, 0, -100], [-100, 0, -100, 1, -100, -100]]
# The words behind the masked tokens, of which one is masked by another word and one by itself.
WORDS = [[-100, -100, 7, -100, 18, -100], [-100, 9, -100, -100, -100, -100], [-100, 0, -100, -100, 0, -100], [-100] * 6]
# Of start and end. No answer: the first token.
ENDS = [[0, 0], [1, 1], [3, 5], [1, 3]]


def weights() -> dict[str, torch.Tensor]:
    model = BertForSequenceClassification(BertConfig(num_labels=3, **SIZES))
    generator = torch.Generator().manual_seed(12)
    result = {}
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        result[name] = 1 + 0.1 * noise if name.endswith("LayerNorm.weight") else 0.3 * noise
    return result


def case(model_class, shared: dict, targets: torch.Tensor, outputs: int, pos_weight=None, **config) -> dict:
    model = model_class(BertConfig(num_labels=outputs, **SIZES, **config)).train()
    own = {name: shared[name] for name, _ in model.named_parameters()}
    for name in ["classifier.weight", "classifier.bias"]:
        own[name] = own[name][:outputs].clone()
    model.load_state_dict(own)
    model.double()
    answer = model(**{name: torch.tensor(rows) for name, rows in INPUT.items()}, labels=targets.double() if targets.is_floating_point() else targets)
    loss = answer.loss
    if pos_weight is not None:
        loss = BCEWithLogitsLoss(pos_weight=pos_weight.double())(answer.logits, targets.double())
    loss.backward()
    gradients = {f"gradient.{name}": parameter.grad.float() for name, parameter in model.named_parameters()}
    return {"logits": answer.logits.detach().float(), "loss": loss.detach().float().reshape(1), "targets": targets, **gradients}


def masked_weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(13)
    result = {}
    for name, parameter in sorted(BertForMaskedLM(BertConfig(**SIZES)).named_parameters()):
        if name.startswith("cls."):
            noise = torch.randn(parameter.shape, generator=generator)
            result[name] = 1 + 0.1 * noise if name.endswith("LayerNorm.weight") else 0.3 * noise
    return result


def masked(shared: dict) -> dict:
    model = BertForMaskedLM(BertConfig(**SIZES)).train()
    model.load_state_dict({name: shared[name] for name, _ in model.named_parameters()}, strict=False)
    assert model.cls.predictions.decoder.weight is model.bert.embeddings.word_embeddings.weight
    assert model.cls.predictions.decoder.bias is model.cls.predictions.bias
    model.double()
    targets = torch.tensor(WORDS)
    answer = model(**{name: torch.tensor(rows) for name, rows in INPUT.items()}, labels=targets)
    answer.loss.backward()
    gradients = {f"gradient.{name}": parameter.grad.float() for name, parameter in model.named_parameters()}
    assert gradients["gradient.bert.embeddings.word_embeddings.weight"][0].abs().max() > 0.01
    logits, loss = answer.logits.detach().float(), answer.loss.detach().float().reshape(1)
    return {"logits": logits, "loss": loss, "targets": targets, **gradients}


def answers(shared: dict) -> dict:
    model = BertForQuestionAnswering(BertConfig(**SIZES)).train()
    own = {name: shared[name.replace("qa_outputs", "classifier")] for name, _ in model.named_parameters()}
    for name in ["qa_outputs.weight", "qa_outputs.bias"]:
        own[name] = own[name][:2].clone()
    model.load_state_dict(own)
    model.double()
    rows, ends = {name: torch.tensor(rows) for name, rows in INPUT.items()}, torch.tensor(ENDS)

    def loss(kept: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        answer = model(**{name: tensor[kept] for name, tensor in rows.items()})
        logits = torch.stack([answer.start_logits, answer.end_logits], dim=-1)
        own_tokens = logits.masked_fill(rows["attention_mask"][kept].unsqueeze(-1) == 0, float("-inf"))
        # The mean over rows and over the two ends.
        return logits, cross_entropy(own_tokens, ends[kept])

    whole = [row for row, mask in enumerate(INPUT["attention_mask"]) if 0 not in mask]
    assert whole == [0, 2], whole
    start, end = ends[whole].T
    theirs = model(**{name: tensor[whole] for name, tensor in rows.items()}, start_positions=start, end_positions=end).loss
    torch.testing.assert_close(loss(whole)[1], theirs, rtol=0, atol=1e-14)
    logits, found = loss(list(range(len(ENDS))))
    found.backward()
    gradients = {f"gradient.{name}": parameter.grad.float() for name, parameter in model.named_parameters()}
    return {"logits": logits.detach().float(), "loss": found.detach().float().reshape(1), "targets": ends, **gradients}


if __name__ == "__main__":
    shared = weights() | masked_weights()
    labels, pos_weight = torch.tensor(LABELS, dtype=torch.float32), torch.tensor(POS_WEIGHT)
    texts, several = BertForSequenceClassification, {"problem_type": "multi_label_classification"}
    cases = {
        "multi_label": case(texts, shared, labels, 3, **several),
        "weighted": case(texts, shared, labels, 3, pos_weight, **several) | {"pos_weight": pos_weight},
        "regression": case(texts, shared, torch.tensor(NUMBERS), 1, problem_type="regression"),
        "tokens": case(BertForTokenClassification, shared, torch.tensor(TAGS), 3),
        "masked": masked(shared),
        "answers": answers(shared),
    }
    tensors = {f"model.{name}": weight for name, weight in shared.items()}
    tensors |= {name: torch.tensor(rows) for name, rows in INPUT.items()}
    tensors |= {f"{name}.{key}": value.contiguous().clone() for name, found in cases.items() for key, value in found.items()}
    for name, found in cases.items():
        print(name, found["loss"].item(), found["logits"].abs().max().item())
    save_file(tensors, output("tests/fixtures/heads/gradients.safetensors"))
