//! [`FrontMatter`]: the YAML between the lines `---` of a card, with the keys of `huggingface_hub`'s
//! `ModelCardData`.

use std::collections::BTreeMap;

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
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    args: BTreeMap<&'static str, &'static str>,
}

impl<'a> FrontMatter<'a> {
    pub(super) fn new(card: &'a ModelCard<'a>) -> Self {
        let results: Vec<_> = card.evaluations.iter().map(|eval| indexed(card, eval)).collect();
        let mut metrics: Vec<&str> = Vec::new();
        for metric in results.first().into_iter().flat_map(|first| &first.metrics) {
            if !metrics.contains(&metric.r#type) {
                metrics.push(metric.r#type);
            }
        }
        let name = format!("{}-{}", card.base_name(), card.dataset.name);
        Self {
            // Random weights have only their shape from the base model.
            base_model: card.base.filter(|_| !card.config.from_scratch).map(|base| base.id.as_str()),
            library_name: "transformers",
            pipeline_tag: card.task,
            licence: &card.licence,
            tags: ["bert", "embert"],
            datasets: card.dataset.repository.as_ref().map(|repository| [repository.id.as_str()]),
            metrics,
            model_index: (!results.is_empty()).then_some([ModelIndex { name, results }]),
        }
    }
}

/// An evaluation as the hub indexes it.
fn indexed<'a>(card: &'a ModelCard<'a>, eval: &'a Eval) -> IndexedResult<'a> {
    let repository = card.dataset.repository.as_ref();
    let metrics = card.about.metrics.iter().filter_map(|metric| {
        let embert_task::IndexedMetric { r#type, name, args } = metric.indexed.clone()?;
        let value = rounded(eval.metrics.get(&metric.name)?);
        Some(IndexedMetric { r#type, value, name, args: args.into_iter().collect() })
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

#[cfg(test)]
mod tests {
    use embert_task::{MultiLabelClassification, Task as _, TaskCard, TokenClassification};
    use serde_json::{Value, json};

    use super::super::tests::{card, parts};
    use super::super::{ModelCard, escaped};
    use crate::{Eval, TrainConfig};

    /// The front matter of a run of this task, in which each metric is 0.5.
    fn front_matter(about: TaskCard) -> Value {
        let metrics = about.metrics.iter().map(|metric| (metric.name.as_str(), 0.5)).collect();
        let eval = Eval { split: "test".to_owned(), step: 1, epoch: 1, metrics, examples: 9 };
        let config = TrainConfig::default();
        parts(&ModelCard { about, evaluations: vec![eval], ..card(&config, None) }).0
    }

    /// The hub has one F1, whose average is an argument, and each type stands once in `metrics`.
    #[test]
    fn metrics_have_the_types_that_the_hub_has() {
        let of = |front: &Value| front["model-index"][0]["results"][0]["metrics"].clone();
        let several = MultiLabelClassification::new(["a", "b"].map(str::to_owned).into());
        let front = front_matter(several.card(&escaped));
        assert_eq!(front["metrics"], json!(["f1", "accuracy", "roc_auc"]));
        assert_eq!(
            of(&front),
            json!([
                {"type": "f1", "value": 0.5, "name": "Micro F1", "args": {"average": "micro"}},
                {"type": "f1", "value": 0.5, "name": "Macro F1", "args": {"average": "macro"}},
                {"type": "f1", "value": 0.5, "name": "Samples F1", "args": {"average": "samples"}},
                {"type": "accuracy", "value": 0.5, "name": "Subset accuracy"},
                {"type": "roc_auc", "value": 0.5, "name": "ROC AUC (macro)", "args": {"average": "macro"}},
            ])
        );
        let tags = TokenClassification::new(["O", "B-PER"].map(str::to_owned).into());
        let front = front_matter(tags.card(&escaped));
        assert_eq!(front["metrics"], json!(["f1", "precision", "recall", "accuracy"]));
        let strict =
            json!({"type": "f1", "value": 0.5, "name": "Strict F1 of entities", "args": {"mode": "strict"}});
        assert_eq!(of(&front)[4], strict);
    }
}
