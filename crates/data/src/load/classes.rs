//! From rows to the examples of a classification data set.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::rows::{LoadedRows, LocatedRow, SplitRows};
use crate::card::{Card, CardColumns};
use crate::error::DataError;
use crate::example::Example;
use crate::label::column::LabelColumn;
use crate::label::labels::Labels;
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;
use crate::shown::shown_names;
use crate::split_kind::{SplitKind, Unlabelled};

/// Decides what the labels of the files that are used mean.
///
/// # Errors
/// The labels are no classes, or the card and the files contradict each other.
pub(super) fn decide(loaded: &LoadedRows, card: &Card, skip: bool) -> Result<Labels, DataError> {
    let label = &card.columns.label;
    let mut column = LabelColumn::default();
    for (split, used) in loaded.splits.iter().zip(loaded.used()) {
        if used {
            for file in &split.files {
                column.add_file(&file.path, file.class_names.as_deref());
            }
            for LocatedRow { location, row, .. } in &split.rows {
                column.add(row.get(label), location, split.split == SplitKind::Train);
            }
        }
    }
    column.decide(card, skip)
}

/// Makes examples of rows with the labels that were decided for the whole column.
pub(super) struct Examples<'a> {
    pub(super) columns: &'a CardColumns,
    pub(super) labels: &'a Labels,
    /// Whether a row that can't be used is counted instead of being an error.
    pub(super) skip: bool,
    /// Rows that were skipped, by split.
    pub(super) skipped: [usize; 3],
    pub(super) notes: Vec<String>,
    pub(super) unlabelled: Vec<Unlabelled>,
}

impl Examples<'_> {
    /// The rows of a split as examples with the rows' numbers. A split without a single label has no examples.
    pub(super) fn of(&mut self, split: SplitRows) -> Result<Vec<Example>, DataError> {
        if split.rows.is_empty() {
            return Ok(Vec::new());
        }
        if split.split != SplitKind::Train
            && let Some(unlabelled) = self.unlabelled(&split)
        {
            self.notes.push(format!("{unlabelled}: it can be predicted, and is left out here"));
            self.unlabelled.push(unlabelled);
            return Ok(Vec::new());
        }
        self.check(&split)?;
        let mut examples = Vec::with_capacity(split.rows.len());
        let mut without = 0;
        let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
        for LocatedRow { id, location, row } in split.rows {
            match self.labels.index(row.get(&self.columns.label)) {
                Ok(Some(label)) => {
                    let example = self.example(id, row, label);
                    examples.push(example.map_err(|problem| DataError::Row { location, problem })?);
                }
                Ok(None) => {
                    tracing::info!("skipped: {location}: there is no label");
                    self.skipped[split.split as usize] += 1;
                    without += 1;
                }
                Err(problem) if self.skip => {
                    if let RowProblem::UnknownLabel { found, .. } = &problem {
                        *unknown.entry(found.clone()).or_default() += 1;
                    }
                    tracing::info!("skipped: {}", DataError::Row { location, problem });
                    self.skipped[split.split as usize] += 1;
                }
                Err(problem) => return Err(DataError::Row { location, problem }),
            }
        }
        if without > 0 {
            self.notes.push(format!(
                "{without} row(s) of the {} split have no label and are left out",
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

    fn example(&self, id: u64, mut row: Row, label: usize) -> Result<Example, RowProblem> {
        let CardColumns { text, text_pair, .. } = self.columns;
        // A file of lines has no second text.
        let pair = text_pair.as_ref().filter(|pair| row.get(pair).is_some());
        let text_pair = pair.map(|pair| row.text(pair).map(str::to_owned)).transpose()?;
        let text = match row.take(text) {
            Some(Value::Text(text)) => text,
            _ => row.text(text)?.to_owned(),
        };
        Ok(Example { id, text, text_pair, label: Some(label) })
    }

    /// The reason why a split is left out, if none of its rows has a label.
    fn unlabelled(&self, split: &SplitRows) -> Option<Unlabelled> {
        let LocatedRow { location, row: first, .. } = split.rows.first()?;
        let label = |row: &Row| self.labels.index(row.get(&self.columns.label));
        if split.rows.iter().any(|row| !matches!(label(&row.row), Ok(None))) {
            return None;
        }
        let reason = split.without_label.clone().unwrap_or_else(|| {
            if self.labels.is_minus_one(first.get(&self.columns.label)) {
                format!("the label is -1, which is none among class numbers, from {location} on")
            } else {
                format!("the label is empty, null or not there from {location} on")
            }
        });
        let path = split.files.first().map_or_else(PathBuf::new, |file| file.path.clone());
        Some(Unlabelled { split: split.split, rows: split.rows.len(), path, reason })
    }

    /// Refuses a split none of whose rows has a label, and unless they are skipped, rows without a label beside others.
    pub(super) fn check(&self, split: &SplitRows) -> Result<(), DataError> {
        if let Some(unlabelled) = self.unlabelled(split) {
            let hint = "there is nothing to learn from; name the label's column in a card ([columns] label = \"...\"), or \
                        label the rows"
                .to_owned();
            return Err(DataError::AllUnlabelled { unlabelled, hint });
        }
        let label = |row: &Row| self.labels.index(row.get(&self.columns.label));
        let mut without = split.rows.iter().filter(|row| matches!(label(&row.row), Ok(None)));
        match without.next() {
            Some(LocatedRow { location, row, .. }) if !self.skip => Err(DataError::SomeUnlabelled {
                split: split.split,
                rows: 1 + without.count(),
                all: split.rows.len(),
                first: location.clone(),
                minus_one: self.labels.is_minus_one(row.get(&self.columns.label)),
            }),
            _ => Ok(()),
        }
    }
}

/// The note on a split's files that are not used because the split is cut from the training files.
pub(super) fn unused_note(split: &SplitRows) -> Option<String> {
    let file = split.files.first()?;
    Some(format!(
        "the {} split is cut from the training files, as split_ratios say: {} is not used",
        split.split,
        file.path.display()
    ))
}
