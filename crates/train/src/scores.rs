//! The scores of an evaluation as events and `scores.json` have them.

use std::path::Path;

use embert_run::{Baseline, Eval, FORMAT, Scores, SplitScores};
use embert_task::Task;

use crate::TrainError;

/// The event of an evaluation.
pub(crate) fn eval<T: Task>(
    task: &T,
    split: &str,
    step: usize,
    epoch: usize,
    examples: usize,
    report: &T::Report,
) -> Eval {
    Eval { split: split.to_owned(), step, epoch, metrics: task.logged(report), examples }
}

/// Writes `scores.json`: the scores of the weights after `step` on each split, with the split's number of
/// examples and the scores of rules without a model. Returns what it wrote.
pub(crate) fn write_scores<'a, T: Task>(
    path: &Path,
    task: &T,
    step: usize,
    splits: impl Iterator<Item = (&'a str, usize, &'a T::Report, Vec<Baseline>)>,
) -> Result<Scores, TrainError>
where
    T::Report: 'a,
{
    let splits = splits.map(|(split, examples, report, baselines)| {
        let (metrics, detail) = task.scores(report);
        SplitScores { split: split.to_owned(), examples, metrics, detail, baselines }
    });
    let scores = Scores { format: FORMAT, step, splits: splits.collect() };
    embert_files::write_json(path, &scores)?;
    Ok(scores)
}
