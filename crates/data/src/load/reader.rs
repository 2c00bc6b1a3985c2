//! [`Reader`]: the rows of each split's files, and with the labels' meaning its examples.

use std::path::{Path, PathBuf};

use super::{LoadOptions, SplitKind, Unlabelled};
use crate::card::Card;
use crate::error::{DataError, Location, RowProblem};
use crate::label::column::{Column, Labels};
use crate::read::{Format, ReadOptions, RowReader};
use crate::row::{Columns, Example, Row, Value};

/// Reads the splits one after the other.
pub(super) struct Reader<'a> {
    card: &'a Card,
    root: &'a Path,
    reading: ReadOptions,
    skip: bool,
    pub(super) skipped: usize,
    next_id: u64,
    pub(super) notes: Vec<String>,
    pub(super) unlabelled: Vec<Unlabelled>,
}

/// The rows of a split, before it is known what their labels mean.
pub(super) struct SplitRows {
    split: SplitKind,
    rows: Vec<(Location, Row)>,
    /// Each file, and the class names that it states.
    files: Vec<(PathBuf, Option<Vec<String>>)>,
    /// Why the first file without labels has none.
    without: Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(card: &'a Card, root: &'a Path, options: &LoadOptions) -> Self {
        Self {
            card,
            root,
            reading: options.reading.or(&card.reading),
            skip: options.skip_bad_rows,
            skipped: 0,
            next_id: 0,
            notes: Vec::new(),
            unlabelled: Vec::new(),
        }
    }

    /// The rows of a split's files, one after the other. A fault that is one row's alone is counted where that was asked
    /// for.
    pub(super) fn rows(&mut self, split: SplitKind, files: &[PathBuf]) -> Result<SplitRows, DataError> {
        let mut read = SplitRows { split, rows: Vec::new(), files: Vec::new(), without: None };
        for file in files {
            let path = self.root.join(file);
            let mut reader = self.open(&path, &mut read)?;
            read.files.push((path.clone(), reader.class_names().map(<[String]>::to_vec)));
            let first = read.rows.len();
            let mut is_empty = true;
            // Rows without the label's key, in formats without a heading; the first stands for all if no row has it.
            let (mut without_key, mut first_without) = (0, None);
            while let Some(row) = reader.next_located() {
                is_empty = false;
                match row {
                    Ok(row) => read.rows.push(row),
                    Err(DataError::Row { location, problem }) if self.is_missing_label(&problem) => {
                        without_key += 1;
                        let row = Row { text: String::new(), text_pair: None, label: Some(Value::Null) };
                        read.rows.push((location.clone(), row));
                        first_without.get_or_insert((location, problem));
                    }
                    Err(error) if self.skip && error.is_bad_row() => self.skip(&error),
                    Err(error) => return Err(error),
                }
            }
            if is_empty {
                return Err(DataError::Empty { path });
            }
            // Some of what there is to say is known only after the last row.
            self.notes.extend(reader.notes().iter().cloned());
            if let Some((location, problem)) = first_without
                && without_key == read.rows.len() - first
            {
                // A column of another name, more likely than a training split without labels.
                if split == SplitKind::Train && !self.skip {
                    return Err(DataError::Row { location, problem });
                }
                read.without.get_or_insert(format!("{location}: {problem}"));
            }
        }
        Ok(read)
    }

    /// Opens a file. Outside the training split it may lack the label's column.
    fn open(&self, path: &Path, read: &mut SplitRows) -> Result<RowReader, DataError> {
        let columns = Columns::from(&self.card.columns);
        let label = &self.card.columns.label;
        match RowReader::open(path, &self.reading, &columns) {
            Err(DataError::MissingColumn { column, found, .. })
                if column == *label && read.split != SplitKind::Train =>
            {
                read.without.get_or_insert_with(|| {
                    format!(
                        "{} has no column \"{label}\"; its columns are {}",
                        path.display(),
                        found.join(", ")
                    )
                });
                RowReader::open(path, &self.reading, &Columns { label: None, ..columns })
            }
            opened => {
                if opened.is_ok() && self.reading.format.or_else(|| Format::of(path)) == Some(Format::Lines) {
                    read.without.get_or_insert_with(|| {
                        format!("{} has a text a line, without labels", path.display())
                    });
                }
                opened
            }
        }
    }

    fn is_missing_label(&self, problem: &RowProblem) -> bool {
        let label = &self.card.columns.label;
        matches!(problem, RowProblem::MissingColumn { column, .. } if column == label)
    }

    fn skip(&mut self, error: &DataError) {
        tracing::info!("skipped: {error}");
        self.skipped += 1;
    }

    /// The rows as examples, numbered on. Of a split without a single label there are none.
    pub(super) fn examples(&mut self, rows: SplitRows, labels: &Labels) -> Result<Vec<Example>, DataError> {
        if rows.rows.is_empty() {
            return Ok(Vec::new());
        }
        if rows.split != SplitKind::Train
            && let Some(unlabelled) = rows.unlabelled(labels)
        {
            self.notes.push(format!("{unlabelled}: it can be predicted, and is left out here"));
            self.unlabelled.push(unlabelled);
            return Ok(self.pass_over(&rows));
        }
        rows.check(labels, self.skip)?;
        let mut examples = Vec::with_capacity(rows.rows.len());
        let mut without = 0;
        for (location, row) in rows.rows {
            match labels.index(row.label.as_ref()) {
                Ok(Some(label)) => {
                    examples.push(Example {
                        id: self.next_id,
                        text: row.text,
                        text_pair: row.text_pair,
                        label: Some(label),
                    });
                    self.next_id += 1;
                }
                Ok(None) => {
                    tracing::info!("skipped: {location}: there is no label");
                    self.skipped += 1;
                    without += 1;
                }
                Err(problem) => {
                    let error = DataError::Row { location, problem };
                    if !self.skip {
                        return Err(error);
                    }
                    self.skip(&error);
                }
            }
        }
        if without > 0 {
            self.notes
                .push(format!("{without} row(s) of the {} split have no label and are left out", rows.split));
        }
        Ok(examples)
    }

    /// Counts rows that no example is made of.
    pub(super) fn pass_over(&mut self, rows: &SplitRows) -> Vec<Example> {
        self.next_id += rows.rows.len() as u64;
        Vec::new()
    }
}

impl SplitRows {
    /// Adds the labels to those that the column's meaning is decided by.
    pub(super) fn count(&self, column: &mut Column) {
        for (path, class_names) in &self.files {
            column.add_file(path, class_names.as_deref());
        }
        for (location, row) in &self.rows {
            column.add(row.label.as_ref(), location, self.split == SplitKind::Train);
        }
    }

    /// What to say of the split if none of its rows has a label.
    fn unlabelled(&self, labels: &Labels) -> Option<Unlabelled> {
        let (first, row) = self.rows.first()?;
        if self.rows.iter().any(|(_, row)| !matches!(labels.index(row.label.as_ref()), Ok(None))) {
            return None;
        }
        let reason = self.without.clone().unwrap_or_else(|| {
            if labels.is_minus_one(row.label.as_ref()) {
                format!("the label is -1, which is none among class numbers, from {first} on")
            } else {
                format!("the label is empty, null or not there from {first} on")
            }
        });
        let path = self.files.first().map_or_else(PathBuf::new, |(path, _)| path.clone());
        Some(Unlabelled { split: self.split, rows: self.rows.len(), path, reason })
    }

    /// Refuses a split none of whose rows has a label, and unless they are skipped, rows without one beside others.
    pub(super) fn check(&self, labels: &Labels, skip: bool) -> Result<(), DataError> {
        if let Some(unlabelled) = self.unlabelled(labels) {
            let hint = "there is nothing to learn from; name the label's column in a card ([columns] label = \"...\"), or \
                        label the rows"
                .to_owned();
            return Err(DataError::AllUnlabelled { unlabelled, hint });
        }
        let mut without =
            self.rows.iter().filter(|(_, row)| matches!(labels.index(row.label.as_ref()), Ok(None)));
        match without.next() {
            Some((location, row)) if !skip => Err(DataError::SomeUnlabelled {
                split: self.split,
                rows: 1 + without.count(),
                all: self.rows.len(),
                first: location.clone(),
                minus_one: labels.is_minus_one(row.label.as_ref()),
            }),
            _ => Ok(()),
        }
    }

    /// What to say where the split is cut from the training files instead.
    pub(super) fn unused_note(&self) -> Option<String> {
        let (path, _) = self.files.first()?;
        Some(format!(
            "the {} split is cut from the training files, as split_ratios say: {} is not used",
            self.split,
            path.display()
        ))
    }
}
