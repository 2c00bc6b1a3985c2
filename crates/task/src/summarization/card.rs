//! The sentences of a model card on summaries.

use embert_metrics::{NamedMetric as _, SummaryMetric};

use crate::card::{CardMetric, TaskCard};

/// Python that gives the probability of each sentence of a text that fits one window.
const PYTHON: &str = r#"import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

tokenizer, model, head = AutoTokenizer.from_pretrained("."), AutoModel.from_pretrained("."), load_file("embert_head.safetensors")
sentences = ["A first sentence.", "A second one.", "And a third."]
# [CLS] one [SEP] [CLS] two [SEP], with the token types 0 and 1 in turn.
ids = [tokenizer(sentence)["input_ids"] for sentence in sentences]
types = [[number % 2] * len(tokens) for number, tokens in enumerate(ids)]
starts = torch.tensor([0] + [len(tokens) for tokens in ids[:-1]]).cumsum(0)
with torch.no_grad():
    states = model(torch.tensor([sum(ids, [])]), token_type_ids=torch.tensor([sum(types, [])])).last_hidden_state[0]
logits = states[starts] @ head["classifier.weight"].T + head["classifier.bias"]
print(logits.sigmoid().squeeze(1).tolist())"#;

/// The card's sentences; a summary has `most` sentences.
pub(super) fn card(most: usize) -> TaskCard {
    let sentences = if most == 1 { "sentence".to_owned() } else { format!("{most} sentences") };
    TaskCard {
        title: "Summarization",
        purpose: format!(
            "A BERT that chooses the {sentences} of a text that sum it up (BertSum, Liu 2019): the encoder is a `BertModel`, \
             the head over each sentence's first token is in `embert_head.safetensors`."
        ),
        // The hub's pipeline writes summaries, and chooses none.
        pipeline_call: "",
        pipeline_call_of_pairs: "",
        python: PYTHON,
        over_windows: "each sentence in the one with most context of windows",
        metrics: SummaryMetric::displayed().map(CardMetric::of).collect(),
        about_metrics: "ROUGE-1, ROUGE-2 and ROUGE-L are the F-measures of Google's `rouge_score` without its stemmer, from 0 \
                        to 1, with the best of several true summaries, as the plain mean over the texts. Oracle hits are the \
                        share of chosen sentences that the data set, or the greedy choice of BertSum, has too. The loss is \
                        the mean binary cross-entropy of a sentence in nats."
            .to_owned(),
        about_loss: None,
    }
}
