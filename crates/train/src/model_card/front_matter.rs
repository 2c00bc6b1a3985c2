//! What stands between the lines `---` of a card: the keys of `huggingface_hub`'s `ModelCardData`.

use embert_metrics::Metric;
use serde::Serialize;

use super::ModelCard;
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
    /// The hub's id where there is one.
    r#type: &'a str,
    name: &'a str,
    split: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<CutFrom>,
}

/// Says that a split is not the data set's own.
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

impl ModelCard<'_> {
    pub(super) fn front_matter(&self) -> FrontMatter<'_> {
        let results: Vec<_> = self.evaluations.iter().map(|eval| self.indexed(eval)).collect();
        let metrics = results.first().map(|first| first.metrics.iter().map(|metric| metric.r#type).collect());
        let name = format!("{}-{}", self.base_name(), self.dataset.name);
        FrontMatter {
            // Of random weights only the shape is the base model's.
            base_model: self.base.filter(|_| !self.config.from_scratch).map(|base| base.id.as_str()),
            library_name: "transformers",
            pipeline_tag: "text-classification",
            licence: &self.licence,
            tags: ["bert", "embert"],
            datasets: self.dataset.repository.as_ref().map(|repository| [repository.id.as_str()]),
            metrics: metrics.unwrap_or_default(),
            model_index: (!results.is_empty()).then_some([ModelIndex { name, results }]),
        }
    }

    /// An evaluation as the hub indexes it.
    fn indexed<'a>(&'a self, eval: &'a Eval) -> IndexedResult<'a> {
        let repository = self.dataset.repository.as_ref();
        // The hub's index has no losses.
        let figures = Metric::LOGGED.iter().filter(|metric| **metric != Metric::Loss);
        let metrics = figures.filter_map(|metric| {
            let mut name = metric.long_title().to_owned();
            if metric.is_averaged() {
                name = format!("{name} ({})", self.averaged_over());
            }
            let value = rounded(eval.metrics.get(metric.name())?);
            Some(IndexedMetric { r#type: metric.hub_name(), value, name })
        });
        IndexedResult {
            task: IndexedTask { r#type: "text-classification", name: "Text Classification" },
            dataset: IndexedDataset {
                r#type: repository.map_or(&self.dataset.name, |repository| &repository.id),
                name: &self.dataset.name,
                split: &eval.split,
                revision: repository.and_then(|repository| repository.revision.as_deref()),
                args: self.cut(&eval.split).map(|split_ratios| CutFrom {
                    from: "train",
                    split_ratios,
                    seed: self.config.split_seed(),
                }),
            },
            metrics: metrics.collect(),
        }
    }

    /// The shares in which the splits were cut from the training files, if `split` is one that was.
    pub(super) fn cut(&self, split: &str) -> Option<[f64; 3]> {
        let ratios = self.config.data.split_ratios.or(self.dataset.split_ratios)?;
        (split != "test" || ratios[2] > 0.0).then_some(ratios)
    }
}
