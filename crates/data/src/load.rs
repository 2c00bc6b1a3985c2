//! [`load_rows`]: the rows of each split, from the files of a card.

use std::iter;
use std::path::{Path, PathBuf};

use crate::card::Card;
use crate::columns::{Columns, Kind};
use crate::error::DataError;
use crate::location::Location;
use crate::read::{Format, ReadOptions, RowReader};
use crate::row::Row;
use crate::shown::shown_names;
use crate::split_kind::SplitKind;

/// How a data set is loaded: its splits, sizes and format.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// The shares of train, validation and test to cut from the training files; `None` for the card's shares.
    pub split_ratios: Option<[f64; 3]>,
    /// The seed of cutting and sampling.
    pub seed: u64,
    /// The largest number of training examples; a longer split is sampled.
    pub train_samples: Option<usize>,
    /// The largest number of validation examples, and of test examples; a longer split is sampled.
    pub eval_samples: Option<usize>,
    /// Whether rows that can't be used, or have no label, are skipped and counted. Otherwise the first such
    /// row is an error.
    pub skip_bad_rows: bool,
    /// Options for reading the files. An option that is set here takes precedence over the card's
    /// [`reading`](crate::Card::reading).
    pub reading: ReadOptions,
}

/// The rows of a data set's files, from [`load_rows`].
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedRows {
    /// The rows of the training, validation and test files.
    pub splits: [SplitRows; 3],
    /// The shares of train, validation and test to cut from the training files; `None` if each split has its
    /// own files.
    pub ratios: Option<[f64; 3]>,
    /// The number of rows of the training, validation and test files that can't be used and were skipped.
    pub skipped: [usize; 3],
    /// Sentences to show the user: decisions that the files left open, and skipped parts of the files.
    pub notes: Vec<String>,
}

/// The rows of one split's files, one file after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitRows {
    /// The split.
    pub split: SplitKind,
    /// The rows that can be used.
    pub rows: Vec<LocatedRow>,
    /// The split's files, in the order in which they were read.
    pub files: Vec<SourceFile>,
    /// A sentence on the first file without the label's column; `None` if each file has the column.
    pub without_label: Option<String>,
}

/// A row with its number and place.
#[derive(Clone, Debug, PartialEq)]
pub struct LocatedRow {
    /// The row's number, from 0, among the rows of all files of all splits, skipped rows included.
    pub id: u64,
    /// The row's file and line.
    pub location: Location,
    /// The row's values.
    pub row: Row,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path of the file.
    pub path: PathBuf,
    /// The names of the classes that numbers in the label's column, or in its lists, stand for, as the file
    /// states them, else the README of the data. `None`: neither does, or the card has them as its
    /// [`labels`](crate::Card::labels).
    pub class_names: Option<Vec<String>>,
    /// The format in which the file was read; `None` for a folder of texts.
    pub format: Option<Format>,
}

impl SplitRows {
    /// The place of a row's word with this number, from 1: in CoNLL columns a line of its own, as a sentence has
    /// a word in each line from its first one; in other formats the row's place.
    pub fn word_location(&self, location: &Location, word: usize) -> Location {
        let is_file = |file: &&SourceFile| *file.path == *location.path;
        let format = self.files.iter().find(is_file).and_then(|file| file.format);
        let lines = if format == Some(Format::Conll) { word.saturating_sub(1) } else { 0 };
        Location { number: location.number + lines as u64, ..location.clone() }
    }
}

impl Default for LoadedRows {
    /// No rows.
    fn default() -> Self {
        let of = |split| SplitRows { split, rows: Vec::new(), files: Vec::new(), without_label: None };
        let splits = [SplitKind::Train, SplitKind::Validation, SplitKind::Test].map(of);
        Self { splits, ratios: None, skipped: [0; 3], notes: Vec::new() }
    }
}

impl LoadedRows {
    /// Whether the training, validation and test files are used. Where splits are cut from the training
    /// files, validation files are not used, and test files only where the share of test is 0.
    pub fn used(&self) -> [bool; 3] {
        [true, self.ratios.is_none(), self.ratios.is_none_or(|ratios| ratios[2] == 0.0)]
    }
}

/// Reads `columns` of the files of a card, relative to `root`. The caller decides what the values of a row
/// mean: `embert-task` makes a task's examples from the rows.
///
/// Validation and test files may lack the column `label`; their rows then don't have the column. A file with
/// a column of nearly the label's name is refused.
///
/// # Errors
/// A file can't be read, has no rows, or lacks a column; or a row can't be used and is not skipped.
pub fn load_rows(
    card: &Card,
    root: &Path,
    options: &LoadOptions,
    columns: &Columns,
    label: Option<&str>,
) -> Result<LoadedRows, DataError> {
    let files = card.split_files();
    let mut reader = Reader {
        root,
        reading: &options.reading,
        columns,
        label,
        card,
        skip: options.skip_bad_rows,
        next_id: 0,
        skipped: [0; 3],
        notes: Vec::new(),
    };
    let splits = [
        reader.split(SplitKind::Train, &files.train)?,
        reader.split(SplitKind::Validation, &files.validation)?,
        reader.split(SplitKind::Test, &files.test)?,
    ];
    let mut ratios = options.split_ratios.or(card.split_ratios.filter(|_| files.validation.is_empty()));
    let Reader { skipped, mut notes, .. } = reader;
    if files.train.is_empty() && ratios.take().is_some() {
        notes.push(format!("{} has no training files, so no splits are cut from them", card.name));
    }
    Ok(LoadedRows { splits, ratios, skipped, notes })
}

/// Reads the splits one after the other.
struct Reader<'a> {
    card: &'a Card,
    root: &'a Path,
    reading: &'a ReadOptions,
    columns: &'a Columns,
    /// The name of the label's column; `None` for a task without labels.
    label: Option<&'a str>,
    /// Whether a row that can't be used is skipped and counted; otherwise the row is an error.
    skip: bool,
    next_id: u64,
    skipped: [usize; 3],
    notes: Vec<String>,
}

impl Reader<'_> {
    /// The rows of a split's files.
    fn split(&mut self, split: SplitKind, files: &[PathBuf]) -> Result<SplitRows, DataError> {
        let mut read = SplitRows { split, rows: Vec::new(), files: Vec::new(), without_label: None };
        for file in files {
            let path = self.root.join(file);
            let mut reader = self.open(&path, &mut read)?;
            let stated = |label| reader.class_names(label).or_else(|| self.card.class_names(label));
            let class_names = self.label.and_then(stated).map(<[String]>::to_vec);
            read.files.push(SourceFile { path: path.clone(), class_names, format: reader.format() });
            let first = read.rows.len();
            let mut is_empty = true;
            while let Some(row) = reader.next_located() {
                is_empty = false;
                let id = self.next_id;
                self.next_id += 1;
                match row {
                    Ok((location, row)) => read.rows.push(LocatedRow { id, location, row }),
                    Err(error) if self.skip && error.is_bad_row() => {
                        tracing::info!("skipped: {error}");
                        self.skipped[split as usize] += 1;
                    }
                    Err(error) => return Err(error),
                }
            }
            if is_empty {
                return Err(DataError::Empty { path });
            }
            // The reader has all of its notes only after the last row.
            self.notes.extend(reader.notes().iter().cloned());
            if let Some(label) = self.label
                && read.rows.get(first).is_some_and(|row| row.row.get(label).is_none())
            {
                let reason = || format!("{} has a text a line, without labels", path.display());
                read.without_label.get_or_insert_with(reason);
            }
        }
        Ok(read)
    }

    /// Opens a file. A validation or test file may lack the label's column, or all columns of labels, unless
    /// another column has nearly the name of one.
    fn open(&self, path: &Path, read: &mut SplitRows) -> Result<RowReader, DataError> {
        let reading = self.card.reading_of(path, self.reading);
        let Some(label) = self.label else { return RowReader::open(path, &reading, self.columns) };
        let of_labels = self.columns.of_kind(Kind::Label).map(String::as_str).filter(|name| *name != label);
        let labels: Vec<&str> = iter::once(label).chain(of_labels).collect();
        let alike = |name: &String| {
            let name = name.trim().to_lowercase();
            labels.iter().any(|label| label.trim().to_lowercase() == name)
        };
        match RowReader::open(path, &reading, self.columns) {
            Err(DataError::MissingColumn { column, found, .. })
                if labels.contains(&column.as_str())
                    && read.split != SplitKind::Train
                    && !found.iter().any(alike) =>
            {
                read.without_label.get_or_insert_with(|| {
                    let (path, found) = (path.display(), shown_names(&found));
                    format!("{path} has no column \"{label}\"; its columns are {found}")
                });
                let without =
                    labels.iter().fold(self.columns.clone(), |columns, label| columns.without(label));
                RowReader::open(path, &reading, &without)
            }
            opened => opened,
        }
    }
}
