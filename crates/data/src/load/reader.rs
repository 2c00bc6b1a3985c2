//! [`Reader`]: the rows of each split's files, and with the labels' meaning its examples.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{LoadOptions, SplitKind, Unlabelled};
use crate::card::Card;
use crate::error::{DataError, Location, RowProblem};
use crate::label::column::{Column, Labels};
use crate::read::{ReadOptions, RowReader};
use crate::row::{Columns, Example, Row};
use crate::shown::shown_names;

/// Reads the splits one after the other.
pub(super) struct Reader<'a> {
    card: &'a Card,
    root: &'a Path,
    reading: ReadOptions,
    skip: bool,
    /// Rows passed over, of the files of train, validation and test.
    pub(super) skipped: [usize; 3],
    next_id: u64,
    pub(super) notes: Vec<String>,
    pub(super) unlabelled: Vec<Unlabelled>,
}

/// The rows of a split, before it is known what their labels mean.
pub(super) struct SplitRows {
    split: SplitKind,
    /// With their numbers among all rows of all splits, those at fault included.
    rows: Vec<(u64, Location, Row)>,
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
            skipped: [0; 3],
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
            while let Some(row) = reader.next_located() {
                is_empty = false;
                let id = self.next_id;
                self.next_id += 1;
                match row {
                    Ok((location, row)) => read.rows.push((id, location, row)),
                    Err(error) if self.skip && error.is_bad_row() => self.skip(split, &error),
                    Err(error) => return Err(error),
                }
            }
            if is_empty {
                return Err(DataError::Empty { path });
            }
            // Some of what there is to say is known only after the last row.
            self.notes.extend(reader.notes().iter().cloned());
            if read.rows.get(first).is_some_and(|(_, _, row)| row.label.is_none()) {
                let reason = || format!("{} has a text a line, without labels", path.display());
                read.without.get_or_insert_with(reason);
            }
        }
        Ok(read)
    }

    /// Opens a file. Outside the training split it may lack the label's column, unless one has nearly that name.
    fn open(&self, path: &Path, read: &mut SplitRows) -> Result<RowReader, DataError> {
        let columns = Columns::from(&self.card.columns);
        let label = &self.card.columns.label;
        let alike = |name: &String| name.trim().to_lowercase() == label.trim().to_lowercase();
        match RowReader::open(path, &self.reading, &columns) {
            Err(DataError::MissingColumn { column, found, .. })
                if column == *label && read.split != SplitKind::Train && !found.iter().any(alike) =>
            {
                read.without.get_or_insert_with(|| {
                    let (path, found) = (path.display(), shown_names(&found));
                    format!("{path} has no column \"{label}\"; its columns are {found}")
                });
                RowReader::open(path, &self.reading, &Columns { label: None, ..columns })
            }
            opened => opened,
        }
    }

    fn skip(&mut self, split: SplitKind, error: &DataError) {
        tracing::info!("skipped: {error}");
        self.skipped[split as usize] += 1;
    }

    /// The rows as examples with the rows' numbers. Of a split without a single label there are none.
    pub(super) fn examples(&mut self, rows: SplitRows, labels: &Labels) -> Result<Vec<Example>, DataError> {
        if rows.rows.is_empty() {
            return Ok(Vec::new());
        }
        if rows.split != SplitKind::Train
            && let Some(unlabelled) = rows.unlabelled(labels)
        {
            self.notes.push(format!("{unlabelled}: it can be predicted, and is left out here"));
            self.unlabelled.push(unlabelled);
            return Ok(Vec::new());
        }
        rows.check(labels, self.skip)?;
        let mut examples = Vec::with_capacity(rows.rows.len());
        let mut without = 0;
        let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
        for (id, location, row) in rows.rows {
            match labels.index(row.label.as_ref()) {
                Ok(Some(label)) => {
                    let Row { text, text_pair, .. } = row;
                    examples.push(Example { id, text, text_pair, label: Some(label) });
                }
                Ok(None) => {
                    tracing::info!("skipped: {location}: there is no label");
                    self.skipped[rows.split as usize] += 1;
                    without += 1;
                }
                Err(problem) if self.skip => {
                    if let RowProblem::UnknownLabel { found, .. } = &problem {
                        *unknown.entry(found.clone()).or_default() += 1;
                    }
                    self.skip(rows.split, &DataError::Row { location, problem });
                }
                Err(problem) => return Err(DataError::Row { location, problem }),
            }
        }
        if without > 0 {
            self.notes
                .push(format!("{without} row(s) of the {} split have no label and are left out", rows.split));
        }
        if !unknown.is_empty() {
            let counts = unknown.iter().map(|(label, rows)| format!("{label} ({rows} rows)"));
            let counts: Vec<String> = counts.collect();
            self.notes.push(format!(
                "rows of the {} split are left out whose label is none of the known ones: {}",
                rows.split,
                shown_names(&counts)
            ));
        }
        Ok(examples)
    }
}

impl SplitRows {
    /// Adds the labels to those that the column's meaning is decided by.
    pub(super) fn count(&self, column: &mut Column) {
        for (path, class_names) in &self.files {
            column.add_file(path, class_names.as_deref());
        }
        for (_, location, row) in &self.rows {
            column.add(row.label.as_ref(), location, self.split == SplitKind::Train);
        }
    }

    /// What to say of the split if none of its rows has a label.
    fn unlabelled(&self, labels: &Labels) -> Option<Unlabelled> {
        let (_, first, row) = self.rows.first()?;
        if self.rows.iter().any(|(_, _, row)| !matches!(labels.index(row.label.as_ref()), Ok(None))) {
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
            self.rows.iter().filter(|(_, _, row)| matches!(labels.index(row.label.as_ref()), Ok(None)));
        match without.next() {
            Some((_, location, row)) if !skip => Err(DataError::SomeUnlabelled {
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
