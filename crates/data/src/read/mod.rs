//! Readers, all of which hold one row at a time.

mod csv;
mod folder;
mod json_lines;
mod lines;
mod parquet;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

pub(crate) use folder::UNLABELLED;

use serde::{Deserialize, Serialize};

use crate::error::{Location, RowProblem};
use crate::{Columns, DataError, Row};

/// The longest row, in bytes of its file: more is taken for a quote that isn't closed, or for no text file at all, before it
/// fills the memory.
pub(crate) const MAX_ROW: usize = 64 << 20;

/// A row with its place, or what is wrong with it; or why the file can't be read on.
type Located = Result<(Location, Result<Row, RowProblem>), DataError>;

/// How files are read, where their names and contents leave it open. What is unset is detected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadOptions {
    /// The format, in place of the one that a file's name tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

impl ReadOptions {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// These options, and where they leave something unset, `other`'s.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self { format: self.format.or(other.format) }
    }
}

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a line.
    #[serde(rename = "jsonl")]
    JsonLines,
    /// Comma-separated, with a heading.
    Csv,
    /// Tab-separated, with a heading.
    Tsv,
    /// Apache Parquet.
    Parquet,
    /// One text a line, without labels.
    Lines,
}

impl Format {
    /// The format that a file's name tells.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "parquet" => Some(Self::Parquet),
            "txt" => Some(Self::Lines),
            _ => None,
        }
    }
}

/// The rows of a file, of a stream, or of a folder of texts by label, of which one at a time is in memory. Each item is a
/// row, or why it can't be used; where [`DataError::is_bad_row`] the next one may be fine, else there is none.
pub struct RowReader {
    rows: Box<dyn Iterator<Item = Located>>,
    ended: bool,
    notes: Vec<String>,
    class_names: Option<Vec<String>>,
}

impl RowReader {
    /// Opens a file as `options` says, else as its name and its content tell; a folder has a folder of `.txt` files for each
    /// label.
    ///
    /// # Errors
    /// The file can't be read, its format is unknown, or it lacks a column.
    pub fn open(path: &Path, options: &ReadOptions, columns: &Columns) -> Result<Self, DataError> {
        if path.is_dir() {
            return Ok(Self::new(folder::rows(path)?));
        }
        let format = options.format.or_else(|| Format::of(path));
        let format = format.ok_or_else(|| DataError::UnknownFormat { path: path.to_owned() })?;
        let file = File::open(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        if format == Format::Parquet {
            return Ok(Self::new(parquet::rows(file, path, columns)?));
        }
        Self::text(BufReader::new(file), path, format, columns)
    }

    /// Reads a stream, such as the standard input: lines, unless `options` names another format.
    ///
    /// # Errors
    /// The heading lacks a column, or the format is Parquet, which ends with its table of contents.
    pub fn from_reader(
        reader: impl Read + 'static,
        options: &ReadOptions,
        columns: &Columns,
    ) -> Result<Self, DataError> {
        let format = options.format.unwrap_or(Format::Lines);
        if format == Format::Parquet {
            return Err(DataError::ParquetStream);
        }
        Self::text(BufReader::new(reader), Path::new("-"), format, columns)
    }

    fn text(
        reader: impl BufRead + 'static,
        path: &Path,
        format: Format,
        columns: &Columns,
    ) -> Result<Self, DataError> {
        let reader = without_byte_order_mark(reader)
            .map_err(|source| DataError::Read { path: path.to_owned(), source })?;
        let path = Arc::from(path);
        Ok(match format {
            Format::Csv => Self::new(csv::rows(reader, &path, b',', columns)?),
            Format::Tsv => Self::new(csv::rows(reader, &path, b'\t', columns)?),
            Format::JsonLines => Self::new(json_lines::rows(reader, &path, columns.clone())),
            Format::Lines | Format::Parquet => Self::new(lines::rows(reader, &path)),
        })
    }

    fn new(rows: impl Iterator<Item = Located> + 'static) -> Self {
        Self { rows: Box::new(rows), ended: false, notes: Vec::new(), class_names: None }
    }

    /// What was decided about the file where its name leaves it open: sentences to show the user.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The names of the label column's numbers, where the file states them, as Parquet that `datasets` wrote does.
    pub fn class_names(&self) -> Option<&[String]> {
        self.class_names.as_deref()
    }

    /// The next row and where it is.
    pub fn next_located(&mut self) -> Option<Result<(Location, Row), DataError>> {
        if self.ended {
            return None;
        }
        Some(match self.rows.next()? {
            Ok((location, Ok(row))) => Ok((location, row)),
            Ok((location, Err(problem))) => Err(DataError::Row { location, problem }),
            Err(error) => {
                self.ended = true;
                Err(error)
            }
        })
    }
}

impl Iterator for RowReader {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_located().map(|row| row.map(|(_, row)| row))
    }
}

impl std::fmt::Debug for RowReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowReader").field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// Some editors begin UTF-8 files with one.
fn without_byte_order_mark(mut reader: impl BufRead) -> io::Result<impl BufRead> {
    let mut head = Vec::new();
    reader.by_ref().take(3).read_to_end(&mut head)?;
    if head == b"\xef\xbb\xbf" {
        head.clear();
    }
    Ok(Cursor::new(head).chain(reader))
}

/// The lines of a reader as bytes, without their ends.
fn numbered_lines(
    mut reader: impl BufRead,
    path: Arc<Path>,
) -> impl Iterator<Item = Result<(Location, Vec<u8>), DataError>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        number += 1;
        let location = Location { path: Arc::clone(&path), number, unit: "line" };
        match reader.by_ref().take(MAX_ROW as u64 + 1).read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) if line.len() > MAX_ROW => Some(Err(DataError::TooLong { location })),
            Ok(_) => {
                if line.ends_with(b"\n") {
                    line.pop();
                    if line.ends_with(b"\r") {
                        line.pop();
                    }
                }
                Some(Ok((location, line)))
            }
            Err(source) => Some(Err(DataError::Read { path: path.to_path_buf(), source })),
        }
    })
}

fn line_ends(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').count() as u64 - 1
}
