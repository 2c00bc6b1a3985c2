//! [`FrontMatter`]: the YAML between the lines `---` of a card, with the keys of `huggingface_hub`'s
//! `ModelCardData`.

use serde::Serialize;

use super::card::ModelCard;
use super::markdown::rounded;
use super::provenance::Licence;
use crate::Eval;

/// The front matter, in the order in which it is written.
#[derive(Debug, Serialize)]
pub(super) struct FrontMatter<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    base_model: Option<&'a str>,
    library_name: &'a str,
    pipeline_tag: &'a str,
    #[serde(flatten)]
    licence: &'a Licence,
    tags: [&'a str; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    datasets: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<&'a str>,
    #[serde(rename = "model-index", skip_serializing_if = "Option::is_none")]
    model_index: Option<[ModelIndex<'a>; 1]>,
}

#[derive(Debug, Serialize)]
struct ModelIndex<'a> {
    name: String,
    results: Vec<IndexedResult<'a>>,
}

#[derive(Debug, Serialize)]
struct IndexedResult<'a> {
    task: IndexedTask,
    dataset: IndexedDataset<'a>,
    metrics: Vec<IndexedMetric>,
}

#[derive(Debug, Serialize)]
struct IndexedTask {
    r#type: &'static str,
    name: &'static str,
}

#[derive(Debug, Serialize)]
struct IndexedDataset<'a> {
    /// The data set's id on the hub, or its name.
    r#type: &'a str,
    name: &'a str,
    split: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<CutFrom>,
}

/// How a split was cut that is not the data set's own.
#[derive(Debug, Serialize)]
struct CutFrom {
    from: &'static str,
    split_ratios: [f64; 3],
    seed: u64,
}

#[derive(Debug, Serialize)]
struct IndexedMetric {
    r#type: &'static str,
    value: f64,
    name: String,
}

impl<'a> FrontMatter<'a> {
    pub(super) fn new(card: &'a ModelCard<'a>) -> Self {
        let results: Vec<_> = card.evaluations.iter().map(|eval| indexed(card, eval)).collect();
        let metrics = results.first().map(|first| first.metrics.iter().map(|metric| metric.r#type).collect());
        let name = format!("{}-{}", card.base_name(), card.dataset.name);
        Self {
            // Random weights have only their shape from the base model.
            base_model: card.base.filter(|_| !card.config.from_scratch).map(|base| base.id.as_str()),
            library_name: "transformers",
            pipeline_tag: card.task,
            licence: &card.licence,
            tags: ["bert", "embert"],
            datasets: card.dataset.repository.as_ref().map(|repository| [repository.id.as_str()]),
            metrics: metrics.unwrap_or_default(),
            model_index: (!results.is_empty()).then_some([ModelIndex { name, results }]),
        }
    }
}

/// An evaluation as the hub indexes it.
fn indexed<'a>(card: &'a ModelCard<'a>, eval: &'a Eval) -> IndexedResult<'a> {
    let repository = card.dataset.repository.as_ref();
    let metrics = card.about.metrics.iter().filter_map(|metric| {
        let embert_task::IndexedMetric { r#type, name } = metric.indexed.clone()?;
        Some(IndexedMetric { r#type, value: rounded(eval.metrics.get(&metric.name)?), name })
    });
    IndexedResult {
        task: IndexedTask { r#type: card.task, name: card.about.title },
        dataset: IndexedDataset {
            r#type: repository.map_or(&card.dataset.name, |repository| &repository.id),
            name: &card.dataset.name,
            split: &eval.split,
            revision: repository.and_then(|repository| repository.revision.as_deref()),
            args: card.cut(&eval.split).map(|split_ratios| CutFrom {
                from: "train",
                split_ratios,
                seed: card.config.split_seed(),
            }),
        },
        metrics: metrics.collect(),
    }
}
