"""Six small random BERT checkpoints that differ in what can go wrong, and what transformers computes with them.

    python tests/reference/model.py [ROOT]

tests/fixtures/NAME has the checkpoint in one of the forms in which checkpoints come, and `expected.safetensors`:

- `input_ids`, `token_type_ids`, `attention_mask`: rows of different lengths, padded on the right, two segments, one row with
  padding in the middle and one with a single real token; the padding token also occurs as a real one;
- `hidden_states.N`, `pooled`, `logits`: what the model makes of them, dropout off;
- `gradient.WEIGHT` for every weight, by the name and shape that it has in transformers: of the cross-entropy of `targets`
  with `class_weights` and the label smoothing in `label_smoothing`, or, for an encoder without a head, of
  sum(last_hidden_state * probe).
"""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, BertModel, PreTrainedModel

from common import output, pin

pin("torch", "transformers")
# More threads would add up in another order.
torch.set_num_threads(1)


@dataclass
class Case:
    name: str
    seed: int
    config: dict
    labels: list[str] = field(default_factory=list)
    # As old conversions have it: no prefix, gamma and beta, a position_ids buffer.
    legacy: bool = False
    pooler: bool = True
    # A head that is not ours, which is left over.
    masked_lm: bool = False
    dtype: torch.dtype = torch.float32
    shard: str | None = None
    lengths: tuple[int, ...] = (10, 7, 10, 1)
    smoothing: float = 0.0
    class_weights: tuple[float, ...] = ()


SMALL = {"vocab_size": 50, "max_position_embeddings": 12}
CASES = [
    # As save_pretrained writes it.
    Case(
        "model",
        seed=1,
        config={
            "vocab_size": 100,
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "intermediate_size": 48,
            "max_position_embeddings": 16,
        },
        labels=["negative", "neutral", "positive"],
    ),
    # An old encoder in half precision, tanh GELU, a width that is no multiple of 8, another epsilon.
    Case(
        "model-legacy",
        seed=2,
        config=SMALL
        | {
            "hidden_size": 20,
            "num_hidden_layers": 1,
            "num_attention_heads": 5,
            "intermediate_size": 28,
            "hidden_act": "gelu_new",
            "layer_norm_eps": 1e-5,
        },
        legacy=True,
        pooler=False,
        dtype=torch.float16,
    ),
    # Several files with an index, one head, class weights.
    Case(
        "model-sharded",
        seed=3,
        config=SMALL
        | {
            "hidden_size": 24,
            "num_hidden_layers": 3,
            "num_attention_heads": 1,
            "intermediate_size": 40,
            "hidden_act": "gelu_pytorch_tanh",
        },
        labels=["no", "yes"],
        shard="16KB",
        class_weights=(0.4, 2.5),
    ),
    # The other half precision, ReLU, heads of three, old names under the prefix, label smoothing.
    Case(
        "model-bf16",
        seed=4,
        config=SMALL
        | {
            "hidden_size": 36,
            "num_hidden_layers": 2,
            "num_attention_heads": 12,
            "intermediate_size": 21,
            "hidden_act": "relu",
        },
        labels=["a", "b", "c", "d"],
        legacy=True,
        dtype=torch.bfloat16,
        smoothing=0.2,
    ),
    # No width is a multiple of a vector's; rows longer than one, five segments, weights and smoothing together.
    Case(
        "model-odd",
        seed=5,
        config={
            "vocab_size": 61,
            "hidden_size": 35,
            "num_hidden_layers": 3,
            "num_attention_heads": 5,
            "intermediate_size": 67,
            "max_position_embeddings": 41,
            "type_vocab_size": 5,
        },
        labels=["one", "two", "three"],
        lengths=(41, 3, 23, 1, 17, 33),
        smoothing=0.1,
        class_weights=(1.5, 0.25, 1.0),
    ),
    # Trained to fill in masked tokens: no pooler, a head of another kind.
    Case(
        "model-masked-lm",
        seed=6,
        config=SMALL
        | {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24},
        pooler=False,
        masked_lm=True,
    ),
]


def build(case: Case) -> PreTrainedModel:
    labels = {"id2label": dict(enumerate(case.labels)), "label2id": {name: id for id, name in enumerate(case.labels)}}
    config = BertConfig(**case.config, **(labels if case.labels else {}), attn_implementation="eager")
    if case.masked_lm:
        model = BertForMaskedLM(config)
    elif case.labels:
        model = BertForSequenceClassification(config)
    else:
        model = BertModel(config, add_pooling_layer=case.pooler)
    randomize(model.eval(), case.seed)
    # What the file can hold.
    return model.to(case.dtype).float()


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Weights large enough that a wrong one shows, and normalizations that are not 1 and 0."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        is_scale = name.endswith("LayerNorm.weight")
        parameter.data = 1 + 0.2 * noise if is_scale else 0.2 * noise


def inputs(case: Case) -> dict[str, torch.Tensor]:
    """Rows of the case's lengths; the first has two segments or more, the third has padding in the middle."""
    generator = torch.Generator().manual_seed(7)
    seq, types = max(case.lengths), case.config.get("type_vocab_size", 2)
    ids = torch.randint(1, case.config["vocab_size"], (len(case.lengths), seq), generator=generator)
    segments = torch.zeros_like(ids)
    mask = torch.zeros_like(ids)
    for row, length in enumerate(case.lengths):
        mask[row, :length] = 1
    segments[0] = torch.arange(seq) * types // seq
    segments[1, 3:7] = 1
    mask[2, 4:6] = 0
    ids = ids * mask
    # A text may spell out the padding token.
    ids[2, 1] = 0
    return {"input_ids": ids, "token_type_ids": segments, "attention_mask": mask}


def write_checkpoint(case: Case, model: PreTrainedModel, folder: Path) -> None:
    model = model.to(case.dtype)
    if not case.legacy:
        model.save_pretrained(folder, **({"max_shard_size": case.shard} if case.shard else {}))
        return
    model.config.save_pretrained(folder)
    prefix = "bert." if case.labels else ""
    tensors = {f"{prefix}embeddings.position_ids": torch.arange(model.config.max_position_embeddings)[None]}
    for name, tensor in model.state_dict().items():
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        tensors[name] = tensor
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def expected(case: Case, model: PreTrainedModel) -> dict[str, torch.Tensor]:
    given = inputs(case)
    encoder = model if isinstance(model, BertModel) else model.bert
    encoded = encoder(**given, output_hidden_states=True)
    result = {f"hidden_states.{index}": state for index, state in enumerate(encoded.hidden_states)}
    if case.labels:
        result |= {"pooled": encoded.pooler_output, "logits": model(**given).logits}
        targets = torch.arange(len(case.lengths)) % len(case.labels)
        weights = torch.tensor(case.class_weights or [1.0] * len(case.labels))
        loss = cross_entropy(result["logits"], targets, weight=weights, label_smoothing=case.smoothing)
        given |= {"targets": targets, "class_weights": weights, "label_smoothing": torch.tensor([case.smoothing])}
    else:
        probe = torch.randn(encoded.last_hidden_state.shape, generator=torch.Generator().manual_seed(8))
        loss = (encoded.last_hidden_state * probe).sum()
        given["probe"] = probe
    loss.backward()
    gradients = {
        f"gradient.{name}": parameter.grad.clone()
        for name, parameter in model.named_parameters()
        # A head that we don't read has none.
        if parameter.grad is not None
    }
    return given | result | {"loss": loss[None]} | gradients


for case in CASES:
    folder = output(f"tests/fixtures/{case.name}/expected.safetensors").parent
    tensors = expected(case, model := build(case))
    write_checkpoint(case, model, folder)
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, folder / "expected.safetensors")
