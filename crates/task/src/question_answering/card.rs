//! The sentences of a model card on question answering.

use embert_metrics::{AnswerMetric, NamedMetric as _};

use crate::card::{CardMetric, TaskCard};

/// Python that answers a question whose context fits one window.
const PYTHON: &str = r#"import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = AutoModelForQuestionAnswering.from_pretrained(".")
question, context = "Your question", "A text with the answer"
inputs = tokenizer(question, context, truncation="only_second", return_offsets_mapping=True, return_tensors="pt")
offsets = inputs.pop("offset_mapping")[0]
is_other = torch.tensor([sequence != 1 for sequence in inputs.sequence_ids()])
with torch.no_grad():
    outputs = model(**inputs)
start = outputs.start_logits[0].masked_fill(is_other, float("-inf")).argmax()
end = start + outputs.end_logits[0].masked_fill(is_other, float("-inf"))[start:].argmax()
print(context[offsets[start][0] : offsets[end][1]])"#;

/// The card's sentences; `is_fitted` where there is a fitted null threshold.
pub(super) fn card(with_null: bool, is_fitted: bool) -> TaskCard {
    // The other metrics are not defined where every question has an answer.
    let of_all = |metric: &AnswerMetric| {
        matches!(metric, AnswerMetric::F1 | AnswerMetric::ExactMatch) || metric.is_loss()
    };
    let shown = AnswerMetric::displayed().filter(|metric| with_null && metric.is_score() || of_all(metric));
    let metrics = shown.map(CardMetric::of);
    let null = match (with_null, is_fitted) {
        (false, _) => "",
        (true, false) => {
            " A question may have no answer: the answer is empty where the score of none is greater than that of the \
             best answer."
        }
        (true, true) => {
            " A question may have no answer: the answer is empty where the score of none, less that of the best answer, \
             is greater than a threshold. The metrics are those of the threshold 0; `thresholds.json` has the one that \
             is best on the validation split."
        }
    };
    TaskCard {
        title: "Question Answering",
        purpose: "A BERT that answers a question with a span of its context.".to_owned(),
        // `transformers` has had no pipeline for this since 5.3.
        pipeline_call: "",
        pipeline_call_of_pairs: "",
        python: PYTHON,
        over_windows: "as the best answer of windows",
        metrics: metrics.collect(),
        about_metrics: format!(
            "Exact match and F1 are those of SQuAD's official scripts, from 0 to 1: answers are compared in lower case, \
             without punctuation and articles, each with its best true answer; F1 counts words. The loss is the mean \
             cross-entropy of an answer's two ends in nats.{null}"
        ),
        about_loss: None,
    }
}
