//! [`TaskCard`]: what a model card says of the task.

/// What the model card of a trained checkpoint says of the task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskCard {
    /// The task as a heading has it, as in `Text Classification`.
    pub title: &'static str,
    /// A sentence on what the model does, in Markdown.
    pub purpose: String,
    /// Python that calls the pipeline of `transformers` on a text, after `from transformers import pipeline`.
    pub pipeline_call: &'static str,
    /// The metrics in the card's tables, in their order.
    pub metrics: Vec<CardMetric>,
    /// Sentences on the metrics, in Markdown.
    pub about_metrics: String,
    /// A sentence on the loss, in Markdown; `None` where the plain loss of the task needs none.
    pub about_loss: Option<String>,
}

/// A metric in a model card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardMetric {
    /// The metric's name in logs.
    pub name: String,
    /// The heading of its column.
    pub heading: String,
    /// How the hub's index of results has it; `None` where the index has no such metric.
    pub indexed: Option<IndexedMetric>,
}

/// A metric in the hub's index of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedMetric {
    /// The hub's identifier, as in `matthews_correlation`.
    pub r#type: &'static str,
    /// The name that people see.
    pub name: String,
}
