//! What an evaluation says, as named values: in events, in `scores.json` and in `facts.json`.

use std::path::Path;

use embert_metrics::{Metric, Report};
use embert_run::{
    Average, Better, ClassScores, Detail, Eval, FORMAT, MetricInfo, Metrics, Scores, SplitScores,
};

use crate::TrainError;
use crate::run_folder::write_json;

/// What a person is told of a metric.
pub(crate) fn info(metric: Metric) -> MetricInfo {
    MetricInfo {
        name: metric.name().to_owned(),
        title: metric.title().to_owned(),
        better: better(metric),
        headline: metric.is_headline(),
    }
}

/// All metrics in the order in which they are shown.
pub(crate) fn infos() -> Vec<MetricInfo> {
    Metric::displayed().map(info).collect()
}

pub(crate) fn better(metric: Metric) -> Better {
    if metric.is_higher_better() { Better::Higher } else { Better::Lower }
}

/// The defined ones of these metrics.
fn values(report: &Report, metrics: impl IntoIterator<Item = Metric>) -> Metrics {
    metrics.into_iter().filter_map(|metric| Some((metric.name(), metric.value(report)?))).collect()
}

/// What a log says of an evaluation.
pub(crate) fn logged(report: &Report) -> Metrics {
    values(report, Metric::LOGGED.iter().copied())
}

/// The event of an evaluation.
pub(crate) fn eval(split: &str, step: usize, epoch: usize, report: &Report) -> Eval {
    Eval { split: split.to_owned(), step, epoch, metrics: logged(report), examples: report.examples }
}

fn split_scores(split: &str, report: &Report) -> SplitScores {
    let named = |figures: [(Metric, f64); 3]| figures.map(|(metric, value)| (metric.name(), value));
    let class = |class: &embert_metrics::ClassScores| ClassScores {
        metrics: named(class.named()).into_iter().collect(),
        examples: class.support,
    };
    let average = |(name, scores): (&str, embert_metrics::Scores)| Average {
        name: name.to_owned(),
        metrics: named(scores.named()).into_iter().collect(),
    };
    SplitScores {
        split: split.to_owned(),
        examples: report.examples,
        metrics: values(report, Metric::displayed()),
        detail: Detail {
            classes: report.per_class.iter().map(class).collect(),
            averages: report.averages().map(average).into(),
            confusion_matrix: report.confusion_matrix.rows().to_vec(),
        },
    }
}

/// Writes `scores.json`: what the weights after `step` got on each split.
pub(crate) fn write_scores<'a>(
    path: &Path,
    step: usize,
    splits: impl Iterator<Item = (&'a str, &'a Report)>,
) -> Result<(), TrainError> {
    let splits = splits.map(|(split, report)| split_scores(split, report)).collect();
    write_json(path, &Scores { format: FORMAT, step, splits })
}
