//! The sections of the evaluated splits, by what the run predicts.

use embert_run::SplitScores;
use maud::{Markup, html};

use super::baselines::beside;
use super::predictions::{Labels, fitted_temperature};
use super::{answers, entities, masked, multi_label, predictions, regression, summaries};
use crate::examples::{Kind, RunExamples, by_split};
use crate::predictions::Predictions;
use crate::{ReportError, Run};

/// The section of each split that has one, with the split's name. `single` are the splits of a run whose
/// examples have one label.
pub(super) fn sections(run: &Run, single: &[Predictions<'_>]) -> Result<Vec<(String, Markup)>, ReportError> {
    let scores = run.scores.as_ref();
    let section = |name: &str, scores: Option<&SplitScores>, part: Markup| {
        let rules = scores.and_then(|scores| beside(scores, run.kind(), &run.metrics));
        (name.to_owned(), html! { @if let Some(rules) = rules { (rules) } (part) })
    };
    // Without examples there are rules at most.
    let of_some = |name: &str, scores: Option<&SplitScores>, part: Option<Markup>| {
        let has_rules = scores.is_some_and(|scores| beside(scores, run.kind(), &run.metrics).is_some());
        (part.is_some() || has_rules).then(|| section(name, scores, part.unwrap_or_default()))
    };
    match run.kind() {
        Kind::SingleLabel | Kind::Unknown => {
            let temperature = single.iter().find(|split| split.split == "validation");
            let labels = Labels {
                positive: run.positive(),
                metrics: run.metrics.clone(),
                names: run.labels(),
                temperature: temperature.and_then(fitted_temperature),
            };
            // A task without labels has nothing in the tables by label.
            let splits = single.iter().filter(|_| !labels.names.is_empty());
            let of = |split: &Predictions<'_>| {
                Ok(section(split.split, Some(&split.scores), predictions::of_split(split, &labels)?))
            };
            splits.map(of).collect()
        }
        Kind::Entities => {
            let examples = match &run.examples {
                Some(RunExamples::Tagged(examples)) => examples.as_slice(),
                _ => &[],
            };
            let splits = by_split(examples, scores);
            let of = |split: &crate::examples::Split<'_, _>| {
                Ok(section(split.name, split.scores, entities::of_split(split, &run.metrics)?))
            };
            splits.iter().map(of).collect()
        }
        Kind::MultiLabel => {
            let examples = match &run.examples {
                Some(RunExamples::MultiLabel(examples)) => examples.as_slice(),
                _ => &[],
            };
            let splits = by_split(examples, scores);
            let names = run.labels();
            let of = |split: &crate::examples::Split<'_, _>| {
                Ok(section(split.name, split.scores, multi_label::of_split(split, &names, &run.metrics)?))
            };
            splits.iter().map(of).collect()
        }
        Kind::Score => {
            let examples = match &run.examples {
                Some(RunExamples::Scored(examples)) => examples.as_slice(),
                _ => &[],
            };
            let mut found = Vec::new();
            for split in &by_split(examples, scores) {
                let part = regression::of_split(split)?;
                found.extend(of_some(split.name, split.scores, part));
            }
            Ok(found)
        }
        Kind::Answers => {
            let examples = match &run.examples {
                Some(RunExamples::Answered(examples)) => examples.as_slice(),
                _ => &[],
            };
            let mut found = Vec::new();
            for split in &by_split(examples, scores) {
                let part = answers::of_split(split)?;
                found.extend(of_some(split.name, split.scores, part));
            }
            Ok(found)
        }
        Kind::Summaries => {
            let examples = match &run.examples {
                Some(RunExamples::Summarized(examples)) => examples.as_slice(),
                _ => &[],
            };
            let mut found = Vec::new();
            for split in &by_split(examples, scores) {
                let part = summaries::of_split(split)?;
                found.extend(of_some(split.name, split.scores, part));
            }
            Ok(found)
        }
        Kind::Masks => {
            let examples = match &run.examples {
                Some(RunExamples::Masked(examples)) => examples.as_slice(),
                _ => &[],
            };
            let splits = by_split(examples, scores);
            let of = |split: &crate::examples::Split<'_, _>| {
                of_some(split.name, split.scores, masked::of_split(split))
            };
            Ok(splits.iter().filter_map(of).collect())
        }
    }
}
