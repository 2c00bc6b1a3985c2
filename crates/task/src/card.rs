//! [`TaskCard`]: the sentences of a model card on its task.

use embert_metrics::NamedMetric;

use crate::named_scores::metric_info;

/// The sentences and names on a task in the model card of a trained checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskCard {
    /// The task's name in headings, as in `Text Classification`.
    pub title: &'static str,
    /// A sentence on what the model does, in Markdown.
    pub purpose: String,
    /// Python that calls the pipeline of `transformers` on a text, after `from transformers import pipeline`;
    /// empty for a task without a pipeline.
    pub pipeline_call: &'static str,
    /// The same for a pair of texts; empty for a task that has no pairs.
    pub pipeline_call_of_pairs: &'static str,
    /// Python that uses the folder without a pipeline, whole; empty for a task with a pipeline.
    pub python: &'static str,
    /// How a prediction comes from the windows of a long text, before "that overlap by 32 tokens".
    pub over_windows: &'static str,
    /// The metrics in the card's tables, in the order of the columns.
    pub metrics: Vec<CardMetric>,
    /// Sentences on the metrics, in Markdown.
    pub about_metrics: String,
    /// A sentence on the loss, in Markdown; `None` where the plain loss of the task needs none.
    pub about_loss: Option<String>,
}

/// [`TaskCard::over_windows`] of a task whose scores are means.
pub(crate) const MEAN_OVER_WINDOWS: &str = "as the mean over windows";

/// A metric in a model card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardMetric {
    /// The metric's name in logs.
    pub name: String,
    /// The heading of its column.
    pub heading: String,
    /// The metric in the hub's index of results; `None` where the index doesn't have the metric.
    pub indexed: Option<IndexedMetric>,
}

impl CardMetric {
    /// The metric by its titles. The hub's index has no metric for a loss.
    pub(crate) fn of<M: NamedMetric>(metric: M) -> Self {
        let indexed = || IndexedMetric {
            r#type: metric.hub_name(),
            name: metric.long_title().to_owned(),
            args: Vec::new(),
        };
        Self {
            name: metric.name().to_owned(),
            heading: metric_info(metric).in_sentence(),
            indexed: (!metric.is_loss()).then(indexed),
        }
    }
}

/// A metric in the hub's index of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedMetric {
    /// The hub's identifier of the metric, as in `matthews_correlation`.
    pub r#type: &'static str,
    /// The metric's name on the hub's page.
    pub name: String,
    /// The arguments of the hub's metric that tell this one from others of the same type: `average`.
    pub args: Vec<(&'static str, &'static str)>,
}
