//! [`Examples`]: makes a task's examples from the rows of a split.

use std::collections::BTreeMap;
use std::path::PathBuf;

use embert_data::{Card, LocatedRow, Location, SplitKind, SplitRows, shown_names};

use crate::{ExampleProblem, Task, TaskError, Unlabelled};

/// Makes examples from rows, with the labels that were decided for the whole data set.
pub(super) struct Examples<'a, T: Task> {
    pub(super) card: &'a Card,
    pub(super) labels: &'a T::Labels,
    /// Whether a row that can't be used is skipped and counted; otherwise the row is an error.
    pub(super) skip: bool,
    /// The number of skipped rows of each split.
    pub(super) skipped: [usize; 3],
    pub(super) notes: Vec<String>,
    pub(super) unlabelled: Vec<Unlabelled>,
}

/// The rows of a split, each an example or the reason why the row can't be one.
pub(super) struct ConvertedSplit<T: Task> {
    split: SplitKind,
    rows: Vec<(Location, Result<T::Example, ExampleProblem>)>,
    /// The split's first file.
    path: PathBuf,
    /// The sentence on the first file without the label's column, if any.
    without_label: Option<String>,
}

impl<T: Task> Examples<'_, T> {
    /// Turns each row of a split into an example, or into the reason why the row can't be one.
    pub(super) fn convert(&self, mut split: SplitRows) -> ConvertedSplit<T> {
        let rows = std::mem::take(&mut split.rows);
        let of = |LocatedRow { id, location, row }| {
            let example = T::example(self.labels, self.card, id, row);
            // A problem of one word is where the word is.
            match example.as_ref().err().and_then(ExampleProblem::word) {
                Some(word) => (split.word_location(&location, word), example),
                None => (location, example),
            }
        };
        let rows = rows.into_iter().map(of).collect();
        let SplitRows { split, files, without_label, .. } = split;
        let path = files.into_iter().next().map_or_else(PathBuf::new, |file| file.path);
        ConvertedSplit { split, rows, path, without_label }
    }

    /// The examples of a split. A validation or test split without a single label has no examples.
    pub(super) fn of(&mut self, split: ConvertedSplit<T>) -> Result<Vec<T::Example>, TaskError> {
        if split.rows.is_empty() {
            return Ok(Vec::new());
        }
        if split.split != SplitKind::Train
            && let Some(unlabelled) = split.unlabelled()
        {
            self.notes.push(format!("{unlabelled}: it can be predicted, and is left out here"));
            self.unlabelled.push(unlabelled);
            return Ok(Vec::new());
        }
        self.check(&split)?;
        let mut examples = Vec::with_capacity(split.rows.len());
        let (mut without, mut empty) = (0, 0);
        let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
        for (location, row) in split.rows {
            let problem = match row {
                Ok(example) => {
                    examples.push(example);
                    continue;
                }
                Err(problem) => problem,
            };
            match &problem {
                ExampleProblem::NoLabel { .. } => without += 1,
                ExampleProblem::NoText => {
                    empty += 1;
                    continue;
                }
                _ if !self.skip => return Err(TaskError::Row { location, problem }),
                ExampleProblem::UnknownLabel { found, .. } => *unknown.entry(found.clone()).or_default() += 1,
                _ => {}
            }
            tracing::info!("skipped: {}", TaskError::Row { location, problem });
            self.skipped[split.split as usize] += 1;
        }
        if without > 0 {
            self.notes.push(format!(
                "{without} row(s) of the {} split have no label and are left out",
                split.split
            ));
        }
        if empty > 0 {
            self.notes.push(format!(
                "{empty} row(s) of the {} split have no text, only white space, and are left out",
                split.split
            ));
        }
        if !unknown.is_empty() {
            let counts = unknown.iter().map(|(label, rows)| format!("{label} ({rows} rows)"));
            let counts: Vec<String> = counts.collect();
            self.notes.push(format!(
                "rows of the {} split are left out whose label is none of the known ones: {}",
                split.split,
                shown_names(&counts)
            ));
        }
        Ok(examples)
    }

    /// Refuses a split without a single label and, unless rows are skipped, a split in which some rows have
    /// no label.
    pub(super) fn check(&self, split: &ConvertedSplit<T>) -> Result<(), TaskError> {
        if let Some(unlabelled) = split.unlabelled() {
            let hint = format!(
                "there is nothing to learn from; name the label's column in a card ([columns] {} = \"...\"), or label the rows",
                T::LABEL_KEY
            );
            return Err(TaskError::AllUnlabelled { unlabelled, hint });
        }
        let mut without = split.rows.iter().filter_map(|(location, row)| match row {
            Err(ExampleProblem::NoLabel { minus_one }) => Some((location, *minus_one)),
            _ => None,
        });
        match without.next() {
            Some((first, minus_one)) if !self.skip => Err(TaskError::SomeUnlabelled {
                split: split.split,
                rows: 1 + without.count(),
                all: split.rows.len(),
                first: first.clone(),
                minus_one,
                none: T::none_of_labels(self.card),
            }),
            _ => Ok(()),
        }
    }
}

impl<T: Task> ConvertedSplit<T> {
    /// Why the split has no labels; `None` if the split is empty, or if a row has a label or another problem.
    fn unlabelled(&self) -> Option<Unlabelled> {
        let (location, Err(ExampleProblem::NoLabel { minus_one })) = self.rows.first()? else { return None };
        if self.rows.iter().any(|(_, row)| !matches!(row, Err(ExampleProblem::NoLabel { .. }))) {
            return None;
        }
        let reason = self.without_label.clone().unwrap_or_else(|| {
            if *minus_one {
                format!("the label is -1, which is none among class numbers, from {location} on")
            } else {
                format!("the label is empty, null or not there from {location} on")
            }
        });
        Some(Unlabelled { split: self.split, rows: self.rows.len(), path: self.path.clone(), reason })
    }
}
