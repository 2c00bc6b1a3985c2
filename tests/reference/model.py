"""Two tiny random BERT checkpoints and what transformers computes with them.

    python tests/reference/model.py [FOLDER]     (default: tests/fixtures)

model/         BertForSequenceClassification as save_pretrained writes it: GELU, pooler, three labels, f32.
model-legacy/  an encoder as old conversions have it: no "bert." prefix, gamma and beta, a position_ids buffer, f16, tanh
               GELU, no pooler, a width that is no multiple of 8.

expected.safetensors in each has the inputs (token types, padding, a row with one real token) and the outputs.
"""

import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification, BertModel

PINNED = {"torch": "2.11", "transformers": "5.23"}
for name, version in PINNED.items():
    found = sys.modules[name].__version__
    assert found.startswith(version), f"these numbers are {name} {version}'s, this is {found}"

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures")


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Weights large enough that a wrong one shows, and normalizations that are not 1 and 0."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        is_scale = name.endswith("LayerNorm.weight")
        parameter.data = 1 + 0.2 * noise if is_scale else 0.2 * noise


def inputs(vocab: int) -> dict[str, torch.Tensor]:
    """Four rows of ten: full with two segments, seven tokens, ten with padding in the middle, one token."""
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(1, vocab, (4, 10), generator=generator)
    types = torch.zeros_like(ids)
    types[0, 5:] = 1
    types[1, 3:7] = 1
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    mask[2, 4:6] = 0
    mask[3, 1:] = 0
    return {"input_ids": ids * mask, "token_type_ids": types, "attention_mask": mask}


def write(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, folder / "expected.safetensors")


@torch.no_grad()
def classification() -> None:
    config = BertConfig(
        vocab_size=100,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=16,
        id2label={0: "negative", 1: "neutral", 2: "positive"},
        label2id={"negative": 0, "neutral": 1, "positive": 2},
        attn_implementation="eager",
    )
    model = BertForSequenceClassification(config).eval()
    randomize(model, 1)
    folder = FOLDER / "model"
    model.save_pretrained(folder)
    given = inputs(config.vocab_size)
    encoded = model.bert(**given, output_hidden_states=True)
    write(
        folder,
        given
        | {"logits": model(**given).logits, "pooled": encoded.pooler_output}
        | {f"hidden_states.{index}": state for index, state in enumerate(encoded.hidden_states)},
    )


@torch.no_grad()
def legacy() -> None:
    config = BertConfig(
        vocab_size=50,
        hidden_size=20,
        num_hidden_layers=1,
        num_attention_heads=5,
        intermediate_size=28,
        max_position_embeddings=12,
        hidden_act="gelu_new",
        layer_norm_eps=1e-5,
        attn_implementation="eager",
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    randomize(model, 2)
    model.half().float()
    folder = FOLDER / "model-legacy"
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    tensors = {"embeddings.position_ids": torch.arange(config.max_position_embeddings)[None]}
    for name, tensor in model.state_dict().items():
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        tensors[name] = tensor.half() if tensor.is_floating_point() else tensor
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    given = inputs(config.vocab_size)
    states = model(**given, output_hidden_states=True).hidden_states
    write(folder, given | {f"hidden_states.{index}": state for index, state in enumerate(states)})


classification()
legacy()
