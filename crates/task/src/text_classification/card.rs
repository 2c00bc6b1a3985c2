//! The sentences of a model card on text classification.

use embert_metrics::{Average, Metric, NamedMetric as _};

use crate::card::{CardMetric, MEAN_OVER_WINDOWS, TaskCard};
use crate::cross_entropy::CrossEntropy;

/// Python that classifies a pair of texts.
const PAIRS: &str = "classify = pipeline(\"text-classification\", model=\".\")\n\
                     print(classify({\"text\": \"Your text\", \"text_pair\": \"Another text\"}, truncation=True))";

/// The card's sentences on a task with these labels and this loss; `escape` escapes a name for Markdown.
pub(super) fn card(
    labels: &[String],
    average: Average,
    loss: &CrossEntropy,
    escape: &dyn Fn(&str) -> String,
) -> TaskCard {
    let over = match average {
        Average::Binary { positive } => labels.get(positive).map_or("", String::as_str),
        Average::Macro => "macro",
        Average::Micro => "micro",
        Average::Weighted => "weighted",
    };
    let metrics = Metric::LOGGED.iter().map(|&metric| {
        let mut card = CardMetric::of(metric);
        if metric.is_averaged()
            && let Some(indexed) = &mut card.indexed
        {
            indexed.name = format!("{} ({over})", indexed.name);
        }
        card
    });
    let about = match average {
        Average::Binary { .. } => format!("those of the label {}", escape(over)),
        _ => format!("the {over} average over the labels"),
    };
    TaskCard {
        title: "Text Classification",
        purpose: format!("A BERT that gives a text one of {} labels.", labels.len()),
        pipeline_call: "classify = pipeline(\"text-classification\", model=\".\")\n\
                        print(classify(\"Your text\", truncation=True))",
        pipeline_call_of_pairs: PAIRS,
        python: "",
        over_windows: MEAN_OVER_WINDOWS,
        metrics: metrics.collect(),
        about_metrics: format!(
            "Precision, recall and F1 are {about}; the loss is the mean cross-entropy in nats, \
             without class weights or smoothing."
        ),
        about_loss: loss.about("the labels' weights"),
    }
}
