//! The sentences of a model card on several labels a text.

use embert_metrics::{MultiLabelMetric, NamedMetric as _};

use crate::binary_cross_entropy::BinaryCrossEntropy;
use crate::card::{CardMetric, MEAN_OVER_WINDOWS, TaskCard};

/// Python that classifies a pair of texts.
const PAIRS: &str = "classify = pipeline(\"text-classification\", model=\".\", top_k=None)\n\
                     print(classify({\"text\": \"Your text\", \"text_pair\": \"Another text\"}, truncation=True))";

/// The card's sentences on a task with so many labels and this loss; `is_fitted` where the labels have fitted
/// thresholds.
pub(super) fn card(labels: usize, is_fitted: bool, loss: &BinaryCrossEntropy) -> TaskCard {
    let metrics = MultiLabelMetric::LOGGED.iter().map(|&metric| {
        let mut card = CardMetric::of(metric);
        if metric == MultiLabelMetric::Jaccard {
            // The hub has no metric for the Jaccard index.
            card.indexed = None;
        }
        if let Some(indexed) = &mut card.indexed {
            indexed.args.extend(metric.average().map(|average| ("average", average)));
        }
        card
    });
    let fitted = if is_fitted {
        " The file `thresholds.json` has a threshold for each label, fitted on the validation split: with it, a label is \
         found where its probability is at least the threshold."
    } else {
        ""
    };
    TaskCard {
        title: "Text Classification",
        purpose: format!("A BERT that gives a text any number of {labels} labels."),
        pipeline_call: "classify = pipeline(\"text-classification\", model=\".\", top_k=None)\n\
                        print(classify(\"Your text\", truncation=True))",
        pipeline_call_of_pairs: PAIRS,
        python: "",
        over_windows: MEAN_OVER_WINDOWS,
        metrics: metrics.collect(),
        about_metrics: format!(
            "The metrics are those of labels with a probability of at least 0.5; the loss is the mean binary \
             cross-entropy of all labels in nats, without weights.{fitted}"
        ),
        about_loss: loss.about(),
    }
}
