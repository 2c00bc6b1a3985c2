"""Training runs of PyTorch with transformers for several labels, for a number, for tags and for answers.

    python tests/reference/head_training.py [ROOT]

Each file has 40 steps over 79 rows, or features, in order, without dropout, from tests/fixtures/training/model (of training.py):

tests/fixtures/heads/training-multi-label.json   BCE, the mean over all entries; once with a weight of the positives
tests/fixtures/heads/training-regression.json    MSE, on pairs of texts
tests/fixtures/heads/training-tokens.json        cross-entropy over the labelled tokens of a batch; once with class weights
tests/fixtures/heads/training-questions.json     the mean of the cross-entropies of start and end, on windows of contexts

- `config`: what is changed in the checkpoint's config.json; `outputs`: as many rows of the checkpoint's classifier are kept;
  `head`: the name that the classifier gets, where it is another;
- `rows`: the data as a user has them;
- `batches`: the rows of one epoch as token ids, padded, with their targets; the next epoch has the same batches. A token
  whose target is -100 does not count. Nothing is cut, but contexts have windows: batches are of features, and a question's
  may stand in two of them. Targets and loss are those of end_to_end/question_windows.py: run_qa.py's and BertForQuestionAnswering's
  but for padding and for an answer in a window's last token;
- `runs`: the settings; in each step the loss, the gradient's norm before clipping and the learning rate; afterwards the
  first values of some weights, and the outputs for the first batch.

It is computed in f64, so that the version of PyTorch does not matter (seen with 2.15).
"""

import json
import random
import sys

import torch
import transformers
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertTokenizerFast,
    get_scheduler,
)

from common import REPOSITORY, output, pin

sys.path.append(str(REPOSITORY / "tests/reference/end_to_end"))
from question_windows import Questions  # noqa: E402

pin("transformers")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

CHECKPOINT = REPOSITORY / "tests/fixtures/training/model"
ROWS, BATCH, STEPS, MAX_LENGTH, STRIDE = 79, 8, 40, 24, 6
# Words of the checkpoint's vocabulary that tell, and words that don't.
TELLING = [
    ["awful", "dull", "cold", "broken", "late", "waste"],
    ["plain", "usual", "average", "decent", "usable", "expected"],
    ["lovely", "bright", "warm", "superb", "quick", "joy"],
]
OTHER = "the a this it was is and but with for of to in not very quite film book soup room tune walk shop".split()
NOUNS = "film book soup room tune walk shop seat staff story".split()
SHOWN = ["bert.embeddings.word_embeddings.weight", "bert.encoder.layer.0.attention.self.query.weight"]
HEADS = ("classifier.", "qa_outputs.")
PLAIN = {
    "batch_size": BATCH,
    "max_length": MAX_LENGTH,
    "learning_rate": 5e-3,
    "head_learning_rate": 1e-2,
    "weight_decay": 0.01,
    "decay": "standard",
    "schedule": "linear",
    "warmup_steps": 4,
    "max_grad_norm": 1.0,
    "class_weights": None,
    "label_smoothing": 0.0,
    "pos_weight": None,
}
OTHERWISE = PLAIN | {"decay": "all", "weight_decay": 0.1, "schedule": "cosine", "max_grad_norm": 0.5}


def words(generator: random.Random, kinds: list[int], most: int) -> list[str]:
    """Words that say nothing, and one of each of these kinds; a few have two pieces."""
    chosen = [generator.choice(OTHER) for _ in range(generator.randint(1, most))]
    chosen += [generator.choice(TELLING[kind]) for kind in kinds]
    generator.shuffle(chosen)
    return [word + generator.choice(["ly", "ness"]) if generator.random() < 0.15 else word for word in chosen]


def multi_label(generator: random.Random) -> tuple[dict, list[str], list[float]]:
    kinds = [kind for kind, share in enumerate([0.5, 0.35, 0.25]) if generator.random() < share]
    names = [["bad", "fine", "good"][kind] for kind in kinds]
    row = {"text": " ".join(words(generator, kinds, 4)), "labels": names}
    return row, [row["text"]], [float(kind in kinds) for kind in range(3)]


def regression(generator: random.Random) -> tuple[dict, list[str], float]:
    kinds = generator.choices(range(3), k=generator.randint(1, 4))
    texts = [" ".join(words(generator, part, 5)) for part in (kinds, kinds[:1])]
    score = round(2.5 + 0.6 * sum(kind - 1 for kind in kinds) + generator.uniform(-0.2, 0.2), 2)
    return {"text": texts[0], "text_pair": texts[1], "label": score}, texts, score


def tokens(generator: random.Random) -> tuple[dict, list[str], list[int]]:
    tagged = []
    for _ in range(generator.randint(1, 4)):
        tagged += [(word, "O") for word in words(generator, [], 3)]
        if generator.random() < 0.6:
            tagged.append((generator.choice(TELLING[0]), "B-X"))
            tagged += [(generator.choice(TELLING[2]), "I-X") for _ in range(generator.randint(0, 2))]
    row = {"tokens": [word for word, _ in tagged], "tags": [tag for _, tag in tagged]}
    return row, [row["tokens"]], [["O", "B-X", "I-X"].index(tag) for tag in row["tags"]]


def question(generator: random.Random, number: int) -> dict:
    """How is a thing? The context says it of several; a few questions have no answer, and a few true answers are others' too."""
    things = generator.sample(NOUNS, generator.randint(2, 4))
    asked, context, answers = generator.choice(things), "", []
    for thing in things:
        said = generator.choice(TELLING)
        # A few words have two pieces, and accents that the tokenizer strips.
        how = generator.sample(said, generator.choice([1, 1, 1, 2, 3]))
        how = " ".join(word + generator.choice(["", "", "", "ly", "ness", "\u0301"]) for word in how)
        context += " ".join([*words(generator, [], 2), "the", thing, "was", ""])
        if thing == asked:
            answers.append((how, len(context)))
        context += how + generator.choice([" . ", ", ", "! ", " \u2009and "])
    if generator.random() < 0.1:
        answers = []
    elif generator.random() < 0.2:
        answers.append((context[: context.index(" ")], 0))
    texts, starts = [text for text, _ in answers], [start for _, start in answers]
    asks = generator.choice(["", "", "  ", "\n"]) + generator.choice(["was the {} {} ?", "{} {}", "the {} was not {} ?"])
    asks = asks.format(asked, generator.choice(OTHER))
    return {"id": f"q{number}", "question": asks, "context": context, "answers": {"text": texts, "answer_start": starts}}


def questions(generator: random.Random, tokenizer) -> Questions:
    """Questions of ROWS features. Those that would be more are drawn again, and at first those that are of no odd kind."""
    features = lambda rows: Questions(rows, tokenizer, MAX_LENGTH, STRIDE)
    rows, left, odd = [], ROWS, 2
    while left:
        row = question(generator, len(rows))
        found = features([row])
        # An answer that begins in a window's last token.
        if len(found.rows) <= left and (not odd or found.mended):
            rows.append(row)
            left -= len(found.rows)
            odd = max(0, odd - 1)
    found = features(rows)
    none = sum(feature["target"] == (0, 0) for feature in found.rows)
    print(f"{len(rows)} questions, {found.longer} of several windows; {none} of {ROWS} windows without an answer")
    assert found.longer > 20 and 10 < none < 60 and found.mended >= 2
    return found


def encode(part: list[tuple], tokenizer, by_token: bool) -> dict:
    """A padded batch with its targets. The first piece of a word has its tag."""
    columns = [list(column) for column in zip(*(texts for _, texts, _ in part))]
    batch = tokenizer(*columns, padding=True, is_split_into_words=by_token)
    assert len(batch["input_ids"][0]) <= MAX_LENGTH, "a text is cut"
    targets = [target for *_, target in part]
    if by_token:
        for row, tags in enumerate(targets):
            ids = batch.word_ids(row)
            first = [id is not None and id not in ids[:place] for place, id in enumerate(ids)]
            targets[row] = [tags[id] if is_first else -100 for id, is_first in zip(ids, first)]
    return {name: batch[name] for name in ["input_ids", "token_type_ids", "attention_mask"]} | {"targets": targets}


def model_of(model_class, config: dict, outputs: int, head: str):
    """The checkpoint with another config and the first rows of its classifier as the head, in f64 and without dropout."""
    kept = json.loads((CHECKPOINT / "config.json").read_text())
    kept |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    state = BertForSequenceClassification.from_pretrained(CHECKPOINT).state_dict()
    model = model_class(BertConfig(**(kept | config)))
    for name in ["weight", "bias"]:
        state[f"{head}.{name}"] = state.pop(f"classifier.{name}")[:outputs]
    missing, left = model.load_state_dict(state, strict=False)
    assert not missing and all(name.startswith("bert.pooler.") for name in left), (missing, left)
    return model.double().train()


def loss_of(model, batch: dict, settings: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """The model's own loss, which transformers chooses by `problem_type`, or the same with weights; and the outputs."""
    inputs = {name: torch.tensor(batch[name]) for name in ["input_ids", "token_type_ids", "attention_mask"]}
    targets = torch.tensor(batch["targets"])
    if isinstance(model, BertForQuestionAnswering):
        loss, answer = Questions.loss(model, inputs | {"targets": targets}, padding_counts=False)
        return loss, torch.stack([answer.start_logits, answer.end_logits], dim=-1)
    targets = targets.double() if targets.is_floating_point() else targets
    answer = model(**inputs, labels=targets)
    if settings["pos_weight"]:
        weight = torch.tensor(settings["pos_weight"]).double()
        return binary_cross_entropy_with_logits(answer.logits, targets, pos_weight=weight), answer.logits
    if settings["class_weights"]:
        weight = torch.tensor(settings["class_weights"]).double()
        return cross_entropy(answer.logits.flatten(0, 1), targets.flatten(), weight=weight), answer.logits
    return answer.loss, answer.logits


def check_padding(model, batch: dict) -> None:
    """Without padding the loss is BertForQuestionAnswering's own; with it, it is not."""
    batch = {name: torch.tensor(rows) for name, rows in batch.items()}
    lengths = batch["attention_mask"].sum(dim=1)
    kept = {name: rows[lengths == lengths.max()] for name, rows in batch.items()}
    for part, is_the_same in ((kept, True), (batch, False)):
        losses = [Questions.loss(model, part, padding_counts=counts)[0].item() for counts in (False, True)]
        assert (abs(losses[0] - losses[1]) < 1e-12) == is_the_same, losses


def train(model, batches: list[dict], settings: dict) -> dict:
    decayed = lambda name: settings["decay"] == "all" or not (name.endswith("bias") or "LayerNorm" in name)
    groups = []
    for head in (False, True):
        for decay in (False, True):
            chosen = [p for n, p in model.named_parameters() if n.startswith(HEADS) == head and decayed(n) == decay]
            rate = settings["head_learning_rate" if head else "learning_rate"]
            groups.append({"params": chosen, "lr": rate, "weight_decay": settings["weight_decay"] if decay else 0.0})
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
    schedule = get_scheduler(settings["schedule"], optimizer, settings["warmup_steps"], STEPS)
    steps = []
    for step in range(STEPS):
        loss, _ = loss_of(model, batches[step % len(batches)], settings)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["max_grad_norm"])
        # The base group's, as logged by us.
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step()
        steps.append({"loss": loss.item(), "grad_norm": norm.item(), "learning_rate": rate})
    with torch.no_grad():
        _, logits = loss_of(model, batches[0], settings)
    state = model.state_dict()
    shown = SHOWN + [name for name in state if name.startswith(HEADS) and name.endswith(".weight")]
    weights = {name: state[name].flatten()[:64].tolist() for name in shown}
    return {"settings": settings, "steps": steps, "weights": weights, "outputs": logits.flatten(0, -2).tolist()}


def write(name: str, make, model_class, config: dict, outputs: int, settings: list[dict]) -> None:
    generator = random.Random(name)
    tokenizer = BertTokenizerFast.from_pretrained(CHECKPOINT)
    parts = [range(start, min(start + BATCH, ROWS)) for start in range(0, ROWS, BATCH)]
    head = "classifier"
    if model_class is BertForQuestionAnswering:
        features, head = make(generator, tokenizer), "qa_outputs"
        rows = features.examples
        batches = [{key: value.tolist() for key, value in features.batch(part, "cpu").items()} for part in parts]
        check_padding(model_of(model_class, config, outputs, head), batches[0])
    else:
        examples = [make(generator) for _ in range(ROWS)]
        rows = [row for row, *_ in examples]
        by_token = model_class is BertForTokenClassification
        batches = [encode([examples[index] for index in part], tokenizer, by_token) for part in parts]
    runs = [train(model_of(model_class, config, outputs, head), batches, one) for one in settings]
    for run in runs:
        print(name, f"loss from {run['steps'][0]['loss']:.3f} to {run['steps'][-1]['loss']:.3f}")
    named = {} if head == "classifier" else {"head": head}
    result = {"config": config, "outputs": outputs, **named, "rows": rows, "batches": batches, "runs": runs}
    # A line a row, a batch and a step.
    lists = {"rows", "batches"}
    text = ",\n".join(
        f'"{key}": ' + ("[\n" + ",\n".join(map(json.dumps, value)) + "\n]" if key in lists else json.dumps(value))
        for key, value in result.items()
    )
    output(f"tests/fixtures/heads/training-{name}.json").write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    texts, tags = BertForSequenceClassification, ["O", "B-X", "I-X"]
    several = {"problem_type": "multi_label_classification"}
    write("multi-label", multi_label, texts, several, 3, [PLAIN, OTHERWISE | {"pos_weight": [0.5, 2.0, 6.0]}])
    number = {"problem_type": "regression", "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
    write("regression", regression, texts, number, 1, [PLAIN, OTHERWISE])
    named = {
        "architectures": ["BertForTokenClassification"],
        "id2label": {str(index): tag for index, tag in enumerate(tags)},
        "label2id": {tag: index for index, tag in enumerate(tags)},
    }
    weighted = OTHERWISE | {"class_weights": [0.5, 2.0, 3.0]}
    write("tokens", tokens, BertForTokenClassification, named, 3, [PLAIN, weighted])
    of_two = {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}, "label2id": {"LABEL_0": 0, "LABEL_1": 1}}
    ends = {"architectures": ["BertForQuestionAnswering"], **of_two}
    windows = [one | {"stride": STRIDE} for one in (PLAIN, OTHERWISE)]
    write("questions", questions, BertForQuestionAnswering, ends, 2, windows)
