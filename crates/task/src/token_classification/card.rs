//! The sentences of a model card on token classification.

use embert_metrics::{NamedMetric as _, TaggingMetric};

use super::OUTSIDE;
use crate::card::{CardMetric, TaskCard};
use crate::cross_entropy::CrossEntropy;

/// The card's sentences on a task with these tags and this loss; `escape` escapes a name for Markdown.
pub(super) fn card(labels: &[String], loss: &CrossEntropy, escape: &dyn Fn(&str) -> String) -> TaskCard {
    let metrics = TaggingMetric::LOGGED.iter().map(|&metric| {
        let mut card = CardMetric::of(metric);
        if metric == TaggingMetric::F1Strict
            && let Some(indexed) = &mut card.indexed
        {
            // As seqeval calls it.
            indexed.args.push(("mode", "strict"));
        }
        card
    });
    let mut kinds: Vec<&str> = labels
        .iter()
        .filter(|label| *label != OUTSIDE)
        .map(|label| label.split_once('-').map_or(label.as_str(), |(_, kind)| kind))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let kinds: Vec<String> = kinds.into_iter().map(escape).collect();
    TaskCard {
        title: "Token Classification",
        purpose: format!("A BERT that finds entities in a text: {}.", kinds.join(", ")),
        pipeline_call: "find = pipeline(\"token-classification\", model=\".\", aggregation_strategy=\"simple\")\n\
                        print(find(\"Your text\"))",
        pipeline_call_of_pairs: "",
        python: "",
        over_windows: "each word in the one with most context of windows",
        metrics: metrics.collect(),
        about_metrics: "F1, precision and recall count whole entities, as seqeval does: type, first and last word are \
                        right. The strict F1 also counts an entity whose tags break their scheme as none. Accuracy is over \
                        words; the loss is the mean cross-entropy of a word's tag in nats, without class weights or smoothing."
            .to_owned(),
        about_loss: loss.about("the tags' weights"),
    }
}
